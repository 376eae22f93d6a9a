"""Coverage on a desk and an inspection on a telephone, in a real browser."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.desk import Desk


@pytest.fixture
def worker(window: BrowserContext, server: str) -> Iterator[None]:
    """A grid worker of community D; whoever comes after signs in as somebody else."""
    page = window.new_page()
    Desk(page, server, "").sign_in("d-worker1")
    page.close()
    yield
    window.clear_cookies()


def test_what_is_not_covered_is_seen_at_once_and_leads_to_the_map(
    secretary: None, desk: Desk, tmp_path: Path
) -> None:
    desk.page.goto(f"{desk.server}/coverage?community=D&gap=unheld")
    listed = desk.page.locator(".st-key-coverage_list a")
    expect(listed.first).to_be_visible()
    expect(desk.page.locator(".coverage-groups table")).to_have_count(5)
    assert desk.page.evaluate("document.documentElement.scrollWidth") <= 1366
    box = desk.page.locator(".st-key-coverage_list").bounding_box()
    assert box is not None
    assert box["y"] + box["height"] < 768, "the list is seen without scrolling"
    desk.page.screenshot(path=tmp_path / "coverage.png")
    listed.first.click()
    expect(desk.page).to_have_url(re.compile(r"/map\?.*selected=buildings"))


def test_a_worker_ticks_a_place_off_on_a_telephone(worker: None, desk: Desk, tmp_path: Path) -> None:
    desk.page.set_viewport_size({"width": 390, "height": 844})
    desk.page.goto(f"{desk.server}/inspections?community=D")
    checked = desk.page.locator('[class*="st-key-inspection_checked_"] button')
    expect(checked.first).to_be_visible()
    assert desk.page.evaluate("document.documentElement.scrollWidth") <= 390
    line = desk.page.locator('[class*="st-key-inspection_line_"]').first
    place = line.inner_text().splitlines()[0]
    (key,) = re.findall(r"st-key-inspection_line_\w+", line.get_attribute("class") or "")
    desk.page.screenshot(path=tmp_path / "inspections.png")
    checked.first.click()
    expect(desk.page.locator(".stToast")).to_contain_text(f"{place}：已记录查过")
    # By its key: a building may be called by the compound's name and a number.
    expect(desk.page.locator(f".{key}")).to_have_count(0)
