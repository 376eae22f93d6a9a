"""The page of figures in a real browser: read, opened down to its cases, packs made, printed and taken."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.desk import Desk

ROWS = ".figure-table [data-id]"


def open_figures(desk: Desk, **params: str) -> None:
    desk.page.goto(f"{desk.server}/figures?{urlencode({'community': 'D'} | params)}")


@pytest.fixture
def figures(secretary: None, desk: Desk) -> Desk:
    """The secretary's desk with the figures on it."""
    open_figures(desk)
    expect(desk.page.locator(ROWS).first).to_be_visible()
    return desk


@pytest.fixture
def company(window: BrowserContext, server: str) -> Iterator[None]:
    """A property company of community D at the desk; whoever comes after signs in as somebody else."""
    page = window.new_page()
    Desk(page, server, "").sign_in("d-property1")
    page.close()
    yield
    window.clear_cookies()


def test_a_figure_is_read_explained_and_opened_down_to_its_cases(figures: Desk, tmp_path: Path) -> None:
    page = figures.page
    assert page.evaluate("document.documentElement.scrollWidth") <= 1366
    page.locator(".st-key-figure_acts button").first.click()
    paragraph = page.locator('[data-testid="stCode"]')
    expect(paragraph).to_contain_text(re.compile("【D社区】.*按期处置率.*数据截至"))
    page.keyboard.press("Escape")
    row = page.locator('[data-id="on_time_rate"]')
    expect(row.locator("th")).to_have_attribute("title", re.compile("÷"))
    table = page.locator(".figure-table")
    table.evaluate("table => { table.isTheSame = true; }")
    row.click()
    expect(page).to_have_url(re.compile("open=on_time_rate"))
    card = page.locator(".st-key-figure_card")
    expect(card.locator("h4")).to_have_text("按期处置率")
    expect(row).to_have_attribute("aria-selected", "true")
    # Made anew beside the card, it would stand there twice while the page is made.
    assert table.evaluate("table => table.isTheSame")
    page.screenshot(path=tmp_path / "figures.png")
    card.locator('a[href*="case="]').first.click()
    expect(page).to_have_url(re.compile(r"/incidents\?.*case=\d+"))


def test_all_packs_are_made_and_taken_and_one_is_printed(figures: Desk, tmp_path: Path) -> None:
    page = figures.page
    open_figures(figures, view="packs")
    expect(page.locator(".month table").first).to_be_visible()
    page.locator(".st-key-pack_acts").get_by_text(re.compile("^全部")).click()
    page.locator(".st-key-pack_make_all button").click()
    taken = page.locator(".st-key-pack_archive_zip button")
    expect(taken).to_be_visible()
    with page.expect_download() as download:
        taken.click()
    assert re.fullmatch(r"packs-D-20\d\d-Q\d\.zip", download.value.suggested_filename)
    page.keyboard.press("Escape")
    with page.expect_popup() as popup:
        page.locator('.st-key-pack_acts a[href*="party="]').click()
    sheet = popup.value
    assert "家物" in sheet.locator("h1").inner_text()
    printed = sheet.pdf(prefer_css_page_size=True, path=tmp_path / "pack.pdf")
    (pages,) = re.findall(rb"/Type /Pages\b.*?/Count (\d+)", printed, re.DOTALL)
    assert int(pages) <= 2
    sheet.close()


def test_a_property_company_finds_its_own_pack(company: None, desk: Desk) -> None:
    open_figures(desk)
    expect(desk.page.locator(".month table").first).to_be_visible()
    expect(desk.page.locator(".st-key-figure_view")).to_have_count(0)
    expect(desk.page.locator(".st-key-pack_company")).to_have_count(0)
