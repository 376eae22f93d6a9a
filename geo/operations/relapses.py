"""What was closed and came back: places ranked by what chance does not explain, and how long it stays quiet.

Everything is counted from what the acting reader may see, and nothing sensitive is counted at all. A
reader who sees single cases only, as a property company does, would be told wrong chances and is told
nothing.
"""

import math
import threading
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar
from weakref import WeakKeyDictionary

import numpy as np
from cachetools import LRUCache

from geo.errors import NotFound
from geo.model.actor import Role
from geo.operations.campaign_outcomes import CampaignOutcome, follow_campaigns
from geo.operations.relapse_cases import WATCHED_DAYS, Told, tell_cases
from geo.patterns.following import Cases, Flags, Floats, Ints
from geo.patterns.relapse import (
    LIKELY,
    Excess,
    Watch,
    judge_returns,
    measure_excess,
    rank_by_excess,
    watch_closings,
)
from geo.patterns.survival import Survival, estimate_survival
from geo.store import relapses
from geo.store.engine import connect, get_actor
from geo.store.patterns import read_columns

_Made = TypeVar("_Made")

READERS: Final[frozenset[Role]] = frozenset({"secretary", "grid_worker", "leader", "administrator"})
"""Who sees all that is counted here."""

RECHECK_DAYS: Final = (7, 30, 90)
"""How long after closing one looks again."""

# Streets have no building: there a place is a square of so many metres.
_SQUARE_M: Final = 100.0
_ASKED_DAYS: Final = 365
_KEPT_PARTS: Final = 16


@dataclass(frozen=True, slots=True)
class Figures:
    """Closings and what came back after them; see :class:`geo.patterns.relapse.Excess`.

    Attributes:
        closed: closings.
        watched_days: days they were watched, all together.
        returned: closings something came back after, within thirty days.
        expected: how many of them by chance, from what their places see anyway.
        excess: ``returned - expected``.
        low, high: its interval.
        p: the chance of as many or more by chance alone.
        likely: the excess as far as it can be told from chance.
    """

    closed: int
    watched_days: float
    returned: int
    expected: float
    excess: float
    low: float
    high: float
    p: float
    likely: float

    @property
    def rate(self) -> float | None:
        """The relapse rate: closings that something came back after; None where nothing was closed."""
        return self.returned / self.closed if self.closed else None


NOTHING: Final = Figures(0, 0.0, 0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0)
"""Nothing was closed."""


@dataclass(frozen=True, slots=True)
class BackAgain:
    """A place where something was closed and came back: a building, or a square of a street.

    Attributes:
        category_code: of what.
        building_id: None on a street.
        place: name of the building with its compound; None on a street.
        longitude, latitude: of the closing named below, in EPSG:4490; None where nobody knows.
        figures: of the closings there in the period.
        is_relapse: whether one of the returns is likelier a relapse than chance.
        closed_id: the closing whose return is likeliest a relapse.
        returned_id: that return.
        days: between the two.
        campaign_id: the campaign that closed it; None in everyday work.
    """

    category_code: str
    building_id: int | None
    place: str | None
    longitude: float | None
    latitude: float | None
    figures: Figures
    is_relapse: bool
    closed_id: int
    returned_id: int
    days: float
    campaign_id: int | None


@dataclass(frozen=True)
class Relapses:
    """What came back in a community.

    Attributes:
        since, until: the period the closings are of.
        total: all of them.
        back: places and categories something came back to, those first where least of it is chance.
        categories: by code.
        compounds: by id; of what was closed in their buildings.
        parties: by id of who closed them.
        party_names: by id.
        campaigns: the latest first.
        campaign_figures: of what each closed, by its id; of those that closed something.
        survival: how long it stays quiet, all categories together; None where too little was closed.
        survival_by_group: the same by the first level of categories.
    """

    since: datetime
    until: datetime
    total: Figures
    back: tuple[BackAgain, ...]
    categories: Mapping[str, Figures]
    compounds: Mapping[int, Figures]
    parties: Mapping[int, Figures]
    party_names: Mapping[int, str]
    campaigns: tuple[CampaignOutcome, ...]
    campaign_figures: Mapping[int, Figures]
    survival: Survival | None
    survival_by_group: Mapping[str, Survival]


def gather_relapses(community_id: int, now: datetime, *, since: datetime | None = None) -> Relapses:
    """Return what was closed in a period and came back.

    How often something comes back by chance is learnt from all that is known, whatever the period.

    Args:
        community_id: the community.
        now: what comes later is not known yet.
        since: when the period of the closings begins; by default a year before.

    Raises:
        NotFound: there is no such community, or it is not for whoever acts.
        DatabaseUnavailable: the database does not answer.
    """
    told = _tell_cases(community_id)
    span = _find_span(told, since, now)
    with connect() as connection:
        names = relapses.list_party_names(connection, community_id)
    returns = _recall(told, ("returns", span), lambda: _measure_returns(told, span))
    whole, by_group = _recall(told, ("survival", span), lambda: _draw_survival(told, span))
    return Relapses(
        since=since or _go_back(now),
        until=now,
        total=returns.total,
        back=returns.back,
        categories=returns.categories,
        compounds=returns.compounds,
        parties=returns.parties,
        party_names=names,
        campaigns=_follow_campaigns(told, community_id, span),
        campaign_figures=returns.campaigns,
        survival=whole,
        survival_by_group=by_group,
    )


def list_back(community_id: int, now: datetime, *, since: datetime | None = None) -> tuple[BackAgain, ...]:
    """Return where what was closed in a period came back: what :func:`gather_relapses` has in ``back``.

    For arguments and errors see there.
    """
    told = _tell_cases(community_id)
    span = _find_span(told, since, now)
    return _recall(told, ("returns", span), lambda: _measure_returns(told, span)).back


def list_outcomes(community_id: int, now: datetime) -> tuple[CampaignOutcome, ...]:
    """Return what became of the campaigns: what :func:`gather_relapses` has in ``campaigns``.

    For arguments and errors see there.
    """
    told = _tell_cases(community_id)
    return _follow_campaigns(told, community_id, _find_span(told, None, now))


@dataclass(frozen=True, slots=True)
class _Span:
    """What the cases cover, and from when on closings are asked for; UTC."""

    begin: np.datetime64
    since: np.datetime64
    end: np.datetime64


@dataclass(frozen=True)
class _Returns:
    """What was measured of all closings of a span, and by what they have in common."""

    total: Figures
    back: tuple[BackAgain, ...]
    categories: Mapping[str, Figures]
    compounds: Mapping[int, Figures]
    parties: Mapping[int, Figures]
    campaigns: Mapping[int, Figures]


def _tell_cases(community_id: int) -> Told:
    _verify_reader(community_id)
    return tell_cases(read_columns(community_id))


def _find_span(told: Told, since: datetime | None, now: datetime) -> _Span:
    end, first = _to_moment(now), told.cases.reported_at[:1]
    begin = min(first[0], end) if len(first) else end
    return _Span(begin, _to_moment(since or _go_back(now)), end)


def _go_back(now: datetime) -> datetime:
    return now - timedelta(days=_ASKED_DAYS)


def _to_moment(at: datetime) -> np.datetime64:
    return np.datetime64(at.astimezone(UTC).replace(tzinfo=None), "us")


def _measure_returns(told: Told, span: _Span) -> _Returns:
    # The returns are found in the same.
    cases, following = told.cases, told.following
    watch = watch_closings(cases, told.first_returns, begin=span.begin, end=span.end, following=following)
    campaign = told.campaign[watch.row]
    place = _number_places(cases)[watch.row]
    probability = judge_returns(
        watch,
        (campaign > 0).astype(np.int64),
        np.where(campaign > 0, campaign, cases.category[watch.row]),
        place,
    )
    # Without a building the last.
    compound = np.append(told.compound_ids, 0)[cases.building[watch.row]]
    seen = _Seen(told, watch, probability, cases.closed_at[watch.row] >= span.since)
    return _Returns(
        total=seen.measure(np.zeros(len(watch.row), dtype=np.int64)).get(0, NOTHING),
        back=_list_back(seen, place),
        categories={f"E{number}": row for number, row in seen.measure(cases.category[watch.row]).items()},
        compounds=seen.measure(np.where(compound > 0, compound, -1)),
        parties=seen.measure(np.where(told.party > 0, told.party, -1)[watch.row]),
        campaigns=seen.measure(np.where(campaign > 0, campaign, -1)),
    )


def _follow_campaigns(told: Told, community_id: int, span: _Span) -> tuple[CampaignOutcome, ...]:
    with connect() as connection:
        buildings = tuple(relapses.list_watched_buildings(connection, community_id))
        campaigns = tuple(relapses.list_campaigns(connection, community_id))
    return _recall(
        told,
        ("campaigns", buildings, campaigns, span.begin, span.end),
        lambda: follow_campaigns(told.cases, told.building_ids, buildings, campaigns, span.begin, span.end),
    )


@dataclass(frozen=True, eq=False)
class _Seen:
    """What was watched, and which of the closings are asked for."""

    told: Told
    watch: Watch
    probability: Floats
    is_asked: Flags

    def measure(self, label: Ints) -> dict[int, Figures]:
        """Return the figures of each label; a closing of label -1 counts in none."""
        labels, group = np.unique(np.where(self.is_asked, label, -1), return_inverse=True)
        excess = measure_excess(self.watch, self.probability, group, len(labels))
        known = np.flatnonzero(labels >= 0)
        return dict(zip(labels[known].tolist(), _list_figures(excess, known), strict=True))


def _list_back(seen: _Seen, place: Ints) -> tuple[BackAgain, ...]:
    """Return the places something came back to, ranked."""
    told, watch = seen.told, seen.watch
    category = told.cases.category[watch.row]
    key = np.where(seen.is_asked, place * (category.max(initial=0) + 1) + category, -1)
    keys, group = np.unique(key, return_inverse=True)
    group = np.where(key >= 0, group, -1)
    excess = measure_excess(watch, seen.probability, group, len(keys))
    # Of each place the return that is likeliest a relapse stands for it, of equal ones the last.
    came = np.flatnonzero(watch.has_returned & (group >= 0))
    came = came[np.lexsort((watch.first[came], seen.probability[came], group[came]))]
    chosen = np.full(len(keys), -1, dtype=np.int64)
    chosen[group[came]] = came
    ranked = rank_by_excess(excess)
    closing = chosen[ranked]
    row = watch.row[closing]
    building_id, campaign_id = (
        [number or None for number in ids[row].tolist()] for ids in (told.building_ids, told.campaign)
    )
    longitude, latitude = (
        [degree if math.isfinite(degree) else None for degree in degrees.tolist()]
        for degrees in told.locate(row).T
    )
    columns = (
        [f"E{number}" for number in told.cases.category[row].tolist()],
        building_id,
        [
            told.building_names[number] if number >= 0 else None
            for number in told.cases.building[row].tolist()
        ],
        longitude,
        latitude,
        _list_figures(excess, ranked),
        (seen.probability[closing] >= LIKELY).tolist(),
        told.ids[row].tolist(),
        told.ids[watch.first[closing]].tolist(),
        watch.days_to_return[closing].tolist(),
        campaign_id,
    )
    return tuple(BackAgain(*found) for found in zip(*columns, strict=True))


def _draw_survival(told: Told, span: _Span) -> tuple[Survival | None, dict[str, Survival]]:
    """Return how long it stays quiet, of all categories together and of each group of them."""
    # The returns are found in the same.
    cases, following = told.cases, told.following
    watch = watch_closings(
        cases, told.first_returns, begin=span.begin, end=span.end, following=following,
        within_days=WATCHED_DAYS,
    )  # fmt: skip
    is_asked = cases.closed_at[watch.row] >= span.since
    [whole] = estimate_survival(watch, np.where(is_asked, 0, -1), 1)
    # The last two digits number the category within its group.
    groups, group = np.unique(cases.category[watch.row] // 100, return_inverse=True)
    curves = estimate_survival(watch, np.where(is_asked, group, -1), len(groups))
    return whole, {
        f"E{number}": curve for number, curve in zip(groups.tolist(), curves, strict=True) if curve
    }


def _verify_reader(community_id: int) -> None:
    actor = get_actor()
    if actor is not None and (actor.role not in READERS or community_id not in actor.community_ids):
        msg = f"there is no community {community_id}, or what came back there is not yours to see"
        raise NotFound(msg)


def _number_places(cases: Cases) -> Ints:
    """Return the number of each case's building, or else of its square; nowhere is a place too."""
    across, along = (
        np.floor(np.where(np.isfinite(metres), metres, -_SQUARE_M) / _SQUARE_M).astype(np.int64)
        for metres in (cases.x_m, cases.y_m)
    )
    square = across * (along.max(initial=0) + 2) + along
    number = np.unique(square, return_inverse=True)[1]
    return np.where(cases.building >= 0, cases.building, cases.building.max(initial=-1) + 1 + number)


def _list_figures(excess: Excess, groups: Ints) -> list[Figures]:
    """Return the figures of some groups."""
    columns = (
        excess.closed, excess.watched_days, excess.returned, excess.expected, excess.excess, excess.low,
        excess.high, excess.p, excess.likely,
    )  # fmt: skip
    return [Figures(*row) for row in zip(*(column[groups].tolist() for column in columns), strict=True)]


def _recall(told: Told, key: Hashable, make: Callable[[], _Made]) -> _Made:
    """Return what was made of the cases under a key, or make it."""
    with _guard:
        kept = _kept.setdefault(told, LRUCache(_KEPT_PARTS))
        found = kept.get(key)
    if found is None:
        found = make()
        with _guard:
            kept[key] = found
    made: _Made = found
    return made


_guard: Final = threading.Lock()
_kept: WeakKeyDictionary[Told, LRUCache[Hashable, Any]] = WeakKeyDictionary()
