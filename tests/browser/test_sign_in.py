"""Signing in and out as people do, each role at its own pages."""

import re
from contextlib import suppress

import pytest
from playwright.sync_api import Page, ViewportSize, expect
from playwright.sync_api import TimeoutError as TooLate

from geo.model.actor import Role
from geo.rules.access import list_pages
from tests.browser.desk import Desk, open_window

NAMES = {"morning": "晨图", "incidents": "事件", "map": "地图", "draw": "圈画", "duties": "权责清单"}
# Login and, where it has several, the post.
PEOPLE: dict[Role, tuple[str, str]] = {
    "secretary": ("d-secretary", "书记"),
    "grid_worker": ("d-worker1", ""),
    "leader": ("d-leader", ""),
    "property_company": ("d-property1", ""),
    "administrator": ("d-admin", ""),
}


@pytest.fixture
def stranger(desk: Desk) -> Page:
    """A window of another browser, in which nobody has signed in."""
    browser = desk.page.context.browser
    assert browser is not None
    return open_window(browser, viewport={"width": 1366, "height": 768}, locale="zh-CN").new_page()


def close(page: Page) -> None:
    page.context.close()


@pytest.mark.parametrize("role", PEOPLE)
def test_each_role_begins_at_its_own_page_and_is_offered_its_own(
    role: Role, desk: Desk, stranger: Page
) -> None:
    login, post = PEOPLE[role]
    stranger.goto(desk.server)
    stranger.locator(f'button[value="{login}"]').click()
    if post:
        stranger.get_by_role("button", name=post).click()
    first, *others = list_pages(role)
    stranger.wait_for_url(re.compile(f"/{first}([?]|$)"))
    expect(stranger.locator(".reader")).to_contain_text("退出")
    for page, name in NAMES.items():
        link = stranger.locator("header").get_by_role("link", name=name, exact=True)
        expect(link).to_have_count(1 if page in (first, *others) else 0)
    close(stranger)


def test_signing_out_ends_open_pages_and_map_data_alike(desk: Desk, stranger: Page) -> None:
    own = Desk(stranger, desk.server, "")
    own.sign_in("d-worker1")
    own.wait_until_drawn()
    other = stranger.context.new_page()
    other.goto(f"{desk.server}/map?community=D")
    expect(other.locator(".reader button")).to_be_visible()
    other.locator(".reader button").click()
    expect(other.get_by_text("您已退出")).to_be_visible()

    status = "fetch('/features/buildings.geojson', {cache: 'no-store'}).then(answer => answer.status)"
    assert stranger.evaluate(status) == 401
    stranger.locator(".st-key-language button").click()
    stranger.wait_for_url(re.compile(r"/login\?.*next=%2Fmap"))
    close(stranger)


def test_a_click_in_a_part_of_a_page_finds_the_sign_out(desk: Desk, stranger: Page) -> None:
    Desk(stranger, desk.server, "").sign_in("d-worker1")
    stranger.goto(f"{desk.server}/incidents?community=D&who=all")
    following = stranger.locator(".st-key-page_after button").first
    expect(following).to_be_visible()
    other = stranger.context.new_page()
    other.goto(f"{desk.server}/map?community=D")
    other.locator(".reader button").click()
    expect(other.get_by_text("您已退出")).to_be_visible()
    # What the page asks for by itself may find it before the click does, and take the button away.
    with suppress(TooLate):
        following.click(timeout=5_000, no_wait_after=True)
    stranger.wait_for_url(re.compile(r"/login\?"))
    expect(stranger.get_by_text("您已退出或登录已失效，请重新登录。")).to_be_visible()
    close(stranger)


def test_a_page_of_other_roles_leads_home_and_says_so(desk: Desk, stranger: Page) -> None:
    Desk(stranger, desk.server, "").sign_in("d-property1")
    stranger.goto(f"{desk.server}/morning?community=nowhere")
    expect(stranger.get_by_text("这一页不对您的角色开放")).to_be_visible()
    expect(stranger.get_by_text("没有“nowhere”这个社区")).to_be_visible()
    expect(stranger.get_by_role("dialog")).to_have_count(0)
    stranger.wait_for_url(re.compile(r"/incidents(?!.*nowhere)"))
    close(stranger)


def test_a_page_that_there_is_none_of_leads_home_and_says_so(desk: Desk, stranger: Page) -> None:
    Desk(stranger, desk.server, "").sign_in("d-property1")
    stranger.goto(f"{desk.server}/nosuch")
    expect(stranger.get_by_text("没有这一页")).to_be_visible()
    expect(stranger.get_by_role("dialog")).to_have_count(0)
    stranger.wait_for_url(re.compile(r"/incidents(?!.*lost)"))
    close(stranger)


def test_pages_that_have_no_room_beside_the_name_go_into_a_menu(desk: Desk, stranger: Page) -> None:
    Desk(stranger, desk.server, "").sign_in("d-secretary", post="书记")
    stranger.goto(f"{desk.server}/map?lang=en")
    menu = stranger.get_by_test_id("stTopNavSection")
    expect(menu).to_be_visible()
    # The menu is drawn anew while the page settles.
    stranger.wait_for_function(
        """() => [...document.querySelectorAll('[data-testid="stTopNavSection"] p')]
            .some((p) => getComputedStyle(p, '::before').content === '"More"')"""
    )
    last, name = menu.bounding_box(), stranger.locator(".reader").bounding_box()
    assert last
    assert name
    assert last["x"] + last["width"] <= name["x"]
    menu.click()
    stranger.get_by_text("Unplaced").last.click()
    stranger.wait_for_url(re.compile("/unplaced"))
    close(stranger)


def test_what_the_browser_kept_is_not_shown_to_the_next_at_the_desk(desk: Desk, stranger: Page) -> None:
    address = "/features/incidents.geojson?community=D"
    count = f"fetch('{address}').then(answer => answer.json()).then(all => all.features.length)"
    own = Desk(stranger, desk.server, "")
    own.sign_in("d-leader")
    tag = stranger.evaluate(f"fetch('{address}').then(answer => answer.headers.get('etag'))")
    kept = f"{address}&v={tag.split(chr(34))[1]}"
    everything = stranger.evaluate(count)
    stranger.evaluate(count.replace(address, kept))
    own.sign_in("d-property1")
    assert stranger.evaluate(count.replace(address, kept)) < everything
    close(stranger)


@pytest.mark.parametrize("size", [(1366, 768), (390, 844)])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_login_page_fits_and_works_without_scripts(
    size: tuple[int, int], language: str, desk: Desk
) -> None:
    browser = desk.page.context.browser
    assert browser is not None
    viewport = ViewportSize(width=size[0], height=size[1])
    context = open_window(browser, viewport=viewport, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{desk.server}/login?lang={language}&next=/healthz")
    button = page.get_by_role("button", name={"zh": "登录", "en": "Sign in"}[language], exact=True)
    box = button.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= size[0]
    assert box["y"] + box["height"] <= size[1]
    main = page.locator("main").bounding_box()
    assert main is not None
    assert main["x"] + main["width"] <= size[0]
    page.locator("input[name=login]").fill("d-worker1")
    page.locator("input[name=password]").fill("not this")
    button.click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.locator("input[name=login]")).to_have_value("d-worker1")
    page.locator("input[name=password]").fill("wangge-demo")
    button.click()
    page.wait_for_url(re.compile("/healthz"))
    context.close()


def test_whoever_is_not_signed_in_opens_no_websocket(desk: Desk, stranger: Page) -> None:
    stranger.goto(f"{desk.server}/login")
    opened = stranger.evaluate(
        """new Promise(resolve => {
            const socket = new WebSocket(`ws://${location.host}/_stcore/stream`, "streamlit");
            socket.onopen = () => resolve("open");
            socket.onerror = () => resolve("refused");
        })"""
    )
    assert opened == "refused"
    close(stranger)
