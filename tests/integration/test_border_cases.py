"""A case beside a zone is shown to those on both sides of the border, as far as they may see it."""

from datetime import UTC, datetime

import pytest
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from shapely import Point, box

from geo.store.engine import acting_as
from geo.store.worklist import Asked, list_cases
from tests.actors import make_actor
from tests.town import START, Town

NOW = datetime(2024, 7, 1, 4, tzinfo=UTC)


class Border(Town):
    """``wang`` holds a building of 20 m by 20 m at (100, 100), ``li`` one 10 m east of it."""

    def __init__(self, connection: PostgresConnection) -> None:
        super().__init__(connection)
        self.wang, self.li = self.party("wang"), self.party("li")
        self.west = self.building("1", box(100, 100, 120, 120))
        self.east = self.building("2", box(130, 100, 200, 120))
        plan = self.plan()
        self.zone(plan, "W", self.west, lead=self.wang)
        self.zone(plan, "E", self.east, lead=self.li)

    def listed(self, party_id: int, **asked: str) -> dict[int, bool]:
        """The cases of somebody's zone, and whether each lies at its border."""
        with acting_as(make_actor(self.id, role="grid_worker", party_id=party_id)):
            page = list_cases(Asked(self.id, whose="zones", **asked), NOW, most=50)  # type: ignore[arg-type]
        return {case.id: case.is_at_border for case in page.cases}


@pytest.fixture
def town(connection: PostgresConnection) -> Border:
    return Border(connection)


def test_a_case_near_the_border_is_shown_to_both(town: Border) -> None:
    near = town.incident(geom=Point(135, 110), building_id=town.east)
    far = town.incident(geom=Point(180, 110), building_id=town.east)
    town.connection.commit()
    assert town.listed(town.li) == {near: False, far: False}
    assert town.listed(town.wang) == {near: True}


@pytest.mark.parametrize(
    ("metres", "is_shown"),
    [((101, 138.9), True), ((101, 141.1), False), ((81.1, 101), True), ((78.9, 101), False)],
)
def test_twenty_metres_are_twenty_metres_in_every_direction(
    town: Border, metres: tuple[float, float], is_shown: bool
) -> None:
    case = town.incident(geom=Point(metres))
    town.connection.commit()
    assert town.listed(town.wang) == ({case: True} if is_shown else {})


def test_a_case_in_the_street_between_them_is_both_zones_business(town: Border) -> None:
    case = town.incident(geom=Point(125, 110))
    town.connection.commit()
    assert town.listed(town.wang) == town.listed(town.li) == {case: True}


def test_what_is_settled_or_not_to_be_seen_is_not_shown_across(town: Border) -> None:
    beside = {"geom": Point(132, 110), "building_id": town.east}
    settled = town.incident(**beside, state="closed", closed_at="2024-06-02T09:00+08")
    secret = town.incident(**beside, sensitivity="S3")
    sealed = town.incident(**beside, category_code="E905")
    town.connection.commit()
    assert town.listed(town.wang) == {}
    assert town.listed(town.wang, status="all") == {}
    assert town.listed(town.li, status="all") == {settled: False, secret: False}
    assert sealed not in town.listed(town.li)


def test_whoever_stands_in_is_shown_the_border_too(town: Border) -> None:
    case = town.incident(geom=Point(135, 110), building_id=town.east)
    zhao = town.party("zhao")
    away = town.add("absence", party_id=town.wang, valid_from=START, reason="leave")
    with town.connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO absence_cover VALUES (%s, %s, %s, 'grid_worker', %s)",
            (away, town.id, town.west, zhao),
        )
    town.connection.commit()
    assert town.listed(zhao) == {case: True}
    assert town.listed(town.wang) == {}
