"""What a reader is told of places: what they are, who holds them, what is open there."""

from datetime import date

import pytest
import shapely
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from shapely import Point, Polygon, box

from geo.errors import InputRefused, NotFound
from geo.store.places import (
    Coverage,
    Holder,
    MeasuredArea,
    count_places,
    get_place,
    list_communities,
    list_holders_at,
    list_three_no,
    measure_area,
    search_places,
)
from tests.town import START, Town, to_degrees

pytestmark = pytest.mark.usefixtures("secretary")

TODAY = date(2026, 11, 22)
THREE_NO = {
    "has_property_management": False,
    "has_responsible_unit": False,
    "has_security": False,
    "three_no_definition": "三样都没有",
    "three_no_reviewed_on": START,
}


@pytest.fixture
def town(connection: PostgresConnection) -> Town:
    return Town(connection)


def as_geojson(polygon: Polygon) -> dict[str, object]:
    return dict(to_degrees(polygon).__geo_interface__)


def test_communities_come_with_their_box(town: Town) -> None:
    Town(town.connection, code="0", outline=box(2000, 0, 3000, 1000))
    town.connection.commit()
    first, second = list_communities()
    assert (first.code, second.code, second.name) == ("0", "A", "A社区")
    west, south, east, north = to_degrees(box(0, 0, 1000, 1000)).bounds
    assert (second.west, second.south, second.east, second.north) == pytest.approx((west, south, east, north))


def test_places_are_counted_in_their_community_only(town: Town) -> None:
    other = Town(town.connection, code="B", outline=box(2000, 0, 3000, 1000))
    other.building("1", box(2100, 100, 2120, 110), households=7, residents=9)
    compound = town.add("compound", code="1", name="老院", geom=box(0, 0, 200, 200), **THREE_NO)
    town.building("1", box(100, 100, 120, 110), households=40, residents=90, compound_id=compound)
    town.grid("01", box(0, 0, 500, 1000))
    town.grid("02", box(500, 0, 1000, 1000), valid_to=date(2025, 1, 1))
    town.add("merchant", code="1", name="超市", geom=Point(300, 300), partner_since=START)
    town.add("merchant", code="2", name="书店", geom=Point(310, 300))
    town.incident(geom=Point(100, 100))
    town.incident(geom=Point(100, 100), state="closed", closed_at="2024-06-02T09:00+08")
    town.connection.commit()

    counts = count_places(town.id, TODAY)
    assert (counts.grids, counts.compounds, counts.three_no, counts.buildings) == (1, 1, 1, 1)
    assert (counts.households, counts.residents, counts.merchants, counts.partners) == (40, 90, 2, 1)
    assert counts.open_incidents == 1
    assert count_places(None, TODAY).households == 47


def test_three_no_compounds_are_listed_by_what_is_at_stake(town: Town) -> None:
    small = town.add("compound", code="1", name="小院", geom=box(0, 0, 100, 100), **THREE_NO)
    large = town.add("compound", code="2", name="大院", geom=box(200, 0, 300, 100), **THREE_NO)
    managed = town.add("compound", code="3", name="花园", geom=box(400, 0, 500, 100))
    for number, (compound, households) in enumerate([(small, 10), (large, 30), (large, 30), (managed, 500)]):
        town.building(
            str(number),
            box(number * 20, 0, number * 20 + 10, 10),
            households=households,
            compound_id=compound,
        )
    town.connection.commit()
    assert [(c.name, c.buildings, c.households) for c in list_three_no(town.id)] == [
        ("大院", 2, 60),
        ("小院", 1, 10),
    ]


def test_a_building_says_who_holds_it_today(town: Town) -> None:
    building = town.building("1", box(100, 100, 120, 110))
    before, now = town.party("王"), town.party("李")
    plan = town.plan()
    zone = town.zone(plan, "A", building, lead=before, valid_to=date(2026, 1, 1))
    town.add("zone_party", plan_id=plan, zone_id=zone, party_id=now, role="lead", valid_from=date(2026, 1, 1))
    town.connection.commit()
    assert get_place("buildings", building, TODAY).holders == (Holder("李", "责任区A", 1),)
    assert get_place("buildings", building, date(2025, 6, 1)).holders == (Holder("王", "责任区A", 1),)


def test_a_compound_says_which_of_its_buildings_nobody_holds(town: Town) -> None:
    compound = town.add("compound", code="1", name="花园", geom=box(0, 0, 200, 200))
    held, also, unheld = (
        town.building(str(number), box(number * 20, 0, number * 20 + 10, 10), compound_id=compound)
        for number in range(3)
    )
    town.zone(town.plan(), "A", held, also, lead=town.party("李"))
    draft = town.plan(kind="grid_worker", state="draft", valid_from=None)
    town.zone(draft, "X", unheld, lead=town.party("赵"))
    town.connection.commit()
    assert get_place("compounds", compound, TODAY).holders == (
        Holder("李", "责任区A", 2),
        Holder(None, None, 1),
    )
    assert get_place("communities", town.id, TODAY).holders == (Holder(None, None, 1),)


def test_every_kind_of_responsibility_is_told_with_its_gaps(town: Town) -> None:
    building = town.building("1", box(100, 100, 120, 110))
    vacant = town.building("2", box(150, 100, 170, 110))
    town.zone(town.plan(), "A", building, vacant, lead=town.party("李"))
    branch = town.plan(kind="party_branch")
    town.zone(branch, "D", building, lead=town.party("第一支部", "party_branch"))
    with town.connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO zone_gap (community_id, plan_id, building_id, reason) VALUES (%s, %s, %s, '待拆')",
            (town.id, branch, vacant),
        )
    town.zone(town.plan(kind="inspection", valid_from=date(2030, 1, 1)), "X", building)
    town.connection.commit()
    place = get_place("buildings", building, TODAY)
    assert place.holders == (Holder("李", "责任区A", 1), Holder("第一支部", "责任区D", 1, "party_branch"))
    assert place.unplanned == ("property", "volunteer", "inspection")
    assert get_place("buildings", vacant, TODAY).holders == (
        Holder("李", "责任区A", 1),
        Holder(None, None, 1, "party_branch", gap="待拆"),
    )


def test_a_community_says_how_far_each_kind_reaches(town: Town) -> None:
    held, away, vacant, unheld = (town.building(str(n), box(n * 50, 100, n * 50 + 20, 110)) for n in range(4))
    plan, branch = town.plan(), town.plan(kind="party_branch")
    town.zone(plan, "A", held, lead=town.party("李"))
    town.zone(plan, "B", away, lead=(absent := town.party("王")))
    town.zone(branch, "D", held, away, unheld, lead=town.party("第一支部", "party_branch"))
    with town.connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO zone_gap (community_id, plan_id, building_id, reason) VALUES (%s, %s, %s, '待拆')",
            (town.id, plan, vacant),
        )
    town.add("absence", party_id=absent, valid_from=TODAY, reason="leave")
    town.zone(town.plan(kind="inspection", valid_from=date(2030, 1, 1)), "X", held)
    town.connection.commit()
    assert get_place("communities", town.id, TODAY).coverage == (
        # Whoever is away with nobody in his stead holds nothing.
        Coverage("grid_worker", True, 4, 1, 1),
        Coverage("party_branch", True, 4, 3, 0),
        Coverage("property", False, 4, 0, 0),
        Coverage("volunteer", False, 4, 0, 0),
        Coverage("inspection", False, 4, 0, 0),
    )
    assert get_place("buildings", held, TODAY).coverage == ()


def test_an_area_without_a_building_is_with_whoever_holds_the_nearest(town: Town) -> None:
    near, far = town.building("1", box(100, 100, 120, 110)), town.building("2", box(500, 100, 520, 110))
    plan = town.plan()
    town.zone(plan, "A", near, lead=town.party("李"))
    town.zone(plan, "B", far, lead=town.party("王"))
    park = town.add("compound", code="1", name="公园", geom=box(400, 0, 450, 50))
    grid = town.grid("G", box(0, 0, 90, 90))
    town.connection.commit()
    assert get_place("compounds", park, TODAY).holders == (Holder("王", "责任区B", 1),)
    assert get_place("grids", grid, TODAY).holders == (Holder("李", "责任区A", 1),)


def test_whoever_stands_in_is_told_with_whom_he_stands_in_for(town: Town) -> None:
    building = town.building("1", box(100, 100, 120, 110))
    lead, backup = town.party("李"), town.party("赵")
    plan = town.plan()
    zone = town.zone(plan, "A", building, lead=lead)
    town.add("zone_party", plan_id=plan, zone_id=zone, party_id=backup, role="backup", valid_from=START)
    town.add("absence", party_id=lead, valid_from=TODAY, reason="leave")
    town.connection.commit()
    assert get_place("buildings", building, TODAY).holders == (Holder("赵", "责任区A", 1, lead="李"),)


def test_what_stands_in_no_building_is_with_whoever_holds_the_nearest(town: Town) -> None:
    near, far = town.building("1", box(100, 100, 120, 110)), town.building("2", box(500, 100, 520, 110))
    plan = town.plan()
    town.zone(plan, "A", near, lead=town.party("李"))
    town.zone(plan, "B", far, lead=town.party("王"))
    shop = town.add("merchant", code="M", name="早点摊", geom=Point(400, 105))
    case = town.incident(geom=Point(150, 105))
    town.connection.commit()
    assert get_place("merchants", shop, TODAY).holders == (Holder("王", "责任区B", 1),)
    assert get_place("incidents", case, TODAY).holders == (Holder("李", "责任区A", 1),)
    ((longitude, latitude),) = shapely.get_coordinates(to_degrees(Point(130, 105))).tolist()
    holders, unplanned = list_holders_at(town.id, longitude, latitude, TODAY)
    assert holders == (Holder("李", "责任区A", 1),)
    assert len(unplanned) == 4
    with pytest.raises(NotFound, match="outside the community"):
        list_holders_at(town.id, 0.0, 0.0, TODAY)


def test_a_place_lists_what_is_open_there_the_most_urgent_first(town: Town) -> None:
    building = town.building("1", box(100, 100, 120, 110))
    at = {"geom": Point(110, 105), "building_id": building}
    later = town.incident(due_at="2024-06-09T09:00+08", **at)
    sooner = town.incident(due_at="2024-06-05T09:00+08", **at)
    undated = town.incident(**at)
    town.incident(state="closed", closed_at="2024-06-02T09:00+08", **at)
    town.incident(geom=Point(111, 105))
    town.connection.commit()
    place = get_place("buildings", building, TODAY)
    assert [incident.id for incident in place.open_incidents] == [sooner, later, undated]
    assert place.open_total == 3


def test_the_number_of_all_open_incidents_is_told_where_not_all_are_listed(town: Town) -> None:
    building = town.building("1", box(100, 100, 120, 110))
    for _ in range(9):
        town.incident(geom=Point(110, 105), building_id=building)
    town.connection.commit()
    place = get_place("buildings", building, TODAY)
    assert len(place.open_incidents) < place.open_total == 9


@pytest.mark.parametrize("secret", [{"category_code": "E905"}, {"sensitivity": "S3"}])
def test_nothing_sealed_or_sensitive_is_told(town: Town, secret: dict[str, str]) -> None:
    building = town.building("1", box(100, 100, 120, 110))
    incident = town.incident(geom=Point(110, 105), building_id=building, **secret)
    town.connection.commit()
    assert get_place("buildings", building, TODAY).open_total == 0
    assert count_places(town.id, TODAY).open_incidents == 0
    with pytest.raises(NotFound):
        get_place("incidents", incident, TODAY)


def test_a_building_names_its_grid_of_today(town: Town) -> None:
    building = town.building("1", box(100, 100, 120, 110))
    town.grid("01", box(0, 0, 1000, 1000), valid_to=date(2026, 1, 1))
    town.grid("02", box(0, 0, 1000, 1000), valid_from=date(2026, 1, 1))
    town.connection.commit()
    assert get_place("buildings", building, TODAY).facts["grid"] == "第02网格"


@pytest.mark.parametrize(("layer", "place_id"), [("buildings", 10**9), ("secrets", 1)])
def test_what_is_not_there_is_not_found(town: Town, layer: str, place_id: int) -> None:
    with pytest.raises(NotFound):
        get_place(layer, place_id, TODAY)


def test_a_building_is_found_as_people_say_it(town: Town) -> None:
    compound = town.add("compound", code="1", name="麒麟花园", geom=box(0, 0, 200, 200), address="北闸路20号")
    town.building("1", box(10, 10, 20, 20), compound_id=compound, name="3栋")
    town.building("2", box(30, 10, 40, 20), compound_id=compound, name="麒麟花园13栋")
    town.connection.commit()
    found = [(place.layer, place.name) for place in search_places("麒麟 3栋", town.id, TODAY)]
    assert found == [("buildings", "麒麟花园3栋"), ("buildings", "麒麟花园13栋")]
    assert search_places("麒麟花园", town.id, TODAY)[0].layer == "compounds"
    assert [place.name for place in search_places("北闸路", town.id, TODAY)] == ["麒麟花园"]


def test_a_search_stays_in_its_community(town: Town) -> None:
    other = Town(town.connection, code="B", outline=box(2000, 0, 3000, 1000))
    other.add("merchant", code="1", name="便民超市", geom=Point(2100, 100))
    town.connection.commit()
    assert search_places("超市", town.id, TODAY) == []
    assert [place.community_code for place in search_places("超市", None, TODAY)] == ["B"]


@pytest.mark.parametrize("words", ["", "  ", "%", "_", "\\", "'; DROP TABLE building; --"])
def test_signs_with_a_meaning_elsewhere_are_only_signs_here(town: Town, words: str) -> None:
    town.building("1", box(10, 10, 20, 20), name="甲楼")
    town.connection.commit()
    assert search_places(words, town.id, TODAY) == []


def test_a_drawn_area_is_measured_on_the_ellipsoid(town: Town) -> None:
    town.building("1", box(110, 110, 130, 120), households=40, residents=90)
    # Its anchor is outside, though most of its wall is inside.
    town.building("2", box(180, 110, 230, 120), households=500)
    other = Town(town.connection, code="B")
    other.building("1", box(150, 150, 160, 160), households=1000)
    town.connection.commit()
    area = measure_area(as_geojson(box(100, 100, 200, 300)), town.id)
    assert area == MeasuredArea(area.area_m2, buildings=1, households=40, residents=90)
    assert area.area_m2 == pytest.approx(20_000, rel=1e-3)


def test_an_area_without_buildings_is_still_measured(town: Town) -> None:
    town.connection.commit()
    area = measure_area(as_geojson(box(100, 100, 200, 200)), town.id)
    assert area == MeasuredArea(area.area_m2, buildings=0, households=0, residents=0)
    assert area.area_m2 == pytest.approx(10_000, rel=1e-3)


@pytest.mark.parametrize(
    "outline",
    [
        as_geojson(Polygon([(0, 0), (100, 100), (100, 0), (0, 100)])),
        {"type": "Polygon", "coordinates": [[[32, 120], [32.1, 120], [32.1, 120.1], [32, 120]]]},
    ],
    ids=["crossing", "swapped"],
)
def test_an_area_that_makes_no_sense_is_refused(town: Town, outline: dict[str, object]) -> None:
    town.connection.commit()
    with pytest.raises(InputRefused, match="draw it again"):
        measure_area(outline, town.id)
