"""A folder into which exports are dropped every night: each is brought in once, and put away with a word.

Files are looked for again and again, for a network share tells nobody of new ones. A file is taken once it
has stopped growing. What was brought in goes to ``done``, what was not to ``refused``; beside it a text says
why, and a workbook holds the rows that were refused. A watch that is killed leaves a file where it is, and
the next one sees by its content whether it was brought in.
"""

import fcntl
import glob
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import orjson

from geo.errors import ConfigurationError, Conflict, DatabaseUnavailable

_CLAIM: Final = ".wangge-watch"
# What belongs to a Shapefile and goes where it goes.
_PARTS: Final = frozenset({".dbf", ".shx", ".prj", ".cpg", ".sbn", ".sbx", ".qix", ".qmd"})
# What programs keep in a folder while they write.
_UNFINISHED: Final = (".part", ".tmp", ".crdownload", ".filepart", "~")
_PATIENCE_S: Final = 3600.0
_SETTLING_S: Final = 2.0


@dataclass(frozen=True)
class Outcome:
    """What became of a file.

    Attributes:
        file_name: the file.
        is_done: whether it was brought in.
        sentence: what a person should know of it.
        batch: the batch it became.
    """

    file_name: str
    is_done: bool
    sentence: str
    batch: int | None


def watch_folder(
    folder: Path,
    *,
    community: str | None,
    every_s: float,
    once: bool,
    on_outcome: Callable[[Outcome], None],
) -> None:
    """Bring in what lies in a folder and what comes into it.

    Args:
        folder: the folder; ``done`` and ``refused`` are made in it.
        community: code of the community; may be None where there is only one.
        every_s: seconds after which it is looked into again.
        once: bring in what is there and return.
        on_outcome: called after each file.

    Raises:
        ConfigurationError: the folder is not there, or may not be written to.
        Conflict: it is watched already.
        DatabaseUnavailable: with ``once``: it is not the file's fault that it cannot be brought in. A watch
            that goes on tries again.
    """
    with _claim(folder):
        sizes: Mapping[Path, tuple[int, float]] = {}
        while True:
            before, sizes = sizes, _measure(folder)
            for path in [path for path, size in sizes.items() if before.get(path) == size]:
                try:
                    on_outcome(_take(path, community))
                except DatabaseUnavailable as trouble:
                    if once:
                        raise
                    on_outcome(Outcome(path.name, is_done=False, sentence=str(trouble), batch=None))
            if once and all(before.get(path) == size for path, size in sizes.items()):
                return
            time.sleep(min(every_s, _SETTLING_S) if once else every_s)


@contextmanager
def _claim(folder: Path) -> Iterator[None]:
    """Hold a folder for as long as this process lives."""
    try:
        for name in ("done", "refused"):
            (folder / name).mkdir(exist_ok=True)
        descriptor = os.open(folder / _CLAIM, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as failure:
        message = f"{folder} cannot be watched ({failure.strerror}): name a folder that you may write to"
        raise ConfigurationError(message) from failure
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as held:
        message = f"{folder} is watched already: one watch is enough"
        raise Conflict(message) from held
    else:
        yield
    finally:
        os.close(descriptor)


def _measure(folder: Path) -> dict[Path, tuple[int, float]]:
    """Return what lies there to be taken, the oldest first: how large it is, and when it changed.

    A link is left alone: whoever may write to the folder may not read all that whoever watches it may.
    """
    found = {}
    for path in folder.iterdir():
        if not path.is_file() or path.name.startswith((".", "~$")) or path.name.lower().endswith(_UNFINISHED):
            continue
        if path.suffix.lower() in _PARTS:
            continue
        parts = (path, *_list_parts(path))
        if any(part.is_symlink() for part in parts):
            continue
        try:
            stats = [part.stat() for part in parts]
        except FileNotFoundError:
            continue
        size = sum(stat.st_size for stat in stats)
        if size:
            found[path] = (size, max(stat.st_mtime for stat in stats))
    return dict(sorted(found.items(), key=lambda entry: (entry[1][1], entry[0].name)))


def _list_parts(path: Path) -> list[Path]:
    if path.suffix.lower() != ".shp":
        return []
    return [part for part in path.parent.glob(f"{glob.escape(path.stem)}.*") if part.suffix.lower() in _PARTS]


def _take(path: Path, community: str | None) -> Outcome:
    """Bring one file in and put it away."""
    refused = path.parent / "refused" / f".{path.name}.xlsx"
    told = _run(path, community, refused)
    if "trouble" in told:
        raise DatabaseUnavailable(told["trouble"])
    problem = told.get("problem")
    target = path.parent / ("done" if problem is None else "refused")
    name = _name_anew(target, path)
    sentence = _describe(told) if problem is None else str(problem)
    (target / f"{name}.txt").write_text(sentence + "\n", encoding="utf-8")
    if refused.exists():
        refused.replace(target / f"{name}.refused.xlsx")
    for part in _list_parts(path):
        part.replace(target / f"{Path(name).stem}{part.suffix}")
    path.replace(target / name)
    return Outcome(path.name, problem is None, sentence, told.get("batch"))


def _run(path: Path, community: str | None, refused: Path) -> dict[str, Any]:
    command = [sys.executable, "-P", "-m", "etl.watched", str(path), community or "", str(refused)]
    # What it lays down while it reads is gone with it, however it ends.
    with tempfile.TemporaryDirectory() as scratch:
        process = subprocess.Popen(
            # It ends when its standard input does, as it does if this process is killed.
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"TMPDIR": scratch},
        )
        try:
            process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
        output, _ = process.communicate()
    if process.returncode == 0 and output:
        told: dict[str, Any] = orjson.loads(output)
        return told
    return {
        "problem": f"{path.name} is damaged, or larger than can be read: nothing has changed; "
        "open it where it comes from and save it anew"
    }


def _describe(told: Mapping[str, Any]) -> str:
    report = told["report"]
    rows = report["rows"]
    if told["was_there"]:
        return f"{report['file']} was brought in already, as batch {told['batch']}: nothing has changed."
    return "\n".join(
        [
            f"{report['file']} was brought in as batch {told['batch']}: of {rows['total']:,} rows "
            f"{rows['inserted']:,} are new, {rows['updated']:,} updated, {rows['unchanged']:,} unchanged, "
            f"{rows['rejected']:,} refused; wangge import undo {told['batch']} takes it back.",
            *report["remembered"],
            *report["warnings"],
            *report["notes"],
        ]
    )


def _name_anew(folder: Path, path: Path) -> str:
    """Name a file so that nothing that lies in a folder already gives way."""
    if not (folder / path.name).exists():
        return path.name
    return f"{path.stem}-{datetime.now().astimezone():%Y%m%d-%H%M%S-%f}{path.suffix}"
