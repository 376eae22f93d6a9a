"""Heat by hand: what is counted over what, what is unknown, what a period and a filter let in."""

import gc
from dataclasses import replace
from datetime import date
from typing import Any
from weakref import ref

import httpx
import numpy as np
import pytest
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from shapely import Point, box

from geo.model.actor import Role
from geo.operations.heat import Answer, State, compare, follow_weeks, measure, read_state, smooth
from geo.operations.heat_cases import Period, Question, choose_per
from geo.operations.heat_cells import find_row, tell_cell
from geo.operations.heat_units import Unit, lay_out
from geo.store.engine import acting_as
from tests.actors import make_actor
from tests.serving import serve
from tests.town import Town

JUNE = Period(date(2024, 6, 1), date(2024, 7, 1))
BUILDINGS = Question(unit="building")


class Yard(Town):
    """Buildings 1, 2 and 3 of 40, 20 and 0 households, 300 m apart, the first in a compound; one grid."""

    def __init__(self, connection: PostgresConnection) -> None:
        super().__init__(connection)
        self.compound = self.add("compound", code="C", name="新风家园", geom=box(0, 0, 200, 200))
        self.buildings = [
            self.building(
                str(number), box(x, 100, x + 20, 120), households=households, residents=3 * households,
                compound_id=self.compound if number == 1 else None,
            )
            for number, x, households in ((1, 100, 40), (2, 400, 20), (3, 700, 0))
        ]  # fmt: skip
        self.grid("01", box(0, 0, 1000, 1000))

    def report(self, building: int | None, at: str = "2024-06-05T09:00+08", **values: object) -> None:
        place = {"geom": Point(900, 900)} if building is None else {
            "geom": Point(300 * building - 190, 110), "building_id": self.buildings[building - 1],
        }  # fmt: skip
        self.incident(**place | {"reported_at": at} | values)

    def read(self) -> State:
        self.connection.commit()
        with acting_as(make_actor(self.id)):
            return read_state(self.id)


@pytest.fixture
def yard(connection: PostgresConnection) -> Yard:
    return Yard(connection)


class TestRates:
    def test_a_rate_is_the_count_over_the_households(self, yard: Yard) -> None:
        for building in (1, 1, 2, 2, 3):
            yard.report(building)
        answer = measure(yard.read(), BUILDINGS, JUNE)
        assert answer.rates.count.tolist() == [2, 2, 1]
        assert answer.rates.rate[:2].tolist() == [2 / 40, 2 / 20]
        # Nobody lives in the third: there is a count, and no rate.
        assert np.isnan(answer.rates.rate[2])
        assert answer.mean_rate == 4 / 60
        assert (answer.counted, answer.unplaced) == (5, 0)

    def test_matters_of_shops_are_counted_over_shops(self, yard: Yard) -> None:
        for number in range(6):
            yard.add("merchant", code=f"M{number}", name="店", building_id=yard.buildings[2])
        yard.report(3, category_code="E201")
        answer = measure(yard.read(), replace(BUILDINGS, categories=("E2",)), JUNE)
        assert answer.per == "merchants"
        assert answer.rates.at_risk.tolist() == [0, 0, 6]
        assert answer.rates.rate[2] == 1 / 6

    def test_matters_of_the_street_are_not_counted_over_households(self, yard: Yard) -> None:
        yard.report(None, category_code="E301")
        yard.report(None, category_code="E603")
        yard.report(1, category_code="E402")
        columns = yard.read().columns
        by_hexagon = Question(categories=("E301",))
        assert choose_per(columns, by_hexagon) == "others"
        assert choose_per(columns, replace(by_hexagon, unit="building")) == "households"
        assert choose_per(columns, Question(categories=("E402",))) == "households"
        assert choose_per(columns, Question()) == "households"

    @pytest.mark.parametrize(("unit", "cells", "count"), [("compound", 1, 2), ("grid", 1, 3)])
    def test_compounds_and_grids_have_what_is_in_their_buildings(
        self, unit: Unit, cells: int, count: int, yard: Yard
    ) -> None:
        for building in (1, 1, 2):
            yard.report(building)
        answer = measure(yard.read(), Question(unit=unit), JUNE)
        assert answer.rates.count.tolist() == [count]
        assert len(answer.layout) == cells
        assert answer.rates.at_risk.tolist() == [40 if unit == "compound" else 60]
        assert answer.unplaced == 3 - count

    def test_hexagons_add_up_to_the_community(self, yard: Yard) -> None:
        for building in (1, 2, 3, None):
            yard.report(building)
        answer = measure(yard.read(), Question(), JUNE)
        assert answer.rates.count.sum() == 4
        assert answer.rates.at_risk.sum() == 60
        ground = answer.layout.of_building
        assert answer.rates.count[ground].tolist() == [1, 1, 1]


class TestQuestions:
    @pytest.mark.parametrize(
        ("at", "is_in"),
        [
            ("2024-06-01T00:00+08", True),
            ("2024-05-31T23:59+08", False),
            ("2024-06-30T23:59+08", True),
            ("2024-07-01T00:00+08", False),
        ],
    )
    def test_a_period_has_its_days_in_china(self, at: str, is_in: bool, yard: Yard) -> None:
        yard.report(1, at)
        assert measure(yard.read(), BUILDINGS, JUNE).counted == is_in

    @pytest.mark.parametrize(
        ("question", "counted"),
        [
            (Question(categories=("E1",)), 2),
            (Question(categories=("E101",)), 1),
            (Question(categories=("E101", "E4")), 2),
            (Question(sources=("hotline_12345",)), 1),
            (Question(hours=(8, 10)), 1),
            (Question(hours=(22, 6)), 2),
            (Question(weekdays=(5, 6)), 1),
            (Question(weekdays=(6,), hours=(0, 12)), 0),
            (Question(), 3),
        ],
    )
    def test_filters_let_in_what_fits(self, question: Question, counted: int, yard: Yard) -> None:
        # Wednesday morning, Wednesday night, Sunday late.
        yard.report(1, "2024-06-05T09:59+08", category_code="E101")
        yard.report(1, "2024-06-06T05:00+08", category_code="E102", source="hotline_12345")
        yard.report(1, "2024-06-09T22:00+08", category_code="E402")
        assert measure(yard.read(), replace(question, unit="building"), JUNE).counted == counted


class TestUnknown:
    def test_neither_case_nor_visit_is_unknown_and_either_is_not(self, yard: Yard) -> None:
        yard.report(1)
        yard.add(
            "visit", kind="patrol", at="2024-03-01T09:00+08", building_id=yard.buildings[1], outcome="checked"
        )
        answer = measure(yard.read(), BUILDINGS, JUNE)
        assert answer.rates.is_unknown.tolist() == [False, False, True]
        assert answer.silent_buildings.tolist() == [yard.buildings[2]]

    def test_a_case_of_any_kind_shows_that_somebody_looked(self, yard: Yard) -> None:
        yard.report(3, category_code="E701")
        answer = measure(yard.read(), replace(BUILDINGS, categories=("E101",)), JUNE)
        assert answer.rates.count.tolist() == [0, 0, 0]
        assert answer.rates.is_unknown.tolist() == [True, True, False]

    def test_what_was_seen_after_the_period_or_a_year_before_does_not_count(self, yard: Yard) -> None:
        yard.report(1, "2024-07-02T09:00+08")
        yard.report(2, "2023-06-01T09:00+08")
        assert measure(yard.read(), BUILDINGS, JUNE).rates.is_unknown.all()

    def test_open_land_is_not_unknown(self, yard: Yard) -> None:
        answer = measure(yard.read(), Question(), JUNE)
        assert sorted(np.flatnonzero(answer.rates.is_unknown)) == sorted(answer.layout.of_building)


class TestPeriods:
    def test_weeks_end_with_the_period_and_each_picture_adds_up_four(self, yard: Yard) -> None:
        period = Period(date(2024, 5, 6), date(2024, 7, 1))
        for at in (
            "2024-05-06T00:00+08",
            "2024-05-12T23:00+08",
            "2024-06-05T09:00+08",
            "2024-06-30T23:00+08",
        ):
            yard.report(1, at)
        weeks = follow_weeks(yard.read(), BUILDINGS, period)
        assert weeks.first == period.since
        assert weeks.count[0].tolist() == [2, 0, 0, 0, 1, 0, 0, 1]
        assert weeks.shown[0].tolist() == [2, 2, 2, 2, 1, 1, 1, 2]
        assert weeks.count[1:].sum() == 0

    def test_a_difference_is_beyond_what_changed_everywhere(self, yard: Yard) -> None:
        before = Period(date(2024, 5, 2), date(2024, 6, 1))
        for day in range(1, 31):
            yard.report(1, f"2024-06-{day:02}T09:00+08")
            yard.report(2, f"2024-06-{day:02}T09:00+08")
            yard.report(2, f"2024-05-{day + 1:02}T09:00+08")
        for day in range(2, 8):
            yard.report(1, f"2024-05-{day:02}T09:00+08")
        change = compare(yard.read(), BUILDINGS, before, JUNE)
        assert change.ratio[0] == pytest.approx((30 / 6) / (30 / 30))
        assert change.has_risen.tolist() == [True, False, False]

    def test_a_surface_holds_all_cases_and_none_outside(self, yard: Yard) -> None:
        for _ in range(5):
            yard.report(2)
        surface = smooth(yard.read(), Question(), JUNE)
        hectares = surface.density.pixel_m**2 / 10_000
        # A little of it reaches over the edge, 110 m away.
        assert 4 < np.nansum(surface.density.values) * hectares <= 5
        assert np.nanmax(surface.rate) == pytest.approx(5 / 20, rel=0.2)


class TestCells:
    def test_a_cell_tells_its_weeks_kinds_newest_cases_and_neighbours(self, yard: Yard) -> None:
        yard.report(1, "2024-06-05T09:00+08", category_code="E101")
        yard.report(1, "2024-06-20T09:00+08", category_code="E101")
        yard.report(1, "2024-06-21T09:00+08", category_code="E402")
        yard.report(2, "2024-06-21T09:00+08", category_code="E402")
        state = yard.read()
        answer: Answer = measure(state, BUILDINGS, JUNE)
        assert find_row(answer, yard.buildings[0]) == 0
        assert find_row(answer, yard.buildings[0] - 1) is None
        story = tell_cell(state, BUILDINGS, JUNE, 0)
        assert story.kinds == (("E101", 2), ("E402", 1))
        assert story.weeks.sum() == 3
        assert story.usual.sum() == pytest.approx(4 * 40 / 60)
        cases = state.columns.cases
        assert story.newest == tuple(cases.ids[cases.building == 0][::-1].tolist())
        assert story.neighbours == ()

    def test_a_hexagon_is_called_by_the_compound_or_the_building_in_it(self, yard: Yard) -> None:
        layout = lay_out(yard.read().columns, "hexagon")
        names = [layout.names[cell] for cell in layout.of_building]
        assert names == ["新风家园", "2号楼", "3号楼"]


class TestAddresses:
    """What ``/patterns/`` answers, and to whom."""

    ASKED = "/patterns/cells.json?community=A&unit=building&since=2024-06-01&until=2024-06-30"

    def test_cells_are_kept_for_good_at_their_version_and_asked_for_again_without(
        self, yard: Yard, database_url: str
    ) -> None:
        yard.report(1)
        yard.connection.commit()
        with serve(database_url, make_actor(yard.id)) as client:
            answer = client.get(self.ASKED)
            found = answer.json()
            assert found["count"] == [1, 0, 0]
            assert found["unknown"] == yard.buildings[1:]
            assert found["rate"] == [25.0, 0.0, None]
            assert answer.headers["cache-control"] == "private, no-cache"
            tag = answer.headers["etag"].split('"')[1]
            assert "immutable" in client.get(f"{self.ASKED}&v={tag}").headers["cache-control"]
            assert client.get(self.ASKED, headers={"If-None-Match": f'W/"{tag}"'}).status_code == 304
            yard.report(1)
            yard.connection.commit()
            later = client.get(f"{self.ASKED}&v={tag}")
            assert later.json()["count"] == [2, 0, 0]
            assert later.headers["cache-control"] == "private, no-cache"

    @pytest.mark.parametrize(
        ("params", "status"),
        [
            ("", 400),
            ("community=B", 404),
            ("community=A", 400),
            ("community=A&days=28", 400),
            ("community=A&since=2024-06-01&until=2024-06-30&unit=nonsense", 400),
            ("community=A&since=2024-06-01&until=2024-06-30&category=E905", 400),
            ("community=A&since=2024-06-30&until=2024-06-01", 400),
            ("community=A&since=2024-06-01&until=2024-06-30&sensitivity=S3", 400),
        ],
    )
    def test_what_makes_no_sense_is_refused_in_a_sentence(
        self, params: str, status: int, yard: Yard, database_url: str
    ) -> None:
        yard.connection.commit()
        with serve(database_url, make_actor(yard.id)) as client:
            answer = client.get(f"/patterns/cells.json?{params}")
        assert answer.status_code == status
        assert set(answer.json()) == {"error"}

    @pytest.mark.parametrize("role", ["secretary", "property_company"])
    def test_nobody_is_served_what_another_may_see(self, role: Role, yard: Yard, database_url: str) -> None:
        other = Town(yard.connection, "B", box(2000, 0, 3000, 1000))
        yard.report(1)
        yard.connection.commit()
        own = [yard.id] if role == "property_company" else [other.id]
        party = yard.party("P", "property_company") if role == "property_company" else None
        yard.connection.commit()
        stranger = make_actor(*own, role=role, party_id=party)
        with serve(database_url, make_actor(yard.id), stranger) as client:
            assert client.get(self.ASKED).status_code == 200
            refused = client.get(self.ASKED, headers={"X-Actor": "1"})
        assert refused.status_code == 404

    def test_hexagons_are_outlines_in_degrees(self, yard: Yard, database_url: str) -> None:
        yard.connection.commit()
        with serve(database_url, make_actor(yard.id)) as client:
            features = _list_features(client, "/patterns/hexagons.json?community=A")
        assert [feature["properties"]["id"] for feature in features] == list(range(len(features)))
        ring = np.array(features[0]["geometry"]["coordinates"][0])
        assert len(ring) == 7
        assert abs(ring - (120, 32)).max() < 0.02


def _list_features(client: httpx.Client, address: str) -> list[dict[str, Any]]:
    answer = client.get(address)
    assert answer.status_code == 200
    features: list[dict[str, Any]] = answer.json()["features"]
    return features


def test_columns_that_nobody_has_any_more_are_forgotten(yard: Yard) -> None:
    """A screen on a wall reads states for weeks."""
    read = []
    for _ in range(3):
        yard.report(1)
        state = yard.read()
        measure(state, BUILDINGS, JUNE)
        read.append(ref(state.columns))
        del state
    gc.collect()
    assert [columns() is None for columns in read] == [True, True, False]
