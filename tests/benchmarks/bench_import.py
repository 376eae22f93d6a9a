"""A million incident points from a file: ``wangge import`` against ogr2ogr with COPY, and against COPY alone.

The file is a GeoPackage with the eighteen columns of a 12345 export and an address. We read it, check every
row, leave persons out, assign building, compound and grid, and fill the incident table with its 14 indexes,
12 foreign keys and 13 checks. Measured against

- ogr2ogr, which copies the file as it is into a table of its own, with a primary key and a spatial index;
- ogr2ogr filling a table of the incident's columns, whose 14 indexes are then built in one go as ours are: a
  table one can work with as quickly, but nothing read, checked or placed, and no keys;
- ogr2ogr filling the incident table itself, with its columns named. There it INSERTs whatever it is told, as
  columns have defaults, and keeps indexes and keys up row by row: a tenth of the rows is enough;
- binary COPY of the finished rows into a table without any index, key or check;
- the same COPY into the incident table, its indexes and keys built afterwards as ours are: to that bound come
  reading, checking and placing.
"""

import csv
import math
import re
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import psycopg2
import pyarrow as pa
import pyogrio
import shapely
from psycopg2.extensions import parse_dsn

from etl.demo.load import load_demo
from etl.importing.importer import import_file
from geo.schema.scripts import FOLDER
from geo.store.bulk import defer_upkeep

_ROWS = 1_000_000
_SAME_TABLE_ROWS = 100_000
_ROUNDS = 2
# What ogr2ogr can fill in itself; the category is one for all, for it cannot look it up by name.
_AS_INCIDENT = """
SELECT
    geom, CAST({community} AS bigint) AS community_id, 'E101' AS category_code, 'hotline_12345' AS source,
    '12345' AS source_system, "办件编号" AS external_id, 'normal' AS severity, 'S1' AS sensitivity,
    'handling' AS state, "诉求主题" AS title, "诉求内容" AS description, "地址" AS address,
    'manual' AS geocode_quality, "派发时间" AS reported_at, "承诺完成时间" AS due_at
FROM incidents"""
_COPIED = (
    "community_id, category_code, source, source_system, external_id, sensitivity, severity, state, title, "
    "description, address, geom, geocode_quality, building_id, compound_id, grid_id, reported_at, due_at, "
    "original_due_at, import_batch_id"
)
_TEXT = (
    "市民反映麒麟花园{}栋附近存在上述问题，已经持续一段时间，"
    "影响居民正常出行和休息，多次向物业反映未解决，请相关部门尽快处理（{}）"
)


def run(url: str, rows: int = _ROWS) -> list[dict[str, object]]:
    """Measure on a migrated database, all in turn; the better of two rounds each."""
    load_demo(url, community="D", scale=1, seed=1, as_of=None)
    with tempfile.TemporaryDirectory() as folder:
        return [*_compare_full(url, Path(folder), rows), _compare_same_table(url, Path(folder))]


def _compare_full(url: str, folder: Path, rows: int) -> list[dict[str, object]]:
    file, finished = folder / "工单.gpkg", folder / "incident.copy"
    write_incidents(url, file, rows)
    ours_s = math.inf
    peers_s: dict[str, float] = {}
    for _ in range(_ROUNDS):
        seconds = {"ogr2ogr, PG_USE_COPY": time_s(lambda: load_with_ogr2ogr(url, file))}
        seconds["ogr2ogr, PG_USE_COPY, then the indexes"] = time_s(
            lambda: load_then_index(url, file, "incident", _AS_INCIDENT)
        )
        empty_incidents(url)
        ours_s = min(ours_s, time_s(lambda: import_file(url, file, layer="incidents")))
        _write_finished(url, finished)
        seconds["COPY of finished rows, bare"] = time_s(lambda: copy_bare(url, finished))
        empty_incidents(url)
        seconds["COPY of finished rows, same indexes"] = time_s(lambda: copy_with_upkeep(url, finished))
        peers_s = {name: min(taken, peers_s.get(name, math.inf)) for name, taken in seconds.items()}
    return [_row(name, rows, ours_s, peer_s) for name, peer_s in peers_s.items()]


def _compare_same_table(url: str, folder: Path) -> dict[str, object]:
    file = folder / "工单之一.gpkg"
    write_incidents(url, file, _SAME_TABLE_ROWS)
    empty_incidents(url)
    peer_s = time_s(lambda: fill_with_ogr2ogr(url, file))
    empty_incidents(url)
    ours_s = time_s(lambda: import_file(url, file, layer="incidents"))
    return _row("ogr2ogr into the same table, by INSERT", _SAME_TABLE_ROWS, ours_s, peer_s)


def time_s(action: Callable[[], object]) -> float:
    """Measure how long something takes, in seconds."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def _row(peer_name: str, rows: int, ours_s: float, peer_s: float) -> dict[str, object]:
    return {
        "name": "import incidents",
        "ours": rows / ours_s,
        "peer": rows / peer_s,
        "peer_name": peer_name,
        "ratio": peer_s / ours_s,
        "unit": "rows/s",
        "n": rows,
    }


def write_incidents(url: str, file: Path, rows: int) -> None:
    """Write incidents all over the demo community, as a 12345 export with positions."""
    rng = np.random.default_rng(1)
    xy = _scatter(url, rows, rng)
    with (FOLDER / "seed" / "category.csv").open(encoding="utf-8") as categories:
        names = [row["name"] for row in csv.DictReader(categories) if row["parent_code"]]
    # Numbers are given out as cases come in.
    seconds = np.sort(rng.integers(0, 2 * 365 * 86_400, rows)).astype("timedelta64[s]")
    reported = (np.datetime64("2024-01-01T00:00:00") + seconds).astype("datetime64[ms]")

    def pick(*words: str) -> pa.Array:
        return pa.array(words).take(pa.array(rng.integers(0, len(words), rows)))

    columns = {
        "序号": pa.array(range(1, rows + 1)),
        "办件编号": pa.array([f"GZ2024{n:09d}" for n in range(rows)]),
        "办件来源": pick("12345热线", "微信", "来访", "网格员上报"),
        "市级编号": pa.array([f"S{n:010d}" for n in range(rows)]),
        "诉求主题": pick(
            "楼道堆放杂物影响通行", "小区内机动车乱停放", "夜间施工噪音扰民", "路灯不亮存在安全隐患"
        ),
        "诉求内容": pa.array([_TEXT.format(n % 40 + 1, n) for n in range(rows)]),
        "办理单位": pick("D社区居委会", "街道综合执法队", "物业服务中心"),
        "办理科室": pick("综合科", "城管科", "环卫科"),
        "诉求人": pick("张先生", "李女士", "王先生"),
        "诉求人电话": pa.array([f"138{n:08d}" for n in range(rows)]),
        "处理结果": pick("已现场处理并回复市民", "已转相关部门处理", ""),
        "事项大类": pick("环境卫生", "消防安全", "停车交通"),
        "事项小类": pick(*names),
        "派发时间": pa.array(reported),
        "承诺完成时间": pa.array(reported + np.timedelta64(5, "D")),
        "办件状态": pick("办理中", "已受理", "待核查"),
        "派单员": pick("甲", "乙"),
        "预警状态": pick("正常", "预警"),
        "地址": pa.array([f"麒麟花园{n % 40 + 1}栋{n % 3 + 1}单元" for n in range(rows)]),
        "geom": pa.array(shapely.to_wkb(shapely.points(xy))),
    }
    pyogrio.raw.write_arrow(
        pa.table(columns),
        file,
        layer="incidents",
        driver="GPKG",
        geometry_name="geom",
        geometry_type="Point",
        crs="EPSG:4490",
        layer_options={"SPATIAL_INDEX": "NO"},
    )


def _scatter(url: str, rows: int, rng: np.random.Generator) -> np.ndarray:
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT ST_AsBinary(geom) FROM community")
        ((boundary,),) = cursor.fetchall()
    area = shapely.from_wkb(bytes(boundary))
    west, south, east, north = area.bounds
    shapely.prepare(area)
    xy = rng.uniform((west, south), (east, north), (3 * rows, 2))
    return xy[shapely.contains_xy(area, xy[:, 0], xy[:, 1])][:rows]


def load_with_ogr2ogr(url: str, file: Path) -> None:
    """Load the file as it is, with a spatial index."""
    run_ogr2ogr(url, file, "-nln", "bench_peer", "-overwrite")


def load_then_index(url: str, file: Path, table: str, query: str) -> None:
    """Load a file's rows into a table like one of ours, and build the same indexes afterwards.

    Args:
        url: the database.
        file: the rows.
        table: the table whose columns and indexes are wanted.
        query: makes the columns of the file's; ``{community}`` stands for the community's id.
    """
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS bench_indexed")
        # Without defaults: where a column has one, ogr2ogr does not COPY.
        cursor.execute(f"CREATE TABLE bench_indexed AS SELECT * FROM {table} LIMIT 0")
    _append_with_ogr2ogr(url, file, "bench_indexed", query)
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE tablename = %s", (table,))
        for (definition,) in cursor.fetchall():
            named = re.sub(rf"INDEX \S+ ON public\.{table} ", "INDEX ON bench_indexed ", definition)
            cursor.execute(named)


def fill_with_ogr2ogr(url: str, file: Path) -> None:
    """Append the file's rows to the incident table."""
    _append_with_ogr2ogr(url, file, "incident", _AS_INCIDENT)


def _append_with_ogr2ogr(url: str, file: Path, table: str, query: str) -> None:
    made = query.format(community=find_community(url))
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        which = "f_table_name = %s AND f_geometry_column = 'geom'"
        cursor.execute(f"SELECT type FROM geometry_columns WHERE {which}", (table,))
        ((kind,),) = cursor.fetchall()
    run_ogr2ogr(url, file, "-nln", table, "-append", "-unsetFid", "-nlt", kind, "-sql", made)


def run_ogr2ogr(url: str, file: Path, *options: str) -> None:
    """Let ogr2ogr read a file into the database, by COPY."""
    target = "PG:" + " ".join(f"{key}='{value}'" for key, value in parse_dsn(url).items())
    command = ("ogr2ogr", "-f", "PostgreSQL", target, str(file), *options, "--config", "PG_USE_COPY", "YES")
    subprocess.run(command, check=True, capture_output=True)


def copy_bare(url: str, finished: Path) -> None:
    """Copy the finished rows into a table that keeps nothing up."""
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS bench_bare")
        cursor.execute(f"CREATE TABLE bench_bare AS SELECT {_COPIED} FROM incident LIMIT 0")
        with finished.open("rb") as file:
            cursor.copy_expert(f"COPY bench_bare ({_COPIED}) FROM STDIN (FORMAT binary)", file, size=1 << 20)


def copy_with_upkeep(url: str, finished: Path) -> None:
    """Copy the finished rows into the incident table, as an import does."""
    written = _COPIED.split(", ")
    with (
        closing(psycopg2.connect(url)) as connection,
        connection,
        connection.cursor() as cursor,
        finished.open("rb") as file,
        defer_upkeep(connection, "incident", written, find_community(url)) as is_new,
    ):
        statement = f"COPY incident ({_COPIED}) FROM STDIN (FORMAT binary, FREEZE {is_new})"
        cursor.copy_expert(statement, file, size=1 << 20)


def find_community(url: str) -> int:
    """Return the id of the one community there is."""
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT id FROM community")
        ((found,),) = cursor.fetchall()
    return int(found)


def _write_finished(url: str, finished: Path) -> None:
    with (
        closing(psycopg2.connect(url)) as connection,
        connection.cursor() as cursor,
        finished.open("wb") as file,
    ):
        cursor.copy_expert(f"COPY (SELECT {_COPIED} FROM incident) TO STDOUT (FORMAT binary)", file)


def empty_incidents(url: str) -> None:
    """Empty the incident table and what hangs on it."""
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        # A history is not to be emptied, not even by its owner: only where triggers keep out of it.
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("TRUNCATE incident, import_change, import_rejection CASCADE")
