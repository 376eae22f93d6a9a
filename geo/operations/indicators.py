"""What the indicators of the registry come to: one way to measure, for every page, screen, file and command.

What is sensitive or sealed enters no figure, for nobody, so whoever may see figures sees the same. Figures
hold for a state of the data and an hour: which due times have passed is asked as of the hour's beginning.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal
from zlib import crc32

from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from geo.errors import InputRefused, NotFound
from geo.model.actor import Role
from geo.model.indicator import WHOLE, Indicator, Level, Value
from geo.operations.indicator_facts import LISTS, MEASURES, Asked, Found
from geo.rules.indicators import INDICATORS, make_empty, make_value
from geo.rules.morning import find_day, start_of_day
from geo.rules.periods import Period
from geo.settings import get_settings
from geo.store import indicators as store
from geo.store.calendars import load_working_time
from geo.store.engine import connect, get_actor
from geo.store.indicators import Bounds
from geo.store.inspections import list_templates
from geo.store.versions import read_common_tag

READERS: Final[frozenset[Role]] = frozenset({"secretary", "grid_worker", "leader", "administrator"})
"""Who sees figures; a property company sees its own cases, and a wall what is made for it."""

_LAYERS: Final = (
    "communities", "grids", "compounds", "buildings", "merchants", "incidents", "zones", "visits",
)  # fmt: skip

Values = Mapping[str, Mapping[str, tuple[Value, ...]]]
"""Indicator to key to a value for each period."""


@dataclass(frozen=True, eq=False)
class Measured:
    """What indicators come to at the places of a level.

    Attributes:
        tag: equal tags, equal values: it names the state of the data and the hour.
        as_of: the moment up to which due times count as passed.
        periods: as asked for.
        names: what each key is called, in the order of the level; of the community itself the one key is
            :data:`WHOLE`.
        values: by indicator and key, one for each period; of what cannot be given by the level nothing.
    """

    tag: str
    as_of: datetime
    periods: tuple[Period, ...]
    names: Mapping[str, str]
    values: Values


def measure(
    community_id: int,
    periods: Sequence[Period],
    *,
    level: Level = "community",
    ids: Iterable[str] | None = None,
    now: datetime | None = None,
) -> Measured:
    """Return what indicators come to in some periods, at every place of a level.

    Args:
        community_id: whose.
        periods: in any order; they may overlap, and the last may not be over.
        level: by what.
        ids: which indicators; all where None. Those that cannot be given by the level are left out.
        now: as if it were then, as far as cases tell; the beginning of this hour where None.

    Raises:
        InputRefused: there is no such indicator.
        NotFound: there is no such community, or it is not for whoever acts.
        DatabaseUnavailable: the database does not answer.
    """
    verify_reader(community_id)
    chosen = [each for each in _choose(ids) if level in each.levels]
    as_of = now or find_hour(datetime.now(UTC))
    bounds = [_bound(period, as_of, is_asked=now is not None) for period in periods]
    with connect() as connection:
        tag = read_tag_of(connection, community_id, as_of)
        names = store.list_keys(connection, community_id, level)
        asked = Asked(connection, community_id, bounds, level)
        found: dict[tuple[int, str, str], Value] = {}
        for facts in sorted({each.facts for each in chosen}):
            found.update(_measure_facts(asked, facts))
        afterwards = read_tag_of(connection, community_id, as_of)
        if afterwards != tag:
            # Somebody wrote meanwhile: this is of neither state, and will be counted again.
            tag = f"{tag}~{afterwards}"
    if level == "party":
        # Of all whom a community knows, those who had something to do with it.
        counted = {key for _, key, _ in found}
        names = {key: name for key, name in names.items() if key in counted}
    values = {
        each.id: {
            key: tuple(
                found.get((number, key, each.id)) or make_empty(each) for number in range(len(periods))
            )
            for key in names
        }
        for each in chosen
    }
    return Measured(tag, as_of, tuple(periods), names, values)


def list_indicator_cases(
    community_id: int,
    id_: str,
    period: Period,
    *,
    level: Level = "community",
    key: str = WHOLE,
    part: Literal["numerator", "rest"] = "numerator",
    now: datetime | None = None,
) -> list[int]:
    """Return the ids of the cases that a figure was counted from, ascending.

    Args:
        community_id: whose.
        id_: the indicator.
        period: when.
        level: by what.
        key: the place.
        part: those in the numerator, or the rest of the denominator.
        now: as :func:`measure`.

    Raises:
        InputRefused: there is no such indicator, or it is not given by the level.
        NotFound: there is no such community, or it is not for whoever acts.
        DatabaseUnavailable: the database does not answer.
    """
    verify_reader(community_id)
    [indicator] = _choose([id_])
    if level not in indicator.levels:
        msg = f"{indicator.en} is not given by {level}: choose another level"
        raise InputRefused(msg)
    bounds = _bound(period, now or find_hour(datetime.now(UTC)), is_asked=now is not None)
    with connect() as connection:
        asked, counted = Asked(connection, community_id, [bounds], level), part == "numerator"
        if indicator.facts in LISTS:
            return LISTS[indicator.facts](asked, indicator, key, counted=counted)
        return store.list_cases(connection, indicator, community_id, bounds, level, key, counted=counted)


def read_tag(community_id: int) -> str:
    """Return the tag of the figures as they stand; it costs next to nothing.

    Raises:
        NotFound: the community is not for whoever acts.
        DatabaseUnavailable: the database does not answer.
    """
    verify_reader(community_id)
    with connect() as connection:
        return read_tag_of(connection, community_id, find_hour(datetime.now(UTC)))


def _choose(ids: Iterable[str] | None) -> list[Indicator]:
    asked = list(INDICATORS if ids is None else ids)
    if unknown := sorted(set(asked) - INDICATORS.keys()):
        msg = f"there is no indicator {unknown[0]}: choose one of the list"
        raise InputRefused(msg)
    return [INDICATORS[id_] for id_ in asked]


def _measure_facts(asked: Asked, facts: str) -> Found:
    if facts in MEASURES:
        return MEASURES[facts](asked)
    counts = store.count_facts(asked.connection, facts, asked.community_id, asked.periods, asked.level)
    return {place: make_value(INDICATORS[place[2]], *counted) for place, counted in counts.items()}


def find_hour(moment: datetime) -> datetime:
    """Return the beginning of the hour: due times count as passed as of it."""
    return moment.replace(minute=0, second=0, microsecond=0)


def _bound(period: Period, as_of: datetime, *, is_asked: bool) -> Bounds:
    """Return a period as the queries take it.

    What has been recorded has happened, so that only due times are asked as of the hour. As if it were
    another moment, nothing that comes after it has happened.
    """
    starts_at, ends_at = start_of_day(period.first), start_of_day(period.end)
    return Bounds(starts_at, min(ends_at, as_of) if is_asked else ends_at, min(ends_at, as_of))


def read_tag_of(connection: PostgresConnection, community_id: int, as_of: datetime) -> str:
    """Return the tag of the figures as of an hour."""
    tag = read_common_tag(connection, community_id, _LAYERS, find_day(as_of))
    _, terms = read_terms(connection, community_id)
    return f"{tag}-{terms}-{as_of:%Y%m%d%H%M}"


def read_terms(connection: PostgresConnection, community_id: int) -> tuple[str, str]:
    """Return what changes when anything is agreed otherwise that figures go by and no layer has.

    Times are told in working hours, looks at places count as long as is set, and templates say what is due.

    Returns:
        Of the figures of cases, which know no templates, and of all.
    """
    agreed = (load_working_time(connection, community_id), get_settings().windows)
    templates = list_templates(connection, community_id)
    of_cases, of_all = (f"{crc32(repr(terms).encode()):08x}" for terms in (agreed, (agreed, templates)))
    return of_cases, of_all


def verify_reader(community_id: int) -> None:
    """Make sure that the figures are for whoever acts.

    Raises:
        NotFound: they are not.
    """
    actor = get_actor()
    if actor is not None and (actor.role not in READERS or community_id not in actor.community_ids):
        msg = f"there is no community {community_id}, or its figures are not yours to see"
        raise NotFound(msg)
