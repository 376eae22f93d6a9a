"""Files dropped together: which belong together, and into how many imports they go."""

import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import BinaryIO, Final

_SHAPEFILE: Final = frozenset(
    {".shp", ".dbf", ".shx", ".prj", ".cpg", ".sbn", ".sbx", ".qpj", ".qix", ".cst", ".fix"}
)
_GEODATABASE: Final = frozenset(
    {".gdbtable", ".gdbtablx", ".gdbindexes", ".atx", ".spx", ".freelist", ".horizon"}
)
_COPY_BYTES: Final = 1 << 20
# What builds on what: the names of files tell it before anybody has looked into them.
_IN_ORDER: Final = (
    r"(?<!微)网格|(?<!micro)(?<!micro.)grid",
    r"微网格|micro.?grid",
    r"小区|院落|compound|estate",
    r"楼|幢|栋|房屋|building",
    r"商户|店铺|门店|merchant|shop|poi",
)


@dataclass(frozen=True, slots=True)
class Bundle:
    """What goes into one import.

    Attributes:
        name: what the import's file is called.
        members: positions among the dropped files; of more than one an archive is made.
        folder: the folder inside that archive; empty where the files lie at its top.
    """

    name: str
    members: tuple[int, ...]
    folder: str = ""


def bundle_files(names: Sequence[str]) -> list[Bundle]:
    """Find which of the files dropped together belong together.

    The parts of a Shapefile do, by their name without its ending; so do those of a file geodatabase, which
    lose their folder when they are dropped. Every other file is an import of its own.

    Args:
        names: what the files are called, in the order in which they were dropped.

    Returns:
        Grids first and cases last, as far as names tell, and else in the order of the first file of each; a
        .dbf without its .shp stays a file by itself.
    """
    stems = {_read_stem(name) for name in names if _read_ending(name) == ".shp"}
    bundles: dict[str, list[int]] = {}
    for position, name in enumerate(names):
        ending = _read_ending(name)
        if ending in _SHAPEFILE and _read_stem(name) in stems:
            key = f"shp {_read_stem(name)}"
        elif ending in _GEODATABASE or PurePosixPath(name).name in {"gdb", "timestamps"}:
            key = "gdb"
        elif name.lower().endswith(".shp.xml"):
            continue
        else:
            key = f"one {position}"
        bundles.setdefault(key, []).append(position)
    made = [_make_bundle(key, tuple(members), names) for key, members in bundles.items()]
    return sorted(made, key=_rank)


def pack(bundle: Bundle, names: Sequence[str], contents: Mapping[int, BinaryIO], target: BinaryIO) -> None:
    """Write the files of a bundle into one archive, as they are.

    Args:
        bundle: of more than one file.
        names: of all files that were dropped.
        contents: of the bundle's, by position.
        target: where the archive is written.
    """
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for position in bundle.members:
            inside = bundle.folder + PurePosixPath(names[position]).name
            with archive.open(inside, "w", force_zip64=True) as copy:
                while piece := contents[position].read(_COPY_BYTES):
                    copy.write(piece)


def _make_bundle(key: str, members: tuple[int, ...], names: Sequence[str]) -> Bundle:
    if key == "gdb":
        return Bundle("geodatabase.gdb.zip", members, "geodatabase.gdb/")
    first = PurePosixPath(names[members[0]]).name
    if len(members) == 1:
        return Bundle(first, members)
    return Bundle(f"{PurePosixPath(first).stem}.zip", members)


def _rank(bundle: Bundle) -> int:
    name = bundle.name.lower()
    return next((rank for rank, words in enumerate(_IN_ORDER) if re.search(words, name)), len(_IN_ORDER))


def _read_ending(name: str) -> str:
    return PurePosixPath(name).suffix.lower()


def _read_stem(name: str) -> str:
    return PurePosixPath(name).stem.casefold()
