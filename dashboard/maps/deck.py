"""The deck.gl map of the map page, put together from its layers."""

import json
from collections.abc import Mapping, Sequence
from copy import copy
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import pydeck as pdk
from pydeck.bindings.json_tools import default_serialize

from dashboard.maps import cases, imports, layers, palette
from dashboard.maps.coverage import build_gaps
from dashboard.models.coverage_page import CoverageMap
from dashboard.models.map_state import View
from dashboard.models.morning_map import MorningMap

_BENEATH_CASES: Final = ("ground", "communities", "compounds", "buildings", "labels", "incidents")


class Deck(pdk.Deck):  # type: ignore[misc]  # pydeck has no types
    """A deck of pydeck's that is written in one line: only so Python writes JSON by its encoder in C."""

    def to_json(self) -> str:
        """Write what the browser draws."""
        return json.dumps(self, sort_keys=True, default=default_serialize)


def build_community_deck(
    urls: Mapping[str, str],
    switched_on: Sequence[str],
    selection: dict[str, Any] | None,
    view: View,
    now: datetime,
    *,
    is_near: bool,
) -> pdk.Deck:
    """Return the map of one community.

    Args:
        urls: the GeoJSON address of each layer, ``ground``, ``communities`` and ``labels`` included.
        switched_on: the layers to draw beside the ground.
        selection: GeoJSON geometry of the selected place.
        view: where the map opens; deck.gl only moves when this changes.
        now: incidents due before this are overdue.
        is_near: whether buildings have room for their names.
    """
    # Compounds are the ground of grids and buildings, but their hatch must not vanish beneath these; no name
    # may hide an incident.
    parts = {
        "compounds": layers.build_compounds(urls["compounds"]),
        "grids": layers.build_grids(urls["grids"]),
        "buildings": layers.build_buildings(urls["buildings"]),
        "three_no": layers.build_three_no(urls["compounds"]),
        "merchants": layers.build_merchants(urls["merchants"]),
        "labels": layers.build_labels(urls["labels"], is_near=is_near),
        "incidents": cases.build_incidents(urls["incidents"], now),
    }
    shown = {*switched_on, "labels", *({"three_no"} if "compounds" in switched_on else ())}
    drawn = [
        *layers.build_ground(urls["ground"]),
        *layers.build_communities(urls["communities"], pickable=False),
        *(layer for name, built in parts.items() if name in shown for layer in built),
        *(layers.build_selection(selection) if selection else []),
    ]
    return _make_deck(drawn, view)


def build_morning_deck(urls: Mapping[str, str], shown: MorningMap, view: View, now: datetime) -> pdk.Deck:
    """Return the map of a morning: zones by load, what is open, what nobody knows, what to do first.

    Args:
        urls: as for :func:`build_community_deck`, ``zones`` included.
        shown: what is drawn over the community's own layers.
        view: where the map opens.
        now: incidents due before this are overdue.
    """
    drawn = [
        *layers.build_ground(urls["ground"]),
        *layers.build_communities(urls["communities"], pickable=False),
        *layers.build_compounds(urls["compounds"]),
        *layers.build_buildings(urls["buildings"]),
        *cases.build_zone_loads(urls["zones"], shown.load_levels, shown.unheld_zones),
        *cases.build_unknown(urls["buildings"], shown.unknown_buildings),
        *layers.build_three_no(urls["compounds"]),
        *layers.build_labels(urls["labels"], is_near=False, lowest_rank=2),
        *cases.build_incidents(urls["incidents"], now, shown.amber_cases),
        *cases.build_numbers(shown.numbers),
    ]
    return _make_deck(drawn, view)


def build_cases_deck(
    urls: Mapping[str, str],
    points: dict[str, Any],
    selected: tuple[float, float] | None,
    view: View,
    *,
    is_near: bool,
) -> pdk.Deck:
    """Return the map beside the list of cases: those on the page by their clocks, the other open ones pale.

    Args:
        urls: as for :func:`build_community_deck`.
        points: the cases on the page, as GeoJSON.
        selected: longitude and latitude of the one that is open.
        view: where the map opens.
        is_near: whether buildings have room for their names.
    """
    ring = {"type": "Point", "coordinates": list(selected)} if selected else None
    drawn = [
        *_build_beneath_cases(*(urls[name] for name in _BENEATH_CASES), is_near=is_near),
        *cases.build_cases(points),
        *(layers.build_selection(ring) if ring else []),
    ]
    return _make_deck(drawn, view)


def build_spots_deck(
    urls: Mapping[str, str],
    numbers: Sequence[tuple[int, float, float]],
    selected: tuple[float, float] | None,
    view: View,
) -> pdk.Deck:
    """Return the map beside a list of places: each as a disc with its position in the list.

    Args:
        urls: as for :func:`build_community_deck`.
        numbers: position, longitude and latitude of each place.
        selected: longitude and latitude of the one that is open.
        view: where the map opens.
    """
    ring = {"type": "Point", "coordinates": list(selected)} if selected else None
    drawn = [
        *layers.build_ground(urls["ground"]),
        *layers.build_communities(urls["communities"], pickable=False),
        *layers.build_compounds(urls["compounds"]),
        *layers.build_buildings(urls["buildings"]),
        *layers.build_three_no(urls["compounds"]),
        *layers.build_labels(urls["labels"], is_near=False, lowest_rank=2),
        *cases.build_numbers(numbers),
        *(layers.build_selection(ring) if ring else []),
    ]
    return _make_deck(drawn, view)


def build_coverage_deck(urls: Mapping[str, str], shown: CoverageMap, view: View) -> pdk.Deck:
    """Return the map of what is not covered.

    Args:
        urls: as for :func:`build_community_deck`.
        shown: what is marked.
        view: where the map opens.
    """
    drawn = [
        *layers.build_ground(urls["ground"]),
        *layers.build_communities(urls["communities"], pickable=False),
        *layers.build_compounds(urls["compounds"]),
        *layers.build_grids(urls["grids"]),
        *layers.build_buildings(urls["buildings"]),
        *build_gaps(urls["buildings"], shown),
        *layers.build_labels(urls["labels"], is_near=False, lowest_rank=2),
    ]
    return _make_deck(drawn, view)


def build_hypothesis_deck(
    urls: Mapping[str, str],
    crs: str,
    features: Mapping[str, Any] | None,
    others: Mapping[str, Any] | None,
    view: View,
) -> pdk.Deck:
    """Return the map on which it is seen whether a coordinate system fits: a file over what is known.

    Args:
        urls: as for :func:`build_community_deck`.
        crs: the coordinate system.
        features: the features as they lie in it, GeoJSON in EPSG:4490 degrees.
        others: the same as they would lie in the next best.
        view: where the map opens.
    """
    drawn = [
        *_build_known(urls),
        *imports.build_file(f"file-not-{crs}", others, palette.CHANGE[-1]),
        *imports.build_file(f"file-{crs}", features, palette.ACCENT),
    ]
    return _make_deck(drawn, view)


def build_import_deck(
    urls: Mapping[str, str],
    features: Mapping[str, Any] | None,
    land: Mapping[str, Any] | None,
    view: View,
) -> pdk.Deck:
    """Return the map of what becomes of a file's rows.

    Args:
        urls: as for :func:`build_community_deck`.
        features: the rows with their ``state``, GeoJSON in EPSG:4490 degrees.
        land: where grids overlap or leave land between them.
        view: where the map opens.
    """
    return _make_deck([*_build_known(urls), *imports.build_rows(features), *imports.build_land(land)], view)


def _build_known(urls: Mapping[str, str]) -> list[pdk.Layer]:
    return [
        *layers.build_ground(urls["ground"]),
        *layers.build_communities(urls["communities"], pickable=False),
        *layers.build_compounds(urls["compounds"]),
        *layers.build_grids(urls["grids"]),
        *layers.build_buildings(urls["buildings"]),
        *layers.build_labels(urls["labels"], is_near=False, lowest_rank=2),
    ]


# Everybody's page asks for these with each click; the addresses change with the layers.
@lru_cache(maxsize=256)
def _build_beneath_cases(
    ground: str,
    communities: str,
    compounds: str,
    buildings: str,
    labels: str,
    incidents: str,
    *,
    is_near: bool,
) -> tuple[pdk.Layer, ...]:
    return (
        *layers.build_ground(ground),
        *layers.build_communities(communities, pickable=False),
        *layers.build_compounds(compounds),
        *layers.build_buildings(buildings),
        *layers.build_three_no(compounds),
        *layers.build_labels(labels, is_near=is_near),
        *cases.build_other_cases(incidents),
    )


def build_city_deck(
    urls: Mapping[str, str], tile_url: str, worker_url: str, selection: dict[str, Any] | None, view: View
) -> pdk.Deck:
    """Return the map of all communities together: outlines, and incidents as hexagons."""
    drawn = [
        *layers.build_communities(urls["communities"], pickable=True),
        *cases.build_incident_tiles(tile_url, worker_url),
        *layers.build_labels(urls["labels"], is_near=False),
        *(layers.build_selection(selection) if selection else []),
    ]
    return _make_deck(drawn, view)


def _make_deck(drawn: Sequence[pdk.Layer], view: View) -> pdk.Deck:
    deck = copy(_make_empty_deck(view))
    deck.layers = list(drawn)
    return deck


# For each new deck pydeck looks in all folders of Python for a notebook's widgets, and finds none.
@lru_cache(maxsize=1024)
def _make_empty_deck(view: View) -> Deck:
    return Deck(
        map_provider=None,
        views=[pdk.View("MapView", controller={"dragRotate": False, "touchRotate": False, "keyboard": True})],
        initial_view_state=pdk.ViewState(
            latitude=view.latitude, longitude=view.longitude, zoom=view.zoom, min_zoom=3, max_zoom=20
        ),
        tooltip={"text": "{name}"},
    )
