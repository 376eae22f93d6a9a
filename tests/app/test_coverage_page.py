"""The page of coverage: every figure with what it is counted from, what is missing, and who sees it."""

from datetime import UTC, datetime, timedelta

import pytest
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from shapely import box
from streamlit.testing.v1 import AppTest

from dashboard.i18n import Text
from dashboard.maps.coverage import build_gaps
from dashboard.models.coverage_page import CoveragePage, build_page, choose_kind
from dashboard.widgets.coverage_panel import write_group
from geo.model.actor import Role
from geo.operations.coverage import read_coverage_gaps
from geo.operations.snapshots import read_snapshot
from geo.store import engine
from tests.actors import make_actor
from tests.app.opening import open_page, read_html, run_page
from tests.sound_town import EAST, SoundTown
from tests.town import Town

HOSTILE = "<img src=x onerror=alert(1)> **fett**"


@pytest.fixture
def town(connection: PostgresConnection) -> SoundTown:
    """A town whose second building lacks a grid, a worker and a visit."""
    town = SoundTown(connection)
    yesterday = datetime.now(UTC) - timedelta(days=1)
    town.run("DELETE FROM visit")
    town.visit(town.buildings[0], yesterday.isoformat())
    town.change("grid", town.grids[1], geom=EAST - box(255, 55, 290, 85))
    town.run("UPDATE zone_party SET valid_to = %s WHERE zone_id = %s", yesterday.date(), town.zones[1])
    town.change("building", town.buildings[1], name=HOSTILE)
    connection.commit()
    return town


def open_as(town: Town, role: Role, monkeypatch: pytest.MonkeyPatch, **params: str) -> AppTest:
    actor = make_actor(town.id, role=role)
    monkeypatch.setattr(engine, "_find_actor", lambda: actor)
    return open_page("coverage", **params)


def build(town: SoundTown, language: str = "zh") -> CoveragePage:
    return build_page(read_coverage_gaps(town.id), read_snapshot(town.id), Text(language))


@pytest.mark.parametrize("role", ["secretary", "leader", "administrator"])
def test_who_may_sees_what_is_missing(town: SoundTown, role: Role, monkeypatch: pytest.MonkeyPatch) -> None:
    app = open_as(town, role, monkeypatch, lang="en")

    assert list(app.segmented_control(key="coverage_kind").options) == [
        "In no grid 1", "Nobody there 1", "Unknown 1"
    ]  # fmt: skip
    figures = read_html(app)
    assert 'title="buildings in a community or exclusive grid' in figures
    assert "<b>1/2</b>" in figures, "of two buildings the fraction is told, no share"
    assert '<u class="better"' not in figures


@pytest.mark.parametrize("role", ["grid_worker", "property_company"])
def test_others_are_led_to_their_own_page(
    town: SoundTown, role: Role, monkeypatch: pytest.MonkeyPatch
) -> None:
    actor = make_actor(town.id, role=role, party_id=town.workers[0])
    monkeypatch.setattr(engine, "_find_actor", lambda: actor)
    app = run_page("coverage")

    assert not [control for control in app.get("button_group") if control.key == "coverage_kind"]


def test_the_address_chooses_the_list(town: SoundTown, monkeypatch: pytest.MonkeyPatch) -> None:
    app = open_as(town, "secretary", monkeypatch, lang="en", gap="silent")

    assert app.segmented_control(key="coverage_kind").value == "silent"
    app.segmented_control(key="coverage_kind").set_value("unheld").run()
    assert not app.exception
    assert app.query_params["gap"] == "unheld"


def test_each_line_says_since_when_and_who_could(town: SoundTown) -> None:
    lists = build(town, "en").lists

    assert lists["uncovered"].lines[0].detail == "300 households · nearest grid 02"
    assert "wang next door could take it" in lists["unheld"].lines[0].detail
    assert "since" in lists["unheld"].lines[0].detail
    assert "never heard of" in lists["silent"].lines[0].detail


def test_a_town_that_lacks_nothing_says_so(connection: PostgresConnection) -> None:
    town = SoundTown(connection)
    for building in town.buildings:
        town.visit(building, datetime.now(UTC).isoformat())
    connection.commit()

    page = build(town)

    assert [listed.lines for listed in page.lists.values()] == [(), (), ()]
    assert choose_kind("nonsense", page) == "uncovered"
    assert choose_kind(None, build_page(read_coverage_gaps(town.id), read_snapshot(town.id), Text("en")))


def test_a_kind_nobody_has_planned_is_no_nought(town: SoundTown) -> None:
    names = [row.name for group in build(town).groups for row in group.rows]

    assert "楼栋有网格员" in names
    assert "楼栋有志愿者联系" not in names


def test_no_text_becomes_markup(town: SoundTown, monkeypatch: pytest.MonkeyPatch) -> None:
    app = open_as(town, "secretary", monkeypatch)

    assert "<img" not in "".join(write_group(group) for group in build(town).groups)
    assert "<img" not in read_html(app)


def test_every_gap_is_marked_on_the_map(town: SoundTown) -> None:
    drawn = {layer.id.split("-")[0] for layer in build_gaps("/features/buildings.geojson", build(town).map)}

    assert drawn == {"bare", "unknown", "unheld", "uncovered", "rings"}


def test_without_buildings_the_page_says_what_to_do(
    connection: PostgresConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    town = Town(connection)
    connection.commit()
    app = open_as(town, "secretary", monkeypatch, lang="en")

    assert "import them first" in app.info[0].value
