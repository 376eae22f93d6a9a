"""``wangge import``: arguments, output, exit codes."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from shapely import box

from etl import cli
from tests.import_town import ImportTown, ask, place, write_csv, write_shapes
from tests.town import Town

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


def test_folder_is_brought_in_from_the_grids_to_the_cases(
    run: Run, connection: PostgresConnection, tmp_path: Path
) -> None:
    """The community is all there is: each file finds what the one before it has brought."""
    Town(connection)
    connection.commit()
    folder = tmp_path / "资料"
    (folder / "图").mkdir(parents=True)
    lon, lat = place(150, 130)
    write_csv(
        folder / "12345工单.csv",
        [
            {
                "办件编号": "GZ1",
                "诉求内容": "堆物",
                "事项小类": "E101",
                "派发时间": "2025-03-01",
                "地址": "幸福里1栋",
            }
        ],
    )
    write_csv(folder / "商户.csv", [{"商户名称": "面馆", "经度": lon, "纬度": lat}])
    write_shapes(
        folder / "楼栋.shp",
        [{"楼栋编号": "B1", "楼栋名称": "1栋", "小区": "幸福里"}],
        [box(120, 120, 180, 140)],
    )
    write_shapes(
        folder / "图" / "小区.gpkg", [{"小区编号": "C1", "小区名称": "幸福里"}], [box(100, 100, 300, 300)]
    )
    write_shapes(folder / "图" / "网格.gpkg", [{"网格编号": "01", "网格名称": "一"}], [box(0, 0, 1000, 1000)])
    (folder / "说明.docx").write_bytes(b"PK\x03\x04")
    (folder / "~$工单.xlsx").write_bytes(b"x")
    assert run("import", str(folder), "--layer", "grids")[0] == 2

    code, output, told = run("import", str(folder), "--crs", "4490", "--json", "--dry-run")
    files = json.loads(output)["files"]
    in_order = ["图/网格.gpkg", "图/小区.gpkg", "楼栋.shp", "商户.csv", "12345工单.csv", "说明.docx"]
    assert [file["name"] for file in files] == in_order
    assert ask(connection, "SELECT count(*) FROM grid") == [(0,)]
    assert "dry run" in told

    code, output, told = run("import", str(folder), "--crs", "4490", "--json")
    files = json.loads(output)["files"]
    assert [file["name"] for file in files] == in_order
    assert (code, "说明.docx" in told) == (1, True)
    assert [file["report"]["rows"]["inserted"] for file in files[:-1]] == [1] * 5
    assert "save it as .xlsx" in files[-1]["problem"]
    query = "SELECT c.name, b.code, g.code FROM incident AS i JOIN building AS b ON b.id = i.building_id "
    query += "JOIN compound AS c ON c.id = i.compound_id JOIN grid AS g ON g.id = i.grid_id"
    assert ask(connection, query) == [("幸福里", "B1", "01")]
