"""One worker of community D is away: others take all his buildings, and none of them is overloaded by it."""

from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta

import numpy as np
import psycopg2
import pytest

from etl.demo.load import load_demo
from geo.cluster import Cluster
from geo.model.absence import AbsenceReason
from geo.operations.absences import end_absence, mark_absent
from geo.operations.workload import read_workload
from geo.rules.handover import Floats
from geo.settings import get_settings
from geo.store.engine import acting_as
from tests.actors import make_actor
from tests.conftest import clone_database
from tests.plan_town import TODAY

_TOLERANCE = 1.10


@pytest.fixture(scope="module")
def demo_url(cluster: Cluster, migrated_template: str) -> Iterator[str]:
    """Community D, where no zone has a backup."""
    with clone_database(cluster, migrated_template) as url, pytest.MonkeyPatch.context() as environment:
        environment.setenv("WANGGE_DATABASE_URL", url)
        get_settings.cache_clear()
        load_demo(url, community="D", as_of=TODAY)
        with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute("DELETE FROM zone_party WHERE role = 'backup'")
            connection.commit()
        yield url
    get_settings.cache_clear()


def ask(url: str, statement: str, *values: object) -> list[tuple[int, int]]:
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()


def list_held(url: str, day: date) -> dict[int, int]:
    return dict(
        ask(url, "SELECT building_id, party_id FROM building_holder(%s) WHERE kind = 'grid_worker'", day)
    )


def bound_busiest(weights: Floats, loads: Floats) -> float:
    """Return what the busiest of those who take something carries at least, however it is split.

    That is no less than the mean of those who take, which is least where the least loaded take all; and
    somebody takes the heaviest building.
    """
    means = (weights.sum() + np.sort(loads).cumsum()) / np.arange(1, len(loads) + 1)
    return float(max(means.min(), loads.min() + weights.max()))


@pytest.mark.parametrize("rank", [0, 7, -1], ids=["least loaded", "middling", "most loaded"])
def test_the_busiest_of_those_who_take_over_carries_hardly_more_than_by_the_best_split(
    demo_url: str, rank: int
) -> None:
    [(community_id, _)] = ask(demo_url, "SELECT id, 0 FROM community")
    before = list_held(demo_url, TODAY)
    with acting_as(make_actor(community_id)):
        work = read_workload(community_id, TODAY)
        weight_of = dict(zip(work.counts.building_ids, work.total.tolist(), strict=True))
        load_of = {
            party: sum(weight_of[b] for b, p in before.items() if p == party)
            for party in set(before.values())
        }
        absent = sorted(load_of, key=load_of.__getitem__)[rank]
        mine = [building for building, party in before.items() if party == absent]
        done = mark_absent(absent, TODAY, TODAY + timedelta(days=7), AbsenceReason.SICK)
        after = list_held(demo_url, TODAY)
        end_absence(done.absence_id or 0, TODAY)
    assert done.untaken == ()
    assert mine
    assert after.keys() == before.keys(), "all of his buildings are held, and no others were let go"
    assert all(after[building] == before[building] for building in before if building not in mine)
    takers = [party for party in load_of if party != absent]
    assert {after[building] for building in mine} <= set(takers)
    weights = np.array([weight_of[building] for building in mine])
    carried = {
        party: load_of[party] + sum(weight_of[b] for b in mine if after[b] == party)
        for party in {after[building] for building in mine}
    }
    best = bound_busiest(weights, np.array([load_of[party] for party in takers]))
    assert max(carried.values()) <= _TOLERANCE * best
    assert list_held(demo_url, TODAY) == before
