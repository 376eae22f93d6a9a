"""Streets, water and green from files: of any shape, known again, undone with their batch."""

from pathlib import Path
from typing import Any

import pytest
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from shapely import LineString, Point, Polygon, box

from etl.importing.importer import import_file, undo_import
from tests.import_town import ask, place, write_shapes
from tests.town import Town

STORED = "SELECT kind, name, code, width_m, ST_GeometryType(geom) FROM ground_feature ORDER BY code"
SPOTS = {1: (100, 100), 2: (900, 100), 3: (900, 200), 4: (100, 200), 5: (9_000, 100), 6: (9_900, 100)}


@pytest.fixture
def town(connection: PostgresConnection) -> Town:
    town = Town(connection)
    connection.commit()
    return town


def write_osm(folder: Path, street: str = "文昌路") -> Path:
    nodes = "".join(
        '<node id="{}" lon="{}" lat="{}"/>'.format(number, *place(*spot)) for number, spot in SPOTS.items()
    )

    def way(number: int, *refs: int, **tags: str) -> str:
        named = "".join(f'<tag k="{key}" v="{value}"/>' for key, value in tags.items())
        return f'<way id="{number}">{"".join(f"""<nd ref="{ref}"/>""" for ref in refs)}{named}</way>'

    ways = (
        way(1, 1, 2, highway="residential", name=street, lanes="2"),
        way(2, 2, 3, highway="footway"),
        way(3, 5, 6, highway="primary", name="很远的路"),
        way(4, 1, 2, 3, 4, 1, natural="water", name="泮池"),
    )
    path = folder / "x.osm"
    path.write_text(f"<osm version='0.6'>{nodes}{''.join(ways)}</osm>", encoding="utf-8")
    return path


def test_streets_of_openstreetmap_land_and_are_known_again(
    town: Town, connection: PostgresConnection, tmp_path: Path
) -> None:
    path = write_osm(tmp_path)
    first = import_file(None, path, source_layer="streets")
    assert (first.layer, first.rows.inserted, first.rows.rejected) == ("ground", 2, 1)
    assert "km outside" in first.rejections[0].reason
    assert ask(connection, STORED) == [
        ("road", "文昌路", "w1", 7.0, "ST_LineString"),
        ("road", None, "w2", None, "ST_LineString"),
    ]
    again = import_file(None, path, source_layer="streets")
    assert (again.rows.inserted, again.rows.unchanged) == (0, 2)
    renamed = import_file(None, write_osm(tmp_path, "文昌东路"), source_layer="streets")
    assert (renamed.rows.updated, renamed.rows.unchanged) == (1, 1)
    assert renamed.batch is not None
    undo_import(None, renamed.batch)
    assert ask(connection, STORED)[0][1] == "文昌路"
    assert first.batch is not None
    undo_import(None, first.batch)
    assert ask(connection, STORED) == []


def test_water_is_told_by_the_layer_it_comes_from(
    town: Town, connection: PostgresConnection, tmp_path: Path
) -> None:
    report = import_file(None, write_osm(tmp_path), source_layer="water")
    assert (report.layer, report.rows.inserted) == ("ground", 1)
    assert ask(connection, STORED) == [("water", "泮池", "w4", None, "ST_MultiPolygon")]


def test_lines_and_outlines_land_together_and_points_do_not(
    town: Town, connection: PostgresConnection, tmp_path: Path
) -> None:
    rows: list[dict[str, Any]] = [
        {"编号": "1", "道路名称": "文昌路", "类型": "道路", "路宽": 12.5},
        {"编号": "2", "道路名称": "公园", "类型": "绿地", "路宽": None},
        {"编号": "3", "道路名称": "点", "类型": "道路", "路宽": None},
        {"编号": "4", "道路名称": "无", "类型": None, "路宽": None},
        {"编号": "5", "道路名称": "坏", "类型": "水系", "路宽": None},
    ]
    bow = Polygon([(0, 0), (100, 100), (100, 0), (0, 100)])
    shapes = [
        LineString([(0, 0), (500, 0)]),
        box(0, 0, 50, 50),
        Point(5, 5),
        LineString([(0, 0), (9, 9)]),
        bow,
    ]
    report = import_file(None, write_shapes(tmp_path / "道路.gpkg", rows, shapes), layer="ground")
    assert [rejection.row for rejection in report.rejections] == [3, 4, 5]
    assert "does not say what it is" in report.rejections[1].reason
    assert ask(connection, STORED) == [
        ("road", "文昌路", "1", 12.5, "ST_LineString"),
        ("green", "公园", "2", None, "ST_MultiPolygon"),
    ]
