"""Files too large to be held, as which a few rows are taken here: they end as small ones do."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import shapely
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from shapely import LineString, MultiPolygon, Point, Polygon, box

from etl.importing.columns.layers import load_layers
from etl.importing.importer import import_file, undo_import
from etl.importing.report import ImportReport
from etl.sources import shelf
from tests.import_town import ask, write_shapes
from tests.town import Town, to_degrees

# Three rows at a time: some pieces are as they were read, others hold what is mended, refused or missing.
SHAPES: list[Any] = [
    box(0, 0, 20, 20),
    box(30, 0, 50, 20),
    box(60, 0, 80, 20),
    MultiPolygon([box(0, 40, 20, 60), box(30, 40, 50, 60)]),
    Polygon([(100, 0), (120, 0), (120, 10), (140, 10), (120, 10), (120, 20), (100, 20)]),
    Polygon([(200, 0), (220, 20), (220, 0), (200, 20)]),
    None,
    LineString([(0, 80), (20, 80), (20, 100), (0, 100), (0, 80)]),
    box(90, 90, 90.1, 90.1),
    Point(5, 5),
    shapely.force_3d(box(100, 100, 120, 120), 12.5),
    *(box(200 + 30 * n, 100, 220 + 30 * n, 120) for n in range(4)),
]


def take_in(path: Path, monkeypatch: pytest.MonkeyPatch, *, is_large: bool, **options: Any) -> ImportReport:
    with monkeypatch.context() as patch:
        if is_large:
            patch.setattr(shelf, "_HELD_BYTES", -1)
            patch.setattr(shelf, "_PIECE_ROWS", 3)
        return import_file(None, path, **options)


@pytest.mark.parametrize("crs", [None, "gcj02"])
@pytest.mark.parametrize(
    ("layer", "name", "shown"),
    [
        ("buildings", "楼栋", "code, compound_id, ST_AsEWKT(geom)"),
        ("ground", "地物", "kind, ST_AsEWKT(geom)"),
    ],
)
def test_shapes_of_a_large_file_land_as_those_of_a_small_one(
    layer: str, name: str, shown: str, crs: str | None, connection: PostgresConnection, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    town = Town(connection)
    town.add("compound", code="C1", name="幸福里", geom=box(0, 0, 50, 100))
    connection.commit()
    kind = {"类型": "绿地"} if layer == "ground" else {}
    rows = [{"编号": f"N{number}", "名称": f"{number}号", **kind} for number in range(len(SHAPES))]
    path = write_shapes(tmp_path / f"{name}.gpkg", rows, SHAPES)
    table = load_layers()[layer].table

    def take(*, is_large: bool) -> tuple[ImportReport, list[tuple[Any, ...]]]:
        report = take_in(path, monkeypatch, is_large=is_large, layer=layer, crs=crs)
        # Brought in again they are what they were, and nothing moves.
        again = take_in(path, monkeypatch, is_large=is_large, layer=layer, crs=crs)
        assert (again.rows.inserted, again.rows.updated) == (0, 0)
        assert again.rows.unchanged == report.rows.inserted
        stored = ask(connection, f"SELECT {shown} FROM {table} ORDER BY 1, 2")
        assert report.batch is not None
        connection.rollback()
        undo_import(None, report.batch)
        return replace(report, batch=None), stored

    small, large = take(is_large=False), take(is_large=True)
    assert small[0].rows.inserted >= 6
    assert small[0].rows.rejected >= 2
    assert small[0].repairs
    assert large[1] == small[1]
    # What is known of a source the second time is no longer told.
    assert replace(large[0], notes=(), remembered=small[0].remembered) == replace(small[0], notes=())


def test_damaged_shapes_of_a_large_file_are_refused_row_by_row(
    connection: PostgresConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Town(connection)
    connection.commit()
    shapes: list[Any] = [box(30 * n, 0, 30 * n + 20, 20) for n in range(7)]
    rows = [{"编号": f"N{number}", "名称": f"{number}号"} for number in range(7)]
    path = write_shapes(tmp_path / "楼栋.gpkg", rows, shapes)
    content = path.read_bytes()
    # Of the fourth outline the number of rings is no longer what follows.
    head = shapely.to_wkb(shapely.box(0, 0, 1, 1))[:13]
    places = [at for at in range(len(content)) if content.startswith(head, at)]
    assert len(places) == 7
    path.write_bytes(content[: places[3] + 5] + b"\xff\x00\x00\x00" + content[places[3] + 9 :])
    reports = [
        take_in(path, monkeypatch, is_large=is_large, layer="buildings", dry_run=True)
        for is_large in (False, True)
    ]
    for report in reports:
        assert report.rows.inserted == 6
        ((row, reason),) = [(rejection.row, rejection.reason) for rejection in report.rejections]
        assert row in range(1, 8)
        assert reason == "the shape is damaged or of a kind we do not read"


def test_rings_that_do_not_close_are_closed_with_a_note(
    connection: PostgresConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Town(connection)
    connection.commit()
    outlines = [to_degrees(box(30 * n, 0, 30 * n + 20, 20)) for n in range(7)]
    rings = [shapely.get_coordinates(outline).tolist() for outline in outlines]
    del rings[4][-1]
    features = [
        {
            "type": "Feature",
            "properties": {"楼栋编号": f"N{number}"},
            "geometry": {"type": "Polygon", "coordinates": [ring]},
        }
        for number, ring in enumerate(rings)
    ]
    path = tmp_path / "楼栋.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False))
    for is_large in (False, True):
        report = take_in(path, monkeypatch, is_large=is_large, layer="buildings")
        assert (report.rows.inserted, report.rejections) == (7, ())
        assert report.repairs == ((5, "its ring was not closed, which it is now"),)
        areas = [area for (area,) in ask(connection, "SELECT ST_Area(geom) FROM building ORDER BY code")]
        assert areas == pytest.approx([outline.area for outline in outlines])
        assert report.batch is not None
        connection.rollback()
        undo_import(None, report.batch)
