"""The right coordinate system is proposed, and no shift of 500 m passes in silence."""

import numpy as np
import pytest
import shapely

from etl.importing.places.datum import weigh_hypotheses
from etl.importing.places.fitting import sample_points, sample_shapes
from geo.crs import gauss_kruger_epsg, wgs84_to_gcj02
from tests.datum_trials import (
    BANDS_M,
    CITIES,
    draw_neighbourhood,
    is_flagged,
    list_systems,
    propose,
    shift_by_lot,
)


@pytest.mark.parametrize("city", CITIES)
def test_right_system_is_proposed_of_a_few_places_half_of_them_outside(city: str) -> None:
    rng = np.random.default_rng([2026, len(city)])
    right = [
        propose(draw_neighbourhood(CITIES[city], rng), rng, band_m)[0] for band_m in BANDS_M for _ in range(3)
    ]
    assert sum(right) >= 11  # of a hundred one may be wrong, of twelve hardly one


@pytest.mark.parametrize(("size_km2", "known"), [(1.0, 0.0), (16.0, 0.0), (16.0, 0.5)])
@pytest.mark.parametrize("count", [3, 25, 300])
def test_no_shift_passes_in_silence(size_km2: float, known: float, count: int) -> None:
    rng = np.random.default_rng([round(size_km2), round(10 * known), count])
    plane = CITIES["柳州"]
    town = draw_neighbourhood(plane, rng, size_km2)
    ground = town.make_ground(known, rng)
    for metres in (
        town.scatter_in(town.area, count, rng),
        town.scatter_at_houses(count, rng),
        town.scatter_on_streets(count, rng),
        town.scatter_in_clusters(count, rng),
    ):
        for _ in range(3):
            shifted = sample_points(shift_by_lot(rng)(plane, metres))
            assert is_flagged(weigh_hypotheses(shifted, ground, "4490"))
        sound = weigh_hypotheses(sample_points(plane.to_degrees(metres)), ground, "4490")
        assert sound.rival is None
        assert sound.drift is None


def test_thirty_houses_that_lie_half_outside_are_asked_about() -> None:
    """Where nobody has said the system: what is in doubt is asked, and what is sound is not."""
    rng = np.random.default_rng(7)
    asked = wrongly = trials = 0
    for plane in CITIES.values():
        for known in (0.0, 0.5):
            town = draw_neighbourhood(plane, rng)
            chosen = rng.choice(len(town.houses), min(30, len(town.houses)), replace=False)
            houses = shapely.transform(np.array(town.houses, dtype=object)[chosen], plane.to_degrees)
            ground = town.make_ground(known, rng)
            shifted = sample_shapes(shapely.transform(houses, wgs84_to_gcj02))
            rival = weigh_hypotheses(shifted, ground, "4490", is_presumed=True).rival
            asked += rival is not None and rival.crs == "gcj02"
            sound = weigh_hypotheses(sample_shapes(houses), ground, "4490", is_presumed=True)
            wrongly += sound.rival is not None
            trials += 1
    assert asked >= trials - 1
    assert wrongly == 0


def test_many_sound_places_raise_no_doubt() -> None:
    rng = np.random.default_rng(1)
    plane = CITIES["南通"]
    town = draw_neighbourhood(plane, rng)
    for known in (0.0, 1.0):
        places = plane.to_degrees(town.scatter_at_houses(300, rng))
        assert not is_flagged(weigh_hypotheses(sample_points(places), town.make_ground(known, rng), "4490"))


def test_systems_that_put_a_file_in_one_place_are_one() -> None:
    rng = np.random.default_rng(2)
    plane = CITIES["上海普陀"]
    town = draw_neighbourhood(plane, rng)
    places = plane.to_degrees(town.scatter_in(town.area, 100, rng))
    evidence = weigh_hypotheses(sample_points(places), town.make_ground(0, rng), "EPSG:4326")
    assert evidence.reading is not None
    assert evidence.reading.crs == "4490"
    assert [way.crs for way in evidence.hypotheses].count("4490") == 1
    # Xian 80 lies tens of metres beside CGCS2000: it is no rival of it.
    central = gauss_kruger_epsg(plane.lon)
    metres = list_systems(plane.lon)[f"EPSG:{central}"](places)
    xian = f"EPSG:{central - 4534 + 2370}"
    declared = weigh_hypotheses(sample_points(metres), town.make_ground(0, rng), xian)
    assert declared.rival is None


def test_outlines_that_tile_the_community_are_witnesses_by_their_size() -> None:
    """Four grids are four rows, and yet nobody can doubt where they belong."""
    rng = np.random.default_rng(3)
    plane = CITIES["济南"]
    town = draw_neighbourhood(plane, rng)
    west, south, east, north = town.area.bounds
    middle, centre = (west + east) / 2, (south + north) / 2
    quarters = [
        shapely.box(*corners).intersection(town.area)
        for corners in (
            (west, south, middle, centre),
            (middle, south, east, centre),
            (west, centre, middle, north),
            (middle, centre, east, north),
        )
    ]
    grids = shapely.transform(np.array(quarters, dtype=object), plane.to_degrees)
    ground = town.make_ground(0, rng)
    assert not is_flagged(weigh_hypotheses(sample_shapes(grids), ground, "4490"))
    rival = weigh_hypotheses(sample_shapes(shapely.transform(grids, wgs84_to_gcj02)), ground, "4490").rival
    assert rival is not None
    assert rival.crs == "gcj02"


def test_places_far_from_the_community_propose_nothing() -> None:
    rng = np.random.default_rng(4)
    town = draw_neighbourhood(CITIES["柳州"], rng)
    evidence = weigh_hypotheses(
        sample_points(np.array([[-73.9, 40.7], [-73.8, 40.8]])), town.make_ground(0, rng), None
    )
    assert evidence.proposed is None
    assert "none we tried brings them near 甲社区" in evidence.advise()
    assert evidence.to_dict()["proposed"] is None
