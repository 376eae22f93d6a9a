"""What holds a process that reads a file nobody knows: memory, time, and whoever started it."""

import os
import resource
import threading
import traceback
from pathlib import Path
from typing import Final

import psutil

from geo.errors import WanggeError

# Beside what the libraries occupy before they have read anything.
_MEMORY_BYTES: Final = 768 << 20
# A large file may take more, as tables of it do, but leaves half of the machine to the others.
_LARGE_BYTES: Final = 64 << 20
_MEMORY_PER_BYTE: Final = 6
# A small file takes seconds; a hundred megabytes take a minute or two.
_LEAST_CPU_S: Final = 30
_CPU_S_PER_MIB: Final = 6
_MEBIBYTE: Final = 1 << 20


def limit_process(path: Path) -> None:
    """Limit memory and processor time by the size of a file.

    What asks for more memory gets a MemoryError or ends the process, as the library decides; what takes
    longer ends it by SIGXCPU.
    """
    held_kib = next(
        int(line.split()[1])
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        if line.startswith("VmData:")
    )
    size = _measure_size(path)
    more = min(_MEMORY_PER_BYTE * max(0, size - _LARGE_BYTES), psutil.virtual_memory().total // 2)
    most = held_kib * 1024 + _MEMORY_BYTES + more
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    used_s = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
    most_s = int(used_s + _LEAST_CPU_S + _CPU_S_PER_MIB * size / _MEBIBYTE)
    resource.setrlimit(resource.RLIMIT_CPU, (most_s, most_s + 5))
    # A process that is ended leaves no picture of its memory, in which the file is.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def end_with_parent() -> None:
    """End this process when its standard input does, which whoever started it holds open."""

    def watch() -> None:
        while os.read(0, 4096):
            pass
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def explain_failure(failure: Exception) -> str:
    """Say in a sentence why a file was not brought in; nothing of what is in it, unless it is a refusal."""
    # Of what nobody foresaw its kind and place only, for its message may repeat what is in the file.
    last = traceback.extract_tb(failure.__traceback__)[-1]
    place = f"{type(failure).__name__}, {Path(last.filename).name} line {last.lineno}"
    if isinstance(failure, WanggeError):
        sentence = str(failure)
    elif isinstance(failure, MemoryError) or MemoryError.__name__ in str(failure):
        sentence = "the file takes more memory than a file may: leave out what is not needed, or split it"
    else:
        sentence = (
            f"the file could not be brought in for a reason nobody foresaw ({place}): nothing has changed; "
            "tell whoever looks after Wangge, and try it saved anew or as another kind of file"
        )
    return sentence


def _measure_size(path: Path) -> int:
    if path.is_file():
        return path.stat().st_size
    return sum(part.stat().st_size for part in path.rglob("*") if part.is_file())
