"""Zips: what is in them is found, whatever its path; what is meant to harm is refused."""

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from etl.sources.archive import unpack
from etl.sources.reading import list_source_layers, read_source
from geo.errors import InputRefused, UnreadableFile

FRAME = gpd.GeoDataFrame({"名称": ["甲", "乙"]}, geometry=[shapely.Point(109.4, 24.3)] * 2, crs=4490)
FEATURES = json.dumps(json.loads(FRAME.to_json()))
ZEROS = bytes(1 << 20)


class GbkName(zipfile.ZipInfo):
    """A member whose name is written as Chinese Windows does: in GBK, without saying so."""

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802 - the library's own name
        return self.filename.encode("gbk"), self.flag_bits & ~0x800


def pack(path: Path, members: Mapping[str, bytes | str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def make_shapefile(folder: Path, stem: str = "小区") -> dict[str, bytes]:
    FRAME.to_file(folder / f"{stem}.shp", encoding="UTF-8", engine="pyogrio")
    return {part.name: part.read_bytes() for part in folder.glob(f"{stem}.*")}


@pytest.mark.parametrize(
    "prefix",
    ["", "交付/2026/", "../../", "/etc/", "C:\\Users\\张三\\", "a/../../b/"],
    ids=["flat", "nested", "upward", "absolute", "drive", "winding"],
)
def test_path_says_nothing_of_where_a_member_is_written(tmp_path: Path, prefix: str) -> None:
    inside = tmp_path / "in" / "side"
    inside.mkdir(parents=True)
    parts = make_shapefile(inside)
    path = pack(inside / "x.zip", {prefix + name: content for name, content in parts.items()})
    before = sorted(tmp_path.rglob("*"))
    assert read_source(path).rows["名称"].to_list() == ["甲", "乙"]
    with unpack(path, ()) as datasets:
        assert [dataset.path.name for dataset in datasets] == ["小区.shp"]
    assert sorted(tmp_path.rglob("*")) == before


def test_names_in_gbk_are_understood(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for stem in ("小区", "网格"):
            for name, content in make_shapefile(tmp_path, stem).items():
                archive.writestr(GbkName(name), content)
    assert [layer.name for layer in list_source_layers(path)] == ["小区", "网格"]


def test_layers_of_all_kinds_of_files_are_offered(tmp_path: Path) -> None:
    database = tmp_path / "底图.gdb"
    FRAME.to_file(database, driver="OpenFileGDB", layer="楼栋", engine="pyogrio")
    members: dict[str, bytes | str] = {
        f"底图.gdb/{part.name}": part.read_bytes() for part in database.iterdir()
    }
    members |= {f"a/{name}": content for name, content in make_shapefile(tmp_path).items()}
    members |= {f"b/{name}": content for name, content in make_shapefile(tmp_path).items()}
    members |= {
        "点.geojson": FEATURES,
        "商户.csv": "商户名称,经度,纬度\n甲,109.4,24.3\n",
        "a/小区.shp.xml": "<metadata/>",
        "__MACOSX/a/._小区.shp": b"\0\5\x16\7",
        "读我.txt": "无",
        ".DS_Store": b"x",
    }
    path = pack(tmp_path / "x.zip", members)
    found = {layer.name: (layer.rows, layer.kind) for layer in list_source_layers(path)}
    assert found == {
        "底图": (2, "points"),
        "a/小区.shp": (2, "points"),
        "b/小区.shp": (2, "points"),
        "点": (None, "mixed"),
        "商户": (None, "table"),
    }
    with pytest.raises(InputRefused, match="5 layers"):
        read_source(path)
    for name, count in {"底图": 2, "b/小区.shp": 2, "点": 2, "商户": 1}.items():
        table = read_source(path, name)
        assert (table.name, len(table.row_numbers)) == (name, count)


def test_damaged_part_does_not_hide_the_sound_ones(tmp_path: Path) -> None:
    path = pack(tmp_path / "x.zip", {"坏.kml": "<kml><Placem", "好.geojson": FEATURES})
    assert [layer.name for layer in list_source_layers(path)] == ["坏", "好"]
    assert len(read_source(path, "好").row_numbers) == 2
    with pytest.raises(UnreadableFile, match=r"坏\.kml is damaged"):
        read_source(path, "坏")


def test_one_file_in_a_zip_needs_no_choice(tmp_path: Path) -> None:
    assert len(read_source(pack(tmp_path / "x.zip", {"点.geojson": FEATURES})).row_numbers) == 2


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"x.geojson": ZEROS * 80}, "would grow .* times"),
        ({f"{n}.csv": ZEROS * 9 for n in range(12)}, "would grow .* times"),
        ({f"{n}.geojson": "" for n in range(10_001)}, "more than 10,000 files"),
        ({f"{n}.csv": "" for n in range(501)}, "501 tables and layers, and at most 500"),
        ({"inner.zip": b"PK"}, "holds another archive"),
        ({"读我.docx": b"x"}, "holds no file that we read"),
        ({"小区.dbf": b"x", "小区.prj": b"x"}, "holds no file that we read"),
        (
            {"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": b"<workbook/>"},
            "is a workbook or a document",
        ),
        ({}, "holds no file that we read"),
    ],
    ids=[
        "bomb",
        "bomb of many",
        "too many",
        "too many layers",
        "nested",
        "other",
        "no shp",
        "workbook",
        "empty",
    ],
)
def test_what_is_no_delivery_is_refused(tmp_path: Path, members: dict[str, bytes], reason: str) -> None:
    path = pack(tmp_path / "x.zip", members)
    for ask in (read_source, list_source_layers):
        with pytest.raises(InputRefused, match=reason):
            ask(path)


def test_line_break_in_a_name_breaks_no_sentence(tmp_path: Path) -> None:
    path = pack(tmp_path / "x.zip", {"a\nb.geojson": FEATURES, "c.geojson": FEATURES})
    assert [layer.name for layer in list_source_layers(path)] == ["a_b", "c"]
    assert len(read_source(path, "a_b").row_numbers) == 2


def test_bombs_within_a_zip_count_together(tmp_path: Path) -> None:
    inner = pack(tmp_path / "x.kmz", {"doc.kml": ZEROS * 27}).read_bytes()
    path = pack(tmp_path / "x.zip", {f"{n}.kmz": inner for n in range(20)})
    for ask in (read_source, list_source_layers):
        with pytest.raises(InputRefused, match=r"packed files in .* would be 540 MB"):
            ask(path)


def test_size_that_is_declared_too_small_unpacks_no_further(tmp_path: Path) -> None:
    path = pack(tmp_path / "x.zip", {"x.geojson": ZEROS * 80})
    raw = path.read_bytes()
    path.write_bytes(raw.replace((80 << 20).to_bytes(4, "little"), (1 << 10).to_bytes(4, "little")))
    with pytest.raises(UnreadableFile, match="damaged"):
        read_source(path)


def test_protected_zip_is_refused(tmp_path: Path) -> None:
    path = pack(tmp_path / "x.zip", {"x.geojson": FEATURES})
    raw = bytearray(path.read_bytes())
    for magic, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        raw[raw.index(magic) + offset] |= 1
    path.write_bytes(raw)
    with pytest.raises(InputRefused, match=r"x\.zip is protected by a password"):
        read_source(path)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_what_is_cut_off_is_refused(tmp_path: Path, share: float) -> None:
    path = pack(tmp_path / "x.zip", make_shapefile(tmp_path))
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(UnreadableFile, match=r"x\.zip is damaged"):
        read_source(path)


def test_flipped_bytes_inside_are_refused(tmp_path: Path) -> None:
    path = pack(tmp_path / "x.zip", {"x.geojson": FEATURES * 50})
    raw = bytearray(path.read_bytes())
    raw[60:90] = bytes(30)
    path.write_bytes(raw)
    with pytest.raises(UnreadableFile, match="damaged"):
        read_source(path)


@pytest.mark.parametrize("name", ["x.rar", "x.7z", "x.tar.gz"])
def test_other_archives_say_what_to_do(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"Rar!")
    with pytest.raises(InputRefused, match="unpack it"):
        read_source(tmp_path / name)
