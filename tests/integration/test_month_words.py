"""Words of a month, from the database: as the reader may read them, nothing sealed, nobody's name."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from shapely import box

from geo.operations.month_words import MonthWords, read_month_words
from geo.rules.periods import find_month
from geo.store.engine import acting_as
from tests.actors import make_actor
from tests.town import Town

MAY = find_month(date(2024, 5, 1))
NOW = datetime(2024, 6, 10, tzinfo=UTC)
USUAL = "路灯不亮"


def read(town: Town, **acting: Any) -> MonthWords:
    town.connection.commit()
    with acting_as(make_actor(town.id, **acting)):
        return read_month_words(town.id, MAY, NOW)


def write(town: Town, text: str, times: int = 1, day: str = "2024-05-10", **values: object) -> list[int]:
    return [town.incident(reported_at=f"{day}T09:00+08", title=text, **values) for _ in range(times)]


def list_words(found: MonthWords) -> set[str]:
    return {told.keyword.word for told in found.words}


@pytest.fixture
def town(connection: PostgresConnection) -> Town:
    town = Town(connection)
    write(town, USUAL, 400, "2023-11-10")
    write(town, USUAL, 60)
    return town


def test_a_word_of_the_month_is_told_with_its_cases(town: Town) -> None:
    cases = write(town, "烧烤店油烟", 8, category_code="E205")
    write(town, "烧烤店油烟", 9, "2024-04-30", category_code="E205")
    write(town, "充电桩", 20, "2023-04-30")
    found = read(town)
    assert (found.texts, found.texts_before) == (68, 409)
    smoke = next(told for told in found.words if told.keyword.word == "油烟")
    assert (smoke.keyword.now, smoke.keyword.then) == (8, 9)
    assert smoke.categories == ("E205",)
    assert smoke.cases == tuple(sorted(cases, reverse=True)[:5])


def test_no_word_comes_from_a_sealed_or_sensitive_case(town: Town) -> None:
    write(town, "家暴报警", 20, category_code="E905")
    write(town, "独居摔倒", 20, category_code="E1001")
    write(town, "尿毒症", 20, sensitivity="S3")
    found = read(town)
    assert found.texts == 60
    assert not list_words(found)


def test_nobodys_name_is_told_however_often_it_is_written(town: Town) -> None:
    write(town, "覃小明电话13812341234油烟", 20)
    write(town, "业主 覃小明 油烟", 20)
    write(town, "覃阿姨油烟，桂B12345", 20)
    assert list_words(read(town)) == {"油烟"}


def test_a_place_is_told_by_the_tables_and_not_as_a_word(town: Town) -> None:
    town.add("compound", code="C1", name="麒麟花园", geom=box(0, 0, 500, 500))
    write(town, "麒麟花园油烟", 20)
    assert list_words(read(town)) == {"油烟"}


@pytest.mark.parametrize("role", ["leader", "grid_worker"])
def test_whoever_reads_no_texts_is_told_no_words(town: Town, role: str) -> None:
    write(town, "烧烤店油烟", 8)
    found = read(town, role=role)
    assert (found.texts, found.words, found.proposals) == (0, (), ())


def test_of_a_year_with_few_texts_nothing_stands_out(connection: PostgresConnection) -> None:
    town = Town(connection)
    write(town, USUAL, 99, "2023-11-10")
    write(town, "烧烤店油烟", 30)
    assert not read(town).words
    write(town, USUAL, 1, "2023-11-10")
    assert "油烟" in list_words(read(town))


def test_what_fits_no_category_is_proposed_for_one(town: Town) -> None:
    charging = write(town, "电动车飞线充电", 3, category_code="E1299")
    lockers = write(town, "快递柜收费", 4, category_code="E1299")
    found = read(town).proposals
    assert [(proposal.category_code, proposal.cases) for proposal in found] == [
        (None, tuple(lockers)),
        ("E403", tuple(charging)),
    ]
