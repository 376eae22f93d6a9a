"""Journeys on the page of cases in a real browser, offline; screenshots stay in ``build/journeys``."""

import os
import re
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psycopg2
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.desk import Desk, open_window

SCRIPT = "<img src=x onerror='window.hacked=1'><script>window.hacked=1</script>=1+1"


@pytest.fixture
def worker(desk: Desk) -> Iterator[Desk]:
    """A grid worker's desk; whoever comes after is signed in as before."""
    turn_to(desk, "d-worker1")
    yield desk
    turn_to(desk, "d-leader")


@pytest.fixture
def phone(window: BrowserContext, server: str) -> Iterator[Page]:
    """A grid worker's phone."""
    browser = window.browser
    assert browser is not None
    context = open_window(
        browser, viewport={"width": 390, "height": 844}, locale="zh-CN", has_touch=True, is_mobile=True
    )
    page = context.new_page()
    page.goto(f"{server}/login?next=/incidents")
    page.locator('button[value="d-worker1"]').tap()
    page.wait_for_url(f"{server}/incidents**")
    yield page
    context.close()


@pytest.fixture
def pictures(request: pytest.FixtureRequest) -> Path:
    """Where screenshots go."""
    folder = request.config.rootpath / "build" / "journeys"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def turn_to(desk: Desk, login: str) -> None:
    """Sign in as somebody else; a page left open would complain that it is signed out."""
    desk.page.goto("about:blank")
    desk.page.wait_for_timeout(300)
    desk.sign_in(login)


def add_case(desk_url: str, login: str, **values: Any) -> int:
    """Put a case into community D that the party of an account handles, as an import does; return its id."""
    row = {"category_code": "E402", "source": "patrol", "state": "handling", "title": "楼道纸箱"} | values
    columns, marks = ", ".join(row), ", ".join(["%s"] * len(row))
    with closing(psycopg2.connect(desk_url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(
            f"""
            INSERT INTO incident (community_id, party_id, building_id, compound_id, geom, geocode_quality,
                reported_at, due_at, {columns})
            SELECT b.community_id, g.party_id, b.id, b.compound_id, b.anchor, 'building',
                now() - interval '2 days', now() - interval '1 hour', {marks}
            FROM account AS a
            JOIN role_grant AS g ON g.account_id = a.id
            JOIN building AS b ON b.community_id = g.community_id
            LEFT JOIN compound AS c ON c.id = b.compound_id
            WHERE a.login = %s AND g.party_id IS NOT NULL
            ORDER BY c.property_company_id = g.party_id DESC NULLS LAST, b.id LIMIT 1
            RETURNING id
            """,
            [*row.values(), login],
        )
        return int(cursor.fetchall()[0][0])


def list_moves(desk_url: str, case: int) -> list[str]:
    with closing(psycopg2.connect(desk_url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT move FROM incident_event WHERE incident_id = %s ORDER BY id", (case,))
        return [move for (move,) in cursor.fetchall()]


def open_cases(page: Page, server: str, **params: str) -> None:
    page.goto(f"{server}/incidents?{urlencode({'community': 'D'} | params)}")
    page.locator(".case").first.wait_for()


def choose(page: Page, key: str, typed: str) -> None:
    """Choose from a list by typing: one interaction."""
    box = page.locator(f".st-key-{key} input")
    box.click()
    box.press_sequentially(typed)
    page.keyboard.press("Enter")
    page.wait_for_timeout(200)


def test_a_visitor_is_logged_in_twenty_seconds_and_few_interactions(worker: Desk, pictures: Path) -> None:
    page = worker.page
    open_cases(page, worker.server)
    building = worker.find_spots("building", "households > 0")[0]
    (before,) = worker.query("SELECT count(*) FROM incident")
    started = time.monotonic()
    choose(page, "new_category", "咨询")
    choose(page, "new_place", building.name)
    page.locator(".st-key-new_outcome button", has_text="已解决").click()
    save = page.locator(".st-key-save_new button")
    expect(save).to_contain_text("登记并办结")
    page.screenshot(path=pictures / "log-a-visitor.png")
    save.click()
    expect(page.get_by_test_id("stToast")).to_contain_text("已登记并办结")
    # What pops up from a part of the page does not take the place of its style.
    expect(page.locator(".st-key-reader")).to_have_css("position", "fixed")
    # Others may be at work on the machine: what counts is the time on one of its own.
    crowding = max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
    assert time.monotonic() - started <= 20 * crowding
    (after,) = worker.query("SELECT count(*) FROM incident")
    assert after[0] == before[0] + 1
    assert worker.query(
        "SELECT category_code, state, outcome, source FROM incident ORDER BY id DESC LIMIT 1"
    ) == [("E1201", "closed", "resolved", "walk_in")]


def test_a_visitor_who_gives_a_name_has_come_to_the_desk(worker: Desk) -> None:
    page = worker.page
    open_cases(page, worker.server)
    page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for()
    choose(page, "new_category", "咨询")
    save = page.locator(".st-key-save_new button")
    expect(save).to_be_enabled()
    details = page.get_by_test_id("stPopover").filter(has_text="来访")
    details.get_by_role("button").click()
    opened = page.get_by_test_id("stPopoverBody")
    # Nobody touches the choice; the page draws it only now.
    expect(opened.locator('[aria-checked="true"]')).to_have_text("来访")
    expect(opened.get_by_test_id("stFileUploader")).to_contain_text("10MB")
    name = opened.locator("[class*=st-key-new_name_] input")
    name.fill("张三")
    name.press("Enter")
    page.wait_for_timeout(1000)
    page.keyboard.press("Escape")
    save.click()
    expect(page.get_by_test_id("stToast")).to_contain_text("已登记")
    assert worker.query("SELECT source FROM incident ORDER BY id DESC LIMIT 1") == [("walk_in",)]
    details.get_by_role("button").click()
    expect(name).to_have_value("")


def test_a_case_is_settled_on_the_spot_with_two_taps_on_a_phone(
    phone: Page, server: str, demo_url: str, pictures: Path
) -> None:
    case = add_case(demo_url, "d-worker1")
    open_cases(phone, server, who="mine", category="E402")
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth"), "no sideways scroll"
    phone.screenshot(path=pictures / "phone-list.png")
    phone.locator(f'.case[data-id="{case}"]').tap()
    settle = phone.locator(".st-key-do_self_handle button")
    settle.wait_for()
    box = settle.bounding_box()
    assert box is not None
    assert box["height"] >= 44, "a thumb must hit it"
    assert box["y"] + box["height"] < 844, "and see it without scrolling"
    phone.screenshot(path=pictures / "phone-case.png")
    settle.tap()
    expect(phone.locator("[data-testid=stToast]")).to_contain_text("已完成")
    expect(phone.locator(f'.case[data-id="{case}"]')).to_have_count(0)
    expect(phone.locator(".st-key-begin_report")).to_be_visible()
    assert read_case(demo_url, case) == ("closed", "resolved")


def test_a_thumb_hits_whatever_there_is_to_press_on_a_phone(phone: Page, server: str) -> None:
    pressed = (
        "[data-testid=stMain] button[kind], [data-testid=stPopoverButton],"
        " [data-testid=stExpandSidebarButton], [data-testid=stSelectbox] div:has(> input),"
        " [role=radio], .case-pick, .reader :is(a, button)"
    )
    for address, drawn in (("/incidents?community=D", ".case"), ("/inspections?community=D", ".reader")):
        phone.goto(f"{server}{address}")
        phone.locator(drawn).first.wait_for()
        phone.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for()
        sizes = phone.locator(pressed).evaluate_all(
            "all => all.map(each => each.getBoundingClientRect()).map(box => Math.min(box.width, box.height))"
        )
        assert min(size for size in sizes if size > 0) >= 43.5


def test_a_company_returns_a_case_with_a_reason(desk: Desk, demo_url: str, pictures: Path) -> None:
    case = add_case(demo_url, "d-property1")
    turn_to(desk, "d-property1")
    page = desk.page
    try:
        open_cases(page, desk.server, case=str(case))
        page.locator(".st-key-do_return button").click()
        form = page.locator('[data-testid="stForm"]')
        for label, answer in (("理由", "不属于我方职责"), ("您认为该谁办", "居委会")):
            form.get_by_label(label).click()
            page.keyboard.type(answer)
            page.keyboard.press("Enter")
        page.screenshot(path=pictures / "return-a-case.png")
        form.get_by_role("button", name="退回").click()
        expect(page.get_by_test_id("stToast")).to_contain_text("退回")
        assert read_case(demo_url, case)[0] == "returned"
        expect(page.locator(f'.case[data-id="{case}"]')).to_have_count(0)
    finally:
        turn_to(desk, "d-leader")


def test_the_secretary_has_a_case_supervised(desk: Desk, demo_url: str, pictures: Path) -> None:
    case = add_case(demo_url, "d-property1")
    page = desk.page
    page.goto("about:blank")
    desk.sign_in("d-secretary", post="书记")
    try:
        open_cases(page, desk.server, case=str(case))
        page.locator(f'[class*="st-key-other_moves_{case}"] input').click()
        page.keyboard.type("督办")
        page.keyboard.press("Enter")
        form = page.locator('[data-testid="stForm"]')
        form.locator("textarea").fill("今天下班前清完")
        page.screenshot(path=pictures / "supervise-a-case.png")
        form.get_by_role("button", name="督办").click()
        expect(page.get_by_test_id("stToast")).to_contain_text("督办")
        assert list_moves(demo_url, case) == ["supervise"]
    finally:
        turn_to(desk, "d-leader")


def test_what_people_wrote_is_inert_on_list_card_map_and_paper(
    worker: Desk, demo_url: str, pictures: Path
) -> None:
    case = add_case(demo_url, "d-worker1", title=SCRIPT, description=SCRIPT, category_code="E403")
    page = worker.page
    open_cases(page, worker.server, category="E403", who="mine", case=str(case))
    row = page.locator(f'.case[data-id="{case}"]')
    expect(row).to_contain_text("<script>")
    card = page.locator(".st-key-case_card")
    expect(card).to_contain_text("<script>")
    page.screenshot(path=pictures / "inert.png")
    assert page.locator(".case img, .case script, .st-key-case_card img").count() == 0
    canvas = page.locator('[data-testid="stDeckGlJsonChart"] canvas').first.bounding_box()
    assert canvas is not None
    for step in range(5):
        page.mouse.move(canvas["x"] + canvas["width"] * step / 4, canvas["y"] + canvas["height"] / 2)
    page.goto(f"{worker.server}/print/cases?community=D&category=E403&who=mine")
    expect(page.locator("table")).to_contain_text("<script>")
    expect(page.locator("footer")).to_contain_text(re.compile(r"\d{4}-\d\d-\d\d"))
    page.screenshot(path=pictures / "walk-list.png")
    assert page.evaluate("window.hacked") is None


def test_list_and_map_select_each_other(worker: Desk, pictures: Path) -> None:
    page = worker.page
    case, longitude, latitude = worker.query(
        "SELECT i.id, ST_X(i.geom), ST_Y(i.geom)"
        " FROM incident AS i JOIN community AS c ON c.id = i.community_id"
        " WHERE c.code = 'D' AND is_open AND i.geom IS NOT NULL AND sensitivity <> 'S3'"
        " AND category_code NOT IN ('E902', 'E905', 'E1105') ORDER BY due_at LIMIT 1"
    )[0]
    open_cases(page, worker.server, who="all", at=f"{latitude:.5f}_{longitude:.5f}_18.00")
    row = page.locator(f'.case[data-id="{case}"]')
    row.click()
    expect(page.locator(".st-key-case_card")).to_contain_text(f"#{case}")
    expect(page).to_have_url(re.compile(rf"[?&]case={case}(&|$)"))
    worker.wait_until_drawn()
    page.screenshot(path=pictures / "desk.png")
    assert worker.count_colour("#0B6E99") > 20, "the open case is ringed on the map"
    page.locator(".case-list").press("ArrowDown")
    expect(page.locator(".st-key-case_card")).not_to_contain_text(f"#{case}")
    worker.wait_until_drawn()
    worker.click_map(longitude, latitude, until=page.locator(f'.case.is-open[data-id="{case}"]'))


def read_case(url: str, case: int) -> tuple[Any, ...]:
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT state, outcome FROM incident WHERE id = %s", (case,))
        return tuple(cursor.fetchall()[0])
