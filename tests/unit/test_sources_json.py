"""GeoJSON and other JSON as they are found: encodings, foreign members, coordinate systems, lines, lists."""

import json
import socket
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from etl.sources.reading import list_source_layers, read_source
from geo.errors import InputRefused, UnreadableFile

POINT = {"type": "Point", "coordinates": [109.4, 24.3]}
SQUARE = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]]}


def feature(name: str, geometry: Any = POINT) -> dict[str, Any]:
    return {"type": "Feature", "properties": {"名称": name}, "geometry": geometry}


def collect(*features: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {"type": "FeatureCollection", **members, "features": list(features)}


def write(folder: Path, content: Any, name: str = "x.geojson", encoding: str = "utf-8") -> Path:
    path = folder / name
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_encoding_is_found(tmp_path: Path, encoding: str) -> None:
    table = read_source(write(tmp_path, collect(feature("䶮家小区")), encoding=encoding))
    assert table.rows["名称"].to_list() == ["䶮家小区"]


def test_texts_of_different_encodings_are_each_read_as_what_they_are(tmp_path: Path) -> None:
    text = json.dumps(collect(feature("UUU"), feature("GGG")))
    path = tmp_path / "x.geojson"
    # The second byte of 昞 is a backslash.
    path.write_bytes(
        text.encode().replace(b"UUU", "幸福里".encode()).replace(b"GGG", "昞家".encode("gb18030"))
    )
    table = read_source(path)
    assert table.rows["名称"].to_list() == ["幸福里", "昞家"]
    assert "mixes UTF-8 and GB18030" in table.warnings[0]


@pytest.mark.parametrize(
    ("member", "declared"),
    [
        ({"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}, "EPSG:4326"),
        ({"type": "name", "properties": {"name": "EPSG:4549"}}, "EPSG:4549"),
        ({"type": "EPSG", "properties": {"code": 4490}}, "EPSG:4490"),
        ({"properties": {"name": "GCJ02"}, "type": "name"}, "gcj02"),
        ({"type": "name", "properties": {"name": "EPSG:GCJ-02"}}, "gcj02"),
        ({"type": "name", "properties": {"name": "火星坐标系"}}, "gcj02"),
        ({"type": "name", "properties": {"name": "BD-09"}}, "bd09"),
        ({"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::999999"}}, None),
        ({"type": "name", "properties": {"name": "北京地方坐标系"}}, None),
        ({}, None),
        (None, None),
    ],
)
def test_crs_member_is_taken_at_its_word_where_there_is_one(
    tmp_path: Path, member: dict[str, Any] | None, declared: str | None
) -> None:
    table = read_source(write(tmp_path, collect(feature("甲"), crs=member)))
    assert table.declared_crs == declared
    assert bool(table.warnings) == (declared is None and bool(member))


@pytest.mark.parametrize(
    "member",
    [
        '"crs": {"type": "link", LINK}',
        '"\\u0063rs": {"type": "l\\u0069nk", LINK}',
        f'"a": "{"x" * 5_000_000}", "CRS": {{LINK, "type" : "URLs"}}, "b": "{"x" * 99_999}"',
    ],
    ids=["plain", "escaped", "in the middle"],
)
def test_link_to_a_coordinate_system_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, member: str
) -> None:
    # To no proxy either, for one that is to be passed by is passed by for a link as well.
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    asked = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def listen() -> None:
            try:
                server.accept()[0].close()
                asked.set()
            except OSError:
                pass

        listener = threading.Thread(target=listen, daemon=True)
        listener.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/crs"
        linked = member.replace("LINK}", f'"properties": {{"href": "{url}", "url": "{url}"}}}}')
        linked = linked.replace("{LINK,", f'{{"properties": {{"href": "{url}"}},')
        text = f'{{"type": "FeatureCollection", {linked}, "features": [{json.dumps(feature("甲"))}]}}'
        table = read_source(write(tmp_path, text))
        assert len(table.row_numbers) == 1
        assert not asked.is_set()
        server.shutdown(socket.SHUT_RDWR)
        listener.join(5)
    assert not asked.is_set()


def test_foreign_members_and_missing_shapes_do_no_harm(tmp_path: Path) -> None:
    rows = [{**feature("甲"), "id": 7, "bbox": [0, 0, 1, 1], "title": {"a": [1]}}, feature("乙", None)]
    table = read_source(write(tmp_path, collect(*rows, generator="高德", count=2, bbox=None)))
    assert table.rows["名称"].to_list() == ["甲", "乙"]
    assert table.points is not None
    assert np.isnan(table.points[1]).all()


def test_shapes_of_all_kinds_are_read(tmp_path: Path) -> None:
    both = {"type": "GeometryCollection", "geometries": [POINT, SQUARE]}
    table = read_source(write(tmp_path, collect(feature("甲", both), feature("乙", SQUARE), feature("丙"))))
    assert table.geometry is not None
    assert [shape.geom_type for shape in table.geometry] == ["GeometryCollection", "Polygon", "Point"]
    assert read_source(write(tmp_path, both)).geometry is not None


@pytest.mark.parametrize("name", ["x.geojsonl", "x.ndjson", "x.geojson", "x.json"])
@pytest.mark.parametrize("mark", ["", "\x1e"])
def test_one_feature_a_line(tmp_path: Path, name: str, mark: str) -> None:
    text = "".join(f"{mark}{json.dumps(feature(each), ensure_ascii=False)}\n" for each in "甲乙丙")
    path = write(tmp_path, text, name)
    assert read_source(path).rows["名称"].to_list() == ["甲", "乙", "丙"]
    assert [layer.rows for layer in list_source_layers(path)] == [3]


def test_line_that_is_no_feature_is_told(tmp_path: Path) -> None:
    lines = [json.dumps(feature("甲")), '{"type": "Feature", "prop', json.dumps(feature("乙"))]
    table = read_source(write(tmp_path, "\n".join(lines), "x.geojsonl"))
    assert len(table.row_numbers) == 2
    assert table.warnings == ("1 lines of x.geojsonl are no features and were left out.",)


@pytest.mark.parametrize(
    "content",
    [
        {"status": 1, "data": collect(feature("甲"))},
        {"code": 200, "result": {"list": [feature("甲")]}},
        [feature("甲")],
    ],
)
def test_features_are_found_in_what_a_service_wraps_them_in(tmp_path: Path, content: Any) -> None:
    assert read_source(write(tmp_path, content, "x.json")).rows["名称"].to_list() == ["甲"]


def test_topojson_offers_its_objects(tmp_path: Path) -> None:
    arc = [[[0, 0], [1, 0], [1, 1], [0, 0]]]
    shape = {"type": "Polygon", "arcs": [[0]], "properties": {"名称": "甲"}}
    objects = {name: {"type": "GeometryCollection", "geometries": [shape]} for name in ("小区", "网格")}
    path = write(tmp_path, {"type": "Topology", "objects": objects, "arcs": arc}, "x.json")
    assert [layer.name for layer in list_source_layers(path)] == ["小区", "网格"]
    table = read_source(path, "网格")
    assert (table.name, table.rows["名称"].to_list(), table.declared_crs) == ("网格", ["甲"], None)


def test_esri_json_brings_its_own_crs(tmp_path: Path) -> None:
    rows = [{"attributes": {"名称": "甲"}, "geometry": {"x": 109.4, "y": 24.3}}]
    fields = [{"name": "名称", "type": "esriFieldTypeString"}]
    content = {"geometryType": "esriGeometryPoint", "spatialReference": {"wkid": 4490}, "fields": fields}
    table = read_source(write(tmp_path, {**content, "features": rows}, "x.json"))
    assert (table.rows["名称"].to_list(), table.declared_crs) == (["甲"], "EPSG:4490")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{}", "not GeoJSON"),
        ('{"type": "FeatureCollection", "features": []}', "holds no features"),
        ('{"type": "FeatureCollection", "features": 5}', "x.geojson"),
        ('{"type": "FeatureCollection", "features": [' + json.dumps(feature("甲")), "damaged"),
        ("<html>登录</html>", "damaged"),
        (" \n", "empty"),
        ("[" * 100_000 + '{"type": "Feature"}', "damaged"),
    ],
)
def test_what_is_no_geojson_is_refused_in_a_sentence(tmp_path: Path, content: str, reason: str) -> None:
    with pytest.raises(InputRefused, match=reason):
        read_source(write(tmp_path, content))


REQUEST = {
    "service_request_id": "14-01",
    "status": "open",
    "service_name": "占道经营",
    "requested_datetime": "2026-01-02T10:00:00+08:00",
    "lat": 24.3,
    "long": 109.4,
    "media_url": None,
}


@pytest.mark.parametrize("content", [[REQUEST], {"service_requests": [REQUEST]}, REQUEST])
def test_open311_requests_bring_their_place(tmp_path: Path, content: Any) -> None:
    table = read_source(write(tmp_path, content, "requests.json"))
    assert table.points is not None
    assert table.points.tolist() == [[109.4, 24.3]]
    assert table.declared_crs == "EPSG:4326"
    assert table.rows.loc[0, "service_name"] == "占道经营"
    assert not {"lat", "long"} & set(table.columns)


def test_request_without_a_place_or_at_zero_has_none(tmp_path: Path) -> None:
    rows = [REQUEST, {**REQUEST, "lat": None}, {**REQUEST, "lat": 0, "long": 0}, {"service_request_id": "4"}]
    table = read_source(write(tmp_path, rows, "requests.json"))
    assert table.points is not None
    assert np.isnan(table.points[:, 0]).tolist() == [False, True, True, True]


def test_list_of_services_is_no_list_of_requests(tmp_path: Path) -> None:
    with pytest.raises(InputRefused, match="lists the services"):
        read_source(write(tmp_path, [{"service_code": "1", "service_name": "a"}], "services.json"))


def test_records_of_any_kind_become_a_table_of_text(tmp_path: Path) -> None:
    rows = [{"编号": 12, "面积": 1.5, "有": True, "无": None, "套": {"a": 1}}, {"编号": 450203199001011234}]
    table = read_source(write(tmp_path, rows, "x.json"))
    assert list(table.rows.loc[0]) == ["12", "1.5", "true", "", '{"a": 1}']
    assert table.rows.loc[1, "编号"] == "450203199001011234"


@pytest.mark.parametrize("content", ["[1, 2]", "[[]]", "[{", '[{"a": 1}, 5]'])
def test_list_that_is_no_table_is_refused(tmp_path: Path, content: str) -> None:
    with pytest.raises(UnreadableFile, match=r"x\.json"):
        read_source(write(tmp_path, content, "x.json"))


MANY: dict[str, Any] = dict.fromkeys(map(str, range(5_000)), 1)


@pytest.mark.parametrize("content", [collect({**feature("甲"), "properties": MANY}), [MANY]])
def test_thousands_of_columns_are_refused(tmp_path: Path, content: Any) -> None:
    with pytest.raises(InputRefused, match="at most 1,000 are read"):
        read_source(write(tmp_path, content, "x.json"))
