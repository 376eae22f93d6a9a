"""Zone suggestions against the partitioners people use, on the same units, at what each is made for.

Four cases: (a) a 30 × 30 lattice and (b) the land of 1,000 random buildings, both with skewed households, 16
zones; (c) community D, 16 zones; (d) 3,000 buildings, 50 zones. Five seeds each; the figures are medians, and
every seed is printed. Ours gets 10 s for households alone, 20 s for households and incidents at once. Peers
balance households alone, as they are able to. Last, with a plan in force and other households since: how many
of them move, against a fresh plan of METIS whose zones are named after who holds most of each.

``python -m tests.benchmarks.bench_zones a b`` measures some of the cases, without a database where c is not
among them; ``--seeds 1`` fewer seeds.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from etl.demo.load import load_demo
from geo.settings import get_settings
from geo.zoning.problem import Floats, Goal, Ints, Problem, Wishes, measure_plan, pose_problem
from geo.zoning.start import _name_zones
from geo.zoning.suggest import choose_wishes, improve_suggestions, prepare_search
from tests.benchmarks.__main__ import print_table
from tests.benchmarks.zone_cases import Case, build_case
from tests.benchmarks.zone_peers import cut_with_metis, list_peers

_SEEDS: Final = 5
_ONE_LOAD_S: Final = 10
_TWO_LOADS_S: Final = 20


@dataclass(frozen=True)
class Outcome:
    """How a plan turned out, and what it took."""

    off: float
    incidents_off: float
    compactness: float
    broken: int
    seconds: float


def run(url: str, cases: Sequence[str] = "abcd", seeds: int = _SEEDS) -> list[dict[str, object]]:
    """Measure on a migrated database, which only case c needs."""
    if "c" in cases:
        load_demo(url, community="D", scale=1, seed=1, as_of=None)
        os.environ["WANGGE_DATABASE_URL"] = url
        get_settings.cache_clear()
    print(f"the search compiled in {prepare_search():.1f} s")
    peers = list_peers(with_slow=bool(os.environ.get("WANGGE_BENCH_SLOW")))
    rows: list[dict[str, object]] = []
    for name in cases:
        built = [build_case(name, seed) for seed in range(seeds)]
        ours, first_s = _search_all(built)
        both, _ = _search_all(built, both_loads=True)
        for peer_name, peer in peers:
            theirs = []
            for seed, case in enumerate(built):
                began = time.perf_counter()
                try:
                    plan = peer(case, _pose(case), seed)
                except RuntimeError as failure:
                    print(f"{case.name}, {peer_name}: no plan with seed {seed} ({failure})")
                    continue
                theirs.append(_judge(case, plan, time.perf_counter() - began))
            if not theirs:
                continue
            rows += _compare(built[0], ours, both, peer_name, theirs)
            if peer is cut_with_metis:
                rows.append(
                    _row(
                        built[0],
                        "seconds until better at both",
                        first_s,
                        [o.seconds for o in theirs],
                        peer_name,
                        "s",
                    )
                )
        rows.append(_compare_moves(built))
    return rows


def _pose(case: Case, *, both_loads: bool = False, holder: Ints | None = None) -> Problem:
    loads = case.loads if both_loads else case.loads[:, :1]
    return pose_problem(case.ground, loads, case.zone_count, holder=holder)


def _judge(case: Case, plan: Ints, seconds: float) -> Outcome:
    figures = measure_plan(_pose(case, both_loads=True), plan)
    off = np.abs(figures.deviations).max(axis=0)
    return Outcome(
        float(off[0]),
        float(off[1]),
        float(figures.compactness.mean()),
        int((figures.pieces != 1).sum()),
        seconds,
    )


def _search_all(cases: Sequence[Case], *, both_loads: bool = False) -> tuple[list[Outcome], list[float]]:
    """Search every case; also when each first was more even and more compact than METIS."""
    outcomes, first_s = [], []
    for seed, case in enumerate(cases):
        problem = _pose(case, both_loads=both_loads)
        goals = choose_wishes(problem, Goal.FAIREST)
        metis = _judge(case, cut_with_metis(case, _pose(case), seed), 0)
        seconds = _TWO_LOADS_S if both_loads else _ONE_LOAD_S
        found, better_s = None, float("inf")
        for found in improve_suggestions(problem, goals, seconds, seed=seed):
            so_far = _judge(case, found.plan, found.elapsed_s)
            if so_far.off <= metis.off and so_far.compactness >= metis.compactness and not so_far.broken:
                better_s = min(better_s, found.elapsed_s)
        assert found is not None
        outcomes.append(_judge(case, found.plan, found.elapsed_s))
        first_s.append(better_s)
    label = "households and incidents" if both_loads else "households"
    print(
        f"{cases[0].name}, {label}: "
        + "; ".join(
            f"{o.off:.2%} {o.incidents_off:.2%} {o.compactness:.3f} {'BROKEN ' * o.broken}{o.seconds:.1f} s"
            for o in outcomes
        )
    )
    return outcomes, first_s


def _compare(
    case: Case, ours: list[Outcome], both: list[Outcome], peer_name: str, theirs: list[Outcome]
) -> list[dict[str, object]]:
    broken = sum(outcome.broken for outcome in theirs)
    peer_name = f"{peer_name}, {broken} zones broken" if broken else peer_name
    taken = statistics.median(outcome.seconds for outcome in theirs)
    peer_name = f"{peer_name}, {taken:.1f} s"

    def compare(
        what: str, mine: list[Outcome], unit: str, read: Callable[[Outcome], float]
    ) -> dict[str, object]:
        return _row(case, what, [read(o) for o in mine], [read(o) for o in theirs], peer_name, unit)

    return [
        compare("households off the mean", ours, "%", lambda outcome: 100 * outcome.off),
        compare("compactness", ours, "PP", lambda outcome: outcome.compactness),
        compare("both: households off the mean", both, "%", lambda outcome: 100 * outcome.off),
        compare("both: incidents off the mean", both, "%", lambda outcome: 100 * outcome.incidents_off),
        compare("both: compactness", both, "PP", lambda outcome: outcome.compactness),
    ]


def _compare_moves(cases: Sequence[Case]) -> dict[str, object]:
    """Let a plan be in force, and households change by a quarter or so since; count those that move."""
    ours, theirs = [], []
    for seed, case in enumerate(cases):
        held = cut_with_metis(case, _pose(case), seed)
        chance = np.random.default_rng(seed)
        drift = chance.lognormal(0, 0.25, case.ground.size)[:, None] * _drift_by_zone(chance, held)
        later = Case(case.name, case.ground, np.round(case.loads * drift), case.points, case.zone_count)
        problem = _pose(later, holder=held)
        fresh = _name_zones(problem, cut_with_metis(later, problem, seed + 100))
        metis = measure_plan(problem, fresh)
        theirs.append(metis.moved)
        # As even as METIS is, and no more.
        even = float(np.abs(metis.deviations).max())
        wishes = {Goal.STEADIEST: Wishes((even * 0.9,), evenness=200_000, compactness=0.3, constancy=2.0)}
        *_, found = improve_suggestions(problem, wishes, _ONE_LOAD_S, seed=seed)
        ours.append(found.figures.moved)
        off = float(np.abs(found.figures.deviations).max())
        print(f"{case.name}: {ours[-1]:,.0f} move at {off:.2%}; METIS: {theirs[-1]:,.0f} at {even:.2%}")
    return _row(
        cases[0], "households moved, as even", ours, theirs, "METIS, best of 50, renamed", "households"
    )


def _drift_by_zone(chance: np.random.Generator, held: Ints) -> Floats:
    """Let whole neighbourhoods grow and shrink, so that the plan in force has become uneven."""
    return np.asarray(chance.uniform(0.8, 1.25, held.max() + 1)[held][:, None], np.float64)


def _row(
    case: Case,
    what: str,
    ours: Sequence[float],
    theirs: Sequence[float],
    peer_name: str,
    unit: str,
) -> dict[str, object]:
    mine, peer = statistics.median(ours), statistics.median(theirs)
    better, worse = (mine, peer) if unit == "PP" else (peer, mine)
    return {
        "name": f"zones, {case.name}: {what}",
        "ours": mine,
        "peer": peer,
        "peer_name": peer_name,
        "ratio": better / max(worse, 1e-9),
        "unit": unit,
        "n": case.ground.size,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="*", default=["a", "b", "d"])
    parser.add_argument("--seeds", type=int, default=_SEEDS)
    parser.add_argument("--url", default="")
    chosen = parser.parse_args()
    print_table(run(chosen.url, chosen.cases, chosen.seeds))
