"""Files by the million into an empty community: CSV placed by addresses, points and outlines as GeoPackage.

Every row is checked and placed, persons are left out, and every index and key is there at the end. Measured
in the same run against

- ogr2ogr, which copies the file as it is into a table of its own, with PG_USE_COPY;
- ogr2ogr filling a table of our table's columns, whose indexes are then built in one go as ours are: nothing
  is checked or placed, no key is there, and no place is found for an address;
- binary COPY of the finished rows into a table without any index, key or check.

Then how fast rows are read, checked and placed, which is all of it but what the database does; and what an
import takes of memory, beside what it takes for a tenth of the rows.
"""

import csv
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psycopg2
import pyarrow as pa
import pyogrio
import shapely
from shapely import box

from etl.importing.importer import import_file
from tests.benchmarks.bench_import import load_then_index, run_ogr2ogr, time_s
from tests.town import Town, to_degrees

_ROWS = 1_000_000
_ROUNDS = 2
_SIDE_M = 2_000
_COMPOUNDS = ("麒麟花园", "幸福里", "丽景湾", "金水苑", "长风新村")
# What ogr2ogr can fill in itself.
_AS_INCIDENT = """
SELECT
    CAST({community} AS bigint) AS community_id, "事项小类" AS category_code, 'hotline_12345' AS source,
    '12345' AS source_system, "办件编号" AS external_id, 'normal' AS severity, 'S1' AS sensitivity,
    'handling' AS state, "诉求主题" AS title, "诉求内容" AS description, "地址" AS address,
    'exact' AS geocode_quality, CAST("派发时间" AS timestamp) AS reported_at
FROM "工单" """
_AS_MERCHANT = """
SELECT geom, CAST({community} AS bigint) AS community_id, "商户编号" AS code, "商户名称" AS name
FROM "商户" """
_AS_BUILDING = """
SELECT geom, CAST({community} AS bigint) AS community_id, "楼栋编号" AS code, "楼栋名称" AS name
FROM "楼栋" """
# What getrusage tells would include what this process occupied as it began that one.
_MEASURE = (
    "import sys\n"
    "from pathlib import Path\n"
    "from etl.importing.importer import import_file\n"
    "url, path, layer = sys.argv[1:]\n"
    "import_file(url, path, layer=layer)\n"
    "status = Path('/proc/self/status').read_text()\n"
    "print(status[status.index('VmHWM:'):].split()[1])\n"
)


@dataclass(frozen=True)
class _File:
    """A kind of file, what ogr2ogr makes of it, and how many rows a second should be ready to be stored."""

    title: str
    name: str
    layer: str
    table: str
    write: Callable[[Path, int], None]
    query: str
    target: float | None = None


def run(url: str, rows: int = _ROWS) -> list[dict[str, object]]:
    """Measure on a migrated database, all in turn; the better of two rounds each."""
    with closing(psycopg2.connect(url)) as connection:
        _build_town(connection)
    csv_file = _File("CSV with addresses", "工单.csv", "incidents", "incident", write_addresses, _AS_INCIDENT)
    points = _File("points", "商户.gpkg", "merchants", "merchant", write_points, _AS_MERCHANT, 1e6)
    outlines = _File("outlines", "楼栋.gpkg", "buildings", "building", write_outlines, _AS_BUILDING, 0.4e6)
    found = []
    with tempfile.TemporaryDirectory() as name:
        for file in (csv_file, points, outlines):
            path = Path(name, file.name)
            file.write(path, rows)
            found += _compare(url, path, file, rows)
            peak_mb, row_bytes = _measure_peak_mb(url, path, file), path.stat().st_size / rows
            file.write(path, rows // 10)
            found += _tell_memory(file, rows, peak_mb, _measure_peak_mb(url, path, file), row_bytes)
            path.unlink()
    return found


def _build_town(connection: psycopg2.extensions.connection) -> None:
    """Make a community of five compounds of twelve buildings, which addresses are about."""
    town = Town(connection, "A", box(0, 0, _SIDE_M, _SIDE_M))
    town.grid("01", box(0, 0, _SIDE_M, _SIDE_M))
    for number, name in enumerate(_COMPOUNDS):
        south = 100 + 300 * number
        compound = town.add("compound", code=f"C{number}", name=name, geom=box(100, south, 900, south + 200))
        for building in range(1, 13):
            east = 110 + 60 * building
            outline = box(east, south + 50, east + 40, south + 70)
            town.building(f"C{number}-{building}", outline, name=f"{building}栋", compound_id=compound)
    connection.commit()


def write_addresses(path: Path, rows: int) -> None:
    """Write cases as a hotline exports them: where they are is said in words alone."""
    header = "办件编号,诉求主题,诉求内容,诉求人,诉求人电话,事项小类,派发时间,地址"
    with path.open("w", encoding="utf-8-sig", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(header.split(","))
        for n in range(rows):
            room = f"{n // 60 % 3 + 1}单元{n // 180 % 18 + 1}0{n % 4 + 1}室"
            place = f"{_COMPOUNDS[n % 5]}{n // 5 % 12 + 1}栋{room}"
            at = f"2025-{n * 12 // rows + 1:02d}-{n // 7 % 28 + 1:02d} {n % 24:02d}:{n % 60:02d}:00"
            words = f"市民反映上述问题已经持续一段时间（{n}）"
            person = ("张先生", f"138{n:08d}")
            writer.writerow([f"GZ2025{n:09d}", "楼道堆放杂物影响通行", words, *person, "E101", at, place])


def write_points(path: Path, rows: int) -> None:
    """Write shops as points, with a code and a name."""
    _write(path, "商户", np.asarray(shapely.points(_scatter(rows))), "Point", rows)


def write_outlines(path: Path, rows: int) -> None:
    """Write buildings as outlines, with a code and a name."""
    x, y = _scatter(rows).T
    _write(path, "楼栋", shapely.box(x, y, x + 1e-5, y + 1e-5), "Polygon", rows)


def _scatter(rows: int) -> np.ndarray:
    west, south, east, north = to_degrees(box(10, 10, _SIDE_M - 10, _SIDE_M - 10)).bounds
    return np.random.default_rng(1).uniform((west, south), (east, north), (rows, 2))


def _write(path: Path, word: str, shapes: np.ndarray, kind: str, rows: int) -> None:
    columns = {
        f"{word}编号": pa.array([f"N{n:07d}" for n in range(rows)]),
        f"{word}名称": pa.array([f"{n}号" for n in range(rows)]),
        "geom": pa.array(shapely.to_wkb(shapes)),
    }
    pyogrio.raw.write_arrow(
        pa.table(columns), path, layer=path.stem, driver="GPKG", geometry_name="geom", geometry_type=kind,
        crs="EPSG:4490", layer_options={"SPATIAL_INDEX": "NO"},
    )  # fmt: skip


def _compare(url: str, path: Path, file: _File, rows: int) -> list[dict[str, object]]:
    ours_s = ready_s = ogr_s = indexed_s = bare_s = math.inf
    finished = path.with_suffix(".copy")
    columns = _list_columns(url, file.table)
    for _ in range(_ROUNDS):
        ogr_s = min(ogr_s, time_s(lambda: run_ogr2ogr(url, path, "-nln", "bench_peer", "-overwrite")))
        indexed_s = min(indexed_s, time_s(lambda: load_then_index(url, path, file.table, file.query)))
        _empty(url, file.table)
        taken_s, until_ready_s = _time_import(url, path, file)
        ours_s, ready_s = min(ours_s, taken_s), min(ready_s, until_ready_s)
        _write_finished(url, file.table, columns, finished)
        bare_s = min(bare_s, time_s(lambda: _copy_bare(url, file.table, columns, finished)))
    _empty(url, file.table)
    finished.unlink()
    peers = {
        "ogr2ogr, PG_USE_COPY": ogr_s,
        "ogr2ogr, PG_USE_COPY, then the indexes": indexed_s,
        "COPY of finished rows, bare": bare_s,
    }
    found: list[dict[str, object]] = [
        {
            "name": f"import {file.title}", "ours": rows / ours_s, "peer": rows / peer_s, "peer_name": peer,
            "ratio": peer_s / ours_s, "unit": "rows/s", "n": rows,
        }
        for peer, peer_s in peers.items()
    ]  # fmt: skip
    if file.target is not None:
        found.append({
            "name": f"read, check and place {file.title}", "ours": rows / ready_s, "peer": file.target,
            "peer_name": "target", "ratio": rows / ready_s / file.target, "unit": "rows/s", "n": rows,
        })  # fmt: skip
    return found


def _time_import(url: str, path: Path, file: _File) -> tuple[float, float]:
    """Measure an import, and until when its rows are ready for the database, in seconds."""
    ready: list[float] = []

    def note(step: str, _done: int, _total: int) -> None:
        if step == "loading":
            ready.append(time.perf_counter())

    start = time.perf_counter()
    import_file(url, path, layer=file.layer, on_progress=note)
    return time.perf_counter() - start, ready[0] - start


def _measure_peak_mb(url: str, path: Path, file: _File) -> float:
    """Measure the most memory that an import occupies, in a process of its own."""
    command = (sys.executable, "-c", _MEASURE, url, str(path), file.layer)
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    _empty(url, file.table)
    return int(told) / 1024


def _tell_memory(
    file: _File, rows: int, peak_mb: float, tenth_mb: float, row_bytes: float
) -> list[dict[str, object]]:
    more_bytes = max(1.0, (peak_mb - tenth_mb) * 2**20 / (rows - rows // 10))
    return [
        {
            "name": f"memory {file.title}", "ours": peak_mb, "peer": tenth_mb,
            "peer_name": "a tenth of the rows", "ratio": tenth_mb / peak_mb, "unit": "MB", "n": rows,
        },
        {
            "name": f"memory of one more row, {file.title}", "ours": more_bytes, "peer": row_bytes,
            "peer_name": "a row in the file", "ratio": row_bytes / more_bytes, "unit": "B", "n": rows,
        },
    ]  # fmt: skip


def _list_columns(url: str, table: str) -> str:
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT string_agg(attname, ', ' ORDER BY attnum) FROM pg_attribute "
            "WHERE attrelid = CAST(%s AS regclass) AND attnum > 0 AND NOT attisdropped "
            "AND attgenerated = '' AND attidentity = ''",
            (table,),
        )
        ((columns,),) = cursor.fetchall()
    return str(columns)


def _write_finished(url: str, table: str, columns: str, finished: Path) -> None:
    with (
        closing(psycopg2.connect(url)) as connection,
        connection.cursor() as cursor,
        finished.open("wb") as file,
    ):
        chosen = f"SELECT {columns} FROM {table} WHERE import_batch_id IS NOT NULL"
        cursor.copy_expert(f"COPY ({chosen}) TO STDOUT (FORMAT binary)", file)


def _copy_bare(url: str, table: str, columns: str, finished: Path) -> None:
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS bench_bare")
        cursor.execute(f"CREATE TABLE bench_bare AS SELECT {columns} FROM {table} LIMIT 0")
        with finished.open("rb") as file:
            cursor.copy_expert(f"COPY bench_bare ({columns}) FROM STDIN (FORMAT binary)", file, size=1 << 20)


def _empty(url: str, table: str) -> None:
    """Take away what was brought in: a table that held nothing before begins anew."""
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        # A history is not to be emptied, not even by its owner: only where triggers keep out of it.
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("TRUNCATE incident, import_change, import_rejection CASCADE")
        if table == "building":
            columns = _list_columns(url, "building")
            cursor.execute("CREATE TEMP TABLE kept AS SELECT * FROM building WHERE import_batch_id IS NULL")
            cursor.execute("TRUNCATE building CASCADE")
            cursor.execute(f"INSERT INTO building ({columns}) SELECT {columns} FROM kept")
        elif table == "merchant":
            cursor.execute("TRUNCATE merchant CASCADE")
