"""How many of the relapses planted in a demo community are found, and how much else is taken for one."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from etl.demo.community import Community, build_community
from etl.demo.program import PROGRAMS
from etl.demo.town.terrain import lay_out_sites
from etl.demo.year.clock import DAY_S, find_midnight
from etl.demo.year.incidents import YEAR_DAYS
from geo.patterns.following import Cases, Floats
from geo.patterns.relapse import LIKELY, find_returns, judge_returns, watch_closings

AS_OF = date(2026, 6, 1)
# Streets have no building: there a place is a square.
_SQUARE_M = 100.0


@dataclass(frozen=True)
class Finding:
    """Counts of closed cases: planted to relapse, called a relapse, both; what plain counting names."""

    planted: int
    named: int
    found: int
    counted: int


def to_cases(community: Community) -> Cases:
    """Return a demo community's cases; care and enquiries have no category to come back in."""
    history = community.history
    codes, category = np.unique(history.category.astype(str), return_inverse=True)
    asked = np.array([code[:3] in ("E10", "E12") and len(code) == 5 for code in codes])
    return Cases(
        history.x, history.y, history.building, np.where(asked[category], -1, category).astype(np.int64),
        _to_moments(history.reports.at), _to_moments(history.handling.closed_at),
    )  # fmt: skip


def number_places(cases: Cases) -> np.ndarray:
    """Return the number of each case's building, or else of its square."""
    across, along = (np.floor(metres / _SQUARE_M).astype(np.int64) for metres in (cases.x_m, cases.y_m))
    square = (across - across.min()) * 10_000 + along - along.min()
    return np.where(cases.building >= 0, cases.building, cases.building.max() + 1 + square)


def find_planted(code: str, seed: int) -> Finding:
    """Look for what was planted in a demo community."""
    community = build_community(lay_out_sites(PROGRAMS[code], 1, seed)[0], AS_OF)
    cases = to_cases(community)
    end = find_midnight(AS_OF)
    begin, end_at = _to_moments(np.array([end - YEAR_DAYS * DAY_S, end]))
    watch = watch_closings(cases, find_returns(cases), begin=begin, end=end_at)
    campaign = community.history.campaign[watch.row]
    probability = judge_returns(
        watch, (campaign >= 0).astype(np.int64),
        np.where(campaign >= 0, campaign, cases.category[watch.row]), number_places(cases)[watch.row],
    )  # fmt: skip
    numbers = community.history.external_id.astype(str)
    named = set(numbers[watch.row[probability >= LIKELY]])
    planted = {pair["closed"] for pair in community.truth.relapses}
    return Finding(len(planted), len(named), len(planted & named), int(watch.has_returned.sum()))


def _to_moments(seconds: Floats) -> np.ndarray:
    moments = np.full(len(seconds), np.datetime64("NaT", "us"))
    known = ~np.isnan(seconds)
    moments[known] = (seconds[known] * 1e6).astype(np.int64).astype("datetime64[us]")
    return moments
