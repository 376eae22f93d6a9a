"""What a newly published plan changes for somebody who holds or held a zone."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from geo.model.zone import Plan, PlanState, ZoneRole
from geo.operations.zone_plans import list_plans
from geo.store import zones
from geo.store.engine import connect

_DAYS_TOLD: Final = 7


@dataclass(frozen=True)
class ZoneNews:
    """A change of somebody's zone.

    Attributes:
        plan_id: the plan that brings it.
        kind: of responsibility.
        valid_from: its first day.
        zones: names of the zones that are his from then on.
        gained, lost: how many buildings come to him, and leave him.
    """

    plan_id: int
    kind: str
    valid_from: date
    zones: tuple[str, ...]
    gained: int
    lost: int


def list_zone_news(community_id: int, party_id: int, on_day: date) -> list[ZoneNews]:
    """List what plans that begin soon, or began within a week, change for somebody; the next first.

    Somebody who keeps exactly his buildings is told nothing.
    """
    heads = [head for head in list_plans(community_id) if head.state is not PlanState.DRAFT]
    news = []
    for head in heads:
        if head.valid_from is None or head.valid_from < on_day - timedelta(days=_DAYS_TOLD):
            continue
        before = next(
            (other for other in heads if other.kind == head.kind and other.valid_to == head.valid_from), None
        )
        if before is None:
            continue
        with connect() as connection:
            now, was = zones.load_plan(connection, head.id), zones.load_plan(connection, before.id)
        mine = _list_held(now, party_id, head.valid_from)
        yours = _list_held(was, party_id, head.valid_from - timedelta(days=1))
        if mine != yours:
            names = tuple(zone.name for zone in now.zones if _leads(now, zone.id, party_id, head.valid_from))
            news.append(
                ZoneNews(head.id, head.kind, head.valid_from, names, len(mine - yours), len(yours - mine))
            )
    return sorted(news, key=lambda item: item.valid_from)


def _list_held(plan: Plan, party_id: int, on_day: date) -> frozenset[int]:
    own = [zone.id for zone in plan.zones if _leads(plan, zone.id, party_id, on_day)]
    return frozenset(plan.list_buildings(*own))


def _leads(plan: Plan, zone_id: int, party_id: int, on_day: date) -> bool:
    zone = plan.find_zone(zone_id)
    return zone is not None and zone.find_party(ZoneRole.LEAD, on_day) == party_id
