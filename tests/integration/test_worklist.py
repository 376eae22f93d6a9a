"""The list of cases: each filter against a plain recomputation of random cases; what each role finds."""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from math import hypot
from typing import Any

import pytest
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from shapely import Point, box

from geo.model.actor import Actor, Role
from geo.store import worklist
from geo.store.engine import acting_as
from geo.store.worklist import Around, Asked, Cursor
from tests.actors import make_actor
from tests.town import Town, to_degrees

NOW = datetime(2024, 7, 1, 4, tzinfo=UTC)
OPEN = ("reported", "accepted", "registered", "dispatched", "returned", "handling", "suspended", "verifying")
CATEGORIES = ("E101", "E102", "E301", "E905", "E1001")
SEALED = "E905"
WORDS = ("楼道堆物", "电梯漏水", "A座门口", "电话13812341234", "乱停放 100%")
SPOT = Point(500, 500)


@dataclass(frozen=True)
class Known:
    """A case as it was put into the database; ``at`` in metres of the town."""

    id: int
    category_code: str
    state: str
    source: str
    title: str | None
    reported_at: datetime
    due_at: datetime | None
    at: Point | None
    party_id: int | None
    building_id: int | None
    compound_id: int | None
    grid_id: int | None
    sensitivity: str

    @property
    def is_open(self) -> bool:
        return self.state in OPEN


@dataclass(frozen=True)
class World:
    town: Town
    cases: list[Known]
    mine: int
    other: int
    buildings: list[int]
    compounds: list[int]
    grids: list[int]

    def acting(self, role: Role = "secretary", party_id: int | None = None) -> Actor:
        return make_actor(self.town.id, role=role, party_id=party_id)


@pytest.fixture
def world(connection: PostgresConnection) -> World:
    chance = random.Random(11)
    town = Town(connection)
    mine, other = town.party("mine"), town.party("other", kind="property_company")
    compounds = [
        town.add("compound", code=f"C{n}", name=f"小区{n}", geom=box(n * 400, 0, n * 400 + 390, 900))
        for n in range(2)
    ]
    # Ten buildings a compound, so that 10 must come after 9 on a walk.
    places = [(n, c, Point(c * 400 + 20 + 35 * n, 100)) for c in range(2) for n in range(1, 11)]
    buildings = [
        town.building(
            f"C{c}-{n}", box(p.x - 5, p.y - 5, p.x + 5, p.y + 5), compound_id=compounds[c], name=f"{n}栋"
        )
        for n, c, p in places
    ]
    grids = [town.grid(str(n), box(n * 500, 0, n * 500 + 500, 1000)) for n in range(2)]
    town.zone(town.plan(), "A", *buildings[:4], lead=mine)
    cases = []
    for _ in range(300):
        at_building = chance.random() < 0.6
        position = chance.randrange(len(buildings))
        place = (
            places[position][2] if at_building else Point(chance.uniform(300, 700), chance.uniform(300, 700))
        )
        reported_at = NOW - timedelta(minutes=chance.randrange(90 * 24 * 60))
        state = chance.choice((*OPEN, "closed", "closed", "rejected", "voided"))
        category = chance.choice(CATEGORIES)
        values: dict[str, Any] = {
            "category_code": category,
            "state": state,
            "source": chance.choice(("patrol", "walk_in", "phone")),
            "title": chance.choice((None, *WORDS)),
            "reported_at": reported_at,
            "due_at": reported_at + timedelta(days=chance.randrange(1, 100))
            if chance.random() < 0.9
            else None,
            "party_id": chance.choice((mine, other, None)),
            "building_id": buildings[position] if at_building else None,
            "compound_id": compounds[places[position][1]] if at_building else None,
            "grid_id": chance.choice((*grids, None)),
            "sensitivity": "S3" if category == "E1001" else "S1",
        }
        placed = place if at_building or chance.random() < 0.8 else None
        closed = {"closed_at": reported_at + timedelta(hours=1)} if state == "closed" else {}
        number = town.incident(geom=placed, **values, **closed)
        cases.append(Known(id=number, at=placed, **values))
    # Another community's case is never found.
    Town(connection, code="B", outline=box(2000, 0, 3000, 1000)).incident(geom=Point(2500, 500))
    connection.commit()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    connection.commit()
    return World(town, cases, mine, other, buildings, compounds, grids)


def locate(place: Point) -> Point:
    """Return a place of the town in degrees."""
    moved = to_degrees(place)
    assert isinstance(moved, Point)
    return moved


def find(world: World, actor: Actor, **filters: Any) -> list[int]:
    """Return the cases found, page by page; every page agrees on the number of all."""
    asked = Asked(world.town.id, **filters)
    found: list[int] = []
    after: Cursor | None = None
    with acting_as(actor):
        while True:
            page = worklist.list_cases(asked, NOW, most=37, after=after)
            found += [case.id for case in page.cases]
            if not page.cases:
                assert page.total == 0
            after = page.next
            if after is None:
                break
    if found:
        assert page.total == len(found)
    return found


def within_200_m(case: Known) -> bool:
    return case.at is not None and hypot(case.at.x - SPOT.x, case.at.y - SPOT.y) <= 200


NEAR = locate(SPOT)
FILTERS: list[tuple[dict[str, Any], Callable[[Known], bool]]] = [
    ({}, lambda c: c.is_open),
    ({"status": "all"}, lambda c: c.id > 0),
    ({"status": "settled"}, lambda c: not c.is_open),
    (
        {"status": "overdue"},
        lambda c: c.is_open and c.state != "suspended" and c.due_at is not None and c.due_at < NOW,
    ),
    ({"states": ("returned",)}, lambda c: c.state == "returned"),
    ({"status": "settled", "states": ("voided",)}, lambda c: c.state == "voided"),
    ({"categories": ("E101", "E102"), "status": "all"}, lambda c: c.category_code in {"E101", "E102"}),
    ({"sources": ("phone", "walk_in")}, lambda c: c.is_open and c.source in {"phone", "walk_in"}),
    ({"is_unheld": True}, lambda c: c.is_open and c.party_id is None),
    (
        {"due_before": NOW + timedelta(days=2)},
        lambda c: c.is_open and c.due_at is not None and c.due_at < NOW + timedelta(days=2),
    ),
    (
        {"status": "all", "since": NOW - timedelta(days=30), "until": NOW - timedelta(days=10)},
        lambda c: NOW - timedelta(days=30) <= c.reported_at < NOW - timedelta(days=10),
    ),
    ({"status": "all", "around": Around(NEAR.x, NEAR.y, 200)}, within_200_m),
    ({"status": "all", "words": ("漏水",)}, lambda c: "漏水" in (c.title or "")),
    ({"status": "all", "words": ("a座", "门口")}, lambda c: c.title == "A座门口"),
    ({"status": "all", "words": ("100%",)}, lambda c: c.title == "乱停放 100%"),
    ({"status": "all", "words": ("%",)}, lambda c: "%" in (c.title or "")),
    ({"status": "all", "words": ("火星",)}, lambda c: c.title == "火星"),
]


@pytest.mark.parametrize("number", range(len(FILTERS)))
def test_each_filter_finds_what_a_plain_count_finds(world: World, number: int) -> None:
    filters, is_wanted = FILTERS[number]
    # Words of sensitive and sealed cases are not the secretary's to read at once, nor to look for.
    reads = {SEALED, "E1001"} if "words" in filters else set()
    wanted = {c.id for c in world.cases if is_wanted(c) and c.category_code not in reads}
    assert set(find(world, world.acting(), **filters)) == wanted


@pytest.mark.parametrize("layer", ["grids", "compounds", "buildings"])
def test_a_place_finds_its_own_cases(world: World, layer: str) -> None:
    column = {"grids": "grid_id", "compounds": "compound_id", "buildings": "building_id"}[layer]
    place = {"grids": world.grids, "compounds": world.compounds, "buildings": world.buildings}[layer][0]
    wanted = {c.id for c in world.cases if getattr(c, column) == place}
    assert wanted
    assert set(find(world, world.acting(), place=(layer, place), status="all")) == wanted


def test_mine_is_what_my_party_has_and_my_zones_are_the_buildings_i_lead(world: World) -> None:
    me = world.acting("grid_worker", world.mine)
    led = set(world.buildings[:4])

    def seen(case: Known) -> bool:
        is_mine = case.party_id == world.mine or case.building_id in led
        return case.category_code != SEALED and (case.sensitivity != "S3" or is_mine)

    mine = {c.id for c in world.cases if c.party_id == world.mine and seen(c)}
    zones = {c.id for c in world.cases if c.building_id in led and seen(c)}
    assert set(find(world, me, whose="mine", status="all")) == mine
    assert set(find(world, me, whose="zones", status="all")) == zones
    assert mine != zones


def test_each_role_finds_what_it_may_see(world: World) -> None:
    company = world.acting("property_company", world.other)
    leader = world.acting("leader")
    plain = [c for c in world.cases if c.category_code != SEALED and c.sensitivity != "S3"]
    assert set(find(world, world.acting(), status="all")) == {c.id for c in world.cases}
    assert set(find(world, leader, status="all")) == {c.id for c in plain}
    assert set(find(world, company, status="all")) == {c.id for c in plain if c.party_id == world.other}
    assert find(world, Actor(account_id=None, role=None), status="all") == []


def test_a_masked_number_cannot_be_looked_for(world: World) -> None:
    found = find(world, world.acting(), status="all", words=("电话",))
    assert found
    assert find(world, world.acting(), status="all", words=("1234123",)) == []
    with acting_as(world.acting()):
        page = worklist.list_cases(Asked(world.town.id, status="all"), NOW, most=300)
    titles = {case.title for case in page.cases if case.title and "电话" in case.title}
    assert titles == {"电话138****1234"}


def test_a_leader_reads_facts_and_no_words(world: World) -> None:
    with acting_as(world.acting("leader")):
        page = worklist.list_cases(Asked(world.town.id), NOW, most=300)
    assert page.cases
    assert {case.title for case in page.cases} == {None}
    assert find(world, world.acting("leader"), status="all", words=("漏水",)) == []


def test_by_deadline_the_most_urgent_come_first_and_those_without_limit_last(world: World) -> None:
    by_id = {c.id: c for c in world.cases}
    dues = [by_id[number].due_at for number in find(world, world.acting(), sort="deadline")]
    limited = [due for due in dues if due is not None]
    assert limited == sorted(limited)
    assert None in dues
    assert dues[: len(limited)] == limited


def test_the_newest_come_first_and_settled_cases_always_do(world: World) -> None:
    by_id = {c.id: c for c in world.cases}
    for filters in ({"sort": "newest"}, {"status": "settled", "sort": "deadline"}):
        times = [by_id[number].reported_at for number in find(world, world.acting(), **filters)]
        assert times == sorted(times, reverse=True)


def test_on_a_walk_buildings_come_one_after_the_other_by_number(world: World) -> None:
    by_id = {c.id: c for c in world.cases}
    walked = [by_id[number].building_id for number in find(world, world.acting(), sort="place")]
    buildings = [number for number in walked if number is not None]
    in_order = [number for number in world.buildings if number in set(buildings)]
    assert list(dict.fromkeys(buildings)) == in_order, "the tenth building must come after the ninth"
    assert walked[: len(buildings)] == buildings, "cases without a building come last"
    assert len(set(walked)) == len(list(dict.fromkeys(walked)))


def test_words_are_looked_for_in_the_newest_cases_only(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worklist, "MOST_SEARCHED", 50)
    readable = [c for c in world.cases if c.category_code not in {SEALED, "E1001"}]
    newest = sorted(world.cases, key=lambda c: (c.reported_at, c.id), reverse=True)[:50]
    wanted = {c.id for c in newest if c in readable and "漏水" in (c.title or "")}
    with acting_as(world.acting()):
        page = worklist.list_cases(Asked(world.town.id, status="all", words=("漏水",)), NOW, most=300)
    assert {case.id for case in page.cases} == wanted
    assert page.was_cut


def test_many_cases_are_counted_to_a_bound(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worklist, "MOST_COUNTED", 20)
    with acting_as(world.acting()):
        page = worklist.list_cases(Asked(world.town.id, status="all"), NOW, most=10)
    assert page.total == 21
    assert page.next is not None


def test_a_case_is_told_with_its_place_and_its_lead(world: World) -> None:
    case = next(c for c in world.cases if c.is_open and c.building_id and c.party_id == world.other)
    with acting_as(world.acting()):
        (told,) = worklist.list_cases(Asked(world.town.id), NOW, most=1, ids=[case.id]).cases
    assert case.at is not None
    at = locate(case.at)
    assert told.place is not None
    assert told.place.startswith("小区")
    assert told.lead == "other"
    assert (told.longitude, told.latitude) == pytest.approx((at.x, at.y))
    assert (told.state, told.due_at, told.reported_at) == (case.state, case.due_at, case.reported_at)


def test_similar_cases_are_near_new_and_of_the_same_kind(world: World) -> None:
    town = world.town
    place = {"geom": Point(950, 950), "reported_at": NOW - timedelta(days=2)}
    same = town.incident(**place)
    near = town.incident(**place | {"geom": Point(950, 905)})
    town.incident(**place | {"geom": Point(950, 890)})
    town.incident(**place | {"reported_at": NOW - timedelta(days=8)})
    town.incident(**place | {"category_code": "E102"})
    town.incident(**place | {"state": "voided"})
    town.connection.commit()
    at = locate(Point(950, 950))
    with acting_as(world.acting()):
        found = worklist.list_similar(town.id, "E101", at.x, at.y, NOW)
    assert [case.id for case in found] == [same, near]
    assert found[1].distance_m == pytest.approx(45, abs=0.5)


def test_a_spot_is_told_by_its_building_within_reach_and_by_its_community(world: World) -> None:
    with acting_as(world.acting()):
        beside = locate(Point(55, 112))
        spot = worklist.find_spot(world.town.id, beside.x, beside.y)
        assert (spot.building_id, spot.building, spot.is_inside) == (world.buildings[0], "小区01栋", True)
        open_ground = locate(Point(55, 500))
        assert worklist.find_spot(world.town.id, open_ground.x, open_ground.y).building_id is None
        outside = locate(Point(1500, 500))
        assert not worklist.find_spot(world.town.id, outside.x, outside.y).is_inside


def test_marks_are_told_of_open_cases_that_the_reader_sees(world: World) -> None:
    town = world.town
    building = world.buildings[7]
    here = {"geom": Point(300, 100), "building_id": building, "category_code": "E402"}
    town.incident(
        **here, state="closed", reported_at=NOW - timedelta(days=20), closed_at=NOW - timedelta(days=10)
    )
    again = town.incident(**here, reported_at=NOW - timedelta(days=1), party_id=world.mine)
    for _ in range(2):
        town.add(
            "incident_event",
            incident_id=again,
            at=NOW,
            kind="moved",
            to_state="returned",
            reason="other",
        )
    town.connection.commit()
    with acting_as(world.acting()):
        marks = worklist.list_marks(town.id)
    assert (marks[again].bounces, marks[again].is_relapse, marks[again].is_whistled) == (2, True, False)
    with acting_as(world.acting("property_company", world.other)):
        assert again not in worklist.list_marks(town.id)


def test_no_filter_changes_what_is_not_asked(world: World) -> None:
    everything = Asked(world.town.id, status="all")
    with acting_as(world.acting()):
        whole = worklist.list_cases(everything, NOW, most=500)
        placed = worklist.list_cases(replace(everything, place=("buildings", 0)), NOW, most=500)
    assert len(whole.cases) == len(world.cases)
    assert placed.cases == ()
