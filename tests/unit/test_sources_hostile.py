"""Files that would bring another file or compute without end: what is given is all that is read."""

import json
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path

import geopandas as gpd
import openpyxl
import pyproj
import pytest
import shapely

from etl.importing.columns.layers import load_layers
from etl.importing.columns.mapping import map_columns
from etl.sources.maps.geojson import _look_into
from etl.sources.reading import list_source_layers, read_source
from etl.sources.table import Table, drop_blanks
from etl.sources.tables import excel
from geo.errors import InputRefused, UnreadableFile
from tests.fuzz_binaries import write_xls

FRAME = gpd.GeoDataFrame(
    {"name": ["a", "b"]},
    geometry=[shapely.box(109.40, 24.30, 109.41, 24.31), shapely.box(109.41, 24.30, 109.42, 24.31)],
    crs=4490,
)


def test_tables_of_mapinfo_bring_no_others(tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame({"Table": ["../secret.tab"]}, geometry=[FRAME.geometry[0]], crs=4326)
    (tmp_path / "of others").mkdir()
    frame.to_file(tmp_path / "of others" / "x.tab", driver="MapInfo File")
    FRAME.to_file(tmp_path / "secret.tab", driver="MapInfo File")
    table = tmp_path / "of others" / "x.tab"
    parts = {part.name: part.read_bytes() for part in table.parent.iterdir()}
    seam = '\nbegin_metadata\n"\\IsSeamless" = "TRUE"\nend_metadata\n'
    view = f'!table\n!version 300\n{" " * 3_000}Open Table "../secret"\nCreate View x As Select * From secret'
    for text in (table.read_text() + "\n" * 3_000 + seam, view):
        table.write_text(text)
        with pytest.raises(InputRefused, match="names other tables"):
            read_source(table)
        # GDAL takes a folder in which such a table lies for one of MapInfo's, whatever it is called.
        folder = tmp_path / "x.gdb"
        folder.mkdir(exist_ok=True)
        for name, content in (parts | {"x.tab": text.encode(), "a00000001.gdbtable": b"\0"}).items():
            (folder / name).write_bytes(content)
        with pytest.raises(InputRefused, match="FileGDB"):
            read_source(folder)
        with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
            for part in folder.iterdir():
                archive.write(part, f"x.gdb/{part.name}")
        with pytest.raises(UnreadableFile):
            read_source(tmp_path / "x.zip")


@pytest.mark.parametrize(
    "table",
    [
        "CREATE VIEW v AS WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS fid FROM n",
        "CREATE VIEW v AS SELECT 1 AS fid, zeroblob(900000000) AS x",
        "CREATE TABLE v (fid INTEGER PRIMARY KEY, x GENERATED ALWAYS AS (zeroblob(900000000)))",
        "CREATE VIRTUAL TABLE v USING VirtualShape('/srv/secret', 'UTF-8', 4326)",
    ],
)
def test_geopackage_that_computes_or_reads_others_is_refused(tmp_path: Path, table: str) -> None:
    FRAME.to_file(tmp_path / "x.gpkg", layer="x")
    with closing(sqlite3.connect(tmp_path / "x.gpkg")) as database:
        if "VIRTUAL" in table:  # Of a kind that is not known here.
            database.execute("PRAGMA writable_schema = ON")
            database.execute("INSERT INTO sqlite_master VALUES ('table', 'v', 'v', 0, ?)", (table,))
        else:
            database.execute(table)
        database.execute("INSERT INTO gpkg_contents (table_name, data_type) VALUES ('v', 'attributes')")
        database.commit()
    for look in (read_source, list_source_layers):
        with pytest.raises(InputRefused, match="computed rather than stored"):
            look(tmp_path / "x.gpkg")


def test_view_of_what_is_stored_is_read(tmp_path: Path) -> None:
    FRAME.to_file(tmp_path / "x.gpkg", layer="x")
    with closing(sqlite3.connect(tmp_path / "x.gpkg")) as database:
        database.execute("CREATE VIEW v AS SELECT fid, upper(name) AS format FROM x")
        database.execute("INSERT INTO gpkg_contents (table_name, data_type) VALUES ('v', 'attributes')")
        database.commit()
    assert len(read_source(tmp_path / "x.gpkg", "v").row_numbers) == len(FRAME)


def test_text_that_is_not_in_the_encoding_its_format_has_is_read(tmp_path: Path) -> None:
    FRAME.to_file(tmp_path / "x.gpkg", layer="x")
    with closing(sqlite3.connect(tmp_path / "x.gpkg")) as database:
        # The index of places would call a function that is not known here.
        for (trigger,) in database.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall():
            database.execute(f'DROP TRIGGER "{trigger}"')
        for text, fid in (("幸福里".encode("gb18030"), 1), (b"\xff\xff", 2)):
            database.execute("UPDATE x SET name = CAST(? AS TEXT) WHERE fid = ?", (text, fid))
        database.commit()
    assert read_source(tmp_path / "x.gpkg").rows["name"].to_list() == ["幸福里", "\ufffd\ufffd"]


@pytest.mark.parametrize("name", ["x.shp", "x.gpkg", "x.fgb", "x.gdb"])
def test_coordinate_system_that_another_file_defines_is_not_looked_for(tmp_path: Path, name: str) -> None:
    system = pyproj.CRS(f"+proj=longlat +ellps=GRS80 +nadgrids=@{tmp_path}/grid +no_defs")
    driver = "OpenFileGDB" if name == "x.gdb" else None
    FRAME.set_crs(system, allow_override=True).to_file(tmp_path / name, driver=driver)
    if name == "x.shp":
        (tmp_path / "x.prj").write_text(system.to_wkt("WKT1_GDAL", pretty=False))
    for look in (read_source, list_source_layers) if name != "x.shp" else (read_source,):
        with pytest.raises(InputRefused, match="defined by a file of shifts"):
            look(tmp_path / name)


def test_geojson_names_no_file_to_gdal(tmp_path: Path) -> None:
    text = json.dumps(json.loads(FRAME.to_json()) | {"crs": {"type": "name", "properties": {"name": "NAME"}}})
    for said in (
        "+proj=longlat +nadgrids=@/grid",
        r"\u002bp\u0072oj=longlat +nadgrids=@/grid",
        "+init=/grid:1",
    ):
        (tmp_path / "x.geojson").write_text(text.replace("NAME", said))
        source = _look_into(tmp_path / "x.geojson").source
        assert isinstance(source, bytes)
        assert "crs" not in json.loads(source)
        assert len(read_source(tmp_path / "x.geojson").row_numbers) == 2


def test_of_columns_far_to_the_right_only_those_that_say_something_are_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in (["编号", "名称"], ["1", None]):
        book.active.append(row)
    book.active["XFD2"] = "x"
    book.save(tmp_path / "台账.xlsx")
    made: list[int] = []

    def drop_and_count(table: Table) -> Table:
        made.append(len(table.columns))
        return drop_blanks(table)

    monkeypatch.setattr(excel, "drop_blanks", drop_and_count)
    table = read_source(tmp_path / "台账.xlsx")
    assert [list(table.columns), table.rows.to_numpy().tolist()] == [
        ["编号", "名称", "column 16384"],
        [["1", "", "x"]],
    ]
    assert made == [3]


def test_old_workbook_with_a_cell_far_off_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "台账.xls").write_bytes(write_xls("楼栋", [["编号", "名称"], *[["1", "甲"]] * 5]))
    assert len(read_source(tmp_path / "台账.xls").row_numbers) == 5
    monkeypatch.setattr(excel, "_MOST_CELLS", 11)
    with pytest.raises(InputRefused, match="row 6 and one in column 2"):
        read_source(tmp_path / "台账.xls")


def test_workbook_packed_by_a_later_zip_than_there_is_has_its_sentence(tmp_path: Path) -> None:
    path = tmp_path / "台账.xlsx"
    openpyxl.Workbook().save(path)
    packed = bytearray(path.read_bytes())
    at = packed.index(b"PK\x01\x02") + 6  # The version that is needed, of the first of its parts.
    packed[at] = 255
    path.write_bytes(packed)
    with pytest.raises(UnreadableFile):
        read_source(path)


def test_zip_whose_member_has_no_name_is_read_without_it(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "楼栋.zip", "w") as archive:
        archive.writestr("a.csv", "编号,名称\n1,甲\n")
        nameless = zipfile.ZipInfo("x")
        nameless.filename = ""
        archive.writestr(nameless, "x")
    assert read_source(tmp_path / "楼栋.zip").rows["名称"].to_list() == ["甲"]


@pytest.mark.parametrize(("words", "left"), [("本表数据由各网格员填写，", 1), ("甲，", 2)])
def test_a_long_text_below_a_table_is_judged_by_its_beginning(tmp_path: Path, words: str, left: int) -> None:
    book = openpyxl.Workbook()
    sheet = book.create_sheet("楼栋", 0)
    for row in (["编号", "名称", "地址", "户数"], ["1", "甲", "幸福路1号", "5"], [words * 30_000]):
        sheet.append([cell[:30_000] for cell in row])
    book.save(tmp_path / "楼栋.xlsx")
    assert len(read_source(tmp_path / "楼栋.xlsx").rows) == left


def test_a_coordinate_system_named_in_chinese_is_read_however_it_is_written(tmp_path: Path) -> None:
    FRAME.to_file(tmp_path / "楼栋.shp")
    prj = tmp_path / "楼栋.prj"
    said = prj.read_text().replace("China_Geodetic_Coordinate_System_2000", "国家大地坐标系", 1)
    assert "国家大地坐标系" in said
    for encoding in ("utf-8", "gb18030"):
        prj.write_text(said, encoding)
        declared = read_source(tmp_path / "楼栋.shp").declared_crs
        assert declared is not None
        assert "国家大地坐标系" in declared
    prj.write_bytes(said.encode("gb18030").replace("国".encode("gb18030"), b"\xff\xfe\x93"))
    assert len(read_source(tmp_path / "楼栋.shp").rows) == 2


def test_names_that_break_a_line_are_told_on_one() -> None:
    with pytest.raises(InputRefused) as refusal:
        map_columns(["栋\x85号\n说\u2028明", "别的"], load_layers()["buildings"], {}, "楼栋.csv")
    assert len(str(refusal.value).splitlines()) == 1


@pytest.mark.parametrize("depth", [300, 1020])
@pytest.mark.parametrize(
    "content",
    [
        "{DEEP}",
        '{"状态": ["好"], "数据": {DEEP}}',
        '[{"编号": "1", "名称": {DEEP}}, {"编号": "2", "名称": "二"}]',
        '{"数据": {"type": "Feature", "geometry": null, "properties": {DEEP}}}',
        '{"编号": "1", "名称": {DEEP}}\n{"编号": "2", "名称": "二"}',
    ],
)
@pytest.mark.parametrize("name", ["楼栋.json", "楼栋.geojson"])
def test_json_nested_without_end_is_refused_or_read(
    name: str, content: str, depth: int, tmp_path: Path
) -> None:
    path = tmp_path / name
    deep = '{"a":' * depth + "1" + "}" * depth
    path.write_text(content.replace("{DEEP}", deep), encoding="utf-8")
    told = name
    try:
        assert len(read_source(path).row_numbers)
    except InputRefused as refusal:
        told = str(refusal)
    assert told.startswith(name)
