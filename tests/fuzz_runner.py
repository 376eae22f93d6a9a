"""Damaged files brought in by a process of its own, which may crash, hang or swell without harm to others.

``python -m tests.fuzz_runner URL`` is that process: it is told files on its standard input, one a line, and
answers what came of each. Whoever watches kills what takes too long.
"""

import json
import os
import random
import resource
import select
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psutil
import psycopg2

from tests.fuzz_archives import PACKED
from tests.fuzz_mutations import ANY, DATABASE, JSON, TEXT, XML

LONGEST_S: Final = 30.0
LONGEST_WAIT_S: Final = 300.0
MOST_BYTES: Final = 1 << 30
_TABLES: Final = ("grid", "compound", "building", "merchant", "incident", "incident_event", "import_change")
_LAYER_OF: Final = {"事件": "incidents", "requests": "incidents", "点": "merchants"}
_LONGEST_SENTENCE: Final = 700


@dataclass(frozen=True)
class Outcome:
    """What came of a damaged file.

    Attributes:
        number: of the file; with the seeds it makes the same file again.
        name: of the sound file it was made of.
        given: its own name.
        what: ``landed``, ``refused``, or what is wrong: ``crash``, ``hang``, ``memory``, ``unforeseen``,
            ``sentence``, ``half-written``, ``left behind``.
        told: the sentence, or the trace.
        seconds: how long it took.
        peak_mb: how much memory, beyond what the libraries occupy.
    """

    number: int
    name: str
    given: str
    what: str
    told: str
    seconds: float
    peak_mb: float

    @property
    def is_fault(self) -> bool:
        """Whether the import did what it must not."""
        return self.what not in {"landed", "refused"}


def fuzz(
    url: str, seeds: Mapping[str, bytes], numbers: range, folder: Path, keep: Path | None = None
) -> Iterator[Outcome]:
    """Bring in damaged files one after the other; each number makes the same file every time.

    Args:
        url: a migrated database with a community, which stays as it is.
        seeds: sound files by name.
        numbers: which files to make.
        folder: where they lie while they are read.
        keep: where those stay that the import did wrong with.
    """
    names = list(seeds)
    with _Reader(url, folder) as reader:
        for number in numbers:
            random_ = random.Random(f"file {number}")
            name = names[number % len(names)]
            given, content = mutate(random_, name, seeds)
            path = folder / given
            path.write_bytes(content)
            layer = next((_LAYER_OF[word] for word in _LAYER_OF if name.startswith(word)), "buildings")
            asked = {
                "path": str(path),
                "layer": layer if random_.random() < 0.8 else None,
                "crs": "4490" if random_.random() < 0.5 else None,
                "mapping": {"label": "name"} if name.endswith(".dxf") else {},
                "keeps": random_.random() < 0.1,
            }
            started = time.monotonic()
            answer = reader.ask(asked)
            outcome = Outcome(number, name, given, answer["what"], answer["told"],
                              time.monotonic() - started, answer["peak_mb"])  # fmt: skip
            if outcome.is_fault and keep is not None:
                keep.mkdir(parents=True, exist_ok=True)
                (keep / f"{number}-{given}").write_bytes(content)
                (keep / f"{number}.txt").write_text(
                    f"{asked}\n{outcome.what}\n{outcome.told}\n", encoding="utf-8"
                )
            path.unlink(missing_ok=True)
            yield outcome


def mutate(random_: random.Random, name: str, seeds: Mapping[str, bytes]) -> tuple[str, bytes]:
    """Damage one of the seeds; return its name, whose ending may lie, and what is in it."""
    content = seeds[name]
    ending = name[name.rindex(".") :]
    special = {
        ".csv": TEXT,
        ".txt": TEXT,
        ".geojson": JSON,
        ".geojsonl": JSON,
        ".topojson": JSON,
        ".json": JSON,
        ".kml": XML,
        ".ovkml": XML,
        ".gpx": XML,
        ".osm": XML,
        ".xml": XML,
        ".dxf": TEXT,
        ".xlsx": PACKED,
        ".ods": PACKED,
        ".kmz": PACKED,
        ".zip": PACKED,
        ".gpkg": DATABASE,
    }.get(ending, ())
    chosen = random_.choice([*ANY, *special, *special])
    content = chosen(random_, content)
    if random_.random() < 0.3:
        content = random_.choice(ANY)(random_, content)
    if random_.random() < 0.06:
        ending = random_.choice([other[other.rindex(".") :] for other in seeds] + [".tab", ".mif", ".gdb"])
    return f"{name[: name.rindex('.')]}{ending}", content


class _Reader:
    """The process that reads, begun anew whenever it is gone."""

    def __init__(self, url: str, folder: Path) -> None:
        self._url, self._folder = url, folder
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> "_Reader":
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()

    def ask(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Let it read a file, and return what it says or what became of it."""
        process = self._process = self._process or self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(asked) + "\n")
        process.stdin.flush()
        ready = self._wait(process)
        line = process.stdout.readline() if ready else ""
        if line:
            answer: dict[str, Any] = json.loads(line)
            return answer
        process.kill()
        process.communicate()
        self._process = None
        if not ready:
            return {"what": "hang", "told": f"more than {LONGEST_S:.0f} s", "peak_mb": 0.0}
        told = (
            signal.strsignal(-process.returncode) if process.returncode < 0 else f"exit {process.returncode}"
        )
        errors = (self._folder.parent / "reader.err").read_text("utf-8", "replace")[-2000:]
        return {"what": "crash", "told": f"{told}\n{errors}", "peak_mb": 0.0}

    def _wait(self, process: "subprocess.Popen[str]") -> bool:
        """Wait for an answer: so long by the processor's time, which others' work does not lengthen."""
        assert process.stdout is not None
        times = psutil.Process(process.pid)
        begun_s, started = _read_cpu_s(times), time.monotonic()
        while time.monotonic() - started < LONGEST_WAIT_S:
            ready, _, _ = select.select([process.stdout], [], [], 1)
            if ready or _read_cpu_s(times) - begun_s > LONGEST_S:
                return bool(ready)
        return False

    def _start(self) -> "subprocess.Popen[str]":
        errors = (self._folder.parent / "reader.err").open("wb")
        process = subprocess.Popen(
            (sys.executable, "-m", "tests.fuzz_runner", self._url),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        assert process.stdout is not None
        process.stdout.readline()  # It says when it has begun: that is not the file's time.
        return process


def _read_cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def main(url: str) -> None:
    """Read the files that are told on standard input."""
    # Here, for whoever only watches needs none of them.
    from etl.importing.importer import import_file, undo_import  # noqa: PLC0415
    from etl.importing.looking import look_at_file  # noqa: PLC0415
    from geo.errors import WanggeError  # noqa: PLC0415

    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # What a library prints is no answer.
    tempfile.tempdir = tempfile.mkdtemp(prefix="wangge-fuzz-")
    own = Path(tempfile.tempdir)
    with closing(psycopg2.connect(url)) as connection:
        before = _describe(connection)
        _limit_memory()
        answers.write("ready\n")
        answers.flush()
        for line in sys.stdin:
            asked = json.loads(line)
            options = {"layer": asked["layer"], "crs": asked["crs"], "mapping": asked["mapping"]}
            started_mb = _reset_peak()
            try:
                look_at_file(connection, Path(asked["path"]), **options)
                connection.rollback()
                report = import_file(url, asked["path"], dry_run=not asked["keeps"], **options)
                what, told = "landed", "; ".join(report.warnings)
                if asked["keeps"] and report.batch:
                    undo_import(url, report.batch)
            except WanggeError as refusal:
                what, told = "refused", str(refusal)
            except MemoryError:
                what, told = "memory", traceback.format_exc()
            except Exception:  # noqa: BLE001 - whatever comes is what is looked for
                what, told = "unforeseen", traceback.format_exc()
            if what == "refused" and not _is_sentence(told):
                what = "sentence"
            if _describe(connection) != before:
                what, told, before = "half-written", f"{what}: {told}", _describe(connection)
            if left := [part.name for part in own.iterdir()]:
                what, told = "left behind", f"{left[:5]} {what}: {told}"
                for part in own.iterdir():
                    subprocess.run(("rm", "-rf", str(part)), check=True)
            answers.write(
                json.dumps({"what": what, "told": told, "peak_mb": _read_peak_mb() - started_mb}) + "\n"
            )
            answers.flush()
    own.rmdir()


def _describe(connection: Any) -> list[tuple[Any, ...]]:
    """Describe all that an import may write, by numbers of rows and a sum over what is in them."""
    connection.rollback()
    rows = []
    with connection.cursor() as cursor:
        for table in _TABLES:
            cursor.execute(f"SELECT count(*), coalesce(sum(hashtext(CAST(t AS text))), 0) FROM {table} AS t")
            rows += cursor.fetchall()
    return rows


def _is_sentence(told: str) -> bool:
    has_controls = any(unicodedata.category(character) == "Cc" for character in told)
    return 10 <= len(told) <= _LONGEST_SENTENCE and not has_controls and "Traceback" not in told


def _limit_memory() -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + MOST_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def _reset_peak() -> float:
    Path("/proc/self/clear_refs").write_text("5")
    return _read_peak_mb()


def _read_peak_mb() -> float:
    status = Path("/proc/self/status").read_text()
    return int(status[status.index("VmHWM:") :].split()[1]) / 1024


if __name__ == "__main__":
    main(sys.argv[1])
