"""``wangge up`` as a person starts and ends it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import psutil
import pytest

from geo.cluster import Cluster

_WANGGE = Path(sys.executable).with_name("wangge")
_PATIENCE_S = 60


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def data_dir(reachable_path: Path) -> Iterator[Path]:
    folder = reachable_path / "up"
    Cluster(folder, durable=False).start()
    yield folder
    Cluster(folder).stop()


def _start(data_dir: Path, *arguments: str) -> "subprocess.Popen[str]":
    environment = {name: value for name, value in os.environ.items() if not name.startswith("WANGGE_")}
    return subprocess.Popen(
        [_WANGGE, "up", *arguments],
        env=environment | {"WANGGE_DATA_DIR": str(data_dir)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _wait_for_health(process: "subprocess.Popen[str]", port: int) -> dict[str, object]:
    deadline_s = time.monotonic() + _PATIENCE_S
    while True:
        try:
            with urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
                health: dict[str, object] = json.load(answer)
                return health
        except OSError:
            assert process.poll() is None
            assert time.monotonic() < deadline_s
            time.sleep(0.1)


def test_up_serves_once_and_ends_with_ctrl_c_but_the_database_runs_on(data_dir: Path, port: int) -> None:
    first = _start(data_dir, "--port", str(port))
    try:
        assert _wait_for_health(first, port)["status"] == "ok"  # so the private database was migrated

        second = _start(data_dir, "--port", str(port))
        output, errors = second.communicate(timeout=_PATIENCE_S)
        assert (second.returncode, errors) == (0, "")
        assert output == f"Wangge is running already at http://127.0.0.1:{port}\n"

        children = psutil.Process(first.pid).children(recursive=True)
        first.send_signal(signal.SIGINT)
        output, errors = first.communicate(timeout=_PATIENCE_S)
    finally:
        first.kill()
    assert f"http://127.0.0.1:{port} (Ctrl-C ends it)" in output
    assert "Traceback" not in errors
    assert not any(child.is_running() for child in children)
    assert Cluster(data_dir).status().running


def test_a_port_taken_by_another_program_is_refused(data_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        port = stranger.getsockname()[1]
        refused = _start(data_dir, "--port", str(port))
        output, errors = refused.communicate(timeout=_PATIENCE_S)
    assert (refused.returncode, output) == (1, "")
    assert f"cannot listen on 127.0.0.1 port {port} (Address already in use): choose another" in errors
    assert errors.count("\n") == 1


def test_an_address_of_another_machine_is_refused(data_dir: Path, port: int) -> None:
    refused = _start(data_dir, "--port", str(port), "--host", "203.0.113.1")
    _, errors = refused.communicate(timeout=_PATIENCE_S)
    assert refused.returncode == 1
    assert "cannot listen on 203.0.113.1" in errors
