"""The cells of the heat map as a table to take away."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np

from dashboard.i18n import Text
from dashboard.models.heat_page import (
    HeatPage,
    name_at_risk,
    name_rate,
    tell_times,
    write_period,
    write_rate,
    write_ratio,
)
from dashboard.models.map_notice import write_map_notice
from geo.operations.heat import Answer
from geo.patterns.neighbours import Floats
from geo.settings import get_settings


def list_columns(answers: Sequence[Answer], text: Text) -> list[str]:
    """Return the titles of the columns."""
    rate = name_rate(answers[0].per, text)
    titles = [text("heat.column_cell"), text("heat.column_place"), name_at_risk(answers[0].per, text)]
    for answer in answers:
        when = f" {write_period(answer.period)}" if len(answers) > 1 else ""
        titles += [
            text("heat.fact_count") + when,
            rate + when,
            text("heat.column_low") + when,
            text("heat.column_high") + when,
            text("heat.fact_smoothed") + when,
            text("heat.column_ratio") + when,
            "Gi* z" + when,
            text("heat.column_verdict") + when,
        ]
    return titles


def list_rows(
    answers: Sequence[Answer], watermark: Mapping[str, str], width: int, text: Text
) -> list[list[str]]:
    """Return the cells in which there is anything, and under them what a map may not go without."""
    layout = answers[0].layout
    is_told = np.any(
        [each.rates.count > 0 for each in answers] + [layout.has_building, answers[0].rates.at_risk > 0],
        axis=0,
    )
    rows = [
        [
            str(layout.ids[row]),
            layout.names[row],
            text.number(float(answers[0].rates.at_risk[row])),
            *(value for answer in answers for value in _tell_row(answer, row, text)),
        ]
        for row in np.flatnonzero(is_told).tolist()
    ]
    told = [f"{label}: {value}" for label, value in watermark.items()]
    return rows + [[line] + [""] * (width - 1) for line in told]


def write_watermark(name: str, page: HeatPage, now: datetime, text: Text) -> dict[str, str]:
    """Return who takes out what and when, and the notice that no map goes without."""
    return {
        text("watermark.who"): name,
        text("watermark.when"): text.moment(now),
        text("watermark.what"): text.join([page.title, *page.told]),
        text("watermark.note_title"): write_map_notice(text),
    }


def _tell_row(answer: Answer, row: int, text: Text) -> list[str]:
    rates, spots = answer.rates, answer.spots
    is_unknown = bool(rates.is_unknown[row] | answer.is_hidden[row])
    verdict = (
        text("heat.legend_hidden", n=get_settings().least_shown)
        if answer.is_hidden[row]
        else text("heat.legend_unknown")
        if is_unknown
        else text("heat.sure_hot")
        if spots.is_hot[row]
        else ""
    )
    return [
        "" if is_unknown else str(int(rates.count[row])),
        write_rate(rates.rate[row], answer, text),
        write_rate(rates.low[row], answer, text),
        write_rate(rates.high[row], answer, text),
        write_rate(rates.smoothed[row], answer, text),
        tell_times(answer, row, text)["ratio"],
        _write(spots.z, row, text),
        verdict,
    ]


def _write(values: Floats, row: int, text: Text) -> str:
    return "" if np.isnan(values[row]) else write_ratio(float(values[row]), text)
