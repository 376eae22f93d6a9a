"""What came back: found as planted, beside plain counting; and a million cases, beside geopandas.

Recall and precision are shares, the larger the better: a ratio above 1 means ours is better, as elsewhere.
The million cases are community D a hundred times, side by side, in the order of reporting.
"""

import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd

from etl.demo.community import build_community
from etl.demo.program import PROGRAMS
from etl.demo.town.terrain import lay_out_sites
from geo.patterns.following import Cases, Following, Ints
from geo.patterns.rebound import find_rebounds
from geo.patterns.relapse import (
    WITHIN_M,
    find_first_returns,
    find_returns,
    judge_returns,
    watch_closings,
)
from tests.planted import AS_OF, find_planted, number_places, to_cases
from tests.rebounds import Campaign, name_by_cusum, name_by_month, score, simulate

_SEEDS: Final = 20
_CELLS: Final = 400
_COPIES: Final = 100
# Geopandas joins all that is near, whenever it was, and needs a gigabyte for each hundred thousand.
_PEER_COPIES: Final = 10
_APART_M: Final = 10_000.0

Row = dict[str, object]


def run(_url: str) -> list[Row]:
    """Measure without the database."""
    return [*_find_planted(), *_find_rebounds(), *_time_millions()]


def _find_planted() -> list[Row]:
    rows: list[Row] = []
    for code in ("D", "Y"):
        findings = [find_planted(code, seed) for seed in range(1, _SEEDS + 1)]
        planted, named, found, counted = (
            sum(getattr(finding, column) for finding in findings)
            for column in ("planted", "named", "found", "counted")
        )
        counting = "every return within 30 days"
        rows += [
            _compare(f"planted relapses found, {code}", planted, found / planted, 0.95, "target"),
            _compare(f"precision of relapses, {code}", named, found / named, 0.9, "target"),
            _compare(f"precision of relapses, {code}", named, found / named, planted / counted, counting),
        ]
    return rows


def _find_rebounds() -> list[Row]:
    campaigns = [simulate(_CELLS, np.random.default_rng(seed)) for seed in range(_SEEDS)]
    peers: dict[str, Callable[[Campaign], Ints]] = {
        "CUSUM, told the levels": name_by_cusum,
        "+50 % month on month": name_by_month,
    }
    ours = np.mean([score(c, find_rebounds(c.before, c.after).named_in) for c in campaigns], axis=0)
    rows = []
    for at, name, target in ((0, "recall of rebounds", 0.85), (1, "precision of rebounds", 0.9)):
        rows.append(_compare(name, _CELLS * _SEEDS, float(ours[at]), target, "target"))
        for peer_name, peer in peers.items():
            theirs = float(np.mean([score(c, peer(c))[at] for c in campaigns]))
            rows.append(_compare(name, _CELLS * _SEEDS, float(ours[at]), theirs, peer_name))
    return rows


def _time_millions() -> list[Row]:
    community = to_cases(build_community(lay_out_sites(PROGRAMS["D"], 1, 1)[0], AS_OF))
    cases, fewer = _repeat(community, _COPIES), _repeat(community, _PEER_COPIES)
    ours_s = _time(partial(find_returns, fewer))
    peer_s = _time(partial(_join_with_geopandas, fewer))
    return [
        _compare("returns", len(fewer), ours_s, peer_s, "geopandas", unit="s"),
        _compare("returns", len(cases), _time(partial(find_returns, cases)), 1.0, "target", unit="s"),
        _compare(
            "returns told from chance", len(cases), _time(partial(_judge, cases)), 2.0, "target", unit="s"
        ),
    ]


def _judge(cases: Cases) -> None:
    begin, end = cases.reported_at[0], cases.reported_at[-1]
    following = Following(cases, WITHIN_M)
    pairs = find_first_returns(cases, following)
    watch = watch_closings(cases, pairs, begin=begin, end=end, following=following)
    everyday = np.zeros(len(watch.row), dtype=np.int64)
    judge_returns(watch, everyday, cases.category[watch.row], number_places(cases)[watch.row])


def _join_with_geopandas(cases: Cases) -> Any:
    points = gpd.GeoDataFrame(
        {
            "building": cases.building, "category": cases.category,
            "reported_at": cases.reported_at, "closed_at": cases.closed_at,
        },
        geometry=gpd.points_from_xy(cases.x_m, cases.y_m),
    )  # fmt: skip
    points = points[points["category"] >= 0]
    closed = points[points["closed_at"].notna()]
    near = gpd.sjoin(closed, points, predicate="dwithin", distance=50).reset_index(names="earlier")
    near = near.rename(columns={"index_right": "later"})[["earlier", "later"]]
    housed = closed[closed["building"] >= 0].reset_index(names="earlier")
    same = housed.merge(points.reset_index(names="later"), on=["building", "category"])
    found = pd.concat([near, same[["earlier", "later"]]]).drop_duplicates()
    before, again = points.loc[found["earlier"]], points.loc[found["later"]]
    gap = again["reported_at"].to_numpy() - before["closed_at"].to_numpy()
    came = (gap >= np.timedelta64(0)) & (gap < np.timedelta64(30, "D"))
    came &= before["category"].to_numpy() == again["category"].to_numpy()
    came &= found["earlier"].to_numpy() != found["later"].to_numpy()
    return found[came]


def _repeat(cases: Cases, copies: int) -> Cases:
    """Return a community so many times, far from each other."""
    number = np.repeat(np.arange(copies), len(cases))
    building = np.tile(cases.building, copies)
    whole = Cases(
        np.tile(cases.x_m, copies) + number % 10 * _APART_M,
        np.tile(cases.y_m, copies) + number // 10 * _APART_M,
        np.where(building >= 0, building + number * (cases.building.max() + 1), -1),
        np.tile(cases.category, copies),
        np.tile(cases.reported_at, copies),
        np.tile(cases.closed_at, copies),
    )
    order = np.argsort(whole.reported_at, kind="stable")
    return Cases(
        whole.x_m[order], whole.y_m[order], whole.building[order], whole.category[order],
        whole.reported_at[order], whole.closed_at[order],
    )  # fmt: skip


def _time(work: Callable[[], Any]) -> float:
    times = []
    for _ in range(3):
        started_s = time.perf_counter()
        work()
        times.append(time.perf_counter() - started_s)
    return statistics.median(times)


def _compare(name: str, n: int, ours: float, peer: float, peer_name: str, *, unit: str = "share") -> Row:
    ratio = peer / ours if unit == "s" else ours / peer
    return {
        "name": name,
        "n": n,
        "ours": ours,
        "peer": peer,
        "peer_name": peer_name,
        "ratio": ratio,
        "unit": unit,
    }
