"""Ways in which files are damaged, by chance or by somebody: any sound file becomes one that may not be."""

import random
import re
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

Mutation = Callable[[random.Random, bytes], bytes]

_FORMULAS: Final = ("=1+1", "=cmd|' /C calc'!A0", "@SUM(A1:A9)", "-2+3+cmd|'x'!A1", '=HYPERLINK("http://x")')
_NUMBERS: Final = (
    "1e308",
    "-1e308",
    "NaN",
    "Infinity",
    "9" * 400,
    "0x7fffffff",
    "-0",
    "1e-400",
    "１２３",
    "1,2,3",
)
_XML_BOMB: Final = (
    '<!DOCTYPE b [<!ENTITY a0 "lol">'
    + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    + "]>"
)
_XML_OUTSIDE: Final = (
    '<!DOCTYPE b [<!ENTITY a9 SYSTEM "file:///etc/passwd"><!ENTITY % p SYSTEM "http://127.0.0.1:9/x">%p;]>'
)
_TAMPERING: Final = (
    "DROP TABLE gpkg_geometry_columns",
    "DROP TABLE gpkg_spatial_ref_sys",
    "DELETE FROM gpkg_contents",
    "UPDATE gpkg_contents SET srs_id = 99999",
    "UPDATE gpkg_geometry_columns SET srs_id = -1",
    "UPDATE gpkg_geometry_columns SET geometry_type_name = 'CURVEPOLYGON'",
    "UPDATE {table} SET geom = randomblob(200)",
    "UPDATE {table} SET geom = x'4750000100000000'",
    "UPDATE {table} SET geom = zeroblob(50000000) WHERE fid = 1",
    "UPDATE {table} SET geom = 'POINT (1 2)'",
    "UPDATE {table} SET 楼栋名称 = x'ff00fe', 层数 = 'viele'",
    "UPDATE {table} SET 层数 = 9e999",
    "ALTER TABLE {table} RENAME TO other",
    "DELETE FROM {table}",
    "CREATE VIEW v AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n;"
    "UPDATE gpkg_contents SET table_name = 'v'; UPDATE gpkg_geometry_columns SET table_name = 'v'",
    *(["".join(f"ALTER TABLE {{table}} ADD c{n};" for n in range(1500))]),
)


def _flip_bits(random_: random.Random, content: bytes) -> bytes:
    damaged = bytearray(content)
    for _ in range(random_.choice((1, 2, 8, 64)) if damaged else 0):
        damaged[random_.randrange(len(damaged))] ^= 1 << random_.randrange(8)
    return bytes(damaged)


def _overwrite(random_: random.Random, content: bytes) -> bytes:
    damaged = bytearray(content)
    for _ in range(random_.choice((1, 4, 16)) if len(damaged) > 8 else 0):
        at = random_.randrange(len(damaged) - 4)
        damaged[at : at + 4] = random_.choice(
            (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\0\x80")
        )
    return bytes(damaged)


def _cut(random_: random.Random, content: bytes) -> bytes:
    return content[: random_.randrange(len(content) + 1)]


def _cut_out(random_: random.Random, content: bytes) -> bytes:
    start = random_.randrange(len(content) + 1)
    return content[:start] + content[start + random_.choice((1, 7, 100, 5000)) :]


def _repeat_part(random_: random.Random, content: bytes) -> bytes:
    start = random_.randrange(len(content) + 1)
    part = content[start : start + random_.choice((1, 50, 2000))]
    return content[:start] + part * random_.choice((2, 50, 1000)) + content[start:]


def _insert_noise(random_: random.Random, content: bytes) -> bytes:
    at = random_.randrange(len(content) + 1)
    return (
        content[:at]
        + random_.choice((b"\0", b"\0" * 1000, random_.randbytes(100), b"\xef\xbb\xbf", b"\x1a"))
        + content[at:]
    )


def _empty(random_: random.Random, _content: bytes) -> bytes:
    return random_.choice(
        (b"", b"\n", b"\0", b" " * 1000, b"\xef\xbb\xbf", b"\xff\xfe", b"PK\x05\x06" + b"\0" * 18)
    )


def _replace_words(random_: random.Random, content: bytes) -> bytes:
    """Put numbers that are none, or formulas, or blanks where numbers are."""
    other = random_.choice(
        (*_NUMBERS, *_FORMULAS, "", "\0", "😀" * 50, "䶮㛃", "\u202e", "a" * 100_000)
    ).encode()
    found = list(re.finditer(rb"\d+(\.\d+)?", content))
    for match in reversed(random_.sample(found, min(len(found), random_.choice((1, 3, 20))))):
        content = content[: match.start()] + other + content[match.end() :]
    return content


def _recode(random_: random.Random, content: bytes) -> bytes:
    """Read text in one encoding and write it in another, as mail programs do."""
    read, written = random_.choice(
        (
            ("utf-8", "gb18030"),
            ("gb18030", "utf-8"),
            ("latin-1", "utf-8"),
            ("utf-8", "utf-16"),
            ("utf-8", "big5"),
            ("utf-8", "utf-7"),
        )
    )
    return content.decode(read, "replace").encode(written, "replace")


def _widen(random_: random.Random, content: bytes) -> bytes:
    """Give a table ten thousand columns."""
    lines = content.split(b"\n")
    more = b"," + b",".join(b"c%d" % n for n in range(10_000))
    return b"\n".join(
        [lines[0].rstrip(b"\r") + more, *(line + b"," * random_.choice((0, 10_000)) for line in lines[1:])]
    )


def _quote(random_: random.Random, content: bytes) -> bytes:
    at = random_.randrange(len(content) + 1)
    return (
        content[:at]
        + random_.choice((b'"', b'"""', b"'", b'"\n"', b",,,,", b"\t;,|", b"\r", b"x" * 2_000_000))
        + content[at:]
    )


def _deepen_json(random_: random.Random, content: bytes) -> bytes:
    """Put into JSON what is nested deeper than any program writes."""
    depth = random_.choice((500, 100_000))
    nested = random_.choice(
        (b"[" * depth + b"]" * depth, b'{"a":' * depth + b"1" + b"}" * depth, b"[" * depth)
    )
    at = random_.choice((b'"coordinates":', b'"properties":', b'"type":'))
    return random_.choice((nested, content.replace(at, at + nested + b',"x":', 1)))


def _tamper_with_database(random_: random.Random, content: bytes) -> bytes:
    """Change a GeoPackage by means of its own language."""
    with tempfile.NamedTemporaryFile(suffix=".gpkg") as file:
        Path(file.name).write_bytes(content)
        with closing(sqlite3.connect(file.name)) as database:
            ((table,),) = database.execute("SELECT table_name FROM gpkg_contents").fetchall()
            for statement in random_.sample(_TAMPERING, random_.choice((1, 2))):
                with suppress(sqlite3.Error):
                    database.executescript(statement.replace("{table}", f'"{table}"'))
        return Path(file.name).read_bytes()


def _twist_json(random_: random.Random, content: bytes) -> bytes:
    """Write GeoJSON that is JSON, and says what it must not."""
    head, tail = b'{"type":"FeatureCollection","features":[', b"]}"
    wide = b'{"type":"Feature","geometry":null,"properties":{' + b",".join(
        b'"c%d":1' % n for n in range(10_000)
    )
    odd = random_.choice((b"1e400", b"null", b'"120"', b"[]", b"1e308", b"0"))
    return random_.choice(
        (
            content.replace(b"MultiPolygon", b"Polygon").replace(b"Feature", b"feature", 1),
            re.sub(rb'"geometry":\s*\{[^}]*\}', b'"geometry":null', content),
            content.replace(b"Polygon", b"GeometryCollection"),
            content.replace(b'"type"', b'"typ"', random_.choice((1, 5))),
            re.sub(rb"\d+\.\d+", odd, content),
            head + wide + b"}}" + tail,
            head + b"{}," * 100_000 + b"{}" + tail,
            content.replace(b'"properties"', b'"properties":{"a":{"b":[1,{"c":2}]}},"p"'),
        )
    )


def _add_entities(random_: random.Random, content: bytes) -> bytes:
    """Declare entities that grow, or that fetch, and use them."""
    bomb = random_.choice((_XML_BOMB, _XML_OUTSIDE)).encode()
    at = content.find(b"?>") + 2 if content.startswith(b"<?xml") else 0
    content = content[:at] + bomb + content[at:]
    end = content.rfind(b"</")
    return (
        content[:end] + b"&a9;" + content[end:]
        if random_.random() < 0.5
        else re.sub(rb">[^<>]{1,40}<", b">&a9;<", content)
    )


def _deepen_xml(random_: random.Random, content: bytes) -> bytes:
    depth = random_.choice((300, 50_000))
    at = content.rfind(b"</")
    word = random_.choice((b"Folder", b"b", b"ExtendedData"))
    return content[:at] + b"<%s>" % word * depth + b"</%s>" % word * depth + content[at:]


ANY: Final[tuple[Mutation, ...]] = (
    _flip_bits,
    _flip_bits,
    _overwrite,
    _cut,
    _cut_out,
    _repeat_part,
    _insert_noise,
    _empty,
    _replace_words,
    _recode,
)
TEXT: Final[tuple[Mutation, ...]] = (_replace_words, _recode, _widen, _quote, _cut_out)
JSON: Final[tuple[Mutation, ...]] = (_deepen_json, _twist_json, _twist_json, _replace_words)
XML: Final[tuple[Mutation, ...]] = (_add_entities, _deepen_xml, _replace_words)
DATABASE: Final[tuple[Mutation, ...]] = (_tamper_with_database,)
