"""The frame of a screen on a wall: every word and number on it, in one language, and the map beneath."""

from collections.abc import Mapping
from typing import Any, Final

from dashboard.i18n import Text
from dashboard.models.figures import NOTHING, ToldTrend, tell_trend, tell_value
from dashboard.models.wall_map import build_ground, build_heat, build_three_no, build_uncovered
from geo.model.indicator import Value
from geo.operations.wall import Wall
from geo.rules.indicators import INDICATORS
from geo.store.wall import LongOpen

_FIGURES: Final[Mapping[str, str]] = {
    "held_by_grid_worker": "wall.covered",
    "on_time_rate": "wall.on_time",
    "relapse_rate": "wall.relapse",
    "satisfaction_rate": "wall.satisfied",
}
_LINES: Final[Mapping[str, str]] = {
    "on_time_rate": "wall.on_time",
    "relapse_rate": "wall.relapse",
    "satisfaction_rate": "wall.satisfied",
    "incidents_per_10k": "wall.per_10k",
}


def build_frame(wall: Wall, text: Text) -> dict[str, Any]:
    """Return what a screen shows, as its script reads it."""
    return {
        "code": wall.code,
        "name": wall.name,
        "figures": [_build_figure(id_, wall, text) for id_ in _FIGURES],
        "ground": build_ground(wall.ground),
        "views": [build_heat(wall, text), build_uncovered(wall, text), build_three_no(wall, text)],
        "months": text("wall.months", month=text.month(wall.snapshot.months[-2].first)),
        "lines": [_build_line(id_, wall, text) for id_ in _LINES],
        "stuck": [_build_stuck(case, wall, text) for case in wall.longest],
        "load": _build_load(wall, text),
    }


def _build_figure(id_: str, wall: Wall, text: Text) -> dict[str, Any]:
    indicator, now = INDICATORS[id_], wall.snapshot.now(id_)
    before, _ = wall.snapshot.then[id_]
    trend = tell_trend(now, before, indicator, text)
    if not _is_told(now, wall):
        trend = ToldTrend(text("wall.hidden", least=wall.least), "quiet")
    elif trend.words == NOTHING or not _is_told(before, wall):
        trend = ToldTrend("", "quiet")
    return {
        "id": id_,
        "name": text(_FIGURES[id_]),
        "value": _tell(id_, now, wall, text),
        "n": text("wall.n", count=text.number(now.n)) if _is_told(now, wall) else "",
        "trend": trend.words,
        "tone": trend.tone,
    }


def _build_line(id_: str, wall: Wall, text: Text) -> dict[str, Any]:
    # Whole months only: what is counted up to today would always seem to fall.
    values = wall.snapshot.series[id_][:-1]
    return {
        "name": text(_LINES[id_]),
        "value": _tell(id_, values[-1], wall, text),
        "values": [
            None if each.is_small or each.amount is None else round(each.amount, 4) for each in values
        ],
    }


def _build_stuck(case: LongOpen, wall: Wall, text: Text) -> dict[str, Any]:
    days = (wall.read_at - case.reported_at).days
    kind = case.kind[text.language == "en"] if case.kind else text("wall.some_matter")
    return {
        "days": text("wall.days", n=days),
        "what": text.join([part for part in (case.grid, kind) if part]),
        "late": case.due_at is not None and case.due_at < wall.read_at,
    }


def _build_load(wall: Wall, text: Text) -> dict[str, Any]:
    if not wall.loads:
        return {"words": text("wall.load_unknown"), "bars": []}
    return {
        "words": text("wall.load_most", most=text.number(wall.loads[0], digits=1), people=len(wall.loads)),
        "bars": list(wall.loads),
    }


def _tell(id_: str, value: Value, wall: Wall, text: Text) -> str:
    return tell_value(value, INDICATORS[id_], text) if _is_told(value, wall) else NOTHING


def _is_told(value: Value, wall: Wall) -> bool:
    """Whether a figure rests on enough for visitors."""
    return value.n >= wall.least
