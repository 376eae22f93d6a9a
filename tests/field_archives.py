"""Zips as they are found in the field, and files that no program of ours reads."""

import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.field_files import NEW_BUILDINGS, FieldFile, write_book, write_bytes, write_shapes, write_text

_BUILDINGS: Final = {"layer": "buildings"}


def _zip_parts(
    make: Callable[[Path], object],
    *,
    leave: tuple[str, ...] = (),
    inside: str = "",
    write: dict[str, bytes] | None = None,
) -> Callable[[Path], object]:
    """Zip the parts of a Shapefile, less some of them, in a folder of the zip, with other files beside."""

    def zip_up(path: Path) -> None:
        folder = path.parent / "parts"
        make(folder / "楼栋.shp")
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for part in sorted(folder.iterdir()):
                if part.suffix not in leave:
                    archive.write(part, inside + part.name)
            for name, content in (write or {}).items():
                archive.writestr(name, content)
        shutil.rmtree(folder)

    return zip_up


def _write_two_layers(path: Path) -> None:
    make = write_shapes(NEW_BUILDINGS)
    folder = path.parent / "two"
    make(folder / "楼栋.shp")
    for part in list(folder.iterdir()):
        shutil.copy(part, part.with_stem("网格"))
    with zipfile.ZipFile(path, "w") as archive:
        for part in sorted(folder.iterdir()):
            archive.write(part, part.name)


def _zip_text(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("说明.docx", "x")


def _zip_book(path: Path) -> None:
    book = path.with_suffix(".xlsx")
    write_book([["楼栋编号", "楼栋名称", "户数"], ["B1", "1号楼", 30]])(book)
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(book, book.name)
    book.unlink()


_SHAPEFILE: Final = write_shapes(NEW_BUILDINGS, encoding="UTF-8")
_GBK: Final = write_shapes(NEW_BUILDINGS, encoding="GB18030")
ARCHIVES: Final = (
    FieldFile("楼栋.zip", "none", _zip_parts(_SHAPEFILE), 2, options=_BUILDINGS),
    FieldFile(
        "GBK无cpg.zip",
        "GBK, and no .cpg that says so",
        _zip_parts(_GBK, leave=(".cpg",)),
        2,
        told=("read as gb18030",),
        options=_BUILDINGS,
        keeps=("SELECT name FROM building WHERE code = 'F1'", "1栋"),
    ),
    FieldFile(
        "cpg说谎.zip",
        "GBK, and a .cpg that says UTF-8",
        _zip_parts(_GBK, leave=(".cpg",), write={"楼栋.cpg": b"UTF-8"}),
        2,
        options=_BUILDINGS,
        keeps=("SELECT name FROM building WHERE code = 'F1'", "1栋"),
    ),
    FieldFile(
        "无prj.zip",
        "no .prj that says the coordinate system",
        _zip_parts(write_shapes(NEW_BUILDINGS, None)),
        stopped="does not say which coordinate system",
        options=_BUILDINGS,
    ),
    FieldFile(
        "无prj已说明.zip",
        "no .prj, but the system is said",
        _zip_parts(write_shapes(NEW_BUILDINGS, None)),
        2,
        options={**_BUILDINGS, "crs": "4490"},
    ),
    FieldFile(
        "无shx.zip",
        "the index is missing",
        _zip_parts(_SHAPEFILE, leave=(".shx",)),
        2,
        told=("without its .shx",),
        options=_BUILDINGS,
    ),
    FieldFile(
        "无dbf.zip",
        "the attributes are missing",
        _zip_parts(_SHAPEFILE, leave=(".dbf",)),
        stopped="holds shapes and no column",
        options=_BUILDINGS,
    ),
    FieldFile(
        "文件夹.zip",
        "in a folder, with what a Macintosh adds",
        _zip_parts(_SHAPEFILE, inside="交付/", write={"__MACOSX/._楼栋.shp": b"\0" * 80}),
        2,
        options=_BUILDINGS,
    ),
    FieldFile(
        "越界.zip",
        "a name that leads out of the folder",
        _zip_parts(_SHAPEFILE, write={"../../../evil.shp": b"\0" * 100}),
        stopped="2 layers: “楼栋”, “evil”",
        options=_BUILDINGS,
    ),
    FieldFile("两层.zip", "two layers", _write_two_layers, stopped="2 layers", options=_BUILDINGS),
    FieldFile("说明.zip", "nothing but a text", _zip_text, stopped="holds no file that we read"),
    FieldFile("坏.zip", "not a zip", write_bytes(b"PK not a zip at all"), stopped="damaged"),
    FieldFile("名册.zip", "a workbook inside", _zip_book, 1, options=_BUILDINGS),
    FieldFile(
        "名册.docx", "a table in a text document", write_bytes(b"PK\x03\x04"), stopped="save it as .xlsx"
    ),
    FieldFile("名册.pdf", "a table on paper", write_bytes(b"%PDF-1.7"), stopped="save it as .xlsx"),
    FieldFile("名册.rar", "an archive of another kind", write_bytes(b"Rar!"), stopped="unpack it"),
    FieldFile(
        "楼栋.dbf",
        "one part of a Shapefile alone",
        write_bytes(b"\x03" + b"\0" * 64),
        stopped="import the .shp beside it",
    ),
    FieldFile("无后缀", "no ending that tells its kind", write_text("楼栋编号,户数"), stopped="无后缀"),
)
