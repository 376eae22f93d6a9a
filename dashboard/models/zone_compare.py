"""Two plans beside each other: who gains and who loses, and everything that moves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from dashboard.i18n import Text
from dashboard.models.map_notice import write_map_notice
from dashboard.models.zone_view import PlanView, list_codes
from dashboard.models.zones import name_plan
from geo.zoning.problem import NO_ZONE

_BARS: Final = ((0, "zones.households"), (2, "zones.workload"))


@dataclass(frozen=True)
class Compared:
    """A plan to compare, and who leads its zones, by zone."""

    view: PlanView
    leads: Mapping[int, str]

    def list_leads(self) -> dict[str, str]:
        """Return who leads each zone, by the zone's code."""
        return {zone.code: self.leads.get(zone.id, "") for zone in self.view.plan.zones}


def build_comparison(after: Compared, before: Compared, text: Text) -> dict[str, Any]:
    """Build what is shown of two plans of the same town.

    Returns:
        ``sides``: the plans as maps show them, the earlier first; ``moved``: the buildings that move;
        ``zones``: what each zone gains, loses and carries in either; ``moves``: a line for each building that
        moves; ``summary`` and ``words``.
    """
    moved = after.view.list_moved(before.view)
    # One zone, one colour, in either.
    colours = {zone.code: zone.colour for side in (before, after) for zone in side.view.plan.zones}
    return {
        "sides": [_build_side(side.view, colours, text) for side in (before, after)],
        "moved": moved,
        "zones": _list_zones(after, before, moved, text),
        "moves": _list_moves(after, before, moved, text),
        "summary": _summarise(after, before, moved, text),
        "words": {
            "nothing": text("zones.compare_nothing"),
            "zones": text("zones.bars_label"),
            "columns": [
                text("zones.building"),
                text("zones.households"),
                text("zones.residents"),
                text("zones.was_with"),
                text("zones.now_with"),
            ],
            "moved": text("zones.legend_moved"),
            "notice": write_map_notice(text),
            "title": text("map.title"),
            "noMap": text("zones.no_map"),
            "opening": text("zones.map_opening"),
        },
    }


def _build_side(view: PlanView, colours: Mapping[str, str | None], text: Text) -> dict[str, Any]:
    ids = view.town.building_ids
    worst = np.abs(view.figures.shares - 1).max(axis=0, initial=0)
    figures = [
        text("zones.off_by", load=text(label), value=f"±{100 * worst[column]:.0f} %")
        for column, label in _BARS
    ]
    return {
        "title": name_plan(view.plan.head, text),
        "figures": text.join(figures),
        "nobody": view.unassigned,
        "zones": [
            {
                "name": zone.name,
                "colour": colours[zone.code],
                "buildings": [ids[unit] for unit in np.flatnonzero(view.units == index)],
            }
            for index, zone in enumerate(view.plan.zones)
        ],
    }


def _list_zones(after: Compared, before: Compared, moved: Sequence[int], text: Text) -> list[dict[str, Any]]:
    here, there = list_codes(after.view.plan), list_codes(before.view.plan)
    now, was = _index_zones(after.view), _index_zones(before.view)
    zones = {zone.code: zone for zone in (*before.view.plan.zones, *after.view.plan.zones)}
    leads, leads_before = after.list_leads(), before.list_leads()
    rows = []
    for code, zone in zones.items():
        gained = [key for key in moved if here.get(key) == code]
        lost = [key for key in moved if there.get(key) == code]
        lead, lead_before = leads.get(code, ""), leads_before.get(code, "")
        rows.append(
            {
                "code": code,
                "name": zone.name,
                "colour": zone.colour,
                "lead": lead if lead == lead_before else f"{lead_before or '—'} → {lead or '—'}",
                "gained": _count("zones.gained", gained, after.view, text),
                "lost": _count("zones.lost", lost, after.view, text),
                "moved": [*gained, *lost],
                "bars": [
                    _build_bar(
                        text(label), column, now.get(code), was.get(code), after.view, before.view, text
                    )
                    for column, label in _BARS
                ],
            }
        )
    # Whoever changes stands first, in the order of the plan.
    return sorted(rows, key=lambda row: not row["moved"])


def _index_zones(view: PlanView) -> dict[str, int]:
    return {zone.code: index for index, zone in enumerate(view.plan.zones)}


def _build_bar(
    label: str,
    column: int,
    now: int | None,
    was: int | None,
    after: PlanView,
    before: PlanView,
    text: Text,
) -> dict[str, Any]:
    def read(view: PlanView, index: int | None) -> tuple[float, float]:
        if index is None:
            return 0.0, 0.0
        return float(view.figures.shares[index, column]), float(view.figures.loads[index, column])

    share, load = read(after, now)
    share_before, load_before = read(before, was)
    values = [text.number(load_before), text.number(load)]
    return {
        "label": label,
        "share": round(share, 4),
        "before": round(share_before, 4),
        "value": values[1] if values[0] == values[1] else " → ".join(values),
    }


def _count(key: str, buildings: Sequence[int], view: PlanView, text: Text) -> str:
    if not buildings:
        return ""
    households, residents = _weigh(buildings, view)
    return text(
        key,
        buildings=text("count.buildings", n=len(buildings)),
        households=text("count.households", n=households),
        residents=text("count.residents", n=residents),
    )


def _weigh(buildings: Sequence[int], view: PlanView) -> tuple[int, int]:
    units = [view.town.unit_of[key] for key in buildings]
    households, residents, _ = view.town.loads[units].sum(axis=0) if units else (0, 0, 0)
    return round(float(households)), round(float(residents))


def _list_moves(after: Compared, before: Compared, moved: Sequence[int], text: Text) -> list[dict[str, Any]]:
    town = after.view.town

    def name_zone(of: Compared, key: int) -> str:
        number = of.view.units[town.unit_of[key]]
        if number == NO_ZONE:
            return text("zones.none")
        zone = of.view.plan.zones[number]
        lead = of.leads.get(zone.id, "")
        return f"{zone.name} {lead}".strip()

    return [
        {
            "id": key,
            "cells": [
                town.names[town.unit_of[key]],
                text.number(town.loads[town.unit_of[key], 0]),
                text.number(town.loads[town.unit_of[key], 1]),
                name_zone(before, key),
                name_zone(after, key),
            ],
        }
        for key in sorted(moved, key=lambda key: (name_zone(before, key), name_zone(after, key)))
    ]


def _summarise(after: Compared, before: Compared, moved: Sequence[int], text: Text) -> str:
    if not moved:
        return text("zones.compare_nothing")
    here, there = list_codes(after.view.plan), list_codes(before.view.plan)
    leads, leads_before = after.list_leads(), before.list_leads()
    # Nobody is known to them where nobody was.
    strange = [
        key
        for key in moved
        if leads_before.get(there.get(key, "")) not in {None, "", leads.get(here.get(key, ""))}
    ]
    households, residents = _weigh(strange, after.view)
    parts = [_count("zones.moved_sum", moved, after.view, text)]
    if strange:
        parts.append(
            text(
                "zones.strange_sum",
                households=text("count.households", n=households),
                residents=text("count.residents", n=residents),
            )
        )
    return text.join(parts)
