"""The page of inspections: one tap, a problem that becomes a case, the month by person, the templates."""

from datetime import UTC, datetime

import pytest
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from streamlit.testing.v1 import AppTest

from dashboard.i18n import Text
from dashboard.models.inspections_page import (
    build_month,
    list_words,
    read_templates,
    write_templates,
)
from dashboard.widgets.inspection_month import write_html_table
from geo.model.inspection import USUAL_TEMPLATES, Template
from geo.operations.inspections import change_templates, review_inspections
from geo.operations.inspections import read_templates as list_templates
from geo.rules.morning import find_day
from geo.rules.periods import find_month, go_back
from geo.store import engine
from geo.store.engine import acting_as
from tests.app.opening import open_page, read_html
from tests.case_town import CaseTown, found_town

MONTHLY = (Template("月巡楼栋", "month", "building", items=("消防通道",), weight=100),)
HOSTILE = "<img src=x onerror=alert(1)> **fett**"


@pytest.fixture
def office(database_url: str, connection: PostgresConnection) -> CaseTown:
    office = found_town(database_url)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE building SET name = %s WHERE id = %s", (HOSTILE, office.far_building))
    connection.commit()
    with acting_as(office.actor("secretary")):
        change_templates(office.id, MONTHLY, USUAL_TEMPLATES)
    return office


def open_as(office: CaseTown, who: str, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setattr(engine, "_find_actor", lambda: office.actor(who))
    return open_page("inspections", lang="en")


def list_keys(app: AppTest, name: str) -> list[str]:
    return [each.key for each in app.button if each.key and each.key.startswith(f"inspection_{name}_")]


def read_visits(connection: PostgresConnection) -> list[tuple[int, int, str]]:
    connection.rollback()
    with connection.cursor() as cursor:
        cursor.execute("SELECT party_id, building_id, outcome FROM visit ORDER BY id")
        return cursor.fetchall()


def test_a_worker_has_his_own_and_one_tap_is_enough(
    office: CaseTown, connection: PostgresConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_as(office, "worker", monkeypatch)
    (checked,) = list_keys(app, "checked")
    app.button(key=checked).click().run()

    assert not app.exception
    assert read_visits(connection) == [(office.worker, office.building, "checked")]
    assert list_keys(app, "checked") == []
    assert "All of this round is done." in [caption.value for caption in app.caption]


def test_a_problem_becomes_a_case_where_it_is(
    office: CaseTown, connection: PostgresConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_as(office, "worker", monkeypatch)
    (problem,) = list_keys(app, "problem")
    app.button(key=problem).click().run()
    (submit,) = list_keys(app, "open")
    assert app.button(key=submit).disabled, "first say what it is"
    (category,) = [each for each in app.selectbox if each.key and each.key.startswith("inspection_category")]
    category.set_value("E402").run()
    app.button(key=submit).click().run()

    assert not app.exception
    assert read_visits(connection) == [(office.worker, office.building, "problem_found")]
    with connection.cursor() as cursor:
        cursor.execute("SELECT category_code, source, building_id, description FROM incident")
        ((code, source, building, words),) = cursor.fetchall()
    assert (code, source, building) == ("E402", "patrol", office.building)
    assert words.startswith("Found on a round at")


def test_the_secretary_sees_everybodys_and_the_month_by_person(
    office: CaseTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_as(office, "secretary", monkeypatch)
    app.segmented_control(key="inspection_whose").set_value("all").run()

    assert not app.exception
    assert len(list_keys(app, "checked")) == 2
    app.button(key="inspection_save").click().run()
    assert not app.exception
    assert not app.warning
    with acting_as(office.actor("secretary")):
        assert list_templates(office.id) == MONTHLY


def test_a_leader_sees_the_month_without_names_and_nothing_to_tap(
    office: CaseTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_as(office, "leader", monkeypatch)

    assert list_keys(app, "checked") == []
    told = read_html(app)
    assert "Together" in told
    assert ">W<" not in told


def test_a_worker_sees_his_own_month_and_nobody_elses(
    office: CaseTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_as(office, "worker", monkeypatch)
    app.segmented_control(key="inspection_month").set_value(1).run()

    assert not app.exception
    told = read_html(app)
    assert ">W<" in told
    assert ">C<" not in told


def test_the_month_is_listed_by_person_and_not_ranked(office: CaseTown) -> None:
    month = go_back(find_month(find_day(datetime.now(UTC))), 1)
    summed, names = review_inspections(office.id, month, datetime.now(UTC))
    table = build_month(summed, names | {office.worker: HOSTILE}, Text("en"), with_nobody=True)

    assert [name for name, _ in table.rows] == ["Together", "C", HOSTILE]
    assert table.rows[0][1] == ("0/2",)
    assert table.score == "0"
    assert "<img" not in write_html_table(table, Text("en"))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_templates_go_through_the_table_unchanged(language: str) -> None:
    text = Text(language)

    assert read_templates(write_templates(USUAL_TEMPLATES, text), text) == USUAL_TEMPLATES
    assert {len(set(words)) for words in list_words(text).values()} == {3, 4, 5}


def test_a_new_row_is_read_as_far_as_it_is_filled_in() -> None:
    rows: list[dict[str, object]] = [
        {"name": None},
        {"name": " 夜查 ", "items": "噪声，烧烤", "weight": None, "is_on": None},
    ]

    assert read_templates(rows, Text("zh")) == (
        Template("夜查", "day", "three_no", items=("噪声", "烧烤"), weight=0),
    )
