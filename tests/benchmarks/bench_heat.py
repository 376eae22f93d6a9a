"""Heat over a million cases of one community, against geopandas and esda doing the same from one table.

2,000 hexagons, 8,000 buildings, a year of cases. *Cold* is everything from an empty process state: reading
the table, counting by hexagon, rates smoothed by empirical Bayes, Gi* with false-discovery control, and which
cases came back within 30 days. The peer is given its hexagons, judges Gi* by the normal curve, and looks for
cases that came back in the same building only, where ours looks 50 m around as well. *Another question* is
one about what has been read: the peer has its frames in memory, and ours its columns.

``python -m tests.benchmarks.bench_heat 10000000`` measures ours alone on so many cases.
"""

import argparse
import os
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, Final

import esda
import geopandas as gpd
import libpysal
import numpy as np
import pandas as pd
import psycopg2
import shapely
from esda.smoothing import Empirical_Bayes
from sqlalchemy import create_engine

from dashboard.models.heat_data import write_document
from dashboard.models.heat_state import parse_heat_state
from geo.cluster import Cluster
from geo.operations.heat import Answer, State, measure, read_state
from geo.operations.heat_cases import Period, Question
from geo.operations.heat_units import lay_out
from geo.operations.relapse_cases import tell_cases
from geo.patterns.relapse import find_first_returns
from geo.schema.migrate import migrate
from geo.settings import get_settings
from geo.store import patterns
from geo.store.engine import acting_as, connect
from tests.actors import make_actor
from tests.benchmarks.__main__ import print_table

INCIDENTS: Final = 1_000_000
_BUILDINGS: Final = 8_000
# About 6.2 km square.
_WIDTH, _HEIGHT = 0.0655, 0.0560
_WEST, _SOUTH = 120.8, 31.9
_YEAR: Final = Period(date(2025, 11, 1), date(2026, 10, 31))
_MARGIN_DAYS: Final = 30
_QUESTIONS: Final = 20
_EPSG: Final = 4549
_CODES: Final = (
    "E101", "E102", "E103", "E104", "E105", "E201", "E202", "E203", "E204", "E301", "E302", "E303", "E304",
    "E401", "E402", "E403", "E404", "E405", "E501", "E502", "E601", "E602", "E603", "E604", "E701", "E702",
)  # fmt: skip

Row = dict[str, object]


def build_community(url: str, incidents: int) -> int:
    """Fill a migrated, empty database with one community; return its id."""
    with closing(psycopg2.connect(url)) as connection:
        with connection, connection.cursor() as cursor:
            # Rows as an import leaves them, without its triggers; the layers' versions do not matter here.
            cursor.execute("SET session_replication_role = replica")
            cursor.execute("SELECT setseed(0.4)")
            cursor.execute(
                "INSERT INTO community (code, name, metric_epsg, geom) VALUES ('H', '大社区', %s,"
                " ST_Multi(ST_MakeEnvelope(%s, %s, %s, %s, 4490))) RETURNING id",
                (_EPSG, _WEST, _SOUTH, _WEST + _WIDTH, _SOUTH + _HEIGHT),
            )
            ((community,),) = cursor.fetchall()
            cursor.execute(
                "INSERT INTO building (community_id, code, name, households, residents, geom)"
                " SELECT %s, 'B' || n, n || '号楼', 20 + n %% 80, 50, ST_Multi(ST_MakeEnvelope("
                "   x, y, x + 0.0003, y + 0.00012, 4490))"
                " FROM generate_series(1, %s) AS n CROSS JOIN LATERAL ("
                "   SELECT %s + random() * %s AS x, %s + random() * %s AS y, n AS number) AS place",
                (community, _BUILDINGS, _WEST, _WIDTH * 0.99, _SOUTH, _HEIGHT * 0.99),
            )
            cursor.execute(
                "INSERT INTO incident (community_id, category_code, source, state, title, address, geom,"
                "   geocode_quality, building_id, reported_at, closed_at)"
                " SELECT b.community_id, (CAST(%s AS text[]))[1 + CAST(floor(random() * %s) AS int)],"
                "   'patrol', 'closed', '楼道堆放杂物，请处理', '3栋2单元', b.anchor, 'building', b.id, at,"
                "   at + random() * interval '9 days'"
                " FROM generate_series(1, %s) AS n CROSS JOIN LATERAL ("
                "   SELECT timestamptz '2025-11-01' + (n / CAST(%s AS float)) * interval '364 days' AS at,"
                "     1 + floor(random() * %s) AS number) AS moment"
                " JOIN (SELECT *, row_number() OVER (ORDER BY id) AS number FROM building) AS b"
                "   ON b.number = moment.number",
                (list(_CODES), len(_CODES), incidents, incidents, _BUILDINGS),
            )
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
    return int(community)


def run(url: str, incidents: int = INCIDENTS) -> list[Row]:
    """Measure on a migrated, empty database."""
    community = build_community(url, incidents)
    os.environ["WANGGE_DATABASE_URL"] = url
    get_settings.cache_clear()
    rows: list[Row] = []
    with acting_as(make_actor(community)):
        # Both are connected, as a server is from its start; neither has read anything.
        with connect():
            pass
        cold_s, state = _time(lambda: _start_ours(community))
        warm_s = statistics.median(_time(partial(_ask_ours, state, code))[0] for code in _CODES[:_QUESTIONS])
        picture_s = _time_documents(state)
    _print_memory(state, incidents)
    figures = [("cold", cold_s, "s"), ("another question", warm_s, "s"), *picture_s]
    if incidents != INCIDENTS:
        return [
            {"name": f"heat, {name}", "n": incidents, "ours": ours, "peer": float("nan"), "peer_name": "—",
             "ratio": float("nan"), "unit": unit}
            for name, ours, unit in figures
        ]  # fmt: skip
    peer = _Peer(url, community, state)
    peer_cold_s, _ = _time(peer.start)
    peer_warm_s = statistics.median(_time(partial(peer.ask, code))[0] for code in _CODES[:3])
    for name, ours_s, peer_s, target_s in (
        ("cold", cold_s, peer_cold_s, 2.0),
        ("another question", warm_s, peer_warm_s, 0.1),
    ):
        rows += [
            _compare(f"heat, {name}", incidents, ours_s, peer_s, "geopandas + esda"),
            _compare(f"heat, {name}", incidents, ours_s, target_s, "target"),
        ]
    rows += [
        _compare(f"heat, {name}", incidents, ours_s, 0.3, "target (a slider step)")
        for name, ours_s, _ in picture_s
    ]
    return rows


def _print_memory(state: State, incidents: int) -> None:
    columns = state.columns
    heat, more = columns.cases.count_bytes() / incidents, columns.records.count_bytes() / incidents
    most_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"columns: {heat:.1f} bytes a case, for relapses {more:.1f}; the process: {most_gb:.2f} GB at most")


def _start_ours(community: int) -> State:
    """From nothing to rates, hot spots and relapses of a year."""
    with patterns._guard:
        patterns._kept.clear()
    state = read_state(community)
    # Neither needs the other: as where one person opens the heat and another what came back.
    with ThreadPoolExecutor(1) as beside:
        measured = beside.submit(measure, state, Question(), _YEAR)
        _find_relapses(state)
        measured.result()
    return state


def _find_relapses(state: State) -> int:
    told = tell_cases(state.columns)
    return len(find_first_returns(told.cases, told.following).earlier)


def _ask_ours(state: State, code: str) -> Answer:
    return measure(state, Question(categories=(code,)), _YEAR)


def _time_documents(state: State) -> list[tuple[str, float, str]]:
    """Time what the browser fetches for a picture, and for all weeks of the slider."""
    figures = []
    for document in ("cells", "weeks"):
        times = []
        for code in _CODES[:5]:
            params = {"category": code, "since": "2025-11-01", "until": "2026-10-30", "sources": ""}
            asked, _ = parse_heat_state(params, state.columns.cases.codes, date(2026, 10, 30))
            state.answers.clear()
            times.append(_time(partial(write_document, document, state, asked))[0])
        figures.append((f"document “{document}”", statistics.median(times), "s"))
    return figures


class _Peer:
    """The same by geopandas, pandas and esda."""

    def __init__(self, url: str, community: int, state: State) -> None:
        self._engine = create_engine(url.replace("postgresql://", "postgresql+psycopg2://"))
        self._engine.connect().close()
        self._community = community
        layout = lay_out(state.columns, "hexagon")
        corners = state.columns.ground.plane.to_degrees(shapely.get_coordinates(layout.shapes))
        outlines = shapely.polygons(corners.reshape(len(layout), -1, 2))
        self._hexagons = gpd.GeoDataFrame(geometry=outlines, crs=4490).to_crs(_EPSG)

    def start(self) -> None:
        """Read everything, and answer the first question."""
        where = f"WHERE community_id = {self._community}"
        self._buildings = gpd.read_postgis(
            f"SELECT id, households, anchor AS geom FROM building {where}", self._engine
        ).to_crs(_EPSG)
        cases = gpd.read_postgis(
            "SELECT id, building_id, category_code, reported_at, closed_at, geom FROM incident"
            f" {where} AND sensitivity = 'S1' AND state NOT IN ('rejected', 'voided')",
            self._engine,
        ).to_crs(_EPSG)
        self._cases = gpd.sjoin(cases, self._hexagons, predicate="within")
        self._weights = libpysal.weights.Queen.from_dataframe(
            self._hexagons, use_index=False, silence_warnings=True
        )
        self._weights.transform = "B"
        housed = gpd.sjoin(self._buildings, self._hexagons, predicate="within")
        self._households = self._count(housed, "households")
        self.ask(None)
        self._find_relapses()

    def ask(self, code: str | None) -> Any:
        """Count, smooth and judge the cases of a category."""
        cases = self._cases if code is None else self._cases[self._cases["category_code"] == code]
        count = self._count(cases)
        households = self._households
        smoothed = Empirical_Bayes(count, np.maximum(households, 1)).r
        rate = np.divide(count, households, out=np.zeros(len(count)), where=households > 0)
        found = esda.G_Local(rate, self._weights, transform="B", star=True, permutations=0)
        return smoothed, found.Zs, esda.fdr(found.p_norm, 0.05)

    def _count(self, placed: Any, column: str | None = None) -> Any:
        by_cell = placed.groupby("index_right")
        counted = by_cell.size() if column is None else by_cell[column].sum()
        return counted.reindex(range(len(self._hexagons)), fill_value=0).to_numpy(np.float64)

    def _find_relapses(self) -> int:
        keys = ["building_id", "category_code"]
        closed = self._cases.sort_values("closed_at")
        reported = self._cases.sort_values("reported_at")[[*keys, "reported_at"]]
        found = pd.merge_asof(
            closed[[*keys, "closed_at"]], reported, left_on="closed_at", right_on="reported_at", by=keys,
            direction="forward", allow_exact_matches=False, tolerance=pd.Timedelta(days=30),
        )  # fmt: skip
        return int(found["reported_at"].notna().sum())


def _time(work: Callable[[], Any]) -> tuple[float, Any]:
    started_s = time.perf_counter()
    made = work()
    return time.perf_counter() - started_s, made


def _compare(name: str, n: int, ours: float, peer: float, peer_name: str) -> Row:
    return {
        "name": name, "n": n, "ours": ours, "peer": peer, "peer_name": peer_name, "ratio": peer / ours,
        "unit": "s",
    }  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("incidents", type=int, nargs="?", default=INCIDENTS)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="wangge-bench-") as folder:
        Path(folder).chmod(0o755)
        cluster = Cluster(Path(folder) / "heat")
        database = cluster.start()
        try:
            migrate(database)
            print_table(run(database, given.incidents))
        finally:
            cluster.stop()
