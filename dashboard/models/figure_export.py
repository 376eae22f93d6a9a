"""Figures to take out: what stands in the table, with numerator and denominator as numbers."""

from collections.abc import Mapping
from datetime import date, datetime

from dashboard.i18n import Text
from dashboard.models.figure_state import FigureState, Spans
from dashboard.models.figures import name_period, tell_trend, tell_value
from dashboard.models.figures_page import LEVEL_NAMES, name_indicator, tell_formula
from geo.model.indicator import Value
from geo.operations.exporting import Cell, Table
from geo.operations.indicators import Measured
from geo.rules.indicators import INDICATORS


def list_tables(measured: Measured, state: FigureState, spans: Spans, today: date, text: Text) -> list[Table]:
    """Return the table as it is shown, with every number that it was made of."""
    known = [span for span in (spans.now, spans.before, spans.year_before) if span is not None]
    at = [measured.periods.index(span) for span in known]
    header = [text(LEVEL_NAMES[state.level])] if state.level != "community" else []
    header.append(text("figures.indicator"))
    for number, span in enumerate(known):
        name = name_period(span, today, text)
        header += [name, text("figures.numerator"), text("figures.denominator")]
        header += [text("figures.change")] if number else []
    rows: list[list[Cell]] = []
    for id_, by_key in measured.values.items():
        indicator = INDICATORS[id_]
        for key, values in by_key.items():
            row: list[Cell] = [measured.names[key].strip()] if state.level != "community" else []
            row.append(name_indicator(indicator, text))
            now = values[at[0]]
            for number, place in enumerate(at):
                value = values[place]
                row += [tell_value(value, indicator, text), *_list_parts(value)]
                row += [tell_trend(now, value, indicator, text).words] if number else []
            rows.append([*row, tell_formula(indicator, text)])
    return [Table(text("nav.figures"), [*header, text("figures.formula")], rows)]


def write_watermark(name: str, community: str, what: str, now: datetime, text: Text) -> Mapping[str, str]:
    """Return who takes out what and when, as labels and values."""
    return {
        text("watermark.who"): name,
        text("watermark.when"): text.moment(now),
        text("watermark.what"): text.join([community, what, text("figures.left_out")]),
        text("watermark.note_title"): text("watermark.note"),
    }


def _list_parts(value: Value) -> list[Cell]:
    return [value.numerator, value.denominator]
