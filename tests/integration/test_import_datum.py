"""Nothing lands shifted or swapped without a word."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import shapely
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from shapely import box

from etl.importing.importer import import_file
from geo.crs import Coordinates, wgs84_to_bd09, wgs84_to_gcj02
from geo.errors import UnknownDatum
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


def test_geojson_without_a_crs_is_taken_with_a_word(town: Town, tmp_path: Path) -> None:
    # 25 grids of which each has five corners: doubt needs no more.
    shifted = [shapely.transform(to_degrees(tile), wgs84_to_gcj02) for tile in TILES]
    path = tmp_path / "网格.geojson"
    features = ",".join(
        f'{{"type":"Feature","properties":{{"网格编号":"{n}"}},"geometry":{shapely.to_geojson(shape)}}}'
        for n, shape in enumerate(shifted)
    )
    path.write_text(f'{{"type":"FeatureCollection","features":[{features}]}}')
    report = import_file(None, path)
    assert "--crs gcj02" in report.warnings[0]
    assert "100%" in report.warnings[0]
    assert any("names no coordinate system and was read as WGS-84" in warning for warning in report.warnings)
    assert import_file(None, path, crs="gcj02").rows.updated == 25


def test_shapefile_without_prj_is_refused(town: Town, tmp_path: Path) -> None:
    path = write_shapes(tmp_path / "网格.shp", [{"网格编号": "01"}], [box(0, 0, 500, 500)], crs=None)
    with pytest.raises(UnknownDatum, match=r"网格\.shp does not say"):
        import_file(None, path)
    assert import_file(None, path, crs="4490").rows.inserted == 1


def test_contradiction_between_file_and_person_is_said(town: Town, tmp_path: Path) -> None:
    path = write_shapes(tmp_path / "网格.gpkg", [{"网格编号": "01"}], [box(0, 0, 500, 500)])
    report = import_file(None, path, crs="gcj02")
    assert any("says it is in EPSG:4490; it was read as gcj02" in warning for warning in report.warnings)
