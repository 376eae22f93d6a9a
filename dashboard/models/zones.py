"""The page of responsibility zones: what the editor's map, the bars and the table show of a plan."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np

from dashboard.i18n import Text
from dashboard.models.zone_view import PlanView
from geo.model.zone import Obstacle, ObstacleKind, Plan, PlanHead, PlanState, Zone, ZoneKind, ZoneRole
from geo.operations.zone_news import ZoneNews
from geo.store.choices import AreaChoice
from geo.zoning.colouring import HUES
from geo.zoning.draft import DraftFigures
from geo.zoning.problem import NO_ZONE, Floats

KINDS: Final = {
    ZoneKind.GRID_WORKER: "zones.kind_grid_worker",
    ZoneKind.PARTY_BRANCH: "zones.kind_party_branch",
    ZoneKind.VOLUNTEER: "zones.kind_volunteer",
    ZoneKind.PROPERTY: "zones.kind_property",
    ZoneKind.INSPECTION: "zones.kind_inspection",
}
_STATES: Final = {
    PlanState.DRAFT: "zones.state_draft",
    PlanState.PUBLISHED: "zones.state_published",
    PlanState.SUPERSEDED: "zones.state_superseded",
}
_AREAS: Final = {"compounds": "zones.pick_compound", "grids": "zones.pick_grid"}
_MOST_NAMED: Final = 5
_SQUARE_METRES_PER_HECTARE: Final = 10_000
# A zone this much over the mean carries more than one person should; the bars say so.
_HEAVY: Final = 1.2


def name_plan(head: PlanHead, text: Text) -> str:
    """Write what a plan is called where several are to choose from."""
    days = f" {head.valid_from.isoformat()}–" if head.valid_from else ""
    days += head.valid_to.isoformat() if head.valid_to else ""
    return f"{text(_STATES[head.state])}{days} · {head.name}"


def name_plans(heads: Iterable[PlanHead], text: Text) -> dict[int, str]:
    """Write what each of several plans is called, by id; the oldest of one name is called by it alone."""
    return tell_apart({head.id: name_plan(head, text) for head in sorted(heads, key=lambda head: head.id)})


def tell_apart(names: Mapping[int, str]) -> dict[int, str]:
    """Number a name from the second who has it on: a box of choices knows who is meant by the name alone."""
    apart: dict[int, str] = {}
    for key, name in names.items():
        numbered, count = name, 1
        while numbered in apart.values():
            count += 1
            numbered = f"{name} ({count})"
        apart[key] = numbered
    return apart


def find_in_force(heads: Iterable[PlanHead], on_day: date) -> PlanHead | None:
    """Return the plan that is in force on a day."""
    for head in heads:
        starts = head.valid_from is not None and head.valid_from <= on_day
        if head.state is not PlanState.DRAFT and starts and (head.valid_to is None or on_day < head.valid_to):
            return head
    return None


def name_leads(plan: Plan, on_day: date) -> dict[int, str]:
    """Name who leads each zone on a day, by zone; a plan not in force yet is asked for its first day."""
    day = max(on_day, plan.head.valid_from or on_day)
    leads = {zone.id: zone.find_party(ZoneRole.LEAD, day) for zone in plan.zones}
    return {zone_id: plan.party_names.get(party_id, "") for zone_id, party_id in leads.items() if party_id}


def find_own_zone(plan: Plan, party_id: int | None, on_day: date) -> int | None:
    """Return the zone that somebody leads on a day; None where he leads none."""
    leads = (zone.id for zone in plan.zones if zone.find_party(ZoneRole.LEAD, on_day) == party_id)
    return None if party_id is None else next(leads, None)


def build_bars(
    view: PlanView, before: PlanView | None, leads: Mapping[int, str], text: Text
) -> list[dict[str, Any]]:
    """Build the bars of every zone: what it carries against the mean, now and in the plan before."""
    if view.is_partial:
        return [
            _build_share(index, zone, view, leads.get(zone.id, ""), text)
            for index, zone in enumerate(view.plan.zones)
        ]
    earlier = _list_figures(before)
    return [
        _build_bar(index, zone, view, earlier.get(zone.code), leads.get(zone.id, ""), text)
        for index, zone in enumerate(view.plan.zones)
    ]


def _build_share(index: int, zone: Zone, view: PlanView, lead: str, text: Text) -> dict[str, Any]:
    """Build what whoever sees some of its buildings is told of a zone: how many, and no load."""
    now = _ZoneFigures.read(view.figures, index)
    return {
        "id": zone.id,
        "name": zone.name,
        "lead": lead,
        "colour": zone.colour,
        "locked": False,
        "flags": [],
        "bars": [],
        "told": text.join(
            [
                text("count.buildings", n=round(now.buildings)),
                text("count.households", n=round(now.households)),
            ]
        ),
        "figures": [],
    }


def _build_bar(
    index: int, zone: Zone, view: PlanView, before: "_ZoneFigures | None", lead: str, text: Text
) -> dict[str, Any]:
    now = _ZoneFigures.read(view.figures, index)
    mean = _ZoneFigures.average(view)
    flags = [text("zones.parts", n=now.parts)] if now.parts > 1 else []
    flags += [text("zones.empty")] if not now.buildings else []
    flags += [text("zones.no_lead")] if not lead else []
    return {
        "id": zone.id,
        "name": zone.name,
        "lead": lead,
        "colour": zone.colour,
        "locked": zone.is_locked,
        "flags": flags,
        "bars": [
            {
                "label": text(label),
                "share": round(float(view.figures.shares[index, column]), 4),
                "before": round(before.shares[column], 4) if before else None,
                "delta": _write_delta(float(view.figures.shares[index, column])),
                "heavy": bool(view.figures.shares[index, column] > _HEAVY),
            }
            for column, label in ((0, "zones.households"), (2, "zones.workload"))
        ],
        "figures": [
            [label, value, _write_against(number, of_mean), was]
            for label, value, number, of_mean, was in _list_lines(now, mean, before, text)
        ],
    }


@dataclass(frozen=True)
class _ZoneFigures:
    """The figures of one zone, or of the mean zone."""

    households: float
    residents: float
    workload: float
    buildings: float
    area_m2: float
    parts: int
    compactness: float
    shares: tuple[float, ...]

    @classmethod
    def read(cls, figures: DraftFigures, index: int) -> "_ZoneFigures":
        households, residents, workload = map(float, figures.loads[index])
        return cls(
            households,
            residents,
            workload,
            float(figures.sizes[index]),
            float(figures.areas_m2[index]),
            len(figures.parts[index]),
            float(figures.compactness[index]),
            tuple(map(float, figures.shares[index])),
        )

    @classmethod
    def average(cls, view: PlanView) -> "_ZoneFigures":
        count = max(len(view.plan.zones), 1)
        households, residents, workload = map(float, view.town.loads.sum(axis=0) / count)
        compactness = float(view.figures.compactness.mean()) if len(view.plan.zones) else 0.0
        return cls(
            households,
            residents,
            workload,
            len(view.town.building_ids) / count,
            float(view.town.neighbourhood.areas_m2.sum()) / count,
            1,
            compactness,
            (1.0, 1.0, 1.0),
        )


def _list_figures(view: PlanView | None) -> dict[str, _ZoneFigures]:
    if view is None:
        return {}
    return {zone.code: _ZoneFigures.read(view.figures, index) for index, zone in enumerate(view.plan.zones)}


def _list_lines(
    now: _ZoneFigures, mean: _ZoneFigures, before: _ZoneFigures | None, text: Text
) -> list[tuple[str, str, float, float, str]]:
    """List label, value, number, mean and the value before of everything that is compared."""

    def write_line(
        label: str, name: str, digits: int = 0, unit: float = 1
    ) -> tuple[str, str, float, float, str]:
        value, was = getattr(now, name), getattr(before, name) if before else None
        shown = text.number(value / unit, digits=digits)
        earlier = "" if was is None else text.number(was / unit, digits=digits)
        return text(label), shown, value, getattr(mean, name), earlier if earlier != shown else ""

    return [
        write_line("zones.households", "households"),
        write_line("zones.residents", "residents"),
        write_line("zones.workload", "workload"),
        write_line("zones.buildings", "buildings"),
        write_line("zones.area", "area_m2", digits=1, unit=_SQUARE_METRES_PER_HECTARE),
        write_line("zones.pieces", "parts"),
        write_line("zones.compactness", "compactness", digits=2),
    ]


def _write_against(number: float, mean: float) -> str:
    return _write_delta(number / mean) if mean > 0 else ""


def _write_delta(share: float) -> str:
    percent = round(100 * (share - 1))
    return f"{percent:+d} %".replace("-", "−") if percent else "±0 %"


def summarise_plan(view: PlanView, moved: Collection[int], text: Text) -> str:
    """Say in one line how a plan stands: what is off the mean most, what is in no zone, what lies apart."""
    if view.is_partial:
        households = float(view.figures.loads[:, 0].sum())
        return text(
            "zones.yours",
            buildings=text("count.buildings", n=int(view.figures.sizes.sum())),
            households=text("count.households", n=round(households)),
            zones=text("count.zones", n=len(view.plan.zones)),
        )
    parts = []
    if len(view.plan.zones) and len(view.town.building_ids):
        shares = view.figures.shares
        parts.append(text("zones.worst_households", delta=_write_delta(float(_pick_worst(shares[:, 0])))))
        parts.append(text("zones.worst_workload", delta=_write_delta(float(_pick_worst(shares[:, 2])))))
        parts.append(
            text(
                "zones.mean_compactness", value=text.number(float(view.figures.compactness.mean()), digits=2)
            )
        )
    parts.append(text("zones.unassigned", n=len(view.unassigned)))
    parts.append(text("zones.breaks", n=len(view.breaks)))
    if moved:
        households = sum(float(view.town.loads[view.town.unit_of[key], 0]) for key in moved)
        parts.append(
            text("zones.moved", n=len(moved), households=text("count.households", n=round(households)))
        )
    return text.join(parts)


def _pick_worst(shares: Floats) -> float:
    return float(shares[np.argmax(np.abs(shares - 1))])


def tell_picked(view: PlanView, picked: Collection[int], text: Text) -> str:
    """Say what is picked: how many, what they carry, whose they are."""
    units = [view.town.unit_of[key] for key in picked if key in view.town.unit_of]
    if not units:
        return text("zones.pick_hint")
    households, _, workload = view.town.loads[units].sum(axis=0)
    numbers = np.unique(view.units[units])
    names = [view.plan.zones[number].name if number != NO_ZONE else text("zones.none") for number in numbers]
    return text.join(
        [
            text("zones.picked", n=len(units)),
            text("count.households", n=round(float(households))),
            text("zones.workload_of", value=text.number(float(workload))),
            text("zones.picked_from", names="、".join(names[:4]) + ("…" if len(names) > 4 else "")),
        ]
    )


def tell_news(news: ZoneNews, text: Text) -> str:
    """Say what a new plan changes for whoever is looking."""
    return text(
        "zones.news" if news.zones else "zones.news_none",
        kind=text(KINDS[ZoneKind(news.kind)]),
        day=news.valid_from.isoformat(),
        zones="、".join(news.zones),
        gained=text("count.buildings", n=news.gained),
        lost=text("count.buildings", n=news.lost),
    )


def tell_obstacles(obstacles: Iterable[Obstacle], text: Text) -> list[str]:
    """Say what keeps a plan from being published, a line each."""
    return [_tell_obstacle(obstacle, text) for obstacle in obstacles]


def _tell_obstacle(obstacle: Obstacle, text: Text) -> str:
    count = max(len(obstacle.building_ids), len(obstacle.zone_ids))
    names = "、".join(obstacle.names[:_MOST_NAMED]) + ("…" if count > _MOST_NAMED else "")
    match obstacle.kind:
        case ObstacleKind.DAY_IN_THE_PAST:
            return text("zones.obstacle_past", day=obstacle.day)
        case ObstacleKind.DAY_BEFORE_OTHER_PLAN:
            return text("zones.obstacle_before", plan=names, day=obstacle.day)
        case ObstacleKind.NO_ZONE:
            return text("zones.obstacle_no_zone")
        case ObstacleKind.BUILDING_UNASSIGNED:
            return text("zones.obstacle_unassigned", n=count, names=names)
        case ObstacleKind.ZONE_WITHOUT_BUILDING:
            return text("zones.obstacle_empty", n=count, names=names)
        case ObstacleKind.ZONE_WITHOUT_LEAD:
            return text("zones.obstacle_no_lead", n=count, names=names)


def list_hues(zone: Zone, neighbours: Iterable[Zone], text: Text) -> list[dict[str, Any]]:
    """List the colours a zone can have, and those it cannot, with which neighbour has them."""
    taken = {neighbour.colour: neighbour.name for neighbour in neighbours}
    return [
        {
            "colour": hue,
            "mine": hue == zone.colour,
            "taken": text("zones.colour_taken", zone=taken[hue]) if hue in taken else "",
        }
        for hue in HUES
    ]


def list_filters(view: PlanView, areas: Iterable[AreaChoice], text: Text) -> dict[str, frozenset[int]]:
    """List what buildings can be picked by, each with its buildings; what has none is left out."""
    town, plan = view.town, view.plan
    named: list[tuple[str, Collection[int]]] = [
        (text("zones.pick_unassigned"), view.unassigned),
        (text("zones.pick_three_no"), town.three_no),
        (text("zones.pick_elderly"), town.elderly),
    ]
    held: dict[int, list[int]] = {}
    for key, zone_id in plan.units.items():
        held.setdefault(zone_id, []).append(key)
    named += [(text("zones.pick_zone", zone=zone.name), held.get(zone.id, ())) for zone in plan.zones]
    named += [
        (text(_AREAS[area.layer], name=area.name), town.areas.get((area.layer, area.id), ()))
        for area in areas
    ]
    return {
        text("zones.pick_option", name=name, n=len(buildings)): buildings
        for name, ids in named
        if (buildings := frozenset(ids).intersection(town.unit_of))
    }


def list_building_rows(view: PlanView, text: Text) -> dict[str, list[Any]]:
    """Return the table of the buildings, for those who would rather not use a map."""
    zones = [*(zone.name for zone in view.plan.zones), text("zones.none")]
    apart = {key for part in view.breaks for key in part}
    ids, locked, gaps = view.town.building_ids, view.plan.locked_units, view.plan.gaps

    def write_note(key: int) -> str:
        notes = [text("zones.apart")] if key in apart else []
        notes += [text("zones.locked")] if key in locked else []
        notes += [text("zones.stated", reason=gaps[key])] if key in gaps else []
        return text.join(notes)

    return {
        text("zones.building"): list(view.town.names),
        text("zones.zone"): [zones[number] for number in view.units],
        text("zones.households"): [round(value) for value in view.town.loads[:, 0]],
        text("zones.residents"): [round(value) for value in view.town.loads[:, 1]],
        text("zones.workload"): [round(value, 1) for value in view.town.loads[:, 2]],
        text("zones.note"): [write_note(key) for key in ids],
    }
