"""The look that ``streamlit_config`` describes is the look the pages have."""

import re

from playwright.sync_api import expect

from tests.browser.desk import Desk


def test_the_theme_took_effect(desk: Desk) -> None:
    desk.page.goto(f"{desk.server}/map?community=D")
    shown = desk.page.locator('[data-testid="stApp"]')
    expect(shown).to_have_css("background-color", "rgb(245, 247, 249)")
    expect(shown).to_have_css("color", "rgb(31, 41, 51)")
    heading = desk.page.get_by_role("heading", name="D社区").first
    expect(heading).to_be_visible()
    family = heading.evaluate("node => getComputedStyle(node).fontFamily")
    assert family.startswith('"PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC"')


def test_nothing_of_streamlit_stands_in_the_way(desk: Desk) -> None:
    desk.page.goto(f"{desk.server}/map?community=D")
    expect(desk.page.get_by_role("heading", name="D社区").first).to_be_visible()
    expect(desk.page.get_by_text("Deploy")).to_have_count(0)
    expect(desk.page.locator('[data-testid="stMainMenu"]')).to_have_count(0)
    expect(desk.page).to_have_title(re.compile("Wangge 网格"))
