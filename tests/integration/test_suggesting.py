"""Suggestions for a community's zones: what is asked, what is answered, and how a search is ended."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from click.testing import CliRunner
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from shapely import box

from etl.cli import cli
from geo.errors import InputRefused, NotFound
from geo.model.zone import Plan, PlanHead, PlanState, Zone, ZoneKind
from geo.operations import searching
from geo.operations.searching import AT_ONCE, start_search
from geo.operations.suggesting import Load, Posed, list_assignment, list_moves, pose_question
from geo.zoning.explain import Reason
from geo.zoning.problem import NO_ZONE, Goal, measure_plan
from geo.zoning.question import read_question
from tests.patience import PATIENCE_S
from tests.town import START, Town

_DAY = date(2024, 6, 30)
_SIDE = 8


class Quarter(Town):
    """64 buildings in rows and columns of 100 m, ten households each; a river below the second row."""

    def __init__(self, connection: PostgresConnection) -> None:
        super().__init__(connection)
        self.buildings = [
            self.building(
                f"{row}{column}",
                box(100 * column + 30, 100 * row + 30, 100 * column + 70, 100 * row + 70),
                households=10,
            )
            for row in range(_SIDE)
            for column in range(_SIDE)
        ]
        self.add("ground_feature", kind="water", geom=box(0, 198, 1000, 202))
        connection.commit()

    def share_out(self, columns: Sequence[int | None], **changes: object) -> Plan:
        """A plan that gives each column of buildings to a zone, numbered from 1, or to none."""
        units = {
            building: columns[number % _SIDE]
            for number, building in enumerate(self.buildings)
            if columns[number % _SIDE] is not None
        }
        zones = tuple(
            Zone(number, f"Z{number}", f"{number}区") for number in sorted({c for c in columns if c})
        )
        head = PlanHead(1, self.id, ZoneKind.GRID_WORKER, "x", PlanState.PUBLISHED, START)
        return replace(Plan(head, zones, units), **changes)  # type: ignore[arg-type]

    def publish(self, columns: list[int]) -> None:
        plan = self.plan()
        for number in sorted(set(columns)):
            held = [b for n, b in enumerate(self.buildings) if columns[n % _SIDE] == number]
            self.zone(plan, f"Z{number}", *held)
        self.connection.commit()


@pytest.fixture
def quarter(connection: PostgresConnection) -> Quarter:
    return Quarter(connection)


_HALVES = [1, 1, 1, 1, 2, 2, 2, 2]
_UNEVEN = [1, 1, 1, 1, 1, 2, 2, 3]


def search(posed: Posed, is_good: Callable[[np.ndarray], bool], *goals: Goal) -> dict[Goal, np.ndarray]:
    """The first plan for each goal (all three unless told) that is good; the best where time runs out."""
    goals = goals or tuple(Goal)
    with start_search(posed.question, goals, PATIENCE_S) as running:
        for _ in running.follow():
            if set(goals) == set(running.best) and all(is_good(f.plan) for f in running.best.values()):
                break
    assert running.refusal is None
    return {goal: found.plan for goal, found in running.best.items()}


class TestQuestion:
    def test_says_who_holds_what_and_what_stays(self, quarter: Quarter) -> None:
        plan = quarter.share_out([1, 1, 1, 1, 2, 2, 2, None], locked_units=frozenset(quarter.buildings[:2]))
        plan = replace(plan, zones=(plan.zones[0], replace(plan.zones[1], is_locked=True)))
        posed = pose_question(quarter.id, plan, _DAY)
        assert [zone.id for zone in posed.zones] == [1, 2]
        assert posed.question.holder.reshape(_SIDE, _SIDE)[3].tolist() == [0, 0, 0, 0, 1, 1, 1, NO_ZONE]
        assert np.flatnonzero(posed.question.fixed != NO_ZONE).tolist() == [0, 1]
        assert posed.question.closed == (1,)

    def test_water_parts_neighbours(self, quarter: Quarter) -> None:
        ground = pose_question(quarter.id, quarter.share_out(_HALVES), _DAY).question.problem.neighbourhood
        source = np.repeat(np.arange(ground.size), np.diff(ground.starts)) // _SIDE
        across = (source < 2) != (ground.neighbours // _SIDE < 2)
        assert ground.borders_m[across].tolist() == [0, 0], "one bridge, there and back"

    def test_lengths_are_metres(self, quarter: Quarter) -> None:
        problem = pose_question(quarter.id, None, _DAY, zone_count=1).question.problem
        area_m2 = measure_plan(problem, np.zeros(64, np.int64)).areas_m2[0]
        assert area_m2 == pytest.approx(1_000_000, rel=0.002)

    def test_a_building_nobody_is_to_hold_weighs_nothing_and_is_not_given_away(
        self, quarter: Quarter
    ) -> None:
        gap = quarter.buildings[7]
        plan = quarter.share_out([1, 1, 1, 1, 2, 2, 2, None], gaps={gap: "拆迁"})
        posed = pose_question(quarter.id, plan, _DAY)
        assert posed.question.loads[7].tolist() == [0, 0]
        with start_search(posed.question, [Goal.FAIREST], 1) as running:
            running.wait()
        assert gap not in list_assignment(posed, running.best[Goal.FAIREST])
        assert all(gap not in move.buildings for move in list_moves(posed, running.best[Goal.FAIREST]))

    def test_goes_from_one_process_to_another_as_it_is(self, quarter: Quarter) -> None:
        question = pose_question(quarter.id, quarter.share_out(_UNEVEN), _DAY).question
        again = read_question(question.write())
        assert (
            again.problem.neighbourhood.borders_m.tolist()
            == question.problem.neighbourhood.borders_m.tolist()
        )
        for name in ("loads", "holder", "fixed", "compounds"):
            assert getattr(again, name).tolist() == getattr(question, name).tolist()
        assert (again.zone_count, again.closed) == (question.zone_count, question.closed)

    def test_what_is_to_be_even_can_be_chosen(self, quarter: Quarter) -> None:
        posed = pose_question(quarter.id, None, _DAY, zone_count=2, balance=[Load.RESIDENTS])
        assert posed.question.loads.tolist() == [[0.0]] * 64

    @pytest.mark.parametrize(
        ("wish", "sentence"),
        [
            ({"zone_count": 0}, "there cannot be 0 zones: ask for 1 to 500"),
            ({"zone_count": 501}, "there cannot be 501 zones"),
            ({"balance": ()}, "nothing is to be even"),
        ],
    )
    def test_what_cannot_be_is_refused(
        self, quarter: Quarter, wish: dict[str, object], sentence: str
    ) -> None:
        with pytest.raises(InputRefused, match=sentence):
            pose_question(quarter.id, quarter.share_out(_HALVES), _DAY, **wish)  # type: ignore[arg-type]

    def test_a_locked_zone_is_not_dissolved(self, quarter: Quarter) -> None:
        plan = quarter.share_out(_UNEVEN)
        plan = replace(plan, zones=(*plan.zones[:2], replace(plan.zones[2], is_locked=True)))
        with pytest.raises(InputRefused, match="zone 3区 is locked"):
            pose_question(quarter.id, plan, _DAY, without=[3])
        # The smallest, but the other goes.
        assert [zone.id for zone in pose_question(quarter.id, plan, _DAY, zone_count=2).zones] == [1, 3]

    @pytest.mark.usefixtures("quarter")
    def test_a_community_that_is_not_there_is_refused(self) -> None:
        with pytest.raises(NotFound):
            pose_question(999, None, _DAY, zone_count=2)


class TestAnswer:
    def test_three_goals_are_answered_at_once_each_with_whole_zones(self, quarter: Quarter) -> None:
        posed = pose_question(quarter.id, quarter.share_out(_UNEVEN), _DAY)

        def is_good(plan: np.ndarray) -> bool:
            figures = measure_plan(posed.question.problem, plan)
            return bool((figures.pieces == 1).all() and np.abs(figures.deviations[:, 0]).max() < 0.06)

        plans = search(posed, is_good)
        assert set(plans) == set(Goal)
        assert all(is_good(plan) for plan in plans.values())

    def test_a_dissolved_zones_buildings_are_said_to_come_from_it(self, quarter: Quarter) -> None:
        posed = pose_question(quarter.id, quarter.share_out(_UNEVEN), _DAY, without=[3])
        assert [zone.id for zone in posed.dissolved] == [3]
        with start_search(posed.question, [Goal.STEADIEST], 1) as running:
            running.wait()
        moves = list_moves(posed, running.best[Goal.STEADIEST])
        gone = [move for move in moves if move.reason is Reason.DISSOLVED]
        assert {building for move in gone for building in move.buildings} == set(quarter.buildings[7::_SIDE])
        assert all(move.giver is not None and move.giver.id == 3 for move in gone)

    def test_more_zones_than_now_are_new_ones(self, quarter: Quarter) -> None:
        posed = pose_question(quarter.id, quarter.share_out(_HALVES), _DAY, zone_count=4)
        assert [(zone.id, zone.code) for zone in posed.zones] == [
            (1, "Z1"),
            (2, "Z2"),
            (None, "N1"),
            (None, "N2"),
        ]

        def is_good(plan: np.ndarray) -> bool:
            return bool((np.bincount(plan, minlength=4) == 16).all())

        assert is_good(search(posed, is_good, Goal.FAIREST)[Goal.FAIREST])

    def test_locks_are_kept(self, quarter: Quarter) -> None:
        locked = quarter.buildings[:3]
        plan = quarter.share_out(_UNEVEN, locked_units=frozenset(locked))
        plan = replace(plan, zones=(*plan.zones[:2], replace(plan.zones[2], is_locked=True)))
        posed = pose_question(quarter.id, plan, _DAY)
        with start_search(posed.question, list(Goal), 1) as running:
            running.wait()
        for found in running.best.values():
            assert found.plan[:3].tolist() == [0, 0, 0]
            assert np.flatnonzero(found.plan == 2).tolist() == list(range(7, 64, _SIDE))

    def test_the_impossible_is_explained(self, quarter: Quarter) -> None:
        posed = pose_question(quarter.id, None, _DAY, zone_count=65)
        with start_search(posed.question, [Goal.FAIREST], 1) as running:
            running.wait()
        assert running.refusal == "64 buildings cannot make 65 zones: ask for 1 to 64"


class TestSearch:
    def test_the_first_plans_are_there_at_once_and_the_best_stays_when_it_is_ended(
        self, quarter: Quarter
    ) -> None:
        posed = pose_question(quarter.id, quarter.share_out(_UNEVEN), _DAY)
        with start_search(posed.question, list(Goal), 300) as running:
            for _ in running.follow():
                if len(running.best) == len(Goal):
                    break
            assert all(found.plan.shape == (64,) for found in running.best.values())
            assert not running.is_over
            process = running._process
            assert process is not None
        assert running.is_over
        assert set(running.best) == set(Goal)
        with pytest.raises(ProcessLookupError):
            os.kill(process.pid, 0)

    def test_it_ends_by_itself_when_time_is_up(self, quarter: Quarter) -> None:
        posed = pose_question(quarter.id, None, _DAY, zone_count=4)
        with start_search(posed.question, [Goal.FAIREST], 1.0) as running:
            running.wait(60)
            assert running.is_over
        assert running.compiled_s is not None

    @pytest.mark.parametrize("pipe", ["stdin", "stdout"])
    def test_it_ends_when_whoever_asked_is_gone(self, quarter: Quarter, pipe: str) -> None:
        question = pose_question(quarter.id, quarter.share_out(_UNEVEN), _DAY).question
        process = subprocess.Popen(
            [sys.executable, "-m", "geo.zoning.child", "fairest,steadiest", "300"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(question.write() + b"\n")
        process.stdin.flush()
        process.stdout.readline()
        assert process.poll() is None
        (process.stdout if pipe == "stdout" else process.stdin).close()
        # Long before its time is up.
        assert process.wait(60) is not None

    def test_few_go_on_at_once_and_the_next_begins_when_one_ends(self, quarter: Quarter) -> None:
        question = pose_question(quarter.id, quarter.share_out(_UNEVEN), _DAY).question
        with ExitStack() as stack:
            running = [
                stack.enter_context(start_search(question, [Goal.FAIREST], 300)) for _ in range(AT_ONCE)
            ]
            given_up, waiting = (
                stack.enter_context(start_search(question, [Goal.FAIREST], 1)) for _ in range(2)
            )
            for search in running:
                next(search.follow())
            assert [search.ahead for search in (*running, given_up, waiting)] == [0] * AT_ONCE + [1, 2]
            assert (waiting.elapsed_s, waiting.best, waiting.is_over) == (0, {}, False)
            given_up.cancel()
            assert (given_up.is_over, given_up._process, waiting.ahead) == (True, None, 1)
            running[0].cancel()
            waiting.wait(60)
            assert (waiting.is_over, waiting.ahead) == (True, 0)
            assert Goal.FAIREST in waiting.best
            assert not any(search.is_over for search in running[1:])

    def test_too_long_a_queue_is_refused_and_empties(self, quarter: Quarter) -> None:
        question = pose_question(quarter.id, quarter.share_out(_UNEVEN), _DAY).question
        with ExitStack() as stack:
            for _ in range(AT_ONCE + searching._MOST_WAITING):
                stack.enter_context(start_search(question, [Goal.FAIREST], 300))
            with pytest.raises(InputRefused, match="too many searches wait already"):
                start_search(question, [Goal.FAIREST], 300)
        with start_search(question, [Goal.FAIREST], 1) as after:
            assert after.ahead == 0

    def test_one_that_does_not_end_is_ended(self, quarter: Quarter, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(searching, "_GRACE_S", -299.0)
        question = pose_question(quarter.id, quarter.share_out(_UNEVEN), _DAY).question
        with start_search(question, [Goal.FAIREST], 300) as running:
            running.wait(60)
            assert running.is_over

    @pytest.mark.parametrize(
        ("goals", "seconds"), [((), 1.0), ((Goal.FAIREST,), 0.0), ((Goal.FAIREST,), 301.0)]
    )
    def test_nonsense_is_refused(self, quarter: Quarter, goals: tuple[Goal, ...], seconds: float) -> None:
        posed = pose_question(quarter.id, None, _DAY, zone_count=4)
        with pytest.raises(InputRefused):
            start_search(posed.question, goals, seconds)


class TestCommand:
    def test_prints_one_object(self, quarter: Quarter) -> None:
        quarter.publish(_UNEVEN)
        result = CliRunner().invoke(cli, ["zones", "suggest", "--seconds", "1", "--json"])
        assert result.exit_code == 0, result.output
        report = json.loads(result.stdout)
        assert (report["community"], report["kind"], report["zones"]) == ("A", "grid_worker", 3)
        assert [each["goal"] for each in report["suggestions"]] == ["fairest", "steadiest", "most_compact"]
        for each in report["suggestions"]:
            assert set(each["assignment"]) == {
                f"{row}{column}" for row in range(_SIDE) for column in range(_SIDE)
            }
            assert each["broken_zones"] == []
            moved = [code for move in each["moves"] for code in move["buildings"]]
            before = {code: f"Z{_UNEVEN[int(code[1])]}" for code in each["assignment"]}
            assert set(moved) == {code for code, zone in each["assignment"].items() if zone != before[code]}
            assert each["moved_households"] == 10 * len(moved)
            assert all(move["sentence"] for move in each["moves"])

    def test_a_zone_nobody_knows_is_refused(self, quarter: Quarter) -> None:
        quarter.publish(_HALVES)
        with pytest.raises(NotFound, match="the plan has no zone Z9: choose one of Z1, Z2"):
            CliRunner().invoke(cli, ["zones", "suggest", "--without", "Z9"], catch_exceptions=False)

    @pytest.mark.usefixtures("quarter")
    def test_weights_are_shown_and_set(self) -> None:
        result = CliRunner().invoke(
            cli, ["zones", "workload", "--set", "household=2", "--set", "E9=3", "--json"]
        )
        assert result.exit_code == 0, result.output
        report = json.loads(result.stdout)
        assert report["parts"]["households"] == 1280
        assert (report["weights"]["household"], report["weights"]["categories"]["E9"]) == (2, 3)
        with pytest.raises(InputRefused, match="nothing called cats has a weight"):
            CliRunner().invoke(cli, ["zones", "workload", "--set", "cats=2"], catch_exceptions=False)
