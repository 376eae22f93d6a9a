"""The heat page runs whatever there is to show, and says what it shows."""

import re
from functools import partial
from itertools import product

import pytest
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from shapely import Point, box
from streamlit.testing.v1 import AppTest

from dashboard.models import heat_page
from tests.app.opening import open_page
from tests.town import Town

HOSTILE = "<img src=x onerror=alert(1)>**粗**"
pytestmark = pytest.mark.usefixtures("secretary")


open_heat = partial(open_page, "heat")


def read_words(app: AppTest) -> str:
    shown = [*app.markdown, *app.caption, *app.info, *app.button]
    return "\n".join(str(getattr(part, "label", "") or getattr(part, "value", "")) for part in shown)


@pytest.fixture
def town(connection: PostgresConnection) -> Town:
    town = Town(connection)
    compound = town.add("compound", code="1", name=HOSTILE, geom=box(0, 0, 200, 200))
    town.grid("01", box(0, 0, 1000, 1000))
    for number, x in enumerate((10, 310, 610), start=1):
        building = town.building(
            str(number), box(x, 10, x + 20, 20), compound_id=compound if x == 10 else None, households=40,
            name=HOSTILE,
        )  # fmt: skip
        for day in range(1, 13 if number == 1 else 3):
            town.incident(
                geom=Point(x + 5, 15), building_id=building, compound_id=compound if x == 10 else None,
                reported_at=f"2024-06-{day:02}T09:00+08",
            )  # fmt: skip
    connection.commit()
    return town


JUNE = {"since": "2024-06-01", "until": "2024-06-30"}


def test_it_says_what_over_what_when_and_how_many(town: Town) -> None:
    words = read_words(open_heat(unit="building", category="E101", **JUNE)).replace("\\", "")
    assert "暴露垃圾" in words
    assert "按楼栋" in words
    assert "每千户每 30 天" in words
    assert "2024-06-01 – 2024-06-30：n = 16 件" in words
    assert "热点 1 处" in words


def test_a_hot_place_is_told_by_what_makes_it_hot(town: Town) -> None:
    words = read_words(open_heat(unit="building", **JUNE)).replace("\\", "")
    told = re.search(r"12 件 · ([\d.]+) 倍（([\d.]+)–([\d.]+)）", words)
    assert told is not None
    ratio, low, high = (float(number) for number in told.groups())
    # 12 of 40 households, and elsewhere 4 of 80; the cell alone is only 1.2 times the mean at the least.
    assert ratio == 6
    assert 1.5 < low < ratio < high


def test_hot_places_that_are_not_listed_are_counted(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "见图" not in read_words(open_heat(unit="building", **JUNE))
    monkeypatch.setattr(heat_page, "_MOST_HOT", 0)
    words = read_words(open_heat(unit="building", **JUNE))
    assert "热点 1 处" in words
    assert "另有 1 处见图" in words


def test_names_are_text(town: Town) -> None:
    (building,) = _list_buildings(town)[:1]
    words = read_words(open_heat(unit="building", cell=str(building), **JUNE))
    assert "<img" not in re.sub(r"\\<", "", words)
    assert r"\*\*粗\*\*" in words


@pytest.mark.parametrize(
    ("unit", "measure"),
    list(product(("hexagon", "grid", "compound", "building", "smooth"), ("count", "rate", "hot", "trend"))),
)
def test_every_picture_can_be_drawn(unit: str, measure: str, town: Town) -> None:
    open_heat(unit=unit, measure=measure, compare="previous", **JUNE)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("unit", ["hexagon", "grid", "compound", "building", "smooth"])
def test_a_community_with_nothing_in_it_says_so(
    connection: PostgresConnection, unit: str, language: str
) -> None:
    Town(connection)
    connection.commit()
    words = read_words(open_heat(unit=unit, lang=language))
    assert ("没有符合条件的事件" if language == "zh" else "No case fits") in words


@pytest.mark.parametrize(
    "params",
    [
        {"unit": "moon", "measure": "love", "category": "E905", "source": "x", "hours": "25-3", "per": "km"},
        {
            "since": "2024-13-01",
            "until": "yesterday",
            "days": "-4",
            "compare": "never",
            "cell": "99999999999",
        },
        {"cell": "<script>", "weekdays": "8,9", "shared": "perhaps"},
    ],
)
def test_nonsense_in_the_address_is_named_and_ignored(params: dict[str, str], town: Town) -> None:
    words = read_words(open_heat(**params))
    for name in set(params) - {"cell"}:
        assert name in words


def test_on_a_shared_screen_nothing_leads_to_a_case(town: Town) -> None:
    app = open_heat(shared="1", unit="building", cell=str(_list_buildings(town)[0]), **JUNE)
    words = read_words(app).replace("\\", "")
    assert "n ≥ 16 件" in words
    assert "这里的全部事件" not in words
    assert not [button for button in app.button if button.key == "heat_close"]


def _list_buildings(town: Town) -> list[int]:
    with town.connection.cursor() as cursor:
        cursor.execute("SELECT id FROM building WHERE community_id = %s ORDER BY id", (town.id,))
        return [int(row[0]) for row in cursor.fetchall()]
