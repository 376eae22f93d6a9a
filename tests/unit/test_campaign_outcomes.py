"""Campaigns followed week by week: each case in its week and its compound, none of their own days."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from geo.operations.campaign_outcomes import CampaignOutcome, follow_campaigns
from geo.patterns.following import Cases
from geo.store.relapses import Campaign, WatchedBuilding

CHINA = ZoneInfo("Asia/Shanghai")
BEGIN, END = "2025-01-01T00:00", "2025-12-31T00:00"
# Compound 1 has buildings 11 and 12, compound 2 has 21; 31 stands alone. All others were not gone to.
BUILDINGS = [
    *(WatchedBuilding(id_, str(id_), 0, 0, 20, compound, "old")
      for id_, compound in ((11, 1), (12, 1), (21, 2), (31, 0))),
    *(WatchedBuilding(id_, str(id_), 0, 0, 20, 9, "old") for id_ in range(100, 160)),
]  # fmt: skip
CLEAN_UP = Campaign(7, "整治", ("E403",), date(2025, 6, 2), date(2025, 6, 8), frozenset({11, 12, 21, 31}))

Row = tuple[str, int, int]


def to_moment(local: str) -> np.datetime64:
    at = datetime.fromisoformat(local).replace(tzinfo=CHINA)
    return np.datetime64(int(at.timestamp()) * 1_000_000, "us")


def follow(
    rows: list[Row], campaign: Campaign = CLEAN_UP, begin: str = BEGIN, end: str = END
) -> CampaignOutcome:
    """Follow a campaign over cases, each a moment in China, a building (0 for none) and a category."""
    size = len(rows)
    nowhere = np.full(size, np.nan)
    building_ids = np.array([row[1] for row in rows], dtype=np.int64)
    cases = Cases(
        x_m=nowhere, y_m=nowhere, building=building_ids,
        category=np.array([row[2] for row in rows], dtype=np.int64),
        reported_at=np.array([to_moment(row[0]) for row in rows], dtype="datetime64[us]"),
        closed_at=np.full(size, np.datetime64("NaT"), dtype="datetime64[us]"),
    )  # fmt: skip
    [outcome] = follow_campaigns(cases, building_ids, BUILDINGS, [campaign], to_moment(begin), to_moment(end))
    return outcome


def test_each_case_counts_in_its_week_by_the_days_of_china() -> None:
    rows = [
        ("2025-06-01T23:59", 11, 403),  # before
        ("2025-06-02T00:00", 11, 403),  # in the campaign, as long as it lasts
        ("2025-06-08T23:59", 12, 403),
        ("2025-06-09T00:00", 12, 403),  # the first week after
        ("2025-06-15T23:59", 21, 403),
        ("2025-06-16T00:00", 31, 403),  # the second; in no compound
        ("2025-06-16T00:00", 100, 403),  # elsewhere
        ("2025-06-16T00:00", 11, 404),  # of another category
    ]
    outcome = follow(rows, end="2025-06-30T00:00")
    whole, first, second = outcome.rebounds
    assert [rebound.compound_id for rebound in outcome.rebounds] == [None, 1, 2]
    assert (whole.weekly, first.weekly, second.weekly) == ((2, 1, 0), (1, 0, 0), (1, 0, 0))
    assert outcome.effect is not None
    assert (outcome.effect.before, outcome.effect.after, outcome.days) == (1, 3, 21)
    assert (outcome.effect.places, outcome.effect.peers) == (4, 60)


def test_a_group_stands_for_its_categories_and_what_lies_in_no_building_is_told() -> None:
    group = Campaign(7, "整治", ("E4",), CLEAN_UP.starts_on, CLEAN_UP.ends_on, CLEAN_UP.buildings)
    rows = [
        ("2025-06-10T09:00", 11, 401), ("2025-06-11T09:00", 0, 405), ("2025-06-11T09:00", 11, 1401)
    ]  # fmt: skip
    outcome = follow(rows, group)
    assert outcome.effect is not None
    assert (outcome.effect.after, outcome.unplaced) == (1, 1)


@pytest.mark.parametrize(
    ("begin", "end", "has_effect", "has_rebounds"),
    [
        (BEGIN, "2025-06-05T00:00", False, False),
        (BEGIN, "2025-06-10T00:00", True, False),
        (BEGIN, "2025-06-16T00:00", True, True),
        ("2025-06-01T00:00", END, False, False),
    ],
)
def test_what_is_not_known_yet_is_not_told(
    begin: str, end: str, has_effect: bool, has_rebounds: bool
) -> None:
    outcome = follow([("2025-06-09T09:00", 11, 403)], begin=begin, end=end)
    assert (outcome.effect is not None, bool(outcome.rebounds)) == (has_effect, has_rebounds)


def test_a_campaign_that_went_to_no_building_is_compared_with_nothing() -> None:
    nowhere = Campaign(7, "整治", ("E101",), CLEAN_UP.starts_on, CLEAN_UP.ends_on, frozenset())
    outcome = follow([("2025-06-09T09:00", 0, 101)], nowhere)
    assert (outcome.effect, outcome.rebounds, outcome.buildings) == (None, (), 0)


def test_a_rebound_is_named_on_a_day_and_measured_from_when_it_began() -> None:
    """Five a week before, none for ten weeks after, then five again; the town as ever."""
    start = datetime(2025, 1, 2, 12)  # noqa: DTZ001 - by the clock of China
    rows: list[Row] = []
    for day in range(362):
        at = start.fromordinal(start.toordinal() + day)
        local = f"{at:%Y-%m-%d}T12:00"
        rows += [(local, 100 + day % 60, 101)] * 4
        is_quiet = date(2025, 6, 2) <= at.date() < date(2025, 8, 18)
        if at.weekday() < 5 and not is_quiet:
            rows.append((local, 11, 403))
    outcome = follow(rows)
    whole, first, second = outcome.rebounds
    for rebound in (whole, first):
        assert rebound.weekly[:12] == (0,) * 10 + (5, 5)
        assert rebound.began_on == date(2025, 8, 18)
        assert rebound.named_on is not None
        assert date(2025, 8, 24) <= rebound.named_on <= date(2025, 8, 31)
        assert rebound.probability > 0.99
        assert rebound.index == pytest.approx(1, abs=0.15)
        assert rebound.low is not None
        assert rebound.low < 1 < (rebound.high or 0)
    assert (second.named_on, second.index, sum(second.weekly)) == (None, None, 0)
    assert outcome.effect is not None
    assert outcome.effect.naive < 0.5
