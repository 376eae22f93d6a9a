"""The morning page: what it says at once, where its numbers lead, and what it says when there is nothing."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import parse_qs

import pytest
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from shapely import Point, box
from streamlit.testing.v1 import AppTest

from dashboard.i18n import Text
from dashboard.models.incident_filters import Filters, parse_filters
from dashboard.models.incident_list import tell_due
from dashboard.models.morning import build_page
from dashboard.models.morning_map import build_map, find_runs, weigh_zones
from geo.operations.morning import gather_morning
from geo.store.engine import acting_as
from tests.actors import make_actor
from tests.app.opening import open_page
from tests.town import START, Town

NOW = datetime.now(UTC).replace(microsecond=0)
HOSTILE = "<img src=x onerror=alert(1)> **fett** [a](b) =1+1"

pytestmark = pytest.mark.usefixtures("secretary")
open_morning = partial(open_page, "morning")


def read_words(app: AppTest) -> str:
    shown = [*app.markdown, *app.caption, *app.info, *app.code]
    words = [str(part.value) for part in shown]
    return "\n".join([*words, *(link["label"] for link in list_links(app))])


def list_links(app: AppTest) -> list[dict[str, Any]]:
    """Return the links of the page: label, page and query parameters."""
    return [
        {
            "label": element.proto.label,
            "page": element.proto.page,
            "params": {name: values[0] for name, values in parse_qs(element.proto.query_string).items()},
        }
        for element in app.get("page_link")
    ]


@pytest.fixture
def town(connection: PostgresConnection) -> Town:
    town = Town(connection)
    compound = town.add("compound", code="1", name="老*院*", geom=box(0, 0, 200, 200))
    held = town.building("1", box(10, 10, 30, 20), compound_id=compound, name="1栋", households=40)
    town.building("2", box(50, 10, 70, 20), compound_id=compound, name=HOSTILE)
    lead = town.party("李")
    town.add("post", party_id=lead, title="grid_worker", valid_from=START)
    town.zone(town.plan(), "A", held, lead=lead)
    late = {
        "reported_at": NOW - timedelta(days=9),
        "due_at": NOW - timedelta(days=2, hours=1),
        "party_id": lead,
    }
    town.incident(
        geom=Point(15, 15),
        building_id=held,
        compound_id=compound,
        category_code="E403",
        severity="high",
        **late,
    )
    town.incident(geom=Point(60, 15), category_code="E1001", sensitivity="S3", building_id=held, **late)
    connection.commit()
    return town


def test_without_a_community_it_says_what_to_do(database_url: str) -> None:
    assert "还没有社区" in read_words(open_morning())


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_first_day_looks_finished_and_says_where_to_begin(
    connection: PostgresConnection, language: str
) -> None:
    Town(connection).building("1", box(0, 0, 9, 9))
    connection.commit()
    words = read_words(open_morning(lang=language))
    assert Text(language)("morning.day_one") in words
    assert Text(language)("morning.nobody_on_duty") in words


def test_figures_and_first_things_are_there_without_a_click(town: Town) -> None:
    words = read_words(open_morning(community="A"))
    assert "**2** 超期" in words
    assert r"老\*院\*1栋 飞线充电" in words
    assert "安全隐患 · 超 2 天" in words.replace("\\", "")
    assert "| :gray[李] | 在办 2 件 |" in words


def test_a_sensitive_case_shows_its_number_alone_and_is_not_in_the_paragraph(town: Town) -> None:
    app = open_morning(community="A")
    words = read_words(app)
    assert "敏感事件" in words
    assert "老人求助" not in words
    assert "敏感" not in app.code[0].value
    assert "老*院*1栋 飞线充电/入户充电" in app.code[0].value
    assert "李" not in app.code[0].value


def test_every_number_leads_to_its_list(town: Town) -> None:
    links = list_links(open_morning(community="A", lang="en"))
    figures = {
        link["label"].split("** ")[1]: link["params"]
        for link in links
        if link["page"] == "incidents" and "case" not in link["params"]
    }
    read = {label: parse_filters(params, {"E1"}) for label, params in figures.items()}
    assert all(not ignored for _, ignored in read.values())
    filters = {label.replace("\\", ""): found for label, (found, _) in read.items()}
    assert filters["Overdue"].status == "overdue"
    assert filters["Amber"].status == "amber"
    assert filters["Due today"].due == "today"
    assert filters["New"].status == "all"
    assert filters["New"].since is not None
    assert filters["Came back"] == Filters(mark="relapse")
    assert filters["Bounced ≥2"] == Filters(mark="bounced")
    assert filters["Whistle open"] == Filters(mark="whistled")
    assert {params["community"] for params in figures.values()} == {"A"}
    assert {params["lang"] for params in figures.values()} == {"en"}
    cases = [link for link in links if "case" in link["params"]]
    assert len(cases) == 2
    assert {link["page"] for link in cases} == {"incidents"}


def test_what_is_overdue_but_not_among_the_first_is_a_click_away(town: Town) -> None:
    def find_more() -> list[dict[str, Any]]:
        return [link for link in list_links(open_morning(community="A")) if "未列入" in link["label"]]

    assert find_more() == []
    for _ in range(11):
        town.incident(due_at=NOW - timedelta(days=1), reported_at=NOW - timedelta(days=3))
    town.connection.commit()
    (more,) = find_more()
    assert more["label"] == "另有 3 件超期未列入"
    assert (more["page"], more["params"]["status"]) == ("incidents", "overdue")


@pytest.mark.parametrize(
    ("language", "told", "written"),
    [
        ("zh", "1栋 + 1区", "无人负责 1 栋、责任区 1 个"),
        ("en", "1 bldg + 1 zone", "Nobody holds 1 building and 1 zone;"),
    ],
)
def test_buildings_and_zones_nobody_leads_are_counted_alike(
    town: Town, language: str, told: str, written: str
) -> None:
    def tell() -> tuple[str, int, str]:
        with acting_as(make_actor(town.id)):
            page = build_page(gather_morning(town.id, NOW), "社区", Text(language))
        (unheld,) = (figure for figure in page.figures if figure.key == "unheld")
        return unheld.value, unheld.count, page.paragraph

    assert tell()[:2] == (told.split(" + ", maxsplit=1)[0], 1)
    with town.connection.cursor() as cursor:
        cursor.execute("SELECT id FROM zone_plan")
        ((plan,),) = cursor.fetchall()
    town.zone(plan, "B")
    town.connection.commit()
    value, count, paragraph = tell()
    assert (value, count) == (told, 2)
    assert written in paragraph


def test_how_late_a_case_is_reads_alike_on_the_morning_and_in_the_list(town: Town) -> None:
    due_at = NOW - timedelta(hours=47)
    town.incident(due_at=due_at, reported_at=NOW - timedelta(days=4))
    town.connection.commit()
    with acting_as(make_actor(town.id)):
        page = build_page(gather_morning(town.id, NOW), "社区", Text("zh"))
    told = tell_due(due_at, None, Text("zh"), NOW, is_open=True)
    assert told == "超 47 小时"
    assert [told in thing.why for thing in page.first_things].count(True) == 1


def test_buildings_nobody_holds_or_knows_are_listed_and_lead_to_the_map(town: Town) -> None:
    links = [link for link in list_links(open_morning(community="A")) if "selected" in link["params"]]
    assert {link["page"] for link in links} == {"map"}
    # The second building is neither held nor known.
    assert len(links) == 2
    assert all("\\<img" in link["label"] for link in links), "stored text must not become Markdown or HTML"


@pytest.mark.parametrize(
    "params",
    [{"community": "nowhere"}, {"community": "'; DROP TABLE building; --", "at": "x", "lang": "tlh"}],
)
def test_nonsense_in_the_address_does_no_harm(town: Town, params: dict[str, str]) -> None:
    open_morning(**params)


def test_the_map_says_the_same(town: Town) -> None:
    with acting_as(make_actor(town.id)):
        morning = gather_morning(town.id, NOW)
    page = build_page(morning, "社区", Text("zh"))
    drawn = build_map(morning, page.first_things)
    # The sensitive case has a number in the list, and no place.
    assert [number for number, *_ in drawn.numbers] == [
        thing.number for thing in page.first_things if "敏感" not in thing.title
    ]
    assert len(drawn.unknown_buildings) == 1
    assert drawn.unheld_zones == ()


def test_zones_are_shaded_by_their_share_of_what_is_open(town: Town) -> None:
    plan = town.plan(kind="inspection", name="other")
    busy = town.building("3", box(300, 0, 310, 10))
    town.connection.cursor().execute("DELETE FROM zone_plan WHERE id <> %s", (plan,))
    town.connection.cursor().execute("UPDATE zone_plan SET kind = 'grid_worker'")
    quiet = town.zone(plan, "Q", town.building("4", box(400, 0, 410, 10)))
    loaded = town.zone(plan, "L", busy)
    for _ in range(4):
        town.incident(building_id=busy)
    town.connection.commit()
    with acting_as(make_actor(town.id)):
        levels = weigh_zones(gather_morning(town.id, NOW))
    assert levels == {quiet: 0, loaded: 4}


def test_runs_name_ids_once() -> None:
    assert find_runs([]) == []
    assert find_runs([5, 1, 2, 3, 9, 2]) == [(1, 3), (5, 5), (9, 9)]
