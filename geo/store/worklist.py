"""The list of cases that somebody works through: filtered, sorted, a page at a time, as he may see it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from geo.store.engine import connect, load_queries

Whose = Literal["all", "mine", "zones"]
Status = Literal["open", "overdue", "amber", "settled", "all"]
Sort = Literal["deadline", "place", "newest"]

MOST_COUNTED: Final = 500
MOST_SEARCHED: Final = 5_000
# Domain: the same category within 50 m and 7 days may be the same case.
_SIMILAR_M: Final = 50
_SIMILAR_FOR: Final = timedelta(days=7)
_REACH_M: Final = 15
# Years of settled cases have one order: the newest first.
NEWEST_FIRST: Final = frozenset({"settled", "all"})
# Near the border of two zones a case is shown to both.
_BORDER_M: Final = 20
_MOST_EARLIER: Final = 30


@dataclass(frozen=True, slots=True)
class Around:
    """A circle: EPSG:4490 degrees, and metres on the ellipsoid."""

    longitude: float
    latitude: float
    radius_m: float


@dataclass(frozen=True, slots=True)
class Asked:
    """Which cases to list.

    Attributes:
        community_id: of which community.
        whose: all; those whose party is the reader's; those at buildings that the reader holds, and open ones
            within 20 m of these.
        place: the layer ``grids``, ``compounds`` or ``buildings``, and the row id.
        around: only cases within a circle.
        categories: only these codes; a code of the first level does not stand for those below it.
        status: open ones, those past their due time, amber ones, settled ones, or all.
        states: only these states of the workflow.
        sources: only from these sources.
        is_unheld: only those that nobody has.
        due_before: only those due before this time.
        since: only those reported at or after this time.
        until: only those reported before this time.
        words: title, description and address together contain each of them, as the reader may read these.
        sort: by due time, along the way from building to building, or the newest first; settled cases
            always come the newest first.
    """

    community_id: int
    whose: Whose = "all"
    place: tuple[str, int] | None = None
    around: Around | None = None
    categories: tuple[str, ...] = ()
    status: Status = "open"
    states: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    is_unheld: bool = False
    due_before: datetime | None = None
    since: datetime | None = None
    until: datetime | None = None
    words: tuple[str, ...] = ()
    sort: Sort = "deadline"


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page ended; the next begins after it."""

    id: int
    at: datetime | None
    walk: str | None


@dataclass(frozen=True, slots=True)
class Case:
    """One case, in a line.

    Attributes:
        title: as the reader may read it; None where he may not, or nobody wrote one.
        place: the building or compound, else the address as far as it may be read, else the grid.
        parent_id: the settled case that this one goes back to.
        is_at_border: it lies beside the reader's zone, not in it.
    """

    id: int
    version: int
    category_code: str
    state: str
    is_open: bool
    severity: str
    source: str
    reported_at: datetime
    due_at: datetime | None
    closed_at: datetime | None
    title: str | None
    place: str | None
    building_id: int | None
    lead: str | None
    party_id: int | None
    parent_id: int | None
    longitude: float | None
    latitude: float | None
    is_at_border: bool = False


@dataclass(frozen=True, slots=True)
class CasePage:
    """A page of the list.

    Attributes:
        cases: in order.
        total: how many there are, counted to one more than :data:`MOST_COUNTED`.
        next: where the next page begins; None at the end.
        was_cut: whether words were looked for in the newest :data:`MOST_SEARCHED` cases only.
    """

    cases: tuple[Case, ...]
    total: int
    next: Cursor | None
    was_cut: bool


@dataclass(frozen=True, slots=True)
class Marks:
    """What is remarkable about an open case.

    Attributes:
        bounces: how often it was sent back.
        is_relapse: whether the same was settled there a short time before.
        is_whistled: whether others were called to it who have not come.
        is_amber: whether three quarters of its time are used, and not all; the clocks say, not the database.
    """

    bounces: int
    is_relapse: bool
    is_whistled: bool
    is_amber: bool = False


@dataclass(frozen=True, slots=True)
class SimilarCase:
    """A case that may be the same as one about to be reported."""

    id: int
    state: str
    reported_at: datetime
    distance_m: float


@dataclass(frozen=True, slots=True)
class EarlierCase:
    """A settled case that may have come back in a later one; without places there is no distance."""

    id: int
    closed_at: datetime
    outcome: str | None
    distance_m: float | None


@dataclass(frozen=True, slots=True)
class Spot:
    """What lies where somebody points: the building there or within 15 m, if any."""

    is_inside: bool
    building_id: int | None
    building: str | None


def list_cases(
    asked: Asked,
    now: datetime,
    *,
    most: int,
    after: Cursor | None = None,
    ids: Sequence[int] | None = None,
) -> CasePage:
    """Return a page of the cases that somebody asks for and may see.

    Words are looked for in the newest :data:`MOST_SEARCHED` cases that meet everything else, for no index
    finds two characters in a million texts.

    Args:
        asked: which cases, in which order.
        now: what is due before this is overdue.
        most: the largest number of cases on the page.
        after: where the page before it ended, in the same order.
        ids: of these cases only; amber ones are told by their ids.
    """
    around = asked.around
    sort: Sort = "newest" if asked.status in NEWEST_FIRST else asked.sort
    layer, place_id = asked.place or (None, None)
    queries = load_queries("worklist")
    with connect() as connection:
        own_party_id, own_building_ids = queries.find_own(connection, whose=asked.whose)
        own = {"mine": own_party_id, "zones": own_building_ids, "all": True}
        if not own[asked.whose]:
            return CasePage((), 0, None, was_cut=False)
        border_ids = (
            _list_border_cases(connection, asked.community_id, own_building_ids) if own_building_ids else []
        )
        rows = list(
            queries.list_cases(
                connection,
                community_id=asked.community_id,
                whose=asked.whose,
                own_party_id=own_party_id,
                own_building_ids=own_building_ids,
                border_ids=border_ids,
                place_layer=layer,
                place_id=place_id,
                near=around and f"SRID=4490;POINT({around.longitude!r} {around.latitude!r})",
                radius_m=around.radius_m if around else 0,
                categories=_list_or_none(asked.categories),
                status=asked.status,
                states=_list_or_none(asked.states),
                sources=_list_or_none(asked.sources),
                unheld=asked.is_unheld,
                due_before=asked.due_before,
                since=asked.since,
                until=asked.until,
                patterns=_list_or_none([_write_pattern(word) for word in asked.words]),
                most_searched=MOST_SEARCHED,
                sort=sort,
                after=after and after.at,
                after_walk=after and after.walk,
                after_id=after and after.id,
                ids=None if ids is None else list(ids),
                most=most + 1,
                most_counted=MOST_COUNTED,
                now=now,
            )
        )
    cases = tuple(Case(*row[:_CASE_COLUMNS]) for row in rows[:most])
    walk, total, was_cut = rows[0][_CASE_COLUMNS:] if rows else (None, 0, False)
    following = None
    if len(rows) > most:
        last = cases[-1]
        walk = rows[most - 1][_CASE_COLUMNS]
        following = Cursor(last.id, last.reported_at if sort == "newest" else last.due_at, walk)
    return CasePage(cases, total, following, was_cut)


def _list_border_cases(
    connection: PostgresConnection, community_id: int, building_ids: Sequence[int]
) -> list[int]:
    rows = load_queries("worklist").list_border_cases(
        connection, community_id=community_id, building_ids=list(building_ids), reach_m=_BORDER_M
    )
    return [incident_id for (incident_id,) in rows]


def list_marks(community_id: int) -> dict[int, Marks]:
    """Return what is remarkable about the open cases that the reader sees, by id; of most there is nothing.

    It takes a hundred times as long as a page of the list, and is asked for less often.
    """
    with connect() as connection:
        rows = load_queries("worklist").list_marks(connection, community_id=community_id)
        return {incident_id: Marks(*marks) for incident_id, *marks in rows}


def list_similar(
    community_id: int, category_code: str, longitude: float, latitude: float, now: datetime
) -> list[SimilarCase]:
    """Return at most five cases of a category reported within 7 days and 50 m, the nearest first."""
    with connect() as connection:
        rows = load_queries("worklist").list_similar(
            connection,
            community_id=community_id,
            category_code=category_code,
            longitude=longitude,
            latitude=latitude,
            radius_m=_SIMILAR_M,
            since=now - _SIMILAR_FOR,
        )
        return [SimilarCase(*row) for row in rows]


def list_earlier(incident_id: int) -> list[EarlierCase]:
    """Return what was settled before a case was reported, the last settled first, at most 30.

    All are of its category, and at its building or within 50 m.
    """
    with connect() as connection:
        rows = load_queries("worklist").list_earlier(
            connection, incident_id=incident_id, radius_m=_SIMILAR_M, most=_MOST_EARLIER
        )
        return [EarlierCase(*row) for row in rows]


def find_spot(community_id: int, longitude: float, latitude: float) -> Spot:
    """Return what lies at a place, EPSG:4490 degrees."""
    with connect() as connection:
        row = load_queries("worklist").find_spot(
            connection, community_id=community_id, longitude=longitude, latitude=latitude, reach_m=_REACH_M
        )
    return Spot(*row) if row else Spot(is_inside=False, building_id=None, building=None)


_CASE_COLUMNS: Final = len(Case.__dataclass_fields__)


def _list_or_none(values: Sequence[str]) -> list[str] | None:
    return list(values) or None


def _write_pattern(word: str) -> str:
    escaped = word.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    return f"%{escaped}%"
