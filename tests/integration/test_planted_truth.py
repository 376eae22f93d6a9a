"""What is planted in demo communities is found from the database, and little else.

Twenty seeds of each community are asked by ``make bench``.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest

from etl.demo.load import load_demo
from geo.cluster import Cluster
from geo.operations.heat_forecast import LAND_SHARE, Trial, sum_trials
from geo.settings import get_settings
from tests.conftest import clone_database
from tests.truth import AS_OF, Demo, Truth

_TOWNS = (("D", 1), ("Y", 1), ("Y", 2), ("Y", 3), ("Y", 4))
_QUIET_MAPS = 12


@dataclass(frozen=True)
class Findings:
    """Of all towns together."""

    truth: Truth
    trial: Trial | None
    quiet_maps: int
    false_alarms: int


@pytest.fixture(scope="module")
def findings(cluster: Cluster, migrated_template: str) -> Iterator[Findings]:
    truth, trials, alarms = Truth(), [], 0
    with clone_database(cluster, migrated_template) as url, pytest.MonkeyPatch.context() as environment:
        environment.setenv("WANGGE_DATABASE_URL", url)
        get_settings.cache_clear()
        for code, seed in _TOWNS:
            demo = Demo(url, load_demo(url, community=code, seed=seed, as_of=AS_OF))
            truth += demo.find_truth()
            trials.append(demo.try_forecasts())
            alarms += demo.count_false_maps(_QUIET_MAPS, np.random.default_rng(seed))
        yield Findings(truth, sum_trials(trials), truth.spots * _QUIET_MAPS, alarms)
    get_settings.cache_clear()


def test_planted_spots_are_found_and_no_others(findings: Findings) -> None:
    truth = findings.truth
    assert truth.spots == 4 * len(_TOWNS)
    assert truth.spots_found >= 0.9 * truth.spots
    assert truth.painted > 2 * truth.spots
    assert truth.beside <= 0.05 * truth.painted


def test_maps_of_counts_paint_beside(findings: Findings) -> None:
    # Told how many cells to paint, a map of raw counts is hardly worse, for the spots are most of what is
    # drawn; left to itself (Gi* of counts, normal p, false-discovery control), it paints a third beside.
    truth = findings.truth
    assert truth.raw_beside > truth.beside
    assert truth.gi_beside > 0.25 * truth.gi_painted


def test_every_planted_silent_building_is_unknown_and_no_other(findings: Findings) -> None:
    assert findings.truth.silent >= 2 * len(_TOWNS)
    assert findings.truth.silent_unknown == findings.truth.silent
    assert findings.truth.other_unknown == 0


def test_planted_relapses_are_named_and_little_else(findings: Findings) -> None:
    truth = findings.truth
    assert truth.relapses > 60
    assert truth.named_right >= 0.95 * truth.relapses
    assert truth.named_right >= 0.9 * truth.named


def test_the_clean_up_that_is_being_lost_is_named_and_no_other(findings: Findings) -> None:
    truth = findings.truth
    assert truth.rebounds == 1
    assert (truth.lost, truth.lost_right) == (1, 1)


def test_towns_with_nothing_planted_stay_quiet(findings: Findings) -> None:
    assert findings.quiet_maps == 240
    assert findings.false_alarms <= 0.05 * findings.quiet_maps


def test_a_tenth_of_the_land_catches_a_fifth_more_of_the_next_weeks_than_smooth_density(
    findings: Findings,
) -> None:
    trial = findings.trial
    assert trial is not None
    assert trial.came > 100
    assert max(trial.ours.area_share, trial.smooth.area_share) <= LAND_SHARE
    assert trial.ours.hit_rate >= 1.2 * trial.smooth.hit_rate
    assert trial.ours.accuracy_index >= 1.2 * trial.smooth.accuracy_index
