"""Our own vectorised statistics of space are those of the field: equal to esda on the same weights."""

from typing import Any

import numpy as np
import pytest

from geo.patterns.hotspots import adjust_p, score_getis_ord
from geo.patterns.neighbours import link_within
from geo.patterns.rates import smooth_globally, smooth_locally

esda = pytest.importorskip("esda", reason="the field's library is a development dependency")
libpysal = pytest.importorskip("libpysal")

SIZE = 24


def lay_lattice() -> tuple[np.ndarray, np.ndarray]:
    x, y = (part.ravel() * 50.0 for part in np.meshgrid(np.arange(SIZE), np.arange(SIZE)))
    return x, y


def weigh_like_esda() -> Any:
    # Corners touch, but no cell is its own neighbour: esda adds it itself.
    weights = libpysal.weights.DistanceBand(np.column_stack(lay_lattice()), threshold=75.0)
    weights.id_order = list(range(SIZE**2))
    return weights


def draw(seed: int) -> tuple[np.ndarray, np.ndarray]:
    chance = np.random.default_rng(seed)
    households = np.round(chance.lognormal(3, 1, SIZE**2)) + 1
    uneven = chance.gamma(2.0, 0.5, SIZE**2)
    return chance.poisson(0.05 * households * uneven).astype(float), households


@pytest.mark.parametrize("seed", range(3))
def test_getis_ord_equals_esda(seed: int) -> None:
    cases, households = draw(seed)
    rate = cases / households
    theirs = esda.G_Local(rate, weigh_like_esda(), transform="B", star=True, permutations=0)
    ours = score_getis_ord(rate, link_within(*lay_lattice(), 75.0))
    np.testing.assert_allclose(ours, theirs.Zs, rtol=0, atol=1e-9)


def test_getis_ord_of_row_standardised_weights_is_another_number() -> None:
    # The trap: esda's default transform with star=True shrinks z to about a third of Gi*.
    cases, households = draw(0)
    with pytest.warns(UserWarning, match="self-weight"):
        theirs = esda.G_Local(cases / households, weigh_like_esda(), transform="R", star=True, permutations=0)
    ours = score_getis_ord(cases / households, link_within(*lay_lattice(), 75.0))
    assert np.abs(theirs.Zs).mean() < 0.6 * np.abs(ours).mean()


@pytest.mark.parametrize("seed", range(3))
def test_empirical_bayes_equals_esda(seed: int) -> None:
    cases, households = draw(seed)
    theirs = esda.smoothing.Empirical_Bayes(cases, households).r.ravel()
    np.testing.assert_allclose(smooth_globally(cases, households), theirs, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_local_empirical_bayes_equals_esda(seed: int) -> None:
    cases, households = draw(seed)
    with np.errstate(invalid="ignore"):
        theirs = esda.smoothing.Spatial_Empirical_Bayes(cases, households, weigh_like_esda()).r.ravel()
    ours = smooth_locally(cases, households, link_within(*lay_lattice(), 75.0))
    # Where the whole neighbourhood has no case, esda divides nothing by nothing.
    assert (ours[np.isnan(theirs)] == 0).all()
    theirs = np.nan_to_num(theirs)
    np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_false_discovery_control_equals_esda(seed: int) -> None:
    p = np.random.default_rng(seed).beta(0.3, 1, 500)
    np.testing.assert_array_equal(adjust_p(p) <= 0.05, p <= esda.fdr(p, 0.05))
