"""Where a command lays down what reading a file takes: a folder of its own, gone however it ends.

A process that is killed cannot clear up after itself. Each holds its folder locked as long as it lives; what
no living process holds, the next one clears.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from geo.settings import get_settings

_FOLDER: Final = "scratch"
_PREFIX: Final = "reading-"


@contextmanager
def hold_scratch() -> Iterator[None]:
    """Let temporary files lie in a folder below the data directory for the length of a block.

    Where that may not be written to, they lie where the system keeps such files.
    """
    try:
        above = get_settings().data_dir / _FOLDER
        above.mkdir(parents=True, exist_ok=True, mode=0o700)
        _clear_forgotten(above)
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=above))
        held = _lock(folder)
    except OSError:
        yield
        return
    before, named = tempfile.tempdir, os.environ.get("TMPDIR")
    tempfile.tempdir = os.environ["TMPDIR"] = str(folder)
    try:
        yield
    finally:
        tempfile.tempdir = before
        if named is None:
            del os.environ["TMPDIR"]
        else:
            os.environ["TMPDIR"] = named
        shutil.rmtree(folder, ignore_errors=True)
        if held is not None:
            os.close(held)


def _clear_forgotten(above: Path) -> None:
    for folder in above.glob(f"{_PREFIX}*"):
        with suppress(OSError):
            held = _lock(folder)
            if held is not None:
                shutil.rmtree(folder, ignore_errors=True)
                os.close(held)


def _lock(folder: Path) -> int | None:
    """Hold a folder, which ends with the process; None where another one holds it."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor
