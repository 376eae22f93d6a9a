"""A town of twelve buildings in a row that two workers hold, and two secretaries who draw its zone plans."""

from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg2
from shapely import box

from geo.model.actor import Actor, Role
from geo.model.zone import Plan, ZoneKind, ZoneRole
from geo.operations.deadlines import find_day
from geo.operations.zone_drafts import add_zone, appoint
from geo.operations.zone_plans import start_draft
from geo.store.engine import acting_as
from tests.town import START, Town

TODAY = find_day(datetime.now(UTC))
TOMORROW = TODAY + timedelta(days=1)
YESTERDAY = TODAY - timedelta(days=1)
KIND = ZoneKind.GRID_WORKER


class PlanTown(Town):
    """Twelve buildings from west to east; six each held by ``wang`` and ``li`` by a published plan.

    What is written directly is committed at once, as the owner.
    """

    def __init__(self, url: str) -> None:
        with closing(psycopg2.connect(url)) as connection:
            super().__init__(connection, outline=box(0, 0, 1000, 1000))
            self.url = url
            self.buildings = [
                self.building(f"{n:02d}", box(80 * n, 100, 80 * n + 20, 120), households=10 + n)
                for n in range(12)
            ]
            self.workers = [self.party(code) for code in ("wang", "li", "zhao")]
            self.published = self.plan()
            for n, worker in enumerate(self.workers[:2]):
                self.zone(self.published, f"Z{n + 1:02d}", *self.buildings[6 * n : 6 * n + 6], lead=worker)
            self.elsewhere = Town(connection, "B", box(2000, 0, 3000, 1000)).id
            with connection.cursor() as cursor:
                cursor.execute("UPDATE zone_plan SET published_at = valid_from")
            connection.commit()

    def actor(self, account: int = 1, role: Role = "secretary") -> Actor:
        return Actor(account_id=account, role=role, community_ids=(self.id,), name="王")

    def draft(self, **values: Any) -> Plan:
        """Begin a draft as a copy of the published plan, as the first secretary."""
        with acting_as(self.actor()):
            return start_draft(self.id, KIND, "冬季方案", **{"based_on": self.published} | values)

    def run(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Run one statement as the owner."""
        with closing(psycopg2.connect(self.url)) as connection, connection.cursor() as cursor:
            cursor.execute(statement, values)
            rows = cursor.fetchall() if cursor.description else []
            connection.commit()
            return rows

    def holders(self, on_day: date) -> dict[int, int]:
        """Who holds which building on a day."""
        rows = self.run("SELECT building_id, party_id FROM building_holder(%s)", on_day)
        return dict(rows)

    def versions(self) -> dict[str, int]:
        return dict(self.run("SELECT layer, version FROM layer_version WHERE community_id = %s", self.id))


def find_new(before: Plan, after: Plan) -> int:
    """Return the zone that was not there before."""
    (fresh,) = {zone.id for zone in after.zones} - {zone.id for zone in before.zones}
    return fresh


def add_led_zone(plan: Plan, party_id: int, *building_ids: int) -> Plan:
    """Add a zone with a lead, as whoever acts."""
    after = add_zone(
        plan.head.id, "新区", building_ids=building_ids, seen_revision=plan.head.revision, label="+"
    )
    return appoint(
        plan.head.id,
        find_new(plan, after),
        party_id,
        ZoneRole.LEAD,
        seen_revision=after.head.revision,
        label="任命",
        valid_from=START,
    )
