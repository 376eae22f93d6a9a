"""What people mistype or misname is refused in a sentence and changes nothing."""

import os
from datetime import UTC, datetime
from pathlib import Path

import psycopg2.errors
import pytest
from click.testing import CliRunner
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from etl.cli import cli
from etl.sources.reading import read_source
from geo.data_dir import make_data_dir
from geo.errors import ConfigurationError, InputRefused, UnreadableFile
from geo.settings import get_settings
from geo.store.backup import back_up
from tests.town import Town


def test_a_backup_never_replaces_anything_else(database_url: str, tmp_path: Path) -> None:
    roster = tmp_path / "roster.xlsx"
    roster.write_bytes(b"PK something precious")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    link = tmp_path / "link.dump"
    link.symlink_to(roster)
    for file in (roster, pipe, link):
        with pytest.raises(UnreadableFile, match="choose another name"):
            back_up(database_url, file)
    assert roster.read_bytes() == b"PK something precious"
    assert pipe.is_fifo()
    assert link.is_symlink()
    own = tmp_path / "own.dump"
    assert back_up(database_url, own) == own.stat().st_size
    assert back_up(database_url, own) == own.stat().st_size


def test_a_pipe_is_no_file_to_import(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    with pytest.raises(InputRefused, match="is not a file"):
        read_source(pipe)


def test_a_cell_may_be_as_long_as_it_likes(tmp_path: Path) -> None:
    file = tmp_path / "long.csv"
    file.write_text(f"编号,描述\n1,{'长' * 200_000}\n", encoding="utf-8")
    assert len(read_source(file).rows["描述"][0]) == 200_000


def test_an_incident_cannot_be_older_than_the_record(connection: PostgresConnection) -> None:
    with pytest.raises(psycopg2.errors.CheckViolation, match="incident_time_plausible"):
        Town(connection).incident(reported_at=datetime(1901, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(("name", "value"), [("WANGGE_PORT", "xx"), ("WANGGE_POOL_SIZE", "0")])
def test_a_setting_that_means_nothing_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    get_settings.cache_clear()
    with pytest.raises(ConfigurationError, match=name):
        get_settings()
    monkeypatch.undo()
    get_settings.cache_clear()


def test_a_data_folder_must_be_able_to_exist() -> None:
    with pytest.raises(ConfigurationError, match="WANGGE_DATA_DIR"):
        make_data_dir(Path(os.devnull) / "wangge")


def test_a_community_needs_a_code_and_a_name(database_url: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["community", "add", "", " ", str(tmp_path / "a.geojson")])
    assert isinstance(result.exception, InputRefused)


def test_silence_is_counted_in_days_that_exist(database_url: str) -> None:
    assert CliRunner().invoke(cli, ["check", "--silent-days", "99999999999"]).exit_code == 2
