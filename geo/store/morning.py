"""A community as it stands in the morning: open cases, what nobody holds or has looked at, who is there.

What the acting reader may not see, the database leaves out. Times have a zone; coordinates are EPSG:4490
degrees, longitude first.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from geo.model.absence import Absence, Return
from geo.model.working_time import Judgement
from geo.store.absences import list_absences, list_returns
from geo.store.engine import load_queries


@dataclass(frozen=True)
class OpenCase:
    """An open case with what may make it urgent.

    Attributes:
        category: its name in Chinese, ``category_en`` in English.
        is_sensitive: nothing but its number is shown where others may look on.
        place: the building with its compound, or the compound; None where it has neither.
        grid: name of its grid.
        elderly_share: of the building's residents, from 0 to 1.
        lead: name of the party it is with.
        zone_id: the zone its building is in.
        relapses: earlier cases of the same category settled at the place in the month before.
        returns: how often it was sent back.
        same_place: other cases of the same group at the building in the last month.
    """

    id: int
    category_code: str
    group_code: str
    category: str
    category_en: str
    is_sensitive: bool
    severity: str
    state: str
    reported_at: datetime
    due_at: datetime | None
    building_id: int | None
    place: str | None
    grid: str | None
    is_three_no: bool
    elderly_share: float | None
    longitude: float | None
    latitude: float | None
    party_id: int | None
    lead: str | None
    zone_id: int | None
    relapses: int
    returns: int
    is_supervised: bool
    is_whistle_open: bool
    same_place: int


@dataclass(frozen=True)
class OpenClock:
    """What the clock of an open case goes by: when its time began, until when, and what it is counted in."""

    incident_id: int
    started_at: datetime
    due_at: datetime | None
    unit: str


@dataclass(frozen=True)
class ListedBuilding:
    """A building in a list."""

    id: int
    name: str
    households: int


@dataclass(frozen=True)
class HeldZone:
    """A zone of the grid workers' plan in force; ``lead`` is who does that day, None where nobody does."""

    id: int
    name: str
    lead: str | None
    buildings: int
    households: int


@dataclass(frozen=True)
class StaffMember:
    """A party that holds a post."""

    id: int
    name: str


@dataclass(frozen=True)
class Morning:
    """What there is to know at the beginning of a day.

    Attributes:
        now: the moment it is of.
        since: when work ended last; ``reported`` counts from then.
        last_day: the last working day; ``settled`` counts what was closed since it began.
        cases: the open ones, the one due first at the front.
        judgements: how each of them stands against its due time, by id.
        unheld: buildings nobody in office holds by the grid workers' plan.
        unknown: buildings with neither an incident nor a visit for as long as is set.
        absences: who is away.
        returns: who is back since the last working day.
        staff: who holds a post, those who are away included.
        has_history: whether there has ever been an incident or a visit.
    """

    now: datetime
    since: datetime
    last_day: date
    reported: int
    settled: int
    cases: tuple[OpenCase, ...]
    judgements: Mapping[int, Judgement]
    unheld: tuple[ListedBuilding, ...]
    unknown: tuple[ListedBuilding, ...]
    absences: tuple[Absence, ...]
    returns: tuple[Return, ...]
    zones: tuple[HeldZone, ...]
    staff: tuple[StaffMember, ...]
    has_history: bool


def list_open_clocks(connection: PostgresConnection, community_id: int) -> list[OpenClock]:
    """Return what the clocks of a community's open cases go by, in order of their ids."""
    rows = load_queries("morning").list_open_clocks(connection, community_id=community_id)
    return [OpenClock(*row) for row in rows]


def list_open_pauses(
    connection: PostgresConnection, community_id: int
) -> list[tuple[int, datetime, datetime | None]]:
    """Return when the clocks of a community's open cases stood: case, from when, until when (None: still)."""
    return list(load_queries("morning").list_open_pauses(connection, community_id=community_id))


def read_morning(
    connection: PostgresConnection,
    community_id: int,
    judgements: Mapping[int, Judgement],
    *,
    now: datetime,
    on_day: date,
    since: datetime,
    last_day_start: datetime,
    unknown_since: datetime,
) -> Morning:
    """Read what the acting reader may know of a community.

    Args:
        connection: for reading, as whoever looks.
        community_id: the community.
        judgements: how its open cases stand, by id.
        now: the moment of reading.
        on_day: the day in China whose plan, posts and leads are in force.
        since: when work ended last.
        last_day_start: when the last working day began.
        unknown_since: of a building nobody has heard of since then, nothing is known.
    """
    queries = load_queries("morning")
    place = {"community_id": community_id}
    unheld = queries.list_unheld_buildings(connection, **place, on_day=on_day)
    unknown = queries.list_unknown_buildings(connection, **place, since=unknown_since)
    return Morning(
        now=now,
        since=since,
        last_day=last_day_start.date(),
        reported=queries.count_reported(connection, **place, since=since, until=now),
        settled=int(queries.count_settled(connection, **place, since=last_day_start, until=now)),
        cases=tuple(
            OpenCase(*row) for row in queries.list_open_cases(connection, **place, now=now, on_day=on_day)
        ),
        judgements=judgements,
        unheld=tuple(ListedBuilding(*row) for row in unheld),
        unknown=tuple(ListedBuilding(*row) for row in unknown),
        absences=tuple(a for a in list_absences(connection, community_id, on_day) if a.covers(on_day)),
        returns=tuple(list_returns(connection, community_id, last_day_start.date(), on_day)),
        zones=tuple(HeldZone(*row) for row in queries.list_zones(connection, **place, on_day=on_day)),
        staff=tuple(StaffMember(*row) for row in queries.list_staff(connection, **place, on_day=on_day)),
        has_history=queries.has_history(connection, **place),
    )
