"""Suggestions beside each other: how each turns out, and in a sentence each, what it moves and why."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from dashboard.i18n import Text
from geo.operations.searching import Found
from geo.operations.suggesting import Load, Posed, ToldMove
from geo.zoning.explain import Reason
from geo.zoning.problem import Goal

GOALS: Final = {
    Goal.FAIREST: "zones.goal_fairest",
    Goal.STEADIEST: "zones.goal_steadiest",
    Goal.MOST_COMPACT: "zones.goal_most_compact",
}
LOADS: Final = {
    Load.HOUSEHOLDS: "zones.households",
    Load.RESIDENTS: "zones.residents",
    Load.WORKLOAD: "zones.workload",
    Load.INCIDENTS: "zones.incidents",
}
_REASONS: Final = {
    Reason.UNHELD: "zones.why_unheld",
    Reason.DISSOLVED: "zones.why_dissolved",
    Reason.REUNITES: "zones.why_reunites",
    Reason.EVENS: "zones.why_evens",
    Reason.ROUNDS: "zones.why_rounds",
    Reason.MAKES_ROOM: "zones.why_makes_room",
}
_MOST_NAMED: Final = 3


@dataclass(frozen=True)
class Offer:
    """One suggestion as it is shown: what it is best at, and its figures in the order of the others' too."""

    goal: Goal
    title: str
    lines: tuple[tuple[str, str], ...]


def list_offers(posed: Posed, best: Mapping[Goal, Found], text: Text) -> list[Offer]:
    """List the suggestions found so far, in the order of the goals."""
    return [_build_offer(posed, best[goal], text) for goal in Goal if goal in best]


def _build_offer(posed: Posed, found: Found, text: Text) -> Offer:
    evenness = [
        (text("zones.off_mean", load=text(LOADS[load])), f"±{100 * float(off):.1f} %")
        for load, off in zip(posed.balance, found.deviations, strict=True)
    ]
    return Offer(
        found.goal,
        text(GOALS[found.goal]),
        (
            *evenness,
            (text("zones.compactness"), text.number(float(found.compactness.mean()), digits=2)),
            (text("zones.moved_households"), text.number(found.moved)),
            (text("zones.broken_zones"), text.number(int((found.pieces > 1).sum()))),
        ),
    )


def draw_trade_off(posed: Posed, best: Mapping[Goal, Found], text: Text) -> dict[str, Any]:
    """Draw how evenness is bought with households that change hands, as Vega-Lite has it."""
    goals: dict[tuple[int, float], list[str]] = {}
    for goal, found in best.items():
        spot = (round(found.moved), round(100 * float(found.deviations[0]), 2))
        goals.setdefault(spot, []).append(text(GOALS[goal]))
    # One dot for what comes out alike, or its words would lie over each other.
    points = [{"goal": "、".join(names), "moved": moved, "off": off} for (moved, off), names in goals.items()]
    # Room for the words over the farthest dots.
    widest = max((moved for moved, _ in goals), default=0)
    highest = max((off for _, off in goals), default=0)
    across = {
        "field": "moved",
        "type": "quantitative",
        "title": text("zones.moved_households"),
        "scale": {"domain": [0, 1.15 * widest + 1]},
    }
    up = {
        "field": "off",
        "type": "quantitative",
        "title": text("zones.off_mean", load=text(LOADS[posed.balance[0]])) + " %",
        "scale": {"domain": [0, 1.4 * highest + 0.1]},
    }
    return {
        "data": {"values": points},
        "height": 170,
        "encoding": {"x": across, "y": up},
        "layer": [
            {"mark": {"type": "point", "filled": True, "size": 110, "color": "#0B6E99"}},
            {
                "mark": {"type": "text", "dy": -12, "color": "#1F2933"},
                "encoding": {"text": {"field": "goal"}},
            },
        ],
    }


def tell_moves(moves: Iterable[ToldMove], text: Text) -> list[str]:
    """Say in a sentence each what moves and why."""
    return [_tell_move(move, text) for move in moves]


def _tell_move(move: ToldMove, text: Text) -> str:
    return text(
        _REASONS[move.reason],
        buildings=_name_some(move.names, text),
        households=text("count.households", n=round(move.households)),
        giver=move.giver.name if move.giver else "",
        taker=move.taker.name,
        before=f"{100 * move.giver_before:.0f} %",
        after=f"{100 * move.giver_after:.0f} %",
        taken=f"{100 * move.taker_after:.0f} %",
    )


def _name_some(names: Sequence[str], text: Text) -> str:
    shown = "、".join(names[:_MOST_NAMED])
    return shown if len(names) <= _MOST_NAMED else text("zones.and_more", names=shown, n=len(names))
