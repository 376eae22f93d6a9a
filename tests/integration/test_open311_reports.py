"""Reports over GeoReport v2: each becomes one case, and what makes no sense changes nothing."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import httpx
import pytest
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from tests.open311 import Office, find_id, find_ids, parse, read, refuse, report, serve
from tests.patience import PATIENCE_S


@pytest.fixture
def office(connection: PostgresConnection) -> Office:
    return Office(connection)


@pytest.fixture
def client(office: Office) -> Iterator[httpx.Client]:
    with serve() as client:
        yield client


def test_a_report_becomes_a_case_with_somebody_to_do_it(office: Office, client: httpx.Client) -> None:
    request_id = find_id(report(client, lat="32.0001", long="120.0001", address_id=None))
    (row,) = read(client, f"/requests/{request_id}.json")
    assert (row["status"], row["service_code"], row["description"]) == ("open", "E101", "垃圾没人收")
    assert row["agency_responsible"] == "安居物业"
    assert row["expected_datetime"]
    assert (row["lat"], row["long"]) == (32.0001, 120.0001)
    made = report(client, ending="xml", service_code="E406")
    root = parse(made.content)
    assert (made.status_code, root.tag, root[0].tag) == (201, "service_requests", "request")
    assert "119" in (root[0].findtext("service_notice") or "")
    assert find_ids(client) == [root[0].findtext("service_request_id"), request_id]


def test_the_place_may_be_a_building_or_words(office: Office, client: httpx.Client) -> None:
    by_code = find_id(report(client, address_id="b1"))
    by_words = find_id(report(client, address_id=None, address_string="麒麟花园3栋502室"))
    somewhere = find_id(report(client, address_id=None, address_string="河边的大树下"))
    rows = {row["service_request_id"]: row for row in read(client)}
    assert rows[by_code]["address_id"] == rows[by_words]["address_id"] == "b1"
    assert rows[by_words]["address"] == "麒麟花园3栋***室"
    assert (rows[somewhere]["address_id"], rows[somewhere]["lat"]) == (None, None)
    assert rows[somewhere]["address"] == "河边的大树下"


def test_a_report_without_words_says_what_service_it_is_about(client: httpx.Client) -> None:
    (row,) = read(client, f"/requests/{find_id(report(client, description=None))}.json")
    assert row["description"] == "暴露垃圾"


def test_who_asked_is_kept_apart(office: Office, client: httpx.Client) -> None:
    asked = {"first_name": "小明", "last_name": "欧阳", "phone": "13812345678", "email": "x@example.org"}
    request_id = find_id(report(client, **asked, device_id="d1", account_id="a1"))
    assert office.ask("SELECT incident_id, name, phone FROM incident_requester") == [
        (int(request_id), "欧阳小明", "13812345678")
    ]
    for key in ("secretary", "leader"):
        text = client.get(f"/requests/{request_id}.json", params={"api_key": key}).text
        assert not any(value in text for value in (*asked.values(), "d1", "a1"))
    ((case,),) = office.ask("SELECT CAST(incident AS text) FROM incident")
    assert not any(value in case for value in asked.values())


def test_media_are_never_fetched(client: httpx.Client) -> None:
    with socket.create_server(("127.0.0.1", 0)) as trap:
        trap.settimeout(0.3)
        url = f"http://127.0.0.1:{trap.getsockname()[1]}/photo.jpg"
        request_id = find_id(report(client, media_url=url))
        with pytest.raises(TimeoutError):
            trap.accept()
    (row,) = read(client, f"/requests/{request_id}.json")
    assert row["description"].splitlines()[-1].startswith("http://127.0.0.1:")
    assert row["media_url"] is None
    refuse(report(client, media_url="file:///etc/passwd"), 400)


def test_the_same_client_id_makes_one_case(office: Office, client: httpx.Client) -> None:
    first = find_id(report(client, client_id="app-1"))
    assert find_id(report(client, client_id="app-1", description="another try")) == first
    header = client.post(
        "/requests.json",
        data={"api_key": "secretary", "service_code": "E101", "address_id": "b1", "description": "x"},
        headers={"Idempotency-Key": "app-1"},
    )
    assert find_id(header) == first
    assert find_id(report(client, client_id="app-2")) != first
    # Somebody else's ids are his own affair.
    assert find_id(report(client, "grid_worker", client_id="app-1")) != first
    assert office.count() == 3


def test_the_same_client_id_at_the_same_time_makes_one_case(office: Office, client: httpx.Client) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: find_id(report(client, client_id="once")), range(16)))
    assert len(set(made)) == 1
    assert office.count() == 1


# A wall knows of no community at all.
@pytest.mark.parametrize(
    ("key", "status"), [("leader", 403), ("administrator", 403), ("property_company", 403), ("wall", 404)]
)
def test_roles_that_do_not_report_may_not(
    key: str, status: int, office: Office, client: httpx.Client
) -> None:
    refuse(report(client, key), status)
    assert office.count() == 0


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"service_code": None}, 400),
        ({"service_code": "E999"}, 404),
        ({"service_code": "E1"}, 404),
        ({"address_id": None}, 400),
        ({"address_id": "nowhere"}, 404),
        ({"lat": "32.0001"}, 400),
        ({"lat": "32.0001", "long": "12o"}, 400),
        ({"lat": "91", "long": "120"}, 400),
        ({"lat": "32.5", "long": "120.5"}, 400),
        ({"lat": "nan", "long": "nan"}, 400),
        ({"description": "长" * 4001}, 400),
        ({"phone": "1" * 201}, 400),
        ({"client_id": "1" * 151}, 400),
        ({"media_url": "javascript:alert(1)"}, 400),
    ],
)
def test_a_report_that_makes_no_sense_changes_nothing(
    given: dict[str, str | None], status: int, office: Office, client: httpx.Client
) -> None:
    for ending in ("xml", "json"):
        refuse(report(client, "secretary", ending, **given), status)
    assert office.count() == office.count("incident_event") == office.count("incident_requester") == 0


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/xml", b"<!DOCTYPE r [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><request>&x;</request>"),
        ("application/json", b'{"service_code": "E101"}'),
        ("multipart/form-data; boundary=b", b"--b\r\n\r\n--b--"),
        ("", b"service_code=E101&address_id=b1"),
        ("application/x-www-form-urlencoded", b"description=" + b"x" * 70_000),
        ("application/x-www-form-urlencoded", b"description=%FF%FE"),
        ("application/x-www-form-urlencoded", b"&".join(b"a%d=1" % n for n in range(300))),
    ],
)
def test_other_bodies_are_refused(kind: str, body: bytes, office: Office, client: httpx.Client) -> None:
    headers = {"content-type": kind, "authorization": "Bearer secretary"}
    refuse(client.post("/requests.xml", content=body, headers=headers), 400)
    assert office.count() == 0


def test_a_body_that_does_not_end_is_not_read(client: httpx.Client) -> None:
    port = urlsplit(str(client.base_url)).port or 0
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as line:
        line.sendall(
            b"POST /open311/v2/requests.json HTTP/1.1\r\nHost: x\r\nContent-Length: 5000000000\r\n"
            b"Content-Type: application/x-www-form-urlencoded\r\n\r\n" + b"a=" + b"x" * 70_000
        )
        assert line.recv(100).startswith(b"HTTP/1.1 400")
