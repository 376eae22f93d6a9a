"""Zips: what is in them, laid out in a folder of our own under names of our own.

A member's path says which files belong together and what to call them, never where anything is written.
"""

import lzma
import shutil
import tempfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from etl.sources.maps.gdal import damaged
from geo.errors import InputRefused, UnreadableFile

# Files that are one data set together.
SHAPEFILE_PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")
MAPINFO_PARTS = (".tab", ".dat", ".map", ".id", ".ind", ".mif", ".mid")
_GEODATABASE_PARTS = (
    *(".gdbtable", ".gdbtablx", ".gdbindexes", ".atx", ".spx", ".horizon", ".freelist", ".cdf"),
    *("gdb", "timestamps"),
)
# What map programs write beside their files about them.
_DESCRIPTIONS = (".shp.xml", ".aux.xml", ".tab.xml")
_LEADING_PARTS = (".shp", ".tab", ".mif")

_MOST_UNPACKED_BYTES = 1 << 30
_MOST_RATIO = 100
_SUSPICIOUS_BYTES = 1 << 26
_MOST_MEMBERS = 10_000
# Each is looked into, to be offered.
_MOST_DATASETS = 500
_MOST_PACKED_TWICE_BYTES = 1 << 29
_MOST_NAME_CHARACTERS = 50
# What zipfile raises over a damaged archive; a name may say to be UTF-8 and not be.
DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,
    UnicodeDecodeError,
)
_OFFICE_PART = "[Content_Types].xml"
_IS_ENCRYPTED = 0x1
_IS_UTF8 = 0x800


@dataclass(frozen=True)
class Dataset:
    """What one loader reads: a file, a Shapefile of several, or the folder of a FileGDB.

    Attributes:
        label: what to call it, unique in its zip.
        path: where it lies unpacked.
    """

    label: str
    path: Path


@contextmanager
def unpack(path: Path, endings: tuple[str, ...]) -> Iterator[list[Dataset]]:
    """Unpack the data sets of a zip for the length of a block.

    Args:
        path: the zip.
        endings: of the names of files that are a data set by themselves, in lower case.

    Yields:
        The data sets in the order of the zip, at least one.

    Raises:
        UnreadableFile: the zip is damaged, or holds nothing we read.
        InputRefused: it is protected, or would be too large.
    """
    with tempfile.TemporaryDirectory() as folder:
        try:
            with zipfile.ZipFile(path) as archive:
                groups = _group_members(archive, endings, path.name)
                if not groups or _OFFICE_PART in archive.namelist():
                    raise _explain_nothing(archive, path.name)
                _refuse_bombs([member for members in groups.values() for _, member in members], path)
                stems = Counter(_read_stem(key) for key in groups)
                datasets = [
                    _unpack_group(archive, Path(folder, str(number)), key, members, stems)
                    for number, (key, members) in enumerate(groups.items())
                ]
                _refuse_bombs_within(datasets, path.name)
                yield datasets
        except DAMAGE:
            raise damaged(path.name) from None


_Key = tuple[str, ...]
_Members = list[tuple[str, zipfile.ZipInfo]]


def _group_members(
    archive: zipfile.ZipFile, endings: tuple[str, ...], file_name: str
) -> dict[_Key, _Members]:
    """Group the members that are one data set: the path that names it → (file name, member) of each."""
    if len(archive.infolist()) > _MOST_MEMBERS:
        message = f"{file_name} holds more than {_MOST_MEMBERS:,} files; zip only what is to be imported."
        raise InputRefused(message)
    groups: dict[_Key, _Members] = {}
    for member in archive.infolist():
        parts = _read_parts(member)
        if not parts or member.is_dir() or "__MACOSX" in parts or parts[-1].startswith("."):
            continue
        suffix = PurePosixPath(parts[-1]).suffix.lower()
        database = next((n for n, part in enumerate(parts, 1) if part.lower().endswith(".gdb")), None)
        if database is not None and database < len(parts):
            # Anything else in its folder GDAL might take for what it is to read.
            if not parts[-1].lower().endswith(_GEODATABASE_PARTS):
                continue
            key = parts[:database]
        elif suffix in SHAPEFILE_PARTS or suffix in MAPINFO_PARTS:
            kind = ".shp" if suffix in SHAPEFILE_PARTS else ".tab" if suffix[:2] != ".m" else ".mif"
            if suffix == ".map":
                kind = ".tab"
            key = (*parts[:-1], PurePosixPath(parts[-1]).stem + kind)
        elif suffix in endings and not parts[-1].lower().endswith(_DESCRIPTIONS):
            key = parts
        else:
            continue
        groups.setdefault(key, []).append((parts[-1], member))
    led = {
        key: members
        for key, members in groups.items()
        if not key[-1].endswith(_LEADING_PARTS) or any(_is_leading(name) for name, _ in members)
    }
    if len(led) > _MOST_DATASETS:
        message = (
            f"{file_name} holds {len(led):,} tables and layers, and at most {_MOST_DATASETS} are read: "
            "zip them in parts."
        )
        raise InputRefused(message)
    return led


def _is_leading(name: str) -> bool:
    return name.lower().endswith(_LEADING_PARTS)


def _read_parts(member: zipfile.ZipInfo) -> tuple[str, ...]:
    """Read the path of a member without what would lead out of a folder."""
    name = member.filename
    # Without the UTF-8 flag Python assumes cp437; Chinese Windows writes GBK, some programs UTF-8 anyway.
    if not member.flag_bits & _IS_UTF8 and not name.isascii():
        raw = name.encode("cp437", "replace")
        try:
            name = raw.decode()
        except UnicodeDecodeError:
            name = raw.decode("gb18030", "replace")
    # Nobody sees a line break in a name, and it would break the sentence that offers it.
    parts = "".join(sign if sign >= " " else "_" for sign in name).replace("\\", "/").split("/")
    return tuple(part for part in parts if part.strip(". ") and not part.endswith(":"))


def _refuse_bombs(members: list[zipfile.ZipInfo], path: Path) -> None:
    if any(member.flag_bits & _IS_ENCRYPTED for member in members):
        message = f"{path.name} is protected by a password; zip it again without one."
        raise InputRefused(message)
    unpacked_bytes = sum(member.file_size for member in members)
    packed_bytes = max(1, min(sum(member.compress_size for member in members), path.stat().st_size))
    if unpacked_bytes > _MOST_UNPACKED_BYTES:
        message = (
            f"{path.name} would be {unpacked_bytes / 2**20:,.0f} MB unpacked, and at most "
            f"{_MOST_UNPACKED_BYTES // 2**20:,} MB are read: zip its layers one by one."
        )
        raise InputRefused(message)
    if unpacked_bytes > _SUSPICIOUS_BYTES and unpacked_bytes > _MOST_RATIO * packed_bytes:
        message = (
            f"{path.name} would grow {unpacked_bytes / packed_bytes:,.0f} times when unpacked, "
            "as no real data does; it was left alone."
        )
        raise InputRefused(message)


def _refuse_bombs_within(datasets: list[Dataset], file_name: str) -> None:
    """Refuse workbooks and other packed files that together would be too large: each is looked into."""
    unpacked_bytes = 0
    for dataset in datasets if len(datasets) > 1 else []:
        # What is damaged is told when it is read.
        with suppress(*DAMAGE, IsADirectoryError), zipfile.ZipFile(dataset.path) as inner:
            unpacked_bytes += sum(member.file_size for member in inner.infolist())
    if unpacked_bytes > _MOST_PACKED_TWICE_BYTES:
        message = (
            f"The workbooks and other packed files in {file_name} would be {unpacked_bytes / 2**20:,.0f} MB "
            f"unpacked, and at most {_MOST_PACKED_TWICE_BYTES // 2**20} MB are read: import them one by one."
        )
        raise InputRefused(message)


def _read_stem(key: _Key) -> str:
    return PurePosixPath(key[-1]).stem


def _unpack_group(
    archive: zipfile.ZipFile, folder: Path, key: _Key, members: _Members, stems: Mapping[str, int]
) -> Dataset:
    target = folder
    if key[-1].lower().endswith(".gdb"):
        target = folder / _make_safe(key[-1])
    target.mkdir(parents=True)
    for name, member in members:
        with archive.open(member) as packed, (target / _make_safe(name)).open("wb") as copy:
            shutil.copyfileobj(packed, copy)
    stem = _read_stem(key)
    label = stem if stems[stem] == 1 else "/".join((*key[:-1], key[-1]))
    if target != folder:
        return Dataset(label, target)
    leading = next((name for name, _ in members if _is_leading(name)), members[0][0])
    return Dataset(label, target / _make_safe(leading))


def _make_safe(name: str) -> str:
    """Make a file name that any file system takes, the same for files that differ in their endings alone."""
    pure = PurePosixPath(name)
    stem = "".join(character if character.isprintable() else "_" for character in pure.stem)
    return stem[:_MOST_NAME_CHARACTERS] + pure.suffix.lower()


def _explain_nothing(archive: zipfile.ZipFile, file_name: str) -> UnreadableFile:
    names = [member.filename.lower() for member in archive.infolist()]
    if _OFFICE_PART in archive.namelist():
        message = f"{file_name} is a workbook or a document by its content; give its name the ending it had."
    elif any(name.endswith((".zip", ".rar", ".7z")) for name in names):
        message = f"{file_name} holds another archive; unpack it and import what is inside."
    else:
        message = (
            f"{file_name} holds no file that we read; zip a Shapefile's .shp, .dbf, .shx and .prj together."
        )
    return UnreadableFile(message)
