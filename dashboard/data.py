"""The only caches of the pages.

A cache is shared by everybody, so everything an answer depends on is an argument: the community, the day, and
``tags``, which change with the layers read. Whatever is cheap, or must be right to the second, is not cached.
"""

from collections.abc import Mapping
from datetime import date

import streamlit as st

from geo.store import places
from geo.store.places import PlaceCounts, ThreeNoCompound

_KEPT_S = 3600


def count_places(community_id: int | None, on_day: date, tags: Mapping[str, str]) -> PlaceCounts:
    """Count what lies in a community, or in all where it is None, at the state that the layer tags name."""
    layers = ("grids", "compounds", "buildings", "merchants", "incidents")
    # All communities together show no number of incidents, which change every minute.
    read = layers if community_id else layers[:-1]
    return _count_places(community_id, on_day, tuple(tags[layer] for layer in read))


def list_three_no(community_id: int | None, tags: Mapping[str, str]) -> list[ThreeNoCompound]:
    """Return the three-no compounds of a community, or of all, at the state that the layer tags name."""
    return _list_three_no(community_id, tags["compounds"], tags["buildings"])


@st.cache_data(ttl=_KEPT_S, max_entries=500, show_spinner=False)
def _count_places(community_id: int | None, on_day: date, tags: tuple[str, ...]) -> PlaceCounts:  # noqa: ARG001
    return places.count_places(community_id, on_day)


@st.cache_data(ttl=_KEPT_S, max_entries=500, show_spinner=False)
def _list_three_no(community_id: int | None, *tags: str) -> list[ThreeNoCompound]:  # noqa: ARG001
    return places.list_three_no(community_id)
