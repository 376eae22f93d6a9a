"""What is to be looked at again, on the pages: whose list it is, one click, and the new case."""

from datetime import UTC, datetime, timedelta

import pytest
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from streamlit.testing.v1 import AppTest

from dashboard.i18n import Text
from dashboard.models.rechecks import list_lines, parse_days
from geo.model.recheck import RecheckSetting
from geo.operations.rechecks import change_setting, list_rechecks
from geo.store import choices, engine
from geo.store.engine import acting_as
from tests.app.opening import open_page
from tests.case_town import CaseTown, found_town

NOW = datetime.now(UTC)
HOSTILE = "<img src=x onerror=alert(1)> **fett**"


@pytest.fixture
def office(database_url: str, connection: PostgresConnection) -> CaseTown:
    office = found_town(database_url)
    with connection.cursor() as cursor:
        for building, days in ((office.building, 8), (office.far_building, 9)):
            cursor.execute(
                "INSERT INTO incident (community_id, category_code, source, state, outcome, reported_at,"
                " closed_at, building_id) VALUES (%s, 'E403', 'patrol', 'closed', 'resolved', %s, %s, %s)",
                (office.id, NOW - timedelta(days=days + 1), NOW - timedelta(days=days), building),
            )
        cursor.execute("UPDATE building SET name = %s WHERE id = %s", (HOSTILE, office.far_building))
    connection.commit()
    return office


def open_desk(office: CaseTown, page: str, who: str, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setattr(engine, "_find_actor", lambda: office.actor(who))
    return open_page(page, lang="en")


def list_buttons(app: AppTest, name: str) -> list[str]:
    return [button.key for button in app.button if button.key and button.key.startswith(f"recheck_{name}_")]


def read_events(connection: PostgresConnection) -> list[tuple[str, str]]:
    connection.rollback()
    with connection.cursor() as cursor:
        cursor.execute("SELECT move, reason FROM incident_event WHERE move = 'recheck' ORDER BY id")
        return cursor.fetchall()


def test_a_worker_has_her_own_and_one_click_keeps_that_it_is_settled(
    office: CaseTown, connection: PostgresConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_desk(office, "incidents", "worker", monkeypatch)
    (gone,) = list_buttons(app, "gone")
    app.button(key=gone).click().run()
    assert not app.exception
    assert read_events(connection) == [("recheck", "stays_away")]
    assert list_buttons(app, "gone") == []


def test_the_secretary_has_all_and_what_is_back_becomes_a_case(
    office: CaseTown, connection: PostgresConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_desk(office, "morning", "secretary", monkeypatch)
    first, _ = list_buttons(app, "back")
    app.button(key=first).click().run()
    (submit,) = list_buttons(app, "open")
    app.button(key=submit).click().run()
    assert not app.exception
    assert read_events(connection) == [("recheck", "came_back")]
    with connection.cursor() as cursor:
        cursor.execute("SELECT category_code, parent_id IS NOT NULL FROM incident WHERE state <> 'closed'")
        assert cursor.fetchall() == [("E403", True)]


def test_a_leader_is_not_asked_to_look(office: CaseTown, monkeypatch: pytest.MonkeyPatch) -> None:
    app = open_desk(office, "morning", "leader", monkeypatch)
    assert list_buttons(app, "gone") == []


def test_every_word_of_a_line_is_told(office: CaseTown) -> None:
    with acting_as(office.actor("secretary")):
        change_setting(office.id, RecheckSetting(most_a_day=9))
        chosen = list_rechecks(office.id, NOW)
        categories = {category.code: category for category in choices.list_categories()}
    lines = list_lines(chosen, categories, Text("zh"), with_names=True)
    category = "飞线充电/入户充电"
    assert {line.title for line in lines} == {f"甲小区1号楼 {category}", f"{HOSTILE} {category}"}
    assert all("消防安全" in line.detail for line in lines)


@pytest.mark.parametrize(
    ("words", "days"),
    [
        ("7,30,90", (7, 30, 90)), (" 3 ， 5、9", (3, 5, 9)), ("7", (7,)), ("", None), ("7,7", None),
        ("9,7", None), ("0,7", None), ("x", None), ("7,,9", None), ("-7", None), ("٧", None), ("9999", None),
    ],
)  # fmt: skip
def test_days_are_read_as_people_write_them(words: str, days: tuple[int, ...] | None) -> None:
    assert parse_days(words) == days
