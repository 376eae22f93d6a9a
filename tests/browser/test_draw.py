"""An area drawn on the folium map, without any network, returns what it measures."""

import re

import pytest
from playwright.sync_api import FrameLocator, expect

from tests.browser.desk import Desk

CORNERS = ((300, 200), (420, 200), (420, 380), (300, 380))
WIDTH_PX, HEIGHT_PX = 120, 180


def open_drawing(desk: Desk) -> FrameLocator:
    desk.page.goto(f"{desk.server}/map?community=D")
    desk.page.get_by_role("link", name="圈画").click()
    frame = desk.page.frame_locator('iframe[title^="streamlit_folium"]')
    expect(frame.locator(".leaflet-draw-draw-polygon")).to_be_visible()
    expect(frame.locator(".leaflet-overlay-pane canvas")).to_be_visible()
    return frame


def draw_polygon(desk: Desk, frame: FrameLocator) -> None:
    frame.locator(".leaflet-draw-draw-polygon").click()
    box = frame.locator(".leaflet-container").bounding_box()
    assert box is not None
    for number, (x, y) in enumerate(CORNERS, start=1):
        desk.page.mouse.move(box["x"] + x, box["y"] + y)
        # Leaflet.draw takes no point for a moment after the last one.
        desk.page.wait_for_timeout(500)
        desk.page.mouse.click(box["x"] + x, box["y"] + y)
        expect(frame.locator(".leaflet-marker-pane .leaflet-editing-icon")).to_have_count(number)
    first = frame.locator(".leaflet-marker-pane .leaflet-editing-icon").first
    first.click(force=True)
    expect(frame.locator(".leaflet-marker-pane .leaflet-editing-icon")).to_have_count(0)


def test_a_drawn_polygon_returns_its_area_and_who_lives_in_it(desk: Desk) -> None:
    frame = open_drawing(desk)
    scale = frame.locator(".leaflet-control-scale-line")
    expect(scale).to_have_text(re.compile(r"\d+ (m|km)"))
    number, unit = (scale.text_content() or "").split()
    metres = float(number) * (1000 if unit == "km" else 1)
    bar_px = float(scale.evaluate("node => parseFloat(node.style.width)"))
    drawn_m2 = WIDTH_PX * HEIGHT_PX * (metres / bar_px) ** 2

    draw_polygon(desk, frame)
    figures = desk.page.locator('[data-testid="stMetricValue"]')
    expect(figures).to_have_count(4)
    area, buildings, households, residents = (
        int(re.sub(r"[^\d]", "", value)) for value in figures.all_text_contents()
    )
    # Leaflet rounds the length of its scale bar to a pixel.
    assert area == pytest.approx(drawn_m2, rel=0.05)
    assert 0 < buildings < households < residents < 35_000


def test_the_tool_speaks_the_language_of_the_page(desk: Desk) -> None:
    frame = open_drawing(desk)
    expect(frame.locator(".leaflet-draw-draw-polygon")).to_have_attribute("title", "画多边形")
    desk.page.locator(".st-key-language button").click()
    expect(frame.locator(".leaflet-draw-draw-polygon")).to_have_attribute("title", "Draw a polygon")
