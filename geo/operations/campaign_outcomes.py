"""What became of each campaign: its effect beside comparable places, and whether it is being lost again.

A campaign's own days belong to no time, before or after: it finds what it looks for. Its compounds are
followed week by week, its buildings are compared with those of compounds of the same kind that it did not
go to.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from geo.patterns.campaigns import Effect, compare_campaign
from geo.patterns.following import Cases, Flags, Floats, Ints, Moments
from geo.patterns.rebound import ReboundIndex, find_rebounds, measure_rebound
from geo.store.relapses import Campaign, WatchedBuilding

_CHINA: Final = ZoneInfo("Asia/Shanghai")
_WEEK: Final = np.timedelta64(7, "D")
_DAY: Final = np.timedelta64(1, "D")
_WEEKS_BEFORE: Final = 26
_WEEKS_AFTER: Final = 52
_EFFECT_DAYS: Final = 90
# The last weeks, where no rebound was named; and how many must be known for an index.
_WEEKS_NOW: Final = 4
_LEAST_WEEKS: Final = 8
# Weeks around each over which the town's season is smoothed.
_SEASON_WEEKS: Final = 5


@dataclass(frozen=True, slots=True)
class Rebound:
    """One compound after a campaign, or all of its ground together.

    Attributes:
        compound_id: None for all of its ground.
        weekly: cases of its categories in each week since.
        probability: that they are rising again, after the last week.
        named_on: the last day of the week in which that became sure; None where it did not.
        began_on: the first day of the likeliest week it began in; None where none was named.
        index: how much of what was won is lost: 0 at the floor, 1 back at the level before; None where it
            is not known, as where nothing was surely won.
        low, high: its interval.
    """

    compound_id: int | None
    weekly: tuple[int, ...]
    probability: float
    named_on: date | None
    began_on: date | None
    index: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class CampaignOutcome:
    """A campaign and what became of it.

    Attributes:
        buildings: how many it went to.
        effect: on the ninety days after, or those there were; None before the first day after.
        days: how many these are.
        unplaced: cases of its categories in that time that lie in no building, and so are not compared.
        rebounds: all of its ground first, then its compounds; none in the first week after.
    """

    id: int
    name: str
    category_codes: tuple[str, ...]
    starts_on: date
    ends_on: date
    buildings: int
    effect: Effect | None
    days: int
    unplaced: int
    rebounds: tuple[Rebound, ...]


def follow_campaigns(
    cases: Cases,
    building_ids: Ints,
    buildings: Sequence[WatchedBuilding],
    campaigns: Iterable[Campaign],
    begin: np.datetime64,
    end: np.datetime64,
) -> tuple[CampaignOutcome, ...]:
    """Return what became of campaigns, in their order.

    Args:
        cases: the cases of the community; a category is the number of its code, 403 of E403.
        building_ids: row ids of the buildings they are in, 0 for none.
        buildings: its buildings.
        campaigns: its campaigns.
        begin: the first moment the cases cover, UTC.
        end: the moment after the last.
    """
    ids = np.array([building.id for building in buildings], dtype=np.int64)
    at = np.searchsorted(ids, building_ids) if len(ids) else np.zeros(len(cases), dtype=np.int64)
    at = np.where(building_ids > 0, np.minimum(at, max(len(ids) - 1, 0)), -1)
    ground = _Ground(
        building=at,
        households=np.array([building.households for building in buildings], dtype=float),
        compound=np.array([building.compound_id for building in buildings], dtype=np.int64),
        kind=np.unique([building.kind for building in buildings], return_inverse=True)[1],
    )
    return tuple(_follow(cases, ids, ground, campaign, begin, end) for campaign in campaigns)


@dataclass(frozen=True, eq=False)
class _Ground:
    """The position of each case's building, -1 for none; and of each building what it is."""

    building: Ints
    households: Floats
    compound: Ints
    kind: Ints


def _follow(
    cases: Cases,
    ids: Ints,
    ground: _Ground,
    campaign: Campaign,
    begin: np.datetime64,
    end: np.datetime64,
) -> CampaignOutcome:
    codes = [int(code[1:]) for code in campaign.category_codes if code[1:].isdigit()]
    # A code of the first level stands for all below it.
    is_meant = np.isin(cases.category, codes) | np.isin(cases.category // 100, codes)
    starts, ends = _to_moment(campaign.starts_on), _to_moment(campaign.ends_on + timedelta(days=1))
    is_treated = np.isin(ids, list(campaign.buildings))
    days = int(min(_EFFECT_DAYS, max((end - ends) / _DAY, 0)))
    before_days = min(_WEEKS_BEFORE * 7.0, float((starts - begin) / _DAY))
    effect, unplaced = None, 0
    if days and before_days >= 7 and is_treated.any():
        spans = [_within(cases.reported_at, starts - np.timedelta64(int(before_days), "D"), starts),
                 _within(cases.reported_at, ends, ends + np.timedelta64(days, "D"))]  # fmt: skip
        before, after = (
            np.bincount(ground.building[is_meant & span & (ground.building >= 0)], minlength=len(ids))
            for span in spans
        )
        unplaced = int((is_meant & spans[1] & (ground.building < 0)).sum())
        effect = compare_campaign(
            before, after, ground.households, is_treated,
            before_days=float(int(before_days)), after_days=float(days), kind=ground.kind,
        )  # fmt: skip
    return CampaignOutcome(
        campaign.id,
        campaign.name,
        campaign.category_codes,
        campaign.starts_on,
        campaign.ends_on,
        len(campaign.buildings),
        effect,
        days,
        unplaced,
        _find_rebounds(cases, ground, is_meant, is_treated, (starts, ends), (begin, end)),
    )


def _find_rebounds(
    cases: Cases,
    ground: _Ground,
    is_meant: Flags,
    is_treated: Flags,
    campaign: tuple[np.datetime64, np.datetime64],
    covered: tuple[np.datetime64, np.datetime64],
) -> tuple[Rebound, ...]:
    """Return how the compounds of a campaign went on, and all of its ground together."""
    starts, ends = campaign
    weeks_before = min(_WEEKS_BEFORE, int((starts - covered[0]) / _WEEK))
    weeks = min(_WEEKS_AFTER, int((covered[1] - ends) / _WEEK))
    if weeks < 1 or weeks_before < 1 or not is_treated.any():
        return ()
    week_before = np.floor((cases.reported_at - starts) / _WEEK).astype(np.int64) + weeks_before
    week_after = np.floor((cases.reported_at - ends) / _WEEK).astype(np.int64)
    compounds, cell_of = np.unique(np.where(is_treated, ground.compound, -1), return_inverse=True)
    cell_of = np.where(is_treated, cell_of, -1)
    # Without a building the last, which is nowhere.
    cell = np.append(cell_of, -1)[ground.building]
    before = _count(cell, week_before, is_meant, len(compounds), weeks_before)
    after = _count(cell, week_after, is_meant, len(compounds), weeks)
    # Houses outside of compounds count in all of its ground alone.
    named = compounds > 0
    before, after = (np.vstack([counts.sum(axis=0), counts[named]]) for counts in (before, after))
    elsewhere = np.where(cell < 0, 0, -1)
    every = np.ones(len(cases), dtype=bool)
    season_before, season_after = _find_seasons(
        _count(elsewhere, week_before, every, 1, weeks_before)[0],
        _count(elsewhere, week_after, every, 1, weeks)[0],
    )
    # All the ground together is no cell among its parts: they would be counted twice.
    parts = find_rebounds(before[1:], after[1:], season_before=season_before, season_after=season_after)
    whole = find_rebounds(before[:1], after[:1], season_before=season_before, season_after=season_after)
    ids = [None, *(int(compound) for compound in compounds[named])]
    found = []
    for at, compound in enumerate(ids):
        rebounds, row = (whole, 0) if at == 0 else (parts, at - 1)
        named_in, began_in = int(rebounds.named_in[row]), int(rebounds.began_in[row])
        index = _measure(before[at], after[at], season_before, season_after, began_in)
        found.append(
            Rebound(
                compound_id=compound,
                weekly=tuple(after[at].tolist()),
                probability=float(rebounds.probability[row, -1]),
                named_on=_to_day(ends + (named_in + 1) * _WEEK) - timedelta(days=1)
                if named_in >= 0
                else None,
                began_on=_to_day(ends + began_in * _WEEK) if began_in >= 0 else None,
                index=float(index.index[0]) if index and index.is_known[0] else None,
                low=float(index.low[0]) if index and index.is_known[0] else None,
                high=float(index.high[0]) if index and index.is_known[0] else None,
            )
        )
    return tuple(found)


def _count(cell: Ints, week: Ints, is_counted: Flags, cells: int, weeks: int) -> Ints:
    """Return cells × weeks of counts."""
    kept = is_counted & (cell >= 0) & (week >= 0) & (week < weeks)
    counts = np.bincount(cell[kept] * weeks + week[kept], minlength=cells * weeks)
    return np.asarray(counts.reshape(cells, weeks))


def _find_seasons(before: Ints, after: Ints) -> tuple[Floats, Floats]:
    """Return how many times the usual the rest of the town reported in each week, smoothed."""
    counts = np.concatenate([before, after]).astype(float)
    if counts.sum() == 0:
        return np.ones(len(before)), np.ones(len(after))
    width = np.ones(_SEASON_WEEKS)
    smooth = np.convolve(counts, width, "same") / np.convolve(np.ones(len(counts)), width, "same")
    season = np.maximum(smooth / counts.mean(), 0.1)
    return season[: len(before)], season[len(before) :]


def _measure(
    before: Ints, after: Ints, season_before: Floats, season_after: Floats, began_in: int
) -> ReboundIndex | None:
    """Return the rebound index of a cell: since the rebound began, or else of the last weeks."""
    if len(after) < _LEAST_WEEKS:
        return None
    split = began_in if began_in >= 2 else len(after) - _WEEKS_NOW
    return measure_rebound(
        np.array([before.sum()]), float(season_before.sum()),
        np.array([after[:split].sum()]), float(season_after[:split].sum()),
        np.array([after[split:].sum()]), float(season_after[split:].sum()),
    )  # fmt: skip


def _within(moments: Moments, since: np.datetime64, until: np.datetime64) -> Flags:
    return (moments >= since) & (moments < until)


def _to_moment(day: date) -> np.datetime64:
    """Return when a day begins in China, in UTC."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=_CHINA)
    return np.datetime64(int(midnight.timestamp()) * 1_000_000, "us")


def _to_day(moment: np.datetime64) -> date:
    """Return the day in China that a moment in UTC lies in."""
    day: date = (moment + np.timedelta64(8, "h")).astype("datetime64[D]").item()
    return day
