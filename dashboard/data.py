"""The only caches of the pages.

A cache is shared by everybody, so everything an answer depends on is an argument: the community, the day, and
``tags``, which change with the layers read. Whatever is cheap, or must be right to the second, is not cached.
"""

from collections.abc import Mapping, Sequence
from dataclasses import astuple
from datetime import UTC, date, datetime

import streamlit as st

from geo.model.absence import Absence
from geo.model.actor import Actor
from geo.model.gazetteer import Gazetteer
from geo.model.recheck import RecheckSetting, SettledCase
from geo.operations import absences, complaints, marks, month_words, rechecks, zone_news, zone_town
from geo.operations.complaints import MonthReview
from geo.operations.month_words import MonthWords
from geo.operations.morning import gather_morning
from geo.operations.relapses import BackAgain, Relapses, gather_relapses
from geo.operations.zone_news import ZoneNews
from geo.operations.zone_town import Town
from geo.rules.morning import find_day, start_of_day
from geo.rules.periods import Period
from geo.rules.rechecks import Why
from geo.store import choices, places
from geo.store.addresses import read_gazetteer as read_names
from geo.store.choices import AreaChoice, BuildingChoice, Category, PartyChoice
from geo.store.engine import connect
from geo.store.morning import Morning
from geo.store.places import PlaceCounts, ThreeNoCompound
from geo.store.worklist import Asked, Case, Marks, list_cases

_KEPT_S = 3600
_MINUTE_S = 60


def count_places(community_id: int | None, on_day: date, tags: Mapping[str, str]) -> PlaceCounts:
    """Count what lies in a community, or in all where it is None, at the state that the layer tags name."""
    layers = ("grids", "compounds", "buildings", "merchants", "incidents")
    # All communities together show no number of incidents, which change every minute.
    read = layers if community_id else layers[:-1]
    return _count_places(community_id, on_day, tuple(tags[layer] for layer in read))


def list_three_no(community_id: int | None, tags: Mapping[str, str]) -> list[ThreeNoCompound]:
    """Return the three-no compounds of a community, or of all, at the state that the layer tags name."""
    return _list_three_no(community_id, tags["compounds"], tags["buildings"])


def read_morning(community_id: int, tags: Mapping[str, str], actor: Actor, now: datetime) -> Morning:
    """Read the morning of a community as an actor may see it, to the minute.

    Visits, posts and absences carry no tag; what changes in them shows a minute later.
    """
    rights = (actor.role, actor.scope, actor.party_id, actor.grid_ids)
    seen = tuple(tags[layer] for layer in ("incidents", "buildings", "compounds", "zones"))
    minute = now.astimezone(UTC).replace(second=0, microsecond=0)
    return _read_morning(community_id, minute, rights, seen)


def review_month(
    community_id: int, month: Period, tags: Mapping[str, str], actor: Actor, now: datetime
) -> MonthReview:
    """Compare a month of a community with others, as an actor may see it; minutes old at most."""
    rights = (actor.role, actor.scope, actor.party_id, actor.grid_ids)
    return _review_month(community_id, month, find_day(now), rights, (tags["grids"], tags["compounds"]))


def read_month_words(community_id: int, month: Period, actor: Actor, now: datetime) -> MonthWords:
    """Find the words that stand out in a month, as an actor may read them; minutes old at most."""
    rights = (actor.role, actor.scope, actor.party_id, actor.grid_ids)
    return _read_month_words(community_id, month, find_day(now), rights)


def list_returns(community_id: int, month: Period, actor: Actor, now: datetime) -> tuple[BackAgain, ...]:
    """Return where what was settled by the end of a month has come back; minutes old at most."""
    rights = (actor.role, actor.scope, actor.party_id, actor.grid_ids)
    return _list_returns(community_id, month, find_day(now), rights)


def read_relapses(community_id: int, tags: Mapping[str, str], actor: Actor, now: datetime) -> Relapses:
    """Return what was closed within a year and came back, as an actor may see it; minutes old at most."""
    return _read_relapses(community_id, *_key_relapses(tags, actor, now))


def list_relapse_cases(
    community_id: int, ids: Sequence[int], tags: Mapping[str, str], actor: Actor, now: datetime
) -> dict[int, Case]:
    """Return cases that :func:`read_relapses` names, by id, as an actor may see them; minutes old at most."""
    return _list_relapse_cases(community_id, tuple(ids), *_key_relapses(tags, actor, now))


def list_rechecks(
    community_id: int, tags: Mapping[str, str], actor: Actor, now: datetime
) -> tuple[RecheckSetting, list[tuple[SettledCase, Why]]]:
    """Return what a community asks to be looked at again, and what that is today, by everybody together.

    What somebody has looked at is gone at once; what is back meanwhile, minutes later.
    """
    day, rights = find_day(now), (actor.role, actor.scope)
    looks, setting = _read_looks(community_id, day, rights, tags["incidents"])
    return setting, _list_rechecks(community_id, day, rights, looks, astuple(setting))


def forget_recheck_setting() -> None:
    """Ask anew, at the next run, what communities ask to be looked at again."""
    _read_looks.clear()


@st.cache_resource(ttl=_MINUTE_S, show_spinner=False)
def list_categories() -> dict[str, Category]:
    """Return the categories by code, those below each after it."""
    return {category.code: category for category in choices.list_categories()}


def list_parties(community_id: int, on_day: date, tags: Mapping[str, str]) -> tuple[PartyChoice, ...]:
    """Return those who can be given a case on a day."""
    return _list_parties(community_id, on_day, tags["zones"])


def list_areas(
    community_id: int, on_day: date, tags: Mapping[str, str], actor: Actor
) -> tuple[AreaChoice, ...]:
    """Return the compounds and grids of a community that an actor knows."""
    return _list_areas(community_id, on_day, actor.scope, tags["compounds"], tags["grids"])


def list_buildings(community_id: int, tags: Mapping[str, str], actor: Actor) -> tuple[BuildingChoice, ...]:
    """Return the buildings of a community that an actor knows, along the way."""
    return _list_buildings(community_id, actor.scope, tags["buildings"])


def read_town(community_id: int, on_day: date, tags: Mapping[str, str], actor: Actor) -> Town:
    """Read the buildings, neighbours and loads that zones are drawn from; the newest incidents may lack.

    Raises:
        InputRefused: the community has no building.
    """
    return _read_town(community_id, on_day, actor.scope, tags["labels"], tags["merchants"], tags["ground"])


def list_stood_in_for(
    community_id: int, on_day: date, tags: Mapping[str, str], actor: Actor
) -> tuple[Absence, ...]:
    """Return the absences on a day in which an actor stands in."""
    if actor.party_id is None:
        return ()
    # Why somebody is away is told by role.
    rights = (actor.role, actor.scope)
    return _list_stood_in_for(community_id, actor.party_id, on_day, rights, tags["zones"])


def list_zone_news(
    community_id: int, on_day: date, tags: Mapping[str, str], actor: Actor
) -> tuple[ZoneNews, ...]:
    """List what new zone plans change for an actor's party."""
    return _list_zone_news(community_id, actor.party_id or 0, on_day, actor.scope, tags["zones"])


def read_gazetteer(community_id: int, tags: Mapping[str, str], actor: Actor) -> Gazetteer:
    """Return the names by which an actor's addresses are matched."""
    return _read_gazetteer(community_id, actor.scope, tags["buildings"])


def forget_gazetteers() -> None:
    """Have the names of places read anew: somebody has said what else one is called."""
    _read_gazetteer.clear()


def list_marks(community_id: int, actor: Actor) -> dict[int, Marks]:
    """Return what is remarkable about the open cases that an actor sees; two minutes old at most."""
    return _list_marks(community_id, (actor.role, actor.scope, actor.party_id, actor.grid_ids))


@st.cache_resource(ttl=2 * _MINUTE_S, max_entries=200, show_spinner=False)
def _list_marks(community_id: int, rights: tuple[object, ...]) -> dict[int, Marks]:  # noqa: ARG001
    return marks.list_marks(community_id, datetime.now(UTC))


@st.cache_resource(ttl=_KEPT_S, max_entries=200, show_spinner=False)
def _list_parties(community_id: int, on_day: date, tag: str) -> tuple[PartyChoice, ...]:  # noqa: ARG001
    return tuple(choices.list_parties(community_id, on_day))


@st.cache_resource(ttl=_KEPT_S, max_entries=200, show_spinner=False)
def _list_areas(
    community_id: int,
    on_day: date,
    scope: tuple[object, ...],  # noqa: ARG001
    *tags: str,  # noqa: ARG001
) -> tuple[AreaChoice, ...]:
    return tuple(choices.list_areas(community_id, on_day))


@st.cache_resource(ttl=_KEPT_S, max_entries=200, show_spinner=False)
def _list_buildings(
    community_id: int,
    scope: tuple[object, ...],  # noqa: ARG001
    tag: str,  # noqa: ARG001
) -> tuple[BuildingChoice, ...]:
    return tuple(choices.list_buildings(community_id))


@st.cache_resource(ttl=_KEPT_S, max_entries=200, show_spinner=False)
def _read_gazetteer(
    community_id: int,
    scope: tuple[object, ...],  # noqa: ARG001
    tag: str,  # noqa: ARG001
) -> Gazetteer:
    with connect() as connection:
        return read_names(connection, community_id)


@st.cache_resource(ttl=_KEPT_S, max_entries=500, show_spinner=False)
def _list_stood_in_for(
    community_id: int,
    party_id: int,
    on_day: date,
    rights: tuple[object, ...],  # noqa: ARG001
    tag: str,  # noqa: ARG001
) -> tuple[Absence, ...]:
    return tuple(absences.list_stood_in_for(community_id, party_id, on_day))


@st.cache_resource(ttl=_KEPT_S, max_entries=500, show_spinner=False)
def _list_zone_news(
    community_id: int,
    party_id: int,
    on_day: date,
    scope: tuple[object, ...],  # noqa: ARG001
    tag: str,  # noqa: ARG001
) -> tuple[ZoneNews, ...]:
    return tuple(zone_news.list_zone_news(community_id, party_id, on_day))


@st.cache_resource(ttl=10 * _MINUTE_S, max_entries=50, show_spinner=False)
def _read_town(
    community_id: int,
    on_day: date,
    scope: tuple[object, ...],  # noqa: ARG001
    *tags: str,  # noqa: ARG001
) -> Town:
    return zone_town.read_town(community_id, on_day)


@st.cache_data(ttl=2 * _MINUTE_S, max_entries=200, show_spinner=False)
def _read_morning(
    community_id: int,
    now: datetime,
    rights: tuple[object, ...],  # noqa: ARG001
    seen: tuple[str, ...],  # noqa: ARG001
) -> Morning:
    return gather_morning(community_id, now)


@st.cache_resource(ttl=10 * _MINUTE_S, max_entries=50, show_spinner=False)
def _review_month(
    community_id: int,
    month: Period,
    today: date,
    rights: tuple[object, ...],  # noqa: ARG001
    tags: tuple[str, ...],  # noqa: ARG001
) -> MonthReview:
    return complaints.review_month(community_id, month, start_of_day(today))


@st.cache_resource(ttl=10 * _MINUTE_S, max_entries=50, show_spinner=False)
def _read_month_words(
    community_id: int,
    month: Period,
    today: date,
    rights: tuple[object, ...],  # noqa: ARG001
) -> MonthWords:
    return month_words.read_month_words(community_id, month, start_of_day(today))


@st.cache_resource(ttl=10 * _MINUTE_S, max_entries=50, show_spinner=False)
def _list_returns(
    community_id: int,
    month: Period,
    today: date,
    rights: tuple[object, ...],  # noqa: ARG001
) -> tuple[BackAgain, ...]:
    return complaints.list_returns(community_id, month, start_of_day(today))


def _key_relapses(
    tags: Mapping[str, str], actor: Actor, now: datetime
) -> tuple[date, tuple[object, ...], tuple[str, ...]]:
    """Return what the answers depend on: the day, the reader's rights, and what was read."""
    rights = (actor.role, actor.scope, actor.party_id, actor.grid_ids)
    return find_day(now), rights, tuple(tags[layer] for layer in ("incidents", "buildings", "compounds"))


def _find_round_now() -> datetime:
    """Return the last ten minutes that are over: what is asked as of one moment is worked out once."""
    now = datetime.now(UTC)
    return now.replace(minute=now.minute // 10 * 10, second=0, microsecond=0)


@st.cache_resource(ttl=10 * _MINUTE_S, max_entries=50, show_spinner=False)
def _read_relapses(
    community_id: int,
    today: date,  # noqa: ARG001
    rights: tuple[object, ...],  # noqa: ARG001
    tags: tuple[str, ...],  # noqa: ARG001
) -> Relapses:
    return gather_relapses(community_id, _find_round_now())


@st.cache_resource(ttl=10 * _MINUTE_S, max_entries=100, show_spinner=False)
def _list_relapse_cases(
    community_id: int,
    ids: tuple[int, ...],
    today: date,  # noqa: ARG001
    rights: tuple[object, ...],  # noqa: ARG001
    tags: tuple[str, ...],  # noqa: ARG001
) -> dict[int, Case]:
    if not ids:
        return {}
    asked = Asked(community_id=community_id, status="all")
    return {case.id: case for case in list_cases(asked, datetime.now(UTC), most=len(ids), ids=ids).cases}


@st.cache_resource(ttl=_MINUTE_S, max_entries=200, show_spinner=False)
def _read_looks(
    community_id: int,
    today: date,
    rights: tuple[object, ...],  # noqa: ARG001
    tag: str,  # noqa: ARG001
) -> tuple[int, RecheckSetting]:
    return rechecks.count_looks(community_id, start_of_day(today)), rechecks.read_setting(community_id)


@st.cache_resource(ttl=10 * _MINUTE_S, max_entries=50, show_spinner=False)
def _list_rechecks(
    community_id: int,
    today: date,
    rights: tuple[object, ...],  # noqa: ARG001
    looks: int,  # noqa: ARG001
    setting: tuple[object, ...],  # noqa: ARG001
) -> list[tuple[SettledCase, Why]]:
    return rechecks.list_rechecks(community_id, start_of_day(today))


@st.cache_data(ttl=_KEPT_S, max_entries=500, show_spinner=False)
def _count_places(community_id: int | None, on_day: date, tags: tuple[str, ...]) -> PlaceCounts:  # noqa: ARG001
    return places.count_places(community_id, on_day)


@st.cache_data(ttl=_KEPT_S, max_entries=500, show_spinner=False)
def _list_three_no(community_id: int | None, *tags: str) -> list[ThreeNoCompound]:  # noqa: ARG001
    return places.list_three_no(community_id)
