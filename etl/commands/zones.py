"""``wangge zones``: how much work lies in the zones of a community, and fairer ones."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

import click
import numpy as np
from rich.console import Console
from rich.table import Table

from geo.errors import InputRefused, NotFound
from geo.model.zone import Plan, ZoneKind
from geo.operations.searching import MOST_SECONDS, Found, Search, start_search
from geo.operations.suggesting import (
    Load,
    Posed,
    SuggestedZone,
    ToldMove,
    list_assignment,
    list_moves,
    pose_question,
)
from geo.operations.workload import read_weights, read_workload, set_weights
from geo.operations.zone_plans import read_plan, read_plan_in_force
from geo.store.places import Community, list_communities
from geo.zoning.explain import Reason
from geo.zoning.problem import Goal
from geo.zoning.workload import Part

_TIME_ZONE: Final = ZoneInfo("Asia/Shanghai")
_SENTENCES: Final = {
    Reason.UNHELD: "{names} → {taker}: nobody holds {them} today",
    Reason.DISSOLVED: "{names} from {giver} → {taker}: {giver} is dissolved",
    Reason.REUNITES: "{names} from {giver} → {taker}: {they} cut off from the rest of {giver}",
    Reason.EVENS: "{names} from {giver} ({before:.0%} of the mean) → {taker} ({taken:.0%}): evens the load",
    Reason.ROUNDS: "{names} from {giver} → {taker}: both zones become more compact",
    Reason.MAKES_ROOM: "{names} from {giver} → {taker}: makes room for the other moves",
}


@click.group()
def zones() -> None:
    """Responsibility zones: the work in them, and suggestions for fairer ones."""


@zones.command("suggest")
@click.option(
    "--kind", type=click.Choice([kind.value for kind in ZoneKind]), default="grid_worker", show_default=True
)
@click.option(
    "--zones", "zone_count", type=int, metavar="N", help="How many zones.  [default: as many as now]"
)
@click.option(
    "--seconds", type=click.FloatRange(0, MOST_SECONDS, min_open=True), default=15, show_default=True
)
@click.option(
    "--goal",
    "goals",
    type=click.Choice([goal.value for goal in Goal]),
    multiple=True,
    help="What to be best at.  [default: all]",
)
@click.option(
    "--balance",
    type=click.Choice([load.value for load in Load]),
    multiple=True,
    default=("households", "workload"),
    show_default=True,
    help="What every zone is to have as much of; the first counts most.",
)
@click.option("--without", multiple=True, metavar="ZONE", help="Code of a zone that is to be no more.")
@click.option("--plan", "plan_id", type=int, help="Begin from this plan or draft, its locks kept.")
@click.option("--community", metavar="CODE", help="Which community, where there are several.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def suggest(
    *,
    kind: str,
    zone_count: int | None,
    seconds: float,
    goals: Sequence[str],
    balance: Sequence[str],
    without: Sequence[str],
    plan_id: int | None,
    community: str | None,
    as_json: bool,
) -> None:
    """Suggest zones that are whole, evenly loaded and compact, and move few households from who knows them.

    Begins from the plan in force. Nothing is changed: what is suggested can be taken over on the page of the
    zones. Ctrl-C ends the search early, with the best found so far.
    """
    chosen = choose_community(community)
    plan = _choose_plan(chosen, ZoneKind(kind), plan_id)
    known = {zone.code: zone.id for zone in (plan.zones if plan else ())}
    unknown = [code for code in without if code not in known]
    if unknown:
        msg = f"the plan has no zone {unknown[0]}: choose one of {', '.join(known) or 'none'}"
        raise NotFound(msg)
    posed = pose_question(
        chosen.id,
        plan,
        _find_today(),
        zone_count=zone_count,
        balance=[Load(load) for load in dict.fromkeys(balance)],
        without=[known[code] for code in without],
    )
    wanted = [Goal(goal) for goal in dict.fromkeys(goals)] or list(Goal)
    with start_search(posed.question, wanted, seconds) as search:
        _follow(search)
    if search.refusal is not None:
        raise InputRefused(search.refusal)
    answers = [search.best[goal] for goal in wanted if goal in search.best]
    if not answers:
        msg = "the search ended before it had found a plan: give it more seconds"
        raise InputRefused(msg)
    if as_json:
        report = {
            "community": chosen.code,
            "kind": kind,
            "plan": plan.head.id if plan else None,
            "zones": len(posed.zones),
            "balance": list(posed.balance),
            "seconds": round(search.elapsed_s, 2),
            "compiled_s": search.compiled_s,
            "suggestions": [_describe(posed, found) for found in answers],
        }
        click.echo(json.dumps(report, ensure_ascii=False))
    else:
        _print(posed, answers)


@zones.command("workload")
@click.option("--set", "changes", multiple=True, metavar="ITEM=WEIGHT", help="Let something weigh otherwise.")
@click.option("--community", metavar="CODE", help="Which community, where there are several.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def workload_command(*, changes: Sequence[str], community: str | None, as_json: bool) -> None:
    """Show what makes up the work in a community, and what each thing weighs.

    ITEM is a weight as it is shown, or the code of a category: --set merchant=3 --set E9=2.5
    """
    chosen = choose_community(community)
    if changes:
        present = read_weights(chosen.id)
        own: dict[str, float] = {}
        categories = dict(present.categories)
        for change in changes:
            item, weight = _read_change(change)
            if item.startswith("E"):
                categories[item] = weight
            elif item != "categories" and hasattr(present, item):
                own[item] = weight
            else:
                items = ", ".join(name for name in asdict(present) if name != "categories")
                msg = f"nothing called {item} has a weight: choose one of {items}, or a category"
                raise InputRefused(msg)
        set_weights(chosen.id, present, replace(present, **own, categories=categories))
    work = read_workload(chosen.id, _find_today())
    sums = dict(zip(Part, work.parts.sum(axis=0).tolist(), strict=True))
    if as_json:
        report = {
            "community": chosen.code,
            "buildings": len(work.total),
            "total": float(work.total.sum()),
            "parts": sums,
            "weights": asdict(work.weights),
        }
        click.echo(json.dumps(report, ensure_ascii=False))
        return
    table = Table("part", "work", "share")
    for part, amount in sums.items():
        table.add_row(part, f"{amount:,.0f}", f"{amount / max(float(work.total.sum()), 1e-9):.1%}")
    console = Console(highlight=False)
    console.print(table)
    for item, weight in asdict(work.weights).items():
        if item != "categories":
            console.print(f"{item} = {weight:g}")
    console.print(
        ", ".join(f"{code} = {weight:g}" for code, weight in sorted(work.weights.categories.items()))
    )


def _read_change(change: str) -> tuple[str, float]:
    item, _, weight = change.partition("=")
    try:
        return item.strip(), float(weight)
    except ValueError:
        msg = f"“{change}” gives no weight: write it as merchant=3"
        raise InputRefused(msg) from None


def choose_community(code: str | None) -> Community:
    """Return the community of a code, or the only one.

    Raises:
        NotFound: there is none, or it is not clear which.
    """
    known = list_communities()
    chosen = [each for each in known if code is None or each.code == code]
    if len(chosen) == 1:
        return chosen[0]
    codes = ", ".join(each.code for each in known) or "none yet: run 'wangge demo load'"
    asked = f"there is no community {code}" if code else "it is not clear which community is meant"
    msg = f"{asked}: choose one with --community ({codes})"
    raise NotFound(msg)


def _choose_plan(community: Community, kind: ZoneKind, plan_id: int | None) -> Plan | None:
    if plan_id is None:
        return read_plan_in_force(community.id, kind, _find_today())
    plan = read_plan(plan_id)
    if (plan.head.community_id, plan.head.kind) != (community.id, kind):
        msg = f"plan {plan_id} is not one of kind {kind} in community {community.code}: choose another"
        raise NotFound(msg)
    return plan


def _find_today() -> date:
    return datetime.now(_TIME_ZONE).date()


def _follow(search: Search) -> None:
    console = Console(file=sys.stderr, highlight=False)
    try:
        for found in search.follow():
            spread = ", ".join(f"{off:.2%}" for off in found.deviations)
            console.print(
                f"{found.elapsed_s:6.1f} s  {found.goal:12}  off the mean at most {spread}; "
                f"compactness {found.compactness.mean():.3f}; moved {found.moved:,.0f}"
            )
    except KeyboardInterrupt:
        search.cancel()


def _describe(posed: Posed, found: Found) -> dict[str, object]:
    code_of = dict(zip(posed.building_ids, posed.codes, strict=True))
    return {
        "goal": found.goal,
        "deviations": dict(zip(posed.balance, found.deviations.tolist(), strict=True)),
        "compactness": float(found.compactness.mean()),
        "least_compactness": float(found.compactness.min()),
        "broken_zones": [posed.zones[zone].code for zone in np.flatnonzero(found.pieces > 1)],
        "moved_households": found.moved,
        "tries": found.tries,
        "found_after_s": found.elapsed_s,
        "zones": [
            {
                "code": zone.code,
                "name": zone.name,
                "is_new": zone.id is None,
                **dict(zip(posed.balance, found.loads[number].tolist(), strict=True)),
                "compactness": float(found.compactness[number]),
                "pieces": int(found.pieces[number]),
            }
            for number, zone in enumerate(posed.zones)
        ],
        "assignment": {
            code_of[building_id]: zone.code for building_id, zone in list_assignment(posed, found).items()
        },
        "moves": [
            {
                "buildings": [code_of[building_id] for building_id in move.buildings],
                "from": move.giver and move.giver.code,
                "to": move.taker.code,
                "reason": move.reason,
                "households": move.households,
                "sentence": _tell(move),
            }
            for move in list_moves(posed, found)
        ],
    }


def _tell(move: ToldMove) -> str:
    is_one = len(move.names) == 1
    return _SENTENCES[move.reason].format(
        names=", ".join(move.names),
        them="it" if is_one else "them",
        they="it is" if is_one else "they are",
        giver=_name(move.giver),
        taker=move.taker.name,
        before=move.giver_before,
        taken=move.taker_before,
    )


def _name(zone: SuggestedZone | None) -> str:
    return "nobody" if zone is None else zone.name


def _print(posed: Posed, answers: Sequence[Found]) -> None:
    console = Console(highlight=False)
    table = Table(
        "goal", *(f"{load}, off the mean" for load in posed.balance), "compactness", "moved", "broken"
    )
    for found in answers:
        table.add_row(
            found.goal,
            *(f"{off:.2%}" for off in found.deviations),
            f"{found.compactness.mean():.3f}",
            f"{found.moved:,.0f}",
            str(int((found.pieces > 1).sum())),
        )
    console.print(table)
    for found in answers:
        console.print(f"\n{found.goal}", style="bold")
        for move in list_moves(posed, found):
            console.print(f"  {_tell(move)}", markup=False)
