"""Every page runs: with and without data, in both languages, and whatever stands in its address."""

from functools import partial

import pytest
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from shapely import Point, box
from streamlit.testing.v1 import AppTest

from geo.model.actor import Role
from geo.settings import get_settings
from geo.store import engine
from tests.actors import make_actor
from tests.app.opening import open_page
from tests.town import START, Town

PAGES = ("map", "draw")
pytestmark = pytest.mark.usefixtures("secretary")
open_map = partial(open_page, "map")


def read_words(app: AppTest) -> str:
    shown = [*app.markdown, *app.caption, *app.info, *app.button, *app.metric]
    return "\n".join(str(getattr(part, "label", "") or getattr(part, "value", "")) for part in shown)


@pytest.fixture
def town(connection: PostgresConnection) -> Town:
    town = Town(connection)
    compound = town.add(
        "compound",
        code="1",
        name="老*院*",
        geom=box(0, 0, 200, 200),
        has_property_management=False,
        has_responsible_unit=False,
        has_security=False,
        three_no_definition="三样都没有",
        three_no_reviewed_on=START,
    )
    building = town.building("1", box(10, 10, 30, 20), compound_id=compound, name="1栋", households=40)
    town.building("2", box(50, 10, 70, 20), compound_id=compound, name="2栋")
    town.zone(town.plan(), "A", building, lead=town.party("李"))
    town.grid("01", box(0, 0, 1000, 1000))
    town.add("merchant", code="1", name="超市", geom=Point(300, 300))
    town.incident(
        geom=Point(15, 15), building_id=building, compound_id=compound, due_at="2024-06-05T09:00+08"
    )
    connection.commit()
    return town


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(("language", "words"), [("zh", "还没有社区"), ("en", "There is no community yet")])
def test_without_a_community_a_page_says_what_to_do(
    database_url: str, page: str, language: str, words: str
) -> None:
    app = open_page(page, lang=language)
    assert words in read_words(app)
    assert "wangge demo load" in read_words(app)


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("language", ["zh", "en", "tlh"])
def test_every_page_runs_in_every_language(town: Town, page: str, language: str) -> None:
    open_page(page, lang=language)


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(
    "params",
    [
        {"community": "nowhere"},
        {"community": "'; DROP TABLE building; --"},
        {"layers": "", "at": "here", "selected": "buildings-999999999"},
        {"selected": "<script>alert(1)</script>", "at": "24_109_999"},
    ],
)
def test_nonsense_in_the_address_does_no_harm(town: Town, page: str, params: dict[str, str]) -> None:
    open_page(page, **params)


def test_a_place_that_is_gone_is_taken_out_of_the_address(town: Town) -> None:
    assert "selected" not in open_map(selected="buildings-999999999").query_params


def test_three_no_compounds_are_listed_without_a_click(town: Town) -> None:
    words = read_words(open_map())
    assert "三无小区 1" in words
    assert r"老\*院\*" in words, "stored text must not become Markdown"


def test_a_card_says_what_it_is_who_is_responsible_and_what_is_open(town: Town) -> None:
    first = int(town_id(town, "building", "1"))
    words = read_words(open_map(selected=f"buildings-{first}"))
    assert "1栋" in words
    assert "李" in words
    assert "未结事件 1" in words
    assert "暴露垃圾" in words
    assert "已超期" in words


def test_a_building_that_nobody_holds_says_so(town: Town) -> None:
    second = int(town_id(town, "building", "2"))
    assert "无人负责" in read_words(open_map(selected=f"buildings-{second}"))


def test_the_search_leads_to_a_place(town: Town) -> None:
    app = open_map()
    app.text_input(key="words").set_value("院 2栋").run()
    second = town_id(town, "building", "2")
    app.button(key=f"found_buildings_{second}").click().run()
    assert not app.exception
    assert app.query_params["selected"] == f"buildings-{second}"
    assert app.query_params["community"] == "A"
    assert app.text_input(key="words").value == ""


def test_a_search_without_result_says_what_to_try(town: Town) -> None:
    app = open_map()
    app.text_input(key="words").set_value("火星").run()
    assert "没有找到" in read_words(app)


def test_the_language_stays_when_the_page_changes(town: Town) -> None:
    app = open_map()
    app.button(key="language").click().run()
    assert app.query_params["lang"] == "en"
    assert "three-no compound" in read_words(app)
    app.switch_page("views/draw.py").run()
    assert "Draw an area" in read_words(app)


def test_a_layer_switched_off_stands_in_the_address(town: Town) -> None:
    app = open_map()
    app.button_group(key="layers").set_value(["grids", "buildings"]).run()
    assert app.query_params["layers"] == "grids,buildings"
    assert open_map(layers="grids,buildings").button_group(key="layers").value == ["grids", "buildings"]


def test_with_several_communities_one_can_be_chosen(town: Town) -> None:
    Town(town.connection, code="B", outline=box(2000, 0, 3000, 1000))
    town.connection.commit()
    app = open_map()
    assert app.selectbox(key="community_choice").value == "*"
    app.selectbox(key="community_choice").set_value("B").run()
    assert not app.exception
    assert app.query_params["community"] == "B"
    assert "请先在地图页选一个社区" in read_words(open_page("draw"))


@pytest.mark.parametrize("page", PAGES)
def test_without_a_database_a_page_says_so(page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANGGE_DATABASE_URL", "postgresql://nobody@127.0.0.1:9/nothing")
    get_settings.cache_clear()
    app = open_page(page)
    assert "数据库没有应答" in app.error[0].value
    assert "127.0.0.1" not in app.error[0].value
    get_settings.cache_clear()


def town_id(town: Town, table: str, code: str) -> int:
    with town.connection.cursor() as cursor:
        cursor.execute(f"SELECT id FROM {table} WHERE community_id = %s AND code = %s", (town.id, code))
        return int(cursor.fetchall()[0][0])


@pytest.mark.usefixtures("town")
def test_a_drawing_too_says_that_it_is_no_evidence_of_boundaries() -> None:
    assert "示意图，不作为界线依据" in read_words(open_page("draw"))


@pytest.mark.parametrize(("role", "is_offered"), [("secretary", True), ("grid_worker", False)])
def test_whole_layers_are_offered_to_whoever_may_take_them(
    role: Role, is_offered: bool, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_find_actor", lambda: make_actor(town.id, role=role))
    app = open_map()
    assert not app.exception
    assert [box.label for box in app.selectbox if box.label == "坐标系"] == ["坐标系"] * is_offered
    for ending in (".gpkg", ".kml") if is_offered else ():
        app.selectbox[[box.label for box in app.selectbox].index("格式")].select(ending).run()
        assert not app.exception
