"""KML, KMZ and 奥维's files: folders, what is said of placemarks, encodings, damage."""

import zipfile
from pathlib import Path

import pytest

from etl.sources.reading import list_source_layers, read_source
from geo.errors import InputRefused, UnreadableFile

HEAD = '<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2">'
SQUARE = "109.40,24.30,5 109.41,24.30,5 109.41,24.31,5 109.40,24.31,5 109.40,24.30,5"
OUTLINE = (
    f"<Polygon><outerBoundaryIs><LinearRing><coordinates>{SQUARE}</coordinates></LinearRing></outerBoundaryIs>"
    "</Polygon>"
)


def mark(name: str, shape: str = OUTLINE, more: str = "") -> str:
    return f"<Placemark><name>{name}</name>{more}{shape}</Placemark>"


def point(text: str) -> str:
    return f"<Point><coordinates>{text}</coordinates></Point>"


def write(folder: Path, body: str, name: str = "x.kml", encoding: str = "utf-8", head: str = HEAD) -> Path:
    path = folder / name
    path.write_bytes(f"{head}{body}</kml>".encode(encoding))
    return path


def test_every_folder_is_a_layer_with_what_lies_below_it(tmp_path: Path) -> None:
    body = (
        f"<Document><name>全部</name>{mark('根')}<Folder><name>小区</name>{mark('甲')}"
        f"<Folder><name>楼栋</name>{mark('1栋')}{mark('2栋')}</Folder></Folder>"
        f"<Folder><name>楼栋</name>{mark('3栋')}</Folder></Document>"
    )
    path = write(tmp_path, body)
    found = [(layer.name, layer.rows, layer.kind) for layer in list_source_layers(path)]
    assert found == [
        ("全部", 5, "outlines"),
        ("小区", 3, "outlines"),
        ("小区/楼栋", 2, "outlines"),
        ("楼栋", 1, "outlines"),
    ]
    with pytest.raises(InputRefused, match="4 layers"):
        read_source(path)
    table = read_source(path, "小区")
    assert table.rows["name"].to_list() == ["甲", "1栋", "2栋"]
    assert table.rows["folder"].to_list() == ["小区", "楼栋", "楼栋"]


def test_one_folder_needs_no_choice_and_is_wgs84_by_its_standard(tmp_path: Path) -> None:
    table = read_source(
        write(tmp_path, f"<Document><Folder><name>小区</name>{mark('甲')}</Folder></Document>")
    )
    assert (table.name, table.declared_crs) == ("小区", "EPSG:4326")
    assert table.geometry is not None
    assert table.geometry[0].bounds == (109.40, 24.30, 109.41, 24.31)
    assert not table.geometry[0].has_z


@pytest.mark.parametrize("name", ["x.ovkml", "x.OVKML"])
def test_files_of_ovital_declare_no_datum(tmp_path: Path, name: str) -> None:
    table = read_source(write(tmp_path, mark("甲"), name))
    assert table.declared_crs is None
    assert "GCJ-02" in table.warnings[0]


@pytest.mark.parametrize("trace", ["http://www.ovital.com/icon.png", "由奥维互动地图导出"])
def test_kml_with_traces_of_ovital_declares_no_datum(tmp_path: Path, trace: str) -> None:
    path = write(tmp_path, mark("甲", more=f"<description>{trace}</description>"))
    assert read_source(path).declared_crs is None


@pytest.mark.parametrize(
    ("encoding", "head"),
    [
        ("gb18030", HEAD.replace("UTF-8", "GBK")),
        ("gb18030", HEAD),
        ("utf-8-sig", HEAD),
        ("utf-16", HEAD.replace("UTF-8", "UTF-16")),
        ("utf-8", HEAD.replace("UTF-8", "GB2312")),
        ("utf-8", '<kml xmlns="http://www.opengis.net/kml/2.2">'),
    ],
)
def test_bytes_decide_the_encoding_whatever_the_file_says(tmp_path: Path, encoding: str, head: str) -> None:
    table = read_source(write(tmp_path, mark("䶮家小区"), encoding=encoding, head=head))
    assert table.rows["name"].to_list() == ["䶮家小区"]


def test_extended_data_and_cdata_become_columns(tmp_path: Path) -> None:
    data = (
        '<ExtendedData><Data name="户数"><value> 300 </value></Data><SchemaData schemaUrl="#a">'
        '<SimpleData name="楼栋编号">B1</SimpleData></SchemaData></ExtendedData>'
    )
    words = "<description><![CDATA[<b>老</b>小区 &amp; 院落]]></description>"
    rows = read_source(write(tmp_path, mark("甲", more=data + words) + mark("乙"))).rows
    assert rows.loc[0].to_dict() == {
        "name": "甲",
        "户数": "300",
        "楼栋编号": "B1",
        "description": "老小区 & 院落",
    }
    assert list(rows.loc[1, ["户数", "description"]]) == ["", ""]


def test_table_in_the_description_becomes_columns_as_arcgis_writes_them(tmp_path: Path) -> None:
    table = (
        "<description><![CDATA[<html><body><table><tr><td>甲</td></tr><tr><td><table><tr><td>网格编号</td><td>01</td>"
        "</tr><tr><td>户数</td><td> 300 </td></tr></table></td></tr></table></body></html>]]></description>"
    )
    rows = read_source(write(tmp_path, mark("甲", more=table))).rows
    assert rows.loc[0].to_dict() == {"name": "甲", "description": "", "网格编号": "01", "户数": "300"}


def test_placemarks_without_shape_stay_and_broken_ones_are_told(tmp_path: Path) -> None:
    body = (
        mark("无", "")
        + mark("坏", point("109.4,abc"))
        + mark("好", point("109.4 , 24.3"))
        + mark("空", point(""))
    )
    table = read_source(write(tmp_path, body))
    assert table.geometry is not None
    assert table.rows["name"].to_list() == ["无", "好", "空"]
    assert [shape is None for shape in table.geometry] == [True, False, True]
    assert table.row_numbers.tolist() == [1, 3, 4]
    assert [(rejection.row, rejection.reason) for rejection in table.unreadable] == [
        (2, "its coordinates cannot be read")
    ]


@pytest.mark.parametrize("numbers", ["nan,24.3", "109.4", "1e999,24.3"])
def test_coordinates_that_are_none_are_told(tmp_path: Path, numbers: str) -> None:
    table = read_source(write(tmp_path, mark("坏", point(numbers)) + mark("好", point("109.4,24.3"))))
    assert [rejection.row for rejection in table.unreadable] == [1]


def test_holes_tracks_and_several_parts_are_read(tmp_path: Path) -> None:
    hole = "109.402,24.302 109.404,24.302 109.404,24.304 109.402,24.302"
    inner = f"<innerBoundaryIs><LinearRing><coordinates>{hole}</coordinates></LinearRing></innerBoundaryIs>"
    holed = OUTLINE.replace("</Polygon>", inner + "</Polygon>")
    track = "<gx:Track><gx:coord>109.4 24.3 5</gx:coord><gx:coord>109.5 24.3 5</gx:coord></gx:Track>"
    head = HEAD.replace("<kml ", '<kml xmlns:gx="http://www.google.com/kml/ext/2.2" ')
    body = (
        mark("洞", holed)
        + mark("多", f"<MultiGeometry>{OUTLINE}{OUTLINE}</MultiGeometry>")
        + mark("轨", track)
    )
    body += mark("混", f"<MultiGeometry>{OUTLINE}{point('109.4,24.3')}</MultiGeometry>")
    shapes = read_source(write(tmp_path, body, head=head)).geometry
    assert shapes is not None
    assert [shape.geom_type for shape in shapes] == [
        "Polygon",
        "MultiPolygon",
        "LineString",
        "GeometryCollection",
    ]
    assert len(shapes[0].interiors) == 1
    # A prefix that nobody declared is read all the same.
    assert len(read_source(write(tmp_path, mark("轨", track))).rows) == 1


def test_links_are_not_followed_but_told(tmp_path: Path) -> None:
    link = "<NetworkLink><Link><href>http://127.0.0.1:9/x.kml</href></Link></NetworkLink>"
    assert "links to 1 other files" in read_source(write(tmp_path, link + mark("甲"))).warnings[0]


def test_entities_are_neither_expanded_nor_fetched(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    head = f'<?xml version="1.0"?><!DOCTYPE kml [<!ENTITY e0 "lol">{levels}<!ENTITY f SYSTEM "file://{secret}">]><kml>'
    path = write(tmp_path, mark("&e9;&f;甲", point("109.4,24.3")), head=head)
    try:
        said = read_source(path).rows.to_string()
    except UnreadableFile:
        said = ""
    assert "secret" not in said
    assert len(said) < 1000


def test_entity_of_html_and_stray_control_character_do_no_harm(tmp_path: Path) -> None:
    assert len(read_source(write(tmp_path, mark("甲&nbsp;\x08区"))).rows) == 1


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_what_is_cut_off_is_refused(tmp_path: Path, share: float) -> None:
    path = write(tmp_path, f"<Document>{mark('甲') * 20}</Document>")
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(UnreadableFile, match=r"x\.kml is damaged or cut off at line 1"):
        read_source(path)


@pytest.mark.parametrize("body", ["", "<Document/>", "<Folder><name>空</name></Folder>"])
def test_nothing_in_it_is_refused(tmp_path: Path, body: str) -> None:
    with pytest.raises(UnreadableFile, match="holds no placemarks"):
        read_source(write(tmp_path, body))


def test_what_is_nested_without_end_is_refused(tmp_path: Path) -> None:
    deep = "<Folder>" * 230 + mark("甲") + "</Folder>" * 230
    with pytest.raises(InputRefused, match=r"nested deeper|cut off"):
        read_source(write(tmp_path, deep))


def test_kmz_is_read_whatever_its_name_says(tmp_path: Path) -> None:
    for name in ("x.kmz", "x.ovkmz", "y.kml"):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr("doc.kml", f"{HEAD}{mark('甲')}</kml>")
            archive.writestr("files/icon.png", b"\x89PNG")
        table = read_source(tmp_path / name)
        assert table.rows["name"].to_list() == ["甲"]
        assert (table.declared_crs is None) == name.endswith("ovkmz")
    assert read_source(write(tmp_path, mark("甲"), "z.kmz")).rows["name"].to_list() == ["甲"]


@pytest.mark.parametrize("name", ["x.kml", "x.gpx", "x.xml", "x.json"])
def test_what_would_not_fit_in_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr("etl.sources.tables.text._MOST_BYTES", 100)
    path = tmp_path / name
    path.write_text(("[" if name == "x.json" else "<requests>") + " " * 200)
    with pytest.raises(InputRefused, match="MB of its kind are read"):
        read_source(path)
