"""``wangge hotspots``: where there is surely more than the people there explain."""

import json
import math
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
from geo.operations.heat_forecast import LAND_SHARE, TRIED_DAYS, Trial, forecast, rank_cells, try_forecast
from geo.operations.heat_units import Unit
from geo.patterns.prediction import Capture

_TIME_ZONE: Final = ZoneInfo("Asia/Shanghai")
_YEAR_DAYS: Final = 364
_MOST_PRINTED: Final = 20


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
@click.option(
    "--next",
    "is_forecast",
    is_flag=True,
    help="Where most is to be expected in the four weeks after the period, on a tenth of the land.",
)
@click.option("--community", metavar="CODE", help="Which community, where there are several.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def hotspots(
    *,
    codes: tuple[str, ...],
    since: datetime | None,
    until: datetime | None,
    unit: Unit,
    is_forecast: bool,
    community: str | None,
    as_json: bool,
) -> None:
    """List the hot spots of each category: cells with surely more cases than live or trade there explain.

    Of communities in which nothing is hot, no more than five in a hundred have anything on this list,
    however many categories are looked at. Sensitive and personal cases are not counted.

    With --next, cells are ranked by what is to be expected there, of all categories asked for together. How
    well that serves is told with it: how much of the period's last four weeks it would have caught, knowing
    what came before them, and how much a smooth density of the same cases would have on as much land.
    """
    if is_forecast and unit != "hexagon":
        msg = "where to walk next is told by hexagons only: leave --by out"
        raise InputRefused(msg)
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
    asked = {"community": chosen.code, "since": str(first), "until": str(last), "by": unit}
    if is_forecast:
        _tell_next(state, Question(unit=unit, categories=codes), period, asked if as_json else None)
        return
    found = _list_spots(state, codes, unit, period)
    if as_json:
        click.echo(json.dumps(asked | {"hotspots": found}, ensure_ascii=False))
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
                "times_elsewhere": _round(answer.spots.ratio[row]),
                "low": _round(answer.spots.low[row]),
                "high": _round(answer.spots.high[row]),
            }
            for row in rows
        ]
    return found


def _print(found: list[dict[str, Any]]) -> None:
    table = Table("category", "where", "cases", "times elsewhere", "over", "longitude", "latitude")
    for spot in found:
        table.add_row(
            spot["category"], spot["name"], str(spot["cases"]), _write_times(spot), spot["per"],
            f"{spot['longitude']:.6f}", f"{spot['latitude']:.6f}",
        )  # fmt: skip
    Console(highlight=False).print(
        table if found else "nowhere is there surely more than expected", markup=False
    )


def _write_times(spot: dict[str, Any]) -> str:
    """Write how many times the rate elsewhere a cell with its neighbours has, and between what and what."""
    ratio, low, high = (
        "—" if spot[name] is None else f"{spot[name]:.1f}" for name in ("times_elsewhere", "low", "high")
    )
    return f"{ratio} ({low}–{high})"


def _round(value: float) -> float | None:
    return round(float(value), 2) if math.isfinite(value) else None


def _tell_next(state: State, question: Question, period: Period, asked: dict[str, str] | None) -> None:
    """Print where most is to be expected; as JSON with what was asked, where that is given."""
    known, trial = forecast(state, question, period), try_forecast(state, question, period)
    rows = rank_cells(known)
    places = state.columns.ground.plane.to_degrees(known.layout.places_m)
    ranked = [
        {
            "cell": int(known.layout.ids[row]),
            "name": known.layout.names[row],
            "longitude": round(float(places[row, 0]), 6),
            "latitude": round(float(places[row, 1]), 6),
            "expected": round(float(known.expected[row]), 3),
        }
        for row in rows
    ]
    if asked is not None:
        told = asked | {"land_share": LAND_SHARE, "next": ranked, "trial": _describe_trial(trial)}
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    table = Table("where", "expected cases", "longitude", "latitude")
    for place in ranked[:_MOST_PRINTED]:
        table.add_row(
            str(place["name"]), f"{place['expected']:.2f}",
            f"{place['longitude']:.6f}", f"{place['latitude']:.6f}",
        )  # fmt: skip
    console = Console(highlight=False)
    console.print(table, markup=False)
    listed = min(len(ranked), _MOST_PRINTED)
    console.print(f"{len(ranked)} cells, {LAND_SHARE:.0%} of the land; the first {listed} are listed")
    if trial is None or not trial.came:
        console.print("too short a period, or too few cases, to tell how well that serves")
        return
    for name, capture in (("this ranking", trial.ours), ("a smooth density", trial.smooth)):
        console.print(
            f"of the {trial.came} cases of the last {TRIED_DAYS} days {name} would have caught"
            f" {capture.hit_rate:.0%} on {capture.area_share:.1%} of the land"
            f" (PAI {capture.accuracy_index:.1f})"
        )


def _describe_trial(trial: Trial | None) -> dict[str, Any] | None:
    def describe(capture: Capture) -> dict[str, float]:
        return {
            "hit_rate": round(capture.hit_rate, 4),
            "land_share": round(capture.area_share, 4),
            "accuracy_index": round(capture.accuracy_index, 3),
        }

    if trial is None or not trial.came:
        return None
    return {
        "days": TRIED_DAYS,
        "came": trial.came,
        "ranking": describe(trial.ours),
        "smooth_density": describe(trial.smooth),
    }
