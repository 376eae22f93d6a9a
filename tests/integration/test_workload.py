"""What is counted in the buildings of a community, and what its keepers let each count weigh."""

from dataclasses import replace
from datetime import date

import pytest
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from shapely import Point, box

from geo.errors import Conflict, Forbidden, InputRefused, NotFound
from geo.model.actor import Actor
from geo.model.workload import USUAL_CATEGORY_WEIGHTS, WorkloadWeights
from geo.operations.workload import read_weights, read_workload, set_weights
from geo.store.engine import acting_as
from geo.zoning.workload import Part
from tests.town import Town

_DAY = date(2024, 6, 30)


@pytest.fixture
def town(connection: PostgresConnection) -> Town:
    """Two buildings of a three-no compound, 30 and 10 households, and one outside of 50; nothing else."""
    town = Town(connection)
    compound = town.add(
        "compound", code="C", name="三无小区", geom=box(0, 0, 300, 200), has_property_management=False,
        has_responsible_unit=False, has_security=False, three_no_definition="x", three_no_reviewed_on=_DAY,
    )  # fmt: skip
    for code, x, households, where in (
        ("1", 0, 30, compound),
        ("2", 200, 10, compound),
        ("3", 800, 50, None),
    ):
        town.building(
            code, box(x, 0, x + 40, 40), households=households, residents=3 * households, elderly=households,
            compound_id=where,
        )  # fmt: skip
    connection.commit()
    return town


def building(town: Town, code: str) -> int:
    with town.connection.cursor() as cursor:
        cursor.execute("SELECT id FROM building WHERE community_id = %s AND code = %s", (town.id, code))
        ((found,),) = cursor.fetchall()
    return int(found)


def report(town: Town, at: str, **values: object) -> None:
    town.incident(
        **{"reported_at": at, "due_at": at, "category_code": "E101", "geom": Point(20, 20)} | values
    )


def secretary_of(town: Town) -> Actor:
    return Actor(account_id=1, role="secretary", community_ids=(town.id,))


class TestCounts:
    def test_incidents_of_ninety_days_in_china_count_unless_they_were_none(self, town: Town) -> None:
        first = building(town, "1")
        report(town, "2024-04-02T00:00+08", building_id=first)
        report(town, "2024-06-30T23:59+08", building_id=first, category_code="E901")
        report(town, "2024-04-01T23:59+08", building_id=first)
        report(town, "2024-07-01T00:00+08", building_id=first)
        report(town, "2024-06-01T00:00+08", building_id=first, state="voided")
        town.connection.commit()
        work = read_workload(town.id, _DAY)
        assert work.counts.categories == ("E101", "E901")
        assert work.counts.incidents.tolist() == [[1, 1], [0, 0], [0, 0]]

    def test_what_is_in_no_building_counts_in_the_nearest(self, town: Town) -> None:
        report(town, "2024-06-01T00:00+08", building_id=None, geom=Point(700, 20))
        report(town, "2024-06-01T00:00+08", building_id=None, geom=None, geocode_quality="none")
        town.add("merchant", code="M1", name="理发店", geom=Point(260, 20))
        town.add("merchant", code="M2", name="理发店", building_id=building(town, "1"), geom=Point(820, 20))
        town.connection.commit()
        work = read_workload(town.id, _DAY)
        assert work.incidents.tolist() == [0, 0, 1]
        assert work.counts.merchants.tolist() == [1, 1, 0]

    def test_a_compounds_chat_group_is_shared_as_its_households_are(self, town: Town) -> None:
        compound = town.connection.cursor()
        compound.execute("SELECT id FROM compound")
        ((compound_id,),) = compound.fetchall()
        town.add("chat_group", code="W1", name="小区群", compound_id=compound_id)
        town.add("chat_group", code="W2", name="三号楼群", building_id=building(town, "3"))
        town.connection.commit()
        assert read_workload(town.id, _DAY).counts.chat_groups.tolist() == [0.75, 0.25, 1]

    def test_another_communitys_are_its_own(self, town: Town) -> None:
        other = Town(town.connection, "B", box(2000, 0, 3000, 1000))
        other.building("1", box(2000, 0, 2040, 40), households=7)
        other.add("chat_group", code="W1", name="群", building_id=building(other, "1"))
        town.connection.commit()
        work = read_workload(town.id, _DAY)
        assert work.counts.households.tolist() == [30, 10, 50]
        assert work.counts.chat_groups.tolist() == [0, 0, 0]

    def test_three_no_households_are_told_apart(self, town: Town) -> None:
        parts = read_workload(town.id, _DAY).parts[:, list(Part).index(Part.THREE_NO)]
        assert parts.tolist() == [15, 5, 0]

    def test_a_community_without_buildings_has_no_work(self, town: Town) -> None:
        empty = Town(town.connection, "B", box(2000, 0, 3000, 1000))
        report(empty, "2024-06-01T00:00+08", building_id=None, geom=Point(2500, 20))
        town.connection.commit()
        assert read_workload(empty.id, _DAY).total.tolist() == []

    @pytest.mark.usefixtures("town")
    def test_one_that_is_not_there_is_refused(self) -> None:
        with pytest.raises(NotFound, match="there is no community 999"):
            read_workload(999, _DAY)

    def test_one_that_is_not_the_actors_is_not_told(self, town: Town) -> None:
        other = Town(town.connection, "B", box(2000, 0, 3000, 1000))
        town.connection.commit()
        with acting_as(secretary_of(other)), pytest.raises(NotFound):
            read_workload(town.id, _DAY)


class TestWeights:
    def test_usual_until_they_are_set_and_only_there(self, town: Town) -> None:
        other = Town(town.connection, "B", box(2000, 0, 3000, 1000))
        town.connection.commit()
        usual = read_weights(town.id)
        assert usual == WorkloadWeights()
        wanted = replace(usual, merchant=7, categories={**USUAL_CATEGORY_WEIGHTS, "E9": 3, "E101": 0})
        with acting_as(secretary_of(town)):
            set_weights(town.id, usual, wanted)
            assert read_weights(town.id) == wanted
        assert read_weights(other.id) == usual

    def test_what_is_usual_again_leaves_nothing_behind(self, town: Town) -> None:
        usual = read_weights(town.id)
        set_weights(town.id, usual, replace(usual, merchant=7))
        set_weights(town.id, replace(usual, merchant=7), usual)
        with town.connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM workload_weight")
            assert cursor.fetchone() == (0,)

    def test_somebody_faster_is_not_overwritten(self, town: Town) -> None:
        usual = read_weights(town.id)
        set_weights(town.id, usual, replace(usual, merchant=7))
        with pytest.raises(Conflict, match="somebody else"):
            set_weights(town.id, usual, replace(usual, household=2))
        assert read_weights(town.id).merchant == 7

    @pytest.mark.parametrize(
        ("changes", "sentence"),
        [
            ({"merchant": -1}, "the weight of merchant cannot be -1"),
            ({"merchant": float("nan")}, "the weight of merchant cannot be nan"),
            ({"elderly_share": 1.5}, "choose a number from 0 to 1"),
            ({"categories": {"E9999": 1}}, "there is no category E9999"),
        ],
    )
    def test_what_cannot_be_is_refused(self, town: Town, changes: dict[str, object], sentence: str) -> None:
        usual = read_weights(town.id)
        with pytest.raises(InputRefused, match=sentence):
            set_weights(town.id, usual, replace(usual, **changes))  # type: ignore[arg-type]

    @pytest.mark.parametrize("role", ["grid_worker", "leader", "property_company"])
    def test_only_keepers_set_them(self, town: Town, role: str) -> None:
        usual = read_weights(town.id)
        actor = Actor(account_id=1, role=role, community_ids=(town.id,))  # type: ignore[arg-type]
        with acting_as(actor), pytest.raises(Forbidden):
            set_weights(town.id, usual, replace(usual, merchant=7))
