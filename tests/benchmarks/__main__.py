"""``make bench``: every benchmark on one throw-away cluster, as a table and as build/bench.json.

A row is ``{name, ours, peer, peer_name, ratio, unit, n}``, measured side by side in this run; a ratio above 1
means ours is better. ``python -m tests.benchmarks import tiles`` runs only those named; a number after a
name, as in ``fuzz 10000``, says how many, where one can say that.
"""

import importlib
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from geo.cluster import Cluster
from geo.schema.migrate import migrate

BENCHMARKS = (
    "import",
    "addresses",
    "files",
    "kill",
    "tiles",
    "page",
    "people",
    "zones",
    "editor",
    "heat",
    "picture",
    "relapses",
    "truth",
    "datum",
    "wall",
    "wall_soak",
)


def print_table(rows: list[dict[str, object]]) -> None:
    """Print the rows for a person."""
    table = Table("benchmark", "n", "ours", "peer", "peer is", "ratio", "unit")
    for row in rows:
        table.add_row(*(f"{row[key]:,.4g}" if isinstance(row[key], float) else str(row[key])
                        for key in ("name", "n", "ours", "peer", "peer_name", "ratio", "unit")))  # fmt: skip
    Console(width=150).print(table)


def _pair(words: Sequence[str]) -> list[tuple[Any, ...]]:
    """Put a number to the name before it."""
    pairs: list[tuple[Any, ...]] = []
    for word in words:
        pairs.append((*pairs.pop(), int(word)) if word.isdigit() else (word,))
    return pairs


def main(names: list[str]) -> None:
    """Run the named benchmarks, or all of them."""
    rows: list[dict[str, object]] = []
    # Not below the checkout: the user that PostgreSQL becomes must be able to reach it.
    with tempfile.TemporaryDirectory(prefix="wangge-bench-") as folder:
        Path(folder).chmod(0o755)
        for name, *count in _pair(names or BENCHMARKS):
            cluster = Cluster(Path(folder) / name)
            url = cluster.start()
            try:
                migrate(url)
                rows += importlib.import_module(f"tests.benchmarks.bench_{name}").run(url, *count)
            finally:
                cluster.stop()
    target = Path("build/bench.json")
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(rows, indent=2, ensure_ascii=False), encoding="utf-8")
    print_table(rows)


if __name__ == "__main__":
    main(sys.argv[1:])
