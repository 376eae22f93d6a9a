"""Nothing lands shifted or swapped without a word."""

from collections.abc import Callable, Sequence
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import shapely
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from shapely import box
from shapely.geometry.base import BaseGeometry

from etl.importing.importer import import_file
from geo.crs import Coordinates, wgs84_to_bd09, wgs84_to_gcj02
from geo.errors import DatumContradicted, UnknownDatum
from tests.import_town import ask, place, write_csv, write_shapes
from tests.town import Town, to_degrees

# Small tiles all over the town, as shops or grids are.
TILES = [box(x, y, x + 100, y + 100) for x in range(0, 1000, 200) for y in range(0, 1000, 200)]


@pytest.fixture
def town(connection: PostgresConnection) -> Town:
    town = Town(connection)
    connection.commit()
    return town


def write_shops(folder: Path, shift: Callable[[Coordinates], Coordinates], *, swapped: bool = False) -> Path:
    xy = shift(np.array([place(tile.centroid.x, tile.centroid.y) for tile in TILES]))
    if swapped:
        xy = xy[:, ::-1]
    rows = [{"商户名称": f"店{n}", "经度": lon, "纬度": lat} for n, (lon, lat) in enumerate(xy.tolist())]
    return write_csv(folder / "商户.csv", rows)


@pytest.mark.parametrize(("name", "shift"), [("gcj02", wgs84_to_gcj02), ("bd09", wgs84_to_bd09)])
def test_shifted_points_land_exactly_when_their_datum_is_said(
    town: Town,
    connection: PostgresConnection,
    tmp_path: Path,
    name: str,
    shift: Callable[[Coordinates], Coordinates],
) -> None:
    report = import_file(None, write_shops(tmp_path, shift), crs=name)
    assert (report.crs, report.rows.inserted, report.warnings) == (name, 25, (report.warnings[0],))
    ((lon, lat),) = ask(connection, "SELECT ST_X(geom), ST_Y(geom) FROM merchant WHERE name = '店0'")
    assert (lon, lat) == pytest.approx(place(50, 50), abs=1e-11)


@pytest.mark.parametrize(("name", "shift"), [("gcj02", wgs84_to_gcj02), ("bd09", wgs84_to_bd09)])
def test_shifted_points_do_not_land_without_a_word(
    town: Town, tmp_path: Path, name: str, shift: Callable[[Coordinates], Coordinates]
) -> None:
    report = import_file(None, write_shops(tmp_path, shift), crs="4490")
    assert f"as {name} " in report.warnings[0]
    assert "100%" in report.warnings[0]
    assert f"--crs {name}" in report.warnings[0]


def test_wrong_choice_of_shift_is_doubted_too(town: Town, tmp_path: Path) -> None:
    report = import_file(None, write_shops(tmp_path, lambda xy: xy), crs="bd09")
    assert "--crs 4490" in report.warnings[0]


def test_points_in_place_raise_no_doubt(town: Town, tmp_path: Path) -> None:
    report = import_file(None, write_shops(tmp_path, lambda xy: xy), crs="4490")
    assert not any("--crs" in warning for warning in report.warnings)


def test_unknown_datum_says_what_fits(town: Town, tmp_path: Path) -> None:
    with pytest.raises(UnknownDatum, match=r"100% as gcj02"):
        import_file(None, write_shops(tmp_path, wgs84_to_gcj02))


@pytest.mark.parametrize("swapped", [True, False])
def test_swapped_columns_are_exchanged_with_a_word(
    town: Town, connection: PostgresConnection, tmp_path: Path, swapped: bool
) -> None:
    report = import_file(None, write_shops(tmp_path, lambda xy: xy, swapped=swapped), crs="4490")
    assert any("other way round" in warning for warning in report.warnings) == swapped
    ((lon, lat),) = ask(connection, "SELECT ST_X(geom), ST_Y(geom) FROM merchant WHERE name = '店0'")
    assert (lon, lat) == pytest.approx(place(50, 50), abs=1e-11)


def test_metres_are_not_read_as_degrees(town: Town, tmp_path: Path) -> None:
    rows = [{"商户名称": "店", "x": 40_500_050, "y": 3_541_000}]
    with pytest.raises(UnknownDatum, match=r"they are metres: .* such as 4528"):
        import_file(None, write_csv(tmp_path / "商户.csv", rows))
    nowhere = [{"商户名称": "店", "x": 40_500_050, "y": 3_441_000}]
    with pytest.raises(UnknownDatum, match=r"none we tried brings them near A社区"):
        import_file(None, write_csv(tmp_path / "商户.csv", nowhere))


def write_grids(
    path: Path,
    tiles: Sequence[BaseGeometry],
    shift: Callable[[Coordinates], Coordinates] = lambda xy: xy,
) -> Path:
    features = ",".join(
        f'{{"type":"Feature","properties":{{"网格编号":"{n}"}},'
        f'"geometry":{shapely.to_geojson(shapely.transform(to_degrees(tile), shift))}}}'
        for n, tile in enumerate(tiles)
    )
    path.write_text(f'{{"type":"FeatureCollection","features":[{features}]}}')
    return path


def test_geojson_of_a_map_service_is_challenged(
    town: Town, connection: PostgresConnection, tmp_path: Path
) -> None:
    path = write_grids(tmp_path / "网格.geojson", TILES, wgs84_to_gcj02)
    with pytest.raises(DatumContradicted, match=r"as gcj02 \(高德, 腾讯, 微信\) 100%: .* --crs gcj02"):
        import_file(None, path)
    assert ask(connection, "SELECT count(*) FROM grid") == [(0,)]
    report = import_file(None, path, crs="4490", dry_run=True)
    assert "--crs gcj02" in report.warnings[0]  # whoever insists is told all the same
    assert import_file(None, path, crs="gcj02").rows.inserted == 25


def test_geojson_that_fits_is_taken_without_a_word(town: Town, tmp_path: Path) -> None:
    report = import_file(None, write_grids(tmp_path / "网格.geojson", TILES))
    assert not any("WGS-84" in warning or "500 m" in warning for warning in report.warnings)


def test_geojson_too_small_to_tell_is_taken_with_a_word(town: Town, tmp_path: Path) -> None:
    report = import_file(None, write_grids(tmp_path / "网格.geojson", [box(450, 450, 460, 460)]))
    assert any("names no coordinate system and was read as WGS-84" in warning for warning in report.warnings)
    assert not report.notes  # it is said once


@pytest.mark.parametrize(("name", "shift"), [("gcj02", wgs84_to_gcj02), ("bd09", wgs84_to_bd09)])
def test_declared_system_is_challenged_until_a_person_insists(
    town: Town, tmp_path: Path, name: str, shift: Callable[[Coordinates], Coordinates]
) -> None:
    path = tmp_path / "网格.gpkg"
    shifted = [shapely.transform(to_degrees(tile), shift) for tile in TILES]
    gpd.GeoDataFrame({"网格编号": [str(n) for n in range(25)]}, geometry=shifted, crs=4490).to_file(path)
    with pytest.raises(DatumContradicted, match=rf"counts as EPSG:4490, but .* --crs {name}"):
        import_file(None, path)
    insisted = import_file(None, path, crs="4490", dry_run=True)
    assert f"as {name} " in insisted.warnings[0]


def test_northing_first_is_exchanged(town: Town, connection: PostgresConnection, tmp_path: Path) -> None:
    # As surveyors write: X is the northing, and without a zone both numbers may be eastings.
    origin = np.array(pyproj.Transformer.from_crs(4490, 4549, always_xy=True).transform(120.0, 32.0))
    metres = [np.array(tile.centroid.coords[0]) + origin for tile in TILES]
    rows = [{"商户名称": f"店{n}", "X": xy[1], "Y": xy[0]} for n, xy in enumerate(metres)]
    path = write_csv(tmp_path / "商户.csv", rows)
    with pytest.raises(UnknownDatum, match=r"such as 4549"):
        import_file(None, path)
    report = import_file(None, path, crs="4549")
    assert any("other way round" in warning for warning in report.warnings)
    ((lon, lat),) = ask(connection, "SELECT ST_X(geom), ST_Y(geom) FROM merchant WHERE name = '店0'")
    assert (lon, lat) == pytest.approx(place(50, 50), abs=1e-9)


def test_known_buildings_tell_a_shift_that_stays_inside(
    connection: PostgresConnection, tmp_path: Path
) -> None:
    """A community of 11 km: the boundary sees no shift, but shops lie in buildings."""
    town = Town(connection, code="B", outline=box(-5000, -5000, 6000, 6000))
    houses = [box(x, y, x + 40, y + 15) for x in range(0, 600, 100) for y in range(0, 600, 70)]
    for number, house in enumerate(houses):
        town.building(f"B{number}", house)
    connection.commit()
    spots = [place(house.centroid.x + n % 7, house.centroid.y) for n, house in enumerate(houses)]
    shops = [{"商户编号": f"S{n}", "商户名称": f"店{n}"} for n in range(len(spots))]
    path = tmp_path / "商户.gpkg"
    shifted = wgs84_to_gcj02(np.array(spots))
    gpd.GeoDataFrame(shops, geometry=shapely.points(shifted), crs=4490).to_file(path)
    with pytest.raises(DatumContradicted, match=r"do not lie where what is known .* --crs gcj02"):
        import_file(None, path)
    gpd.GeoDataFrame(shops, geometry=shapely.points(np.array(spots)), crs=4490).to_file(path)
    report = import_file(None, path)
    assert not any("500 m" in warning for warning in report.warnings)


def test_row_that_is_nowhere_on_earth_spoils_no_other(town: Town, tmp_path: Path) -> None:
    path = write_shops(tmp_path, lambda xy: xy)
    path.write_text(path.read_text() + "\n远店,1e300,32\n缺店,120.001,")
    report = import_file(None, path, crs="4490")
    assert [rejection.reason for rejection in report.rejections] == [
        "has a coordinate that is no place on Earth", "has only one of the two coordinates",
    ]  # fmt: skip
    assert report.rows.inserted == 25


def test_shift_that_nothing_known_tells_is_flagged(connection: PostgresConnection, tmp_path: Path) -> None:
    Town(connection, code="B", outline=box(-5000, -5000, 6000, 6000))
    connection.commit()
    path = write_shops(tmp_path, wgs84_to_gcj02)
    report = import_file(None, path, crs="4490")
    assert any("Nothing known here tells whether" in note for note in report.notes)
    assert not any("500 m" in warning for warning in report.warnings)
    # The same desk's next file: it has been said.
    write_shops(tmp_path, wgs84_to_gcj02)
    assert not import_file(None, path).notes


def test_three_rows_that_name_their_compounds_are_enough(
    connection: PostgresConnection, tmp_path: Path
) -> None:
    town = Town(connection, code="B", outline=box(-5000, -5000, 6000, 6000))
    for number, name in enumerate(("幸福里小区", "麒麟花园", "长风新村")):
        yard = box(number * 800, 0, number * 800 + 150, 150)
        town.add("compound", code=f"C{number}", name=name, aliases=[], geom=yard)
    connection.commit()
    spots = wgs84_to_gcj02(np.array([place(number * 800 + 70, 80) for number in range(3)]))
    rows = [
        {"商户名称": f"店{n}", "地址": f"甲市{name}{n}栋商铺"}
        for n, name in enumerate(("幸福里小区", "麒麟花园", "长风新村"))
    ]
    path = tmp_path / "商户.gpkg"
    gpd.GeoDataFrame(rows, geometry=shapely.points(spots), crs=4490).to_file(path)
    with pytest.raises(DatumContradicted, match=r"--crs gcj02"):
        import_file(None, path)


def test_shapefile_without_prj_is_refused(town: Town, tmp_path: Path) -> None:
    path = write_shapes(tmp_path / "网格.shp", [{"网格编号": "01"}], [box(0, 0, 500, 500)], crs=None)
    with pytest.raises(UnknownDatum, match=r"网格\.shp does not say"):
        import_file(None, path)
    assert import_file(None, path, crs="4490").rows.inserted == 1


def test_contradiction_between_file_and_person_is_said(town: Town, tmp_path: Path) -> None:
    path = write_shapes(tmp_path / "网格.gpkg", [{"网格编号": "01"}], [box(0, 0, 500, 500)])
    report = import_file(None, path, crs="gcj02")
    assert any("says it is in EPSG:4490; it was read as gcj02" in warning for warning in report.warnings)


@pytest.mark.usefixtures("town")
def test_outline_beyond_the_world_is_refused_and_not_drawn(tmp_path: Path) -> None:
    corners = shapely.get_coordinates(TILES[3])
    corners[2, 1] = 1e308
    shapes = [*TILES[:3], shapely.Polygon(corners), *TILES[4:]]
    rows = [{"楼栋编号": f"B{n}"} for n in range(len(shapes))]
    path = write_shapes(tmp_path / "楼栋.geojson", rows, shapes)
    report = import_file(None, path, layer="buildings", dry_run=True)
    assert (report.rows.inserted, [rejection.row for rejection in report.rejections]) == (24, [4])
    assert "which is not in China" in report.rejections[0].reason
    assert len(report.rejections[0].reason) < 120
    assert 4 not in {feature["properties"]["row"] for feature in report.map["features"]}
