"""What came back in community D: the pairs of the view, what was planted, and for whom it is."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import psycopg2
import pytest

from etl.demo.load import DemoReport, load_demo
from geo.cluster import Cluster
from geo.errors import NotFound
from geo.model.actor import Actor, Role
from geo.operations.relapses import READERS, Relapses, gather_relapses, list_back, list_outcomes
from geo.patterns.following import Cases
from geo.patterns.relapse import find_returns
from geo.settings import get_settings
from geo.store import patterns
from geo.store.engine import acting_as, connect
from tests.actors import make_actor
from tests.conftest import clone_database

AS_OF = date(2026, 6, 1)
NOW = datetime(2026, 5, 31, 16, tzinfo=UTC)


@pytest.fixture(scope="module")
def demo(cluster: Cluster, migrated_template: str) -> Iterator[tuple[str, DemoReport]]:
    with clone_database(cluster, migrated_template) as url:
        yield url, load_demo(url, community="D", as_of=AS_OF)


@pytest.fixture
def community_id(demo: tuple[str, DemoReport], monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setenv("WANGGE_DATABASE_URL", demo[0])
    # However slow the machine is, what has changed is read again.
    monkeypatch.setattr(patterns, "_PATIENCE", 0)
    get_settings.cache_clear()
    [(found,)] = ask(demo[0], "SELECT id FROM community")
    yield found
    get_settings.cache_clear()


@pytest.fixture
def found(community_id: int) -> Relapses:
    with acting_as(make_actor(community_id)):
        return gather_relapses(community_id, NOW)


def ask(url: str, statement: str) -> list[tuple[Any, ...]]:
    with connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall()


def change(url: str, statement: str, row: int) -> None:
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement, (row,))


def read_cases(cursor: psycopg2.extensions.cursor) -> tuple[np.ndarray, Cases]:
    cursor.execute(
        "SELECT i.id, ST_X(p.geom), ST_Y(p.geom), coalesce(building_id, -1),"
        " CASE WHEN k.parent_code IN ('E10', 'E12') THEN -1"
        "   ELSE dense_rank() OVER (ORDER BY category_code) END,"
        " reported_at AT TIME ZONE 'UTC', closed_at AT TIME ZONE 'UTC', coalesce(parent_id, -1)"
        " FROM incident AS i JOIN category AS k ON k.code = category_code"
        " JOIN community AS c ON c.id = community_id"
        " CROSS JOIN LATERAL (SELECT ST_Transform(i.geom, c.metric_epsg) AS geom) AS p ORDER BY i.id"
    )
    columns = list(zip(*cursor.fetchall(), strict=True))
    ids, parents = (np.array(columns[at], dtype=np.int64) for at in (0, 7))
    return ids, Cases(
        np.array(columns[1], dtype=float), np.array(columns[2], dtype=float),
        np.array(columns[3], dtype=np.int64), np.array(columns[4], dtype=np.int64),
        np.array(columns[5], dtype="datetime64[us]"), np.array(columns[6], dtype="datetime64[us]"),
        linked_to=np.where(parents >= 0, np.searchsorted(ids, parents), -1),
    )  # fmt: skip


def test_pairs_are_those_of_the_view(demo: tuple[str, DemoReport]) -> None:
    with closing(psycopg2.connect(demo[0])) as connection, connection.cursor() as cursor:
        # Some linked by hand, far from each other and of any category: nothing in the demo is.
        cursor.execute("UPDATE incident SET parent_id = id - 1 WHERE id % 499 = 0")
        ids, cases = read_cases(cursor)
        cursor.execute("SELECT earlier_id, incident_id FROM relapse")
        told = set(cursor.fetchall())
        connection.rollback()
    pairs = find_returns(cases)
    listed = list(zip(ids[pairs.earlier].tolist(), ids[pairs.later].tolist(), strict=True))
    assert len(listed) == len(set(listed)) > 300
    assert set(listed) == told


def test_what_was_planted_stands_at_the_head_of_the_list(
    demo: tuple[str, DemoReport], found: Relapses
) -> None:
    """Before hot spots with many times as many returns."""
    numbers = dict(ask(demo[0], "SELECT id, external_id FROM incident"))
    planted = {(pair["closed"], pair["returned"]) for pair in demo[1].truth.relapses}
    assert len(planted) == 16
    head = found.back[:16]
    assert {(numbers[row.closed_id], numbers[row.returned_id]) for row in head} == planted
    assert [row.is_relapse for row in found.back] == [True] * 16 + [False] * (len(found.back) - 16)
    assert max(row.figures.returned for row in head) <= 2
    assert max(row.figures.returned for row in found.back) > 10
    assert all(row.campaign_id for row in head)
    assert all(row.days < 30 for row in found.back)


def test_each_figure_is_what_a_plain_count_finds(demo: tuple[str, DemoReport], found: Relapses) -> None:
    counted = (
        " FROM incident AS i JOIN category AS k ON k.code = i.category_code"
        " JOIN category AS above ON above.code = k.parent_code{}"
        " WHERE i.closed_at >= '2025-06-01 00:00+08' AND above.code NOT IN ('E10', 'E12')"
        " AND (i.sensitivity, k.sensitivity, above.sensitivity) = ('S1', 'S1', 'S1')"
    )
    [(closed,)] = ask(demo[0], "SELECT count(*)" + counted.format(""))
    [(returned,)] = ask(
        demo[0],
        "SELECT count(DISTINCT i.id)" + counted.format(" JOIN relapse AS r ON r.earlier_id = i.id"),
    )
    assert (found.total.closed, found.total.returned) == (closed, returned)
    assert found.total.rate == returned / closed
    assert sum(row.closed for row in found.categories.values()) == closed
    assert sum(row.figures.returned for row in found.back) == returned
    assert not [code for code in found.categories if code.startswith(("E10", "E12")) and len(code) == 5]
    assert all(party in found.party_names for party in found.parties)
    assert found.survival is not None
    assert found.survival.closed == closed
    assert 0.9 < found.survival.read(7)[0] < 1
    assert found.survival.read(90)[0] < found.survival.read(30)[0] < found.survival.read(7)[0]
    assert set(found.survival_by_group) <= {f"E{n}" for n in range(1, 12)}


def test_a_period_asks_for_its_closings_only_and_knows_the_rest(community_id: int, found: Relapses) -> None:
    with acting_as(make_actor(community_id)):
        late = gather_relapses(community_id, NOW, since=NOW - timedelta(days=63))
        before = gather_relapses(community_id, NOW - timedelta(days=60))
    assert 0 < late.total.closed < found.total.closed
    again = {(row.closed_id, row.returned_id) for row in late.back if row.is_relapse}
    # What the third campaign closed two months ago, and nothing of the earlier ones.
    assert len(again) == 5
    assert again <= {(row.closed_id, row.returned_id) for row in found.back}
    # What came later was not known then.
    assert {row.returned_id for row in before.back}.isdisjoint(again)
    assert before.total.watched_days < before.total.closed * 30


def test_campaigns_are_followed(found: Relapses) -> None:
    assert len(found.campaigns) == 3
    lost = []
    for campaign in found.campaigns:
        figures = found.campaign_figures[campaign.id]
        assert figures.returned >= 5
        assert campaign.effect is not None
        assert campaign.buildings == campaign.effect.places
        if any(rebound.named_on is not None for rebound in campaign.rebounds):
            lost.append(campaign.starts_on)
            # Where it was as frequent before, some come back by chance; for three months it had fallen.
            assert figures.excess > 0
            assert campaign.effect.ratio < 1
        else:
            assert figures.low > 0
            # The demo's other campaigns clean up and change nothing else.
            assert campaign.effect.low <= 1.6
            assert campaign.effect.high >= 1
        whole, *parts = campaign.rebounds
        assert whole.compound_id is None
        assert len(parts) == 3
        assert sum(sum(part.weekly) for part in parts) == sum(whole.weekly)
        assert len(whole.weekly) == (AS_OF - campaign.ends_on - timedelta(days=1)).days // 7
    assert lost == [min(campaign.starts_on for campaign in found.campaigns)]


def test_compounds_count_what_was_closed_in_their_buildings(found: Relapses) -> None:
    assert 0 < sum(figures.closed for figures in found.compounds.values()) < found.total.closed
    followed = {rebound.compound_id for campaign in found.campaigns for rebound in campaign.rebounds[1:]}
    by_likely = sorted(found.compounds, key=lambda compound: -found.compounds[compound].likely)
    # What was planted came back where campaigns had been.
    assert set(by_likely[:3]) <= followed


def test_a_part_is_the_same_as_in_the_whole(community_id: int, found: Relapses) -> None:
    since = NOW - timedelta(days=63)
    with acting_as(make_actor(community_id)):
        whole = gather_relapses(community_id, NOW, since=since)
        assert list_back(community_id, NOW, since=since) == whole.back != found.back
        assert list_back(community_id, NOW) == found.back
        assert list_outcomes(community_id, NOW) == found.campaigns


def test_it_is_worked_out_once_for_each_state_of_the_data(
    demo: tuple[str, DemoReport], community_id: int
) -> None:
    with acting_as(make_actor(community_id)):
        found = list_back(community_id, NOW)
        assert list_back(community_id, NOW) is found
        returned = found[0].returned_id
        change(
            demo[0],
            "UPDATE incident SET reported_at = reported_at - interval '90 days' WHERE id = %s",
            returned,
        )
        try:
            assert returned not in {place.returned_id for place in list_back(community_id, NOW)}
        finally:
            change(
                demo[0],
                "UPDATE incident SET reported_at = reported_at + interval '90 days' WHERE id = %s",
                returned,
            )
        assert list_back(community_id, NOW) == found


@pytest.mark.parametrize("role", sorted(READERS))
def test_who_sees_it_sees_the_same(community_id: int, found: Relapses, role: Role) -> None:
    with acting_as(make_actor(community_id, role=role)):
        assert gather_relapses(community_id, NOW).back == found.back


@pytest.mark.parametrize("role", ["property_company", "wall", None])
def test_others_are_told_nothing(community_id: int, role: Role | None) -> None:
    actor = make_actor(community_id, role=role) if role else Actor(None, None)
    for ask_for in (gather_relapses, list_back, list_outcomes):
        with acting_as(actor), pytest.raises(NotFound, match="not yours to see"):
            ask_for(community_id, NOW)
    with acting_as(make_actor(community_id + 1)), pytest.raises(NotFound):
        gather_relapses(community_id, NOW)


def test_a_community_without_cases_has_nothing_to_tell(community_id: int) -> None:
    with acting_as(make_actor(community_id)):
        early = gather_relapses(community_id, NOW - timedelta(days=800))
    assert early.back == ()
    assert (early.total.closed, early.total.rate, early.survival) == (0, None, None)
