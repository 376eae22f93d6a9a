"""Zones: whatever the map, the loads and the locks, a plan is whole, keeps locks and is never worse."""

from collections.abc import Iterator
from itertools import islice, pairwise

import numpy as np
import numpy.typing as npt
import pytest
import shapely
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from geo.errors import InputRefused
from geo.zoning.adjacency import link_buildings
from geo.zoning.anneal import anneal_plan
from geo.zoning.explain import Reason, explain_moves
from geo.zoning.problem import (
    NO_ZONE,
    Goal,
    Neighbourhood,
    Problem,
    Wishes,
    count_pieces,
    measure_plan,
    pose_problem,
    rate_plan,
)
from geo.zoning.start import continue_plan, grow_from_locks, partition_graph
from geo.zoning.suggest import Suggestion, choose_wishes, improve_suggestions
from tests.patience import PATIENCE_S, take_first

_TOWN = shapely.box(0, 0, 1000, 1000)


def _scatter(size: int, seed: int = 0) -> Neighbourhood:
    points = np.random.default_rng(seed).random((size, 2)) * 1000
    return link_buildings(points, _TOWN)[0]


def _weigh(size: int, seed: int = 0) -> npt.NDArray[np.float64]:
    chance = np.random.default_rng(seed)
    households = np.round(chance.lognormal(3.3, 0.8, size)) + 1
    return np.stack([households, chance.poisson(households / 10)], axis=1).astype(float)


def _improve(problem: Problem, goal: Goal, seconds: float) -> Iterator[Suggestion]:
    return improve_suggestions(problem, choose_wishes(problem, goal), seconds)


@st.composite
def _problems(draw: st.DrawFn) -> Problem:
    size = draw(st.integers(2, 40))
    seed = draw(st.integers(0, 1000))
    zone_count = draw(st.integers(1, min(6, size)))
    chance = np.random.default_rng(seed)
    waters = None
    if draw(st.booleans()):
        waters = np.array([shapely.box(-100, 480, 1100, 520)])
    ground = link_buildings(chance.random((size, 2)) * 1000, _TOWN, waters=waters)[0]
    loads = _weigh(size, seed) * draw(st.sampled_from([0.0, 1.0, 1e6]))
    holder = chance.integers(-1, zone_count, size) if draw(st.booleans()) else None
    fixed = np.where(chance.random(size) < 0.2, chance.integers(0, zone_count, size), NO_ZONE)
    closed = [0] if holder is not None and draw(st.booleans()) else []
    try:
        return pose_problem(ground, loads, zone_count, holder=holder, fixed=fixed, closed=closed)
    except InputRefused:
        assume(False)
        raise


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(_problems(), st.sampled_from(["held", "locks", "metis"]), st.floats(0, 5))
def test_a_plan_is_a_partition_keeps_locks_and_is_never_worse_than_its_start(
    problem: Problem, begin: str, constancy: float
) -> None:
    wishes = Wishes((0.05, 0.1), constancy=constancy)
    start = {
        "held": lambda: continue_plan(problem),
        "locks": lambda: grow_from_locks(problem, 1),
        "metis": lambda: (
            grow_from_locks(problem, 2) if (problem.fixed != NO_ZONE).any() else partition_graph(problem, 1)
        ),
    }[begin]()
    # Cold from the first step: only what is better is taken.
    plan = anneal_plan(problem, start, wishes, 3000, 7, hot=1e-9)
    for one in (start, plan):
        assert set(np.unique(one)) == set(range(problem.zone_count))
        locked = problem.fixed != NO_ZONE
        assert (one[locked] == problem.fixed[locked]).all()
    pieces_before = count_pieces(problem.neighbourhood, start, problem.zone_count)
    pieces_after = count_pieces(problem.neighbourhood, plan, problem.zone_count)
    assert (pieces_after <= pieces_before).all()
    if not (problem.fixed != NO_ZONE).any():
        assert (pieces_after == 1).all()
    for zone in np.flatnonzero(problem.closed):
        assert (plan[problem.fixed != zone] != zone).all()
    assert rate_plan(problem, plan, wishes) <= rate_plan(problem, start, wishes) + 1e-6


@pytest.mark.parametrize("seed", range(4))
def test_a_hot_search_keeps_every_zone_whole(seed: int) -> None:
    problem = pose_problem(_scatter(120, seed), _weigh(120, seed), 8)
    plan = anneal_plan(problem, partition_graph(problem, seed), Wishes((0.01, 0.05)), 200_000, seed, hot=5.0)
    assert (count_pieces(problem.neighbourhood, plan, 8) == 1).all()


def test_the_same_seed_gives_the_same_plan() -> None:
    problem = pose_problem(_scatter(60), _weigh(60), 5)
    start = partition_graph(problem, 0)
    first, again, other = (
        anneal_plan(problem, start, Wishes((0.01, 0.05)), 50_000, seed) for seed in (3, 3, 4)
    )
    assert (first == again).all()
    assert (first != other).any()


def test_figures_are_those_of_a_square_cut_in_two() -> None:
    # Four fields of 1 m in a row; two zones of two fields each are 2 m × 1 m.
    ground = Neighbourhood(
        np.array([0, 1, 3, 5, 6]),
        np.array([1, 0, 2, 1, 3, 2]),
        np.ones(6),
        np.ones(4),
        np.full(4, 4.0),
    )
    problem = pose_problem(ground, np.array([[1.0], [3.0], [2.0], [2.0]]), 2, holder=np.array([0, 0, 0, 1]))
    figures = measure_plan(problem, np.array([0, 0, 1, 1]))
    assert figures.loads.tolist() == [[4], [4]]
    assert figures.deviations.tolist() == [[0], [0]]
    assert figures.areas_m2.tolist() == [2, 2]
    assert figures.compactness == pytest.approx([4 * np.pi * 2 / 36] * 2)
    assert figures.moved == 2
    broken = measure_plan(problem, np.array([0, 1, 1, 0]))
    assert broken.pieces.tolist() == [2, 1]


def test_two_loads_are_even_at_once() -> None:
    problem = pose_problem(_scatter(300), _weigh(300), 8)
    wishes = Wishes((0.015, 0.04))

    def is_even(found: Suggestion) -> bool:
        households, incidents = abs(found.figures.deviations).max(axis=0)
        return bool(households <= 0.02 and incidents <= 0.05 and (found.figures.pieces == 1).all())

    assert is_even(take_first(improve_suggestions(problem, {Goal.FAIREST: wishes}, PATIENCE_S), is_even))


def test_suggestions_only_get_better_and_come_until_nobody_asks() -> None:
    problem = pose_problem(_scatter(200), _weigh(200), 6)
    seen = list(_improve(problem, Goal.MOST_COMPACT, 2))
    assert len(seen) > 1
    assert all(later.rating <= earlier.rating for earlier, later in pairwise(seen))
    first, then = islice(_improve(problem, Goal.MOST_COMPACT, 60), 2)
    assert (first.tries, then.tries) == (0, 2)


def test_the_steadiest_moves_less_than_the_fairest_and_both_keep_what_a_lock_holds() -> None:
    ground, loads = _scatter(200), _weigh(200)
    held = partition_graph(pose_problem(ground, loads, 6), 3)
    heavier = loads.copy()
    heavier[held == 0] *= 1.5
    problem = pose_problem(ground, heavier, 6, holder=held, closed=[4])
    *_, fairest = _improve(problem, Goal.FAIREST, 2)
    *_, steadiest = _improve(problem, Goal.STEADIEST, 2)
    assert steadiest.figures.moved < fairest.figures.moved
    for found in (fairest, steadiest):
        assert ((found.plan == 4) == (held == 4)).all()


def test_every_move_is_explained_once() -> None:
    ground, loads = _scatter(150), _weigh(150)
    held = partition_graph(pose_problem(ground, loads, 5), 1)
    held[:3] = NO_ZONE
    problem = pose_problem(ground, loads, 5, holder=held)
    *_, found = _improve(problem, Goal.MOST_COMPACT, 1)
    moves = explain_moves(problem, found.plan)
    told = [unit for move in moves for unit in move.units]
    assert sorted(told) == np.flatnonzero(found.plan != held).tolist()
    assert {move.reason for move in moves if move.giver == NO_ZONE} == {Reason.UNHELD}
    for move in moves:
        assert (held[list(move.units)] == move.giver).all()
        assert (found.plan[list(move.units)] == move.taker).all()


def test_what_lies_apart_is_brought_home_for_that_reason() -> None:
    ground = _scatter(80)
    problem = pose_problem(ground, np.ones((80, 1)), 2)
    cut = partition_graph(problem, 0)
    inland = next(
        int(unit)
        for unit in np.flatnonzero(cut == 0)
        if (cut[ground.neighbours[ground.starts[unit] : ground.starts[unit + 1]]] == 0).all()
    )
    held = cut.copy()
    held[inland] = 1
    moves = explain_moves(pose_problem(ground, np.ones((80, 1)), 2, holder=held), cut)
    assert [(move.units, move.reason) for move in moves] == [((inland,), Reason.REUNITES)]


def test_a_river_parts_neighbours_and_what_only_a_bridge_ties_is_named() -> None:
    points = np.array([[100, 100], [300, 100], [100, 900], [300, 900.0]])
    river = np.array([shapely.box(-10, 450, 1010, 550)])
    dry, _ = link_buildings(points, _TOWN)
    wet, land = link_buildings(points, _TOWN, waters=river)
    assert len(dry.bridges) == 0
    assert len(wet.bridges) == 1
    assert wet.borders_m[wet.borders_m == 0].size == 2
    assert shapely.area(land).sum() == pytest.approx(1e6)


def test_a_wall_is_crossed_but_gains_nothing() -> None:
    points = np.array([[250, 500], [750, 500.0]])
    open_ground, _ = link_buildings(points, _TOWN)
    walled, _ = link_buildings(points, _TOWN, compound=np.array([0, 1]))
    assert walled.ties_m.max() < open_ground.ties_m.max()
    # It is there all the same: how compact a zone is does not hang on walls.
    assert walled.borders_m.tolist() == open_ground.borders_m.tolist()
    assert len(walled.bridges) == 0


def test_buildings_at_one_point_each_have_land() -> None:
    ground, land = link_buildings(np.array([[500, 500]] * 3 + [[10, 10.0]]), _TOWN)
    assert (shapely.area(land) > 0).all()
    assert count_pieces(ground, np.zeros(4, np.int64), 1).tolist() == [1]


@pytest.mark.parametrize(
    ("zone_count", "fixed", "closed", "sentence"),
    [
        (6, None, (), "5 buildings cannot make 6 zones: ask for 1 to 5"),
        (0, None, (), "5 buildings cannot make 0 zones: ask for 1 to 5"),
        (2, [0, 0, 0, 0, 0], (), "zones without a building: 1; buildings not locked: 0; ask for fewer"),
        (2, None, (1,), "zone 2 is locked and holds nothing"),
        (2, [0, 1, 0, 1, -1], (0, 1), "every zone is locked, and buildings are in none \\(1\\)"),
    ],
)
def test_what_no_plan_can_be_is_refused_in_a_sentence(
    zone_count: int, fixed: list[int] | None, closed: tuple[int, ...], sentence: str
) -> None:
    with pytest.raises(InputRefused, match=sentence):
        pose_problem(
            _scatter(5),
            _weigh(5),
            zone_count,
            fixed=None if fixed is None else np.array(fixed),
            closed=closed,
        )


def test_no_building_at_all_is_refused() -> None:
    empty = Neighbourhood(np.zeros(1, np.int64), np.empty(0, np.int64), np.empty(0), np.empty(0), np.empty(0))
    with pytest.raises(InputRefused, match="no building to share out"):
        pose_problem(empty, np.empty((0, 1)), 1)
