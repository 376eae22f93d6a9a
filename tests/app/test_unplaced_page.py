"""The page of what has no place: one tap, a building of the list, a spot, nothing of ours."""

import pytest
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from streamlit.testing.v1 import AppTest

from dashboard.i18n import Text
from dashboard.models.unplaced import build_lines, find_click
from geo.operations.unplaced import list_aliases, list_unplaced
from geo.store import engine
from geo.store.engine import acting_as
from tests.app.opening import open_page
from tests.case_town import CaseTown, found_town

HOSTILE = "<img src=x onerror=alert(1)> **fett**"


@pytest.fixture
def town(database_url: str, connection: PostgresConnection) -> CaseTown:
    town = found_town(database_url)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE compound SET name = '麒麟花园'")
        cursor.execute("UPDATE building SET name = '麒麟花园3栋' WHERE id = %s", (town.building,))
        for address, count in (
            ("麒鳞花园3栋2单元501室", 3),
            ("麒鳞花园三幢", 1),
            ("垃圾房旁", 2),
            (HOSTILE, 1),
        ):
            cursor.execute(
                "INSERT INTO incident (community_id, category_code, source, reported_at, address) "
                "SELECT %s, 'E402', 'phone', '2024-06-03T09:00+08', %s FROM generate_series(1, %s)",
                (town.id, address, count),
            )
    connection.commit()
    return town


@pytest.fixture
def app(town: CaseTown, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setattr(engine, "_find_actor", lambda: town.actor("secretary"))
    return open_page("unplaced", lang="en")


def read_queue(town: CaseTown) -> list[str]:
    with acting_as(town.actor("secretary")):
        return [each.words for each in list_unplaced(town.id).groups]


def test_the_address_with_most_cases_is_asked_about_first(app: AppTest, town: CaseTown) -> None:
    lines = [each.value for each in app.markdown if "latest" in str(each.value)]
    assert [line.split("**")[1] for line in lines[:2]] == ["麒鳞花园3栋2单元\\*\\*\\*室", "垃圾房旁"]
    assert "4 cases" in lines[0]
    assert "501" not in "".join(str(each.value) for each in (*app.markdown, *app.caption))
    assert "<img" not in "".join(str(each.value) for each in app.markdown).replace("\\<img", "")


def test_one_tap_places_them_all(app: AppTest, town: CaseTown) -> None:
    app.button(key="unplaced_offer_0_0").click().run()
    assert not app.exception
    assert [each.value for each in app.toast] == ["4 placed"]
    assert "麒鳞花园3栋" not in read_queue(town)
    with acting_as(town.actor("secretary")):
        assert [each.words for each in list_aliases(town.id)] == ["麒鳞花园3栋"]


def test_a_building_of_the_list_is_said(app: AppTest, town: CaseTown) -> None:
    app.button(key="unplaced_choose_1").click().run()
    app.selectbox(key="unplaced_building_垃圾房旁").select(town.building).run()
    app.button(key="unplaced_place_building").click().run()
    assert not app.exception
    assert "垃圾房旁" not in read_queue(town)


def test_a_spot_is_to_be_clicked_first(app: AppTest) -> None:
    app.button(key="unplaced_choose_1").click().run()
    assert app.button(key="unplaced_place_spot").disabled
    assert find_click({"last_clicked": {"lat": 24.3, "lng": 109.4}}) == (109.4, 24.3)
    assert find_click({"last_clicked": None}) is find_click(None) is None


def test_what_is_not_ours_leaves_the_queue_and_can_come_back(app: AppTest, town: CaseTown) -> None:
    app.button(key="unplaced_elsewhere_1").click().run()
    assert "垃圾房旁" not in read_queue(town)
    (forget,) = (each for each in app.button if str(each.key).startswith("unplaced_forget_"))
    forget.click().run()
    assert not app.exception
    assert "垃圾房旁" in read_queue(town)


def test_a_refusal_is_told(app: AppTest, town: CaseTown, connection: PostgresConnection) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO place_alias (community_id, words, is_elsewhere) VALUES (%s, '麒鳞花园3栋', true)",
            (town.id,),
        )
    connection.commit()
    app.button(key="unplaced_offer_0_0").click().run()
    assert not app.exception
    assert "forget that first" in app.warning[0].value


def test_nothing_waits(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    town = found_town(database_url)
    monkeypatch.setattr(engine, "_find_actor", lambda: town.actor("administrator"))
    app = open_page("unplaced", lang="zh")
    assert [each.value for each in app.info] == ["没有待落图的地址。"]


def test_an_offer_that_says_no_more_than_is_known_is_none(
    town: CaseTown, connection: PostgresConnection
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM incident")
        cursor.execute(
            "INSERT INTO incident (community_id, category_code, source, reported_at, address, compound_id, "
            "geocode_quality) VALUES (%s, 'E402', 'phone', '2024-06-03', '麒麟花园', %s, 'compound')",
            (town.id, town.compound),
        )
    connection.commit()
    with acting_as(town.actor("secretary")):
        (line,) = build_lines(list_unplaced(town.id).groups, Text("zh"))
    assert line.offers == ()
