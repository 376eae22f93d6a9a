"""What the zone editor's map shows of a plan, and the words of its tools."""

from collections.abc import Collection
from typing import Any

import numpy as np

from dashboard.i18n import Text
from dashboard.models.map_notice import write_map_notice
from dashboard.models.zone_view import PlanView


def build_map_data(view: PlanView, before: PlanView | None, text: Text, *, can_pick: bool) -> dict[str, Any]:
    """Build what the editor's map shows of a plan, apart from the style of the map."""
    moved = view.list_colours_before(before)
    ids = view.town.building_ids
    stated = [key for key in view.plan.gaps if key in view.town.unit_of and key not in view.plan.units]
    return {
        "plan": view.plan.head.id,
        "revision": view.plan.head.revision,
        "zones": [
            {
                "id": zone.id,
                "name": zone.name,
                "colour": zone.colour,
                "buildings": [ids[unit] for unit in np.flatnonzero(view.units == index)],
            }
            for index, zone in enumerate(view.plan.zones)
        ],
        "unassigned": view.unassigned,
        "breaks": view.breaks,
        "stated": stated,
        "fixed": [*view.plan.locked_units, *_list_shut_in(view)],
        "moved": list(moved.items()),
        "canPick": can_pick,
        "legend": _list_legend(view, moved, text, can_pick=can_pick),
        "words": write_map_words(text),
    }


def _list_shut_in(view: PlanView) -> list[int]:
    shut = [zone.id for zone in view.plan.zones if zone.is_locked]
    return [key for key in view.plan.list_buildings(*shut) if key not in view.plan.locked_units]


def _list_legend(
    view: PlanView, moved: Collection[int], text: Text, *, can_pick: bool
) -> list[dict[str, str]]:
    is_fixed = bool(view.plan.locked_units) or any(zone.is_locked for zone in view.plan.zones)
    shown = {
        "picked": can_pick,
        "moved": bool(moved),
        "fixed": is_fixed,
        "broken": bool(view.breaks),
        "nobody": bool(view.unassigned),
        "stated": bool(view.plan.gaps),
    }
    titles = {
        "picked": text("zones.legend_picked"),
        "moved": text("zones.legend_moved"),
        "fixed": text("zones.locked"),
        "broken": text("zones.apart"),
        "nobody": text("zones.none"),
        "stated": text("zones.legend_stated"),
    }
    return [{"mark": mark, "label": titles[mark]} for mark, is_shown in shown.items() if is_shown]


def write_map_words(text: Text) -> dict[str, Any]:
    """Return the words of the map's tools."""
    return {
        "point": text("zones.tool_point"),
        "small": text("zones.tool_small"),
        "medium": text("zones.tool_medium"),
        "large": text("zones.tool_large"),
        "box": text("zones.tool_box"),
        "lasso": text("zones.tool_lasso"),
        "compound": text("zones.tool_compound"),
        "clear": text("zones.tool_clear"),
        "unassigned": text("zones.tool_unassigned"),
        "breaks": text("zones.tool_breaks"),
        "whole": text("zones.tool_whole"),
        "before": text("zones.tool_before"),
        "hints": {
            "point": text("zones.hint_point"),
            **dict.fromkeys(("small", "medium", "large", "box", "lasso"), text("zones.hint_draw")),
            "clear": text("zones.hint_clear"),
            "whole": text("zones.hint_whole"),
            "compound": text("zones.hint_compound"),
            "before": text("zones.hint_before"),
            "unassigned": text("zones.hint_unassigned"),
            "breaks": text("zones.hint_breaks"),
        },
        "households": text("zones.tip_households"),
        "none": text("zones.none"),
        "notice": write_map_notice(text),
        "title": text("map.title"),
        "noMap": text("zones.no_map"),
        "opening": text("zones.map_opening"),
        "units": {"m": text("unit.metres"), "km": text("unit.kilometres")},
    }
