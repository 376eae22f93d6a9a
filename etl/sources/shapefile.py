"""ESRI Shapefile, as its loose files or as a zip of them."""

import shutil
import tempfile
import zipfile
from collections.abc import Iterable
from dataclasses import replace
from itertools import islice
from pathlib import Path, PurePosixPath

import pandas as pd
import pyogrio

from etl.sources.gdal import damaged, read_layer
from etl.sources.table import Table, choose_one
from etl.sources.text import ENCODINGS
from geo.errors import UnreadableFile

_PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")
_ZIP_LIMIT_BYTES = 4 << 30


def read_shapefile(path: Path) -> Table:
    """Read a Shapefile from its .shp, with whatever lies beside it.

    Raises:
        UnreadableFile: it is damaged, or its text is in no encoding we know.
    """
    # Read from a copy: a missing index is written anew, and a person's folder is not ours to write to.
    with tempfile.TemporaryDirectory() as folder:
        for part in path.parent.iterdir():
            if part.stem == path.stem and part.suffix.lower() in _PARTS:
                shutil.copyfile(part, Path(folder, f"layer{part.suffix.lower()}"))
        return _read_copy(Path(folder), path.name, path.stem)


def read_zipped_shapefile(path: Path, source_layer: str | None = None) -> Table:
    """Read one Shapefile from a zip, in whatever folder of the zip it lies.

    Raises:
        UnreadableFile: the zip is damaged or holds no Shapefile.
        InputRefused: there are several Shapefiles to choose from.
    """
    try:
        with zipfile.ZipFile(path) as archive, tempfile.TemporaryDirectory() as folder:
            layers: dict[str, dict[str, zipfile.ZipInfo]] = {}
            for member in archive.infolist():
                name = PurePosixPath(_read_member_name(member))
                if name.suffix.lower() in _PARTS and "__MACOSX" not in name.parts:
                    layers.setdefault(name.stem, {})[name.suffix.lower()] = member
            shapefiles = [name for name, parts in layers.items() if ".shp" in parts]
            if not shapefiles:
                message = f"{path.name} holds no Shapefile; zip its .shp, .dbf, .shx and .prj together."
                raise UnreadableFile(message)
            chosen = choose_one(path.name, "layer", shapefiles, source_layer)
            if sum(member.file_size for member in layers[chosen].values()) > _ZIP_LIMIT_BYTES:
                message = f"{path.name} unpacks to more than 4 GB, which no sound Shapefile does."
                raise UnreadableFile(message)
            for suffix, member in layers[chosen].items():
                with archive.open(member) as packed, Path(folder, f"layer{suffix}").open("wb") as copy:
                    shutil.copyfileobj(packed, copy)
            return _read_copy(Path(folder), path.name, chosen)
    except (zipfile.BadZipFile, EOFError, NotImplementedError):
        raise damaged(path.name) from None


def _read_member_name(member: zipfile.ZipInfo) -> str:
    # Without the UTF-8 flag Python assumes cp437; Chinese Windows writes GBK.
    if member.flag_bits & 0x800 or member.filename.isascii():
        return member.filename
    return member.filename.encode("cp437", "replace").decode("gb18030", "replace")


def _read_copy(folder: Path, file_name: str, layer_name: str) -> Table:
    warnings = []
    if not (folder / "layer.dbf").exists():
        warnings.append(f"{file_name} came without its .dbf: the shapes have no attributes.")
    if not (folder / "layer.shx").exists():
        warnings.append(f"{file_name} came without its .shx; the index was made anew.")
    pyogrio.set_gdal_config_options({"SHAPE_RESTORE_SHX": True})
    # Read every byte as the character of that number: what the bytes mean is decided below, strictly.
    table = read_layer(folder / "layer.shp", file_name, encoding="ISO-8859-1")
    declared = _read_declared_encoding(folder / "layer.cpg")
    candidates = dict.fromkeys([declared, *ENCODINGS] if declared else ENCODINGS)
    rows, encoding = _decode_rows(table.rows, candidates, file_name)
    if encoding not in {"utf-8", declared}:
        samples = "、".join(_find_samples(rows))
        warnings.append(f"Nothing says which encoding the text is in; read as {encoding}: {samples}.")
    return replace(table, name=layer_name, rows=rows, encoding=encoding, warnings=tuple(warnings))


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
            names = {name: _decode(str(name), encoding) for name in rows}
            decoded = rows.copy()
            for column in text_columns:
                words = rows[column].dropna().unique()
                decoded[column] = rows[column].map({word: _decode(word, encoding) for word in words})
        except (UnicodeDecodeError, LookupError):
            continue
        return decoded.rename(columns=names), encoding
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


def _find_samples(rows: pd.DataFrame) -> list[str]:
    text = [values.dropna() for _, values in rows.items() if pd.api.types.is_string_dtype(values)]
    return list(islice((word for words in text for word in words if not word.isascii()), 5))
