"""What is planted in demo communities D and Y with twenty seeds each, found by the product from its database.

The list of the year is told as well: it is asked for all categories at once and knows nothing of when spots
were hot; what else it has is what the demo makes uneven besides, such as the fumes of restaurants.

Shares, the larger the better, beside the target and beside what plain counting finds in the same data; so a
ratio above 1 means ours is better, as elsewhere. Nothing here depends on the speed of the machine.
"""

import os
from typing import Final

import numpy as np

from etl.demo.load import load_demo
from geo.operations.heat_forecast import LAND_SHARE, Trial, sum_trials
from geo.settings import get_settings
from tests.truth import AS_OF, Demo, Truth

_SEEDS: Final = range(1, 21)
_QUIET_RUNS: Final = 8

Row = dict[str, object]


def run(url: str) -> list[Row]:
    """Measure on a migrated, empty database."""
    os.environ["WANGGE_DATABASE_URL"] = url
    get_settings.cache_clear()
    rows: list[Row] = []
    trials: list[Trial | None] = []
    runs = alarms = 0
    for code in ("D", "Y"):
        truth = Truth()
        for seed in _SEEDS:
            demo = Demo(url, load_demo(url, community=code, seed=seed, as_of=AS_OF))
            truth += demo.find_truth()
            trials.append(demo.try_forecasts())
            alarms += demo.count_false_alarms(_QUIET_RUNS, np.random.default_rng([seed, len(trials)]))
            runs += _QUIET_RUNS
        rows += _tell(code, truth)
    trial = sum_trials(trials)
    assert trial is not None
    return [
        *rows,
        _compare("runs with nothing planted that stay quiet", runs, 1 - alarms / runs, 0.95, "target"),
        _compare("next four weeks caught", trial.came, trial.ours.hit_rate, trial.smooth.hit_rate, _SMOOTH),
        _compare(
            "predictive accuracy index", trial.came, trial.ours.accuracy_index,
            trial.smooth.accuracy_index, _SMOOTH, unit="times",
        ),
    ]  # fmt: skip


_SMOOTH: Final = f"smooth density, {LAND_SHARE:.0%} of the land"


def _tell(code: str, truth: Truth) -> list[Row]:
    def share(part: int, whole: int) -> float:
        return part / whole if whole else float("nan")

    inside = 1 - share(truth.beside, truth.painted)
    listed = 1 - share(truth.listed_beside, truth.listed)
    found = share(truth.spots_found, truth.spots)
    return [
        _compare(f"planted spots found, {code}", truth.spots, found, 0.9, "target"),
        _compare(f"painted cells in a spot, {code}", truth.painted, inside, 0.95, "target"),
        _compare(
            f"painted cells in a spot, {code}", truth.painted, inside,
            1 - share(truth.raw_beside, truth.painted), "as many cells by counts",
        ),
        _compare(
            f"painted cells in a spot, {code}", truth.gi_painted, inside,
            1 - share(truth.gi_beside, truth.gi_painted), "Gi* of counts",
        ),
        _compare(f"on the list of the year, {code}", truth.spots, share(truth.listed_found, truth.spots),
                 float("nan"), "—"),
        _compare(f"listed cells in a spot, {code}", truth.listed, listed, float("nan"), "—"),
        _compare(f"planted relapses found, {code}", truth.relapses, share(truth.named_right, truth.relapses),
                 0.95, "target"),
        _compare(f"precision of relapses, {code}", truth.named, share(truth.named_right, truth.named), 0.9,
                 "target"),
        *(
            [
                _compare(f"clean-ups being lost named, {code}", truth.rebounds,
                         share(truth.lost_right, truth.rebounds), 0.85, "target"),
                _compare(f"precision of these, {code}", truth.lost, share(truth.lost_right, truth.lost), 0.9,
                         "target"),
            ]
            if truth.rebounds
            else ()
        ),
        _compare(f"silent buildings unknown, {code}", truth.silent, share(truth.silent_unknown, truth.silent),
                 1.0, "target"),
        _compare(f"unknown buildings silent, {code}", truth.silent_unknown + truth.other_unknown,
                 share(truth.silent_unknown, truth.silent_unknown + truth.other_unknown), 1.0, "target"),
    ]  # fmt: skip


def _compare(name: str, n: int, ours: float, peer: float, peer_name: str, *, unit: str = "share") -> Row:
    return {
        "name": name, "n": n, "ours": ours, "peer": peer, "peer_name": peer_name, "ratio": ours / peer,
        "unit": unit,
    }  # fmt: skip
