"""Coordinate systems: distortions, their inverses, names, zones."""

from pathlib import Path

import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo import crs
from geo.errors import UnknownDatum

# Published pairs of longitude, latitude: the README of coordtransform and the test of eviltransform.
WGS84 = np.array([[116.404, 39.915], [121.5272106, 31.1774276]])
GCJ02 = np.array([[116.41024449916938, 39.91640428150164], [121.531541859215, 31.17530398364597]])
GCJ02_BEFORE_BD09 = np.array([[116.404, 39.915]])
BD09 = np.array([[116.41036949371029, 39.92133699351022]])

ELLIPSOID = pyproj.Geod(ellps="WGS84")


def distance_m(a: crs.Coordinates, b: crs.Coordinates) -> crs.Coordinates:
    return np.asarray(ELLIPSOID.inv(a[:, 0], a[:, 1], b[:, 0], b[:, 1])[2])


def test_published_pairs_hold_both_ways() -> None:
    assert distance_m(crs.wgs84_to_gcj02(WGS84), GCJ02).max() < 1e-6
    assert distance_m(crs.gcj02_to_wgs84(GCJ02), WGS84).max() < 1e-6
    assert distance_m(crs.gcj02_to_bd09(GCJ02_BEFORE_BD09), BD09).max() < 1e-6
    assert distance_m(crs.bd09_to_gcj02(BD09), GCJ02_BEFORE_BD09).max() < 1e-6


@pytest.mark.parametrize(
    ("lon", "lat", "gcj_m", "bd_m"),
    [(109.43, 24.33, 554, 1187), (121.395, 31.25, 487, 1156), (106.57, 29.555, 479, 1056)],
    ids=["Liuzhou", "Shanghai Putuo", "Chongqing Yuzhong"],
)
def test_shift_has_its_known_size(lon: float, lat: float, gcj_m: float, bd_m: float) -> None:
    place = np.array([[lon, lat]])
    assert distance_m(place, crs.wgs84_to_gcj02(place))[0] == pytest.approx(gcj_m, abs=15)
    assert distance_m(place, crs.wgs84_to_bd09(place))[0] == pytest.approx(bd_m, abs=25)


@given(lon=st.floats(73.0, 135.0), lat=st.floats(18.0, 54.0))
def test_inverse_is_exact_where_one_step_is_not(lon: float, lat: float) -> None:
    place = np.array([[lon, lat]])
    assert distance_m(crs.gcj02_to_wgs84(crs.wgs84_to_gcj02(place)), place)[0] < 1e-6
    assert distance_m(crs.bd09_to_wgs84(crs.wgs84_to_bd09(place)), place)[0] < 1e-6


def test_outside_china_nothing_moves() -> None:
    places = np.array([[2.3522, 48.8566], [-74.0, 40.7], [72.0, 30.0], [100.0, 0.8]])
    for convert in (crs.wgs84_to_gcj02, crs.gcj02_to_wgs84, crs.wgs84_to_bd09, crs.bd09_to_wgs84):
        assert np.array_equal(convert(places), places)


def test_conversion_leaves_its_input_alone() -> None:
    places = GCJ02.copy()
    crs.gcj02_to_wgs84(places)
    assert np.array_equal(places, GCJ02)


@pytest.mark.parametrize(
    ("text", "name", "is_stored"),
    [
        ("gcj02", "gcj02", False),
        ("GCJ-02", "gcj02", False),
        ("BD_09", "bd09", False),
        ("EPSG:4490", "EPSG:4490", True),
        ("4326", "EPSG:4326", True),
        ("WGS84", "EPSG:4326", True),
        ("cgcs2000", "EPSG:4490", True),
        ("4545", "EPSG:4545", False),
        (pyproj.CRS(4490).to_wkt("WKT1_ESRI"), "EPSG:4490", True),
    ],
)
def test_names_are_understood(text: str, name: str, is_stored: bool) -> None:
    source = crs.parse_crs(text)
    assert (source.name, source.is_stored) == (name, is_stored)


@pytest.mark.parametrize("text", ["beijing", "99999", 'LOCAL_CS["site plan",UNIT["metre",1]]', ""])
def test_unknown_names_are_refused_with_advice(text: str) -> None:
    with pytest.raises(UnknownDatum, match="gcj02, bd09"):
        crs.parse_crs(text)


@pytest.mark.parametrize(
    "text",
    [
        "+proj=longlat +ellps=GRS80 +nadgrids=@{}",
        "+proj=longlat +ellps=GRS80 +geoidgrids = {}",
        'GEOGCS["x",DATUM["y",SPHEROID["z",6378137,298.257],EXTENSION["PROJ4_GRIDS","@{}"]],'
        'PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]]',
    ],
)
def test_definition_that_names_a_file_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(UnknownDatum):
        crs.parse_crs(text.format(tmp_path / "grid"))


def test_web_mercator_that_names_no_file_is_understood() -> None:
    told = pyproj.CRS(3857).to_wkt("WKT1_GDAL")
    assert "+nadgrids=@null" in told
    assert crs.parse_crs(told).name == "EPSG:3857"


@pytest.mark.parametrize("system", [4545, 4524])
def test_gauss_kruger_comes_back_as_longitude_latitude(system: int) -> None:
    # CGCS2000 zones are defined northing first: a wrong axis order lands in another country.
    easting = 644952.96 + (36_000_000 if system == 4524 else 0)
    stored = crs.parse_crs(str(system)).to_stored(np.array([[easting, 2_692_000.0]]))
    assert stored[0] == pytest.approx([109.428, 24.325], abs=1e-3)
    esri = crs.parse_crs(pyproj.CRS(system).to_wkt("WKT1_ESRI"))
    assert esri.to_stored(np.array([[easting, 2_692_000.0]])) == pytest.approx(stored, abs=1e-9)


def test_baidu_mercator_comes_back_to_where_its_degrees_are() -> None:
    # Metres and degrees of one place as Baidu gives them.
    stored = crs.parse_crs("bd09mc").to_stored(np.array([[12693763.634, 3874151.929]]))
    expected = crs.bd09_to_wgs84(np.array([[114.0287781, 33.0176697]]))
    assert stored[0] == pytest.approx(expected[0], abs=1e-5)


def test_projected_shift_is_undone_after_the_projection() -> None:
    places = np.array([[109.428, 24.325], [120.98, 31.98]])
    over = pyproj.Transformer.from_crs(4326, 3857, always_xy=True)
    metres = np.column_stack(over.transform(*crs.wgs84_to_gcj02(places).T))
    source = crs.parse_crs("gcj02+3857")
    assert (source.name, source.is_stored, source.is_geographic) == ("gcj02+EPSG:3857", False, False)
    assert source.to_stored(metres) == pytest.approx(places, abs=1e-9)
    assert crs.parse_crs(source.name) == crs.parse_crs("高德+3857") == source
    with pytest.raises(UnknownDatum):
        crs.parse_crs("gcj02+nowhere")


def test_shift_made_twice_is_undone_twice() -> None:
    place = np.array([[109.428, 24.325]])
    twice = crs.wgs84_to_gcj02(crs.wgs84_to_gcj02(place))
    assert crs.parse_crs("gcj02x2").to_stored(twice) == pytest.approx(place, abs=1e-11)


def test_old_datums_are_marked_as_approximate() -> None:
    assert crs.parse_crs("beijing54").is_approximate
    assert crs.parse_crs(pyproj.CRS(2343).to_wkt("WKT1_ESRI")).is_approximate
    assert not crs.parse_crs("4549").is_approximate
    assert not crs.parse_crs("3857").is_approximate


def test_geometry_moves_with_its_holes_and_missing_stays_missing() -> None:
    outer, inner = shapely.box(109.40, 24.30, 109.45, 24.35), shapely.box(109.42, 24.32, 109.43, 24.33)
    shifted = shapely.transform(outer.difference(inner), crs.wgs84_to_gcj02)
    moved = crs.parse_crs("gcj02").geometry_to_stored(np.array([shifted, None]))
    assert moved[1] is None
    assert shapely.equals_exact(moved[0], outer.difference(inner), tolerance=1e-10)


def test_gauss_kruger_zone_is_the_nearest_meridian() -> None:
    assert crs.gauss_kruger_epsg(109.43) == 4545
    assert crs.gauss_kruger_epsg(109.51) == 4546
    assert crs.gauss_kruger_epsg(120.98) == 4549
    assert crs.gauss_kruger_epsg(73.5) == 4534
    assert crs.gauss_kruger_epsg(136.5) == 4554
    for lon in (73.4, 136.6):
        with pytest.raises(ValueError, match="outside"):
            crs.gauss_kruger_epsg(lon)
