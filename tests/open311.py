"""An Open311 endpoint over real HTTP, with a town behind it and a key for each role."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree.ElementTree import Element, fromstring

import httpx
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from shapely import Point, box
from starlette.applications import Starlette

from dashboard.routes import open311
from geo.operations.accounts import hash_token
from tests.patience import PATIENCE_S
from tests.serving import serve_app
from tests.town import Town

NOW = datetime.now(UTC)
YESTERDAY = NOW - timedelta(days=1)


@contextmanager
def serve() -> Iterator[httpx.Client]:
    with (
        serve_app(Starlette(routes=open311.routes())) as address,
        httpx.Client(base_url=f"{address}/open311/v2", timeout=PATIENCE_S) as client,
    ):
        yield client


class Office:
    """A town with a key for each role, written as the owner."""

    def __init__(self, connection: PostgresConnection) -> None:
        self.connection = connection
        self.town = Town(connection)
        self.town.grid("1", box(0, 0, 1000, 1000))
        self.worker = self.town.party("wang", name="一号网格员")
        self.town.party("committee", kind="residents_committee", name="居委会")
        self.company = self.town.party("wu", kind="property_company", name="安居物业")
        compound = self.town.add(
            "compound", code="c", name="麒麟花园", geom=box(0, 0, 100, 100), property_company_id=self.company
        )
        self.building = self.town.building("b1", box(10, 10, 30, 20), name="3栋", compound_id=compound)
        self.town.add(
            "duty_rule",
            position=1,
            lead_party_id=self.company,
            deadline_amount=1,
            deadline_unit="working_day",
        )
        for role, party in (
            *(("secretary", self.worker), ("grid_worker", self.worker), ("leader", None)),
            *(("administrator", None), ("property_company", self.company), ("wall", None)),
        ):
            self.key(role, role, party_id=party)
        connection.commit()

    def ask(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with self.connection.cursor() as cursor:
            cursor.execute(query, values)
            rows = cursor.fetchall() if cursor.description else []
        self.connection.commit()
        return rows

    def key(self, key: str, role: str, **grant: object) -> None:
        """Make a key that is an account with one grant."""
        granted = {"community_id": self.town.id, "party_id": None} | grant
        ((account,),) = self.ask(
            "INSERT INTO account (login, display_name, must_change_password) "
            "VALUES (%s, %s, false) RETURNING id",
            *(key, key),
        )
        self.ask(
            "INSERT INTO role_grant (account_id, role, community_id, party_id) VALUES (%s, %s, %s, %s)",
            *(account, role, granted["community_id"], granted["party_id"]),
        )
        self.ask(
            "INSERT INTO access_token (account_id, purpose, name, token_hash) VALUES (%s, 'open311', %s, %s)",
            *(account, key, hash_token(key)),
        )

    def incident(self, **values: object) -> str:
        """Add a case of yesterday and return its id as Open311 writes it."""
        return str(self.town.incident(**{"reported_at": YESTERDAY, "geom": Point(15, 15)} | values))

    def count(self, table: str = "incident") -> int:
        ((number,),) = self.ask(f"SELECT count(*) FROM {table}")
        return int(number)


def read(
    client: httpx.Client, path: str = "/requests.json", key: str = "secretary", **asked: str | int
) -> Any:
    answer = client.get(path, params={"api_key": key, **asked})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    return answer.json()


def read_xml(client: httpx.Client, path: str, key: str = "secretary", **asked: str | int) -> Element:
    answer = client.get(path, params={"api_key": key, **asked})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/xml; charset=utf-8"
    assert answer.content.lower().startswith(b"<?xml version='1.0' encoding='utf-8'?>")
    return parse(answer.content)


def find_ids(client: httpx.Client, key: str = "secretary", **asked: str | int) -> list[str]:
    return [row["service_request_id"] for row in read(client, "/requests.json", key, **asked)]


def refuse(answer: httpx.Response, status: int) -> str:
    """Check that an answer is the standard's list of errors and return its sentence."""
    assert answer.status_code == status, answer.text
    if answer.headers["content-type"].startswith("text/xml"):
        root = parse(answer.content)
        assert root.tag == "errors"
        (error,) = [{part.tag: part.text for part in element} for element in root.findall("error")]
    else:
        (error,) = answer.json()
    assert set(error) == {"code", "description"}
    assert int(error["code"] or 0) == status
    sentence = str(error["description"])
    assert "\n" not in sentence
    assert "Traceback" not in sentence
    return sentence


def report(
    client: httpx.Client, key: str = "secretary", ending: str = "json", **given: str | None
) -> httpx.Response:
    fields = {"service_code": "E101", "address_id": "b1", "description": "垃圾没人收"} | given
    return client.post(
        f"/requests.{ending}",
        data={"api_key": key} | {name: value for name, value in fields.items() if value is not None},
    )


def find_id(answer: httpx.Response) -> str:
    assert answer.status_code == 201, answer.text
    ((made),) = answer.json()
    return str(made["service_request_id"])


def parse(content: bytes) -> Element:
    """Read the XML of our own server."""
    return fromstring(content)  # noqa: S314 - our own, and that it is sound is what is tested
