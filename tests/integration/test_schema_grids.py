"""What the database refuses about grids that overlap, and how buildings find their grid."""

import threading
from contextlib import closing
from datetime import date

import psycopg2
import pytest
from psycopg2 import errors
from psycopg2.extensions import ISOLATION_LEVEL_READ_COMMITTED, ISOLATION_LEVEL_REPEATABLE_READ
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from shapely import Polygon, box

from tests.patience import PATIENCE_S
from tests.town import Town, to_wkb

A_YEAR_ON = date(2025, 1, 1)
ASSIGN = "INSERT INTO building_grid SELECT %s, id, community_id, kind, period FROM grid WHERE id = %s"


@pytest.fixture
def town(connection: PostgresConnection) -> Town:
    return Town(connection)


def run(connection: PostgresConnection, statement: str, *values: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def assigned(town: Town, kind: str = "community") -> dict[str, list[tuple[str, str]]]:
    """Which grids each building lies in, by code and with the first and last day."""
    with town.connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT b.code, g.code, CAST(bg.period AS text)
            FROM building_grid AS bg JOIN building AS b ON b.id = building_id JOIN grid AS g ON g.id = grid_id
            WHERE bg.kind = %s ORDER BY b.code, bg.period
            """,
            (kind,),
        )
        grids: dict[str, list[tuple[str, str]]] = {}
        for building, grid, period in cursor.fetchall():
            grids.setdefault(building, []).append((grid, period))
        return grids


class TestGridOverlap:
    def test_more_than_a_square_metre_is_refused(self, town: Town) -> None:
        town.grid("01", box(0, 0, 100, 100))
        town.grid("02", box(99.98, 0, 200, 100))

        with pytest.raises(errors.ExclusionViolation) as refusal:
            town.connection.commit()
        assert refusal.value.diag.message_primary == "grid 01 overlaps grid 02 by 2.0 m²"
        assert refusal.value.diag.constraint_name == "grid_overlap"

    def test_a_sliver_of_a_square_metre_is_allowed(self, town: Town) -> None:
        town.grid("01", box(0, 0, 100, 100))
        town.grid("02", box(99.99, 0, 200, 99.9))  # 0.999 m²

        town.connection.commit()

    def test_just_over_a_square_metre_is_refused(self, town: Town) -> None:
        town.grid("01", box(0, 0, 100, 100))
        town.grid("02", box(99.99, 0, 200, 101))
        town.grid("03", box(0, 99.9898, 100, 200))  # 1.02 m²

        with pytest.raises(errors.ExclusionViolation, match=r"03"):
            town.connection.commit()

    def test_a_grid_inside_another_is_refused(self, town: Town) -> None:
        town.grid("01", box(0, 0, 300, 300))
        town.grid("02", box(100, 100, 200, 200))

        with pytest.raises(errors.ExclusionViolation, match=r"by 10000\.0 m"):
            town.connection.commit()

    def test_a_grid_in_the_hole_of_another_is_allowed(self, town: Town) -> None:
        donut = box(0, 0, 300, 300) - box(100, 100, 200, 200)
        town.grid("01", donut)
        town.grid("02", box(100, 100, 200, 200))

        town.connection.commit()

    def test_other_kinds_communities_and_periods_may_overlap(self, town: Town) -> None:
        shape = box(0, 0, 100, 100)
        parent = town.grid("01", shape, valid_to=A_YEAR_ON)
        town.grid("01-1", shape, kind="micro", parent_id=parent)
        town.grid("E1", shape, kind="exclusive")
        town.grid("02", shape, valid_from=A_YEAR_ON)
        Town(town.connection, "B").grid("01", shape)

        town.connection.commit()

    def test_a_grid_reaching_one_day_into_the_next_is_refused(self, town: Town) -> None:
        town.grid("01", box(0, 0, 100, 100), valid_to=date(2025, 1, 2))
        town.grid("02", box(0, 0, 100, 100), valid_from=A_YEAR_ON)

        with pytest.raises(errors.ExclusionViolation):
            town.connection.commit()

    def test_neighbours_swap_land_in_one_commit(self, town: Town) -> None:
        west = town.grid("01", box(0, 0, 100, 100))
        east = town.grid("02", box(100, 0, 200, 100))
        town.connection.commit()

        swap = "UPDATE grid SET geom = (SELECT geom FROM grid WHERE id = %s) WHERE id = %s"
        run(town.connection, "CREATE TEMPORARY TABLE west AS SELECT geom FROM grid WHERE id = %s", west)
        run(town.connection, swap, east, west)  # For a moment both are in the east.
        run(town.connection, "UPDATE grid SET geom = (SELECT geom FROM west) WHERE id = %s", east)

        town.connection.commit()

    def test_lengthening_a_period_into_an_overlap_is_refused(self, town: Town) -> None:
        old = town.grid("01", box(0, 0, 100, 100), valid_to=A_YEAR_ON)
        town.grid("02", box(0, 0, 100, 100), valid_from=A_YEAR_ON)
        town.connection.commit()

        run(town.connection, "UPDATE grid SET valid_to = NULL WHERE id = %s", old)
        with pytest.raises(errors.ExclusionViolation):
            town.connection.commit()

    def test_two_transactions_cannot_overlap_each_other(self, town: Town, database_url: str) -> None:
        town.connection.commit()
        with closing(psycopg2.connect(database_url)) as other:
            rival = town.seen_through(other)
            town.grid("01", box(0, 0, 100, 100))
            rival.grid("02", box(50, 0, 150, 100))  # Neither sees the other's row yet.
            run(town.connection, "SET CONSTRAINTS grid_overlap IMMEDIATE")  # Judged, not yet committed.
            outcome: list[Exception | None] = []
            racing = threading.Thread(target=lambda: outcome.append(_try_commit(other)))
            racing.start()
            racing.join(timeout=0.3)
            assert racing.is_alive(), "the second must wait for the first"
            town.connection.commit()
            racing.join(timeout=PATIENCE_S)

        assert [type(failure) for failure in outcome] == [errors.ExclusionViolation]

    def test_edits_in_opposite_order_do_not_deadlock(self, town: Town, database_url: str) -> None:
        grid = town.grid("01", box(0, 0, 100, 100))
        building = town.building("1", box(10, 10, 20, 20))
        town.connection.commit()
        edits = (
            f"UPDATE grid SET name = name || '.', valid_to = NULL WHERE id = {grid}",
            f"UPDATE building SET name = name || '.' WHERE id = {building}",
        )

        def edit(statements: tuple[str, ...], failures: list[Exception]) -> None:
            with closing(psycopg2.connect(database_url)) as own:
                for _ in range(25):
                    try:
                        with own:
                            for statement in statements:
                                run(own, statement)
                    except errors.DeadlockDetected as failure:
                        failures.append(failure)

        failures: list[Exception] = []
        run(
            town.connection,
            "INSERT INTO grid (community_id, kind, code, name, valid_from, geom) "
            "SELECT community_id, kind, '02', name, valid_from, ST_Translate(geom, 0.01, 0) FROM grid",
        )
        town.connection.commit()
        other_grid = edits[0].replace(f"= {grid}", f"= {grid + 1}")
        threads = [
            threading.Thread(target=edit, args=(statements, failures))
            for statements in ((edits[1], edits[0]), (other_grid,))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert failures == []


def _try_commit(connection: PostgresConnection) -> Exception | None:
    try:
        connection.commit()
    except psycopg2.Error as failure:
        return failure
    return None


class TestBuildingGrid:
    def test_a_building_lies_where_its_surface_is(self, town: Town) -> None:
        """The centroid of a U lies in its courtyard, here in the neighbour's grid."""
        u_shape = Polygon([(10, 0), (90, 0), (90, 50), (80, 50), (80, 10), (20, 10), (20, 50), (10, 50)])
        courtyard = box(30, 12, 70, 60)
        assert courtyard.contains(u_shape.centroid)
        town.grid("01", courtyard)
        town.grid("02", box(0, 0, 100, 100) - courtyard)
        town.building("1", u_shape)
        town.connection.commit()

        assert assigned(town) == {"1": [("02", "[2024-01-01,)")]}

    def test_an_anchor_on_a_shared_edge_has_one_grid(self, town: Town) -> None:
        town.grid("02", box(0, 0, 100, 100))
        town.grid("01", box(100, 0, 200, 100))
        town.building("1", box(90, 40, 110, 60))
        town.connection.commit()
        # Drawn again in round degrees, so that the anchor hits the edge to the last digit.
        for table, code, west, east in (
            ("grid", "02", 120, 120.001),
            ("grid", "01", 120.001, 120.002),
            ("building", "1", 120.0005, 120.0015),
        ):
            run(
                town.connection,
                f"UPDATE {table} SET geom = ST_Multi(ST_MakeEnvelope(%s, 32, %s, 32.001, 4490)) "
                "WHERE code = %s",
                *(west, east, code),
            )
        town.connection.commit()
        with town.connection.cursor() as cursor:
            cursor.execute("SELECT ST_X(anchor), ST_Y(anchor) FROM building")
            assert cursor.fetchone() == (120.001, 32.0005)

        assert assigned(town) == {"1": [("01", "[2024-01-01,)")]}

    def test_a_redrawn_grid_takes_its_buildings_in_the_same_commit(self, town: Town) -> None:
        west = town.grid("01", box(0, 0, 100, 100))
        east = town.grid("02", box(100, 0, 200, 100))
        town.building("1", box(80, 40, 90, 50))
        town.connection.commit()
        assert assigned(town) == {"1": [("01", "[2024-01-01,)")]}

        for grid, shape in ((west, box(0, 0, 70, 100)), (east, box(70, 0, 200, 100))):
            run(town.connection, "UPDATE grid SET geom = %s WHERE id = %s", to_wkb(shape), grid)
        town.connection.commit()

        assert assigned(town) == {"1": [("02", "[2024-01-01,)")]}

    def test_last_year_is_counted_on_last_years_grids(self, town: Town) -> None:
        west = town.grid("01", box(0, 0, 100, 100))
        town.building("1", box(80, 40, 90, 50))
        town.connection.commit()

        run(town.connection, "UPDATE grid SET valid_to = %s WHERE id = %s", A_YEAR_ON, west)
        town.grid("01", box(0, 0, 70, 100), valid_from=A_YEAR_ON)
        town.grid("02", box(70, 0, 200, 100), valid_from=A_YEAR_ON)
        town.connection.commit()

        assert assigned(town) == {"1": [("01", "[2024-01-01,2025-01-01)"), ("02", "[2025-01-01,)")]}

    def test_a_moved_building_leaves_its_grid(self, town: Town) -> None:
        town.grid("01", box(0, 0, 100, 100))
        building = town.building("1", box(10, 10, 20, 20))
        town.connection.commit()

        run(
            town.connection,
            "UPDATE building SET geom = %s WHERE id = %s",
            to_wkb(box(500, 500, 510, 510)),
            building,
        )
        town.connection.commit()

        assert assigned(town) == {}

    def test_a_building_and_its_grid_drawn_at_the_same_time_find_each_other(
        self, town: Town, database_url: str
    ) -> None:
        """Two transactions that do not see each other's row; whoever commits last must have looked again."""
        town.connection.commit()
        with closing(psycopg2.connect(database_url)) as other:
            rival = town.seen_through(other)
            rival.grid("01", box(0, 0, 100, 100))
            town.building("1", box(10, 10, 20, 20))
            run(town.connection, "SET CONSTRAINTS ALL IMMEDIATE")  # Assigned, not yet committed.
            racing = threading.Thread(target=other.commit)
            racing.start()
            racing.join(timeout=0.3)
            town.connection.commit()
            racing.join(timeout=PATIENCE_S)

        assert assigned(town) == {"1": [("01", "[2024-01-01,)")]}

    def test_two_grids_of_a_kind_at_a_time_are_refused(self, town: Town) -> None:
        first = town.grid("01", box(0, 0, 100, 100))
        second = town.grid("02", box(100, 0, 200, 100))
        building = town.building("1", box(10, 10, 20, 20))
        town.connection.commit()

        assert first != second
        run(town.connection, ASSIGN, building, second)
        with pytest.raises(errors.ExclusionViolation, match="building_in_one_grid_of_a_kind"):
            run(town.connection, "SET CONSTRAINTS building_in_one_grid_of_a_kind IMMEDIATE")
        town.connection.rollback()
        run(town.connection, ASSIGN, building, second)
        with pytest.raises(errors.ExclusionViolation, match="building_in_one_grid_of_a_kind"):
            town.connection.commit()

    @pytest.mark.parametrize("isolation", [ISOLATION_LEVEL_READ_COMMITTED, ISOLATION_LEVEL_REPEATABLE_READ])
    def test_two_transactions_cannot_give_it_one_grid_each(
        self, town: Town, database_url: str, isolation: int
    ) -> None:
        grids = [town.grid(code, box(west, 0, west + 100, 100)) for code, west in (("01", 100), ("02", 200))]
        building = town.building("1", box(10, 10, 20, 20))
        town.connection.commit()
        failures: list[Exception | None] = []
        with closing(psycopg2.connect(database_url)) as other:
            sessions = (town.connection, other)
            for session, grid in zip(sessions, grids, strict=True):
                session.set_session(isolation)
                run(session, ASSIGN, building, grid)  # Neither sees the other's row.
            run(town.connection, "SET CONSTRAINTS building_in_one_grid_of_a_kind IMMEDIATE")
            racing = threading.Thread(target=lambda: failures.append(_try_commit(other)))
            racing.start()
            racing.join(timeout=0.3)
            failures.append(_try_commit(town.connection))
            racing.join(timeout=PATIENCE_S)

        town.connection.set_session(ISOLATION_LEVEL_READ_COMMITTED)
        # Nor does it keep one that it does not lie in.
        assert assigned(town) == {}
        assert {type(failure) for failure in failures} <= {type(None), errors.SerializationFailure}

    def test_what_a_trigger_writes_is_put_right(self, town: Town) -> None:
        town.grid("01", box(0, 0, 100, 100))
        second = town.grid("02", box(100, 0, 200, 100))
        building = town.building("1", box(10, 10, 20, 20))
        town.connection.commit()
        run(
            town.connection,
            "CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "INSERT INTO building_grid SELECT b.id, g.id, g.community_id, g.kind, g.period "
            "FROM building AS b, grid AS g WHERE g.code = '02' ON CONFLICT DO NOTHING; RETURN NULL; END $$;"
            "CREATE TRIGGER meddle AFTER UPDATE ON grid EXECUTE FUNCTION meddle()",
        )

        run(town.connection, "UPDATE grid SET name = 'A' WHERE id = %s", second)
        with town.connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM building_grid WHERE building_id = %s", (building,))
            assert cursor.fetchone() == (2,)
        town.connection.commit()

        assert assigned(town) == {"1": [("01", "[2024-01-01,)")]}

    def test_grids_that_come_to_overlap_in_time_keep_one(self, town: Town) -> None:
        """An anchor on the shared edge; the later grid begins as the earlier ends, until that is put off."""
        early = town.grid("02", box(0, 0, 100, 100), valid_to=A_YEAR_ON)
        town.grid("01", box(100, 0, 200, 100), valid_from=A_YEAR_ON)
        town.building("1", box(90, 40, 110, 60))
        for table, code, west, east in (
            ("grid", "02", 120, 120.001),
            ("grid", "01", 120.001, 120.002),
            ("building", "1", 120.0005, 120.0015),
        ):
            run(
                town.connection,
                f"UPDATE {table} SET geom = ST_Multi(ST_MakeEnvelope(%s, 32, %s, 32.001, 4490)) "
                "WHERE code = %s",
                *(west, east, code),
            )
        town.connection.commit()
        assert assigned(town) == {"1": [("02", "[2024-01-01,2025-01-01)"), ("01", "[2025-01-01,)")]}

        run(town.connection, "UPDATE grid SET valid_to = NULL WHERE id = %s", early)
        town.connection.commit()

        assert assigned(town) == {"1": [("01", "[2025-01-01,)")]}

    def test_one_grid_of_every_kind_is_allowed(self, town: Town) -> None:
        parent = town.grid("01", box(0, 0, 100, 100))
        town.grid("01-1", box(0, 0, 50, 50), kind="micro", parent_id=parent)
        town.building("1", box(10, 10, 20, 20))
        town.connection.commit()

        assert assigned(town) == {"1": [("01", "[2024-01-01,)")]}
        assert assigned(town, "micro") == {"1": [("01-1", "[2024-01-01,)")]}
