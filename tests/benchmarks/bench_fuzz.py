"""Damaged files through the import: none may crash it, hang it, swell it or leave anything half done.

``python -m tests.benchmarks fuzz 10000`` says how many. A row is a kind of file: how long the slowest took
against the thirty seconds it may, and how much memory against the gibibyte. What went wrong is printed, and
stays in ``build/fuzz`` with the number that makes it again; then the benchmark fails.
"""

import tempfile
from collections import Counter, defaultdict
from contextlib import closing
from pathlib import Path
from typing import Final

import psycopg2

from tests.fuzz_runner import LONGEST_S, MOST_BYTES, Outcome, fuzz
from tests.fuzz_seeds import make_seeds
from tests.import_town import ImportTown

_FILES: Final = 2_000
_KEPT: Final = Path("build/fuzz")


def run(url: str, files: int = _FILES, first: int = 0) -> list[dict[str, object]]:
    """Bring in so many damaged files, from a number on."""
    with closing(psycopg2.connect(url)) as connection:
        ImportTown(connection)
    found: dict[str, list[Outcome]] = defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="wangge-fuzz-") as name:
        folder = Path(name, "files")
        folder.mkdir()
        for outcome in fuzz(url, make_seeds(), range(first, first + files), folder, _KEPT):
            found[outcome.name].append(outcome)
            if outcome.is_fault:
                print(
                    f"{outcome.number} {outcome.given}: {outcome.what}: {outcome.told.strip()[-300:]}",
                    flush=True,
                )
    for kind, outcomes in found.items():
        print(kind, dict(Counter(outcome.what for outcome in outcomes)))
    faults = [outcome for outcomes in found.values() for outcome in outcomes if outcome.is_fault]
    if faults:
        msg = f"{len(faults)} of {files} files went wrong: see {_KEPT}"
        raise SystemExit(msg)
    return [row for kind, outcomes in found.items() for row in _tell(kind, outcomes)]


def _tell(kind: str, outcomes: list[Outcome]) -> list[dict[str, object]]:
    slowest_s = max(outcome.seconds for outcome in outcomes)
    peak_mb = max(outcome.peak_mb for outcome in outcomes)
    return [
        _row(kind, len(outcomes), slowest_s, LONGEST_S, "s"),
        _row(kind, len(outcomes), max(peak_mb, 1.0), MOST_BYTES / 2**20, "MB"),
    ]


def _row(kind: str, count: int, ours: float, limit: float, unit: str) -> dict[str, object]:
    return {
        "name": f"fuzz {kind}", "ours": ours, "peer": limit, "peer_name": "what it may take",
        "ratio": limit / ours, "unit": unit, "n": count,
    }  # fmt: skip
