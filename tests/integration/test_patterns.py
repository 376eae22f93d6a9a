"""Cases as columns: what enters, for whom, and how they are read again."""

from datetime import UTC, date, datetime

import numpy as np
import pytest
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from shapely import Point, box

from geo.errors import NotFound
from geo.model.actor import NOBODY, Role
from geo.model.incident import SOURCES
from geo.store import pattern_cases, pattern_places, patterns
from geo.store.engine import acting_as
from geo.store.pattern_cases import NEVER, Cases, Records, count_minutes
from geo.store.pattern_places import Ground
from geo.store.patterns import READERS, read_columns, read_looks
from tests.actors import make_actor
from tests.town import Town


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow the machine is, what has changed is read again."""
    monkeypatch.setattr(patterns, "_PATIENCE", 0)


@pytest.fixture
def town(connection: PostgresConnection) -> Town:
    """Two buildings in grid 01, the first in a compound; nothing reported."""
    town = Town(connection)
    compound = town.add("compound", code="C", name="新风家园", geom=box(0, 0, 300, 300))
    town.building("1", box(100, 100, 120, 120), compound_id=compound, households=30, residents=70)
    town.building("2", box(600, 100, 620, 120), households=10, residents=20)
    town.grid("01", box(0, 0, 1000, 1000))
    connection.commit()
    return town


def building(town: Town, code: str) -> int:
    with town.connection.cursor() as cursor:
        cursor.execute("SELECT id FROM building WHERE code = %s AND community_id = %s", (code, town.id))
        ((found,),) = cursor.fetchall()
    return int(found)


def read(town: Town) -> Cases:
    town.connection.commit()
    with acting_as(make_actor(town.id)):
        return read_columns(town.id).cases


def read_records(town: Town) -> Records:
    town.connection.commit()
    with acting_as(make_actor(town.id)):
        return read_columns(town.id).records


class TestWhatEnters:
    def test_a_case_in_a_building_is_where_the_building_is(self, town: Town) -> None:
        town.incident(geom=Point(130, 130), building_id=building(town, "1"))
        cases = read(town)
        with acting_as(make_actor(town.id)):
            ground = read_columns(town.id).ground
        assert (cases.building[0], cases.compound[0], cases.grid[0]) == (0, 0, 0)
        np.testing.assert_allclose([cases.x_m[0], cases.y_m[0]], ground.places_m[0], atol=0.01)
        assert ground.building_names == ("新风家园1号楼", "2号楼")
        assert ground.households.tolist() == [30, 10]

    def test_a_case_in_no_building_is_where_it_was_pinned_and_one_without_place_is_nowhere(
        self, town: Town
    ) -> None:
        town.incident(geom=Point(500, 500), reported_at="2024-06-01T09:00+08")
        town.incident(reported_at="2024-06-02T09:00+08")
        cases = read(town)
        assert cases.building.tolist() == [-1, -1]
        # The plane begins at the middle of the community, which is this point.
        assert abs(cases.x_m[0]) < 1
        assert abs(cases.y_m[0]) < 1
        assert np.isnan(cases.x_m[1])

    def test_times_are_those_of_china(self, town: Town) -> None:
        # A Monday, half an hour after midnight in China: Sunday in Greenwich.
        town.incident(reported_at="2024-06-03T00:30+08", state="closed", closed_at="2024-06-03T02:00+08")
        town.incident(reported_at="2024-06-09T23:59+08")
        cases = read(town)
        assert cases.hour.tolist() == [0, 6 * 24 + 23]
        assert cases.reported_min[0] == count_minutes(date(2024, 6, 3)) + 30
        assert cases.closed_min.tolist() == [count_minutes(date(2024, 6, 3)) + 120, NEVER]

    def test_they_come_in_the_order_of_their_report(self, town: Town) -> None:
        later = town.incident(reported_at="2024-06-03T09:00+08", source="hotline_12345")
        earlier = town.incident(reported_at="2024-06-01T09:00+08", category_code="E1299")
        cases = read(town)
        assert cases.ids.tolist() == [earlier, later]
        assert [cases.categories[number] for number in cases.category] == ["E1299", "E101"]
        assert SOURCES[cases.source[1]] == "hotline_12345"

    @pytest.mark.parametrize(
        "values",
        [
            {"sensitivity": "S2"},
            {"sensitivity": "S3"},
            {"category_code": "E902"},
            {"category_code": "E905"},
            {"category_code": "E1001"},
            {"category_code": "E1105"},
            {"state": "voided"},
            {"state": "rejected"},
        ],
    )
    def test_nothing_sensitive_personal_sealed_or_void_enters(
        self, values: dict[str, str], town: Town
    ) -> None:
        town.incident(geom=Point(130, 130))
        # As somebody may have classed it too low.
        town.incident(geom=Point(130, 130), **{"sensitivity": "S1"} | values)
        cases = read(town)
        assert len(cases.ids) == 1
        assert not {"E902", "E905", "E1001", "E1105"} & cases.codes
        # What is void is no less a return.
        assert len(read_records(town).ids) == 1 + ("state" in values)

    def test_another_communitys_cases_stay_there(self, town: Town) -> None:
        other = Town(town.connection, "B", box(2000, 0, 3000, 1000))
        other.incident(geom=Point(2500, 500))
        own = town.incident(geom=Point(500, 500))
        assert read(town).ids.tolist() == [own]


class TestRecords:
    def test_each_is_where_it_was_itself_to_the_microsecond(self, town: Town) -> None:
        reported_at, closed_at = "2024-06-03T00:30:00.123456+08", "2024-06-03T02:00:00.000001+08"
        town.incident(
            geom=Point(130, 130), building_id=building(town, "1"), reported_at=reported_at, state="closed",
            closed_at=closed_at, party_id=(party := town.party("P")),
        )  # fmt: skip
        town.incident(reported_at="2024-06-04T00:30+08")
        records = read_records(town)
        with town.connection.cursor() as cursor:
            cursor.execute(
                "SELECT ST_X(p), ST_Y(p) FROM (SELECT ST_Transform(i.geom, metric_epsg) AS p FROM incident"
                " AS i JOIN community AS c ON c.id = community_id WHERE building_id IS NOT NULL) AS own"
            )
            (place,) = cursor.fetchall()
        np.testing.assert_allclose([records.x_m[0], records.y_m[0]], place, atol=1e-6)
        assert np.isnan(records.x_m[1])
        assert records.building.tolist() == [0, -1]
        assert records.party.tolist() == [party, 0]
        assert records.reported_at[0] == np.datetime64("2024-06-02T16:30:00.123456", "us")
        assert records.closed_at[0] == np.datetime64("2024-06-02T18:00:00.000001", "us")
        assert np.isnat(records.closed_at[1])

    def test_those_of_one_moment_come_by_their_ids_wherever_the_table_has_them(self, town: Town) -> None:
        moment = {"reported_at": "2024-06-01T09:00+08"}
        first, second, third = (town.incident(**moment) for _ in range(3))
        early = town.incident(reported_at="2024-05-01T09:00+08", parent_id=second)
        with town.connection.cursor() as cursor:
            # A changed row moves to the end of the table.
            cursor.execute("UPDATE incident SET title = '楼道' WHERE id = %s", (first,))
        records = read_records(town)
        assert records.ids.tolist() == [early, first, second, third]
        assert (records.bound.tolist(), records.parent.tolist()) == ([early], [second])

    def test_many_are_read_as_few_are(self, town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
        """However the rows are cut on their way, and however far apart the ids are."""
        for number in range(40):
            town.incident(
                building_id=building(town, "12"[number % 2]), reported_at=f"2024-06-01T09:{number:02}+08"
            )
        whole = read_records(town)
        monkeypatch.setattr(pattern_cases, "_BYTES_AT_ONCE", 150)
        monkeypatch.setattr(pattern_places, "_MOST_IN_TABLE", 0)
        town.incident(reported_at="2024-07-01T09:00+08")
        again = read_records(town)
        assert again.ids[:-1].tolist() == whole.ids.tolist()
        assert again.building.tolist() == [0, 1] * 20 + [-1]


class TestForWhom:
    def test_every_reader_sees_the_same_whoever_came_first(self, town: Town) -> None:
        party = town.party("P")
        for sensitivity in ("S1", "S2", "S3"):
            town.incident(geom=Point(130, 130), sensitivity=sensitivity, party_id=party)
        town.connection.commit()
        seen = set()
        for role in sorted(READERS):
            # Something has changed, so that it is read as this role.
            town.incident(geom=Point(900, 900), state="voided", party_id=party)
            town.connection.commit()
            with acting_as(make_actor(town.id, role=role, party_id=party)):
                seen.add(tuple(read_columns(town.id).cases.ids.tolist()))
        assert len(seen) == 1
        assert len(seen.pop()) == 1

    @pytest.mark.parametrize("role", ["property_company", "secretary"])
    def test_whoever_has_no_right_to_them_is_refused_even_what_is_kept(self, role: Role, town: Town) -> None:
        assert len(read(town).ids) == 0
        communities = [town.id] if role == "property_company" else [town.id + 1]
        with acting_as(make_actor(*communities, role=role)):
            with pytest.raises(NotFound):
                read_columns(town.id)
            ground = _read_ground(town)
            with pytest.raises(NotFound):
                read_looks(town.id, ground)

    def test_nobody_is_refused(self, town: Town) -> None:
        read(town)
        with acting_as(NOBODY), pytest.raises(NotFound):
            read_columns(town.id)


def _read_ground(town: Town) -> Ground:
    with acting_as(make_actor(town.id)):
        return read_columns(town.id).ground


class TestKeeping:
    def test_they_are_read_once_and_again_when_something_has_changed(self, town: Town) -> None:
        with acting_as(make_actor(town.id)):
            first = read_columns(town.id)
            assert read_columns(town.id) is first
            town.incident(geom=Point(500, 500))
            assert read_columns(town.id) is first
            town.connection.commit()
            second = read_columns(town.id)
        assert second.tag != first.tag
        assert len(second.cases.ids) == 1

    def test_visits_count_for_the_building_or_the_building_of_the_shop(self, town: Town) -> None:
        shop = town.add("merchant", code="M", name="店", building_id=building(town, "2"))
        at = datetime(2024, 6, 2, 16, 30, tzinfo=UTC)
        town.add("visit", kind="patrol", at=at, building_id=building(town, "1"), outcome="checked")
        town.add("visit", kind="merchant_check", at=at, merchant_id=shop, outcome="checked")
        town.connection.commit()
        looks = read_looks(town.id, _read_ground(town))
        assert sorted(looks.building.tolist()) == [0, 1]
        assert set(looks.day.tolist()) == {(date(2024, 6, 3) - date(2000, 1, 1)).days}
