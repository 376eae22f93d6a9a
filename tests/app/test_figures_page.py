"""The page of figures by role: one value wherever it is read, down to its cases; packs, score and file."""

import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zipfile import ZipFile

import openpyxl
import psycopg2
import pytest
from click.testing import CliRunner
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from shapely import box

from dashboard.figure_data import read_figures
from dashboard.i18n import Text
from dashboard.models.figure_state import FigureState, find_spans
from dashboard.models.figures import tell_value
from dashboard.routes.metrics import _report
from dashboard.widgets.figure_head import export_figures
from etl.cli import cli
from geo.model.indicator import WHOLE
from geo.operations.complaints import find_first_day
from geo.operations.scores import read_score_template
from geo.operations.snapshots import read_snapshot
from geo.operations.wall import gather_wall
from geo.rules.indicators import INDICATORS
from geo.rules.periods import find_month
from geo.store import places
from geo.store.engine import acting_as
from tests.app.opening import PageVisit
from tests.case_town import CaseTown, found_town
from tests.town import Town

TODAY = (datetime.now(UTC) + timedelta(hours=8)).date()


class Visit(PageVisit):
    """Somebody at the page."""

    page = "figures"

    def read(self) -> str:
        parts = [*self.app.markdown, *self.app.caption, *self.app.info, *self.app.warning]
        html = [str(element.proto.body) for element in self.app.get("html")]
        return "\n".join([*(str(part.value) for part in parts), *html])

    def list_keys(self) -> set[str]:
        kinds = (self.app.button, self.app.selectbox, self.app.segmented_control, self.app.number_input)
        links = {element.proto.label for element in self.app.get("link_button")}
        downloads = {element.proto.id for element in self.app.get("download_button")}
        return {str(each.key) for kind in kinds for each in kind} | links | downloads


class Rows(Town):
    """More rows of a community that is there already."""

    def __init__(self, connection: PostgresConnection, community_id: int) -> None:
        self.connection, self.id = connection, community_id


@pytest.fixture
def town(database_url: str) -> CaseTown:
    town = found_town(database_url)
    now = datetime.now(UTC)
    with psycopg2.connect(database_url) as connection:
        rows = Rows(connection, town.id)
        for number in range(24):
            rows.incident(
                category_code="E403",
                building_id=town.building,
                compound_id=town.compound,
                party_id=town.company,
                reported_at=now - timedelta(days=100 if number < 12 else 0, hours=3),
                due_at=now - timedelta(days=100 if number < 12 else 0, hours=1),
                **(
                    {
                        "handled_at": now - timedelta(hours=2),
                        "closed_at": now - timedelta(hours=2),
                        "state": "closed",
                    }
                    if number % 2
                    else {}
                ),
            )
    connection.close()
    return town


Visits = Callable[[str], Visit]


@pytest.fixture
def visit(town: CaseTown, monkeypatch: pytest.MonkeyPatch) -> Visits:
    """Open the page as somebody of the town."""
    return lambda who: Visit(town, who, monkeypatch)


def test_one_value_on_page_snapshot_command_metrics_and_file(visit: Visits, town: CaseTown) -> None:
    actor = town.actor("leader")
    with acting_as(actor):
        snapshot = read_snapshot(town.id)
        wall = gather_wall(town.id).snapshot
        spans = find_spans(find_month(TODAY), find_first_day(town.id) or TODAY, TODAY)
        page = read_figures(town.id, FigureState(find_month(TODAY)), spans)
        (community,) = places.list_communities()
        month = FigureState(find_month(TODAY))
        book = openpyxl.load_workbook(
            io.BytesIO(export_figures(page, month, spans, actor, community, Text("zh")))
        )
    ran = CliRunner().invoke(cli, ["indicators", "--community", "A", "--json"])
    told = {each["id"]: each["values"][0] for each in json.loads(ran.stdout)["indicators"]}
    cells = {row[0]: row[1:4] for row in book.worksheets[0].iter_rows(values_only=True)}
    gauges = _report().decode()
    assert page.values.keys() == {id_ for id_, each in INDICATORS.items() if "community" in each.levels}
    for id_, by_key in page.values.items():
        value = by_key[WHOLE][0]
        assert value == snapshot.now(id_) == wall.now(id_), id_
        assert (told[id_]["amount"], told[id_]["n"]) == (value.amount, value.n), id_
        indicator = INDICATORS[id_]
        assert cells[indicator.zh] == (
            tell_value(value, indicator, Text("zh")),
            value.numerator,
            value.denominator,
        )
        if value.amount is not None:
            assert f'wangge_indicator{{community="A",indicator="{id_}"}} {float(value.amount)}' in gauges
    assert page.values["open_cases"][WHOLE][0].amount == 12


@pytest.mark.parametrize(
    ("who", "params"),
    [
        ("secretary", {"lang": "en"}),
        ("leader", {"level": "grid"}),
        ("administrator", {"period": f"{TODAY:%Y}-Q1"}),
    ],
)
def test_the_page_opens_for_those_who_may_see_figures(
    visit: Visits, who: str, params: dict[str, str]
) -> None:
    here = visit(who)
    here.open(**params)
    assert "figure_period" in here.list_keys()


def test_a_figure_opens_down_to_its_cases(visit: Visits, town: CaseTown) -> None:
    here = visit("secretary")
    here.open(open="open_cases")
    links = [element.proto.query_string for element in here.app.get("page_link")]
    assert sum("case=" in link for link in links) == 12
    here.open(level="compound", by="open_cases", open=f"open_cases-{town.compound}")
    assert "甲小区" in here.read()


def test_a_figure_of_places_leads_to_the_page_that_lists_them(visit: Visits) -> None:
    here = visit("secretary")
    here.open(open="grid_coverage_buildings")
    assert not [element for element in here.app.get("page_link") if "case=" in element.proto.query_string]


def test_a_property_company_finds_its_own_pack_and_nothing_else(visit: Visits) -> None:
    here = visit("company")
    here.open(view="score", period=f"{TODAY.year}-Q{(TODAY.month + 2) // 3}")
    keys = here.list_keys()
    assert "figure_view" not in keys
    assert "pack_company" not in keys
    assert "score_save" not in keys
    assert "甲小区" in here.read()


def test_the_administrator_is_given_no_packs(visit: Visits) -> None:
    here = visit("administrator")
    here.open(view="packs")
    assert "pack_quarter" not in here.list_keys()
    assert "figure_period" in here.list_keys()


def test_weights_that_are_not_100_are_refused_and_those_that_are_kept(visit: Visits, town: CaseTown) -> None:
    here = visit("secretary")
    app = here.open(view="score")
    app.number_input(key="score_handle_rate").set_value(10.0).run()
    assert "权重合计 80" in here.read()
    app.button(key="score_save").click().run()
    assert [warning.value for warning in app.warning] == ["权重合计是 80，须为 100。"]
    app.number_input(key="score_on_time_rate").set_value(40.0).run()
    app.button(key="score_save").click().run()
    assert not app.exception
    with acting_as(town.actor("secretary")):
        assert read_score_template(town.id).weights["on_time_rate"] == 40


def test_the_leader_reads_the_score_and_does_not_change_it(visit: Visits) -> None:
    here = visit("leader")
    here.open(view="score")
    assert not here.app.number_input
    assert "score_save" not in here.list_keys()


def test_all_packs_are_made_as_one_archive(visit: Visits, town: CaseTown, database_url: str) -> None:
    with psycopg2.connect(database_url) as connection:
        rows = Rows(connection, town.id)
        other = rows.party("P2", "property_company", name="=cmd()")
        rows.add("compound", code="K2", name="乙小区", geom=box(500, 0, 600, 100), property_company_id=other)
    connection.close()
    here = visit("secretary")
    app = here.open(view="packs", period=f"{TODAY.year}-Q{(TODAY.month + 2) // 3}")
    app.button(key="pack_make_all").click().run()
    assert not app.exception
    _, content, rows_out, _ = app.session_state["pack_archive"]
    assert rows_out > 0
    with ZipFile(io.BytesIO(content)) as archive:
        assert sorted(archive.namelist())[1].startswith("P2-_cmd_-")
        assert len(archive.namelist()) == 2
        book = openpyxl.load_workbook(io.BytesIO(archive.read(archive.namelist()[0])))
    assert book.worksheets[-1]["A1"].value == "导出人"
