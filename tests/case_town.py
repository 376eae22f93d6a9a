"""A small town with people who act on cases, for the tests of workflow and photos."""

from dataclasses import dataclass
from datetime import timedelta

import psycopg2
from shapely import box

from geo.model.actor import Actor, Role
from geo.operations.incidents import NewIncident
from tests.town import START, Town, to_degrees


@dataclass(frozen=True)
class CaseTown:
    """Two communities; the first with a building, its worker, a company, a department and a committee."""

    id: int
    other_id: int
    building: int
    far_building: int
    compound: int
    grid: int
    committee: int
    secretary: int
    worker: int
    colleague: int
    company: int
    department: int
    departed: int
    stranger: int
    accounts: dict[str, int]

    def actor(self, who: str, role: Role | None = None) -> Actor:
        """Return somebody of the town, by the key of his account."""
        parties = {
            "secretary": self.secretary, "worker": self.worker, "colleague": self.colleague,
            "company": self.company,
        }  # fmt: skip
        roles: dict[str, Role] = {
            "secretary": "secretary", "worker": "grid_worker", "colleague": "grid_worker",
            "company": "property_company", "leader": "leader", "wall": "wall",
            "administrator": "administrator",
        }  # fmt: skip
        return Actor(
            account_id=self.accounts[who],
            role=role or roles[who],
            community_ids=(self.id,),
            party_id=parties.get(who),
        )

    def report(self, **values: object) -> NewIncident:
        """Return a report from the worker's building."""
        plain: dict[str, object] = {
            "community_id": self.id, "category_code": "E402", "source": "patrol", "description": "楼道堆物",
            "building_id": self.building,
        }  # fmt: skip
        return NewIncident(**(plain | values))  # type: ignore[arg-type]  # a test names what it needs


def found_town(database_url: str) -> CaseTown:
    """Build the town and commit it."""
    connection = psycopg2.connect(database_url)
    try:
        town = Town(connection)
        other = Town(connection, "B", outline=box(2000, 0, 3000, 1000))
        grid = town.grid("G1", box(0, 0, 500, 1000))
        town.grid("G2", box(500, 0, 1000, 1000))
        committee = town.party("RC", "residents_committee")
        secretary, worker, colleague = town.party("S"), town.party("W"), town.party("C")
        company, department = town.party("P", "property_company"), town.party("D", "department")
        departed = town.party("X", active_to=START + timedelta(days=30))
        compound = town.add(
            "compound", code="K", name="甲小区", geom=box(0, 0, 400, 1000), property_company_id=company
        )
        building = town.building("1", box(10, 10, 40, 40), compound_id=compound)
        far_building = town.building("2", box(600, 10, 640, 40))
        plan = town.plan()
        town.zone(plan, "Z1", building, lead=worker)
        town.zone(plan, "Z2", far_building, lead=colleague)
        stranger = other.party("O")
        accounts = {}
        with connection.cursor() as cursor:
            for login in (
                "secretary", "worker", "colleague", "company", "leader", "wall", "administrator", "nobody"
            ):  # fmt: skip
                cursor.execute(
                    "INSERT INTO account (login, display_name) VALUES (%s, %s) RETURNING id", (login, login)
                )
                accounts[login] = cursor.fetchall()[0][0]
        connection.commit()
        return CaseTown(
            town.id, other.id, building, far_building, compound, grid, committee, secretary, worker,
            colleague,
            company, department, departed, stranger, accounts,
        )  # fmt: skip
    finally:
        connection.close()


def point_at(x_m: float, y_m: float) -> tuple[float, float]:
    """Return a point of the town, given in metres, as longitude and latitude."""
    west, south, _, _ = to_degrees(box(x_m, y_m, x_m + 1, y_m + 1)).bounds
    return west, south
