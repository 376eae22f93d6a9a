"""ESRI Shapefile, from its loose files; those of a zip are laid out by :mod:`~etl.sources.archive`."""

import glob
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pandas as pd
import pyogrio

from etl.sources.archive import SHAPEFILE_PARTS
from etl.sources.maps.gdal import damaged, read_layer, refuse_grids, tell_apart
from etl.sources.table import SourceLayer, Table
from etl.sources.tables.text import ENCODINGS
from geo.errors import UnreadableFile

_MAGIC = b"\0\0\x27\x0a"
_HEAD_BYTES = 100
_INDEX_ENTRY_BYTES = 8
# Of a .dbf: its head and the description of a column take as much, and no column is wider.
_FIELD_BYTES, _WIDTH_AT, _LAST_FIELD, _WIDEST = 32, 16, b"\r", 254
_KINDS = {"points": {1, 8, 11, 18, 21, 28}, "lines": {3, 13, 23}, "outlines": {5, 15, 25}}


def read_shapefile(path: Path) -> Table:
    """Read a Shapefile from its .shp, with whatever lies beside it.

    Raises:
        UnreadableFile: it is damaged, or its text is in no encoding we know.
        InputRefused: its coordinate system is defined by another file.
    """
    with path.open("rb") as file:
        if file.read(4) != _MAGIC:
            raise damaged(path.name)
    # Read from a copy: a missing index is written anew, and a person's folder is not ours to write to.
    with tempfile.TemporaryDirectory() as folder:
        for part in path.parent.iterdir():
            if part.stem == path.stem and part.suffix.lower() in SHAPEFILE_PARTS:
                shutil.copyfile(part, Path(folder, f"layer{part.suffix.lower()}"))
        return _read_copy(Path(folder), path.name, path.stem)


def list_shapefile_layers(path: Path) -> list[SourceLayer]:
    """Describe a Shapefile by the head of its .shp and the length of its .shx.

    Raises:
        UnreadableFile: it is damaged.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if len(head) < _HEAD_BYTES or not head.startswith(_MAGIC):
        raise damaged(path.name)
    code = int.from_bytes(head[32:36], "little")
    kind = next((kind for kind, codes in _KINDS.items() if code in codes), "mixed")
    index = next(
        (part for part in path.parent.glob(f"{glob.escape(path.stem)}.*") if part.suffix.lower() == ".shx"),
        None,
    )
    rows = None if index is None else (index.stat().st_size - _HEAD_BYTES) // _INDEX_ENTRY_BYTES
    return [SourceLayer(path.stem, rows, kind)]


def _read_copy(folder: Path, file_name: str, layer_name: str) -> Table:
    warnings = []
    if not (folder / "layer.dbf").exists():
        warnings.append(f"{file_name} came without its .dbf: the shapes have no attributes.")
    if not (folder / "layer.shx").exists():
        warnings.append(f"{file_name} came without its .shx; the index was made anew.")
    if (prj := folder / "layer.prj").exists():
        said = prj.read_bytes()
        refuse_grids(said, file_name)
        prj.write_text(_decode_prj(said), "utf-8")
    pyogrio.set_gdal_config_options({"SHAPE_RESTORE_SHX": True})
    # Read every byte as the character of that number: what the bytes mean is decided below, strictly.
    table = read_layer(folder / "layer.shp", file_name, encoding="ISO-8859-1")
    declared = _read_declared_encoding(folder / "layer.cpg")
    candidates = dict.fromkeys([declared, *ENCODINGS] if declared else ENCODINGS)
    rows, encoding = _decode_rows(table.rows, candidates, file_name)
    if encoding not in {"utf-8", declared}:
        samples = "、".join(_find_samples(rows))
        warnings.append(f"Nothing says which encoding the text is in; read as {encoding}: {samples}.")
    warnings += _tell_cuts(table.rows, rows.columns, _read_widths(folder / "layer.dbf"), encoding)
    return replace(table, name=layer_name, rows=rows, encoding=encoding, warnings=tuple(warnings))


def _read_widths(dbf: Path) -> list[int]:
    """Read how many bytes each column of a .dbf holds; none where there is no such file."""
    if not dbf.exists():
        return []
    with dbf.open("rb") as file:
        head = file.read(_FIELD_BYTES)
        fields = file.read(max(0, int.from_bytes(head[8:10], "little") - _FIELD_BYTES))
    ends = (at for at in range(0, len(fields), _FIELD_BYTES) if fields[at : at + 1] == _LAST_FIELD)
    return [fields[at + _WIDTH_AT] for at in range(0, next(ends, 0), _FIELD_BYTES)]


def _tell_cuts(raw: pd.DataFrame, names: Iterable[str], widths: list[int], encoding: str) -> list[str]:
    """Tell of texts that fill their column, where they end inside a character or no column may be wider."""
    warnings = []
    if len(widths) != raw.shape[1]:
        return []
    for (_, values), name, width in zip(raw.items(), names, widths, strict=True):
        if not pd.api.types.is_string_dtype(values):
            continue
        full = values[values.str.len() == width]
        count = sum(width >= _WIDEST or _is_cut(word, encoding) for word in full)
        if count:
            warning = (
                f"{count:,} texts in “{name}” end where the column does, after {width} bytes: what followed "
                "is lost; take them from a GeoPackage or a table, if it matters."
            )
            warnings.append(warning)
    return warnings


def _is_cut(word: str, encoding: str) -> bool:
    raw = word.encode("latin-1")
    try:
        raw.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return True
    return False


def _decode_prj(said: bytes) -> str:
    """Decode what names the coordinate system: Chinese programs write such names as they write all else."""
    try:
        return said.decode("utf-8-sig")
    except UnicodeDecodeError:
        return said.decode("gb18030", "replace")


def _read_declared_encoding(cpg: Path) -> str | None:
    if not cpg.exists():
        return None
    declared = cpg.read_text("ascii", "replace").strip().lower()
    known = {"936": "gb18030", "cp936": "gb18030", "gbk": "gb18030", "gb2312": "gb18030", "65001": "utf-8"}
    return known.get(declared, declared)


def _decode_rows(rows: pd.DataFrame, encodings: Iterable[str], file_name: str) -> tuple[pd.DataFrame, str]:
    text_columns = [name for name, values in rows.items() if pd.api.types.is_string_dtype(values)]
    for encoding in encodings:
        try:
            # Names that were cut inside a character differ only in what is left of it.
            names = tell_apart(_decode_name(str(name), encoding) for name in rows)
            decoded = rows.copy()
            for column in text_columns:
                words = rows[column].dropna().unique()
                decoded[column] = rows[column].map({word: _decode(word, encoding) for word in words})
        except (ValueError, LookupError):  # Not so encoded, or no encoding of that name.
            continue
        return decoded.set_axis(names, axis=1), encoding
    message = f"{file_name} holds text in no encoding we know; export it again as UTF-8, with a .cpg file."
    raise UnreadableFile(message)


def _decode(word: str, encoding: str) -> str:
    raw = word.encode("latin-1")
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as fault:
        # Names are cut to ten bytes and values to their column's width, which may be inside a character.
        if fault.start > 0 and ("incomplete" in fault.reason or "unexpected end" in fault.reason):
            return raw[: fault.start].decode(encoding)
        raise


def _decode_name(word: str, encoding: str) -> str:
    try:
        return _decode(word, encoding)
    except UnicodeDecodeError:
        # GDAL numbers names that are alike once they are cut, behind what may be half a character.
        base, mark, number = word.rpartition("_")
        if not number.isdecimal():
            raise
        return _decode(base, encoding) + mark + number


def _find_samples(rows: pd.DataFrame) -> list[str]:
    text = [values.dropna() for _, values in rows.items() if pd.api.types.is_string_dtype(values)]
    return list(islice((word for words in text for word in words if not word.isascii()), 5))
