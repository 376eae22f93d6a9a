"""The month's page, and what is to be looked at again, in a real browser: read, printed, one click."""

import re
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect

from tests.browser.desk import Desk

FIGURES = ("total", "rising", "repeats", "unsettled", "other")


@pytest.fixture
def month(secretary: None, desk: Desk) -> Desk:
    """The secretary's desk with the month on it."""
    open_month(desk)
    return desk


def open_month(desk: Desk, **params: str) -> None:
    desk.page.goto(f"{desk.server}/month?{urlencode({'community': 'D'} | params)}")
    expect(desk.page.locator(".month table").first).to_be_visible()


@pytest.mark.parametrize(("language", "word"), [("zh", "明显上升"), ("en", "What rose")])
def test_the_month_is_read_on_a_desk_without_scrolling_sideways(
    month: Desk, language: str, word: str, tmp_path: Path
) -> None:
    open_month(month, lang=language)
    assert month.page.evaluate("document.documentElement.scrollWidth") <= 1366
    for key in FIGURES:
        expect(month.page.locator(f".st-key-month_{key} strong")).to_be_visible()
    rises = month.page.locator(".st-key-month_list_rises").bounding_box()
    assert rises is not None
    assert rises["y"] + rises["height"] < 768, "what rose is seen without scrolling"
    expect(month.page.locator(".stMain")).to_contain_text(word)
    month.page.screenshot(path=tmp_path / f"month-{language}.png")


def test_the_tables_change_and_keep_within_the_page(month: Desk) -> None:
    for table, word in (("按网格", "网格"), ("按小区", "小区")):
        month.page.get_by_text(table, exact=True).click()
        expect(month.page.locator(".month thead th").first).to_have_text(word)
        assert month.page.evaluate("document.documentElement.scrollWidth") <= 1366


def test_a_place_that_reports_again_leads_to_its_cases(month: Desk) -> None:
    month.page.locator(".st-key-month_list_repeats a").first.click()
    expect(month.page).to_have_url(re.compile(r"/incidents\?.*(place|case)="))
    expect(month.page.locator('[data-testid="stException"]')).to_have_count(0)


def test_another_month_stands_in_the_address(month: Desk) -> None:
    month.page.locator(".st-key-month_choice").click()
    month.page.locator('[role="option"]').last.click()
    expect(month.page).to_have_url(re.compile(r"month=20\d\d-\d\d"))
    expect(month.page.locator(".month table").first).to_be_visible()


def test_the_file_is_offered_and_comes(month: Desk) -> None:
    with month.page.expect_download() as download:
        month.page.locator(".st-key-month_xlsx button").click()
    assert download.value.suggested_filename.startswith("month-D-")


def test_the_sheet_is_a_few_pages_and_bears_name_and_time(month: Desk, tmp_path: Path) -> None:
    with month.page.expect_popup() as popup:
        month.page.locator('.st-key-month_head a[href*="/print/month"]').click()
    sheet = popup.value
    shown = sheet.locator("body").inner_text()
    assert re.search(r"20\d\d-\d\d-\d\d \d\d:\d\d", shown)
    assert "民情研判" in shown
    printed = sheet.pdf(prefer_css_page_size=True, path=tmp_path / "month.pdf")
    (pages,) = re.findall(rb"/Type /Pages\b.*?/Count (\d+)", printed, re.DOTALL)
    assert int(pages) <= 4
    sheet.close()


def test_a_look_is_one_click_and_goes_from_the_list(secretary: None, desk: Desk) -> None:
    desk.page.goto(f"{desk.server}/morning?community=D")
    opener = desk.page.locator(".st-key-rechecks button").first
    expect(opener).to_be_visible()
    before = int(re.findall(r"\d+", opener.inner_text())[0])
    assert before > 0
    opener.click()
    first = desk.page.locator('[class*="st-key-recheck_gone_"] button').first
    key = first.evaluate("button => button.closest('[class*=st-key-recheck_gone_]').className")
    first.click()
    expect(desk.page.get_by_text("已记：没有回潮。")).to_be_visible()
    (name,) = re.findall(r"st-key-recheck_gone_\w+", key)
    expect(desk.page.locator(f".{name}")).to_have_count(0)
