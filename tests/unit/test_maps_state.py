"""What the address of a map page says, and what of nonsense in it."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.models.map_page import read_point
from dashboard.models.map_state import (
    LAYERS,
    MapState,
    PlaceKey,
    View,
    fit_view,
    format_layers,
    format_place,
    format_view,
    parse_map_state,
    parse_place,
    parse_view,
)

degrees_north = st.floats(-85, 85)
degrees_east = st.floats(-180, 180)


def test_an_address_that_says_nothing_shows_every_layer() -> None:
    assert parse_map_state({}) == MapState(community=None, layers=LAYERS, selected=None, view=None)


def test_no_layer_at_all_is_a_choice_too() -> None:
    assert parse_map_state({"layers": ""}).layers == ()
    assert format_layers(()) == ""


def test_layers_come_in_drawing_order_and_unknown_ones_are_left_out() -> None:
    assert parse_map_state({"layers": "buildings,secrets,grids"}).layers == ("grids", "buildings")


@given(st.sets(st.sampled_from(LAYERS)))
def test_layers_survive_the_address(chosen: set[str]) -> None:
    written = format_layers(tuple(chosen))
    params = {} if written is None else {"layers": written}
    assert set(parse_map_state(params).layers) == chosen


@pytest.mark.parametrize(
    "nonsense",
    [
        "",
        "buildings",
        "buildings-",
        "buildings--1",
        "buildings-1.5",
        "secrets-1",
        "buildings-٣",
        "buildings-" + "9" * 19,
    ],
)
def test_a_place_that_cannot_be_is_not_selected(nonsense: str) -> None:
    assert parse_place(nonsense) is None


def test_a_place_survives_the_address() -> None:
    place = PlaceKey("compounds", 9_007_199_254_740_993)
    assert parse_place(format_place(place) or "") == place


@pytest.mark.parametrize(
    "nonsense",
    ["", "24", "24_109", "24_109_15_1", "a_b_c", "nan_109_15", "24_109_inf", "86_109_15", "24_181_15"],
)
def test_a_view_that_cannot_be_is_not_taken(nonsense: str) -> None:
    assert parse_view(nonsense) is None


@given(degrees_north, degrees_east, st.floats(3, 20))
def test_a_view_survives_the_address_to_the_metre(latitude: float, longitude: float, zoom: float) -> None:
    again = parse_view(format_view(View(latitude, longitude, zoom)))
    assert again is not None
    assert math.isclose(again.latitude, latitude, abs_tol=1e-5)
    assert math.isclose(again.longitude, longitude, abs_tol=1e-5)
    assert math.isclose(again.zoom, zoom, abs_tol=1e-2)


def test_zoom_stays_where_maps_are() -> None:
    view = parse_view("24_109_99")
    assert view is not None
    assert view.zoom == 20


@given(st.floats(15, 50), st.floats(75, 130), st.floats(0.001, 2), st.floats(0.001, 2))
def test_a_fitted_box_touches_an_edge_and_overlaps_none(
    south: float, west: float, height: float, width: float
) -> None:
    east, north = west + width, south + height
    view = fit_view(west, south, east, north, width_px=900, height_px=500)
    if view.zoom == 20:
        return
    world_px = 512 * 2**view.zoom

    def down_px(latitude: float) -> float:
        return -math.log(math.tan(math.pi / 4 + math.radians(latitude) / 2)) / math.tau * world_px

    width_px = width / 360 * world_px
    height_px = down_px(south) - down_px(north)
    assert max(width_px / 900, height_px / 500) == pytest.approx(1, abs=1e-6)
    assert down_px(view.latitude) == pytest.approx((down_px(south) + down_px(north)) / 2, abs=1e-3)
    assert view.longitude == pytest.approx((west + east) / 2)


@pytest.mark.parametrize(
    ("words", "point"),
    [
        ("120.16421, 30.25113", (120.16421, 30.25113)),
        (" 30.25113，120.16421 ", (120.16421, 30.25113)),
        ("30.25113 120.16421", (120.16421, 30.25113)),
        ("120.1", None),
        ("1.5, 2.5", None),
        ("120.1, 110.2", None),
        ("3栋 2.5", None),
        ("", None),
    ],
)
def test_a_point_is_read_in_either_order(words: str, point: tuple[float, float] | None) -> None:
    assert read_point(words) == point
