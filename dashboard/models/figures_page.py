"""The page of figures: every indicator of a period beside what it is compared with; or one of them by place.

Places are told in their own order: nobody is ranked by a figure of few cases, and people never are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from dashboard.i18n import Text
from dashboard.models.figure_state import FigureState, Part, Spans
from dashboard.models.figures import ToldTrend, name_period, tell_trend, tell_value
from dashboard.models.incident_words import name_category, name_state
from dashboard.models.month_tables import Cell
from geo.model.indicator import WHOLE, Indicator, Level, Value
from geo.operations.indicators import Measured
from geo.rules.indicators import INDICATORS
from geo.rules.periods import Period
from geo.store.choices import Category
from geo.store.worklist import Case

LEVEL_NAMES: Final[Mapping[Level, str]] = {
    "community": "figures.level_community",
    "grid": "figures.level_grid",
    "zone": "figures.level_zone",
    "compound": "figures.level_compound",
    "party": "figures.level_party",
    "category": "figures.level_category",
}


@dataclass(frozen=True, slots=True)
class FigureRow:
    """A figure beside what it is compared with, in the reader's words.

    Attributes:
        figure, key: the indicator, and whose figure it is.
        title: what the row is called; ``hint`` how it is worked out.
        n: of how many.
        earlier: what it was in each period that it is compared with, and how it changed.
        line: the last periods, the oldest first; None where there is nothing to draw.
        group: what the row stands under; empty where all belong together.
    """

    figure: str
    key: str
    title: str
    hint: str
    value: str
    n: str
    earlier: tuple[tuple[str, ToldTrend], ...]
    line: tuple[float | None, ...]
    group: str = ""


@dataclass(frozen=True)
class FigurePage:
    """What the page shows.

    Attributes:
        told: over which days each column is, and how fresh the figures are.
        columns: their titles.
        rows: in the order of the registry, or in that of the places.
    """

    told: str
    columns: tuple[str, ...]
    rows: tuple[FigureRow, ...]


@dataclass(frozen=True, slots=True)
class FigureCard:
    """What a figure is made of.

    Attributes:
        title: the indicator, and whose it is.
        formula: how it is worked out.
        told: the figure, and what was divided by what.
        parts: what its cases are called: those that count, and the rest; the rest only of a share.
        is_of_cases: whether there are cases to list; else they are places.
        levels: by what else it can be seen.
    """

    title: str
    formula: str
    told: str
    parts: Mapping[Part, str]
    is_of_cases: bool
    levels: tuple[Level, ...]


def name_indicator(indicator: Indicator, text: Text) -> str:
    """Return what an indicator is called."""
    return indicator.zh if text.language == "zh" else indicator.en


def tell_formula(indicator: Indicator, text: Text) -> str:
    """Return how an indicator is worked out."""
    return indicator.formula_zh if text.language == "zh" else indicator.formula_en


def name_keys(measured: Measured, level: Level, categories: Mapping[str, Category], text: Text) -> Measured:
    """Return the same with categories named in the reader's language, those of the second level set in."""
    if level != "category":
        return measured
    names = {
        code: name_category(categories[code], text) if code in categories else name
        for code, name in measured.names.items()
    }
    is_below = {code for code in names if code in categories and categories[code].parent_code}
    return replace(
        measured, names={code: f"\u3000{name}" if code in is_below else name for code, name in names.items()}
    )


def is_of_cases(indicator: Indicator) -> bool:
    """Whether an indicator is counted from cases, and opens down to them; else from places."""
    return not indicator.is_of_places


def list_ids(state: FigureState) -> tuple[str, ...]:
    """Return which indicators are measured: all that the level has, or the one that is shown by place."""
    if state.level != "community":
        return (state.by,)
    return list_by("community")


def list_case_ids() -> tuple[str, ...]:
    """Return the indicators of cases that the community as a whole has."""
    return tuple(id_ for id_ in list_by("community") if is_of_cases(INDICATORS[id_]))


def list_by(level: Level) -> tuple[str, ...]:
    """Return the indicators that there are at a level."""
    return tuple(id_ for id_, indicator in INDICATORS.items() if level in indicator.levels)


def build_page(measured: Measured, state: FigureState, spans: Spans, today: date, text: Text) -> FigurePage:
    """Return the page of what was measured over ``spans.list_all()``."""
    if state.level == "community":
        shown = [(INDICATORS[id_], WHOLE, name_indicator(INDICATORS[id_], text)) for id_ in measured.values]
    else:
        by = INDICATORS[state.by]
        shown = [(by, key, name) for key, name in measured.names.items() if _is_told(measured, by.id, key)]
    at = {period: number for number, period in enumerate(measured.periods)}
    earlier = [name_period(span, today, text) for span in (spans.before, spans.year_before) if span]
    return FigurePage(
        told=text.join([text("figures.as_of", at=text.moment(measured.as_of)), text("figures.left_out")]),
        columns=(
            text("figures.indicator" if state.level == "community" else LEVEL_NAMES[state.level]),
            name_period(spans.now, today, text), "n",
            *(title for name in earlier for title in (name, text("figures.change"))),
            text("figures.line", n=len(spans.line)),
        ),
        rows=tuple(
            _build_row(indicator, key, title, measured.values[indicator.id][key], spans, at, text)
            for indicator, key, title in shown
            if key in measured.values[indicator.id]
        ),
    )  # fmt: skip


def build_card(
    measured: Measured, state: FigureState, spans: Spans, today: date, text: Text
) -> FigureCard | None:
    """Return the card of the figure that is open; None where there is no such figure here."""
    if state.figure is None or state.figure not in measured.values:
        return None
    values = measured.values[state.figure].get(state.key)
    if values is None:
        return None
    indicator, value = INDICATORS[state.figure], values[measured.periods.index(spans.now)]
    name = name_indicator(indicator, text)
    counted = round(value.numerator or 0)
    parts: dict[Part, str] = {"numerator": text("figures.counted", n=counted)}
    if indicator.unit == "share":
        parts["rest"] = text("figures.not_counted", n=round(value.denominator or 0) - counted)
    fraction = (
        [f"{text.number(counted)} ÷ {text.number(round(value.denominator))}"] if value.denominator else []
    )
    return FigureCard(
        title=f"{measured.names[state.key].strip()} {name}" if state.key else name,
        formula=tell_formula(indicator, text),
        told=text.join([name_period(spans.now, today, text), tell_value(value, indicator, text), *fraction]),
        parts=parts,
        is_of_cases=is_of_cases(indicator),
        levels=tuple(level for level in indicator.levels if level not in {"community", state.level}),
    )


def build_lines(
    cases: Sequence[Case], categories: Mapping[str, Category], text: Text
) -> list[tuple[int, str, str]]:
    """Return number, title and detail of each case."""
    return [
        (
            case.id,
            f"{name_category(categories[case.category_code], text)} {case.place or text('case.no_place')}",
            text.join([name_state(case.state, text), text.day(case.reported_at)]),
        )
        for case in cases
    ]


def list_cells(row: FigureRow) -> list[Cell]:
    """Return what stands in a row after its title."""
    cells = [Cell(row.value, "value"), Cell(row.n, "quiet")]
    for then, change in row.earlier:
        cells += [Cell(then), Cell(change.words, change.tone)]
    return cells


def to_table_rows(page: FigurePage) -> list[dict[str, Any]]:
    """Return the rows as the browser draws them; every value is text that is shown as it stands."""
    return [
        {
            "id": f"{row.figure}-{row.key}" if row.key else row.figure,
            "group": row.group,
            "title": row.title,
            "hint": row.hint,
            "cells": [[cell.words, cell.tone] for cell in list_cells(row)],
            "line": list(row.line),
        }
        for row in page.rows
    ]


def _build_row(
    indicator: Indicator,
    key: str,
    title: str,
    values: Sequence[Value],
    spans: Spans,
    at: Mapping[Period, int],
    text: Text,
) -> FigureRow:
    now = values[at[spans.now]]
    known = [span for span in (spans.before, spans.year_before) if span is not None]
    return FigureRow(
        figure=indicator.id,
        key=key,
        title=title,
        hint=tell_formula(indicator, text),
        value=tell_value(now, indicator, text),
        # Land is no number of cases.
        n="" if indicator.unit == "count" or indicator.facts == "areas" else text.number(now.n),
        earlier=tuple(
            (tell_value(then, indicator, text), tell_trend(now, then, indicator, text))
            for then in (values[at[span]] for span in known)
        ),
        line=tuple(None if values[at[span]].is_small else values[at[span]].amount for span in spans.line),
        group="" if key else text("figures.of_cases" if is_of_cases(indicator) else "figures.of_cover"),
    )


def _is_told(measured: Measured, id_: str, key: str) -> bool:
    """Whether there is anything to tell of a place in any of the periods."""
    return any(value.n or value.amount for value in measured.values[id_].get(key, ()))
