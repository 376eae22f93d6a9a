"""Each indicator counted by hand, beside the case that the field's usual mistake counts wrongly."""

import itertools
from collections.abc import Iterator
from contextlib import closing

import psycopg2
import pytest

from geo.cluster import Cluster
from geo.model.indicator import Level
from geo.operations.indicators import list_indicator_cases, measure
from geo.settings import get_settings
from tests.conftest import clone_database
from tests.indicator_town import AFTER, NOVEMBER, IndicatorTown, at, found_indicator_town, month, spot
from tests.town import START

_codes = itertools.count(1)


@pytest.fixture(scope="module")
def url(cluster: Cluster, migrated_template: str) -> Iterator[str]:
    with clone_database(cluster, migrated_template) as url, pytest.MonkeyPatch.context() as environment:
        environment.setenv("WANGGE_DATABASE_URL", url)
        get_settings.cache_clear()
        yield url
    get_settings.cache_clear()


@pytest.fixture
def town(url: str) -> Iterator[IndicatorTown]:
    """A community of its own for each test, in one database."""
    with closing(psycopg2.connect(url)) as connection:
        yield found_indicator_town(connection, f"A{next(_codes)}")


def test_handled_early_counts_and_late_is_not_on_time(town: IndicatorTown) -> None:
    """The field leaves out what was handled before the period, and calls late work handled on time."""
    early = town.case("09-20 09:00", due_at="10-03 18:00", handled_at="09-28 10:00", state="verifying")
    late = town.case("10-01 09:00", due_at="10-05 18:00", handled_at="10-06 09:00", state="verifying")
    never = town.case("10-02 09:00", due_at="10-05 18:00", state="handling")
    ahead = town.case("10-30 09:00", due_at="11-05 18:00", handled_at="10-31 09:00", state="verifying")
    town.case("10-30 09:00", due_at="11-05 18:00", state="handling")
    assert town.tell("handle_rate") == (3, 4)
    assert town.tell("on_time_rate") == (2, 4)
    assert town.tell("overdue_open_rate") == (1, 4)
    assert town.list("handle_rate") == [early, late, ahead]
    assert town.list("handle_rate", "rest") == [never]
    assert town.list("overdue_open_rate") == [never]


def test_handled_after_the_period_was_not_handled_in_it(town: IndicatorTown) -> None:
    town.case("10-20 09:00", due_at="10-30 18:00", handled_at="11-02 09:00", state="verifying")
    assert town.tell("handle_rate") == (0, 1)
    assert town.tell("overdue_open_rate") == (1, 1)
    assert town.tell("handle_rate", NOVEMBER) == (1, 1)
    assert town.tell("on_time_rate", NOVEMBER) == (0, 1)


def test_what_is_not_due_yet_is_not_missed_yet(town: IndicatorTown) -> None:
    """A month that is not over ends now; what is due at this very moment is still in time."""
    town.case("10-01 09:00", due_at="10-10 12:00", state="handling")
    assert town.tell("handle_rate", now=at("10-10 12:00")) == (0, 0)
    assert town.tell("handle_rate", now=at("10-10 12:01")) == (0, 1)
    assert town.tell("overdue_open_cases", now=at("10-10 12:00"))[0] == 0
    assert town.tell("overdue_open_cases", now=at("10-10 12:01"))[0] == 1


def test_what_was_void_or_refused_was_no_case(town: IndicatorTown) -> None:
    for state in ("voided", "rejected"):
        town.case("10-01 09:00", due_at="10-05 18:00", state=state)
    town.case("10-01 09:00", due_at="10-05 18:00", handled_at="10-02 09:00", state="verifying")
    assert town.tell("handle_rate") == (1, 1)
    assert town.tell("open_cases")[0] == 1
    assert town.tell("reported_cases")[0] == 1
    assert town.tell("incidents_per_10k") == (1, 500)
    assert town.tell("valid_report_rate") == (1, 3)


def test_an_extension_moves_the_due_time_and_both_rates_are_told(town: IndicatorTown) -> None:
    extended = ("extended", "10-04 10:00")
    case = town.case(
        "10-01 09:00", extended, original_due_at="10-05 18:00", due_at="10-20 18:00",
        handled_at="10-15 09:00", state="verifying",
    )  # fmt: skip
    assert town.tell("on_time_rate") == (1, 1)
    assert town.tell("on_time_original_rate") == (0, 1)
    assert town.tell("extension_rate") == (1, 1)
    assert town.list("extension_rate") == [case]


def test_a_first_due_time_counts_in_its_own_month(town: IndicatorTown) -> None:
    town.case(
        "10-01 09:00", ("extended", "10-04 10:00"), original_due_at="10-05 18:00", due_at="11-20 18:00",
        state="handling",
    )  # fmt: skip
    assert town.tell("on_time_rate") == (0, 0)
    assert town.tell("on_time_original_rate") == (0, 1)


def test_a_suspended_case_is_overdue_only_if_it_was_before(town: IndicatorTown) -> None:
    """Otherwise whoever suspends what is late would have a better month."""
    was_late = town.case(
        "10-01 09:00", ("handling", "10-02 09:00"), ("suspended", "10-08 09:00", {"from_state": "handling"}),
        ("suspended", "10-20 09:00", {"from_state": "suspended"}), due_at="10-05 18:00", state="suspended",
    )  # fmt: skip
    town.case(
        "10-01 09:00", ("suspended", "10-03 09:00", {"from_state": "handling"}), due_at="10-05 18:00",
        state="suspended",
    )  # fmt: skip
    assert town.tell("overdue_open_rate") == (1, 1)
    assert town.list("overdue_open_cases") == [was_late]
    assert town.tell("open_cases")[0] == 2


def test_without_a_limit_nothing_is_late(town: IndicatorTown) -> None:
    town.case("10-01 09:00", handled_at="10-09 09:00", state="verifying")
    assert town.tell("on_time_rate") == (1, 1)


def test_closing_is_its_own_rate_and_reopened_is_not_closed(town: IndicatorTown) -> None:
    closed = {"due_at": "10-05 18:00", "handled_at": "10-04 09:00"}
    town.case("10-01 09:00", closed_at="10-05 09:00", state="closed", **closed)
    town.case("10-01 09:00", closed_at="10-06 09:00", state="rated", **closed)
    town.case("10-01 09:00", state="verifying", **closed)
    again = (("closed", "10-05 09:00"), ("dispatched", "10-07 09:00", {"kind": "reopened"}))
    reopened = town.case("10-01 09:00", *again, due_at="10-20 18:00", state="dispatched")
    assert town.tell("closure_rate") == (2, 4)
    assert town.tell("on_time_closure_rate") == (1, 4)
    assert town.tell("closed_cases")[0] == 2
    assert town.tell("handle_rate") == (3, 4)
    assert reopened in town.list("closure_rate", "rest")
    assert reopened in town.list("open_cases")


def test_work_sent_back_counts_once_however_often(town: IndicatorTown) -> None:
    rework = [
        ("rework", "10-03 09:00", {"to_state": "handling"}),
        ("rework", "10-04 09:00", {"to_state": "handling"}),
    ]
    twice = town.case(
        "10-01 09:00", *rework, due_at="10-05 18:00", handled_at="10-05 09:00", state="verifying"
    )
    town.case("10-01 09:00", due_at="10-05 18:00", handled_at="10-05 09:00", state="verifying")
    town.case("10-01 09:00", ("rework", "11-02 09:00"), due_at="10-06 18:00", state="handling")
    assert town.tell("rework_rate") == (1, 3), "of the third nobody knew in October"
    assert town.list("rework_rate") == [twice]


def test_bounces_are_counted_by_case_and_by_return(town: IndicatorTown) -> None:
    """The field counts a case that came back three times as three wrong dispatches."""
    bounced = town.case(
        "10-01 09:00", ("dispatched", "10-01 10:00"), ("returned", "10-01 11:00"),
        ("dispatched", "10-01 12:00"), ("returned", "10-02 11:00"), ("dispatched", "10-02 12:00"),
        ("returned", "11-01 09:00"), state="returned",
    )  # fmt: skip
    town.case("10-01 09:00", ("dispatched", "10-01 10:00"), state="dispatched")
    town.case("09-30 09:00", ("dispatched", "09-30 10:00"), ("dispatched", "10-01 10:00"), state="dispatched")
    waiting = town.case("10-03 09:00", ("registered", "10-03 10:00"), state="registered")
    assert town.tell("bounce_rate") == (1, 2)
    assert town.tell("accurate_dispatch_rate") == (1, 3)
    assert town.list("accurate_dispatch_rate", "rest") == [bounced, waiting]
    assert town.tell("bounces")[0] == 2
    assert town.tell("bounces", NOVEMBER)[0] == 1
    assert town.tell("bounce_rate", NOVEMBER) == (0, 0)


def test_the_median_response_is_not_the_mean_and_nights_are_not_work(town: IndicatorTown) -> None:
    """From 17:30 on Friday to 09:00 on Monday is one hour at work."""
    town.case("10-16 17:30", first_response_at="10-19 09:00", state="handling")
    town.case("10-19 09:00", first_response_at="10-19 09:30", state="handling")
    town.case("10-19 09:00", first_response_at="10-23 18:00", state="handling")
    # The first week of October is off, Saturday the 10th is worked: 1 + 7 + 7 + 2 hours.
    town.case("09-30 17:00", first_response_at="10-10 10:30", state="handling")
    town.case("10-20 09:00", state="reported")
    # Of 0.5, 1, 17 and 34.5 hours; the mean is 13.25.
    assert town.value("first_response_p50").amount == pytest.approx((1 + 17) / 2)
    assert town.value("first_response_p90").amount == pytest.approx(17 + 0.7 * 17.5)
    assert town.value("first_response_p50").n == 4
    assert town.value("first_response_p50").is_small


def test_a_mean_is_drawn_by_one_and_a_clock_that_stands_does_not_count(town: IndicatorTown) -> None:
    for _ in range(3):
        town.case("10-19 09:00", handled_at="10-19 10:00", state="verifying")
    town.case(
        "10-19 09:00", ("suspended", "10-19 10:00", {"from_state": "handling"}),
        ("handling", "10-22 10:00", {"from_state": "suspended"}), handled_at="10-23 10:00", state="verifying",
    )  # fmt: skip
    assert town.value("avg_handle_time").amount == pytest.approx((1 + 1 + 1 + 8) / 4)
    assert town.value("handle_time_p50").amount == pytest.approx(1)


def test_what_comes_back_is_asked_of_the_closings_of_the_period(town: IndicatorTown) -> None:
    """The field divides the returns of a month by its reports; here each closing is followed for its days."""
    closing = {"handled_at": "10-05 10:00", "closed_at": "10-05 10:00", "state": "closed"}
    back = town.case("10-01 09:00", **closing)
    town.case("10-01 09:00", category_code="E102", **closing)
    town.case("10-01 09:00", category_code="E1201", **closing)
    outside = town.case("10-01 09:00", building_id=None, geom=spot(300, 300), category_code="E301", **closing)
    town.case("11-04 09:59", state="reported")
    town.case("11-01 09:00", category_code="E102", building_id=town.buildings[1], state="reported")
    town.case("10-06 09:00", category_code="E1201", state="reported")
    town.case("10-06 09:00", building_id=None, geom=spot(340, 300), category_code="E301", state="reported")
    assert town.tell("relapse_rate") == (2, 3)
    assert town.list("relapse_rate") == [back, outside]
    assert town.tell("relapse_rate", NOVEMBER) == (0, 0)


def test_after_thirty_days_or_before_closing_it_is_another_matter(town: IndicatorTown) -> None:
    parent = town.case("10-01 09:00", handled_at="10-05 10:00", closed_at="10-05 10:00", state="closed")
    town.case("10-05 09:59", state="reported")
    town.case("11-04 10:00", state="reported")
    assert town.tell("relapse_rate") == (0, 1)
    town.case("10-20 10:00", state="reported", building_id=town.buildings[1], parent_id=parent)
    assert town.tell("relapse_rate") == (1, 1), "somebody has said that it is"


def test_points_reported_again_are_places_not_cases(town: IndicatorTown) -> None:
    for day in (25, 26, 27, 28, 29):
        town.case(f"09-{day} 09:00", state="reported")
    last = town.case("10-02 09:00", state="reported")
    town.case("10-02 10:00", category_code="E102", state="reported")
    assert town.tell("repeat_points")[0] == 1
    assert town.tell("stubborn_points")[0] == 1
    assert town.tell("repeat_points", NOVEMBER)[0] == 0
    assert last in town.list("stubborn_points")
    assert len(town.list("repeat_points")) == 6
    assert town.tell("repeat_points", level="category", key="E1")[0] == 1


def test_a_call_that_reached_nobody_is_asked_of_the_case(town: IndicatorTown) -> None:
    closing = {"handled_at": "10-05 09:00", "closed_at": "10-05 10:00"}
    missed = ("called_back", "10-06 09:00"), ("called_back", "10-07 09:00"), ("called_back", "10-08 09:00")
    reached = town.case("10-01 09:00", *missed, ("rated", "10-09 09:00", {"rating": 4}), state="rated",
                        outcome="resolved", **closing)  # fmt: skip
    town.case("10-01 09:00", *missed, state="closed", outcome="resolved", **closing)
    town.case(
        "10-01 09:00",
        ("rated", "10-09 09:00", {"rating": 2}),
        state="rated",
        outcome="partly_resolved",
        **closing,
    )
    town.case("10-01 09:00", state="closed", outcome="resolved", **closing)
    town.case("10-01 09:00", source="patrol", state="closed", outcome="resolved", **closing)
    assert town.tell("contact_rate") == (2, 3)
    assert town.tell("resolved_rate") == (1, 2)
    assert town.tell("satisfaction_rate") == (1, 2)
    assert town.tell("callback_rate") == (3, 4)
    assert town.list("satisfaction_rate") == [reached]


def test_of_two_ratings_the_last_of_the_period_counts(town: IndicatorTown) -> None:
    town.case(
        "10-01 09:00", ("rated", "10-09 09:00", {"rating": 1}), ("rated", "10-20 09:00", {"rating": 5}),
        ("rated", "11-20 09:00", {"rating": 2}), handled_at="11-19 09:00", closed_at="11-19 10:00",
        state="rated",
    )  # fmt: skip
    assert town.tell("satisfaction_rate") == (1, 1)
    assert town.tell("satisfaction_rate", NOVEMBER) == (0, 1)


def test_patrols_find_and_people_report(town: IndicatorTown) -> None:
    town.case("10-01 09:00", source="patrol", state="reported")
    town.case("10-01 09:00", source="patrol", state="voided")
    town.case("10-01 09:00", state="reported")
    assert town.tell("proactive_rate") == (1, 2)


def test_each_whistle_asks_for_its_own_department(town: IndicatorTown) -> None:
    called = {"to_party_id": town.parties[0]}
    town.case(
        "10-01 09:00", ("whistled", "10-02 09:00", called), ("arrived", "10-03 09:00", called),
        ("whistled", "10-05 09:00", called), ("whistled", "10-06 09:00", {"to_party_id": town.parties[1]}),
        ("arrived", "10-07 09:00", {"to_party_id": town.parties[1]}), ("arrived", "11-01 09:00", called),
        state="handling",
    )  # fmt: skip
    assert town.tell("whistle_response_rate") == (2, 3)
    assert town.tell("whistle_response_rate", level="party", key=town.parties[0]) == (1, 2)


def test_months_are_chinas(town: IndicatorTown) -> None:
    """At 20:00 in London on the last day it is the first already."""
    town.case("10-31 23:59", state="reported")
    town.case("11-01 00:00", state="reported")
    assert town.tell("reported_cases")[0] == 1
    assert town.tell("reported_cases", NOVEMBER)[0] == 1
    assert town.tell("reported_cases", month("2026-W44"))[0] == 2
    assert town.tell("reported_cases", month("2026-10-31"))[0] == 1
    assert town.tell("reported_cases", month("2026-Q4"))[0] == 2


def test_places_parties_and_categories_have_their_own(town: IndicatorTown) -> None:
    done = {"due_at": "10-05 18:00", "handled_at": "10-04 09:00", "state": "verifying"}
    town.case("10-01 09:00", **done)
    town.case("10-01 09:00", category_code="E402", **done | {"handled_at": None, "state": "handling"})
    # Of a case in a building the grid is the building's, whatever was written down.
    town.case(
        "10-01 09:00", building_id=town.buildings[1], grid_id=town.grids[0], party_id=town.parties[1], **done
    )
    town.case("10-01 09:00", building_id=None, grid_id=town.grids[1], party_id=None, **done)

    def asked(level: Level, key: object) -> tuple[float, float]:
        return town.tell("handle_rate", level=level, key=key)

    assert asked("grid", town.grids[0]) == (1, 2)
    assert asked("grid", town.grids[1]) == (2, 2)
    assert asked("compound", town.compounds[0]) == (1, 2)
    assert asked("zone", town.zones[1]) == (1, 1)
    assert asked("party", town.parties[1]) == (1, 1)
    assert asked("category", "E1") == asked("category", "E101") == (3, 3)
    assert asked("category", "E4") == asked("category", "E402") == (0, 1)
    assert asked("category", "E2") == (0, 0)
    assert town.tell("incidents_per_10k", level="grid", key=town.grids[1]) == (2, 200)


def test_a_load_is_told_against_the_median_of_those_who_work(town: IndicatorTown) -> None:
    """Raw counts rank those who write everything down; who has gone is nobody to be compared with."""
    plan = town.town.plan(kind="volunteer")
    town.town.zone(plan, "V", town.buildings[0], lead=town.town.party("V1", "volunteer"))
    first, second, gone = (town.town.party(code) for code in ("W1", "W2", "W3"))
    for zone, lead in ((town.zones[0], first), (town.zones[1], second)):
        town.town.add(
            "zone_party", plan_id=town.plan, zone_id=zone, party_id=lead, role="lead", valid_from=START
        )
    town.town.add("chat_group", code="C1", name="甲群", compound_id=town.compounds[0])
    town.town.add("chat_group", code="C2", name="乙群", building_id=town.buildings[1])
    for _ in range(3):
        town.case("10-01 09:00", party_id=first, state="handling")
    town.case("10-01 09:00", party_id=first, state="voided")
    town.case("10-01 09:00", party_id=second, state="handling")
    town.case("10-01 09:00", party_id=gone, state="handling")
    # In the week in which October ends each owes a look at his building; the second has been there, in the
    # week before the first had. Of 3 cases and 1 the median is 2, of a look owed and none 1/2, of a group 1.
    town.town.add(
        "visit", kind="patrol", at=at("10-28 09:00"), building_id=town.buildings[1], outcome="checked"
    )
    for late in ("10-23 09:00", "11-02 09:00"):
        town.town.add("visit", kind="patrol", at=at(late), building_id=town.buildings[0], outcome="checked")
    most, least = (3 / 2 + 1 / 0.5 + 1) / 3, (1 / 2 + 0 + 1) / 3
    assert town.value("load_index", level="party", key=first).amount == pytest.approx(most)
    assert town.value("load_index", level="party", key=second).amount == pytest.approx(least)
    assert town.value("load_index").amount == pytest.approx(most)
    assert town.value("load_index").n == 2
    told = measure(town.id, [month("2026-10")], level="party", ids=["load_index"], now=AFTER)
    assert str(gone) not in told.names
    opened = list_indicator_cases(
        town.id, "load_index", month("2026-10"), level="party", key=str(first), now=AFTER
    )
    assert len(opened) == 3
