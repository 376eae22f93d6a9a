"""Damaged files through the import: none may crash it, hang it, swell it or leave anything half done.

``python -m tests.benchmarks fuzz 10000 5000000`` says how many, and from which number on: other numbers are
other files. What came of each is written down as it comes, in ``build/fuzz``; the same words go on after the
last of them. A row is a kind of file: how long the slowest took against the thirty seconds it may, and how
much memory against the gibibyte. What went wrong is printed, and stays there too with the number that makes
it again; then the benchmark fails.
"""

import json
import tempfile
from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Final

import psycopg2

from tests.fuzz_runner import LONGEST_S, MOST_BYTES, Outcome, fuzz
from tests.fuzz_seeds import make_seeds
from tests.import_town import ImportTown

_FILES: Final = 2_000
_KEPT: Final = Path("build/fuzz")
_TOLD_EVERY: Final = 100


def run(url: str, files: int = _FILES, first: int = 0) -> list[dict[str, object]]:
    """Bring in so many damaged files, from a number on."""
    _KEPT.mkdir(parents=True, exist_ok=True)
    journal = _KEPT / f"from-{first}.jsonl"
    outcomes = _read_journal(journal)[:files]
    with closing(psycopg2.connect(url)) as connection:
        ImportTown(connection)
    with (
        tempfile.TemporaryDirectory(prefix="wangge-fuzz-") as name,
        journal.open("a", encoding="utf-8") as out,
    ):
        folder = Path(name, "files")
        folder.mkdir()
        for outcome in fuzz(url, make_seeds(), range(first + len(outcomes), first + files), folder, _KEPT):
            outcomes.append(outcome)
            out.write(json.dumps(asdict(outcome), ensure_ascii=False) + "\n")
            out.flush()
            if outcome.is_fault:
                print(
                    f"{outcome.number} {outcome.given}: {outcome.what}: {outcome.told.strip()[-300:]}",
                    flush=True,
                )
            if len(outcomes) % _TOLD_EVERY == 0:
                print(f"{len(outcomes)} of {files}: {_count(outcomes)}", flush=True)
    found: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        found[outcome.name].append(outcome)
    for kind, of_kind in found.items():
        print(kind, _count(of_kind))
    if faults := sum(outcome.is_fault for outcome in outcomes):
        msg = f"{faults} of {files} files went wrong: see {_KEPT}"
        raise SystemExit(msg)
    return [row for kind, of_kind in found.items() for row in _tell(kind, of_kind)]


def _read_journal(journal: Path) -> list[Outcome]:
    """Return what came of the files that were brought in before; a line cut off is the next to be made."""
    if not journal.exists():
        return []
    with journal.open(encoding="utf-8") as lines:
        whole = [line for line in lines if line.endswith("\n")]
    journal.write_text("".join(whole), "utf-8")
    return [Outcome(**json.loads(line)) for line in whole]


def _count(outcomes: Sequence[Outcome]) -> dict[str, int]:
    return dict(Counter(outcome.what for outcome in outcomes))


def _tell(kind: str, outcomes: Sequence[Outcome]) -> list[dict[str, object]]:
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
