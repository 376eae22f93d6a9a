"""``wangge indicators``: what the figures of the registry come to, as on every page and screen."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, get_args

import click
from rich.console import Console
from rich.table import Table

from etl.commands.zones import choose_community
from geo.errors import InputRefused
from geo.model.indicator import WHOLE, Indicator, Level, Value
from geo.operations.indicators import Measured, measure
from geo.rules.indicators import INDICATORS, compare_values
from geo.rules.morning import find_day
from geo.rules.periods import Period, find_compared, find_kind, find_month, format_period, parse_period


@click.command()
@click.option(
    "--period", "words", metavar="P", help="2026-10-05, 2026-W45, 2026-10 or 2026-Q3.  [default: this month]"
)
@click.option(
    "--level", type=click.Choice(get_args(Level)), default="community", show_default=True, help="By what."
)
@click.option("--indicator", "ids", multiple=True, metavar="ID", help="Only this one; may be given again.")
@click.option("--community", metavar="CODE", help="Which community, where there are several.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def indicators(
    *, words: str | None, level: Level, ids: tuple[str, ...], community: str | None, as_json: bool
) -> None:
    """Tell what the indicators come to in a period, against the one before and the same of last year.

    A period that is not over is compared with as many days of the others. What is sensitive or sealed enters
    no figure.
    """
    chosen = choose_community(community)
    today = find_day(datetime.now(UTC))
    period = find_month(today) if words is None else parse_period(words)
    kind = find_kind(period) if period else None
    if period is None or kind is None:
        msg = f"{words} is no period: write 2026-10-05, 2026-W45, 2026-10 or 2026-Q3"
        raise InputRefused(msg)
    if period.first > today:
        msg = f"{words} has not begun: choose a period up to {today}"
        raise InputRefused(msg)
    periods = (period, *find_compared(period, kind, today))
    found = measure(chosen.id, periods, level=level, ids=ids or None)
    if as_json:
        told = {
            "community": chosen.code,
            "tag": found.tag,
            "as_of": found.as_of.isoformat(),
            "level": level,
            **dict(zip(("period", "before", "year_before"), map(_tell_period, periods), strict=True)),
            "indicators": [_tell(INDICATORS[id_], by_key, found) for id_, by_key in found.values.items()],
        }
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        _print(found)


def _tell_period(period: Period) -> dict[str, str]:
    return {"name": format_period(period), "first": str(period.first), "end": str(period.end)}


def _tell(indicator: Indicator, by_key: Any, found: Measured) -> dict[str, Any]:
    words = asdict(indicator)
    return {
        **{name: words[name] for name in ("id", "zh", "en", "formula_zh", "formula_en", "unit", "better")},
        "values": [
            {
                "key": key,
                "name": found.names[key],
                **asdict(now),
                "before": asdict(before),
                "year_before": asdict(year_before),
                "trend": compare_values(now, before, indicator),
            }
            for key, (now, before, year_before) in by_key.items()
        ],
    }


def _print(found: Measured) -> None:
    now, before, year_before = map(format_period, found.periods)
    table = Table(
        "indicator", *(["where"] if list(found.names) != [WHOLE] else []), now, "n", before, year_before
    )
    for id_, by_key in found.values.items():
        for key, values in by_key.items():
            if any(value.n for value in values):
                place = [] if key == WHOLE else [found.names[key]]
                told = [_write(INDICATORS[id_], value) for value in values]
                table.add_row(INDICATORS[id_].en, *place, told[0], str(values[0].n), *told[1:])
    Console(highlight=False).print(table, markup=False)


def _write(indicator: Indicator, value: Value) -> str:
    if value.amount is None:
        return "—"
    if value.is_small and value.denominator:
        return f"{value.numerator:g}/{value.denominator:g}"
    match indicator.unit:
        case "share":
            return f"{100 * value.amount:.1f} %"
        case "hours" if value.amount < 1:
            return f"{60 * value.amount:.0f} minutes"
        case "hours" | "days":
            return f"{value.amount:,.1f} {indicator.unit}"
    return f"{value.amount:,.4g}"
