"""One cell of the heat map: how it went week after week, what the cases were, and how its neighbours are."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np

from geo.operations.heat import Answer, State, count_weeks, measure
from geo.operations.heat_cases import Period, Question, select_cases
from geo.operations.heat_units import lay_out
from geo.patterns.neighbours import Floats

WEEKS_TOLD: Final = 52
_MOST_NEWEST: Final = 6
_MOST_KINDS: Final = 4


@dataclass(frozen=True, eq=False)
class CellStory:
    """What there is to say about a cell.

    Attributes:
        row: its row in the answer.
        first: the day on which the first of the weeks begins.
        weeks: its cases of each of the 52 weeks up to the end of the period.
        usual: what would have been there by the rate of the whole community.
        kinds: the commonest categories in the period, with how many cases.
        newest: row ids of the newest cases in the period, the newest first.
        neighbours: rows of the cells around it.
    """

    row: int
    first: date
    weeks: Floats
    usual: Floats
    kinds: tuple[tuple[str, int], ...]
    newest: tuple[int, ...]
    neighbours: tuple[int, ...]


def find_row(answer: Answer, cell: int) -> int | None:
    """Return the row of a cell by its id; None where there is no such cell."""
    row = int(np.searchsorted(answer.layout.ids, cell))
    return row if row < len(answer.layout) and answer.layout.ids[row] == cell else None


def tell_cell(state: State, question: Question, period: Period, row: int) -> CellStory:
    """Tell the story of a cell.

    Args:
        state: the community.
        question: what is counted.
        period: when.
        row: the cell's row.
    """
    cases = state.columns.cases
    layout = lay_out(state.columns, question.unit)
    first = period.until - timedelta(weeks=WEEKS_TOLD)
    year = Period(first, period.until)
    by_week = count_weeks(cases, layout, select_cases(cases, question, year), year)
    at_risk = measure(state, question, period).rates.at_risk
    share = at_risk[row] / at_risk.sum() if at_risk.sum() else 0.0
    rows = select_cases(cases, question, period)
    own = rows[layout.of_case[rows] == row]
    counts = np.bincount(cases.category[own], minlength=len(cases.categories))
    commonest = np.argsort(-counts, kind="stable")[:_MOST_KINDS]
    around = layout.neighbours[[row]].indices
    return CellStory(
        row=row,
        first=first,
        weeks=by_week[row],
        usual=by_week.sum(axis=0) * share,
        kinds=tuple((cases.categories[kind], int(counts[kind])) for kind in commonest if counts[kind]),
        newest=tuple(int(case) for case in cases.ids[own[::-1][:_MOST_NEWEST]]),
        neighbours=tuple(int(each) for each in around if each != row),
    )
