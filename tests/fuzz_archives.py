"""Ways in which archives are damaged: in what they hold, in its names, and in what they say of its size."""

import io
import random
import re
import struct
import zipfile
import zlib
from collections.abc import Mapping
from functools import cache
from typing import Final

from tests.fuzz_mutations import ANY, TEXT, XML, Mutation

_PATHS: Final = (
    "../../outside.shp",
    "/outside.shp",
    "C:\\outside.shp",
    "a/" * 400 + "b.shp",
    "a\nb.shp",
    "..",
    "con.shp",
)


def _damage_member(random_: random.Random, content: bytes) -> bytes:
    """Damage one file of an archive, and pack it soundly again."""
    members = _unpack(content)
    if not members:
        return content
    name = random_.choice(list(members))
    inner = members[name]
    if name.endswith(".dbf") and random_.random() < 0.7:
        members[name] = _lie_in_dbf(random_, inner)
    elif name.endswith((".xml", ".kml", ".rels")):
        members[name] = random_.choice((*XML, *ANY))(random_, inner)
    elif name.endswith((".mif", ".mid", ".tab", ".prj", ".cpg")):
        members[name] = random_.choice((*TEXT, *ANY))(random_, inner)
    else:
        members[name] = random_.choice(ANY)(random_, inner)
    return _pack(members)


def _lie_in_dbf(random_: random.Random, content: bytes) -> bytes:
    """Let a .dbf say that it has other numbers of rows, bytes or columns than it has."""
    damaged = bytearray(content)
    at, form = random_.choice(((4, "<I"), (8, "<H"), (10, "<H")))
    struct.pack_into(
        form,
        damaged,
        at,
        random_.choice((0, 1, 0x7FFF, 0xFFFF))
        if form == "<H"
        else random_.choice((0, 2**31, 2**32 - 1, 10**6)),
    )
    if random_.random() < 0.5:
        damaged[32 + 16] = random_.choice((0, 255))
    return bytes(damaged)


def _rename_members(random_: random.Random, content: bytes) -> bytes:
    """Give files of an archive names that lead out of it, or none."""
    members = _unpack(content)
    path = random_.choice(_PATHS)
    renamed = {path if random_.random() < 0.5 else name: inner for name, inner in members.items()}
    return _pack({**renamed, path: next(iter(members.values()), b"")})


def _drop_member(random_: random.Random, content: bytes) -> bytes:
    members = _unpack(content)
    if members:
        members.pop(random_.choice(list(members)))
    return _pack(members)


def _nest(random_: random.Random, content: bytes) -> bytes:
    for _ in range(random_.choice((1, 2, 20))):
        content = _pack({"a.zip": content})
    return content


def _blow_up(random_: random.Random, content: bytes) -> bytes:
    """Add a member, or swell one, that unpacks to far more than it is."""
    members = _unpack(content)
    bomb = _make_bomb()
    name = random_.choice([*members, "xl/worksheets/sheet1.xml", "a.csv", "b.shp", "b.dbf"])
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, inner in members.items():
            if member != name:
                archive.writestr(member, inner)
    packed = out.getvalue()
    return (
        _append_packed(packed, name.encode(), bomb)
        if random_.random() < 0.7
        else _lie_of_sizes(random_, packed)
    )


def _lie_of_sizes(random_: random.Random, content: bytes) -> bytes:
    damaged = bytearray(content)
    for match in re.finditer(rb"PK\x01\x02", content):
        if match.start() + 28 <= len(damaged):
            struct.pack_into("<I", damaged, match.start() + 24, random_.choice((0, 1, 2**31, 2**32 - 2)))
    return bytes(damaged)


_BOMB_BYTES: Final = 2 << 30
_BLOCK_BYTES: Final = 1 << 24


@cache
def _make_bomb() -> bytes:
    """Pack two gigabytes of blanks into little, once: a flushed block says the same wherever it stands."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(b" " * _BLOCK_BYTES) + packer.flush(zlib.Z_FULL_FLUSH)
    return block * (_BOMB_BYTES // _BLOCK_BYTES) + packer.flush()


def _append_packed(archive: bytes, name: bytes, packed: bytes) -> bytes:
    """Append a member that is packed already to a zip."""
    crc = 0  # Whoever gets as far as to compare it has unpacked too much.
    end = archive.rfind(b"PK\x05\x06")
    count, size, start = (
        struct.unpack_from("<H", archive, end + 10)[0],
        *struct.unpack_from("<II", archive, end + 12),
    )
    head = struct.pack(
        "<IHHHHHIIIHH", 0x04034B50, 20, 0x800, 8, 0, 33, crc, len(packed), _BOMB_BYTES, len(name), 0
    )
    entry = struct.pack(
        "<IHHHHHHIIIHHHHHII",
        0x02014B50,
        20,
        20,
        0x800,
        8,
        0,
        33,
        crc,
        len(packed),
        _BOMB_BYTES,
        len(name),
        0,
        0,
        0,
        0,
        0,
        start,
    )
    directory = archive[start : start + size] + entry + name
    at = start + len(head) + len(name) + len(packed)
    tail = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, count + 1, count + 1, len(directory), at, 0)
    return archive[:start] + head + name + packed + directory + tail


def _unpack(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {member.filename: archive.read(member) for member in archive.infolist()}


def _pack(members: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, inner in members.items():
            archive.writestr(zipfile.ZipInfo(name), inner)
    return out.getvalue()


PACKED: Final[tuple[Mutation, ...]] = (
    _damage_member,
    _damage_member,
    _damage_member,
    _damage_member,
    _rename_members,
    _drop_member,
    _nest,
    _blow_up,
)
