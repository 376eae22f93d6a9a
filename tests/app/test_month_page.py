"""The month's page: what rose with its numbers, what others must not see on paper or in a file."""

import io
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import parse_qs

import anyio
import httpx
import numpy as np
import openpyxl
import pytest
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from shapely import Point, box
from starlette.applications import Starlette
from streamlit.testing.v1 import AppTest

from dashboard.i18n import Text
from dashboard.models.incident_filters import parse_filters
from dashboard.models.month import MonthPage, build_page
from dashboard.models.month_export import hide_cells, list_columns, list_rows
from dashboard.models.month_tables import Cell, Row, Table
from dashboard.routes import month_sheet
from dashboard.widgets.month_head import export_month
from dashboard.widgets.month_panel import write_html_table
from geo.operations.complaints import MonthReview, review_month
from geo.operations.month_words import read_month_words
from geo.operations.relapses import BackAgain, Figures
from geo.rules.morning import find_day
from geo.rules.periods import find_month
from geo.settings import get_settings
from geo.store import choices, places
from geo.store.engine import acting_as
from tests.actors import make_actor
from tests.app.opening import open_page
from tests.town import Town

MAY = find_month(date(2024, 5, 1))
NOW = datetime(2024, 6, 2, 17, 0, tzinfo=UTC)
HOSTILE = "<img src=x onerror=alert(1)> **fett** [a](b) =1+1"

pytestmark = pytest.mark.usefixtures("secretary")


def report(town: Town, day: str, times: int = 1, **values: object) -> None:
    for _ in range(times):
        town.incident(reported_at=f"{day}T09:00+08", **values)


@pytest.fixture
def town(connection: PostgresConnection) -> Town:
    town = Town(connection)
    compound = town.add("compound", code="1", name=HOSTILE, geom=box(0, 0, 200, 200))
    building = town.building("3", box(10, 10, 20, 20), name="3栋", compound_id=compound)
    place = {"compound_id": compound, "building_id": building, "geom": Point(15, 15)}
    report(town, "2023-05-10")
    report(town, "2024-04-10", 6, category_code="E403", **place)
    report(town, "2024-05-10", 24, category_code="E403", **place)
    report(town, "2024-05-10", 3, category_code="E101", **place)
    report(town, "2024-05-10", 8, category_code="E301", geom=Point(600, 600))
    report(town, "2024-05-11", 4, category_code="E1299")
    connection.commit()
    return town


def review(town: Town) -> MonthReview:
    with acting_as(make_actor(town.id)):
        return review_month(town.id, MAY, NOW)


def build(town: Town, language: str = "zh", *returns: BackAgain, **acting: Any) -> MonthPage:
    with acting_as(make_actor(town.id, **acting)):
        found = review_month(town.id, MAY, NOW)
        words = read_month_words(town.id, MAY, NOW)
        categories = {category.code: category for category in choices.list_categories()}
    return build_page(found, words, returns, categories, Text(language))


def open_may(**params: str) -> AppTest:
    return open_page("month", **{"month": "2024-05", **params})


def fetch(address: str) -> httpx.Response:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(Starlette(routes=month_sheet.routes()))
        async with httpx.AsyncClient(transport=transport, base_url="http://sheets") as browser:
            return await browser.get(address)

    return anyio.run(ask)


def list_links(app: AppTest) -> dict[str, dict[str, str]]:
    return {
        element.proto.label: {
            name: values[0] for name, values in parse_qs(element.proto.query_string).items()
        }
        for element in app.get("page_link")
    }


def test_what_rose_is_told_with_both_numbers_and_leads_to_its_cases(town: Town) -> None:
    line = build(town).rises[0]
    assert line.title == "飞线充电/入户充电"
    assert "24 / 6" in line.detail
    filters, ignored = parse_filters(line.params, {"E403"})
    assert not ignored
    assert (filters.categories, filters.since, filters.until) == (("E403",), "2024-05-01", "2024-05-31")
    at_place = next(line for line in build(town).rises if "place" in line.params)
    assert at_place.title.startswith(HOSTILE)


def test_what_was_settled_and_is_back_leads_to_the_return(town: Town) -> None:
    figures = Figures(6, 120.0, 4, 0.31, 3.69, 2.0, 5.0, 0.001, 3.5)
    back = BackAgain("E403", 1, HOSTILE, None, None, figures, True, 11, 12, 9.6, None)
    (line,) = build(town, "en", back).returns
    assert line.title.startswith(HOSTILE)
    assert line.detail == "6 settled, 4 back, 0.3 by chance, after 10 days"
    assert line.params == {"case": "12"}


def test_a_small_number_is_told_without_ratio_or_colour(town: Town) -> None:
    rows = {row.title: row for row in build(town).categories.rows}
    assert rows["暴露垃圾"].cells[2].words == "3 / 0"
    assert rows["暴露垃圾"].cells[2].tone == "quiet"
    assert rows["飞线充电/入户充电"].cells[2].tone == "up"


def test_a_leader_is_told_why_there_are_no_words(town: Town) -> None:
    page = build(town, "en", role="leader")
    assert page.figures[0].value == "39"
    assert not page.words
    assert "does not read" in page.words_note


def test_the_page_shows_the_month_that_is_asked_for(town: Town) -> None:
    app = open_may(lang="en")
    links = list_links(app)
    assert any(label.startswith("**39** All cases") for label in links)
    assert any("24 / 6" in label for label in links)
    rows = " ".join(element.proto.body for element in app.get("html"))
    assert "Unsafe" in rows or "charging" in rows


def test_the_page_without_a_month_opens_the_last_that_is_over(town: Town) -> None:
    app = open_may(month="nonsense")
    assert str(app.selectbox(key="month_choice").value) < f"{find_day(datetime.now(UTC)):%Y-%m}"


def test_without_a_case_the_page_says_what_to_do(connection: PostgresConnection) -> None:
    Town(connection)
    connection.commit()
    app = open_may()
    assert any("wangge import" in str(info.value) for info in app.info)


def test_tables_by_place_are_escaped(town: Town) -> None:
    shown = write_html_table(build(town).places["compounds"])
    assert "&lt;img" in shown
    assert "<img" not in shown


def test_a_cell_of_few_cases_is_not_in_the_file(town: Town) -> None:
    found = review(town)
    with acting_as(make_actor(town.id)):
        categories = {category.code: category for category in choices.list_categories()}
    text = Text("zh")
    rows = list_rows(found, categories, text)
    assert {len(row) for row in rows} == {len(list_columns(text))}
    by_place = [row for row in rows if row[0] == "按小区" and row[2] != "全部"]
    assert all(int(row[3]) >= get_settings().least_shown for row in by_place)
    told = {(row[1], row[2]) for row in by_place}
    assert (HOSTILE, "环境卫生") not in told
    # Three cases are the rest of the compound's: told alone, the others would give them away.
    hidden = hide_cells(found, "compounds")
    table = found.tables["compounds"]
    mask = np.array([[hidden[place, group] for group in table.groups] for place in table.places])
    assert (mask.sum(axis=1) != 1).all()


def test_the_file_is_made_and_logged_when_it_is_asked_for(town: Town, connection: PostgresConnection) -> None:
    with acting_as(make_actor(town.id)):
        categories = {category.code: category for category in choices.list_categories()}
        (community,) = places.list_communities()
    figures = Table(("指标", "本月"), (Row("=1+1", (Cell("91 %"),)),))
    content = export_month(review(town), figures, categories, make_actor(town.id), community, Text("zh"))
    book = openpyxl.load_workbook(io.BytesIO(content))
    values = [str(cell.value) for row in book.worksheets[0].iter_rows() for cell in row]
    assert not any(value.startswith("=") for value in values)
    assert [cell.value for cell in book.worksheets[1]["A"]] == ["指标", "'=1+1"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_count FROM audit_log WHERE action = 'export'")
        assert cursor.fetchall() == [(len(list(book.worksheets[0].iter_rows())) - 1 + 1,)]


def test_the_sheet_hides_small_cells_and_escapes_every_word(town: Town) -> None:
    reply = fetch("/print/month?community=A&month=2024-05")
    assert reply.status_code == 200
    assert "<img" not in reply.text
    assert "24 / 6" in reply.text
    assert "每万人诉求量" in reply.text, "the registry's figures stand on the sheet"
    assert "环境卫生 3" not in reply.text
    for month in ("", "2030-01", "x"):
        assert fetch(f"/print/month?community=A&month={month}").status_code == 404
    much = "&".join(f"a{number}=1" for number in range(50))
    assert fetch(f"/print/month?community=A&month=2024-05&{much}").status_code == 200
