"""A town in which every check is content, for tests that break one thing and see what is found."""

from datetime import date, timedelta

from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from shapely import Point, box
from shapely.geometry.base import BaseGeometry

from etl.checks import Finding, Thresholds, run_checks
from tests.town import START, Town, to_wkb

TODAY = date(2025, 6, 1)
YESTERDAY = TODAY - timedelta(days=1)
TOMORROW = TODAY + timedelta(days=1)

WEST, EAST = box(0, 0, 200, 200), box(200, 0, 400, 200)


class SoundTown(Town):
    """Two grids side by side; in each a compound with a building, held by a worker and visited yesterday.

    The buildings are ``1`` in the west (60 to 80 m, 300 households) and ``2`` in the east (260 to 280 m).
    """

    def __init__(self, connection: PostgresConnection, code: str = "A") -> None:
        super().__init__(connection, code, box(0, 0, 400, 200))
        self.grids = self.grid("01", WEST), self.grid("02", EAST)
        self.compounds = tuple(
            self.add("compound", code=f"C{n}", name=f"小区{n}", geom=box(x, 40, x + 100, 140))
            for n, x in ((1, 40), (2, 240))
        )
        self.buildings = tuple(
            self.building(
                str(n),
                box(x, 60, x + 20, 80),
                compound_id=compound,
                households=300,
                residents=750,
                elderly=40,
            )
            for n, x, compound in ((1, 60, self.compounds[0]), (2, 260, self.compounds[1]))
        )
        self.workers = self.party("wang"), self.party("li")
        for worker in self.workers:
            self.add("post", party_id=worker, title="grid_worker", valid_from=START)
        self.plan_id = self.plan()
        self.zones = tuple(
            self.zone(self.plan_id, f"Z{n}", building, lead=worker)
            for n, building, worker in zip((1, 2), self.buildings, self.workers, strict=True)
        )
        for building in self.buildings:
            self.visit(building, f"{YESTERDAY}T09:00+08")
        self.branch = self.party("branch", "party_branch")
        self.member = self.party("member", "party_member")
        self.membership_id = self.add(
            "membership", member_id=self.member, organisation_id=self.branch, role="lead", valid_from=START
        )
        self.merchant = self.add(
            "merchant",
            code="M1",
            name="理发店",
            address="和平路1号",
            building_id=self.buildings[0],
            geom=Point(70, 70),
        )
        self.duty_rule = self.add(
            "duty_rule",
            position=1,
            category_code="E101",
            lead_party_id=self.workers[0],
            helper_party_id=self.branch,
        )
        self.committee = self.party("committee", "residents_committee")
        self.last_duty_rule = self.add("duty_rule", position=9, lead_party_id=self.committee)
        connection.commit()

    def visit(self, building_id: int | None, at: str, **values: object) -> int:
        """Add a visit to a building."""
        return self.add(
            "visit", **{"kind": "patrol", "at": at, "outcome": "checked", "building_id": building_id} | values
        )

    def change(self, table: str, row_id: int, **values: object) -> None:
        """Update one row."""
        for column, value in values.items():
            shape = to_wkb(value) if isinstance(value, BaseGeometry) else value
            self.run(f"UPDATE {table} SET {column} = %s WHERE id = %s", shape, row_id)

    def run(self, statement: str, *values: object) -> None:
        """Run one statement."""
        with self.connection.cursor() as cursor:
            cursor.execute(statement, values)

    def restore_anything(self) -> None:
        """Let rows in that the database refuses, as a restore with triggers off does."""
        self.run("SET session_replication_role = replica")

    def find(self, on_day: date = TODAY, **thresholds: float) -> list[Finding]:
        """Commit and run every check."""
        self.connection.commit()
        return run_checks(self.connection, [self.id], on_day, thresholds=Thresholds(**thresholds))  # type: ignore[arg-type]

    def find_codes(self, on_day: date = TODAY, **thresholds: float) -> dict[str, list[str]]:
        """Commit, run every check and return the codes of the places found, by check."""
        codes: dict[str, list[str]] = {}
        for finding in self.find(on_day, **thresholds):
            codes.setdefault(finding.check.id, []).append(finding.observation.code)
        return codes
