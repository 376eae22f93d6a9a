"""The ``wangge check`` command: what it prints and how it ends."""

import json

import pytest
from click.testing import CliRunner, Result
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from shapely import box

from etl.checks import CHECKS, Severity, find_words
from etl.cli import cli
from etl.duty_checks import DUTY_CHECKS
from geo.errors import NotFound
from geo.store.checks import Observation
from geo.store.engine import load_queries
from tests.sound_town import SoundTown


@pytest.fixture
def town(connection: PostgresConnection) -> SoundTown:
    return SoundTown(connection)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["check", "--on", "2025-06-01", *arguments])


def run_json(*arguments: str) -> dict[str, object]:
    report = json.loads(run("--json", *arguments).stdout)
    assert isinstance(report, dict)
    return report


def break_everything(town: SoundTown) -> None:
    """One error of coverage, one warning of topology, one notice of data."""
    town.change("grid", town.grids[1], geom=box(210, 0, 400, 200))
    town.run("DELETE FROM zone_unit WHERE building_id = %s", town.buildings[1])
    third = town.building("3", box(300, 60, 320, 80), kind="public")
    town.visit(third, "2025-06-01T09:00+08")
    town.run("UPDATE zone_unit SET building_id = %s WHERE building_id = %s", third, town.buildings[1])
    town.incident()
    town.connection.commit()


def test_a_sound_town_ends_with_0(town: SoundTown) -> None:
    result = run()

    assert result.exit_code == 0
    assert result.stdout == "community A on 2025-06-01: 0 errors, 0 warnings, 0 notices\n"


def test_warnings_alone_end_with_0_and_errors_with_1(town: SoundTown) -> None:
    break_everything(town)

    assert run("topology").exit_code == 0
    assert run("data").exit_code == 0
    assert run("coverage").exit_code == 1
    assert run().exit_code == 1


def test_json_is_one_object_with_place_area_and_counts(town: SoundTown) -> None:
    break_everything(town)

    result = run("--json", "--community", "A")
    report = json.loads(result.stdout)

    assert result.stdout.count("\n") == 1
    assert (report["community"], report["communities"], report["on"]) == ("A", ["A"], "2025-06-01")
    assert report["counts"] == {
        "error": 3,
        "warning": 1,
        "notice": 1,
        "checks": {
            "building_without_holder": 2,
            "grid_without_person": 1,
            "grid_gap": 1,
            "incidents_unplaced": 1,
        },
    }
    gap = next(finding for finding in report["findings"] if finding["check"] == "grid_gap")
    assert gap["area_m2"] == pytest.approx(2000, rel=1e-3)
    assert gap["place"] == {"kind": "community", "code": "A", "name": "A社区"}
    assert (gap["longitude"], gap["latitude"]) == pytest.approx((120.0022, 32.0009), abs=1e-4)
    assert (gap["group"], gap["severity"], gap["community"]) == ("topology", "warning", "A")
    assert gap["message"].startswith("2,000.")
    assert [finding["severity"] for finding in report["findings"]] == ["error"] * 3 + ["warning", "notice"]


def test_the_group_chooses_the_checks(town: SoundTown) -> None:
    break_everything(town)

    assert {f["check"] for f in run_json("topology")["findings"]} == {"grid_gap"}  # type: ignore[attr-defined]
    assert {f["check"] for f in run_json("data")["findings"]} == {"incidents_unplaced"}  # type: ignore[attr-defined]


def test_the_table_says_what_is_wrong_and_where(town: SoundTown) -> None:
    break_everything(town)

    text = " ".join(run().stdout.split())

    assert "error building_without_holder (2)" in text
    assert "warning grid_gap (1)" in text
    assert "120.002" in text
    assert text.endswith("community A on 2025-06-01: 3 errors, 1 warning, 1 notice")


def test_brackets_in_names_are_text(town: SoundTown) -> None:
    town.change("building", town.buildings[1], name="[/] 2栋", households=0)
    town.connection.commit()

    assert "[/] 2栋" in run("data").stdout


def test_one_community_is_checked_alone(town: SoundTown) -> None:
    break_everything(town)
    SoundTown(town.connection, "B")

    assert run("--community", "B").exit_code == 0
    assert run_json()["communities"] == ["A", "B"]
    assert {f["community"] for f in run_json()["findings"]} == {"A"}  # type: ignore[attr-defined]


def test_thresholds_are_options(town: SoundTown) -> None:
    break_everything(town)

    assert run_json("topology", "--gap-m2", "2500")["findings"] == []
    sizes = run_json("coverage", "--households", "301", "600", "--people-per-worker", "749")
    found = {f["check"]: f["value"] for f in sizes["findings"]}  # type: ignore[attr-defined]
    assert found["grid_households"] == 300
    assert found["worker_load"] == 750


def test_an_unknown_community_is_refused(town: SoundTown) -> None:
    refusal = run("--community", "Z").exception

    assert isinstance(refusal, NotFound)
    assert str(refusal) == "there is no community Z: choose one of A"


def test_an_empty_database_is_refused(database_url: str) -> None:
    assert isinstance(run().exception, NotFound)


@pytest.mark.parametrize("argument", ["--on=yesterday", "geometry", "--other-share=10"])
def test_nonsense_is_a_usage_error(database_url: str, argument: str) -> None:
    assert run(argument).exit_code == 2


def test_every_check_has_a_query_and_every_query_a_check() -> None:
    for group, checks in CHECKS.items():
        queries = {name for name in load_queries(f"check_{group}").available_queries if "cursor" not in name}
        computed = set(DUTY_CHECKS) if group == "data" else set()
        assert {check.id for check in checks} == queries | computed
        assert not queries & computed


def test_words_are_written_out() -> None:
    seen = Observation(
        community="A",
        place="building",
        code="3",
        name="3栋",
        longitude=None,
        latitude=None,
        area_m2=1234.56,
        value=7890.0,
        details={"compound": "花园", "zone": None, "grids": ["01", "02"], "of": 12345},
    )

    assert find_words(seen) == {
        "place": "building 3 3栋 in 花园",
        "area": "1,234.6 m²",
        "value": "7,890",
        "compound": "花园",
        "zone": "none",
        "grids": "01, 02",
        "of": "12,345",
    }
    assert list(Severity) == ["error", "warning", "notice"]
