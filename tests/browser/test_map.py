"""The map in a real browser without any network: what is seen, what a click finds, what the address keeps."""

import re

import numpy as np
import pytest
from playwright.sync_api import Request, WebSocket, expect

from dashboard.maps import palette
from tests.browser.desk import Desk

LAYERS = ("grids", "compounds", "buildings", "merchants", "incidents")


def test_the_map_opens_on_the_whole_community_without_scrolling_sideways(desk: Desk) -> None:
    desk.open_map()
    width = desk.page.evaluate("document.documentElement.scrollWidth")
    assert width <= 1366
    west, south, east, north = desk.query(
        "SELECT ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom) FROM community WHERE code = 'D'"
    )[0]
    shape = desk.read_pixels().shape
    for longitude, latitude in ((west, south), (east, north)):
        x, y = desk.locate(longitude, latitude)
        assert 0 <= x <= shape[1]
        assert 0 <= y <= shape[0]


def test_every_layer_is_seen_and_can_be_switched_off(desk: Desk) -> None:
    place = desk.find_spot("compound", "is_three_no")
    desk.open_at(place.longitude, place.latitude, zoom=15.5, layers="")
    left = list(LAYERS)
    before = desk.read_pixels().astype(int)
    for number, layer in enumerate(LAYERS):
        desk.page.locator(".st-key-layers button").nth(number).click()
        left.remove(layer)
        shown = "%2C".join(other for other in LAYERS if other not in left)
        if left:
            expect(desk.page).to_have_url(re.compile(f"layers={shown}$"))
        else:
            expect(desk.page).not_to_have_url(re.compile("layers="))
        desk.wait_until_drawn()
        now = desk.read_pixels().astype(int)
        changed = np.abs(now - before).max(axis=2) > 8
        assert changed.sum() > 150, f"{layer} cannot be seen"
        before = now


def test_three_no_compounds_are_seen_at_first_glance_and_listed(desk: Desk) -> None:
    desk.open_map()
    three_no = desk.find_spots("compound", "is_three_no")
    assert len(three_no) == 3
    for place in three_no:
        assert desk.count_colour(palette.THREE_NO, around=place, reach_px=40, tolerance=40) > 40, place.name
        expect(desk.page.locator(".st-key-three_no")).to_contain_text(place.name)
    for place in desk.find_spots("compound", "NOT is_three_no AND code < 'C05'"):
        assert desk.count_colour(palette.THREE_NO, around=place, reach_px=8, tolerance=40) == 0, place.name


def test_three_no_compounds_are_hatched_from_near(desk: Desk) -> None:
    place = desk.find_spot("compound", "is_three_no")
    desk.open_at(place.longitude, place.latitude, zoom=17, layers="compounds")
    pixels = desk.read_pixels().astype(int)
    x, y = map(round, desk.locate(place.longitude, place.latitude))
    # Below the name, along one row: stripes of two colours taking turns.
    row = pixels[y + 30, x - 60 : x + 60].sum(axis=1)
    stripes = np.count_nonzero(np.diff((row > row.mean()).astype(int)))
    assert stripes >= 10


def test_names_are_written_in_chinese_characters(desk: Desk) -> None:
    place = desk.find_spot("compound", "NOT is_three_no AND length(name) = 4")
    other = desk.find_spot("compound", f"NOT is_three_no AND length(name) = 4 AND id > {place.id}")
    crops = []
    for spot in (place, other):
        desk.open_at(spot.longitude, spot.latitude, zoom=17, layers="")
        assert desk.count_colour(palette.TEXT, around=spot, reach_px=30, tolerance=60) > 100
        x, y = map(round, desk.locate(spot.longitude, spot.latitude))
        crops.append(desk.read_pixels()[y - 10 : y + 10, x - 30 : x + 30].astype(int))
    # Boxes in place of characters would look the same.
    assert (np.abs(crops[0] - crops[1]).max(axis=2) > 60).sum() > 150


def test_a_click_returns_the_right_building(desk: Desk) -> None:
    middle, *others = desk.query(
        """SELECT id, name, ST_X(anchor), ST_Y(anchor) FROM building AS b, (
            SELECT anchor AS middle FROM building WHERE households > 0 ORDER BY id OFFSET 25 LIMIT 1) AS m
        WHERE ST_DWithin(anchor, middle, 0.0015) ORDER BY ST_Distance(anchor, middle)"""
    )
    _, _, longitude, latitude = middle
    desk.open_at(longitude, latitude, zoom=17.3, layers="grids,compounds,buildings")
    height, width, _ = desk.read_pixels().shape
    clicked = 0
    for building_id, name, longitude, latitude in (middle, *others[2:12:3]):
        x, y = desk.locate(longitude, latitude)
        if 20 < x < width - 20 and 20 < y < height - 20:
            desk.click_map(longitude, latitude, until=desk.find_card(name))
            assert desk.read_address()["selected"] == f"buildings-{building_id}"
            clicked += 1
    assert clicked >= 3


def test_a_card_says_who_holds_the_building_and_what_is_open(desk: Desk) -> None:
    building_id, holder, zone, open_count = desk.query(
        """SELECT b.id, p.name, z.name, count(*) FROM building b
        JOIN building_holder(CAST(now() AT TIME ZONE 'Asia/Shanghai' AS date)) h ON h.building_id = b.id
            AND h.kind = 'grid_worker'
        JOIN party p ON p.id = h.party_id JOIN zone z ON z.id = h.zone_id
        JOIN incident i ON i.building_id = b.id AND i.is_open JOIN mapped_incident m ON m.id = i.id
        GROUP BY b.id, p.name, z.name ORDER BY count(*) DESC, b.id LIMIT 1"""
    )[0]
    place = desk.find_spot("building", f"id = {building_id}")
    desk.open_at(place.longitude, place.latitude, layers="buildings")
    desk.click_map(place.longitude, place.latitude, until=desk.find_card(place.name))
    card = desk.read_card()
    assert holder in card
    assert zone in card
    assert f"未结事件 {open_count}" in card


def test_a_building_that_nobody_holds_says_so(desk: Desk) -> None:
    place = desk.find_spot(
        "building",
        "id NOT IN (SELECT building_id FROM building_holder(CAST(now() AT TIME ZONE 'Asia/Shanghai' AS date))"
        " WHERE kind = 'grid_worker')",
    )
    desk.open_at(place.longitude, place.latitude, layers="buildings")
    desk.click_map(place.longitude, place.latitude, until=desk.find_card(place.name))
    assert "无人负责" in desk.read_card()


def test_a_selected_place_is_outlined_nothing_else_fades_and_a_second_click_closes_it(desk: Desk) -> None:
    place = desk.find_spots("building", "households > 0")[40]
    desk.open_at(place.longitude, place.latitude, layers="buildings")
    buildings = desk.count_colour(palette.BUILDING)
    assert desk.count_colour(palette.ACCENT, around=place) == 0
    desk.click_map(place.longitude, place.latitude, until=desk.find_card(place.name))
    desk.wait_until_drawn()
    assert desk.count_colour(palette.ACCENT, around=place) > 50
    assert desk.count_colour(palette.BUILDING) > 0.6 * buildings
    desk.click_map(place.longitude, place.latitude, until=desk.find_card("D社区"))
    assert "selected" not in desk.read_address()


def test_a_search_moves_the_map_there(desk: Desk) -> None:
    desk.open_map()
    place = desk.find_spots("building", "households > 0 AND compound_id IS NOT NULL")[10]
    desk.page.get_by_placeholder("搜小区").fill(place.name)
    desk.page.keyboard.press("Enter")
    desk.page.locator(".st-key-found button").first.click()
    desk.expect_card(place.name)
    desk.wait_until_drawn()
    x, y = desk.locate(place.longitude, place.latitude)
    height, width, _ = desk.read_pixels().shape
    assert (x, y) == pytest.approx((width / 2, height / 2), abs=2)
    assert desk.count_colour(palette.ACCENT, around=place) > 50, "the map did not follow the address"


@pytest.mark.parametrize(("latitude", "zoom"), [(24.30, 14.0), (24.28, 16.6), (40.0, 15.3), (24.30, 19.2)])
def test_the_scale_bar_is_right_at_its_latitude_and_zoom(desk: Desk, latitude: float, zoom: float) -> None:
    desk.page.goto(f"{desk.server}/map?community=D&at={latitude:.5f}_109.40000_{zoom:.2f}")
    bar = desk.page.locator(".map-scale")
    expect(bar).not_to_be_empty()
    expect(desk.page).to_have_url(re.compile("at="))
    box = bar.bounding_box()
    assert box is not None
    metres = float(bar.get_attribute("data-metres") or "nan")
    assert box["width"] * desk.metres_per_pixel() == pytest.approx(metres, rel=0.01)
    assert 40 <= box["width"] <= 112
    label = f"{metres / 1000:g} 公里" if metres >= 1000 else f"{metres:g} 米"
    expect(bar).to_have_text(label)


def test_the_address_keeps_what_the_map_shows(desk: Desk) -> None:
    place = desk.find_spots("building", "households > 0")[40]
    desk.open_at(place.longitude, place.latitude, layers="buildings,merchants")
    desk.click_map(place.longitude, place.latitude, until=desk.find_card(place.name))
    box = desk.page.locator('[data-testid="stDeckGlJsonChart"]').bounding_box()
    assert box is not None
    desk.page.mouse.move(box["x"] + 300, box["y"] + 300)
    desk.page.mouse.wheel(0, 240)
    expect(desk.page).not_to_have_url(re.compile(r"_18\.00"))
    desk.wait_until_drawn()
    address, picture = desk.read_address(), desk.read_pixels().astype(int)
    assert address["layers"] == "buildings,merchants"

    desk.page.reload()
    desk.wait_until_drawn()
    desk.expect_card(place.name)
    assert desk.read_address() == address
    moved = np.abs(desk.read_pixels().astype(int) - picture).max(axis=2) > 40
    assert moved.mean() < 0.02


def test_map_data_come_once_and_not_through_the_websocket(desk: Desk) -> None:
    fetched: list[str] = []
    received_bytes: list[int] = []

    def watch_request(request: Request) -> None:
        if "/features/" in request.url:
            fetched.append(request.url)

    def watch_websocket(socket: WebSocket) -> None:
        socket.on("framereceived", lambda frame: received_bytes.append(len(frame)))

    desk.page.on("request", watch_request)
    desk.page.on("websocket", watch_websocket)
    desk.open_map()
    assert {url.split("/features/")[1].split(".")[0] for url in fetched} >= {*LAYERS, "ground", "labels"}
    assert all("&v=" in url for url in fetched)
    fetched.clear()
    opening_bytes = sum(received_bytes)
    received_bytes.clear()
    desk.page.locator(".st-key-three_no button").first.click()
    desk.wait_until_drawn()
    assert fetched == []
    assert opening_bytes < 150_000
    assert sum(received_bytes) < 60_000


def test_a_city_shows_incidents_as_hexagons_from_our_own_tiles_and_opens_a_community(desk: Desk) -> None:
    fetched: list[str] = []
    desk.page.on("request", lambda request: fetched.append(request.url.removeprefix(desk.server)))
    desk.open_map(community="*", at="24.29000_109.40000_11.50")
    assert [url for url in fetched if url.startswith("/tiles/incidents/")]
    assert [url for url in fetched if url.startswith("/vendor/") and url.endswith("mvt-worker.js")]
    assert not [url for url in fetched if url.startswith("/features/incidents")]
    row = np.array([int(palette.HEAT[3][i : i + 2], 16) for i in (1, 3, 5)])
    near = np.abs(desk.read_pixels().astype(int) - (0.75 * row + 0.25 * 245)).max(axis=2) < 14
    assert near.sum() > 20
    name, longitude, latitude = desk.query(
        "SELECT name, ST_X(p), ST_Y(p) FROM community, ST_PointOnSurface(geom) AS p WHERE code = 'Y'"
    )[0]
    desk.click_map(longitude, latitude, until=desk.find_card(name))
    assert desk.read_address()["community"] == "Y"


def test_english_is_a_click_away_and_stays(desk: Desk) -> None:
    desk.open_map()
    expect(desk.page.get_by_text("示意图，不作为界线依据")).to_be_visible()
    desk.page.locator(".st-key-language button").click()
    expect(desk.page.get_by_text("Schematic map, not evidence of boundaries")).to_be_visible()
    assert desk.read_address()["lang"] == "en"
    desk.page.reload()
    expect(desk.page.get_by_text("3 three-no compounds")).to_be_visible()
    assert desk.page.evaluate("document.documentElement.scrollWidth") <= 1366
    desk.page.get_by_role("link", name="Draw").click()
    expect(desk.page.get_by_text("Draw an area")).to_be_visible()
