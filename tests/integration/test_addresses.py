"""Typed addresses against the places of a stored community."""

import pytest
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from shapely import Point, box

from geo.model.gazetteer import BuildingName, CompoundName, Gazetteer
from geo.operations.addresses import AddressedPlace, find_places_by_address
from geo.store.addresses import read_gazetteer
from tests.town import Town, to_degrees


@pytest.fixture
def town(undone: PostgresConnection) -> Town:
    return Town(undone)


@pytest.fixture
def qilin(town: Town) -> int:
    return town.add(
        "compound",
        code="C1",
        name="麒麟花园",
        aliases=["老糖厂"],
        address="麒行路88号",
        geom=box(0, 0, 200, 200),
    )


def find(town: Town, text: str) -> tuple[AddressedPlace, ...]:
    return find_places_by_address(town.connection, town.id, text)


def test_the_gazetteer_is_of_one_community(town: Town, qilin: int) -> None:
    third = town.building(
        "03", box(10, 10, 30, 20), name="麒麟花园3栋", compound_id=qilin, address="麒行路88号3栋"
    )
    market = town.building("90", box(300, 10, 330, 20), name="农贸市场")
    other = Town(town.connection, code="B", outline=box(2000, 0, 3000, 1000))
    other.building("03", box(2010, 10, 2030, 20), name="别处3栋")
    other.add("compound", code="C1", name="别处", geom=box(2000, 0, 2200, 200))
    assert read_gazetteer(town.connection, town.id) == Gazetteer(
        (CompoundName(qilin, "麒麟花园", ("老糖厂",), "麒行路88号"),),
        (BuildingName(third, qilin, "麒麟花园3栋", "麒行路88号3栋"), BuildingName(market, None, "农贸市场")),
    )


def test_a_typed_address_leads_to_its_building(town: Town, qilin: int) -> None:
    town.building("02", box(10, 40, 30, 50), name="麒麟花园2栋", compound_id=qilin)
    third = town.building("03", box(10, 10, 30, 20), name="麒麟花园3栋", compound_id=qilin)
    (found,) = find(town, "老糖厂３幢二单元五楼501")
    assert (found.building_id, found.compound_id, found.name) == (third, qilin, "麒麟花园3栋")
    assert (found.quality, found.is_certain) == ("dwelling", True)
    inside = to_degrees(box(10, 10, 30, 20))
    assert inside.contains(Point(found.longitude, found.latitude))


def test_a_slip_of_the_pen_is_offered_not_taken(town: Town, qilin: int) -> None:
    third = town.building("03", box(10, 10, 30, 20), name="麒麟花园3栋", compound_id=qilin)
    (found,) = find(town, "麒鳞花园3栋")
    assert (found.building_id, found.is_certain, found.quality) == (third, False, "building")
    assert 0.85 <= found.likeness < 1


def test_a_compound_alone_is_shown_where_it_lies(town: Town, qilin: int) -> None:
    (found,) = find(town, "麒麟花园")
    assert (found.building_id, found.compound_id, found.quality, found.is_certain) == (
        None,
        qilin,
        "compound",
        True,
    )
    assert to_degrees(box(0, 0, 200, 200)).contains(Point(found.longitude, found.latitude))


def test_a_house_number_offers_the_building_of_that_number_after_the_compound(town: Town, qilin: int) -> None:
    third = town.building("03", box(10, 10, 30, 20), name="麒麟花园3栋", compound_id=qilin)
    compound, building = find(town, "麒麟花园3号")
    assert (compound.building_id, compound.is_certain) == (None, True)
    assert (building.building_id, building.is_certain) == (third, False)


@pytest.mark.parametrize(
    "text", ["", "和平路12号之一", "三中路西二巷8号", "'; DROP TABLE building; --", "%", "\x00"]
)
def test_what_is_nowhere_finds_nothing(town: Town, qilin: int, text: str) -> None:
    town.building("12", box(10, 10, 30, 20), name="麒麟花园12栋", compound_id=qilin)
    assert find(town, text) == ()


def test_a_place_without_a_compound_is_found_by_name_and_by_street(town: Town) -> None:
    market = town.building("90", box(300, 10, 330, 20), name="农贸市场", address="榕荫路20号")
    for text in ("农贸市场", "榕荫路20号", "榕荫路二十号"):
        (found,) = find(town, text)
        assert (found.building_id, found.compound_id, found.is_certain) == (market, None, True)
