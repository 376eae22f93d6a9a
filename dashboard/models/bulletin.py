"""The paragraph for the street office: the core figures of a period, of how many, and how they changed."""

from datetime import date
from typing import Final

from dashboard.i18n import Text
from dashboard.models.figure_state import Spans
from dashboard.models.figures import NOTHING, name_period, tell_trend, tell_value
from dashboard.models.figures_page import name_indicator
from geo.model.indicator import WHOLE
from geo.operations.indicators import Measured
from geo.rules.indicators import INDICATORS

IDS: Final = (
    "incidents_per_10k", "handle_rate", "on_time_rate", "relapse_rate", "satisfaction_rate", "bounce_rate",
    "open_cases", "overdue_open_cases", "grid_coverage_households",
)  # fmt: skip


def write_bulletin(measured: Measured, spans: Spans, community: str, today: date, text: Text) -> str:
    """Return the paragraph; what is of no case is left out of it.

    Args:
        measured: figures of the community over the spans.
        spans: the period, and what it is compared with.
        community: what it is called.
        today: the day in China.
        text: the language.
    """
    now = measured.periods.index(spans.now)
    before = None if spans.before is None else measured.periods.index(spans.before)
    told = []
    for id_ in IDS:
        values = measured.values.get(id_, {}).get(WHOLE)
        if values is None or values[now].amount is None:
            continue
        indicator = INDICATORS[id_]
        notes = (
            [] if indicator.unit == "count" or values[now].is_small else [f"n={text.number(values[now].n)}"]
        )
        trend = tell_trend(values[now], None if before is None else values[before], indicator, text).words
        if trend != NOTHING:
            notes.append(text("bulletin.against", change=trend))
        figure = f"{name_indicator(indicator, text)} {tell_value(values[now], indicator, text)}"
        told.append(
            text("bulletin.figure", figure=figure, notes=text("bulletin.comma").join(notes))
            if notes
            else figure
        )
    return text(
        "bulletin.paragraph",
        community=community,
        period=name_period(spans.now, today, text),
        figures=text("bulletin.semicolon").join(told) or text("bulletin.nothing"),
        against=""
        if spans.before is None
        else text("bulletin.compared", before=name_period(spans.before, today, text)),
        at=text.moment(measured.as_of),
    )
