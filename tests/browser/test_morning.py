"""The secretary's morning in a real browser: read in a glance, every number a way on, paper and paragraph."""

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlencode

import psycopg2
import pytest
from playwright.sync_api import BrowserContext, expect

from dashboard.maps import palette
from tests.browser.desk import Desk

FIGURES = ("new", "today", "amber", "overdue", "relapse", "bounced", "whistled", "unheld", "unknown")
HOSTILE = "<img src=x onerror=\"window.hacked=1\"><script>window.hacked=1</script>=cmd|'/c calc'!A1 **fett**"


@pytest.fixture(scope="module")
def secretary(window: BrowserContext, server: str) -> Iterator[None]:
    """The secretary of community D at the desk; whoever comes after signs in as somebody else."""
    sign_in(window, server, "d-secretary")
    yield
    window.clear_cookies()


def sign_in(window: BrowserContext, server: str, login: str) -> None:
    """Sign in as secretary at a page of its own, which loads nothing else."""
    window.clear_cookies()
    page = window.new_page()
    page.goto(f"{server}/login?next=/healthz")
    page.locator(f'button[value="{login}"]').click()
    page.get_by_role("button", name="书记").click()
    page.wait_for_url(f"{server}/healthz")
    page.close()


@pytest.fixture
def morning(secretary: None, desk: Desk) -> Desk:
    """The secretary's desk with the morning on it; the map may not be drawn yet."""
    open_morning(desk)
    return desk


def open_morning(desk: Desk, **params: str) -> None:
    desk.page.goto(f"{desk.server}/morning?{urlencode(params)}")
    expect(desk.page.locator(".st-key-duty")).to_be_visible()


def read_figure(desk: Desk, key: str) -> int:
    words = desk.page.locator(f'[class*="st-key-figure_{key}_"] strong:visible').first.inner_text()
    found = re.match(r"[\d,]+", words)
    assert found, words
    return int(found[0].replace(",", ""))


def keep_picture(desk: Desk, name: str, tmp_path: Path) -> None:
    desk.page.screenshot(path=tmp_path / f"{name}.png")


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("zh", ("今日先办", "自 ", "下班以来", "在岗 16 人")),
        ("en", ("First things today", "since work ended", "on duty")),
    ],
)
def test_the_morning_is_read_without_a_click_and_without_scrolling_sideways(
    morning: Desk, language: str, words: tuple[str, ...], tmp_path: Path
) -> None:
    open_morning(morning, lang=language)
    morning.wait_until_drawn()
    assert morning.page.evaluate("document.documentElement.scrollWidth") <= 1366
    shown = morning.page.locator(".stMain").inner_text()
    for word in words:
        assert word in shown
    assert [read_figure(morning, key) >= 0 for key in FIGURES] == [True] * len(FIGURES)
    expect(morning.page.locator('.st-key-first_things [data-testid="stPageLink"]')).to_have_count(10)
    last = morning.page.locator('.st-key-first_things [data-testid="stPageLink"]').last.bounding_box()
    assert last is not None
    assert last["y"] + last["height"] < 768, "the ten things are seen without scrolling"
    keep_picture(morning, f"morning-{language}", tmp_path)


def test_the_secretary_begins_with_the_morning(morning: Desk) -> None:
    morning.page.goto(morning.server)
    expect(morning.page).to_have_url(re.compile(r"/morning"))
    expect(morning.page.locator(".st-key-first_things")).to_be_visible()


def test_the_map_shows_numbers_loads_and_what_is_unknown(morning: Desk) -> None:
    morning.wait_until_drawn()
    expect(morning.page.locator(".map-notice")).to_have_text("示意图，不作为界线依据")
    for mark in ("load", "unheld", "three-no", "unknown", "amber", "overdue", "first"):
        expect(morning.page.locator(f".map-legend .mark-{mark}")).to_have_count(1)
    assert morning.count_colour(palette.TEXT) > 8 * 150, "numbered discs"
    assert morning.count_colour(palette.THREE_NO, tolerance=40) > 100
    assert morning.count_colour(palette.OVERDUE, tolerance=20) > 10


@pytest.mark.parametrize("key", [key for key in FIGURES if key not in {"unheld", "unknown"}])
def test_every_number_of_cases_opens_its_list(morning: Desk, key: str) -> None:
    morning.page.locator(f'[class*="st-key-figure_{key}_"] a:visible').click()
    expect(morning.page).to_have_url(re.compile(r"/incidents\?.*(status|mark|due)="))
    assert morning.read_address()["community"] == "D"
    expect(morning.page.locator('[data-testid="stException"]')).to_have_count(0)


@pytest.mark.parametrize("key", ["unheld", "unknown"])
def test_every_number_of_buildings_opens_its_list_and_each_building_the_map(morning: Desk, key: str) -> None:
    morning.wait_until_drawn()
    count = read_figure(morning, key)
    assert count > 0
    morning.page.locator(f'[class*="st-key-figure_{key}_"] button:visible').click()
    lines = morning.page.locator('[data-testid="stPopoverBody"] [data-testid="stPageLink"] a')
    expect(lines).to_have_count(count)
    name = lines.first.inner_text().split(" ")[0]
    lines.first.click()
    expect(morning.page).to_have_url(re.compile(r"/map\?.*selected=buildings-"))
    morning.expect_card(name)


def test_a_first_thing_opens_its_case(morning: Desk) -> None:
    morning.page.locator('.st-key-first_things [data-testid="stPageLink"] a').first.click()
    expect(morning.page).to_have_url(re.compile(r"/incidents\?.*case=\d+"))


def test_the_paragraph_is_copied_by_one_button(morning: Desk) -> None:
    morning.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    morning.page.get_by_role("button", name="复制简报").click()
    morning.page.locator('[data-testid="stCode"]').hover()
    morning.page.locator('[data-testid="stCode"] button').click()
    # A browser copies in its own time.
    morning.page.wait_for_function("async () => (await navigator.clipboard.readText()).startsWith('【D社区')")
    copied = morning.page.evaluate("navigator.clipboard.readText()")
    assert f"超期 {read_figure(morning, 'overdue')} 件" in copied
    assert not re.search(r"1[3-9]\d{9}", copied)


def test_on_a_phone_it_reads_from_top_to_bottom(morning: Desk, tmp_path: Path) -> None:
    morning.page.set_viewport_size({"width": 390, "height": 844})
    open_morning(morning)
    keep_picture(morning, "morning-390", tmp_path)
    # The map is drawn only where it is seen.
    morning.page.locator('[data-testid="stDeckGlJsonChart"]').scroll_into_view_if_needed()
    morning.wait_until_drawn()
    assert morning.page.evaluate("document.documentElement.scrollWidth") <= 390
    first, chart = (
        morning.page.locator(part).bounding_box()
        for part in (".st-key-first_things", '[data-testid="stDeckGlJsonChart"]')
    )
    assert first is not None
    assert chart is not None
    assert first["y"] + first["height"] <= chart["y"], "what to do comes before where it is"
    buttons = morning.page.locator('.st-key-morning_head [data-testid="stColumn"]:nth-child(n + 3)')
    boxes = [box for box in (each.bounding_box() for each in buttons.all()) if box is not None]
    assert len(boxes) == 3
    assert max(box["y"] for box in boxes) < min(box["y"] + box["height"] for box in boxes), "in one row"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_sheet_fits_one_page_and_bears_name_time_and_notice(
    morning: Desk, language: str, tmp_path: Path
) -> None:
    morning.page.goto(f"{morning.server}/print/morning?community=D&lang={language}")
    shown = morning.page.locator("body").inner_text()
    notice = {"zh": "示意图，不作为界线依据", "en": "not evidence of boundaries"}[language]
    assert notice in shown
    assert re.search(r"20\d\d-\d\d-\d\d \d\d:\d\d", shown)
    expect(morning.page.locator("table tr")).to_have_count(11)
    expect(morning.page.locator("svg .number")).not_to_have_count(0)
    sheet = morning.page.pdf(prefer_css_page_size=True, path=tmp_path / f"sheet-{language}.pdf")
    assert re.findall(rb"/Type /Pages\b.*?/Count (\d+)", sheet, re.DOTALL) == [b"1"]


@pytest.fixture
def hostile_town(demo_url: str) -> Iterator[None]:
    """Community Y, in which every building and party and zone has markup for a name."""
    changed = (("building", "name"), ("party", "name"), ("zone", "name"), ("compound", "name"))
    with closing(psycopg2.connect(demo_url)) as connection:
        with connection, connection.cursor() as cursor:
            # A zone of a published plan keeps its name: only where triggers keep out of it.
            cursor.execute("ALTER TABLE zone DISABLE TRIGGER USER")
            for table, column in changed:
                cursor.execute(f"CREATE TABLE kept_{table} AS SELECT id, {column} FROM {table}")
                cursor.execute(
                    f"UPDATE {table} SET {column} = %s || {column}"
                    " WHERE community_id = (SELECT id FROM community WHERE code = 'Y')",
                    (HOSTILE,),
                )
        yield
        with connection, connection.cursor() as cursor:
            for table, column in changed:
                cursor.execute(
                    f"UPDATE {table} AS t SET {column} = k.{column} FROM kept_{table} AS k WHERE k.id = t.id"
                )
                cursor.execute(f"DROP TABLE kept_{table}")
            cursor.execute("ALTER TABLE zone ENABLE TRIGGER USER")


@pytest.mark.usefixtures("hostile_town")
def test_stored_markup_is_shown_as_it_stands_on_page_map_and_paper(
    secretary: None, window: BrowserContext, desk: Desk
) -> None:
    sign_in(window, desk.server, "y-secretary")
    open_morning(desk, community="Y")
    desk.wait_until_drawn()
    for key in ("unheld", "unknown"):
        desk.page.locator(f'[class*="st-key-figure_{key}_"] button:visible').click()
        expect(desk.page.locator('[data-testid="stPopoverBody"]').last).to_contain_text("<img src=x")
        desk.page.keyboard.press("Escape")
    expect(desk.page.locator(".st-key-first_things")).to_contain_text("<script>window.hacked=1</script>")
    desk.page.mouse.move(400, 400)
    desk.page.wait_for_timeout(1500)
    assert desk.page.evaluate("window.hacked") is None
    desk.page.goto(f"{desk.server}/print/morning?community=Y")
    assert "<script>window.hacked=1</script>" in desk.page.locator("body").inner_text()
    assert desk.page.evaluate("window.hacked") is None
    assert desk.page.locator("img").count() == 0
