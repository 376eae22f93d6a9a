"""How a figure of the registry is told, on every page, sheet, screen and file alike.

A figure of few cases is told as the fraction it is: without colour, rank or trend. One without a denominator
is told as a dash, never as nought.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil
from typing import Final, Literal

from dashboard.i18n import Text
from geo.model.indicator import Indicator, Unit, Value
from geo.rules.indicators import compare_values
from geo.rules.morning import start_of_day
from geo.rules.periods import Period, find_kind

Tone = Literal["", "better", "worse", "quiet"]

NOTHING: Final = "—"
_HOUR_MIN: Final = 60
_UNITS: Final[Mapping[Unit, str]] = {
    "share": "figures.share",
    "per_10k": "figures.number",
    "count": "figures.number",
    "hours": "figures.hours",
    "days": "figures.days",
    "ratio": "figures.number",
}
_DIGITS: Final[Mapping[Unit, int]] = {
    "share": 1,
    "per_10k": 1,
    "count": 0,
    "hours": 1,
    "days": 1,
    "ratio": 2,
}


@dataclass(frozen=True, slots=True)
class ToldTrend:
    """How a figure stands to an earlier one.

    Attributes:
        words: the change with its sign, and the verdict; a dash where there is nothing to tell.
        tone: what colour it may have.
    """

    words: str
    tone: Tone


def tell_value(value: Value, indicator: Indicator, text: Text) -> str:
    """Return a figure with its unit: ``91.4 %``; ``46/50`` where it is of few cases, a dash where of none.

    A share is told as all or as nothing only where it is: what is left of it is not rounded away.
    """
    if value.amount is None:
        return NOTHING
    if value.is_small and value.numerator is not None and value.denominator:
        return f"{text.number(value.numerator)}/{text.number(value.denominator)}"
    if indicator.unit == "share":
        return text(_UNITS["share"], number=_write_percent(value.amount, text))
    return _write_amount(value.amount, indicator, text)


def tell_trend(now: Value, before: Value | None, indicator: Indicator, text: Text) -> ToldTrend:
    """Return how a figure stands to an earlier one of the same indicator.

    The arrow says which way the number went, the word whether that is good. Neither is told where one of the
    two is of few cases, or of none.
    """
    return _compare(now, before, indicator, text, ("figures.better", "figures.worse"))


def tell_beside(own: Value, others: Value | None, indicator: Indicator, text: Text) -> ToldTrend:
    """Return how a figure stands beside that of others, as :func:`tell_trend`.

    Of a number of cases beside a mean nothing is said where chance alone may be the difference.
    """
    told = _compare(own, others, indicator, text, ("figures.ahead", "figures.behind"))
    return told if told.tone or indicator.unit != "count" else ToldTrend(NOTHING, "quiet")


def _compare(
    now: Value, before: Value | None, indicator: Indicator, text: Text, verdicts: tuple[str, str]
) -> ToldTrend:
    if before is None or now.amount is None or before.amount is None or now.is_small or before.is_small:
        return ToldTrend(NOTHING, "quiet")
    change = now.amount - before.amount
    written = _write_change(abs(change), indicator, text)
    if written is None:
        return ToldTrend(text("figures.same"), "")
    told = f"{'▲' if change > 0 else '▼'} {written}"
    trend = compare_values(now, before, indicator)
    if trend == "better":
        return ToldTrend(text(verdicts[0], change=told), "better")
    if trend == "worse":
        return ToldTrend(text(verdicts[1], change=told), "worse")
    return ToldTrend(told, "")


def name_period(period: Period, today: date, text: Text) -> str:
    """Return what a period is called, with its year where it is not this one; and whether it still runs."""
    first = period.first
    kind = find_kind(period)
    if kind == "day":
        day = start_of_day(first)
        name = _date(first, today, text)
        return f"{name} {text.weekday(day)}"
    if kind == "week":
        year, week, _ = first.isocalendar()
        name = text("figures.week", year=year, week=week, days=_name_days(period, today, text))
    elif kind == "month":
        name = text.month(first)
    elif kind == "quarter":
        name = text("figures.quarter", year=first.year, quarter=(first.month + 2) // 3)
    else:
        return _name_days(period, today, text)
    return text("figures.running", period=name) if first <= today < period.end else name


def _name_days(period: Period, today: date, text: Text) -> str:
    last = period.end - timedelta(days=1)
    if last == period.first:
        return _date(last, today, text)
    return f"{_date(period.first, today, text)}–{text.day(start_of_day(last))}"


def _date(day: date, today: date, text: Text) -> str:
    name = text.day(start_of_day(day))
    return name if day.year == today.year else text("figures.date", year=day.year, day=name)


def _write_percent(share: float, text: Text) -> str:
    percent = round(100 * share, 1)
    if percent == 100 and share < 1:
        percent = 99.9
    elif percent == 0 and share > 0:
        percent = 0.1
    return text.number(percent, digits=1)


def _write_change(change: float, indicator: Indicator, text: Text) -> str | None:
    """Write by how much a number changed; None where that rounds to nothing."""
    if indicator.unit == "share":
        points = round(100 * change, 1)
        return text("figures.points", number=text.number(points, digits=1)) if points else None
    # Half a minute, or half of the last digit that is written.
    least = 0.5 / _HOUR_MIN if indicator.unit == "hours" else 0.5 / 10 ** _DIGITS[indicator.unit]
    return _write_amount(change, indicator, text) if change >= least else None


def _write_amount(amount: float, indicator: Indicator, text: Text) -> str:
    """Write an amount in its unit; of hours less than one in minutes."""
    if indicator.unit == "hours" and amount < 1:
        return text("figures.minutes", number=text.number(ceil(_HOUR_MIN * amount)))
    return text(_UNITS[indicator.unit], number=text.number(amount, digits=_DIGITS[indicator.unit]))
