"""A small town in which people go away: two who hold zones, one who holds none, and a committee."""

from datetime import date

from geo.model.actor import Actor
from geo.model.incident import NewIncident
from geo.operations.incidents import report_incident
from geo.store.engine import acting_as
from tests.plan_town import TODAY, PlanTown
from tests.town import START


class AbsenceTown(PlanTown):
    """With a committee; ``wang`` has six buildings, ``li`` the other six, ``zhao`` none but a post."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.wang, self.li, self.zhao = self.workers
        (self.committee,) = self._add_party("RC", "residents_committee")
        for worker in self.workers:
            self.run(
                "INSERT INTO post (community_id, party_id, title, valid_from) "
                "VALUES (%s, %s, 'grid_worker', %s)",
                self.id, worker, START,
            )  # fmt: skip
        self.run(
            "INSERT INTO duty_rule (community_id, position, lead_party_id) VALUES (%s, 1, %s)",
            self.id, self.committee,
        )  # fmt: skip

    def _add_party(self, code: str, kind: str) -> list[int]:
        rows = self.run(
            "INSERT INTO party (community_id, kind, code, name, active_from) VALUES (%s, %s, %s, %s, %s) "
            "RETURNING id", self.id, kind, code, code, START,
        )  # fmt: skip
        return [party_id for (party_id,) in rows]

    def appoint(self, party_id: int, *, zone: int = 0, role: str = "backup", since: date = TODAY) -> None:
        self.run(
            "INSERT INTO zone_party (community_id, plan_id, zone_id, party_id, role, valid_from) "
            "SELECT community_id, plan_id, id, %s, %s, %s FROM zone WHERE plan_id = %s ORDER BY code "
            "OFFSET %s LIMIT 1",
            party_id, role, since, self.published, zone,
        )  # fmt: skip

    def worker(self, party_id: int) -> Actor:
        return Actor(account_id=9, role="grid_worker", community_ids=(self.id,), party_id=party_id, name="工")

    def report(self, building: int, category: str = "E402") -> int:
        with acting_as(self.actor()):
            return report_incident(
                NewIncident(self.id, category, "patrol", "楼道堆物", building_id=self.buildings[building])
            )

    def enter(self, party_id: int, building: int | None = None, sensitivity: str = "S1") -> int:
        """Write down a case as an import does."""
        rows = self.run(
            "INSERT INTO incident (community_id, category_code, source, reported_at, party_id, building_id, "
            "sensitivity) VALUES (%s, 'E402', 'patrol', '2024-06-01T09:00+08', %s, %s, %s) RETURNING id",
            self.id, party_id, None if building is None else self.buildings[building], sensitivity,
        )  # fmt: skip
        return int(rows[0][0])
