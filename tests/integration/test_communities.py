"""Adding a community of one's own by its outline."""

import json
from pathlib import Path

import numpy as np
import psycopg2
import pytest
from click.testing import CliRunner, Result

from etl.cli import cli
from geo.crs import wgs84_to_gcj02
from geo.errors import Conflict, InputRefused, NotFound, UnknownDatum, WanggeError
from geo.operations.incidents import report_incident
from geo.store.engine import acting_as
from tests.case_town import found_town
from tests.import_town import ImportTown, ask

SQUARE = [(109.40, 24.30), (109.41, 24.30), (109.41, 24.31), (109.40, 24.31), (109.40, 24.30)]


def write_outline(path: Path, ring: list[tuple[float, float]], *, kind: str = "Polygon") -> Path:
    coordinates = [ring] if kind == "Polygon" else ring
    path.write_text(
        json.dumps(
            {"type": "Feature", "properties": {}, "geometry": {"type": kind, "coordinates": coordinates}}
        )
    )
    return path


def add(*arguments: object) -> str:
    result = CliRunner().invoke(cli, ["community", "add", *map(str, arguments)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.stdout


def test_outline_in_gcj02_lands_where_it_is(
    tmp_path: Path, connection: psycopg2.extensions.connection
) -> None:
    shifted = [tuple(pair) for pair in wgs84_to_gcj02(np.array(SQUARE))]
    answer = json.loads(
        add("A", "甲社区", write_outline(tmp_path / "a.geojson", shifted), "--crs", "gcj02", "--json")
    )
    assert answer["area_m2"] == pytest.approx(1_124_000, rel=0.01)
    with connection.cursor() as cursor:
        cursor.execute("SELECT ST_XMin(geom), ST_YMin(geom), metric_epsg FROM community WHERE code = 'A'")
        west, south, metric_epsg = cursor.fetchone() or (0, 0, 0)
    assert (west, south) == pytest.approx((109.40, 24.30), abs=1e-9)
    assert metric_epsg == 4545


def test_code_is_taken_once(tmp_path: Path, database_url: str) -> None:
    outline = write_outline(tmp_path / "a.geojson", SQUARE)
    add("A", "甲社区", outline, "--crs", "4490")
    with pytest.raises(Conflict, match="choose another code"):
        add("A", "乙社区", outline, "--crs", "4490")


def test_outline_must_say_its_datum_have_area_and_lie_in_china(tmp_path: Path, database_url: str) -> None:
    with pytest.raises(UnknownDatum, match="--crs"):
        add("A", "甲社区", write_outline(tmp_path / "a.geojson", SQUARE))
    line = write_outline(tmp_path / "b.geojson", SQUARE, kind="LineString")
    with pytest.raises(InputRefused, match="no polygon"):
        add("A", "甲社区", line, "--crs", "4490")
    swapped = write_outline(tmp_path / "c.geojson", [(lat, lon) for lon, lat in SQUARE])
    with pytest.raises(InputRefused, match="outside China"):
        add("A", "甲社区", swapped, "--crs", "4490")
    assert CliRunner().invoke(cli, ["community", "list"]).stdout == ""


def remove(*arguments: str, answer: str = "") -> Result:
    result = CliRunner().invoke(cli, ["community", "remove", *arguments], input=answer)
    if isinstance(result.exception, WanggeError):
        raise result.exception
    return result


def test_community_goes_with_all_that_was_brought_in_once_somebody_says_yes(
    connection: psycopg2.extensions.connection, tmp_path: Path
) -> None:
    ImportTown(connection)
    ImportTown(connection, "B")
    assert remove("A", answer="n\n").exit_code != 0
    assert ask(connection, "SELECT count(*) FROM community") == [(2,)]
    connection.rollback()
    answer = json.loads(remove("A", "--yes", "--json").stdout)
    assert answer == {"community": "A", "buildings": 2, "incidents": 0}
    assert ask(connection, "SELECT code, (SELECT count(*) FROM building) FROM community") == [("B", 2)]
    with pytest.raises(NotFound, match="no community A"):
        remove("A", "--yes")


def test_community_stays_where_people_have_worked_on_cases(
    database_url: str, connection: psycopg2.extensions.connection
) -> None:
    town = found_town(database_url)
    with acting_as(town.actor("worker")):
        report_incident(town.report())
    with pytest.raises(Conflict, match="stays: 1 of its cases"):
        remove("A", "--yes")
    assert ask(connection, "SELECT count(*) FROM incident") == [(1,)]
