"""OpenStreetMap, GPX, Open311's XML, FileGDB, MapInfo, FlatGeobuf, curves; and what no driver may open."""

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely

from etl.sources.reading import list_source_layers, read_source
from geo.errors import InputRefused, UnreadableFile

FRAME = gpd.GeoDataFrame(
    {"名称": ["䶮家小区", "幸福里"], "户数": [300, 12]},
    geometry=[shapely.box(109.40, 24.30, 109.41, 24.31), shapely.box(109.41, 24.30, 109.42, 24.31)],
    crs=4490,
)
SPOTS = [(0, 0), (1, 0), (1, 1), (0, 1), (5, 5), (6, 5), (6, 6)]


def way(number: int, nodes: list[int], **tags: str) -> str:
    refs = "".join(f'<nd ref="{node}"/>' for node in nodes)
    return f'<way id="{number}">{refs}{write_tags(tags)}</way>'


def area(number: int, ways: dict[int, str], **tags: str) -> str:
    members = "".join(f'<member type="way" ref="{ref}" role="{role}"/>' for ref, role in ways.items())
    return f'<relation id="{number}">{members}{write_tags({"type": "multipolygon", **tags})}</relation>'


def write_tags(tags: dict[str, str]) -> str:
    return "".join(f'<tag k="{key.replace("__", ":")}" v="{value}"/>' for key, value in tags.items())


def write_osm(folder: Path, *parts: str, shop: str = "") -> Path:
    nodes = "".join(
        f'<node id="{n}" lon="{109.4 + x / 1000}" lat="{24.3 + y / 1000}">{shop if n == 7 else ""}</node>'
        for n, (x, y) in enumerate(SPOTS, 1)
    )
    path = folder / "x.osm"
    path.write_text(
        f'<?xml version="1.0"?><osm version="0.6">{nodes}{"".join(parts)}</osm>', encoding="utf-8"
    )
    return path


def test_extract_is_offered_by_what_is_a_layer_of_ours(tmp_path: Path) -> None:
    path = write_osm(
        tmp_path,
        way(
            1,
            [1, 2, 3, 4, 1],
            building="apartments",
            name="Xingfu 1",
            name__zh="幸福里1栋",
            building__levels="6",
        ),
        way(2, [5, 6], highway="residential", name="文昌路"),
        way(3, [1, 2, 3, 1], natural="water", name="泮池"),
        way(4, [5, 7], waterway="canal", name="葑村塘"),
        shop=write_tags(
            {"shop": "supermarket", "name": "便民超市", "addr__street": "文昌路", "addr__housenumber": "3号"}
        ),
    )
    assert [(layer.name, layer.rows, layer.kind) for layer in list_source_layers(path)] == [
        ("buildings", 1, "outlines"),
        ("shops", 1, "points"),
        ("streets", 1, "lines"),
        ("water", 2, "mixed"),
    ]
    with pytest.raises(InputRefused, match="4 layers"):
        read_source(path)
    building = read_source(path, "buildings")
    assert building.declared_crs == "EPSG:4326"
    assert building.rows.loc[0].to_dict() == {
        "osm_id": "w1",
        "name": "幸福里1栋",
        "levels": "6",
        "kind": "residential",
    }
    shop = read_source(path, "shops").rows.loc[0]
    assert (shop["osm_id"], shop["category"], shop["address"]) == ("n7", "convenience", "文昌路3号")
    assert read_source(path, "water").rows["name"].to_list() == ["泮池", "葑村塘"]


def test_areas_cut_at_the_edge_are_counted_not_made_up(tmp_path: Path) -> None:
    path = write_osm(
        tmp_path,
        way(1, [1, 2, 3, 4, 1], building="yes", name="整"),
        way(2, [5, 6, 7]),
        area(10, {2: "outer", 77: "outer"}, building="yes", name="断"),
        way(3, [5, 6, 98, 99], highway="primary", name="断路"),
    )
    table = read_source(path, "buildings")
    assert table.rows["name"].to_list() == ["整"]
    assert table.warnings == ("1 areas of x.osm reach beyond what it holds and were left out.",)
    roads = read_source(path, "streets").geometry
    assert roads is not None
    assert len(shapely.get_coordinates(roads[0])) == 2


@pytest.mark.parametrize(
    ("name", "raw"),
    [("x.osm", b"<osm"), ("x.osm", b"<html><body/></html>"), ("x.pbf", b"\0" * 99), ("x.osm", b"x")],
)
def test_what_is_no_extract_is_refused(tmp_path: Path, name: str, raw: bytes) -> None:
    (tmp_path / name).write_bytes(raw)
    with pytest.raises(UnreadableFile, match=r"damaged|no layer"):
        read_source(tmp_path / name)


GPX = (
    '<gpx version="1.1" creator="{}" xmlns="http://www.topografix.com/GPX/1/1">'
    '<wpt lon="109.4" lat="24.3"><ele>90</ele><time>2026-01-02T03:04:05Z</time><name>井盖</name></wpt>'
    "{}</gpx>"
)
TRACK = (
    "<trk><name>巡查</name><trkseg><trkpt lon='109.4' lat='24.3'/><trkpt lon='109.5' lat='24.3'/></trkseg>"
    "</trk>"
)


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_waypoints_and_tracks_are_layers(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "x.gpx"
    path.write_bytes(GPX.format("手持机", TRACK).encode(encoding))
    assert [(layer.name, layer.rows) for layer in list_source_layers(path)] == [
        ("waypoints", 1),
        ("tracks", 1),
    ]
    table = read_source(path, "waypoints")
    assert table.rows.columns.to_list() == ["ele", "time", "name"]
    assert (table.rows.loc[0, "name"], table.declared_crs) == ("井盖", "EPSG:4326")
    assert read_source(path, "tracks").rows.columns.to_list() == ["name"]


def test_gpx_of_ovital_declares_no_datum(tmp_path: Path) -> None:
    path = tmp_path / "x.gpx"
    path.write_text(GPX.format("OvitalMap", ""), encoding="utf-8")
    assert read_source(path).declared_crs is None


def test_gpx_that_is_cut_off_or_empty_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.gpx"
    for text, reason in ((GPX[:150], "damaged"), ("<gpx version='1.1'></gpx>", "no waypoint")):
        path.write_text(text)
        with pytest.raises(UnreadableFile, match=reason):
            read_source(path)


@pytest.mark.parametrize("root", ["service_requests", "requests"])
def test_requests_in_xml(tmp_path: Path, root: str) -> None:
    path = tmp_path / "x.xml"
    one = "<service_request_id>1</service_request_id><lat>24.3</lat><long>109.4</long><description/>"
    two = "<service_request_id>2</service_request_id><lat/><long/><address>文昌路 &amp; 3号</address>"
    requests = f"<request>{one}</request><request>{two}</request>"
    path.write_text(f"<?xml version='1.0'?><!-- <kml> --><{root}>{requests}</{root}>", encoding="utf-8")
    table = read_source(path)
    assert table.rows.fillna("").to_dict("list") == {
        "service_request_id": ["1", "2"],
        "description": ["", ""],
        "address": ["", "文昌路 & 3号"],
    }
    assert table.points is not None
    assert table.points[0].tolist() == [109.4, 24.3]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<services><service><service_code>1</service_code></service></services>", "lists the services"),
        ("<service_requests/>", "holds no records"),
        ("<service_requests><request><service_req", "damaged or cut off at line 1"),
        ("<html><body/></html>", "not a workbook"),
        ("<OGRVRTDataSource/>", "no list of records"),
    ],
)
def test_other_xml_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "x.xml").write_text(text)
    with pytest.raises(InputRefused, match=reason):
        read_source(tmp_path / "x.xml")


def test_xml_is_read_by_what_it_is(tmp_path: Path) -> None:
    (tmp_path / "x.xml").write_text(GPX.format("a", ""), encoding="utf-8")
    assert len(read_source(tmp_path / "x.xml").row_numbers) == 1


def test_file_geodatabase_is_read_from_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "底图.gdb"
    FRAME.to_file(path, driver="OpenFileGDB", layer="小区", engine="pyogrio")
    table = read_source(path)
    assert (table.name, table.declared_crs, table.rows["名称"].to_list()) == (
        "小区",
        "EPSG:4490",
        ["䶮家小区", "幸福里"],
    )
    FRAME.to_file(path, driver="OpenFileGDB", layer="网格", engine="pyogrio")
    assert [layer.name for layer in list_source_layers(path)] == ["小区", "网格"]
    (tmp_path / "空.gdb").mkdir()
    with pytest.raises(InputRefused, match="holds no tables of a FileGDB"):
        read_source(tmp_path / "空.gdb")


def test_flatgeobuf_is_read(tmp_path: Path) -> None:
    path = tmp_path / "x.fgb"
    FRAME.to_file(path, driver="FlatGeobuf", engine="pyogrio")
    assert sorted(read_source(path).rows["名称"]) == sorted(FRAME["名称"])
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(UnreadableFile, match=r"x\.fgb"):
        read_source(path)


def test_mapinfo_in_gbk_is_read(tmp_path: Path) -> None:
    head = 'Version 300\nCharset "WindowsSimpChinese"\nDelimiter ","\nCoordSys Earth Projection 1, 104\n'
    body = "Columns 1\n  名称 Char(20)\nData\nPoint 109.4 24.3\n"
    (tmp_path / "x.mif").write_bytes(f"{head}{body}".encode("gbk"))
    (tmp_path / "x.mid").write_bytes('"幸福里"\n'.encode("gbk"))
    assert read_source(tmp_path / "x.mif").rows["名称"].to_list() == ["幸福里"]


def test_curves_become_short_straight_pieces_and_are_told(tmp_path: Path) -> None:
    path = tmp_path / "x.gpkg"
    curve = "CURVEPOLYGON(CIRCULARSTRING(109.4 24.3, 109.5 24.4, 109.6 24.3, 109.5 24.2, 109.4 24.3))"
    (tmp_path / "x.csv").write_text(f'code,WKT\n1,"{curve}"\n2,"POLYGON((0 0,1 0,1 1,0 0))"\n')
    quiet = {name: value for name, value in os.environ.items() if name != "GDAL_SKIP"}
    command = [
        "ogr2ogr",
        "-f",
        "GPKG",
        str(path),
        str(tmp_path / "x.csv"),
        "-nlt",
        "GEOMETRY",
        "-a_srs",
        "EPSG:4490",
    ]
    subprocess.run(command, check=True, env=quiet, capture_output=True)
    table = read_source(path)
    assert table.geometry is not None
    assert [shape.geom_type for shape in table.geometry] == ["Polygon", "Polygon"]
    assert table.geometry[0].area == pytest.approx(0.0314, rel=0.01)
    assert table.warnings == ("x.gpkg holds curves, which are drawn in short straight pieces here.",)


def test_no_file_brings_another_by_a_link(tmp_path: Path) -> None:
    (tmp_path / "secret.geojson").write_text(json.dumps(json.loads(FRAME.to_json())))
    link = f"<SrcDataSource>{tmp_path}/secret.geojson</SrcDataSource>"
    text = f'<OGRVRTDataSource><OGRVRTLayer name="secret">{link}</OGRVRTLayer></OGRVRTDataSource>'
    for name in (
        "x.shp",
        "x.gpkg",
        "x.fgb",
        "x.tab",
        "x.mif",
        "x.geojson",
        "x.kml",
        "x.gpx",
        "x.osm",
        "x.pbf",
    ):
        (tmp_path / name).write_text(text)
        with pytest.raises(UnreadableFile):
            read_source(tmp_path / name)


def test_drivers_that_follow_links_are_off() -> None:
    # In a process of its own: GDAL chooses its drivers when it is first loaded.
    code = "import etl, pyogrio; print(*sorted(pyogrio.list_drivers()), sep='|')"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    known = "CSV|DXF|ESRI Shapefile|ESRIJSON|FlatGeobuf|GPKG|GPX|GeoJSON|GeoJSONSeq|JSONFG|KML|LIBKML|MEM"
    known += "|MVT|MapInfo File|ODS|OSM|OpenFileGDB|PGDUMP|TopoJSON|XLSX"
    assert set(done.stdout.strip().split("|")) <= set(known.split("|"))


@pytest.mark.parametrize(("name", "driver"), [("x.gdb", "OpenFileGDB"), ("x.gpkg", "GPKG")])
def test_rows_are_never_lost_in_silence_where_a_file_is_damaged(
    tmp_path: Path, name: str, driver: str
) -> None:
    path = tmp_path / name
    shapes = shapely.points(np.linspace(109.4, 109.5, 5_000), 24.3)
    names = [f"{number}号楼" for number in range(5_000)]
    frame = gpd.GeoDataFrame({"名称": names}, geometry=shapes, crs=4490)
    frame.to_file(path, driver=driver, engine="pyogrio")
    assert len(read_source(path).row_numbers) == 5_000
    if path.is_dir():
        rows = max(path.glob("*.gdbtable"), key=lambda part: part.stat().st_size)
        rows.write_bytes(rows.read_bytes()[: rows.stat().st_size * 2 // 3])
    else:
        raw = bytearray(path.read_bytes())
        found = raw.index("2500号楼".encode()) // 4096 * 4096
        raw[found : found + 4096] = b"\xff" * 4096
        path.write_bytes(raw)
    with pytest.raises(UnreadableFile, match=rf"{name} is damaged"):
        read_source(path)


def test_a_count_that_is_stale_and_rows_that_were_deleted_do_no_harm(tmp_path: Path) -> None:
    FRAME.to_file(tmp_path / "x.gpkg", engine="pyogrio")
    with closing(sqlite3.connect(tmp_path / "x.gpkg")) as database, database:
        database.execute("UPDATE gpkg_ogr_contents SET feature_count = 60000")
    assert len(read_source(tmp_path / "x.gpkg").row_numbers) == 2
    FRAME.to_file(tmp_path / "x.shp", engine="pyogrio", encoding="UTF-8")
    raw = bytearray((tmp_path / "x.dbf").read_bytes())
    raw[int.from_bytes(raw[8:10], "little")] = ord("*")
    (tmp_path / "x.dbf").write_bytes(raw)
    assert read_source(tmp_path / "x.shp").rows["名称"].to_list() == ["幸福里"]
