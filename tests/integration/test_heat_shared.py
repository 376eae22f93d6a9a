"""Heat on shared screens: no answer, and no two answers together, tell of fewer than k cases."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from shapely import Point, box

from dashboard.models.heat_data import DOCUMENTS, measure_all, write_document
from dashboard.models.heat_state import parse_heat_state
from geo.operations.heat import State, read_state
from geo.operations.heat_cases import Period
from geo.operations.heat_shared import find_quarters, measure_shared
from geo.settings import get_settings
from geo.store.engine import acting_as
from tests.actors import make_actor
from tests.serving import serve
from tests.town import Town

TODAY = date(2024, 11, 20)
YEAR = Period(date(2023, 10, 1), date(2024, 10, 1))


class Quarters(Town):
    """Two grids with a building of 100 households each."""

    def __init__(self, connection: PostgresConnection) -> None:
        super().__init__(connection)
        self.buildings = []
        for number, x in ((1, 0), (2, 500)):
            self.grid(f"0{number}", box(x, 0, x + 500, 1000))
            self.buildings.append(self.building(str(number), box(x + 100, 100, x + 120, 120), households=100))

    def report(self, grid: int, count: int, at: str, **values: object) -> None:
        for _ in range(count):
            self.incident(
                building_id=self.buildings[grid - 1],
                geom=Point(500 * grid - 390, 110),
                reported_at=at,
                **values,
            )

    def read(self) -> State:
        self.connection.commit()
        with acting_as(make_actor(self.id, role="leader")):
            return read_state(self.id)


@pytest.fixture
def town(connection: PostgresConnection) -> Quarters:
    return Quarters(connection)


def test_an_atom_of_fewer_than_five_is_told_by_no_answer(town: Quarters) -> None:
    town.report(1, 5, "2024-02-01T09:00+08")
    town.report(1, 4, "2024-05-01T09:00+08")
    town.report(2, 4, "2024-02-01T09:00+08", category_code="E402")
    town.report(2, 4, "2024-02-01T09:00+08", category_code="E101")
    answer = measure_shared(town.read(), (), YEAR)
    assert answer.rates.count.tolist() == [5, 0]
    assert answer.is_hidden.tolist() == [False, True]
    assert answer.counted == 5


def test_four_cases_more_change_nothing_that_can_be_asked(town: Quarters) -> None:
    town.report(1, 7, "2024-02-01T09:00+08")
    town.report(1, 6, "2024-08-01T09:00+08", category_code="E402")

    def ask_everything(state: State) -> list[bytes]:
        return [
            write_document(document, state, parse_heat_state(params, state.columns.cases.codes, TODAY)[0])
            for document in DOCUMENTS
            if document in {"cells", "hexagons"}
            for measure in ("count", "rate", "hot", "trend")
            for unit in ("hexagon", "grid", "building", "smooth")
            for category in ("", "E1", "E4", "E1,E4")
            for since in ("2023-10-01", "2024-01-01", "2024-02-01", "2024-07-01")
            for until in ("2024-06-30", "2024-09-30", "2024-11-20")
            for params in [
                {"shared": "1", "measure": measure, "unit": unit, "category": category, "since": since,
                 "until": until, "hours": "8-9", "weekdays": "4", "source": "patrol"}
            ]
        ]  # fmt: skip

    before = ask_everything(town.read())
    town.report(2, 4, "2024-02-01T09:00+08")
    town.report(1, 3, "2024-05-01T12:00+08", category_code="E402")
    # The quarter that still runs is not over.
    town.report(1, 20, "2024-11-01T12:00+08")
    assert ask_everything(town.read()) == before
    town.report(2, 1, "2024-02-01T09:00+08")
    assert ask_everything(town.read()) != before


def test_whoever_asks_for_what_visitors_may_see_is_shown_no_more(town: Quarters, database_url: str) -> None:
    town.report(1, 7, "2024-02-01T09:00+08")
    town.report(2, 4, "2024-02-01T09:00+08")
    town.connection.commit()
    asked = "community=A&unit=building&since=2023-10-01&until=2024-09-30&shared=1"
    with serve(database_url, make_actor(town.id, role="leader")) as client:
        cells = client.get(f"/patterns/cells.json?{asked}").json()
        assert cells["count"] == [7, 0]
        assert len(cells["hidden"]) == 1
        for document in set(DOCUMENTS) - {"cells", "hexagons"}:
            refused = client.get(f"/patterns/{document}.json?{asked}&compare=previous")
            assert refused.status_code == 400


def test_k_is_a_setting(town: Quarters, monkeypatch: pytest.MonkeyPatch) -> None:
    town.report(1, 7, "2024-02-01T09:00+08")
    monkeypatch.setenv("WANGGE_LEAST_SHOWN", "8")
    get_settings.cache_clear()
    assert measure_shared(town.read(), (), YEAR).rates.count.tolist() == [0, 0]


def test_the_page_asks_for_nothing_finer(town: Quarters) -> None:
    state = town.read()
    params = {
        "shared": "1", "unit": "building", "category": "E101,E4", "hours": "8-10", "source": "patrol",
        "weekdays": "1", "cell": "1", "compare": "previous", "measure": "trend",
    }  # fmt: skip
    asked, ignored = parse_heat_state(params, state.columns.cases.codes, TODAY)
    assert ignored == ()
    assert asked.question == replace(
        type(asked.question)(), unit="grid", per="households", categories=("E4",)
    )
    assert (asked.cell, asked.comparison, asked.is_smooth) == (None, None, False)
    assert asked.period == YEAR
    (answer,) = measure_all(state, asked)
    assert not np.any(answer.rates.is_unknown)
    assert answer.silent_buildings.size == 0


@pytest.mark.parametrize(
    ("since", "until", "quarters"),
    [
        (date(2024, 1, 1), date(2025, 1, 1), (date(2023, 10, 1), date(2024, 10, 1))),
        (date(2024, 10, 24), date(2024, 11, 21), (date(2024, 7, 1), date(2024, 10, 1))),
        (date(2024, 4, 1), date(2024, 7, 1), (date(2024, 4, 1), date(2024, 7, 1))),
        (date(2023, 12, 20), date(2024, 3, 10), (date(2023, 10, 1), date(2024, 1, 1))),
    ],
)
def test_periods_become_whole_quarters_that_are_over(
    since: date, until: date, quarters: tuple[date, date]
) -> None:
    found = find_quarters(Period(since, until), TODAY)
    assert (found.since, found.until) == quarters
    assert find_quarters(found, TODAY) == found
