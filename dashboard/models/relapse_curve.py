"""How long it stays quiet after closing: a chart that needs no colour to be read, and its numbers."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from dashboard.i18n import Text
from dashboard.maps import palette
from dashboard.models.incident_words import name_category
from dashboard.models.relapse_table import NOTHING, Cell, Column, RelapseTable, Row
from geo.operations.relapses import RECHECK_DAYS, Relapses
from geo.patterns.survival import Survival
from geo.settings import get_settings
from geo.store.choices import Category

ALL: Final = "all"
FONT: Final = "PingFang SC, Microsoft YaHei, Noto Sans CJK SC, Source Han Sans SC, sans-serif"
_SEEN: Final = "#00224E"
_CHANCE: Final = "#C75A00"


def list_curves(
    found: Relapses, categories: Mapping[str, Category], text: Text, *, is_shared: bool
) -> dict[str, str]:
    """Return the groups that have a curve by code, all of them together first.

    Where others look on, a curve whose steps are fewer than k returns is none: each step is a case.
    """
    least = get_settings().least_shown if is_shared else 0
    names = {} if found.survival is None or found.survival.returned < least else {ALL: text("relapse.all")}
    names.update(
        (code, name_category(categories[code], text))
        for code, curve in sorted(found.survival_by_group.items(), key=lambda group: int(group[0][1:]))
        if curve.returned >= least and code in categories
    )
    return names


def find_curve(found: Relapses, code: str) -> Survival | None:
    """Return the curve of a group, or of all."""
    return found.survival if code == ALL else found.survival_by_group.get(code)


def draw_curve(curve: Survival, text: Text) -> dict[str, Any]:
    """Return the chart for Vega-Lite: what was seen as a line with its band, chance alone dashed."""
    seen, chance = text("relapse.curve_seen"), text("relapse.curve_chance")
    known = np.isfinite(curve.quiet)
    rows: list[dict[str, Any]] = [
        {
            "day": int(day), "share": _round(curve.quiet[day]), "low": _round(curve.low[day]),
            "high": _round(curve.high[day]), "n": int(curve.at_risk[day]), "kind": seen,
        }
        for day in curve.days[known]
    ]  # fmt: skip
    rows += [
        {"day": int(day), "share": _round(curve.expected[day]), "kind": chance} for day in curve.days[known]
    ]
    lowest = min(float(curve.low[known].min(initial=1)), float(curve.expected[known].min(initial=1)))
    bottom = float(np.floor(20 * lowest) / 20)
    day = {
        "field": "day", "type": "quantitative", "title": text("relapse.curve_days"),
        "axis": {"values": [0, *RECHECK_DAYS, 60], "grid": False},
    }  # fmt: skip
    share = {
        "field": "share", "type": "quantitative", "title": text("relapse.curve_share"),
        "scale": {"domain": [bottom, 1], "nice": False}, "axis": {"format": ".0%", "tickCount": 5},
    }  # fmt: skip
    kinds = [seen, chance]
    legend = {
        "title": None, "orient": "top", "columns": 1, "symbolType": "stroke", "symbolSize": 600,
        "labelLimit": 300,
    }  # fmt: skip
    return {
        "data": {"values": rows},
        "height": 260,
        "layer": [
            {
                "transform": [{"filter": "isValid(datum.low)"}],
                "mark": {"type": "area", "opacity": 0.18, "color": _SEEN, "interpolate": "step-after"},
                "encoding": {"x": day, "y": {**share, "field": "low"}, "y2": {"field": "high"}},
            },
            {
                "mark": {"type": "rule", "color": "#C9D0D6", "strokeDash": [2, 3]},
                "data": {"values": [{"day": after} for after in RECHECK_DAYS]},
                "encoding": {"x": day},
            },
            {
                "mark": {"type": "line", "strokeWidth": 2.5, "interpolate": "step-after"},
                "encoding": {
                    "x": day,
                    "y": share,
                    "color": {
                        "field": "kind", "type": "nominal", "legend": legend,
                        "scale": {"domain": kinds, "range": [_SEEN, _CHANCE]},
                    },
                    "strokeDash": {
                        "field": "kind", "type": "nominal", "legend": legend,
                        "scale": {"domain": kinds, "range": [[1, 0], [6, 4]]},
                    },
                    "tooltip": [
                        {"field": "kind", "type": "nominal", "title": " "},
                        {"field": "day", "type": "quantitative", "title": text("relapse.curve_days")},
                        {"field": "share", "type": "quantitative", "format": ".1%",
                         "title": text("relapse.curve_share")},
                    ],
                },
            },
        ],
        "config": write_config(),
    }  # fmt: skip


def write_config() -> dict[str, Any]:
    """Return what all charts of the page have in common."""
    return {
        "font": FONT,
        "background": "transparent",
        "view": {"stroke": None},
        "axis": {
            "labelFontSize": 13, "titleFontSize": 13, "titleFontWeight": "normal", "labelColor": palette.TEXT,
            "titleColor": palette.QUIET_TEXT, "gridColor": "#E8EBEE", "domainColor": palette.OUTLINE,
        },
        "legend": {"labelFontSize": 13, "labelColor": palette.TEXT},
    }  # fmt: skip


def tell_curve(curve: Survival, text: Text) -> RelapseTable:
    """Return what the curve says on the days one looks again: a table for those who read no curves."""
    rows = []
    for day in RECHECK_DAYS:
        quiet, low, high = curve.read(day)
        if np.isnan(quiet):
            cells = [NOTHING, NOTHING, "0"]
        else:
            cells = [
                f"{100 * quiet:.1f} % ({100 * low:.1f} – {100 * high:.1f})",
                f"{100 * float(curve.expected[day]):.1f} %",
                text.number(int(curve.at_risk[day])),
            ]
        rows.append(Row((Cell(text("relapse.after_days", n=day)), *map(Cell, cells))))
    return RelapseTable(
        columns=(
            Column(text("relapse.curve_days"), "words"),
            Column(text("relapse.curve_seen")),
            Column(text("relapse.curve_chance")),
            Column(text("relapse.at_risk"), help=text("relapse.at_risk_help")),
        ),
        rows=tuple(rows),
        empty="",
    )


def tell_closings(curve: Survival, name: str, text: Text) -> str:
    """Return over what the curve is, and how many came back."""
    return text(
        "relapse.curve_over",
        name=name,
        closed=text.number(curve.closed),
        returned=text.number(curve.returned),
        days=max(RECHECK_DAYS),
    )


def choose_curve(asked: str, names: Sequence[str]) -> str | None:
    """Return the group to draw: the one asked for, that of the category asked for, or the first there is."""
    if asked in names:
        return asked
    group = next((name for name in names if name == _find_group(asked)), None)
    return group or next(iter(names), None)


def _round(share: float) -> float:
    return round(float(share), 4)


def _find_group(code: str) -> str:
    # The last two digits number the category within its group.
    return code[:-2] if code.startswith("E") else code
