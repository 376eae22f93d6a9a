"""The map page: which community, which layers, what stands beside the map."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from dashboard.i18n import Text
from dashboard.models.map_state import LAYERS, PlaceKey, View
from dashboard.models.place_card import name_layer
from geo.store.places import Community, FoundPlace, PlaceCounts, ThreeNoCompound

ALL: Final = "*"
_POINT: Final = re.compile(r"(\d{1,3}\.\d+)[\s,，;]+(\d{1,3}\.\d+)")
_LEAST_LONGITUDE: Final = 60.0
_MOST_LONGITUDE: Final = 140.0
_LAYER_TITLES: Final = {
    "grids": "layers.grids",
    "compounds": "layers.compounds",
    "buildings": "layers.buildings",
    "merchants": "layers.merchants",
    "incidents": "layers.incidents",
}


@dataclass(frozen=True)
class LegendEntry:
    """One line of the legend: ``mark`` names the drawing, as the style sheet of the map frame knows it."""

    mark: str
    label: str


@dataclass(frozen=True)
class ListEntry:
    """A line in a list beside the map that opens a place when clicked."""

    place: PlaceKey
    community: str | None
    title: str
    detail: str


def choose_community(communities: Sequence[Community], code: str | None) -> Community | None:
    """Return the community to show: the one asked for, or the only one; None stands for all together."""
    for community in communities:
        if community.code == code:
            return community
    return communities[0] if len(communities) == 1 else None


def list_choices(communities: Sequence[Community], text: Text) -> dict[str, str]:
    """Return code and title of what can be chosen, all together first where there are several."""
    everything = {ALL: text("map.all_communities")} if len(communities) > 1 else {}
    return everything | {community.code: community.name for community in communities}


def read_point(words: str) -> tuple[float, float] | None:
    """Return the point that somebody wrote instead of a name, longitude first; None where it is none.

    Latitude and longitude in either order: in China the one is never as large as the other.
    """
    found = _POINT.fullmatch(words.strip())
    if found is None:
        return None
    one, other = sorted(map(float, found.groups()), reverse=True)
    return (one, other) if other < _LEAST_LONGITUDE <= one <= _MOST_LONGITUDE else None


def name_layers(counts: PlaceCounts, text: Text) -> dict[str, str]:
    """Return the layers that can be switched, each with how much there is in it."""
    numbers = {
        "grids": counts.grids,
        "compounds": counts.compounds,
        "buildings": counts.buildings,
        "merchants": counts.merchants,
        "incidents": counts.open_incidents,
    }
    titles = {layer: f"{text(_LAYER_TITLES[layer])} {text.number(numbers[layer])}" for layer in LAYERS}
    if counts.unplaced_incidents:
        waiting = text("unplaced.waiting", n=counts.unplaced_incidents)
        titles["incidents"] = text.join([titles["incidents"], waiting])
    return titles


def summarise_city(communities: int, counts: PlaceCounts, text: Text) -> str:
    """Return the size of all communities together, in one line."""
    return text.join(
        [
            text("count.communities", n=communities),
            text("count.compounds", n=counts.compounds),
            text("count.buildings", n=counts.buildings),
            text("count.households", n=counts.households),
            text("count.residents", n=counts.residents),
        ]
    )


def build_legend(layers: Sequence[str], *, is_city: bool, text: Text) -> list[LegendEntry]:
    """Return what the marks on the map mean, for the layers that are on."""
    if is_city:
        return [
            LegendEntry("community", text("layer.community")),
            LegendEntry("hexagon", text("legend.incidents_in_hexagon")),
            LegendEntry("incident", text("layer.incident")),
        ]
    entries = {
        "grids": [LegendEntry("grid", text("layer.grid"))],
        "compounds": [
            LegendEntry("compound", text("layer.compound")),
            LegendEntry("three-no", text("legend.three_no")),
        ],
        "buildings": [LegendEntry("building", text("layer.building"))],
        "merchants": [
            LegendEntry("merchant", text("layer.merchant")),
            LegendEntry("partner", text("merchant.partner")),
        ],
        "incidents": [
            LegendEntry("in-time", text("legend.in_time")),
            LegendEntry("overdue", text("legend.overdue")),
        ],
    }
    return [entry for layer in layers for entry in entries[layer]]


def list_three_no_entries(compounds: Sequence[ThreeNoCompound], text: Text) -> list[ListEntry]:
    """Return the three-no compounds as lines to click."""
    return [
        ListEntry(
            place=PlaceKey("compounds", compound.id),
            community=None,
            title=compound.name,
            detail=text.join(
                [
                    text("count.buildings", n=compound.buildings),
                    text("count.households", n=compound.households),
                ]
            ),
        )
        for compound in compounds
    ]


def list_found_entries(found: Sequence[FoundPlace], *, is_city: bool, text: Text) -> list[ListEntry]:
    """Return the places found as lines to click."""
    return [
        ListEntry(
            place=PlaceKey(place.layer, place.id),
            community=place.community_code,
            title=place.name,
            detail=text.join(
                [
                    name_layer(place.layer, text),
                    *([place.address] if place.address else []),
                    *([place.community_name] if is_city else []),
                ]
            ),
        )
        for place in found
    ]


def list_urls(tags: Mapping[str, str], community: str | None) -> dict[str, str]:
    """Return the address of each layer's GeoJSON at the state its tag names; of incidents the open ones."""
    where = f"community={quote(community, safe='')}&" if community else ""
    only = {"incidents": "open=1&"}
    return {
        layer: f"/features/{layer}.geojson?{where}{only.get(layer, '')}v={tag}" for layer, tag in tags.items()
    }


def incident_tile_url(tags: Mapping[str, str]) -> str:
    """Return the address template of the hexagon tiles at the state the incidents' tag names."""
    return f"/tiles/incidents/{{z}}/{{x}}/{{y}}.mvt?v={tags['incidents']}"


def enclose(communities: Sequence[Community]) -> tuple[float, float, float, float]:
    """Return the box of degrees, west, south, east, north, around communities."""
    return (
        min(community.west for community in communities),
        min(community.south for community in communities),
        max(community.east for community in communities),
        max(community.north for community in communities),
    )


def close_up(longitude: float, latitude: float, layer: str) -> View:
    """Return the view in which a place that was searched for is seen with its neighbours."""
    return View(latitude, longitude, {"communities": 14.0, "grids": 16.0, "compounds": 16.3}.get(layer, 17.5))
