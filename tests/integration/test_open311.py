"""GeoReport v2 read over real HTTP: what the standard asks for, and what each key may read."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import httpx
import pytest
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from shapely import Point

from geo.settings import get_settings
from tests.open311 import NOW, YESTERDAY, Office, find_ids, parse, read, read_xml, refuse, report, serve
from tests.town import Town

FIELDS = [
    *("service_request_id", "status", "status_notes", "service_name", "service_code", "description"),
    *("agency_responsible", "service_notice", "requested_datetime", "updated_datetime", "expected_datetime"),
    *("address", "address_id", "zipcode", "lat", "long", "media_url"),
]
SECRETS = "王小明 13812345678 身份证 110101199003071234"
ATTACKS = [
    "' OR 1=1 --",
    "1; DROP TABLE incident",
    "1) UNION SELECT token_hash FROM access_token --",
    "%00",
    "\x00",
    "1e309",
    "NaN",
    "-1",
    "٣",
    "9" * 30,
    "<script>alert(1)</script>",
    "&xxe;",
]


@pytest.fixture
def office(connection: PostgresConnection) -> Office:
    return Office(connection)


@pytest.fixture
def client(office: Office) -> Iterator[httpx.Client]:
    with serve() as client:
        yield client


def test_discovery_needs_no_key_and_says_where_the_endpoint_is(client: httpx.Client) -> None:
    found = client.get("/discovery.json").json()
    assert set(found) == {"changeset", "contact", "key_service", "endpoints"}
    (endpoint,) = found["endpoints"]
    assert endpoint["specification"] == "http://wiki.open311.org/GeoReport_v2"
    assert endpoint["url"] == "/open311/v2"
    assert endpoint["formats"] == ["text/xml", "application/json"]
    root = parse(client.get("/discovery.xml").content)
    assert root.tag == "discovery"
    formats = root.findall("endpoints/endpoint/formats/format")
    assert [each.text for each in formats] == ["text/xml", "application/json"]


def test_discovery_names_the_configured_address_and_not_the_one_it_was_asked_by(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for configured, told in (
        (None, "/open311/v2"),
        ("https://grid.example.org/", "https://grid.example.org/open311/v2"),
    ):
        monkeypatch.setattr(get_settings(), "public_url", configured)
        asked = client.get("/discovery.xml", headers={"Host": "evil.example.org"})
        assert parse(asked.content).findtext("endpoints/endpoint/url") == told
        assert b"evil" not in asked.content


def test_services_are_what_anybody_may_report(office: Office, client: httpx.Client) -> None:
    services = {row["service_code"]: row for row in read(client, "/services.json")}
    assert services["E101"] == {
        "service_code": "E101",
        "service_name": "暴露垃圾",
        "description": "暴露垃圾",
        "metadata": False,
        "type": "realtime",
        "keywords": services["E101"]["keywords"],
        "group": "环境卫生",
    }
    assert services["E101"]["keywords"].startswith("Exposed garbage")
    assert "119" in services["E406"]["description"]
    closed = {code for (code,) in office.ask(
        "SELECT c.code FROM category AS c LEFT JOIN category AS a ON a.code = c.parent_code "
        "WHERE c.is_sealed OR a.is_sealed OR c.sensitivity = 'S3' OR a.sensitivity = 'S3'"
    )}  # fmt: skip
    assert closed
    assert not closed & set(services)
    root = read_xml(client, "/services.xml")
    assert root.tag == "services"
    assert {element.tag for element in root} == {"service"}
    first = {part.tag: part.text for part in root[0]}
    assert (first["service_code"], first["metadata"], first["type"]) == ("E101", "false", "realtime")
    for code in closed:
        refuse(client.get(f"/services/{code}.json", params={"api_key": "secretary"}), 404)


def test_a_service_has_nothing_more_to_ask(client: httpx.Client) -> None:
    assert read(client, "/services/E101.json") == {"service_code": "E101", "attributes": []}
    root = read_xml(client, "/services/E101.xml")
    assert root.tag == "service_definition"
    assert [part.tag for part in root] == ["service_code", "attributes"]


def test_a_case_is_told_by_the_standards_names(office: Office, client: httpx.Client) -> None:
    closed_at = YESTERDAY + timedelta(hours=2)
    request_id = office.incident(
        state="closed", closed_at=closed_at, due_at=YESTERDAY + timedelta(hours=4), outcome="resolved",
        building_id=office.building, party_id=office.company, description="楼下有垃圾", title="垃圾",
    )  # fmt: skip
    office.connection.commit()
    (row,) = read(client)
    assert list(row) == FIELDS
    assert (row["service_request_id"], row["status"], row["status_notes"]) == (request_id, "closed", "已结案")
    assert (row["service_code"], row["service_name"]) == ("E101", "暴露垃圾")
    assert (row["address"], row["address_id"], row["agency_responsible"]) == (
        "麒麟花园 3栋",
        "b1",
        "安居物业",
    )
    assert datetime.fromisoformat(row["requested_datetime"]) == YESTERDAY.replace(microsecond=0)
    assert datetime.fromisoformat(row["updated_datetime"]) == closed_at.replace(microsecond=0)
    assert row["expected_datetime"].endswith("+08:00")
    assert (round(row["lat"], 2), round(row["long"], 2)) == (32.0, 120.0)
    assert read(client, f"/requests/{request_id}.json") == [row]
    root = read_xml(client, f"/requests/{request_id}.xml")
    assert root.tag == "service_requests"
    (element,) = root
    assert element.tag == "request"
    assert [part.tag for part in element] == FIELDS
    told = {part.tag: part.text for part in element}
    assert told["description"] == "楼下有垃圾"
    assert told["lat"] == str(row["lat"])
    assert told["zipcode"] is None


def test_requests_are_found_by_service_status_id_and_time(office: Office, client: httpx.Client) -> None:
    here = office.incident()
    done = office.incident(state="closed", closed_at=NOW, reported_at=YESTERDAY - timedelta(hours=1))
    fire = office.incident(category_code="E401", reported_at=YESTERDAY - timedelta(hours=2))
    early = office.incident(reported_at=NOW - timedelta(days=100))
    office.connection.commit()
    assert find_ids(client) == [here, done, fire]
    assert find_ids(client, status="open") == [here, fire]
    assert find_ids(client, status="closed") == [done]
    assert find_ids(client, status="open,closed") == [here, done, fire]
    assert find_ids(client, status="", service_code="") == [here, done, fire]
    assert find_ids(client, service_code="E401") == [fire]
    assert find_ids(client, service_code="E1") == [here, done]
    assert find_ids(client, service_code="E401,E101", status="open") == [here, fire]
    # Ids override everything else, the usual 90 days too.
    assert find_ids(client, service_request_id=f"{early},{here}", status="closed") == [here, early]
    start = (NOW - timedelta(days=120)).isoformat()
    assert find_ids(client, start_date=start) == [early]
    end = (NOW - timedelta(days=50)).isoformat()
    assert find_ids(client, end_date=end) == [early]
    assert find_ids(client, start_date=start, end_date=end) == [early]
    both = client.get(f"/requests.json?api_key=secretary&service_request_id={here}&service_request_id={done}")
    assert [row["service_request_id"] for row in both.json()] == [here, done]


def test_the_ends_of_the_time_asked_for_belong_to_it(office: Office, client: httpx.Client) -> None:
    at = YESTERDAY.replace(microsecond=0)
    only = office.incident(reported_at=at)
    office.connection.commit()
    instant = at.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert find_ids(client, start_date=instant, end_date=instant) == [only]
    later = (at + timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert find_ids(client, start_date=later) == []
    # A + that a client forgot to escape arrives as a blank.
    bare = at.astimezone(datetime.strptime("+0800", "%z").tzinfo).isoformat()
    assert "+08:00" in bare
    answer = client.get(f"/requests.json?api_key=secretary&start_date={bare}&end_date={bare}")
    assert [row["service_request_id"] for row in answer.json()] == [only]


def test_pages_hold_every_case_once(office: Office, client: httpx.Client) -> None:
    made = [office.incident(reported_at=YESTERDAY) for _ in range(7)]
    office.connection.commit()
    pages = [find_ids(client, page=page, page_size=3) for page in (1, 2, 3, 4)]
    assert [len(page) for page in pages] == [3, 3, 1, 0]
    assert [each for page in pages for each in page] == made[::-1]


def test_no_more_than_a_thousand_at_once(office: Office, client: httpx.Client) -> None:
    office.incident()
    office.ask(
        "INSERT INTO incident (community_id, category_code, source, reported_at) "
        "SELECT community_id, category_code, source, reported_at FROM incident, generate_series(1, 1004)"
    )
    assert len(find_ids(client)) == 1000
    assert len(find_ids(client, page=2)) == 5
    assert len(read_xml(client, "/requests.xml")) == 1000


def test_each_key_reads_what_its_role_may(office: Office, client: httpx.Client) -> None:
    words = {"title": "噪音", "description": SECRETS, "address": "麒麟花园3栋502室"}
    plain = office.incident(**words)
    theirs = office.incident(**words, party_id=office.company, reported_at=YESTERDAY - timedelta(hours=1))
    office.incident(sensitivity="S3", **words)
    ((sealed,),) = office.ask("SELECT min(code) FROM category WHERE is_sealed AND parent_code IS NOT NULL")
    hidden = office.incident(category_code=sealed, **words)
    office.ask(
        "INSERT INTO incident_requester (incident_id, community_id, name, phone) VALUES (%s, %s, %s, %s)",
        *(plain, office.town.id, "李雷", "13900001111"),
    )
    office.connection.commit()
    seen = {
        "secretary": [plain, theirs],
        "grid_worker": [plain, theirs],
        "leader": [plain, theirs],
        "administrator": [plain, theirs],
        "property_company": [theirs],
    }
    for key, ids in seen.items():
        answer = client.get("/requests.json", params={"api_key": key})
        assert [row["service_request_id"] for row in answer.json()] == ids, key
        for secret in ("13812345678", "110101199003071234", "502", "李雷", "13900001111"):
            assert secret not in answer.text, (key, secret)
        # A grid worker reads the words of his own cases, and these are nobody's or a company's.
        reads_words = key in {"secretary", "property_company"}
        assert all((row["description"] is not None) == reads_words for row in answer.json()), key
        refuse(client.get(f"/requests/{hidden}.json", params={"api_key": key}), 404)
        assert find_ids(client, key, service_request_id=hidden) == []
    assert "138****5678" in client.get("/requests.json", params={"api_key": "secretary"}).text
    refuse(client.get("/requests.json", params={"api_key": "wall"}), 404)


@pytest.mark.parametrize("key", ["", "nobody", "secretary ' OR 1=1", "x" * 5000])
@pytest.mark.parametrize(
    "path", ["/services.json", "/requests.xml", "/requests/1.json", "/services/E101.xml"]
)
def test_without_a_key_nothing_is_told(key: str, path: str, client: httpx.Client) -> None:
    assert "api_key" in refuse(client.get(path, params={"api_key": key}), 403)


def test_a_key_ends_with_its_revocation_its_time_and_its_account(
    office: Office, client: httpx.Client
) -> None:
    assert client.get("/requests.json", headers={"authorization": "Bearer leader"}).status_code == 200
    office.ask("UPDATE access_token SET revoked_at = now() WHERE name = 'leader'")
    refuse(client.get("/requests.json", headers={"authorization": "Bearer leader"}), 403)
    office.ask("UPDATE access_token SET expires_at = now() - interval '1 s' WHERE name = 'wall'")
    refuse(client.get("/requests.json", params={"api_key": "wall"}), 403)
    office.ask("UPDATE account SET disabled_at = now() WHERE login = 'secretary'")
    refuse(report(client), 403)
    assert office.count() == 0


def test_a_jurisdiction_is_named_where_there_are_several(office: Office, client: httpx.Client) -> None:
    other = Town(office.connection, "B")
    here, there = office.incident(), str(other.incident(geom=Point(15, 15), reported_at=YESTERDAY))
    office.key("above", "leader", community_id=None)
    office.connection.commit()
    assert find_ids(client) == [here]
    assert find_ids(client, jurisdiction_id="A") == [here]
    assert "A, B" in refuse(client.get("/requests.json", params={"api_key": "above"}), 400)
    assert find_ids(client, "above", jurisdiction_id="B") == [there]
    assert find_ids(client, "above", jurisdiction_id="A", service_request_id=there) == []
    for code in ("B", "nowhere", "' OR 1=1"):
        refuse(client.get("/requests.json", params={"api_key": "secretary", "jurisdiction_id": code}), 404)
        refuse(report(client, jurisdiction_id=code), 404)


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ("/requests.json?status=done", 400),
        ("/requests.json?page=0", 400),
        ("/requests.json?page_size=1001", 400),
        ("/requests.json?page_size=-1", 400),
        ("/requests.json?page=1e3", 400),
        ("/requests.xml?start_date=yesterday", 400),
        ("/requests.xml?start_date=2026-11-22T08:00:00", 400),
        ("/requests.xml?start_date=0001-01-01T00:00:00Z", 400),
        ("/requests.xml?start_date=9999-12-31T23:59:59Z", 400),
        ("/requests.xml?end_date=1900-01-01T00:00:00-23:59", 200),
        ("/requests.xml?start_date=2026-02-30T00:00:00Z", 400),
        ("/requests.xml?start_date=2026-01-01T00:00:00Z&end_date=2026-04-01T00:00:01Z", 400),
        ("/requests.xml?start_date=2026-01-01T00:00:00Z&end_date=2026-04-01T00:00:00Z", 200),
        ("/requests.xml?start_date=2026-03-01T00:00:00Z&end_date=2026-02-01T00:00:00Z", 400),
        ("/requests.json?service_request_id=1,x", 400),
        ("/requests/x.json", 400),
        ("/requests/999999.xml", 404),
        ("/requests/999999999999999999.xml", 404),
        ("/services/E999.json", 404),
        ("/services/..json", 404),
        ("/tokens/1.xml", 404),
        ("/tokens/1.json", 404),
        ("/users.json", 404),
        ("/requests", 404),
        ("/requests.csv", 404),
        ("/requests.json?page_size=%FF", 400),
        (f"/requests.json?service_code={'E1,' * 6000}", 400),
    ],
)
def test_what_makes_no_sense_gets_a_sentence(asked: str, status: int, client: httpx.Client) -> None:
    answer = client.get(asked, headers={"authorization": "Bearer secretary"})
    if status == 200:
        assert answer.status_code == 200
    else:
        refuse(answer, status)


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_parameter_is_a_way_in(attack: str, office: Office, client: httpx.Client) -> None:
    only = office.incident()
    office.connection.commit()
    for name in (
        *("jurisdiction_id", "service_request_id", "service_code", "start_date", "end_date", "status"),
        *("page", "page_size", "api_key", "unknown"),
    ):
        answer = client.get("/requests.xml", params={"api_key": "secretary", name: attack})
        assert answer.status_code in {200, 400, 403, 404}, (name, answer.text)
        parse(answer.content)
    for name in ("service_code", "lat", "long", "address_id", "api_key", "jurisdiction_id"):
        answer = report(client, ending="xml", **{name: attack})
        assert answer.status_code in {400, 403, 404}, (name, answer.text)
        parse(answer.content)
    assert find_ids(client) == [only]


def test_stored_words_stay_words_in_xml(office: Office, client: httpx.Client) -> None:
    words = "<script>alert('1')</script>]]>&lt;\x01\x0b\u200b\ufffe<!DOCTYPE x [<!ENTITY y 'z'>]>&y;"
    request_id = office.incident(description=words)
    office.connection.commit()
    (element,) = read_xml(client, f"/requests/{request_id}.xml")
    assert element.findtext("description") == (
        "<script>alert('1')</script>]]>&lt;\n<!DOCTYPE x [<!ENTITY y 'z'>]>&y;"
    )
    answer = client.get(f"/requests/{request_id}.json", params={"api_key": "secretary"})
    assert answer.json()[0]["description"] == words
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_head_and_other_methods(client: httpx.Client) -> None:
    head = client.head("/services.json", params={"api_key": "secretary"})
    assert (head.status_code, head.content) == (200, b"")
    assert int(head.headers["content-length"]) > 1000
    refuse(client.delete("/requests.json", params={"api_key": "secretary"}), 400)
    refuse(client.put("/requests.xml", params={"api_key": "secretary"}), 400)
    refuse(client.post("/services.xml", data={"api_key": "secretary"}), 400)
