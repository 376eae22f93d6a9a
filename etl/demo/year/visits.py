"""Visits: patrols of every building, doors knocked on, shops checked, clean-ups looked at again."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from etl.demo.people import People
from etl.demo.town.town import Town
from etl.demo.year.clock import DAY_S, HOUR_S, find_midnight
from etl.demo.year.incidents import YEAR_DAYS, Floats, Ints

# Every building not silent is patrolled at least this often, so that none looks silent by accident.
_PATROL_EVERY_DAYS = (18, 42)
_WORKING_HOURS = (8.6, 9.0, 9.4, 10.0, 10.5, 11.0, 11.5, 14.7, 15.1, 15.6, 16.2, 16.8, 17.3)
# On so many of the working days a three-no compound is walked through; there is no older record of it.
_ROUNDS_SHARE = 0.8
_ROUNDS_DAYS = 150
_WEEKEND = (5, 6)
_DOORS = ("met", "no_answer", "refused", "vacant", "tenant_changed")
_DOOR_SHARES = (0.31, 0.52, 0.06, 0.07, 0.04)


@dataclass(frozen=True)
class Visits:
    """Columns of equal length; positions refer to the town's lists, -1 for none."""

    kind: NDArray[Any]
    at: Floats
    party: Ints
    building: Ints
    merchant: Ints
    compound: Ints
    outcome: NDArray[Any]


def make_visits(town: Town, people: People, merchants: int, silent: frozenset[int], as_of: date) -> Visits:
    """Return a year of visits, by those who hold the place; silent buildings get none."""
    rng = town.site.make_rng("visits")
    end = find_midnight(as_of)
    awake = np.array([i for i in range(len(town.buildings)) if i not in silent])
    staff = np.array(people.staff)
    holder = np.array([people.staff_of.get(i, people.staff[0]) for i in range(len(town.buildings))])

    def pick_times(days_ago: Floats) -> Floats:
        hour = rng.choice(np.array(_WORKING_HOURS), len(days_ago)) * HOUR_S + rng.integers(
            0, 1500, len(days_ago)
        )
        return np.asarray(end - np.ceil(days_ago) * DAY_S + hour)

    rounds = YEAR_DAYS // _PATROL_EVERY_DAYS[0]
    gaps = rng.uniform(*_PATROL_EVERY_DAYS, (len(awake), rounds))
    since = np.cumsum(gaps, axis=1) - gaps[:, :1] * rng.uniform(0, 1, (len(awake), 1))
    recent = since < YEAR_DAYS
    patrolled = np.repeat(awake, recent.sum(axis=1))
    patrol_at = pick_times(np.maximum(since[recent], 0.1))
    found = np.where(rng.random(len(patrolled)) < 0.11, "problem_found", "checked")
    homes = np.array([town.buildings[i].households for i in awake], dtype=float)
    doors = rng.choice(awake, round(homes.sum() * 0.2), p=homes / homes.sum())
    door_at = pick_times(rng.uniform(0.1, YEAR_DAYS, len(doors)))
    opened = rng.choice(np.array(_DOORS), len(doors), p=_DOOR_SHARES)
    shops = np.repeat(np.arange(merchants), 3)
    shop_at = pick_times(rng.uniform(0.1, YEAR_DAYS, len(shops)))
    seen = np.where(rng.random(len(shops)) < 0.15, "problem_found", "checked")
    walked, walked_days_ago = _list_rounds(town, as_of)
    walked_by = np.array([holder[_find_first(town, compound)] for compound in walked], dtype=np.int64)
    kind = np.repeat(
        np.array(["patrol", "home_visit", "merchant_check", "patrol"]),
        [len(patrolled), len(doors), len(shops), len(walked)],
    )
    at = np.concatenate([patrol_at, door_at, shop_at, end - walked_days_ago * DAY_S + 9.2 * HOUR_S])
    order = np.lexsort((np.arange(len(at)), at))
    in_buildings = len(patrolled) + len(doors)

    def leave(count: int) -> Ints:
        return np.full(count, -1)

    visitor = np.concatenate([holder[patrolled], holder[doors], rng.choice(staff, len(shops)), walked_by])
    return Visits(
        kind[order],
        at[order],
        visitor[order],
        np.concatenate([patrolled, doors, leave(len(shops) + len(walked))])[order],
        np.concatenate([leave(in_buildings), shops, leave(len(walked))])[order],
        np.concatenate([leave(in_buildings + len(shops)), walked])[order],
        np.concatenate([found, opened, seen, np.full(len(walked), "checked")])[order].astype(object),
    )


def _list_rounds(town: Town, as_of: date) -> tuple[Ints, Floats]:
    """Return through which three-no compound somebody walked, and how many days ago."""
    rng = town.site.make_rng("rounds")
    compounds = [n for n, compound in enumerate(town.compounds) if compound.program.is_three_no]
    rounds = [
        (compound, ago)
        for ago in range(1, _ROUNDS_DAYS + 1)
        if (as_of - timedelta(days=ago)).weekday() not in _WEEKEND
        for compound in compounds
        if rng.random() < _ROUNDS_SHARE
    ]
    return (
        np.array([compound for compound, _ in rounds], dtype=np.int64),
        np.array([ago for _, ago in rounds], dtype=float),
    )


def _find_first(town: Town, compound: int) -> int:
    """Return the first building of a compound."""
    return next(n for n, building in enumerate(town.buildings) if building.compound == compound)
