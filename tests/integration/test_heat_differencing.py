"""Subtracting one answer from another on shared screens: what is left is nothing, or five cases and more."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import combinations, product
from typing import Any

import httpx
import numpy as np
import pytest
from openpyxl import load_workbook
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from shapely import Point, box

from dashboard.i18n import Text
from dashboard.models.heat_data import DOCUMENTS, measure_all
from dashboard.models.heat_export import list_columns, list_rows, write_watermark
from dashboard.models.heat_page import HeatPage, build_heat_page
from dashboard.models.heat_state import HeatState, parse_heat_state
from geo.model.actor import Role
from geo.operations.exporting import Kind, export_rows
from geo.operations.heat import State, read_state
from geo.store.choices import list_categories
from geo.store.engine import acting_as
from tests.actors import make_actor
from tests.serving import serve
from tests.town import Town

TODAY = date(2024, 11, 20)
CODES = ("E101", "E102", "E201", "E402", "E403")
PERIODS = (
    ("2023-07-01", "2024-09-30"),
    ("2023-10-01", "2024-09-30"),
    ("2024-01-01", "2024-06-30"),
    ("2024-04-01", "2024-06-30"),
    ("2024-04-01", "2024-06-29"),
    ("2024-05-01", "2024-05-31"),
    ("2024-06-30", "2024-07-01"),
    ("2024-09-01", "2024-11-20"),
)
# Whatever else an address may ask for; none of it may make an answer finer.
FINER: tuple[dict[str, str], ...] = (
    {},
    {"unit": "building"},
    {"unit": "smooth"},
    {"hours": "8-9"},
    {"weekdays": "1,2"},
    {"source": "patrol"},
    {"per": "merchants"},
    {"compare": "previous"},
    {"cell": "1"},
    {"measure": "trend"},
)


class Busy(Town):
    """Three grids of two buildings; a year and a quarter of cases, so that atoms have from none to ten."""

    def __init__(self, connection: PostgresConnection) -> None:
        super().__init__(connection)
        self.houses = []
        for number in range(3):
            self.grid(f"0{number + 1}", box(300 * number, 0, 300 * number + 300, 1000))
            for half in (0, 1):
                x = 300 * number + 50 + 100 * half
                self.houses.append(
                    (self.building(f"{number}{half}", box(x, 100, x + 20, 120), households=60), x + 10)
                )
        self.chance = np.random.default_rng(7)
        for _ in range(330):
            self.report()

    def report(self, at: str | None = None, house: int | None = None, code: str | None = None) -> int:
        building, x = self.houses[int(self.chance.choice(6, p=(0.3, 0.2, 0.2, 0.15, 0.1, 0.05)))]
        if house is not None:
            building, x = self.houses[house]
        day = int(self.chance.integers(0, 457))
        return self.incident(
            building_id=building,
            geom=Point(x, 110),
            category_code=code or str(self.chance.choice(CODES, p=(0.4, 0.2, 0.2, 0.15, 0.05))),
            source=str(self.chance.choice(("patrol", "phone"))),
            reported_at=at or f"{np.datetime64('2023-07-01') + day}T{self.chance.integers(0, 24):02}:30+08",
        )

    def read(self) -> State:
        self.connection.commit()
        with acting_as(make_actor(self.id, role="leader")):
            return read_state(self.id)


@pytest.fixture
def town(connection: PostgresConnection) -> Busy:
    return Busy(connection)


def list_questions() -> Iterator[dict[str, str]]:
    groups = ("", "E1", "E2", "E4", "E1,E2", "E1,E4", "E1,E2,E4", "E101", "E101,E4")
    for category, (since, until), finer in product(groups, PERIODS, FINER):
        yield {"shared": "1", "category": category, "since": since, "until": until} | finer


def parse(params: dict[str, str], state: State) -> HeatState:
    asked, ignored = parse_heat_state(params, state.columns.cases.codes, TODAY)
    assert ignored == ()
    return asked


def test_no_two_answers_differ_by_fewer_than_five_cases_of_a_grid(town: Busy) -> None:
    """One answer holds another where it has all its groups and all its days."""
    state = town.read()
    answers: dict[tuple[Any, ...], np.ndarray] = {}
    for params in list_questions():
        asked = parse(params, state)
        (answer,) = measure_all(state, asked)
        codes = set(asked.question.categories) or {"E1", "E2", "E4"}
        answers[frozenset(codes), asked.period.since, asked.period.until] = answer.rates.count
    assert len(answers) > 20
    compared = 0
    for (some, count), (others, total) in combinations(answers.items(), 2):
        for inner, few, outer, many in ((some, count, others, total), (others, total, some, count)):
            if inner[0] <= outer[0] and outer[1] <= inner[1] and inner[2] <= outer[2]:
                left = many - few
                assert ((left == 0) | (left >= 5)).all(), (inner, outer, left)
                compared += bool(left.any())
    assert compared > 20


def test_what_is_finer_than_an_atom_is_answered_as_if_it_had_not_been_asked(town: Busy) -> None:
    state = town.read()
    for since, until in PERIODS:
        plain = {"shared": "1", "since": since, "until": until}
        seen = {
            parse(plain | finer, state).question for finer in FINER if finer.get("measure") != "trend"
        } | {parse(plain | {"category": code}, state).question for code in CODES}
        assert len(seen) == 1
        ends = {parse(plain | finer, state).period for finer in FINER}
        assert len(ends) == 1


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_one_case_more_in_an_atom_of_few_changes_no_page_table_or_document(town: Busy, kind: Kind) -> None:
    """As a leader who watches the screen before and after, with every list, file and address there is."""
    quiet = "2023-08-15T09:00+08"
    town.report(quiet, 5, "E403")
    before = _take_everything(town, kind)
    town.report(quiet, 5, "E403")
    assert _take_everything(town, kind) == before
    # A fifth case of the atom shows, with the four before it.
    for _ in range(5):
        town.report(quiet, 5, "E403")
    assert _take_everything(town, kind) != before


@pytest.mark.parametrize("role", ["leader", "secretary", "grid_worker", "administrator"])
def test_addresses_of_shared_screens_answer_alike_whoever_asks(
    role: Role, town: Busy, database_url: str
) -> None:
    town.connection.commit()
    asked = "community=A&shared=1&since=2023-07-01&until=2024-06-30"
    with serve(database_url, make_actor(town.id, role=role)) as client:
        plain = _read(client, f"cells.json?{asked}")
        for finer in ("hours=8-9", "weekdays=1", "source=patrol", "unit=building", "per=residents"):
            assert _read(client, f"cells.json?{asked}&{finer}") == plain
        for document in set(DOCUMENTS) - {"cells", "hexagons"}:
            refused = client.get(f"/patterns/{document}.json?{asked}&compare=previous")
            assert refused.status_code == 400


def _read(client: httpx.Client, address: str) -> Any:
    answer = client.get(f"/patterns/{address}")
    assert answer.status_code == 200
    return answer.json()


def _take_everything(town: Busy, kind: Kind) -> list[object]:
    """Return all that the heat page, its table and the table as a file say on a shared screen."""
    state, text = town.read(), Text("zh")
    categories = {category.code: category for category in list_categories()}
    taken: list[object] = []
    for category, (since, until) in product(("", "E4", "E403"), PERIODS[:4]):
        for measure in ("count", "rate", "hot"):
            asked = parse(
                {"shared": "1", "category": category, "since": since, "until": until, "measure": measure},
                state,
            )
            page = build_heat_page(state, asked, ("A", "新风"), categories, text)
            taken.append(_leave_out_version(page))
        answers = measure_all(state, asked)
        header = list_columns(answers, text)
        watermark = write_watermark("王", page, datetime(2024, 11, 20, tzinfo=UTC), text)
        rows = list_rows(answers, watermark, len(header), text)
        with acting_as(make_actor(town.id, role="leader")):
            taken.append(_open(kind, export_rows(kind, town.id, header, lambda: rows, watermark)))  # noqa: B023
    return taken


def _leave_out_version(page: HeatPage) -> tuple[object, ...]:
    """Leave out the addresses of data: that something has changed somewhere, their version says."""
    return (page.told, page.title, page.legend, page.places, page.heading, page.note, page.is_empty)


def _open(kind: Kind, content: bytes) -> list[list[object]]:
    if kind == "csv":
        return [list(row) for row in csv.reader(io.StringIO(content.decode("utf-8-sig")))]
    book = load_workbook(io.BytesIO(content))
    return [[cell.value for cell in row] for sheet in book for row in sheet.iter_rows()]
