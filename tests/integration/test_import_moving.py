"""Rows that are stored already do not move all alike without a word, however large the community is."""

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from shapely import Point, box
from shapely.affinity import translate
from shapely.geometry.base import BaseGeometry

from etl.importing.importer import import_file, undo_import
from etl.importing.report import ImportReport
from geo.crs import Coordinates, gcj02_to_wgs84, wgs84_to_bd09, wgs84_to_gcj02
from geo.errors import DatumContradicted
from tests.import_town import ask, write_csv
from tests.town import Town, to_degrees

TILES = [box(x, y, x + 100, y + 100) for x in range(0, 1000, 200) for y in range(0, 1000, 200)]
SPOTS = [tile.centroid for tile in TILES]
KEYS = {
    "grids": "网格编号",
    "compounds": "小区编号",
    "buildings": "楼栋编号",
    "merchants": "商户编号",
    "incidents": "办件编号",
}


def leave(xy: Coordinates) -> Coordinates:
    return xy


@pytest.fixture(autouse=True)
def town(connection: PostgresConnection) -> Town:
    """A community so large that a shift of a kilometre stays inside."""
    town = Town(connection, outline=box(-5000, -5000, 6000, 6000))
    connection.commit()
    return town


def load(
    folder: Path,
    shapes: Sequence[BaseGeometry | None],
    *,
    layer: str = "merchants",
    distort: Callable[[Coordinates], Coordinates] = leave,
    crs: str | None = "4490",
    dry_run: bool = False,
) -> ImportReport:
    """Import shapes, given in metres of the town, as rows R0, R1 …; the second time, the last comes first."""
    rows = [
        {
            "type": "Feature",
            "properties": {KEYS[layer]: f"R{number}"},
            "geometry": shape
            and json.loads(shapely.to_geojson(shapely.transform(to_degrees(shape), distort))),
        }
        for number, shape in enumerate(shapes)
    ]
    path = folder / "file.geojson"
    order = -1 if path.exists() else 1
    path.write_text(json.dumps({"type": "FeatureCollection", "features": rows[::order]}))
    return import_file(None, path, layer=layer, crs=crs, dry_run=dry_run)


def shift_warnings(report: ImportReport) -> list[str]:
    return [warning for warning in report.warnings if re.search("stored already (would )?move ", warning)]


def move(shapes: Sequence[BaseGeometry], east_m: float, north_m: float) -> list[BaseGeometry]:
    return [translate(shape, east_m, north_m) for shape in shapes]


@pytest.mark.parametrize("layer", list(KEYS))
def test_shift_is_told_in_every_layer_and_undone_as_told(
    connection: PostgresConnection, tmp_path: Path, layer: str
) -> None:
    shapes = SPOTS if layer in {"merchants", "incidents"} else TILES
    table = layer.removesuffix("s")
    places = f"SELECT code, ST_AsText(geom) FROM {table} ORDER BY 1"
    if layer == "incidents":
        places = places.replace("code", "external_id")
    assert not shift_warnings(load(tmp_path, shapes, layer=layer))
    before = ask(connection, places)
    report = load(tmp_path, shapes, layer=layer, crs="gcj02")
    assert report.rows.updated == 25
    assert report.warnings[0] == (
        "25 of 25 rows that are stored already move about 508 m to the north-west, all alike, as when a file "
        "in 4490 (GPS, 天地图) is read as gcj02. If they were in the right place before, "
        f"run wangge import undo {report.batch} and import the file with --crs 4490."
    )
    undo_import(None, report.batch or 0)
    assert ask(connection, places) == before
    again = load(tmp_path, shapes, layer=layer)
    assert (again.rows.unchanged, shift_warnings(again)) == (25, [])


@pytest.mark.parametrize(
    ("distort", "crs", "meant"),
    [
        (wgs84_to_gcj02, "EPSG:4326", "gcj02"),
        (wgs84_to_gcj02, "4490", "gcj02"),
        (wgs84_to_bd09, "wgs84", "bd09"),
        (wgs84_to_gcj02, "bd09", "gcj02"),
        (wgs84_to_bd09, "gcj02", "bd09"),
        (leave, "bd09", "4490"),
    ],
)
def test_datum_that_was_meant_is_named(
    tmp_path: Path, distort: Callable[[Coordinates], Coordinates], crs: str | None, meant: str
) -> None:
    load(tmp_path, SPOTS)
    (warning,) = shift_warnings(load(tmp_path, SPOTS, distort=distort, crs=crs))
    assert f"as when a file in {meant} (" in warning
    assert warning.endswith(f"import the file with --crs {meant}.")
    assert shift_warnings(load(tmp_path, SPOTS, distort=distort, crs=meant))  # back again: told as well


def test_stored_rows_challenge_what_nobody_has_said(connection: PostgresConnection, tmp_path: Path) -> None:
    load(tmp_path, SPOTS)
    with pytest.raises(DatumContradicted, match=r"25 of 25 rows .* read as gcj02 .* they would stay"):
        load(tmp_path, SPOTS, distort=wgs84_to_gcj02, crs=None)
    assert ask(connection, "SELECT count(*) FROM import_batch") == [(1,)]
    assert load(tmp_path, SPOTS, distort=wgs84_to_gcj02, crs="gcj02").rows.unchanged == 25


def test_dry_run_tells_what_would_move(connection: PostgresConnection, tmp_path: Path) -> None:
    load(tmp_path, SPOTS)
    (warning,) = shift_warnings(load(tmp_path, SPOTS, crs="gcj02", dry_run=True))
    assert warning.startswith(
        "25 of 25 rows that are stored already would move about 508 m to the north-west"
    )
    assert warning.endswith("If they were in the right place before, import the file with --crs 4490.")
    assert ask(connection, "SELECT count(*) FROM import_batch") == [(1,)]


def test_new_rows_and_rows_without_a_place_do_not_hide_a_shift(tmp_path: Path) -> None:
    load(tmp_path, [*SPOTS[:10], *[None] * 15])
    report = load(tmp_path, [*SPOTS, *SPOTS, *[None] * 5], distort=wgs84_to_gcj02)
    assert (report.rows.updated, report.rows.inserted) == (25, 30)
    assert shift_warnings(report)[0].startswith("10 of 10 rows")
    again = load(tmp_path, [*SPOTS[:10], *[None] * 45])
    assert shift_warnings(again)[0].startswith("10 of 10 rows")


def test_shift_of_most_rows_is_told_with_its_distance_though_others_stay(tmp_path: Path) -> None:
    load(tmp_path, SPOTS)
    (warning,) = shift_warnings(load(tmp_path, [*move(SPOTS[:15], 0, -300), *SPOTS[15:]]))
    assert warning.startswith(
        "15 of 25 rows that are stored already move about 300 m to the south, all alike. "
    )
    assert warning.endswith("and find out what its coordinates are in (--crs).")


@pytest.mark.parametrize(
    ("east_m", "north_m", "direction"),
    [(400, 0, "east"), (-400, 9, "west"), (-400, -9, "west"), (300, 300, "north-east"), (9, -400, "south")],
)
def test_direction_is_where_rows_go(tmp_path: Path, east_m: float, north_m: float, direction: str) -> None:
    load(tmp_path, SPOTS)
    (warning,) = shift_warnings(load(tmp_path, move(SPOTS, east_m, north_m)))
    assert f" m to the {direction}, " in warning


@pytest.mark.parametrize(
    ("distort", "stored"), [(wgs84_to_gcj02, leave), (leave, wgs84_to_gcj02), (gcj02_to_wgs84, leave)]
)
def test_shift_that_no_choice_of_datum_mends_is_still_named(
    tmp_path: Path,
    distort: Callable[[Coordinates], Coordinates],
    stored: Callable[[Coordinates], Coordinates],
) -> None:
    load(tmp_path, SPOTS, distort=stored)
    # Metres drawn over a shifted map.
    places = [shapely.transform(to_degrees(spot), distort) for spot in SPOTS]
    codes = [f"R{number}" for number in range(len(places))]
    path = tmp_path / "商户.gpkg"
    gpd.GeoDataFrame({"商户编号": codes}, geometry=places, crs=4490).to_crs(4549).to_file(path)
    (warning,) = shift_warnings(import_file(None, path))
    assert "all alike, as far as gcj02 (高德, 腾讯, 微信) lies from WGS-84 here. " in warning
    assert warning.endswith("and find out what its coordinates are in (--crs).")


def _scatter(spots: Sequence[BaseGeometry]) -> list[BaseGeometry]:
    """Move each a few hundred metres its own way."""
    return [
        translate(spot, 400 * np.cos(2.4 * turn), 400 * np.sin(2.4 * turn)) for turn, spot in enumerate(spots)
    ]


@pytest.mark.parametrize(
    "edited",
    [
        pytest.param(SPOTS, id="nothing"),
        pytest.param(move(SPOTS, 60, 60), id="a survey corrects all"),
        pytest.param(_scatter(SPOTS), id="each is placed anew"),
        pytest.param([*move(SPOTS[:14], 300, 0), *SPOTS[14:]], id="fewer than most move"),
        pytest.param([*move(SPOTS[:13], 300, 0), *move(SPOTS[13:], -300, 0)], id="two halves part"),
        pytest.param(move(SPOTS[:4], 300, 0), id="too few to tell"),
        pytest.param(SPOTS[::-1], id="all change places"),
    ],
)
def test_edits_are_no_shift(tmp_path: Path, edited: Sequence[BaseGeometry]) -> None:
    load(tmp_path, SPOTS)
    report = load(tmp_path, edited)
    assert report.rows.inserted == 0
    assert not shift_warnings(report)


def test_shops_of_one_mall_move_as_one(tmp_path: Path) -> None:
    malls = [Point(100, 100)] * 20 + SPOTS[:3]
    load(tmp_path, malls)
    assert not shift_warnings(load(tmp_path, move(malls, 300, 0)))
    # A shift between datums proves itself.
    load(tmp_path, malls)
    assert shift_warnings(load(tmp_path, malls, distort=wgs84_to_gcj02))


def test_outlines_drawn_anew_on_the_spot_are_no_shift(tmp_path: Path) -> None:
    load(tmp_path, TILES, layer="compounds")
    crescents = [tile.difference(translate(tile, 15, 15)) for tile in TILES]
    assert not shift_warnings(load(tmp_path, crescents, layer="compounds"))


def test_rejected_rows_move_nothing(tmp_path: Path) -> None:
    head = "商户编号,商户名称,加入日期,经度,纬度\n"
    lines = [f"R{n},店{n},2025-01-01,{{}},{{}}\n" for n in range(8)]
    degrees = [to_degrees(spot).coords[0] for spot in SPOTS[:8]]
    path = tmp_path / "商户.csv"
    path.write_text(head + "".join(line.format(*xy) for line, xy in zip(lines, degrees, strict=True)))
    assert import_file(None, path, crs="4490").rows.inserted == 8
    path.write_text(path.read_text().replace("2025-01-01", "某天", 4))
    report = import_file(None, path, crs="gcj02")
    assert (report.rows.updated, report.rows.rejected, shift_warnings(report)) == (4, 4, [])


def test_roster_without_coordinates_moves_nothing(tmp_path: Path) -> None:
    load(tmp_path, SPOTS)
    path = write_csv(tmp_path / "商户.csv", [{"商户编号": f"R{n}", "地址": "甲路"} for n in range(25)])
    report = import_file(None, path)
    assert (report.rows.updated, shift_warnings(report)) == (25, [])
