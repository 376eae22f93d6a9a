"""Heat for shared screens: what may stand where visitors look, by the rule of ``geo.patterns.disclosure``.

The one shared unit are the grids, the blocks are calendar quarters that are over, the groups are the
categories of the first level. Every answer is a sum of whole atoms, so it cannot be asked finer than that.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Final

import numpy as np

from geo.operations.heat import Answer, State, recall
from geo.operations.heat_cases import Period, Question
from geo.operations.heat_units import lay_out
from geo.patterns.disclosure import BLOCK_MONTHS, Atoms, hide_few, number_blocks
from geo.patterns.hotspots import find_hotspots
from geo.patterns.rates import compute_rates
from geo.settings import get_settings
from geo.store.pattern_cases import DAY_MIN, FIRST_DAY

SHARED: Final = Question(unit="grid", per="households")
_EPOCH_MONTHS: Final = 12 * 1970


def find_quarters(period: Period, today: date) -> Period:
    """Return the whole quarters nearest to a period that are over; at least one.

    Args:
        period: what was asked for.
        today: the day in China.
    """
    this = _number(today)
    last = max(min(_number(period.until), this), 1)
    wanted = max(round(period.days / 91), 1)
    return Period(_begin(last - wanted), _begin(last))


def measure_shared(state: State, groups: Sequence[str], period: Period) -> Answer:
    """Count the cases of whole quarters by grid, without what fewer than k cases would tell.

    Args:
        state: the community.
        groups: codes of the first level; none means all.
        period: whole quarters that are over, as :func:`find_quarters` gives them.
    """
    return recall(state, ("shared", tuple(groups), period), lambda: _measure(state, groups, period))


def _measure(state: State, groups: Sequence[str], period: Period) -> Answer:
    layout = lay_out(state.columns, SHARED.unit)
    names = _list_groups(state)
    first = _number(period.since)
    blocks = _number(period.until) - first
    atoms = _lay_atoms(state, first, blocks)
    wanted = np.array([number for number, name in enumerate(names) if not groups or name in groups], np.int64)
    count = atoms.answer(groups=wanted).astype(np.float64)
    at_risk = layout.dwellings["households"]
    filled = atoms.fill(at_risk)[:, :, wanted].sum(axis=(1, 2))
    spots = find_hotspots(filled, at_risk, layout.windows)
    return Answer(
        period=period,
        per="households",
        layout=layout,
        counted=int(count.sum()),
        unplaced=0,
        silent_buildings=np.empty(0, np.int64),
        # Whether nobody looked is not told either: nought looks like k - 1.
        rates=compute_rates(count, at_risk, neighbours=layout.neighbours),
        spots=replace(spots, is_hot=spots.is_hot & (count > 0)),
        is_hidden=count == 0,
    )


def _lay_atoms(state: State, first: int, blocks: int) -> Atoms:
    """Lay the atoms of some quarters; each is the same whatever else is asked for."""
    cases = state.columns.cases
    layout = lay_out(state.columns, SHARED.unit)
    names = _list_groups(state)
    group_of = np.array([names.index(parent) for parent in cases.parents], np.int64)
    day = np.datetime64(FIRST_DAY, "D") + cases.reported_min // DAY_MIN
    block = number_blocks(day, BLOCK_MONTHS) - first
    return hide_few(
        layout.of_case.astype(np.int64),
        np.where((block >= 0) & (block < blocks), block, -1),
        group_of[cases.category],
        cases.ids,
        shape=(len(layout), blocks, len(names)),
        least=get_settings().least_shown,
    )


def _list_groups(state: State) -> list[str]:
    return sorted(set(state.columns.cases.parents))


def _number(day: date) -> int:
    return (12 * day.year + day.month - 1 - _EPOCH_MONTHS) // BLOCK_MONTHS


def _begin(block: int) -> date:
    year, month = divmod(block * BLOCK_MONTHS + _EPOCH_MONTHS, 12)
    return date(year, month + 1, 1)
