"""``wangge hotspots``: where there is surely more than the people there explain."""

import json
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.table import Table

from etl.commands.zones import choose_community
from geo.errors import InputRefused
from geo.operations.heat import State, find_spots, list_counted_categories, read_state
from geo.operations.heat_cases import Period, Question
from geo.operations.heat_units import Unit

_TIME_ZONE: Final = ZoneInfo("Asia/Shanghai")
_YEAR_DAYS: Final = 364


@click.command()
@click.option(
    "--category", "codes", multiple=True, metavar="CODE", help="Only this one; E4 has all below it."
)
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="The first day.  [default: a year ago]")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="The last day.  [default: today]")
@click.option(
    "--by", "unit", type=click.Choice(["hexagon", "grid", "compound", "building"]), default="hexagon",
    show_default=True,
)  # fmt: skip
@click.option("--community", metavar="CODE", help="Which community, where there are several.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def hotspots(
    *,
    codes: tuple[str, ...],
    since: datetime | None,
    until: datetime | None,
    unit: Unit,
    community: str | None,
    as_json: bool,
) -> None:
    """List the hot spots of each category: cells with surely more cases than live or trade there explain.

    Of communities in which nothing is hot, no more than five in a hundred have anything on this list,
    however many categories are looked at. Sensitive and personal cases are not counted.
    """
    chosen = choose_community(community)
    state = read_state(chosen.id)
    known = state.columns.cases.codes
    if wrong := [code for code in codes if code not in known]:
        msg = f"cases of {wrong[0]} are not counted by place, or there is no such category"
        raise InputRefused(msg)
    last = until.date() if until else datetime.now(_TIME_ZONE).date()
    first = since.date() if since else last - timedelta(days=_YEAR_DAYS - 1)
    if last < first:
        msg = f"the period ends on {last} before it begins on {first}: give --since and --until in order"
        raise InputRefused(msg)
    period = Period(first, last + timedelta(days=1))
    found = _list_spots(state, codes, unit, period)
    if as_json:
        told = {
            "community": chosen.code,
            "since": str(first),
            "until": str(last),
            "by": unit,
            "hotspots": found,
        }
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        _print(found)


def _list_spots(state: State, codes: tuple[str, ...], unit: Unit, period: Period) -> list[dict[str, Any]]:
    asked = codes or list_counted_categories(state, period)
    plane = state.columns.ground.plane
    found: list[dict[str, Any]] = []
    for code in asked:
        answer, rows = find_spots(
            state, Question(unit=unit, categories=(code,)), period, shared_by=len(asked)
        )
        places = plane.to_degrees(answer.layout.places_m)
        found += [
            {
                "category": code,
                "cell": int(answer.layout.ids[row]),
                "name": answer.layout.names[row],
                "longitude": round(float(places[row, 0]), 6),
                "latitude": round(float(places[row, 1]), 6),
                "cases": int(answer.rates.count[row]),
                "per": answer.per,
                "times_mean": round(float(answer.rates.rate[row] / answer.mean_rate), 2),
            }
            for row in rows
        ]
    return found


def _print(found: list[dict[str, Any]]) -> None:
    table = Table("category", "where", "cases", "times the mean", "over", "longitude", "latitude")
    for spot in found:
        table.add_row(
            spot["category"], spot["name"], str(spot["cases"]), f"{spot['times_mean']:.1f}", spot["per"],
            f"{spot['longitude']:.6f}", f"{spot['latitude']:.6f}",
        )  # fmt: skip
    Console(highlight=False).print(
        table if found else "nowhere is there surely more than expected", markup=False
    )
