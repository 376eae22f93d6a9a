"""What was reported, where and when: the year's incidents before anybody handles them."""

from dataclasses import dataclass, fields
from datetime import date, timedelta
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from etl.demo.program import Program
from etl.demo.year.clock import DAY_S, HOUR_S, find_midnight, is_working_day
from etl.demo.year.mixture import HOURS, KINDS, SOURCES, WEEKDAYS, Kind
from etl.demo.year.spots import Pool

YEAR_DAYS = 365
# A case of the same category this near and this soon after another is moved elsewhere: what comes back is
# mostly what was planted. Longer than a month, for the month counts from the closing.
_APART_M = 50.0
_APART_S = 40 * DAY_S
_LONGEST_HOUSE_M = 130.0
_ROUNDS = 3
_MOST_ROUNDS = 40

KIND_AT = {kind.code: i for i, kind in enumerate(KINDS)}
# Errands and enquiries repeat as they like: nobody calls that a relapse.
ENQUIRIES = np.array([kind.code.startswith("E12") or kind.code == "E1005" for kind in KINDS])
POOLS = ("home", "yard", "street", "shop")

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass
class Reports:
    """Columns of equal length, one row a reported case.

    Attributes:
        kind: position in ``KINDS``.
        spot: position in the pool of the kind's place.
        at: when it was reported, seconds since 1970.
        walk_in: brought to the desk in person.
        plant: which plant it belongs to, -1 for none; see :mod:`etl.demo.year.plants`.
        settled_on_spot: forced to be closed at once.
        returns: forced number of returns, -1 to leave it to chance.
    """

    kind: Ints
    spot: Ints
    at: Floats
    walk_in: Flags
    plant: Ints
    settled_on_spot: Flags
    returns: Ints

    def __len__(self) -> int:
        return len(self.kind)

    def add(self, other: "Reports") -> "Reports":
        """Return both together."""
        return Reports(
            *(np.concatenate([getattr(self, f.name), getattr(other, f.name)]) for f in fields(self))
        )

    def take(self, order: Ints) -> "Reports":
        """Return the rows in another order."""
        return Reports(*(getattr(self, f.name)[order] for f in fields(self)))


def make_reports(kind: Ints, spot: Ints, at: Floats, *, plant: int = -1, returns: int = -1) -> Reports:
    """Return reports that did not come over the desk."""
    count = len(kind)
    return Reports(
        kind,
        spot,
        at,
        np.zeros(count, bool),
        np.full(count, plant),
        np.zeros(count, bool),
        np.full(count, returns),
    )


def draw_times(
    kind: Kind, count: int, as_of: date, rng: np.random.Generator, *, days: int = YEAR_DAYS
) -> Floats:
    """Return instants in the ``days`` before a day, in the rhythm of week and hours this kind has."""
    profile = "office" if kind.hours == "office" else "other"
    dates = [as_of - timedelta(days=d) for d in range(days, 0, -1)]
    weight = np.array([WEEKDAYS[profile][d.weekday()] for d in dates])
    if profile == "office":
        weight *= [1.0 if is_working_day(d) or d.weekday() > 4 else 0.15 for d in dates]
    # A busier autumn, and a slow growth over the year.
    weight *= 1 + 0.1 * np.sin(np.arange(days) / YEAR_DAYS * 2 * np.pi) + 0.08 * np.arange(days) / YEAR_DAYS
    day = rng.choice(days, count, p=weight / weight.sum())
    hours = np.array(HOURS[kind.hours], dtype=float)
    hour = rng.choice(24, count, p=hours / hours.sum())
    return np.asarray(find_midnight(dates[0]) + day * DAY_S + hour * HOUR_S + rng.integers(0, 3600, count))


def draw_reports(program: Program, pools: dict[str, Pool], as_of: date, rng: np.random.Generator) -> Reports:
    """Return the year's natural reports, as many as programmed."""
    weights = np.array([[k.walk_in, k.other] for k in KINDS]).ravel()
    counts = rng.multinomial(program.incidents_per_year, weights / weights.sum()).reshape(-1, 2)
    kinds, spots, times, desk = [], [], [], []
    for i, kind in enumerate(KINDS):
        pool = pools[kind.place]
        walk_in, other = counts[i].tolist()
        total = walk_in + other
        kinds.append(np.full(total, i))
        spots.append(rng.choice(len(pool.x), total, p=pool.weigh(kind)))
        at_desk = Kind(kind.code, 0, 0, kind.place, "office")
        times += [draw_times(at_desk, walk_in, as_of, rng), draw_times(kind, other, as_of, rng)]
        desk += [np.ones(walk_in, bool), np.zeros(other, bool)]
    base = make_reports(np.concatenate(kinds), np.concatenate(spots), np.concatenate(times))
    base.walk_in = np.concatenate(desk)
    return base


def find_pairs(reports: Reports, pools: dict[str, Pool], within_s: float) -> tuple[Ints, Ints]:
    """Return (earlier, later) of two cases of a category within 50 m or in a house, and the given seconds.

    Enquiries are left out.
    """
    x, y, building = (gather(reports, pools, name) for name in ("x", "y", "building"))
    earlier, later = [], []
    for i in np.unique(reports.kind[~ENQUIRIES[reports.kind]]):
        rows = np.flatnonzero(reports.kind == i)
        points = np.asarray(shapely.points(x[rows], y[rows]))
        a, b = shapely.STRtree(points).query(points, predicate="dwithin", distance=_LONGEST_HOUSE_M)
        gap = reports.at[rows[b]] - reports.at[rows[a]]
        near = (gap > 0) & (gap <= within_s)
        away = np.hypot(x[rows[a]] - x[rows[b]], y[rows[a]] - y[rows[b]])
        near &= (away <= _APART_M) | ((building[rows[a]] == building[rows[b]]) & (building[rows[a]] >= 0))
        earlier.append(rows[a[near]])
        later.append(rows[b[near]])
    return np.concatenate(earlier), np.concatenate(later)


def spread_out(reports: Reports, pools: dict[str, Pool], rng: np.random.Generator) -> None:
    """Move natural cases that would look like a relapse elsewhere."""
    for n in range(_MOST_ROUNDS):
        earlier, later = find_pairs(reports, pools, _APART_S)
        if n >= _ROUNDS:
            # A few natural ones may stay, but none that would be taken for the relapse of a clean-up.
            cleaned = reports.settled_on_spot[earlier]
            earlier, later = earlier[cleaned], later[cleaned]
        movable = reports.plant < 0
        # A planted case is never moved: where the later one is planted, the earlier natural one goes.
        others = earlier[movable[earlier] & ~movable[later]]
        moving = np.unique(np.concatenate([later[movable[later]], others]))
        if n >= _ROUNDS and not len(moving):
            break
        for i in np.unique(reports.kind[moving]):
            rows = moving[reports.kind[moving] == i]
            pool = pools[KINDS[i].place]
            reports.spot[rows] = rng.choice(len(pool.x), len(rows), p=pool.weigh(KINDS[i]))


def gather(reports: Reports, pools: dict[str, Pool], column: str) -> NDArray[Any]:
    """Return a column of the pools for each report."""
    places = np.array([POOLS.index(kind.place) for kind in KINDS])[reports.kind]
    sample = getattr(pools["home"], column)
    values = np.empty(len(reports), dtype=sample.dtype)
    for p, name in enumerate(POOLS):
        rows = places == p
        values[rows] = getattr(pools[name], column)[reports.spot[rows]]
    return values


def draw_sources(reports: Reports, rng: np.random.Generator) -> NDArray[np.str_]:
    """Return how each case came in; patrols walk by day, phones ring at night."""
    names = list(SOURCES)
    local_hour = ((reports.at + 8 * HOUR_S) % DAY_S) / HOUR_S
    weight = np.tile(np.array(list(SOURCES.values())), (len(reports), 1))
    weight[(local_hour < 8) | (local_hour > 18.5), names.index("patrol")] *= 0.03
    private = np.array([kind.code in ("E902", "E905", "E1105", "E901", "E1001") for kind in KINDS])[
        reports.kind
    ]
    weight[private, names.index("patrol")] *= 0.2
    weight[private, names.index("wechat_group")] = 0
    steps = np.cumsum(weight / weight.sum(axis=1, keepdims=True), axis=1)
    drawn = np.array(names)[np.minimum((rng.random((len(reports), 1)) > steps).sum(axis=1), len(names) - 1)]
    drawn = np.where(reports.walk_in, "walk_in", drawn)
    # What is settled in passing was found in passing.
    return np.where(reports.settled_on_spot, "patrol", drawn)
