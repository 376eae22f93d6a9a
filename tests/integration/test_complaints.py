"""A month against others, from the database: whole days in China, nothing sensitive, one community."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from shapely import Point, box

from geo.errors import InputRefused
from geo.operations.complaints import MonthReview, find_months, review_month
from geo.rules.periods import Period, find_month
from geo.store.engine import acting_as
from tests.actors import make_actor
from tests.town import Town

MAY = find_month(date(2024, 5, 1))
# The third of June, in China already.
NOW = datetime(2024, 6, 2, 17, 0, tzinfo=UTC)


def review(town: Town, month: Period = MAY, now: datetime = NOW, **acting: Any) -> MonthReview:
    town.connection.commit()
    with acting_as(make_actor(town.id, **acting)):
        return review_month(town.id, month, now)


def report(town: Town, day: str, times: int = 1, **values: object) -> list[int]:
    return [town.incident(reported_at=f"{day}T09:00+08", **values) for _ in range(times)]


@pytest.fixture
def town(connection: PostgresConnection) -> Town:
    town = Town(connection)
    report(town, "2023-04-02")
    return town


def test_a_month_begins_and_ends_at_midnight_in_china(town: Town) -> None:
    for at in ("2024-05-01T00:00+08", "2024-05-31T23:59+08", "2024-04-30T23:59+08", "2024-06-01T00:00+08"):
        town.incident(reported_at=at)
    found = review(town).total
    assert (found.month.now, found.month.then, found.year.then) == (2, 1, 0)


def test_a_month_that_is_not_over_is_compared_by_its_whole_days(town: Town) -> None:
    report(town, "2024-05-10", 31)
    report(town, "2024-06-01", 2)
    report(town, "2024-06-03", 5)
    found = review(town, find_month(date(2024, 6, 1)))
    assert not found.is_whole
    assert found.period.days == 2
    assert found.total.month.now == 2
    assert found.total.month.expected == pytest.approx(2)
    # The first two days of June 2024 were a weekend; May had five days off and two to make up for them.
    assert found.working_days == (0, 21, 21)


def test_what_was_not_kept_a_year_ago_is_unknown(connection: PostgresConnection) -> None:
    town = Town(connection)
    report(town, "2024-04-20")
    report(town, "2024-05-03", 40)
    found = review(town)
    assert found.year_before is None
    assert found.total.year.verdict == "unknown"
    # Eleven days of April: too few to compare with.
    assert found.before is None
    report(town, "2024-04-16")
    assert review(town).before == Period(date(2024, 4, 16), date(2024, 5, 1))


def test_what_rises_is_told_with_its_place_and_small_numbers_are_not(town: Town) -> None:
    compound = town.add("compound", code="C1", name="麒麟花园", geom=box(0, 0, 500, 500))
    report(town, "2024-04-10", 4, category_code="E403", compound_id=compound)
    report(town, "2024-05-10", 24, category_code="E403", compound_id=compound)
    report(town, "2024-05-10", 8, category_code="E402")
    found = review(town)
    told = [(rise.category_code, rise.place, rise.against) for rise in found.rises]
    assert told == [
        ("E403", None, "year"), ("E403", "麒麟花园", "year"),
        ("E403", None, "month"), ("E403", "麒麟花园", "month"),
    ]  # fmt: skip
    assert found.categories["E402"].month.verdict == "small"
    table = found.tables["compounds"]
    assert table.cells[compound, "E4"].month.now == 24
    assert table.totals[compound].month.then == 4
    # Cases in no compound have a row of their own, so that the rows make up the month.
    assert table.places[None] is None
    assert sum(total.month.now for total in table.totals.values()) == found.total.month.now == 32


def test_what_is_sensitive_sealed_or_no_case_is_not_counted(town: Town) -> None:
    building = town.building("1", box(0, 0, 10, 10))
    same = {"building_id": building}
    report(town, "2024-05-10", 6, category_code="E905", **same)
    report(town, "2024-05-10", 6, category_code="E1001", **same)
    report(town, "2024-05-10", 6, sensitivity="S3", **same)
    report(town, "2024-05-10", 6, state="voided", **same)
    report(town, "2024-05-10", 6, state="rejected", **same)
    found = review(town)
    assert found.total.month.now == 0
    assert not found.repeats
    # The case of the year before alone.
    assert found.unsettled == {"E101": 1}


def test_a_place_that_reports_again_is_named(town: Town) -> None:
    compound = town.add("compound", code="C1", name="麒麟花园", geom=box(0, 0, 500, 500))
    building = town.building("3", box(0, 0, 10, 10), name="3栋", compound_id=compound)
    report(town, "2024-04-20")
    inside = [
        *report(town, "2024-04-25", building_id=building),
        *report(town, "2024-05-10", 2, building_id=building),
    ]
    outside = report(town, "2024-05-11", 5, geom=Point(300, 300), compound_id=compound)
    # An errand comes back, which nobody minds.
    report(town, "2024-05-10", 9, category_code="E1201", building_id=building)
    points = [(named.name, named.point.count, named.point.cases) for named in review(town).repeats]
    assert points == [("麒麟花园", 5, tuple(outside)), ("麒麟花园3栋", 3, tuple(inside))]


def test_what_is_long_open_is_counted_as_it_was_when_the_month_ended(town: Town) -> None:
    report(town, "2024-04-30", state="closed", closed_at="2024-06-02T09:00+08")
    report(town, "2024-04-30", state="closed", closed_at="2024-05-31T09:00+08")
    report(town, "2024-04-29")
    report(town, "2024-05-03")
    # Of the year before, still open.
    assert review(town).unsettled == {"E101": 3}


def test_the_share_of_what_fits_nowhere(town: Town) -> None:
    assert review(town).other_share is None
    report(town, "2024-05-10", 3)
    report(town, "2024-05-10", 1, category_code="E1299")
    assert review(town).other_share == pytest.approx(0.25)


def test_other_communities_are_not_counted(town: Town, connection: PostgresConnection) -> None:
    other = Town(connection, "B", box(2000, 0, 3000, 1000))
    report(other, "2024-05-10", 20)
    report(town, "2024-05-10")
    assert review(town).total.month.now == 1
    connection.commit()
    with acting_as(make_actor(town.id)):
        assert review_month(other.id, MAY, NOW).total.month.now == 0


@pytest.mark.parametrize("role", ["secretary", "leader", "grid_worker"])
def test_one_number_for_everybody_who_reads_it(town: Town, role: str) -> None:
    report(town, "2024-05-10", 7)
    report(town, "2024-05-10", 2, category_code="E902")
    assert review(town, role=role).total.month.now == 7


def test_months_to_choose_from_reach_back_to_the_first_case(connection: PostgresConnection) -> None:
    town = Town(connection)
    connection.commit()
    with acting_as(make_actor(town.id)):
        assert find_months(town.id, NOW) == []
    report(town, "2024-03-31")
    connection.commit()
    with acting_as(make_actor(town.id)):
        assert [month.first.month for month in find_months(town.id, NOW)] == [6, 5, 4, 3]
        # On the first of a month no day of it is over.
        assert find_months(town.id, datetime(2024, 6, 1, 1, tzinfo=UTC))[0] == MAY
        with pytest.raises(InputRefused):
            review_month(town.id, find_month(date(2024, 6, 1)), datetime(2024, 6, 1, 1, tzinfo=UTC))
