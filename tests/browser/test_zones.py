"""A zone plan drawn, bettered and published in a real browser without any network."""

import io
import re

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, WebSocket, expect

from tests.browser.desk import Desk

# Streamlit makes the script of a part a module, waits for it, and calls what it exports.
_SLOW_PARTS = """
window.waiting = 0;
window.Blob = class extends Blob {
  constructor([script, ...more] = [], options) {
    const isEditor = String(script).includes("class Editor");
    super([isEditor ? script.replace("export default function", "const part = function") + `
      ;export default async (given) => {
        window.waiting++;
        await window.gate;
        window.waiting--;
        return part(given);
      };` : script, ...more], options);
  }
};
"""


class Drawing:
    """The secretary at the zone editor."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.page = desk.page
        self.editor = self.page.locator(".zone-editor")
        self.sent = 0
        self.page.on("websocket", self._watch)

    def open(self) -> None:
        self.page.goto(f"{self.desk.server}/zones?community=D")
        self.wait()

    def wait(self) -> None:
        """Wait until the plan is painted."""
        expect(self.editor).to_have_attribute("data-revision", re.compile(r"\d+"))

    def begin_draft(self, name: str) -> None:
        self.page.get_by_role("button", name="新草稿").click()
        self.page.get_by_label("草稿名称").fill(name)
        self.page.keyboard.press("Tab")
        self.page.locator(".st-key-zone_draft_begin").get_by_role("button").click()
        expect(self.find_plan()).to_have_value(re.compile(name))
        expect(self.page.get_by_role("button", name="清除")).to_be_visible()
        self.wait()

    def stroke(self, *points: tuple[float, float]) -> int:
        """Draw on the map, and return how many messages went to the server while the pointer was down."""
        box = self.page.locator(".zone-stage").bounding_box()
        assert box is not None
        places = [(box["x"] + x, box["y"] + y) for x, y in points]
        self.page.mouse.move(*places[0])
        self.page.mouse.down()
        before = self.sent
        for place in places:
            self.page.mouse.move(*place, steps=4)
        sent = self.sent - before
        self.page.mouse.up()
        return sent

    def count_picked(self) -> int:
        return int(self.editor.get_attribute("data-picked") or 0)

    def act(self, key: str) -> None:
        """Press a key that changes the plan, and wait until the change is shown."""
        before = self.editor.get_attribute("data-revision")
        self.page.keyboard.press(key)
        expect(self.editor).not_to_have_attribute("data-revision", before or "")

    def row(self, name: str) -> Locator:
        return self.page.locator(".zone-row", has=self.page.locator("b", has_text=re.compile(f"^{name}")))

    def choose(self, name: str) -> None:
        self.row(name).locator("b").click()
        expect(self.row(name).locator(".zone-figures")).to_be_visible()

    def find_plan(self) -> Locator:
        return self.page.locator(".st-key-zone_plan input")

    def find_summary(self) -> Locator:
        return self.page.get_by_text(re.compile("户数离均值最远"))

    def _watch(self, socket: WebSocket) -> None:
        def count(_payload: bytes | str) -> None:
            self.sent += 1

        socket.on("framesent", count)


@pytest.fixture
def drawing(secretary: None, desk: Desk) -> Drawing:
    drawing = Drawing(desk)
    drawing.open()
    return drawing


def test_a_plan_is_brushed_locked_undone_bettered_and_published(drawing: Drawing) -> None:
    desk, page = drawing.desk, drawing.page
    drawing.begin_draft("明年方案")
    ((plan_id,),) = desk.query("SELECT id FROM zone_plan WHERE name = '明年方案'")

    # A stroke is the browser's alone until the pointer lifts.
    page.keyboard.press("3")
    assert drawing.stroke((110, 220), (110, 290), (200, 290), (200, 220), (270, 260)) == 0
    assert drawing.count_picked() >= 30
    expect(page.get_by_text(re.compile(r"已选 \d+ 栋"))).to_be_visible()

    drawing.choose("第6责任区")
    before = drawing.row("第6责任区").locator(".zone-delta").first.inner_text()
    count = drawing.count_picked()
    summary = drawing.find_summary().inner_text()
    drawing.act("Enter")
    assert drawing.count_picked() == 0
    held = desk.query(
        "SELECT count(*) FROM zone_unit AS u JOIN zone AS z ON z.id = u.zone_id"
        " WHERE u.plan_id = %s AND z.name = '第6责任区'", plan_id,
    )  # fmt: skip
    assert held[0][0] >= count
    delta = drawing.row("第6责任区").locator(".zone-delta").first
    expect(delta).not_to_have_text(before)
    expect(drawing.find_summary()).not_to_have_text(summary)

    drawing.act("Control+z")
    expect(delta).to_have_text(before)
    drawing.act("Control+y")
    drawing.act("Control+z")

    # Whoever is in no zone is found by a key, and given to a zone.
    ((unassigned,),) = desk.query(
        "SELECT count(*) FROM building AS b JOIN zone_plan AS p USING (community_id) WHERE p.id = %s"
        " AND NOT EXISTS (SELECT FROM zone_unit AS u WHERE u.plan_id = p.id AND u.building_id = b.id)",
        plan_id,
    )
    assert unassigned == 3
    drawing.choose("第1责任区")
    for _ in range(unassigned):
        page.keyboard.press("n")
        expect(drawing.editor).to_have_attribute("data-picked", "1")
        drawing.act("Enter")
    expect(page.get_by_role("button", name="下一栋未分配")).to_be_disabled()

    _lock_zone(drawing, "第1责任区")
    in_first = (
        "SELECT array_agg(u.building_id ORDER BY u.building_id) FROM zone_unit AS u"
        " JOIN zone AS z ON z.id = u.zone_id WHERE z.plan_id = %s AND z.name = '第1责任区'"
    )
    locked = desk.query(in_first, plan_id)
    _appoint_lead(drawing, "第17责任区", "专干兼网格员16")
    _take_suggestion(drawing)
    assert desk.query(in_first, plan_id) == locked

    _compare(drawing)

    page.locator(".st-key-zone_publish").get_by_role("button").click()
    expect(page.get_by_text("每栋楼都有人负责或已说明原因")).to_be_visible()
    page.locator(".st-key-zone_publish_now").get_by_role("button").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    ((state,),) = desk.query("SELECT state FROM zone_plan WHERE id = %s", plan_id)
    assert state == "published"
    expect(page.get_by_role("button", name="清除")).to_have_count(0)


def test_a_box_a_lasso_and_a_click_pick_what_they_say(drawing: Drawing) -> None:
    page = drawing.page
    drawing.begin_draft("试选")
    page.keyboard.press("b")
    drawing.stroke((190, 60), (340, 140))
    in_box = drawing.count_picked()
    assert in_box > 10
    page.keyboard.press("Escape")
    assert drawing.count_picked() == 0
    page.keyboard.press("l")
    drawing.stroke((190, 60), (340, 60), (340, 140), (190, 140))
    assert drawing.count_picked() == in_box
    # With Alt held a stroke lets go again; half the box.
    page.keyboard.press("b")
    page.keyboard.down("Alt")
    drawing.stroke((190, 60), (265, 140))
    page.keyboard.up("Alt")
    assert 0 < drawing.count_picked() < in_box
    page.keyboard.press("c")
    page.keyboard.press("1")
    drawing.stroke((300, 100), (301, 100))
    whole = drawing.count_picked()
    page.keyboard.press("Escape")
    page.keyboard.press("c")
    drawing.stroke((300, 100), (301, 100))
    assert drawing.count_picked() < whole
    _throw_away(drawing, "试选")


def test_a_hand_faster_than_the_server_loses_nothing(drawing: Drawing) -> None:
    page = drawing.page
    drawing.begin_draft("快手")
    ((plan_id,),) = drawing.desk.query("SELECT id FROM zone_plan WHERE name = '快手'")
    drawing.choose("第2责任区")
    page.keyboard.press("b")
    # Three strokes, each given away, without a look at what has become of them.
    for corners in (((60, 25), (150, 100)), ((160, 205), (225, 310)), ((590, 150), (680, 215))):
        drawing.stroke(*corners)
        page.keyboard.press("Enter")
    drawing.stroke((690, 180), (775, 240))
    steps = "SELECT count(*) FROM zone_step WHERE plan_id = %s AND undone_at IS NULL"
    drawing.desk.wait_until(lambda: drawing.desk.query(steps, plan_id) == [(3,)], "a stroke was lost")
    # What was picked last is still in hand, and nothing of what was given.
    inside = drawing.count_picked()
    page.keyboard.press("Escape")
    drawing.stroke((690, 180), (775, 240))
    assert inside == drawing.count_picked() > 0
    # As many steps back as keys were pressed.
    for _ in range(3):
        page.keyboard.press("Control+z")
    drawing.desk.wait_until(lambda: drawing.desk.query(steps, plan_id) == [(0,)], "a step was not undone")
    _throw_away(drawing, "快手")


def test_answers_that_overtake_each_other_take_nothing_out_of_the_hand(drawing: Drawing) -> None:
    page = drawing.page
    # As on a busy machine, where the script of a part is there only after the next data have come.
    page.add_init_script(_SLOW_PARTS)
    drawing.open()
    drawing.begin_draft("慢机")
    page.keyboard.press("b")
    page.evaluate("() => void (window.gate = new Promise((open) => (window.letGo = open)))")
    picked = [0]
    for corners in (((60, 25), (150, 100)), ((160, 205), (225, 310)), ((590, 150), (680, 215))):
        waiting = page.evaluate("window.waiting")
        drawing.stroke(*corners)
        picked.append(drawing.count_picked())
        page.wait_for_function("(before) => window.waiting > before", arg=waiting)
    assert picked == sorted(set(picked))
    page.evaluate("window.letGo()")
    page.wait_for_function("window.waiting === 0")
    assert drawing.count_picked() == picked[-1]
    # The tool is still in hand as well.
    drawing.stroke((690, 180), (775, 240))
    assert drawing.count_picked() > picked[-1]
    drawing.choose("第2责任区")
    drawing.act("Enter")
    _throw_away(drawing, "慢机")


def test_a_graphics_card_that_forgets_takes_nothing_out_of_the_hand(drawing: Drawing) -> None:
    page = drawing.page
    drawing.begin_draft("失图")
    stage = page.locator(".zone-stage")
    page.keyboard.press("b")
    drawing.stroke((60, 25), (150, 100))
    held = drawing.count_picked()
    page.evaluate(
        "window.card = document.querySelector('.zone-map canvas').getContext('webgl2')"
        ".getExtension('WEBGL_lose_context'), card.loseContext()"
    )
    expect(page.locator(".zone-map[data-lost]")).to_be_visible()
    drawing.stroke((160, 205), (225, 310))
    more = drawing.count_picked()
    assert more > held
    expect(page.get_by_text(f"已选 {more} 栋")).to_be_visible()
    page.evaluate("card.restoreContext()")
    expect(page.locator(".zone-map[data-lost]")).to_have_count(0)
    # The zones are in their colours again: this one, where it was.
    colour = page.locator(".zone-swatch").first.evaluate("it => getComputedStyle(it).backgroundColor")
    wanted = np.array([int(part) for part in re.findall(r"\d+", colour)])
    for _ in range(100):
        pixels = np.asarray(Image.open(io.BytesIO(stage.screenshot())).convert("RGB")).astype(int)
        if (np.abs(pixels - wanted).max(axis=2) <= 4).sum() > 100:
            break
        page.wait_for_timeout(300)
    else:
        pytest.fail("the zones were not painted again")
    assert drawing.count_picked() == more
    _throw_away(drawing, "失图")


def test_escape_closes_a_popover_and_lets_go_of_nothing(drawing: Drawing) -> None:
    page = drawing.page
    drawing.begin_draft("试关")
    page.keyboard.press("b")
    drawing.stroke((190, 60), (340, 140))
    picked = drawing.count_picked()
    page.locator(".st-key-zone_menu").get_by_role("button").click()
    expect(page.get_by_test_id("stPopoverBody")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("stPopoverBody")).to_have_count(0)
    assert drawing.count_picked() == picked
    _throw_away(drawing, "试关")


def test_a_zone_takes_a_colour_that_no_neighbour_has(drawing: Drawing) -> None:
    page = drawing.page
    drawing.begin_draft("试色")
    drawing.choose("第3责任区")
    page.locator(".st-key-zone_menu").get_by_role("button").click()
    hues = page.locator(".zone-hue-row button")
    expect(hues).to_have_count(12)
    before = drawing.editor.get_attribute("data-revision") or ""
    page.locator(".zone-hue-row .is-taken").first.click()
    expect(page.locator(".zone-hue-note")).to_have_text(re.compile("相邻的第.+责任区正在用这个颜色"))
    assert drawing.editor.get_attribute("data-revision") == before
    free = page.locator(".zone-hue-row button:not(.is-taken):not([aria-checked=true])").first
    colour = free.get_attribute("aria-label")
    free.click()
    expect(drawing.editor).not_to_have_attribute("data-revision", before)
    page.keyboard.press("Escape")
    ((stored,),) = drawing.desk.query(
        "SELECT z.colour FROM zone AS z JOIN zone_plan AS p ON p.id = z.plan_id"
        " WHERE p.name = '试色' AND z.name = '第3责任区'"
    )
    assert stored == colour
    _throw_away(drawing, "试色")


def test_others_see_what_is_published_and_change_nothing(desk: Desk) -> None:
    drawing = Drawing(desk)
    drawing.open()
    expect(desk.page.get_by_role("button", name="新草稿")).to_have_count(0)
    expect(desk.page.get_by_role("button", name="清除")).to_have_count(0)
    drawing.stroke((300, 220), (480, 300))
    assert drawing.count_picked() == 0
    drawing.choose("第6责任区")


def test_without_webgl_the_list_and_the_table_still_work(secretary: None, desk: Desk) -> None:
    page = desk.page
    page.add_init_script("HTMLCanvasElement.prototype.getContext = () => null")
    page.goto(f"{desk.server}/zones?community=D")
    expect(page.get_by_text("此浏览器不能显示地图")).to_be_visible()
    expect(page.locator(".zone-row").first).to_be_visible()


def _compare(drawing: Drawing) -> None:
    page = drawing.page
    page.get_by_text("并排比较").click()
    expect(page.locator(".zone-compare")).to_have_attribute("data-drawn", "2")
    moves = page.locator(".zone-moves tbody tr")
    told = int(re.findall(r"换责任区：(\d+) 栋", page.locator(".zone-sum").inner_text())[0])
    expect(moves).to_have_count(told)
    gainer = page.locator(".zone-gains > div", has=page.locator(".is-gain, .is-loss")).first
    gainer.click()
    counts = [int(n) for n in re.findall(r"(\d+) 栋", gainer.inner_text())]
    expect(moves).to_have_count(sum(counts))
    page.get_by_text("并排比较").click()
    drawing.wait()


def _throw_away(drawing: Drawing, name: str) -> None:
    drawing.page.locator(".st-key-zone_drop").get_by_role("button").click()
    drawing.page.locator(".st-key-zone_discard").get_by_role("button").click()
    expect(drawing.find_plan()).not_to_have_value(re.compile(name))


def _lock_zone(drawing: Drawing, name: str) -> None:
    drawing.choose(name)
    before = drawing.editor.get_attribute("data-revision") or ""
    drawing.page.locator(".st-key-zone_menu").get_by_role("button").click()
    drawing.page.get_by_role("button", name="锁定此区").click()
    expect(drawing.editor).not_to_have_attribute("data-revision", before)
    drawing.page.keyboard.press("Escape")


def _appoint_lead(drawing: Drawing, zone: str, lead: str) -> None:
    drawing.choose(zone)
    page = drawing.page
    before = drawing.editor.get_attribute("data-revision") or ""
    page.locator(".st-key-zone_menu").get_by_role("button").click()
    page.get_by_role("combobox", name="负责人").click()
    page.get_by_role("option", name=lead).click()
    expect(drawing.editor).not_to_have_attribute("data-revision", before)
    page.keyboard.press("Escape")


def _take_suggestion(drawing: Drawing) -> None:
    page = drawing.page
    before = drawing.editor.get_attribute("data-revision") or ""
    page.locator(".st-key-zone_wish").get_by_role("button").click()
    page.locator(".st-key-wish_start").get_by_role("button").click()
    take = page.locator(".st-key-wish_take_steadiest").get_by_role("button")
    stop = page.locator(".st-key-wish_stop").get_by_role("button")
    offer = page.get_by_text("变动最少").first
    expect(offer).to_be_visible()
    top = _find_top(offer)
    stop.click()
    expect(page.get_by_text("搜索已结束")).to_be_visible()
    expect(take).to_be_visible()
    assert _find_top(offer) == pytest.approx(top, abs=2), "what is clicked must not move away"
    take.click()
    expect(drawing.editor).not_to_have_attribute("data-revision", before)


def _find_top(part: Locator) -> float:
    box = part.bounding_box()
    assert box is not None
    return box["y"]
