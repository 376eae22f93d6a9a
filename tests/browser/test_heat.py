"""Heat in a real browser without any network: weeks play, cells open, periods compare, pictures tell."""

import csv
import io
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Download, expect

from tests.browser.desk import Desk

NOTICE = "示意图，不作为界线依据"
# What a picture is written with, kept for the test.
SPY = """
window.written = [];
const write = CanvasRenderingContext2D.prototype.fillText;
CanvasRenderingContext2D.prototype.fillText = function (text, ...rest) {
  window.written.push(String(text));
  return write.call(this, text, ...rest);
};
"""


@dataclass
class Heat:
    """Somebody at the heat page of community D."""

    desk: Desk

    def __post_init__(self) -> None:
        self.page = self.desk.page
        self.map = self.page.locator(".heat-map")

    def open(self, **params: str) -> None:
        """Open the page, and wait until the map is painted and at rest."""
        self.page.goto(f"{self.desk.server}/heat?{urlencode({'community': 'D'} | params)}")
        self.wait()

    def wait(self) -> None:
        """Wait until what is asked for has been drawn, and nothing moves any more."""
        expect(self.map).to_have_attribute("data-drawn", re.compile("patterns"))
        self.page.wait_for_load_state("networkidle")
        self.read_at_rest()

    def read_at_rest(self) -> np.ndarray[Any, np.dtype[np.uint8]]:
        """Return the pixels of the first pane once they no longer change."""
        before = self.read_pixels()
        for _ in range(100):
            self.page.wait_for_timeout(400)
            now = self.read_pixels()
            if before.shape == now.shape and np.array_equal(before, now):
                return now
            before = now
        msg = "the map never came to rest"
        raise AssertionError(msg)

    def read_pixels(self, pane: int = 0) -> np.ndarray[Any, np.dtype[np.uint8]]:
        picture = self.page.locator(".heat-pane").nth(pane).screenshot()
        return np.asarray(Image.open(io.BytesIO(picture)).convert("RGB"))

    def locate(self, longitude: float, latitude: float) -> tuple[float, float]:
        """Return where a place is in the pane, as long as the map shows all of the community."""
        ((west, south, east, north),) = self.desk.query(
            "SELECT ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom)"
            " FROM community WHERE code = 'D'"
        )
        box = self.page.locator(".heat-pane").first.bounding_box()
        assert box is not None
        # One pixel of frame around the map, ten within it that are kept free.
        wide, high = box["width"] - 22, box["height"] - 22
        top, bottom = _mercator(north), _mercator(south)
        scale = min(wide / math.radians(east - west), high / (top - bottom))
        x = box["width"] / 2 + math.radians(longitude - (west + east) / 2) * scale
        y = box["height"] / 2 + ((top + bottom) / 2 - _mercator(latitude)) * scale
        return x, y

    def download(self, button: str) -> Download:
        with self.page.expect_download() as waiting:
            self.page.get_by_role("button", name=button).click()
        return waiting.value


@pytest.fixture
def heat(desk: Desk) -> Heat:
    return Heat(desk)


def test_the_weeks_play_and_are_fetched_once(heat: Heat) -> None:
    asked: list[str] = []
    heat.page.on("request", lambda request: asked.append(request.url))
    heat.open(category="E4", measure="count")
    whole = heat.read_pixels()
    asked.clear()
    heat.page.get_by_role("button", name="播放").click()
    # Whoever looks once a second does not see every week.
    expect(heat.map).to_have_attribute("data-frame", re.compile(r"^([3-9]|\d\d)$"))
    heat.page.get_by_role("button", name="暂停").click()
    assert len([url for url in asked if "/patterns/" in url]) == 1
    week = heat.page.locator(".heat-week").inner_text()
    assert re.fullmatch(r"\d{4}-\d\d-\d\d 至 \d{4}-\d\d-\d\d · \d+ 件", week)
    heat.desk.wait_until(
        lambda: not np.array_equal(heat.read_pixels(), whole), "a week looks like all of them"
    )
    heat.page.locator(".heat-slider").focus()
    heat.page.keyboard.press("End")
    expect(heat.map).to_have_attribute("data-frame", "48")
    expect(heat.page).to_have_url(re.compile(r"[?&]week=48(&|$)"))
    heat.page.reload()
    expect(heat.map).to_have_attribute("data-frame", "48")
    heat.wait()
    heat.page.get_by_role("button", name="整段").click()
    expect(heat.map).not_to_have_attribute("data-frame", re.compile(".*"))
    heat.desk.wait_until(lambda: np.array_equal(heat.read_pixels(), whole), "all weeks look different now")


def test_a_cell_that_is_clicked_opens_with_its_cases_rate_weeks_and_neighbours(heat: Heat) -> None:
    heat.open(unit="compound")
    ((compound, name, longitude, latitude),) = heat.desk.query(
        "SELECT c.id, c.name, ST_X(p), ST_Y(p) FROM compound AS c, ST_PointOnSurface(c.geom) AS p"
        " WHERE c.community_id = (SELECT id FROM community WHERE code = 'D')"
        " ORDER BY ST_Area(c.geom) DESC LIMIT 1"
    )
    x, y = heat.locate(longitude, latitude)
    heat.page.locator(".heat-pane").click(position={"x": x, "y": y})
    card = heat.page.locator(".st-key-heat_card")
    expect(card.locator("h4")).to_have_text(name)
    expect(heat.page).to_have_url(re.compile(rf"[?&]cell={compound}(&|$)"))
    # The card is there before all that is in it.
    line, cases = card.locator("img.heat-line"), card.get_by_text("这里的全部事件")
    expect(line).to_have_js_property("complete", True)
    expect(cases).to_be_visible()
    told = card.inner_text()
    assert re.search(r"件数\s+[\d,]+ 件", told)
    assert re.search(r"每千户每 30 天\s+[\d.]+ \([\d.]+–[\d.]+\)", told)
    assert line.evaluate("picture => picture.naturalWidth") > 100
    ((shown,),) = heat.desk.query(
        "SELECT count(*) FROM incident AS i JOIN building AS b ON b.id = i.building_id"
        " JOIN category AS c ON c.code = i.category_code"
        " WHERE b.compound_id = %s AND i.sensitivity = 'S1' AND c.sensitivity = 'S1'"
        " AND i.state NOT IN ('rejected', 'voided')"
        " AND i.reported_at >= CAST(now() AT TIME ZONE 'Asia/Shanghai' AS date) - 363 - interval '8 hours'",
        compound,
    )
    number = re.search(r"件数\s+([\d,]+) 件", told)
    assert number is not None
    assert int(number[1].replace(",", "")) == shown
    cases.click()
    heat.page.wait_for_url("**/incidents?**")
    assert heat.desk.read_address()["place"] == f"compounds-{compound}"


def test_two_periods_stand_side_by_side_with_their_difference(heat: Heat) -> None:
    heat.open(category="E4", compare="previous", days="168")
    expect(heat.page.locator(".heat-pane")).to_have_count(3)
    titles = heat.page.locator(".heat-pane h5").all_inner_texts()
    assert titles[0] < titles[1]
    assert "差异" in titles[2]
    difference = heat.read_pixels(2).astype(int)
    orange = np.abs(difference - (0xC7, 0x5A, 0x00)).max(axis=2) <= 40
    assert orange.sum() > 40
    assert not (np.abs(heat.read_pixels(1).astype(int) - (0xC7, 0x5A, 0x00)).max(axis=2) <= 40).any()
    assert len(re.findall(r"n = [\d,]+ 件", heat.page.locator(".st-key-heat_told").inner_text())) == 2


def test_what_nobody_has_looked_at_is_hatched_and_said(heat: Heat) -> None:
    heat.open(unit="building")
    cells = heat.page.evaluate("fetch(document.querySelector('.heat-map').dataset.key).then(a => a.json())")
    unknown = cells["unknown"]
    assert unknown
    known = [cells["ids"][row] for row in np.argsort(cells["count"])[-3:].tolist()]
    # A name may be written over one of them: then another is looked at.
    striped = next((found for each in unknown[:2] if (found := _measure_stripes(heat, each)) > 12), 0.0)
    assert striped > 12
    assert any(striped > 1.4 * _measure_stripes(heat, building) for building in known)
    x, y = heat.locate(*_find_anchor(heat, unknown[0]))
    heat.page.locator(".heat-pane").click(position={"x": x, "y": y})
    expect(heat.page.locator(".st-key-heat_card")).to_contain_text("既无事件也无走访，不等于平安")


def test_the_picture_says_what_it_shows_and_that_it_is_a_sketch(heat: Heat, tmp_path: Path) -> None:
    heat.page.add_init_script(SPY)
    heat.open(category="E4", compare="previous", days="168")
    target = tmp_path / "heat.png"
    heat.download("导出图片").save_as(target)
    picture = np.asarray(Image.open(target).convert("RGB"))
    assert picture.shape[0] > 500
    assert picture.shape[1] > 900
    # The maps are in it: many colours where they lie.
    middle = picture[150:-120]
    assert len(np.unique(middle.reshape(-1, 3), axis=0)) > 200
    written = heat.page.evaluate("window.written")
    assert NOTICE in written
    told = heat.page.locator(".st-key-heat_told").inner_text().split("\n")
    assert [line for line in told if line.strip() and line not in written] == []
    assert any("街道领导" in line for line in written)
    assert any(line.startswith("确有变化") for line in written)
    kept = "SELECT count(*) > 0 FROM audit_log WHERE details ->> 'kind' = 'png'"
    heat.desk.wait_until(lambda: heat.desk.query(kept) == [(True,)], "nobody wrote down who took it away")


def test_the_table_has_every_cell_and_the_notice(heat: Heat, tmp_path: Path) -> None:
    heat.open(unit="compound")
    heat.page.locator(".st-key-heat_export button").first.click()
    target = tmp_path / "heat.csv"
    heat.download("CSV").save_as(target)
    rows = list(csv.reader(target.read_text(encoding="utf-8-sig").splitlines()))
    ((compounds,),) = heat.desk.query(
        "SELECT count(*) FROM compound WHERE community_id = (SELECT id FROM community WHERE code = 'D')"
    )
    assert sum(row[0].isdigit() for row in rows) == compounds
    assert any(NOTICE in row[0] for row in rows)


def test_what_is_chosen_stands_in_the_address(heat: Heat) -> None:
    heat.open()
    heat.page.locator(".st-key-heat_bar").get_by_text("热点", exact=True).click()
    heat.page.wait_for_url("**measure=hot**")
    heat.page.locator(".st-key-heat_bar").get_by_text("小区", exact=True).click()
    heat.page.wait_for_url("**unit=compound**")
    assert heat.desk.read_address() | {"measure": "hot", "unit": "compound"} == heat.desk.read_address()
    heat.wait()
    heat.page.reload()
    heat.wait()
    expect(heat.page.locator(".st-key-heat_told")).to_contain_text("按小区")


def _measure_stripes(heat: Heat, building: int) -> float:
    """Return how much light and dark change in the middle of a building, looked at closely, and step back."""
    box = heat.page.locator(".heat-pane").first.bounding_box()
    assert box is not None
    x, y = heat.locate(*_find_anchor(heat, building))
    far = heat.read_pixels()

    def zoom(way: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
        heat.page.mouse.move(box["x"] + x, box["y"] + y)
        # Not so closely that its name is written over it.
        for _ in range(3):
            heat.page.mouse.wheel(0, way * 240)
            heat.page.wait_for_timeout(150)
        heat.page.mouse.move(box["x"] + 5, box["y"] + 5)
        return heat.read_at_rest()

    near = zoom(-1).astype(int)
    assert not np.array_equal(near, far)
    zoom(1)
    return float(near[round(y) - 2 : round(y) + 3, round(x) - 6 : round(x) + 7].mean(axis=2).std())


def _find_anchor(heat: Heat, building: int) -> tuple[float, float]:
    (anchor,) = heat.desk.query("SELECT ST_X(anchor), ST_Y(anchor) FROM building WHERE id = %s", building)
    longitude, latitude = anchor
    return longitude, latitude


def _mercator(latitude: float) -> float:
    return math.log(math.tan(math.pi / 4 + math.radians(latitude) / 2))
