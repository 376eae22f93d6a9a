"""The demo's year: what was planted is there, and nothing else looks like it."""

from collections import Counter
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from etl.demo.accounts import find_busiest
from etl.demo.community import Community, build_community
from etl.demo.program import PROGRAMS
from etl.demo.town.terrain import lay_out_sites
from etl.demo.year.clock import DAY_S, HOUR_S, WORKING_DAY_S, WorkingTime, find_midnight
from etl.demo.year.plants import REBOUND

AS_OF = date(2026, 3, 18)
END = find_midnight(AS_OF)


@lru_cache
def build(code: str) -> Community:
    return build_community(lay_out_sites(PROGRAMS[code], 1, 1)[0], AS_OF)


@pytest.fixture(params=["D", "Y"])
def community(request: pytest.FixtureRequest) -> Community:
    return build(request.param)


def instant(*parts: int) -> float:
    return datetime(*parts, tzinfo=ZoneInfo("Asia/Shanghai")).timestamp()  # type: ignore[arg-type, misc]


class TestWorkingTime:
    clock = WorkingTime(date(2026, 3, 2), date(2026, 3, 31))

    def add(self, start: float, seconds: float) -> float:
        return float(self.clock.locate(self.clock.measure(np.array([start])) + seconds)[0])

    def test_pauses_at_noon(self) -> None:
        assert self.add(instant(2026, 3, 4, 11, 30), HOUR_S) == instant(2026, 3, 4, 15, 0)

    def test_leaves_out_the_weekend(self) -> None:
        assert self.add(instant(2026, 3, 6, 17, 0), 2 * HOUR_S) == instant(2026, 3, 9, 9, 30)

    def test_begins_in_the_morning_with_what_came_at_night(self) -> None:
        assert self.add(instant(2026, 3, 4, 23, 10), HOUR_S) == instant(2026, 3, 5, 9, 30)

    def test_counts_a_working_day_as_seven_hours(self) -> None:
        assert self.add(instant(2026, 3, 4, 9, 0), WORKING_DAY_S) == instant(2026, 3, 5, 9, 0)


def test_history_covers_twelve_months_and_nothing_later(community: Community) -> None:
    history = community.history
    assert history.reports.at.min() >= find_midnight(AS_OF - timedelta(days=365))
    for instants in (history.reports.at, history.handling.events.at, history.visits.at):
        assert instants.max() < END
    program = community.town.site.program
    natural = (history.reports.plant < 0).sum()
    assert natural == program.incidents_per_year


def test_days_have_a_rhythm() -> None:
    history = build("D").history
    local_hour = ((history.reports.at + 8 * HOUR_S) % DAY_S // HOUR_S).astype(int)
    hours = np.bincount(local_hour, minlength=24)
    assert hours[9:12].sum() > 6 * hours[[2, 3, 4]].sum()
    noise = np.char.startswith(history.category.astype(str), "E7")
    at_night = (local_hour >= 20) | (local_hour < 7)
    assert at_night[noise].mean() > 2 * at_night[~noise].mean()
    walk_ins = history.reports.at[history.source == "walk_in"]
    weekday = ((walk_ins + 8 * HOUR_S) // DAY_S + 3) % 7
    days = Counter(weekday.astype(int).tolist())
    assert 20 * 52 <= days[1] <= 30 * 52
    assert days[6] < days[1] / 3


def test_events_tell_the_state(community: Community) -> None:
    handling = community.history.handling
    events = handling.events
    state: dict[int, str | None] = {}
    last: dict[int, float] = {}
    for incident, at, before, after in zip(
        events.incident.tolist(), events.at.tolist(), events.from_state, events.to_state, strict=True
    ):
        assert before == state.get(incident)
        assert at >= last.get(incident, 0)
        state[incident], last[incident] = after, at
    assert [state[i] for i in range(len(handling.state))] == handling.state.tolist()


def test_most_cases_are_handled_in_time_but_not_all(community: Community) -> None:
    handling = community.history.handling
    judged = np.isfinite(handling.due_at) & np.isfinite(handling.handled_at)
    assert 0.82 < (handling.handled_at <= handling.due_at)[judged].mean() < 0.96
    is_open = ~np.isin(handling.state.astype(str), ("closed", "rated", "voided", "rejected"))
    assert 3 <= is_open.sum() < 0.03 * len(is_open)


def test_hotspots_are_hot(community: Community) -> None:
    history = community.history
    assert len(history.plants.hotspots) == 4
    for spot in history.plants.hotspots:
        near = np.hypot(history.x - spot.x, history.y - spot.y) <= spot.radius_m
        recent = history.reports.at >= END - spot.days * DAY_S
        here = (near & recent & (history.category == spot.code)).sum()
        assert here >= spot.planted
        assert here > 4 * spot.expected


def test_relapses_return_within_a_month_and_fifty_metres(community: Community) -> None:
    history = community.history
    row = {number: i for i, number in enumerate(history.external_id)}
    assert len(community.truth.relapses) >= 5
    for pair in community.truth.relapses:
        first, again = row[pair["closed"]], row[pair["returned"]]
        assert history.category[first] == history.category[again] == pair["category"]
        assert 0 < pair["days"] <= 30
        assert pair["distance_m"] <= 50
        campaign = history.plants.campaigns[history.campaign[first]]
        assert campaign.code == pair["campaign"]
        assert find_midnight(campaign.starts_on) <= history.handling.closed_at[first]
        assert history.handling.closed_at[first] < find_midnight(campaign.ends_on) + DAY_S
        assert history.campaign[again] == -1


def test_a_rebound_makes_no_case_look_like_the_return_of_another() -> None:
    history = build("D").history
    (rebound,) = build("D").truth.rebounds
    assert rebound["campaign"] == history.plants.campaigns[0].code
    rows = np.flatnonzero(history.reports.plant == REBOUND)
    at, closed = history.reports.at[rows], history.handling.closed_at[rows]
    since = find_midnight(date.fromisoformat(rebound["since"]))
    assert (at >= since).sum() >= 12
    assert (at < find_midnight(history.plants.campaigns[0].starts_on)).sum() >= 24
    for i, row in enumerate(rows):
        gap = at - closed[i]
        near = np.hypot(history.x[rows] - history.x[row], history.y[rows] - history.y[row]) <= 50
        near |= (history.building[rows] == history.building[row]) & (history.building[row] >= 0)
        assert not (near & (gap > 0) & (gap <= 30 * DAY_S)).any()


def test_a_small_community_has_no_room_for_a_rebound() -> None:
    assert build("Y").truth.rebounds == []
    assert not (build("Y").history.reports.plant == REBOUND).any()


def test_clean_up_cases_come_back_only_where_planted(community: Community) -> None:
    history = community.history
    planted = {(pair["closed"], pair["returned"]) for pair in community.truth.relapses}
    found = set()
    for i in np.flatnonzero(history.campaign >= 0):
        gap = history.reports.at - history.handling.closed_at[i]
        near = np.hypot(history.x - history.x[i], history.y - history.y[i]) <= 50
        near |= (history.building == history.building[i]) & (history.building >= 0)
        again = near & (gap > 0) & (gap <= 30 * DAY_S) & (history.category == history.category[i])
        found |= {(history.external_id[i], history.external_id[j]) for j in np.flatnonzero(again)}
    assert found == planted


def test_only_the_planted_cases_bounce_twice(community: Community) -> None:
    history = community.history
    events = history.handling.events
    returned = events.to_state == "returned"
    assert all(events.reason[returned])
    counts = np.bincount(events.incident[returned], minlength=len(history.reports))
    bounced = {history.external_id[i] for i in np.flatnonzero(counts >= 2)}
    assert bounced == {case["incident"] for case in community.truth.bounced}
    assert len(bounced) == 5
    assert (counts == 1).sum() > 10


@pytest.mark.parametrize("window_days", [60, 90, 365])
def test_only_the_planted_buildings_are_silent(community: Community, window_days: int) -> None:
    history, town = community.history, community.town
    since = END - window_days * DAY_S
    heard = set(history.building[history.reports.at >= since].tolist())
    heard |= set(history.visits.building[history.visits.at >= since].tolist())
    silent = {b.code for i, b in enumerate(town.buildings) if i not in heard}
    assert silent == set(community.truth.silent_buildings)


def test_nothing_happens_beside_a_silent_building(community: Community) -> None:
    history, town = community.history, community.town
    loose = np.flatnonzero(history.building < 0)
    for i, building in enumerate(town.buildings):
        if i in community.silent:
            centre = building.footprint.centroid
            assert np.hypot(history.x[loose] - centre.x, history.y[loose] - centre.y).min() > 30


def test_plants_keep_apart(community: Community) -> None:
    truth = community.truth
    plants = [truth.uncovered_buildings, truth.unheld_buildings, truth.silent_buildings]
    assert all(plants)
    assert sum(map(len, plants)) == len(set().union(*plants))


def test_sensitive_cases_are_rare_and_marked() -> None:
    history = build("D").history
    sealed = np.isin(history.category.astype(str), ("E905", "E1105"))
    assert 0 < sealed.sum() < 20
    assert set(history.sensitivity[sealed]) == {"S3"}
    assert not any("栋" in title for title in history.title[history.sensitivity == "S3"])


@pytest.fixture(scope="module")
def busy() -> Community:
    """Community D on a Sunday, when little comes in."""
    return build_community(lay_out_sites(PROGRAMS["D"], 1, 1)[0], date(2026, 11, 22))


def test_accounts_are_of_those_with_the_most_to_do(busy: Community) -> None:
    handling, people = busy.history.handling, busy.people
    waiting = Counter(
        people.parties[party].code
        for party, state in zip(handling.party, handling.state, strict=True)
        if state in {"dispatched", "handling"}
    )
    for parties in (people.company_of.values(), people.staff):
        found = [party.code for party in find_busiest(busy, parties)]
        assert sorted(found) == sorted({people.parties[i].code for i in parties})
        assert [waiting[code] for code in found] == sorted((waiting[code] for code in found), reverse=True)
        assert min(waiting[code] for code in found[:2]) > 0


def test_two_companies_have_a_handful_to_do_and_some_of_it_late(busy: Community) -> None:
    handling, people = busy.history.handling, busy.people
    now = instant(2026, 11, 22, 8)
    in_hand = np.isin(handling.state.astype(str), ("dispatched", "handling"))
    for company in find_busiest(busy, people.company_of.values())[:2]:
        cases = in_hand & (handling.party == people.parties.index(company))
        assert 3 <= cases.sum() <= 12
        assert 1 <= (handling.due_at[cases] < now).sum() < cases.sum()
