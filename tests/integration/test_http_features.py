"""What ``/features`` sends: the right rows, the right properties, and nothing that is nobody's business."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import httpx
import pytest
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from shapely import LineString, Point, box
from shapely.geometry import shape

from tests.serving import find_properties, serve
from tests.town import Town, to_degrees

# Whoever adds a property here has thought about who may read it: everybody.
PROPERTIES = {
    "ground": {"id", "layer", "code", "name", "kind", "width_m"},
    "communities": {"id", "layer", "code", "name"},
    "grids": {"id", "layer", "code", "name", "kind"},
    "compounds": {"id", "layer", "code", "name", "type", "is_three_no"},
    "buildings": {
        *("id", "layer", "code", "name", "kind", "floors", "households"),
        *("compound", "holder", "holder_colour"),
    },
    "merchants": {"id", "layer", "code", "name", "category", "is_partner"},
    "incidents": {
        *("id", "layer", "code", "name", "category", "category_name"),
        *("state", "is_open", "reported_at", "due_at"),
    },
    "zones": {"id", "layer", "code", "name", "kind", "colour", "is_held"},
    "labels": {"id", "layer", "code", "name", "rank", "is_three_no"},
}


@pytest.fixture
def town(connection: PostgresConnection) -> Town:
    return Town(connection)


@pytest.fixture
def client(database_url: str) -> Iterator[httpx.Client]:
    with serve(database_url) as client:
        yield client


def fill(town: Town) -> int:
    """Put one of everything into a town and return the building."""
    town.add("ground_feature", kind="road", width_m=12, geom=LineString([(0, 0), (100, 0)]))
    town.grid("1", box(0, 0, 500, 500))
    compound = town.add("compound", code="c", name="麒麟花园", geom=box(0, 0, 100, 100), type="old")
    building = town.building("1", box(10, 10, 30, 20), compound_id=compound, households=40, floors=6)
    town.add("merchant", code="m", name="修鞋铺", geom=Point(50, 50))
    lead = town.party("lead")
    plan = town.plan()
    town.zone(plan, "甲", building, lead=lead)
    town.incident(geom=Point(15, 15), building_id=building)
    town.connection.commit()
    return building


@pytest.mark.parametrize("layer", PROPERTIES)
def test_a_feature_has_these_properties_and_no_others(layer: str, town: Town, client: httpx.Client) -> None:
    fill(town)
    answer = client.get(f"/features/{layer}.geojson", params={"community": "A"})
    assert answer.headers["content-type"] == "application/geo+json"
    content = answer.json()
    assert content["type"] == "FeatureCollection"
    assert content["truncated"] is False
    assert content["features"]
    for feature in content["features"]:
        assert feature["type"] == "Feature"
        assert set(feature["geometry"]) == {"type", "coordinates"}
        assert set(feature["properties"]) == PROPERTIES[layer]
        assert isinstance(feature["properties"]["id"], int)
        assert feature["properties"]["layer"] == layer


def test_words_about_an_incident_and_names_of_people_stay_here(town: Town, client: httpx.Client) -> None:
    building = fill(town)
    staff = town.party("s", name="网格员")
    with town.connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO party_contact (party_id, community_id, full_name, mobile_phone)"
            " VALUES (%s, %s, '王小明', '13800000000')",
            (staff, town.id),
        )
    words = {
        "title": "王小明投诉",
        "description": "电话13800000000",
        "address": "3栋502",
        "external_id": "X99",
    }
    town.incident(geom=Point(15, 15), building_id=building, **words)
    town.connection.commit()
    for layer in PROPERTIES:
        text = client.get(f"/features/{layer}.geojson").text
        for secret in ("王小明", "13800000000", "3栋502", "X99"):
            assert secret not in text, layer


def test_a_building_says_who_holds_it(town: Town, client: httpx.Client) -> None:
    held = fill(town)
    unheld = town.building("2", box(40, 10, 60, 20))
    left = town.building("3", box(70, 10, 90, 20))
    town.zone(town.plan(state="draft", valid_from=None), "乙", unheld, lead=town.party("b"))
    with town.connection.cursor() as cursor:
        cursor.execute("SELECT plan_id FROM zone WHERE code = '甲'")
        ((plan,),) = cursor.fetchall()
    town.zone(plan, "丙", left, lead=town.party("c", active_to=date(2024, 2, 1)))
    town.connection.commit()
    holders = {row["id"]: row["holder"] for row in find_properties(client.get("/features/buildings.geojson"))}
    assert holders == {held: "甲", unheld: None, left: None}
    zones = find_properties(client.get("/features/zones.geojson"))
    assert {row["code"]: row["is_held"] for row in zones} == {"甲": True, "丙": False}


def test_shapes_come_in_degrees_to_the_centimetre(town: Town, client: httpx.Client) -> None:
    fill(town)
    (feature,) = client.get("/features/buildings.geojson").json()["features"]
    drawn = to_degrees(box(10, 10, 30, 20))
    assert shape(feature["geometry"]).hausdorff_distance(drawn) < 1e-7


def find_ids(client: httpx.Client, **parameters: Any) -> set[int]:
    return {
        row["id"] for row in find_properties(client.get("/features/incidents.geojson", params=parameters))
    }


def test_sealed_and_sensitive_incidents_are_not_sent(town: Town, client: httpx.Client) -> None:
    place = Point(15, 15)
    shown = town.incident(geom=place)
    town.incident(geom=place, category_code="E905")  # sealed
    town.incident(geom=place, category_code="E1001")  # a sensitive category, the case itself not marked
    town.incident(geom=place, sensitivity="S3")
    town.incident()  # nowhere
    parent = town.incident(geom=place, category_code="E201")
    town.connection.commit()
    assert find_ids(client) == {shown, parent}
    with town.connection.cursor() as cursor:
        cursor.execute("UPDATE category SET is_sealed = true WHERE code = 'E2'")
    town.connection.commit()
    assert find_ids(client) == {shown}


def test_incidents_by_category_mean_those_below_it_too(town: Town, client: httpx.Client) -> None:
    by_code = {
        code: town.incident(geom=Point(15, 15), category_code=code) for code in ("E1", "E101", "E201", "E801")
    }
    other = town.incident(geom=Point(15, 15), category_code="E1101")  # begins with E1, too
    town.connection.commit()
    assert find_ids(client, category="E1") == {by_code["E1"], by_code["E101"]}
    assert find_ids(client, category="E101,E2") == {by_code["E101"], by_code["E201"]}
    assert find_ids(client, category="E11") == {other}


def test_incidents_by_day_start_and_end_at_midnight_in_china(town: Town, client: httpx.Client) -> None:
    times = ("2024-06-01T23:59:59+08", "2024-06-02T00:00+08", "2024-06-02T23:59:59+08", "2024-06-03T00:00+08")
    before, first, last, after = (town.incident(geom=Point(15, 15), reported_at=at) for at in times)
    town.connection.commit()
    assert find_ids(client, since="2024-06-02", until="2024-06-03") == {first, last}
    assert find_ids(client, since="2024-06-02T16:00:00+00:00") == {after}
    assert find_ids(client, until="2024-06-01T16:00:00Z") == {before}


def test_a_far_off_zone_means_what_it_says(town: Town, client: httpx.Client) -> None:
    only = town.incident(geom=Point(15, 15), reported_at="2024-06-02T00:00+00")
    town.connection.commit()
    # PostgreSQL takes no offset of 16 hours or more.
    assert find_ids(client, since="2024-06-02T23:59+23:59", until="2024-06-01T00:02-23:59") == {only}
    assert find_ids(client, since="2024-06-03T00:00+23:59") == set()


@pytest.mark.parametrize("day", ["1950-01-01", "2199-12-31"])
def test_any_day_may_be_asked_for(day: str, client: httpx.Client) -> None:
    assert find_ids(client, since=day) == find_ids(client, until=day) == set()


def test_incidents_by_state(town: Town, client: httpx.Client) -> None:
    is_open = town.incident(geom=Point(15, 15), state="suspended")
    settled = town.incident(geom=Point(15, 15), state="closed", closed_at="2024-06-01T10:00+08")
    town.connection.commit()
    assert find_ids(client, open=1) == {is_open}
    assert find_ids(client, open=0) == {settled}
    assert find_ids(client) == {is_open, settled}


def test_a_limit_keeps_the_newest_and_says_so(town: Town, client: httpx.Client) -> None:
    days = [town.incident(geom=Point(15, 15), reported_at=f"2024-06-0{day}T09:00+08") for day in (2, 3, 1)]
    town.connection.commit()
    answer = client.get("/features/incidents.geojson", params={"limit": 2})
    assert [row["id"] for row in find_properties(answer)] == [days[1], days[0]]
    assert answer.json()["truncated"] is True
    assert client.get("/features/incidents.geojson", params={"limit": 3}).json()["truncated"] is False


def test_a_community_is_shown_alone_or_with_the_others(town: Town, client: httpx.Client) -> None:
    here = town.incident(geom=Point(15, 15))
    there = Town(town.connection, "B").incident(geom=Point(15, 15))
    town.connection.commit()
    assert find_ids(client, community="A") == {here}
    assert find_ids(client, community="B") == {there}
    assert find_ids(client) == {here, there}


def test_an_empty_layer_is_an_empty_collection(client: httpx.Client) -> None:
    answer = client.get("/features/buildings.geojson")
    assert answer.json() == {"type": "FeatureCollection", "truncated": False, "features": []}


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/features/people.geojson", 404),
        ("/features/incident.geojson", 404),
        ("/features/buildings.json", 404),
        ("/features/", 404),
        ("/features/buildings.geojson?community=nowhere", 404),
        ("/features/buildings.geojson?communty=A", 400),
        ("/features/buildings.geojson?open=1", 400),
        ("/features/incidents.geojson?open=yes", 400),
        ("/features/incidents.geojson?limit=0", 400),
        ("/features/incidents.geojson?limit=9999999", 400),
        ("/features/incidents.geojson?limit=١٢", 400),
        ("/features/incidents.geojson?since=yesterday", 400),
        ("/features/incidents.geojson?since=2024-06-01T08:00", 400),
        ("/features/incidents.geojson?until=20240601", 400),
        ("/features/incidents.geojson?since=0001-01-01", 400),
        ("/features/incidents.geojson?since=2200-12-31T23:59:59-23:59", 400),
        ("/features/incidents.geojson?since=9999-12-31T23:59:59-23:59", 400),
        ("/features/incidents.geojson?until=0001-01-01T00:00:00%2B23:59", 400),
        ("/features/incidents.geojson?category=101", 400),
        ("/features/incidents.geojson?category=E1;DROP", 400),
        ("/features/zones.geojson?kind=worker", 400),
        (f"/features/zones.geojson?v={'9' * 1000}", 400),
        ("/features/buildings.geojson?community=%00", 400),
        ("/features/buildings.geojson?community=%FF", 400),
    ],
)
def test_an_address_that_makes_no_sense_gets_a_sentence(
    address: str, status: int, client: httpx.Client
) -> None:
    answer = client.get(address)
    assert answer.status_code == status
    assert set(answer.json()) == {"error"}
    sentence = answer.json()["error"]
    assert "\n" not in sentence
    assert ": " in sentence or " must be " in sentence


def test_only_reading_is_possible(client: httpx.Client) -> None:
    assert client.post("/features/buildings.geojson").status_code == 405
    head = client.head("/features/buildings.geojson")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["etag"]
