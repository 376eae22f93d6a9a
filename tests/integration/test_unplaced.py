"""The queue of what has no place: who sees it, one answer for all that waits, what is remembered."""

from collections.abc import Iterator
from typing import Any

import psycopg2
import psycopg2.errors
import pytest
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from shapely import box

from geo.errors import Conflict, Forbidden, InputRefused, NotFound
from geo.operations.addresses import find_places_by_address
from geo.operations.unplaced import (
    PlaceChoice,
    WaitingGroup,
    forget_alias,
    list_aliases,
    list_unplaced,
    mark_elsewhere,
    place_group,
)
from geo.store.engine import acting_as
from tests.case_town import CaseTown, found_town, point_at
from tests.town import to_degrees


@pytest.fixture
def town(database_url: str, connection: PostgresConnection) -> CaseTown:
    """The town of cases, its compound called 麒麟花园, with 3栋 in it."""
    town = found_town(database_url)
    ask(connection, "UPDATE compound SET name = '麒麟花园'")
    ask(connection, "UPDATE building SET name = '麒麟花园3栋' WHERE id = %s", town.building)
    return town


@pytest.fixture(autouse=True)
def secretary(town: CaseTown) -> Iterator[None]:
    with acting_as(town.actor("secretary")):
        yield


def ask(connection: PostgresConnection, statement: str, *values: object) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        rows = cursor.fetchall() if cursor.description else []
    connection.commit()
    return rows


def wait(
    connection: PostgresConnection, town: CaseTown, *addresses: str | None, **values: object
) -> list[int]:
    """Store cases that came by a file and could not be placed."""
    columns = {
        "community_id": town.id, "category_code": "E402", "source": "hotline_12345", "state": "handling",
        "reported_at": "2024-06-03T09:00+08",
    } | values  # fmt: skip
    names = ", ".join([*columns, "address"])
    marks = ", ".join(["%s"] * (len(columns) + 1))
    return [
        ask(
            connection,
            f"INSERT INTO incident ({names}) VALUES ({marks}) RETURNING id",
            *columns.values(),
            address,
        )[0][0]
        for address in addresses
    ]


def get_group(town: CaseTown, words: str) -> WaitingGroup:
    (group,) = (each for each in list_unplaced(town.id).groups if each.words == words)
    return group


def get_places(connection: PostgresConnection) -> list[tuple[Any, ...]]:
    return ask(
        connection, "SELECT geocode_quality, building_id, grid_id, geom IS NOT NULL FROM incident ORDER BY id"
    )


def test_one_answer_places_all_that_waits(town: CaseTown, connection: PostgresConnection) -> None:
    wait(connection, town, "麒鳞花园3栋201室", "麒鳞花园三幢2单元501室", "麒鳞花园3栋", "麒鳞花园2栋")
    group = get_group(town, "麒鳞花园3栋")
    assert (group.cases, group.open_cases, group.is_certain) == (3, 3, False)
    assert set(group.spellings) == {"麒鳞花园3栋***室", "麒鳞花园三幢2单元***室", "麒鳞花园3栋"}
    assert [each.building_id for each in group.candidates] == [town.building]
    assert place_group(town.id, group.spellings, PlaceChoice(building_id=town.building)) == 3
    placed = [(quality, town.building, town.grid, True) for quality in ("dwelling", "dwelling", "building")]
    assert get_places(connection) == [*placed, ("none", None, None, False)]
    inside = (
        "SELECT bool_and(ST_Covers(b.geom, i.geom)) FROM incident AS i "
        "JOIN building AS b ON b.id = i.building_id"
    )
    assert ask(connection, inside) == [(True,)]
    assert [each.words for each in list_unplaced(town.id).groups] == ["麒鳞花园2栋"]


def test_the_history_says_who_placed_a_case_and_its_version_stays(
    town: CaseTown, connection: PostgresConnection
) -> None:
    """A newer list from elsewhere still says how the case stands: nobody has worked on it here."""
    (case,) = wait(connection, town, "麒鳞花园3栋")
    place_group(town.id, ("麒鳞花园3栋",), PlaceChoice(building_id=town.building))
    events = "SELECT kind, move, role, actor_party_id, payload -> 'to' ->> 'building_id' FROM incident_event"
    assert ask(connection, events) == [("corrected", None, "secretary", town.secretary, str(town.building))]
    assert ask(connection, "SELECT version, state FROM incident WHERE id = %s", case) == [(0, "handling")]


def test_what_was_said_is_remembered(town: CaseTown, connection: PostgresConnection) -> None:
    wait(connection, town, "麒鳞花园3栋")
    place_group(town.id, ("麒鳞花园3栋",), PlaceChoice(building_id=town.building))
    (found,) = find_places_by_address(connection, town.id, "麒鳞花园３＃101")
    assert (found.building_id, found.is_certain, found.quality) == (town.building, True, "dwelling")
    other = find_places_by_address(connection, town.id, "麒鳞花园1栋")
    assert not any(each.is_certain for each in other)
    (alias,) = list_aliases(town.id)
    assert (alias.words, alias.place, alias.made_by) == ("麒鳞花园3栋", "麒麟花园3栋", "secretary")
    forget_alias(alias.id)
    assert not find_places_by_address(connection, town.id, "麒鳞花园３＃101")[0].is_certain
    with pytest.raises(InputRefused):
        forget_alias(alias.id)


def test_a_compound_may_be_meant_in_all_its_buildings(town: CaseTown, connection: PostgresConnection) -> None:
    wait(connection, town, "老糖厂3栋")
    choice = PlaceChoice(building_id=town.building, whole_compound=True)
    place_group(town.id, ("老糖厂3栋",), choice)
    assert {each.words for each in list_aliases(town.id)} == {"老糖厂3栋", "老糖厂"}
    (found,) = find_places_by_address(connection, town.id, "老糖厂9栋")
    assert (found.building_id, found.compound_id, found.is_certain) == (None, town.compound, True)


def test_a_compound_alone_has_no_point_and_waits_on(town: CaseTown, connection: PostgresConnection) -> None:
    wait(connection, town, "老糖厂家属区")
    assert place_group(town.id, ("老糖厂家属区",), PlaceChoice(compound_id=town.compound)) == 1
    stored = "SELECT geocode_quality, compound_id, geom FROM incident"
    assert ask(connection, stored) == [("compound", town.compound, None)]
    assert get_group(town, "老糖厂家属区").known_compound_id == town.compound
    # Said again, nothing happens to the case.
    assert place_group(town.id, ("老糖厂家属区",), PlaceChoice(compound_id=town.compound)) == 0
    assert ask(connection, "SELECT count(*) FROM incident_event") == [(1,)]


def test_a_pin_is_where_it_was_put(town: CaseTown, connection: PostgresConnection) -> None:
    wait(connection, town, "麒麟花园垃圾房旁", "麒麟花园垃圾房旁")
    longitude, latitude = point_at(200, 500)
    choice = PlaceChoice(longitude=longitude, latitude=latitude)
    assert place_group(town.id, ("麒麟花园垃圾房旁",), choice) == 2
    stored = ask(
        connection,
        "SELECT DISTINCT geocode_quality, building_id, compound_id, ST_X(geom), ST_Y(geom) FROM incident",
    )
    assert stored == [("manual", None, town.compound, longitude, latitude)]
    wait(connection, town, "麒麟花园垃圾房旁")
    (found,) = find_places_by_address(connection, town.id, "麒麟花园垃圾房旁")
    assert (found.quality, found.is_certain, found.compound_id) == ("manual", True, town.compound)
    assert (found.longitude, found.latitude) == (longitude, latitude)


def test_a_pin_on_the_building_that_was_named_remembers_the_building(
    town: CaseTown, connection: PostgresConnection
) -> None:
    wait(connection, town, "老糖厂3栋")
    longitude, latitude = point_at(25, 25)
    place_group(town.id, ("老糖厂3栋",), PlaceChoice(longitude=longitude, latitude=latitude))
    assert get_places(connection) == [("manual", town.building, town.grid, True)]
    (found,) = find_places_by_address(connection, town.id, "老糖厂3栋")
    assert (found.building_id, found.quality) == (town.building, "building")


def test_a_spot_outside_is_refused_and_nothing_is_kept(
    town: CaseTown, connection: PostgresConnection
) -> None:
    wait(connection, town, "老糖厂3栋")
    longitude, latitude = point_at(2500, 25)
    with pytest.raises(InputRefused, match="outside"):
        place_group(town.id, ("老糖厂3栋",), PlaceChoice(longitude=longitude, latitude=latitude))
    with pytest.raises(NotFound):
        place_group(town.id, ("老糖厂3栋",), PlaceChoice(building_id=999_999))
    with pytest.raises(InputRefused):
        place_group(town.id, ("老糖厂3栋",), PlaceChoice())
    assert (get_places(connection), list_aliases(town.id)) == ([("none", None, None, False)], [])


def test_an_address_of_several_places_is_placed_and_not_remembered(
    town: CaseTown, connection: PostgresConnection
) -> None:
    """Two compounds of one name: whoever answers for these cases has said nothing of the next."""
    twin = ask(
        connection,
        "INSERT INTO compound (community_id, code, name, geom) "
        "SELECT community_id, 'K2', name, ST_Multi(ST_GeomFromText(%s, 4490)) FROM compound RETURNING id",
        to_degrees(box(600, 0, 900, 1000)).wkt,
    )[0][0]
    ask(
        connection,
        "UPDATE building SET name = '3栋', compound_id = %s WHERE id = %s",
        twin,
        town.far_building,
    )
    wait(connection, town, "麒麟花园3栋")
    group = get_group(town, "麒麟花园3栋")
    assert {each.building_id for each in group.candidates} == {town.building, town.far_building}
    assert not group.is_remembered
    place_group(town.id, group.spellings, PlaceChoice(building_id=town.building))
    assert list_aliases(town.id) == []
    with pytest.raises(InputRefused, match="one place"):
        mark_elsewhere(town.id, ("麒麟花园3栋",))


def test_two_who_say_different_things_do_not_both_win(town: CaseTown, connection: PostgresConnection) -> None:
    wait(connection, town, "老糖厂3栋")
    mark_elsewhere(town.id, ("老糖厂3栋",))
    with pytest.raises(Conflict, match="forget that first"):
        place_group(town.id, ("老糖厂3栋",), PlaceChoice(building_id=town.building))
    # The case was not placed either: one refused answer is none.
    assert get_places(connection) == [("none", None, None, False)]
    with pytest.raises(psycopg2.errors.UniqueViolation):
        ask(
            connection,
            "INSERT INTO place_alias (community_id, words, building_id) VALUES (%s, '老糖厂3栋', %s)",
            town.id,
            town.building,
        )
    connection.rollback()


def test_what_is_elsewhere_is_not_asked_about(town: CaseTown, connection: PostgresConnection) -> None:
    wait(connection, town, "别处花园5栋501室", "别处花园5栋")
    mark_elsewhere(town.id, get_group(town, "别处花园5栋").spellings)
    unplaced = list_unplaced(town.id)
    assert (unplaced.groups, [each.cases for each in unplaced.elsewhere], unplaced.cases) == ((), [2], 2)


def test_aliases_go_with_their_building(town: CaseTown, connection: PostgresConnection) -> None:
    place_group(town.id, ("远处5栋",), PlaceChoice(building_id=town.far_building))
    assert len(list_aliases(town.id)) == 1
    ask(connection, "DELETE FROM zone_unit WHERE building_id = %s", town.far_building)
    ask(connection, "DELETE FROM building WHERE id = %s", town.far_building)
    assert list_aliases(town.id) == []


def test_merchants_wait_too(town: CaseTown, connection: PostgresConnection) -> None:
    ask(
        connection,
        "INSERT INTO merchant (community_id, code, name, address) VALUES (%s, 'M1', '店', '老糖厂3栋商铺')",
        town.id,
    )
    group = get_group(town, "老糖厂3栋商铺")
    assert (group.cases, group.merchants) == (0, 1)
    assert place_group(town.id, group.spellings, PlaceChoice(building_id=town.building)) == 1
    stored = "SELECT building_id, geom IS NOT NULL, geocode_quality FROM merchant WHERE code = 'M1'"
    assert ask(connection, stored) == [(town.building, True, "building")]


def test_sealed_cases_are_counted_and_not_shown(town: CaseTown, connection: PostgresConnection) -> None:
    wait(connection, town, "老糖厂3栋", sensitivity="S3")
    wait(connection, town, "老糖厂3栋", None)
    unplaced = list_unplaced(town.id)
    assert [each.cases for each in unplaced.groups] == [1]
    assert (unplaced.cases, unplaced.sealed, unplaced.silent) == (3, 1, 1)
    assert place_group(town.id, ("老糖厂3栋",), PlaceChoice(building_id=town.building)) == 1
    still = "SELECT sensitivity, address FROM incident WHERE geom IS NULL ORDER BY id"
    assert ask(connection, still) == [("S3", "老糖厂3栋"), ("S1", None)]


@pytest.mark.parametrize("who", ["worker", "administrator"])
def test_who_works_here_places(who: str, town: CaseTown, connection: PostgresConnection) -> None:
    """A worker reads of a case that lies nowhere yet its address and no other word."""
    wait(connection, town, "老糖厂3栋", description="张三家漏水")
    with acting_as(town.actor(who)):
        (group,) = list_unplaced(town.id).groups
        assert place_group(town.id, group.spellings, PlaceChoice(building_id=town.building)) == 1
        assert len(list_aliases(town.id)) == 1


@pytest.mark.parametrize("who", ["leader", "company", "wall"])
def test_who_may_not(who: str, town: CaseTown, connection: PostgresConnection) -> None:
    wait(connection, town, "老糖厂3栋")
    with acting_as(town.actor(who)):
        assert list_unplaced(town.id).groups == ()
        with pytest.raises(Forbidden):
            place_group(town.id, ("老糖厂3栋",), PlaceChoice(building_id=town.building))
        with pytest.raises(Forbidden):
            mark_elsewhere(town.id, ("老糖厂3栋",))
    assert list_aliases(town.id) == []


def test_of_another_community_nothing_is_seen_or_placed(
    town: CaseTown, connection: PostgresConnection
) -> None:
    ask(
        connection,
        "INSERT INTO incident (community_id, category_code, source, reported_at, address) "
        "VALUES (%s, 'E402', 'phone', '2024-06-03T09:00+08', '老糖厂3栋')",
        town.other_id,
    )
    assert list_unplaced(town.other_id).groups == ()
    with pytest.raises(Forbidden):
        place_group(town.other_id, ("老糖厂3栋",), PlaceChoice(compound_id=town.compound))
    assert place_group(town.id, ("老糖厂3栋",), PlaceChoice(building_id=town.building)) == 0
    assert get_places(connection) == [("none", None, None, False)]
