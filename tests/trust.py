"""Two communities filled alike, and sessions of the application as each role of the first."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg2
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from shapely import Point, box

from geo.store.url import application_url
from tests.town import START, Town

WORDS = "住户张女士（13812341234）住3栋2单元501室，车牌桂B12345"
ADDRESS = "3栋2单元501室"


class World(Town):
    """One community with a row in nearly every table.

    Worker ``wang`` leads the zone of building 1; ``li`` that of building 2, where company ``P1`` manages the
    compound; ``P2`` manages another. Cases, by title: ``plain`` is wang's; ``neighbours`` is li's;
    ``company`` is of P1, ``other company`` of P2; ``sensitive of mine`` (S3) lies in wang's building and
    ``sensitive`` in li's; ``sealed`` is domestic violence, held by wang; ``hidden`` is an S3 case of P1.
    """

    def __init__(self, connection: PostgresConnection, code: str, east_m: float) -> None:
        super().__init__(connection, code, box(east_m, 0, east_m + 1000, 1000))
        self.parties = {
            name: self.party(name, kind)
            for name, kind in (
                ("wang", "staff"), ("li", "staff"), ("P1", "property_company"), ("P2", "property_company"),
                ("RC", "residents_committee"), ("branch", "party_branch"), ("member", "party_member"),
            )
        }  # fmt: skip
        for name in ("wang", "P1", "member"):
            self.insert(
                "party_contact", party_id=self.parties[name], full_name="欧阳娜娜", mobile_phone="13812341234"
            )
        self.add("post", party_id=self.parties["wang"], title="grid_worker", valid_from=START)
        self.add(
            "membership",
            member_id=self.parties["member"],
            organisation_id=self.parties["branch"],
            valid_from=START,
        )
        self.add("ground_feature", kind="water", geom=box(east_m, 900, east_m + 10, 910))
        self.grids = [
            self.grid("01", box(east_m, 0, east_m + 500, 1000)),
            self.grid("02", box(east_m + 500, 0, east_m + 1000, 1000)),
        ]
        self.compounds = [
            self.add(
                "compound", code=f"C{n}", name=f"小区{n}", geom=box(east_m + x, 100, east_m + x + 200, 300),
                management="property_company", property_company_id=self.parties[company],
            )
            for n, x, company in ((1, 100, "P2"), (2, 600, "P1"))
        ]  # fmt: skip
        self.buildings = [
            self.building(str(n), box(east_m + x, 150, east_m + x + 50, 200), compound_id=compound)
            for n, x, compound in ((1, 150, self.compounds[0]), (2, 650, self.compounds[1]))
        ]
        self.merchants = [
            self.add(
                "merchant", code=f"M{n}", name="理发店", building_id=building, geom=Point(east_m + 160, 160)
            )
            for n, building in enumerate(self.buildings, start=1)
        ]
        for merchant in self.merchants:
            self.add("merchant_offer", merchant_id=merchant, title="免费理发")
        plan = self.plan()
        self.zone(plan, "Z1", self.buildings[0], lead=self.parties["wang"])
        self.zone(plan, "Z2", self.buildings[1], lead=self.parties["li"])
        draft = self.plan(kind="volunteer", state="draft", valid_from=None)
        self.zone(draft, "Z1", self.buildings[0], lead=self.parties["wang"])
        for drawn in (plan, draft):
            self.insert("zone_gap", plan_id=drawn, building_id=self.buildings[1], reason="空置")
        self.insert(
            "zone_step", plan_id=draft, number=1, label="x", changes='{"units": {}, "zones": {}}', revision=1
        )
        away = self.add(
            "absence", party_id=self.parties["li"], valid_from=START, valid_to=date(2024, 2, 1),
            reason="sick", note="住院",
        )  # fmt: skip
        self.insert(
            "absence_cover", absence_id=away, building_id=self.buildings[0], kind="volunteer",
            party_id=self.parties["wang"],
        )  # fmt: skip
        self.add("duty_rule", position=1, lead_party_id=self.parties["RC"])
        self.add(
            "campaign", kind="clean_up", code="X1", name="整治", starts_on=START, ends_on=date(2024, 2, 1),
            geom=box(east_m, 0, east_m + 10, 10),
        )  # fmt: skip
        self.cases = {
            title: self.incident(
                title=f"{title} {WORDS}", description=WORDS, address=ADDRESS, party_id=self.parties[party],
                building_id=self.buildings[building], grid_id=self.grids[building], category_code=category,
                sensitivity=sensitivity, due_at="2024-06-09T09:00+08", geom=Point(east_m + x, 170),
                client_id=f"{code} {title}",
            )
            for title, party, building, x, category, sensitivity in (
                ("plain", "wang", 0, 160, "E101", "S1"), ("neighbours", "li", 1, 660, "E101", "S1"),
                ("company", "P1", 1, 660, "E101", "S1"), ("other company", "P2", 0, 160, "E101", "S1"),
                ("sensitive of mine", "RC", 0, 160, "E101", "S3"), ("sensitive", "li", 1, 660, "E101", "S3"),
                ("sealed", "wang", 0, 160, "E905", "S3"), ("hidden", "P1", 1, 660, "E101", "S3"),
            )
        }  # fmt: skip
        for case in self.cases.values():
            event = self.add(
                "incident_event",
                incident_id=case,
                at="2024-06-02T09:00+08",
                kind="moved",
                to_state="returned",
                reason="not_ours",
                note=WORDS,
            )
            self.add("incident_event", incident_id=case, at="2024-06-02T10:00+08", kind="whistled")
            self.add(
                "incident_photo", incident_id=case, event_id=event, position=1, sha256="0" * 64,
                media_type="image/png", width_px=1, height_px=1, account_id=1,
            )  # fmt: skip
            self.insert(
                "incident_requester", incident_id=case, name="欧阳娜娜", phone="13812341234", room="501"
            )
        self._correct(self.cases["plain"])
        self.insert(
            "absence_case",
            incident_id=self.cases["plain"],
            position=1,
            party_id=self.parties["li"],
            version=0,
        )
        self.add(
            "visit", kind="home_visit", at="2024-06-03T09:00+08", party_id=self.parties["wang"],
            building_id=self.buildings[0], outcome="met", note=WORDS,
        )  # fmt: skip
        self.insert("import_source", layer="grids", kind=".csv", fingerprint="0" * 64)
        batch = self.add("import_batch", layer="incidents", file_name="x.csv", file_sha256="0" * 64)
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO import_rejection VALUES (%s, 1, 'phone', '13812341234')", (batch,))
            cursor.execute("INSERT INTO import_change VALUES (%s, 1, '{}')", (batch,))
            cursor.execute("SELECT record_audit('export', %s, NULL, NULL, NULL, 1, NULL)", (self.id,))
        self.insert("place_alias", words="老糖厂3栋", building_id=self.buildings[0])
        self.insert("community_calendar", opens="08:00", closes="12:00")
        self.insert("calendar_day", day=START, is_workday=False)
        self.insert("community_category", category_code="E101", deadline_amount=1, deadline_unit="day")
        self.add("chat_group", code="W1", name="一栋楼群", building_id=self.buildings[0], members=60)
        self.insert("workload_weight", item="merchant", weight=4)
        self.insert("recheck_setting", days="{7,30}")
        self.insert("score_template", indicator_id="handle_rate", weight=100)
        self.insert(
            "inspection_template", position=1, name="日查", cadence="day", subject="three_no", weight=100
        )
        self.insert("category_weight", category_code="E101", weight=2)
        self.accounts = {
            role: self._account(f"{code.lower()}-{role}", role, party)
            for role, party in (
                ("secretary", "RC"), ("grid_worker", "wang"), ("leader", None), ("property_company", "P1"),
                ("wall", None), ("administrator", None),
            )
        }  # fmt: skip

    def _correct(self, case: int) -> None:
        # As the workflow does it, without its checks.
        with self.connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            self.add(
                "incident_event",
                incident_id=case,
                at="2024-06-02T11:00+08",
                kind="corrected",
                move="correct",
                expected_version=1,
                account_id=1,
                role="secretary",
                payload=f'{{"from": {{"title": "{WORDS}"}}, "to": {{"title": "{WORDS}"}}}}',
            )
            cursor.execute("SET LOCAL session_replication_role = origin")

    def insert(self, table: str, **values: object) -> None:
        """Insert one row without an id of its own."""
        self._insert(table, {"community_id": self.id, **values}, returning=False)

    def _account(self, login: str, role: str, party: str | None) -> int:
        account = self._insert("account", {"login": login, "display_name": login, "password_hash": "secret"})
        party_id = self.parties[party] if party else None
        self._insert("saved_view", {"account_id": account, "name": "x", "params": "{}"})
        self.insert("import_job", account_id=account, file_name="x.csv")
        grant = self.add("role_grant", account_id=account, role=role, party_id=party_id)
        token = {"account_id": account, "token_hash": login.encode()}
        self._insert("sign_in", {**token, "grant_id": grant, "expires_at": "2999-01-01"}, returning=False)
        self._insert("access_token", {**token, "purpose": "wall", "name": "x"}, returning=False)
        return account

    def settings(self, role: str) -> dict[str, str]:
        """What the application tells the database when somebody of that role acts here."""
        party = {"secretary": "RC", "grid_worker": "wang", "property_company": "P1"}.get(role)
        return {
            "account": str(self.accounts[role]), "role": role, "communities": f"{{{self.id}}}",
            "party": str(self.parties[party]) if party else "", "grids": "",
        }  # fmt: skip


@dataclass(frozen=True)
class Worlds:
    """A database with communities A and B, filled alike."""

    url: str
    a: World
    b: World


class Session:
    """A psycopg2 connection as the application, told who acts as the application tells it."""

    def __init__(self, connection: PostgresConnection) -> None:
        self.connection = connection

    def tell(self, settings: dict[str, str]) -> "Session":
        """Begin anew as somebody."""
        self.connection.rollback()
        with self.connection.cursor() as cursor:
            for name in ("account", "role", "party", "communities", "grids"):
                if name in settings:
                    cursor.execute("SELECT set_config(%s, %s, true)", (f"wangge.{name}", settings[name]))
        return self

    def ask(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Run one statement; what it does is rolled back where it is refused."""
        with self.connection.cursor() as cursor:
            cursor.execute("SAVEPOINT before")
            try:
                cursor.execute(query, values or None)
                rows = cursor.fetchall() if cursor.description else []
            except psycopg2.Error:
                cursor.execute("ROLLBACK TO before")
                raise
            cursor.execute("RELEASE before")
            return rows

    def column(self, query: str, *values: object) -> list[Any]:
        """Return the first column."""
        return [row[0] for row in self.ask(query, *values)]


@contextmanager
def open_session(database_url: str) -> Iterator[Session]:
    """A session of the application in which nobody acts yet."""
    with closing(psycopg2.connect(application_url(database_url))) as connection:
        yield Session(connection)
