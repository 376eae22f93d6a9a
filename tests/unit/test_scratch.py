"""What a command lays down while it reads is gone when it ends; what a killed one left, with the next."""

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from etl.scratch import hold_scratch
from geo.settings import get_settings
from tests.patience import PATIENCE_S

READ_AND_WAIT = """
import tempfile, time
from etl.scratch import hold_scratch

with hold_scratch():
    kept = tempfile.NamedTemporaryFile()
    print("waiting", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WANGGE_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(get_settings(), "data_dir", tmp_path)
    return tmp_path / "scratch"


def test_temporary_files_lie_below_the_data_directory_and_are_gone_at_the_end(folder: Path) -> None:
    before = tempfile.gettempdir()
    with hold_scratch():
        Path(tempfile.mkdtemp(), "copy").write_text("x")
        assert list(folder.glob("*/*/copy"))
    assert not list(folder.iterdir())
    assert tempfile.gettempdir() == before


def test_what_a_killed_command_left_is_cleared_by_the_next_and_not_by_those_beside_it(folder: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", READ_AND_WAIT], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "waiting\n"
    with hold_scratch():
        assert len(list(folder.glob("*/tmp*"))) == 1
    process.kill()
    process.communicate(timeout=PATIENCE_S)
    assert len(list(folder.glob("*/tmp*"))) == 1
    with hold_scratch():
        assert not list(folder.glob("*/tmp*"))


def test_where_nothing_may_be_written_the_system_keeps_the_files(folder: Path) -> None:
    folder.parent.joinpath("scratch").write_text("a file where a folder should be")
    before = tempfile.gettempdir()
    with hold_scratch():
        assert tempfile.gettempdir() == before
