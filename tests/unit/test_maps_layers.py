"""What the layers of the map ask for and how they are drawn."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from dashboard.maps import palette
from dashboard.maps.deck import build_city_deck, build_community_deck
from dashboard.maps.palette import rgba
from dashboard.models.map_page import incident_tile_url, list_urls
from dashboard.models.map_state import LAYERS, View

NOW = datetime(2026, 11, 22, 4, 5, 6, tzinfo=UTC)
TAGS = {layer: f"{number}-abc" for number, layer in enumerate(("ground", "communities", "labels", *LAYERS))}
OUTLINE = {"type": "Point", "coordinates": [109.4, 24.3]}


def draw(switched_on: tuple[str, ...] = LAYERS, selection: dict[str, Any] | None = None) -> dict[str, Any]:
    deck = build_community_deck(
        list_urls(TAGS, "D 社区"), switched_on, selection, View(24.3, 109.4, 15), NOW, is_near=False
    )
    spec: dict[str, Any] = json.loads(deck.to_json())
    return spec


def list_layers(spec: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {layer["id"]: layer for layer in spec["layers"]}


def test_no_base_map_is_asked_for() -> None:
    spec = draw()
    assert not spec.get("mapProvider")
    # What pydeck writes where it is not told; at an empty style Streamlit would take one from the internet.
    assert spec["mapStyle"] == "__MAP_STYLE__"
    assert "http" not in json.dumps(spec)


def test_data_come_by_address_and_never_in_the_description() -> None:
    for layer in list_layers(draw()).values():
        assert layer["data"].startswith("/features/"), layer["id"]
        assert "community=D%20%E7%A4%BE%E5%8C%BA&" in layer["data"]


def test_an_address_names_the_state_of_its_own_layer() -> None:
    urls = list_urls(TAGS, None)
    assert urls["grids"] == f"/features/grids.geojson?v={TAGS['grids']}"
    assert urls["incidents"] == f"/features/incidents.geojson?open=1&v={TAGS['incidents']}"
    assert incident_tile_url(TAGS) == f"/tiles/incidents/{{z}}/{{x}}/{{y}}.mvt?v={TAGS['incidents']}"


@pytest.mark.parametrize("switched_off", LAYERS)
def test_a_layer_switched_off_is_not_drawn(switched_off: str) -> None:
    left = list_layers(draw(tuple(layer for layer in LAYERS if layer != switched_off)))
    assert not [layer_id for layer_id in left if layer_id.startswith(switched_off)]
    assert {"ground", "labels"} <= set(left)


def test_three_no_compounds_are_hatched_over_the_buildings() -> None:
    order = list(list_layers(draw()))
    assert order.index("buildings") < order.index("compounds-three-no")
    hatch = list_layers(draw())["compounds-three-no"]
    assert hatch["extensions"] == [{"@@type": "FillStyleExtension", "pattern": True}]
    assert hatch["fillPatternAtlas"].startswith("data:image/png;base64,")
    assert str(rgba(palette.THREE_NO)[:3])[1:-1] in hatch["_subLayerProps"]["polygons-fill"]["getFillColor"]


def test_an_incident_is_overdue_by_the_clock_it_is_drawn_at() -> None:
    incidents = list_layers(draw())["incidents"]
    assert "'2026-11-22T04:05'" in incidents["_subLayerProps"]["points-circle"]["getFillColor"]
    # Without a trigger deck.gl would keep the colours of the first drawing.
    assert incidents["updateTriggers"] == {"getFillColor": "2026-11-22T04:05"}


def test_nothing_that_streamlit_would_dim_is_given_to_a_layer_itself() -> None:
    assert not [layer_id for layer_id, layer in list_layers(draw()).items() if "getFillColor" in layer]


def test_what_is_selected_is_drawn_last() -> None:
    selection = draw(selection=OUTLINE)["layers"][-1]
    assert selection["id"] == "selection"
    assert selection["data"]["features"][0]["geometry"] == OUTLINE
    assert selection["pickable"] is False
    assert "selection" not in list_layers(draw())


def test_chinese_labels_get_their_characters() -> None:
    assert list_layers(draw())["labels"]["textCharacterSet"] == "auto"


def test_a_city_is_drawn_as_tiles_by_a_worker_of_our_own() -> None:
    deck = build_city_deck(
        list_urls(TAGS, None), incident_tile_url(TAGS), "/vendor/worker.js", None, View(24, 109, 11)
    )
    layers = list_layers(json.loads(deck.to_json()))
    assert set(layers) == {"communities", "incident-tiles", "labels"}
    assert layers["incident-tiles"]["data"] == incident_tile_url(TAGS)
    assert layers["incident-tiles"]["loadOptions"] == {"mvt": {"workerUrl": "/vendor/worker.js"}}
    assert layers["communities"]["pickable"] is True
