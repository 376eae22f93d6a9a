"""Places that are reported again: thirty days, one category, one building or spot."""

from geo.model.repeats import PlacedCase, RepeatPoint
from geo.rules.repeats import find_repeats

DAY = 86_400.0
JUNE = 1_000 * DAY
# A metre north, in degrees.
METRE = 1 / 111_320


def case(
    number: int, day: float, *, code: str = "E403", building: int | None = 1, north_m: float = 0
) -> PlacedCase:
    return PlacedCase(number, code, building, 120.0, 32.0 + north_m * METRE, JUNE + day * DAY)


def test_three_cases_of_a_category_in_a_building_within_thirty_days() -> None:
    cases = [case(1, -20), case(2, -5), case(3, 9.9), case(4, 3, code="E101"), case(5, 3, building=2)]
    assert find_repeats(cases, JUNE) == [RepeatPoint("E403", 1, 3, (1, 2, 3))]


def test_the_thirtieth_day_is_too_late() -> None:
    assert find_repeats([case(1, -20), case(2, -5), case(3, 10)], JUNE) == []


def test_what_ended_before_the_month_was_told_then() -> None:
    assert find_repeats([case(1, -20), case(2, -10), case(3, -0.1)], JUNE) == []


def test_the_fullest_thirty_days_count_and_not_the_last() -> None:
    days = (-25, -20, -10, 1, 2, 28)
    (point,) = find_repeats([case(number, day) for number, day in enumerate(days)], JUNE)
    assert (point.count, point.cases) == (5, (0, 1, 2, 3, 4))


def test_out_of_doors_a_spot_is_fifty_metres_round_a_case() -> None:
    near = [case(n, n, building=None, north_m=north) for n, north in enumerate((0, 30, 49))]
    assert [point.count for point in find_repeats(near, JUNE)] == [3]


def test_a_street_of_cases_is_not_one_spot() -> None:
    # Each within reach of the next: a chain of 240 m.
    street = [case(n, n, building=None, north_m=40.0 * n) for n in range(7)]
    assert max(point.count for point in find_repeats(street, JUNE)) == 3


def test_a_case_belongs_to_one_spot() -> None:
    places = (0, 10, 20, 70, 80, 90, 60)
    points = find_repeats([case(n, n, building=None, north_m=north) for n, north in enumerate(places)], JUNE)
    told = [number for point in points for number in point.cases]
    assert len(told) == len(set(told))


def test_a_case_without_a_place_is_at_none() -> None:
    nowhere = [PlacedCase(n, "E403", None, None, None, JUNE + n) for n in range(5)]
    assert find_repeats(nowhere, JUNE) == []
