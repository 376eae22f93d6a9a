"""Other people's partitioners on the same units, each as its documentation advises.

METIS comes with Wangge; gerrychain, spopt and KaHIP are asked only where they are installed. Ward clustering,
max-p and random regions of spopt are left out: they take minutes, or are off the mean by half.
"""

import random
import time
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from itertools import count
from typing import Any, Final

import geopandas
import numpy as np
import pymetis

from geo.zoning.problem import Ints, Problem, measure_plan
from tests.benchmarks.zone_cases import Case

_SEEDS: Final = 50
_BURST_STEPS: Final = 600

Peer = Callable[[Case, Problem, int], Ints]


def cut_with_metis(case: Case, problem: Problem, seed: int) -> Ints:
    """Return the most even of fifty plans of METIS whose zones are all whole."""
    *_, (_, plan) = trace_metis(case, problem, seed)
    return plan


def trace_metis(
    case: Case, problem: Problem, seed: int, seconds: float = 0.0
) -> Iterator[tuple[float, Ints]]:
    """Yield the most even plan of METIS so far whenever it got better, of fifty or as many as time allows.

    Args:
        case: the units.
        problem: what is asked about them.
        seed: of the chance.
        seconds: how long to go on at least, after fifty plans.

    Yields:
        Seconds since it began, and the plan.
    """
    ground = case.ground
    adjacency = pymetis.CSRAdjacency(ground.starts, ground.neighbours)
    weights = case.loads[:, 0].astype(np.int64)
    began, best = time.perf_counter(), (case.ground.size, float("inf"))
    for each in count():
        if each >= _SEEDS and time.perf_counter() - began >= seconds:
            return
        options = pymetis.Options(seed=seed * _SEEDS + each, contig=1, ufactor=1)
        _, parts = pymetis.part_graph(case.zone_count, adjacency, vweights=weights, options=options)
        plan = np.asarray(parts, np.int64)
        rated = _rate_evenness(problem, plan)
        if rated < best:
            best = rated
            yield time.perf_counter() - began, plan


def _rate_evenness(problem: Problem, plan: Ints) -> tuple[int, float]:
    figures = measure_plan(problem, plan)
    return int((figures.pieces != 1).sum()), float(np.abs(figures.deviations[:, 0]).max())


def cut_with_kahip(case: Case, problem: Problem, seed: int) -> Ints:
    """Return the plan of KaHIP's strong mode with one per cent of slack."""
    ground = case.ground
    _, blocks = import_module("kahip").kaffpa(
        case.loads[:, 0].astype(int).tolist(),
        ground.starts.tolist(),
        [1] * len(ground.neighbours),
        ground.neighbours.tolist(),
        case.zone_count,
        0.01,
        True,
        seed,
        2,
    )
    return np.asarray(blocks, np.int64)


def cut_with_trees(case: Case, problem: Problem, seed: int) -> Ints:
    """Return a plan of gerrychain's recursive tree partition, to one per cent."""
    generators = import_module("gerrychain.partition.initial_partition_generators")
    graph = _make_graph(case)
    target = case.loads[:, 0].sum() / case.zone_count
    plan = generators.recursive_tree_part(
        graph, range(case.zone_count), target, "load", 0.01, rng=random.Random(seed)
    )
    return _read_plan(plan, case)


def improve_with_bursts(case: Case, problem: Problem, seed: int) -> Ints:
    """Improve METIS's plan by gerrychain's short bursts of recombination, to shorter borders."""
    chain: Any = import_module("gerrychain")
    optimization, proposals = (import_module(f"gerrychain.{part}") for part in ("optimization", "proposals"))
    start = cut_with_metis(case, problem, seed)
    target = case.loads[:, 0].sum() / case.zone_count
    partition = chain.Partition(
        _make_graph(case),
        dict(enumerate(start.tolist())),
        {"load": chain.updaters.Tally("load", alias="load"), "cut_edges": chain.updaters.cut_edges},
    )
    optimizer = optimization.SingleMetricOptimizer(
        proposal=partial(proposals.recom, pop_col="load", pop_target=target, epsilon=0.01, node_repeats=1),
        constraints=chain.constraints.within_percent_of_ideal_population(partition, 0.011, pop_key="load"),
        initial_state=partition,
        optimization_metric=lambda plan: len(plan["cut_edges"]),
        maximize=False,
    )
    for _ in optimizer.short_bursts(10, _BURST_STEPS // 10):
        pass
    return _read_plan(optimizer.best_part.assignment, case)


def cluster_with_azp(case: Case, problem: Problem, seed: int) -> Ints:
    """Return the plan of spopt's automatic zoning, regions alike in where they lie, begun from METIS."""
    weights, region = import_module("libpysal.weights"), import_module("spopt.region")
    ground = case.ground
    near = {
        unit: ground.neighbours[ground.starts[unit] : ground.starts[unit + 1]].tolist()
        for unit in range(ground.size)
    }
    frame = geopandas.GeoDataFrame(
        {"x": case.points[:, 0], "y": case.points[:, 1]},
        geometry=geopandas.points_from_xy(case.points[:, 0], case.points[:, 1]),
    )
    start = cut_with_metis(case, problem, seed)
    model = region.AZP(
        frame,
        weights.W(near, silence_warnings=True),
        ["x", "y"],
        case.zone_count,
        random_state=seed,
        initial_labels=start,
    )
    model.solve()
    return np.asarray(model.labels_, np.int64)


def _make_graph(case: Case) -> Any:
    graph = import_module("networkx").Graph()
    for unit, load in enumerate(case.loads[:, 0].tolist()):
        graph.add_node(unit, load=load)
    source = np.repeat(np.arange(case.ground.size), np.diff(case.ground.starts))
    graph.add_edges_from(zip(source.tolist(), case.ground.neighbours.tolist(), strict=True))
    return import_module("gerrychain").Graph.from_networkx(graph)


def _read_plan(assignment: Any, case: Case) -> Ints:
    return np.asarray([assignment[unit] for unit in range(case.ground.size)], np.int64)


# Name, the package it needs, whether it takes more than half a minute.
_PEERS: Final[tuple[tuple[str, str, bool, Peer], ...]] = (
    ("METIS, best of 50", "pymetis", False, cut_with_metis),
    ("KaHIP strong", "kahip", False, cut_with_kahip),
    ("gerrychain recursive tree", "gerrychain", False, cut_with_trees),
    ("gerrychain short bursts", "gerrychain", True, improve_with_bursts),
    ("spopt AZP", "spopt", True, cluster_with_azp),
)


def list_peers(*, with_slow: bool) -> list[tuple[str, bool, Peer]]:
    """Return those that can be asked, and whether they are slow; say of the others why not."""
    chosen = []
    for name, package, is_slow, peer in _PEERS:
        if find_spec(package) is None:
            print(f"{name}: left out, {package} is not installed here")
        elif is_slow and not with_slow:
            print(f"{name}: left out, it takes minutes a case; WANGGE_BENCH_SLOW=1 asks it too, for one seed")
        else:
            chosen.append((name, is_slow, peer))
    return chosen
