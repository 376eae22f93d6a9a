"""What the database refuses about places: unsound shapes, codes, and numbers that contradict each other."""

from datetime import date

import pytest
from psycopg2 import errors
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from shapely import Point, box

from tests.town import START, Town

A_YEAR_ON = date(2025, 1, 1)


@pytest.fixture
def town(undone: PostgresConnection) -> Town:
    return Town(undone)


def run(connection: PostgresConnection, statement: str, *values: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


BOW_TIE = "MULTIPOLYGON(((120 32, 120.01 32.01, 120.01 32, 120 32.01, 120 32)))"


class TestShapes:
    @pytest.mark.parametrize(
        "table", ["community", "ground_feature", "grid", "compound", "building", "campaign"]
    )
    @pytest.mark.parametrize(
        "shape",
        [
            pytest.param("MULTIPOLYGON EMPTY", id="empty"),
            pytest.param(BOW_TIE, id="crossing itself"),
            pytest.param("MULTIPOLYGON(((32 120, 32 120.01, 32.01 120.01, 32 120)))", id="latitude first"),
            pytest.param(
                "MULTIPOLYGON(((500000 3540000, 500100 3540000, 500100 3540100, 500000 3540000)))",
                id="metres",
            ),
            pytest.param("MULTIPOLYGON(((0 0, 0.1 0, 0.1 0.1, 0 0)))", id="nowhere"),
            pytest.param("MULTIPOLYGON(((120 32, 120.1 32, 136.1 32.1, 120 32)))", id="reaching abroad"),
            pytest.param("MULTIPOLYGON(((120 32, 120.1 32, 120.1 NaN, 120 32)))", id="not a number"),
            pytest.param(None, id="none"),
        ],
    )
    def test_unsound_polygons_are_refused(self, town: Town, table: str, shape: str | None) -> None:
        town.grid("01", box(0, 0, 100, 100))
        town.building("1", box(0, 0, 10, 10))
        town.add("compound", code="C", name="C", geom=box(0, 0, 10, 10))
        town.add("ground_feature", kind="water", geom=box(0, 0, 10, 10))
        town.add(
            "campaign",
            kind="clean_up",
            code="C",
            name="C",
            starts_on=START,
            ends_on=START,
            geom=box(0, 0, 10, 10),
        )

        with pytest.raises((errors.CheckViolation, errors.NotNullViolation)):
            run(town.connection, f"UPDATE {table} SET geom = ST_GeomFromText(%s, 4490)", shape)

    @pytest.mark.parametrize(
        "shape",
        [
            "POINT EMPTY",
            "POINT(32 120)",
            "POINT(0 0)",
            "POINT(500000 3540000)",
            "POINT(NaN 32)",
            "POINT(120 NaN)",
        ],
    )
    @pytest.mark.parametrize("table", ["merchant", "incident"])
    def test_unsound_points_are_refused(self, town: Town, table: str, shape: str) -> None:
        town.add("merchant", code="M", name="M", geom=Point(5, 5))
        town.incident(geom=Point(5, 5))

        with pytest.raises(errors.CheckViolation):
            run(town.connection, f"UPDATE {table} SET geom = ST_GeomFromText(%s, 4490)", shape)

    def test_another_reference_system_is_refused(self, town: Town) -> None:
        town.building("1", box(0, 0, 10, 10))

        with pytest.raises(errors.InvalidParameterValue, match=r"SRID"):
            run(town.connection, "UPDATE building SET geom = ST_SetSRID(geom, 4326)")


class TestThreeNo:
    FACTS = ("has_property_management", "has_responsible_unit", "has_security")

    def is_three_no(self, town: Town, **values: object) -> bool:
        compound = town.add("compound", code="C", name="C", geom=box(0, 0, 10, 10), **values)
        with town.connection.cursor() as cursor:
            cursor.execute("SELECT FROM compound WHERE id = %s AND is_three_no", (compound,))
            return cursor.rowcount == 1

    def test_three_reviewed_facts_make_it(self, town: Town) -> None:
        facts = dict.fromkeys(self.FACTS, False)
        assert self.is_three_no(town, **facts, three_no_definition="local", three_no_reviewed_on=START)

    def test_unreviewed_facts_do_not(self, town: Town) -> None:
        assert not self.is_three_no(town, **dict.fromkeys(self.FACTS, False), three_no_definition="local")

    @pytest.mark.parametrize("fact", FACTS)
    @pytest.mark.parametrize("known", [True, None])
    def test_one_of_them_present_or_unknown_does_not(self, town: Town, fact: str, known: bool | None) -> None:
        facts = dict.fromkeys(self.FACTS, False) | {fact: known}
        assert not self.is_three_no(town, **facts, three_no_definition="local", three_no_reviewed_on=START)

    def test_a_review_names_its_definition(self, town: Town) -> None:
        with pytest.raises(errors.CheckViolation):
            self.is_three_no(town, three_no_reviewed_on=START)

    def test_nobody_writes_the_verdict(self, town: Town) -> None:
        with pytest.raises(errors.GeneratedAlways):
            self.is_three_no(town, is_three_no=True)


class TestIdentity:
    def test_a_code_is_one_grid_at_a_time(self, town: Town) -> None:
        town.grid("01", box(0, 0, 100, 100), valid_to=A_YEAR_ON)
        town.grid("01", box(500, 0, 600, 100), valid_from=A_YEAR_ON)
        with pytest.raises(errors.ExclusionViolation, match="grid_code_once_at_a_time"):
            town.grid("01", box(200, 0, 300, 100), valid_from=date(2024, 12, 31), valid_to=A_YEAR_ON)

    def test_a_micro_grid_has_a_parent_and_others_have_none(self, town: Town) -> None:
        parent = town.grid("01", box(0, 0, 100, 100))
        with pytest.raises(errors.CheckViolation):
            town.grid("02", box(100, 0, 200, 100), parent_id=parent)
        town.connection.rollback()
        town = Town(town.connection)
        with pytest.raises(errors.CheckViolation):
            town.grid("01-1", box(0, 0, 50, 50), kind="micro")

    def test_a_building_cannot_name_another_communitys_compound(self, town: Town) -> None:
        compound = Town(town.connection, "B").add("compound", code="C", name="C", geom=box(0, 0, 10, 10))
        with pytest.raises(errors.ForeignKeyViolation):
            town.building("1", box(0, 0, 5, 5), compound_id=compound)

    def test_more_elders_than_residents_are_refused(self, town: Town) -> None:
        with pytest.raises(errors.CheckViolation):
            town.building("1", box(0, 0, 5, 5), residents=10, elderly=11)
