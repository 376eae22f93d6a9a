"""The relapse page in a real browser: a row leads to its cases, the curve is drawn, the sheet comes."""

import re
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import expect

from tests.browser.desk import Desk

_LIST = ".st-key-relapse_list .relapse-table"


def open_relapse(desk: Desk, **params: str) -> None:
    desk.page.goto(f"{desk.server}/relapse?{urlencode({'community': 'D'} | params)}")
    expect(desk.page.locator(f"{_LIST} tbody tr").first).to_be_visible()


def test_a_row_opens_its_cases_and_these_lead_to_the_list(
    secretary: None, desk: Desk, tmp_path: Path
) -> None:
    open_relapse(desk)
    for chart in ("quiet", "campaigns"):
        expect(desk.page.locator(f".st-key-relapse_{chart} :is(canvas, svg.marks)").first).to_be_visible()
    assert desk.page.evaluate("document.documentElement.scrollWidth") <= 1366
    expect(desk.page.locator('[data-testid="stException"]')).to_have_count(0)
    row = desk.page.locator(f"{_LIST} tbody tr").nth(1)
    name = row.locator("td").nth(1).inner_text()
    row.click()
    card = desk.page.locator(".st-key-relapse_spot")
    expect(card.locator("h4")).to_have_text(name)
    expect(desk.page).to_have_url(re.compile(r"spot=E\d+_[bc]\d+"))
    expect(row).to_have_class(re.compile("is-open"))
    desk.page.screenshot(path=tmp_path / "relapse.png")
    card.locator('a[href*="status=all"]').click()
    expect(desk.page).to_have_url(re.compile(r"/incidents\?.*category=E\d+"))
    expect(desk.page.locator(".case-list .case").first).to_be_visible()


def test_a_campaign_opens_its_compounds_by_key_and_a_category_its_curve(secretary: None, desk: Desk) -> None:
    open_relapse(desk)
    campaigns = desk.page.locator(".st-key-relapse_campaigns .relapse-table")
    expect(campaigns).to_have_count(1)
    campaigns.locator("tbody tr").first.press("Enter")
    expect(campaigns).to_have_count(2)
    desk.page.locator(".st-key-relapse_rates .relapse-table tbody tr").first.click()
    expect(desk.page).to_have_url(re.compile(r"campaign=\d+.*curve=E\d+|curve=E\d+.*campaign=\d+"))
    expect(desk.page.locator(".st-key-relapse_quiet [data-testid='stSelectbox']")).not_to_contain_text("全部")
    campaigns.last.locator("tbody tr").nth(1).click()
    expect(desk.page).to_have_url(re.compile(r"/incidents\?.*place=compounds-\d+"))


def test_a_phone_has_room_for_it_and_the_sheet_is_a_few_pages(secretary: None, desk: Desk) -> None:
    desk.page.set_viewport_size({"width": 390, "height": 844})
    open_relapse(desk)
    assert desk.page.evaluate("document.documentElement.scrollWidth") <= 390
    table = desk.page.locator(_LIST)
    assert table.evaluate("place => place.scrollWidth <= place.clientWidth + 1")
    desk.page.goto(f"{desk.server}/print/relapse?community=D")
    printed = desk.page.pdf(prefer_css_page_size=True)
    (pages,) = re.findall(rb"/Type /Pages\b.*?/Count (\d+)", printed, re.DOTALL)
    assert int(pages) <= 4
