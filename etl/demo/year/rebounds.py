"""A clean-up that is being lost again: often reported before it, hardly after, and once more of late."""

from datetime import date, timedelta

import numpy as np

from etl.demo.year.clock import DAY_S, find_midnight
from etl.demo.year.incidents import YEAR_DAYS, Floats, Ints, Reports, draw_times, make_reports
from etl.demo.year.mixture import KINDS
from etl.demo.year.spots import Pool

# Cases in all of its compounds: in a week before the clean-up, and in one of the last weeks.
_BEFORE_A_WEEK, _AGAIN_A_WEEK = 3.0, 3.0
_AGAIN_DAYS = 35
# A community so small that fewer find room has none: nobody could tell them from chance.
_LEAST_AGAIN = 12
# One of them must not look like the relapse of another: they are farther apart than 50 m, or than a month
# that counts from the closing.
_APART_M = 55.0
_APART_DAYS = 42


def let_rebound(
    kind: int, compounds: list[int], pools: dict[str, Pool], start: date, as_of: date,
    rng: np.random.Generator,
) -> tuple[date, Reports] | None:  # fmt: skip
    """Return since when a clean-up is being lost, and the cases of before it and since then.

    None where there is no room for enough of them.

    Args:
        kind: position in ``KINDS``.
        compounds: where the clean-up was.
        pools: where cases can be.
        start: the clean-up's first day.
        as_of: the day after the last.
        rng: where chance comes from.
    """
    pool = pools[KINDS[kind].place]
    since = as_of - timedelta(days=_AGAIN_DAYS)
    # The clean-up's own finds are nobody's relapse either.
    until = start - timedelta(days=_APART_DAYS)
    days_before = YEAR_DAYS - (as_of - until).days
    before = draw_times(KINDS[kind], round(_BEFORE_A_WEEK * days_before / 7), until, rng, days=days_before)
    again = draw_times(KINDS[kind], round(_AGAIN_A_WEEK * _AGAIN_DAYS / 7), as_of, rng, days=_AGAIN_DAYS)
    at = np.sort(np.concatenate([before, again]))
    spot = _choose_spots(pool, np.flatnonzero(np.isin(pool.compound, compounds)), at, rng)
    chosen = spot >= 0
    if (chosen & (at >= find_midnight(since))).sum() < _LEAST_AGAIN:
        return None
    return since, make_reports(np.full(int(chosen.sum()), kind), spot[chosen], at[chosen])


def _choose_spots(pool: Pool, inside: Ints, at: Floats, rng: np.random.Generator) -> Ints:
    """Return a spot for each moment, away from those of the weeks before; -1 where there is none left."""
    chosen = np.full(len(at), -1)
    for n, moment in enumerate(at):
        late = np.flatnonzero((chosen >= 0) & (at > moment - _APART_DAYS * DAY_S))
        taken = chosen[late]
        away = np.hypot(pool.x[inside, None] - pool.x[taken], pool.y[inside, None] - pool.y[taken]).min(
            axis=1, initial=np.inf
        )
        free = inside[(away > _APART_M) & ~np.isin(pool.building[inside], pool.building[taken])]
        if len(free):
            chosen[n] = rng.choice(free)
    return chosen
