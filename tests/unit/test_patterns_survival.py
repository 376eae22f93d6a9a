"""Survival after closing: the curve by hand, its interval, and what chance alone would leave."""

from typing import Any

import numpy as np
import pytest
from scipy import stats

from geo.patterns.relapse import Watch
from geo.patterns.survival import Survival, estimate_survival


def make_watch(days_to_return: object, watched_days: object, rate: float = 0.01) -> Watch:
    """Return closings at places of one rate, known for sure."""
    returned, watched = np.asarray(days_to_return, dtype=float), np.asarray(watched_days, dtype=float)
    size = len(returned)
    sure = np.full(size, 1e6)
    return Watch(
        np.arange(size), watched, returned, np.where(np.isfinite(returned), np.arange(size), -1),
        sure * rate, sure, 1 - np.exp(-rate * watched), np.zeros(size),
    )  # fmt: skip


def draw(watch: Watch, **options: Any) -> Survival:
    [curve] = estimate_survival(watch, np.zeros(len(watch.row), dtype=np.int64), 1, **options)
    assert curve is not None
    return curve


def test_the_curve_is_that_of_the_book() -> None:
    """Ten closings: back after 2, 5, 5 and 8 days; watched for 4, 6 and, four of them, 10 days."""
    returned = [2, 5, 5, 8] + [np.inf] * 6
    watched = [10, 10, 10, 10, 4, 6, 10, 10, 10, 10]
    curve = draw(make_watch(returned, watched))
    after_two, after_five = 9 / 10, 9 / 10 * (6 / 8)
    after_eight = after_five * 4 / 5
    expected = [1, 1] + [after_two] * 3 + [after_five] * 3 + [after_eight] * 3
    np.testing.assert_allclose(curve.quiet, expected)
    assert curve.at_risk.tolist() == [10, 10, 10, 9, 9, 8, 6, 5, 5, 4, 4]
    assert (curve.closed, curve.returned) == (10, 4)
    assert ((curve.low <= curve.quiet) & (curve.quiet <= curve.high)).all()


def test_the_curve_and_its_interval_are_those_of_scipy() -> None:
    chance = np.random.default_rng(1)
    lasted, watched = np.ceil(chance.exponential(40, 500) * 4) / 4, chance.integers(5, 90, 500).astype(float)
    came = lasted < watched
    curve = draw(make_watch(np.where(came, lasted, np.inf), watched))
    peer = stats.ecdf(stats.CensoredData.right_censored(np.minimum(lasted, watched), ~came)).sf
    interval: Any = peer.confidence_interval(method="log-log")
    inner = curve.days[(curve.quiet < 1) & np.isfinite(curve.quiet)]
    np.testing.assert_allclose(curve.quiet[inner], peer.evaluate(inner), rtol=1e-12)
    np.testing.assert_allclose(curve.low[inner], interval.low.evaluate(inner), rtol=1e-9)
    np.testing.assert_allclose(curve.high[inner], interval.high.evaluate(inner), rtol=1e-9)


def test_days_nobody_was_watched_for_are_not_known() -> None:
    watch = make_watch([3.0] + [np.inf] * 19, [30.0] * 10 + [12.0] * 10)
    curve, short = estimate_survival(watch, np.repeat([0, 1], 10), 2)
    assert curve is not None
    assert short is not None
    assert curve.read(30)[0] == pytest.approx(0.9)
    assert np.isnan(short.read(13)).all()
    assert not np.isnan(short.read(12)).any()
    assert np.isnan(curve.read(31)).all()


def test_a_few_closings_have_no_curve() -> None:
    watch = make_watch([np.inf] * 12, [30.0] * 12)
    assert estimate_survival(watch, np.array([0] * 9 + [-1] * 3), 1) == [None]


def test_nothing_back_is_no_certainty() -> None:
    low, high = draw(make_watch([np.inf] * 20, [30.0] * 20)).read(30)[1:]
    assert low == pytest.approx(0.025 ** (1 / 20))
    assert high == 1
    assert draw(make_watch([1.0] * 20, [30.0] * 20)).read(30) == pytest.approx((0, 0, 1 - 0.025 ** (1 / 20)))


def test_the_interval_covers_the_truth_and_chance_alone_is_the_curve_of_chance() -> None:
    chance = np.random.default_rng(2)
    covered = []
    for _ in range(300):
        lasted = chance.exponential(1 / 0.02, 60)
        watched = chance.uniform(20, 90, 60)
        watch = make_watch(np.where(lasted < watched, lasted, np.inf), watched, 0.02)
        curve = draw(watch)
        for day in (7, 30):
            _, low, high = curve.read(day)
            covered.append(low <= np.exp(-0.02 * day) <= high)
        np.testing.assert_allclose(curve.expected, np.exp(-0.02 * curve.days), rtol=1e-3)
    assert np.mean(covered) >= 0.93
