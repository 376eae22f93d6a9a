"""``wangge import``: arguments, output, exit codes."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from etl import cli
from tests.import_town import ImportTown, ask, place, write_csv

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run ``wangge`` with arguments; return exit code, standard output and standard error."""

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["wangge", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        output = capsys.readouterr()
        return int(ended.value.code or 0), output.out, output.err

    return run


@pytest.fixture
def cases(connection: PostgresConnection, tmp_path: Path) -> str:
    ImportTown(connection)
    lon, lat = place(150, 130)
    good = {
        "办件编号": "GZ1",
        "事项小类": "暴露垃圾",
        "派发时间": "2025-03-01",
        "诉求人": "张三",
        "经度": lon,
        "纬度": lat,
    }
    return str(write_csv(tmp_path / "工单.csv", [good, good | {"办件编号": "GZ2", "事项小类": "外星人"}]))


def test_json_is_one_object_and_all_else_goes_to_standard_error(run: Run, cases: str) -> None:
    code, output, _ = run("import", cases, "--crs", "wgs84", "--json")
    report = json.loads(output)
    assert code == 0
    assert report["rows"] == {"total": 2, "inserted": 1, "updated": 0, "unchanged": 0, "rejected": 1}
    assert report["rejections"]["count"] == 1
    assert report["rejections"]["first"] == [
        {"row": 3, "column": "事项小类", "reason": "category “外星人” is not one we know"}
    ]
    assert (report["layer"], report["crs"], report["encoding"]) == ("incidents", "EPSG:4326", "utf-8")
    assert report["mapping"]["派发时间"] == "reported_at"
    assert report["personal_columns"] == ["诉求人"]


def test_person_reads_what_happened(run: Run, cases: str) -> None:
    code, output, error = run("import", "--dry-run", cases, "--crs", "wgs84")
    assert (code, output) == (0, "")
    for part in (
        "dry run",
        "2 rows: 1 new",
        "1 rejected",
        "row 3, 事项小类: category",
        "about persons: 诉求人",
    ):
        assert part in error


def test_refused_rows_are_written_into_a_workbook(run: Run, cases: str, tmp_path: Path) -> None:
    out = tmp_path / "拒收.xlsx"
    code, output, error = run("import", cases, "--crs", "wgs84", "--refused", str(out))
    assert (code, output) == (0, "")
    assert "rejected rows are in the workbook" in error
    assert out.read_bytes().startswith(b"PK")


def test_folder_is_watched_once_for_a_timer(run: Run, cases: str, tmp_path: Path) -> None:
    run("import", cases, "--crs", "wgs84")
    folder = tmp_path / "夜间"
    folder.mkdir()
    (folder / "工单.csv").write_bytes(Path(cases).read_bytes())
    code, output, _ = run("import", "watch", str(folder), "--once", "--json")
    (file,) = json.loads(output)["files"]
    assert (code, file["is_done"], file["batch"]) == (0, True, 1)
    assert run("import", "watch", str(folder), "--json")[0] == 2


def test_batch_is_undone_by_its_number(run: Run, cases: str, connection: PostgresConnection) -> None:
    batch = json.loads(run("import", cases, "--crs", "wgs84", "--json")[1])["batch"]
    code, output, _ = run("import", "undo", str(batch), "--json")
    assert (code, json.loads(output)["deleted"]) == (0, 1)
    assert ask(connection, "SELECT count(*) FROM incident") == [(0,)]
    code, output, error = run("import", "undo", str(batch))
    assert (code, output) == (1, "")
    assert "undone already" in error


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        ((), 1, "does not say which coordinate system"),
        (("--crs", "mars"), 1, "“mars” cannot be tied to the map"),
        (("--crs", "wgs84", "--community", "Z"), 1, "no community “Z”"),
        (("--crs", "wgs84", "--map", "谁=title"), 1, "no column “谁”"),
        (("--crs", "wgs84", "--map", "title"), 2, "--map wants COLUMN=FIELD"),
        (("--crs", "wgs84", "--layer", "roads"), 2, "roads"),
    ],
)
def test_refusal_is_a_sentence_and_changes_nothing(
    run: Run, cases: str, connection: PostgresConnection, arguments: tuple[str, ...], code: int, sentence: str
) -> None:
    found, output, error = run("import", cases, *arguments)
    assert (found, output) == (code, "")
    assert sentence in error
    assert "Traceback" not in error
    assert ask(connection, "SELECT count(*) FROM import_batch") == [(0,)]


def test_nothing_landed_is_a_refusal(run: Run, cases: str) -> None:
    code, output, error = run("import", cases, "--crs", "wgs84", "--map", "办件编号=category", "--json")
    assert code == 1
    assert json.loads(output)["rows"]["rejected"] == 2
    assert "no row of 工单.csv could be taken in" in error
