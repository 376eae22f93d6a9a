"""What to do first: the order is complete, explained, and never rewards a case for getting worse."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from geo.rules.ranking import Matter, Reason, rank_matters, weigh_reasons

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
SEVERITIES = ("low", "normal", "high", "urgent")
MONTH = timedelta(days=30)

# Hypothesis wants the bounds without the zone that it adds itself.
moments = st.datetimes(datetime(2026, 10, 1), datetime(2026, 12, 1), timezones=st.just(UTC))  # noqa: DTZ001
shares = st.floats(0, 10, allow_nan=False)


@st.composite
def matters(draw: st.DrawFn, number: int = 0) -> Matter:
    return Matter(
        id=number,
        category_code=draw(st.sampled_from(["E101", "E403", "E502", "E1102", "E1201"])),
        group_code=draw(st.sampled_from(["E1", "E4", "E5", "E11", "E12"])),
        severity=draw(st.sampled_from(SEVERITIES)),
        reported_at=draw(moments),
        due_at=draw(st.none() | moments),
        used_share=draw(st.none() | shares),
        relapses=draw(st.integers(0, 6)),
        returns=draw(st.integers(0, 6)),
        is_supervised=draw(st.booleans()),
        is_whistle_open=draw(st.booleans()),
        is_three_no=draw(st.booleans()),
        elderly_share=draw(st.none() | st.floats(0, 1)),
        same_place=draw(st.integers(0, 9)),
    )


@st.composite
def worse(draw: st.DrawFn, matter: Matter) -> Matter:
    """The same case made worse in one way or several."""
    changes = [
        {"category_code": "E403", "group_code": "E4"},
        {"severity": SEVERITIES[draw(st.integers(SEVERITIES.index(matter.severity), 3))]},
        {"used_share": (matter.used_share or 0) + draw(shares)},
        {"relapses": matter.relapses + draw(st.integers(0, 4))},
        {"returns": matter.returns + draw(st.integers(0, 4))},
        {"is_supervised": True},
        {"is_whistle_open": True},
        {"is_three_no": True},
        {"elderly_share": min(1.0, (matter.elderly_share or 0) + draw(st.floats(0, 1)))},
        {"same_place": matter.same_place + draw(st.integers(0, 4))},
        {"due_at": (matter.due_at or NOW + MONTH * 2) - draw(st.timedeltas(timedelta(0), MONTH))},
    ]
    chosen = draw(st.lists(st.sampled_from(changes), min_size=1, max_size=4))
    for change in chosen:
        matter = replace(matter, **change)  # type: ignore[arg-type] # one field or two of many kinds
    return matter


@given(st.data(), st.integers(1, 8))
def test_making_a_case_worse_never_ranks_it_lower(data: st.DataObject, count: int) -> None:
    before = [data.draw(matters(number)) for number in range(count)]
    worsened = data.draw(worse(before[0]))
    was = [ranked.matter.id for ranked in rank_matters(before)].index(0)
    now = [ranked.matter.id for ranked in rank_matters([worsened, *before[1:]])].index(0)
    assert now <= was


@given(st.data(), st.integers(0, 8))
def test_every_case_has_one_place_whatever_the_order_it_came_in(data: st.DataObject, count: int) -> None:
    some = [data.draw(matters(number)) for number in range(count)]
    ranked = rank_matters(some)
    assert sorted(r.matter.id for r in ranked) == list(range(count))
    assert ranked == rank_matters(some[::-1])
    assert rank_matters(some, most=3) == ranked[:3]


@given(matters())
def test_the_reasons_are_all_there_is_to_the_points(matter: Matter) -> None:
    [ranked] = rank_matters([matter])
    points = [p for _, p in ranked.reasons]
    assert abs(sum(points) - ranked.points) < 1e-9
    assert points == sorted(points, reverse=True)
    assert all(p > 0 for p in points)


def make(number: int = 1, **values: object) -> Matter:
    plain = {"category_code": "E101", "group_code": "E1", "severity": "normal", "reported_at": NOW}
    return Matter(id=number, **(plain | values))  # type: ignore[arg-type] # of many kinds


def test_a_case_at_its_due_time_is_not_over() -> None:
    assert weigh_reasons(make(used_share=1.0))[Reason.OVER] == 0
    assert weigh_reasons(make(used_share=1.0))[Reason.SOON_DUE] == 20
    assert weigh_reasons(make(used_share=1.0001))[Reason.OVER] > 28 - 1e-9
    assert weigh_reasons(make(used_share=1.0001))[Reason.SOON_DUE] == 0


def test_the_third_relapse_and_the_second_return_weigh_most() -> None:
    third, second = weigh_reasons(make(relapses=3)), weigh_reasons(make(relapses=2))
    assert third[Reason.RELAPSE] - second[Reason.RELAPSE] > second[Reason.RELAPSE] / 2
    returned = [weigh_reasons(make(returns=n))[Reason.BOUNCED] for n in range(5)]
    assert returned == [0, 3, 14, 20, 20]


def test_danger_goes_before_a_tidy_deadline() -> None:
    danger = make(1, category_code="E403", group_code="E4", severity="high", used_share=0.3)
    late = make(2, used_share=1.1)
    assert [r.matter.id for r in rank_matters([late, danger])] == [1, 2]


def test_of_equal_points_the_one_due_first_comes_first_and_one_without_limit_last() -> None:
    later = make(1, due_at=NOW + timedelta(hours=2))
    sooner = make(2, due_at=NOW + timedelta(hours=1))
    never = make(3)
    assert [r.matter.id for r in rank_matters([never, later, sooner])] == [2, 1, 3]
