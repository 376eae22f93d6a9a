"""Servers to measure, and the load on them: wrk where it is installed, else a small client of our own."""

import asyncio
import json
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.error import URLError

LOAD_CLIENT = "wrk" if shutil.which("wrk") else "asyncio client"
_START_S = 60
# What browsers send; a server that does not compress answers plainly.
_HEADERS = "Accept-Encoding: gzip"


@contextmanager
def serve(command: Sequence[str], environment: dict[str, str], ready: str) -> Iterator[int]:
    """Start a server and yield its port once the path ``ready`` answers; ``{port}`` in the command is it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    with (
        tempfile.TemporaryFile() as log,
        subprocess.Popen(
            [part.format(port=port) for part in command],
            env=os.environ | environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        ) as server,
    ):
        try:
            _wait(server, f"http://127.0.0.1:{port}{ready}")
            yield port
        except TimeoutError:
            log.seek(0)
            sys.stderr.write(log.read().decode(errors="replace"))
            raise
        finally:
            server.terminate()


def _wait(server: subprocess.Popen[bytes], url: str) -> None:
    end = time.monotonic() + _START_S
    while time.monotonic() < end and server.poll() is None:
        with suppress(URLError, OSError), urllib.request.urlopen(url) as answer:  # noqa: S310 - our own
            answer.read()
            return
        time.sleep(0.2)
    msg = f"no answer from {url}"
    raise TimeoutError(msg)


def measure_rate(
    port: int, paths: Sequence[str], *, connections: int, seconds: float = 5, cookie: str = ""
) -> float:
    """Return how many answers a second the paths get, asked in turn over so many connections.

    Raises:
        RuntimeError: some answer was not a success.
    """
    shuffled = list(paths)
    random.Random(4).shuffle(shuffled)
    if LOAD_CLIENT == "wrk":
        return _measure_with_wrk(port, shuffled, connections, seconds, cookie)
    return asyncio.run(_measure(port, shuffled, connections, seconds, cookie))


def _measure_with_wrk(
    port: int, paths: Sequence[str], connections: int, seconds: float, cookie: str
) -> float:
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        # JSON strings without escapes are Lua strings.
        listed = ",".join(json.dumps(path, ensure_ascii=False) for path in paths)
        script.write(
            f"local paths = {{{listed}}}\nlocal next = 0\n"
            "request = function() next = next % #paths + 1 return wrk.format('GET', paths[next]) end\n"
        )
        script.flush()
        answer = subprocess.run(
            ["wrk", "--threads", "1", "--connections", str(connections), "--duration", f"{seconds:g}s",
             "--timeout", "60s", "--header", _HEADERS, "--header", f"Cookie: {cookie}",
             "--script", script.name, f"http://127.0.0.1:{port}"],
            capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
    if "Non-2xx" in answer or "Socket errors" in answer:
        raise RuntimeError(answer)
    found = re.search(r"Requests/sec:\s+([\d.]+)", answer)
    return float(found[1]) if found else 0.0


async def _measure(port: int, paths: Sequence[str], connections: int, seconds: float, cookie: str) -> float:
    end = time.monotonic() + seconds
    count = 0

    async def ask_in_turn(first: int) -> None:
        nonlocal count
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        number = first
        while time.monotonic() < end:
            path = paths[number % len(paths)]
            writer.write(
                f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{_HEADERS}\r\nCookie: {cookie}\r\n\r\n".encode()
            )
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            if not head.startswith(b"http/1.1 20"):
                raise RuntimeError(head.decode())
            length = re.search(rb"content-length: (\d+)", head)
            await reader.readexactly(int(length[1]) if length else 0)
            number += connections
            count += 1
        writer.close()

    started = time.monotonic()
    await asyncio.gather(*(ask_in_turn(first) for first in range(connections)))
    return count / (time.monotonic() - started)


def make_environment(folder: Path, *packages: str) -> Path:
    """Return the Python of a throw-away environment with some packages; made once, kept for the next run."""
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    subprocess.run(
        [python, "-m", "pip", "install", "-qq", "--disable-pip-version-check", *packages], check=True
    )
    return python
