"""A million cases from a CSV file that gives addresses and no coordinates, against ogr2ogr with COPY.

The addresses are 50,000 spellings of the demo's dwellings and what stands beside them, as people write them.
We read the file, check every row, find each address's building, leave the doubtful in the queue, and fill the
incident table with its indexes, keys and checks. ogr2ogr copies the file as it is into a table of its own,
with a primary key.
"""

import csv
import math
import tempfile
from contextlib import closing
from pathlib import Path
from random import Random

import numpy as np
import psycopg2

from etl.demo.load import load_demo
from etl.importing.importer import import_file
from geo.store.addresses import read_gazetteer
from tests.benchmarks.bench_import import empty_incidents, find_community, load_with_ogr2ogr, time_s
from tests.spellings import list_dwellings, spell, spell_doubtfully

_ROWS = 1_000_000
_SPELLINGS = 50_000
_DOUBTFUL_SHARE = 0.1
_ROUNDS = 2


def run(url: str, rows: int = _ROWS) -> list[dict[str, object]]:
    """Measure on a migrated database; the better of two rounds each."""
    load_demo(url, community="D", scale=1, seed=1, as_of=None)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "工单.csv"
        write_cases(url, file, rows)
        ours_s = peer_s = math.inf
        for _ in range(_ROUNDS):
            peer_s = min(peer_s, time_s(lambda: load_with_ogr2ogr(url, file)))
            empty_incidents(url)
            ours_s = min(ours_s, time_s(lambda: import_file(url, file, layer="incidents")))
        placed = _share_placed(url)
    name = "ogr2ogr, PG_USE_COPY; " + f"{placed:.0%} of ours placed"
    return [
        {
            "name": "import addresses",
            "ours": rows / ours_s,
            "peer": rows / peer_s,
            "peer_name": name,
            "ratio": peer_s / ours_s,
            "unit": "rows/s",
            "n": rows,
        }
    ]


def write_cases(url: str, file: Path, rows: int) -> None:
    """Write cases at dwellings of the demo community, as a 12345 export without positions."""
    with closing(psycopg2.connect(url)) as connection:
        dwellings = list_dwellings(read_gazetteer(connection, find_community(url)))
    chance, rng = Random(1), np.random.default_rng(1)
    spellings = [
        (spell_doubtfully if chance.random() < _DOUBTFUL_SHARE else spell)(chance.choice(dwellings), chance)
        for _ in range(_SPELLINGS)
    ]
    which = rng.integers(0, _SPELLINGS, rows)
    seconds = np.sort(rng.integers(0, 2 * 365 * 86_400, rows)).astype("timedelta64[s]")
    moments = np.datetime_as_string(np.datetime64("2024-01-01T00:00:00") + seconds)
    with file.open("w", encoding="utf-8", newline="") as target:
        writer = csv.writer(target)
        writer.writerow(
            ["办件编号", "办件来源", "诉求主题", "诉求内容", "事项小类", "派发时间", "办件状态", "地址"]
        )
        for number, (at, moment) in enumerate(zip(which, moments, strict=True)):
            writer.writerow(
                [
                    f"GZ2024{number:09d}", "12345热线", "楼道堆放杂物影响通行", f"多次反映未解决（{number}）",
                    "占道经营", moment.replace("T", " "), "办理中", spellings[at].text.strip(),
                ]
            )  # fmt: skip


def _share_placed(url: str) -> float:
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT avg(CAST(geom IS NOT NULL AS int)) FROM incident")
        ((share,),) = cursor.fetchall()
    return float(share)
