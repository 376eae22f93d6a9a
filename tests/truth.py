"""What is planted in a demo community against what the product's own answers say of it, from the database."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import psycopg2
import shapely
from scipy.stats import norm

from etl.demo.load import DemoReport
from geo.operations.heat import Answer, State, find_spots, list_counted_categories, measure, read_state
from geo.operations.heat_cases import YEAR_DAYS, Period, Question
from geo.operations.heat_forecast import Trial, sum_trials, try_forecast
from geo.operations.heat_units import Layout, lay_out
from geo.operations.relapses import gather_relapses, list_outcomes
from geo.patterns.hotspots import adjust_p, score_getis_ord
from geo.patterns.neighbours import Flags
from geo.store.engine import acting_as
from tests.actors import find_secretary

AS_OF = date(2026, 6, 1)
_NOW = datetime(2026, 5, 31, 16, tzinfo=UTC)
_YEAR = Period(AS_OF - timedelta(days=YEAR_DAYS), AS_OF)


@dataclass(frozen=True)
class Truth:
    """Numbers of one or several communities, to be added up.

    Attributes:
        spots, spots_found: planted hot spots, and those in which a cell is painted.
        painted, beside: cells painted on the maps of their categories and days; those outside of the spots.
        raw_beside: of as many cells with the largest counts, those outside.
        gi_painted, gi_beside: what Gi* of raw counts paints, by the normal curve with false discovery.
        listed, listed_found, listed_beside: the same of the list of all categories over the year, by cells.
        relapses, named, named_right: planted pairs; what is called a relapse; both.
        rebounds, lost, lost_right: planted rebounds; campaigns told to be lost again; both.
        silent, silent_unknown: planted silent buildings, and those shown as unknown.
        other_unknown: other buildings shown as unknown.
    """

    spots: int = 0
    spots_found: int = 0
    painted: int = 0
    beside: int = 0
    raw_beside: int = 0
    gi_painted: int = 0
    gi_beside: int = 0
    listed: int = 0
    listed_found: int = 0
    listed_beside: int = 0
    relapses: int = 0
    named: int = 0
    named_right: int = 0
    rebounds: int = 0
    lost: int = 0
    lost_right: int = 0
    silent: int = 0
    silent_unknown: int = 0
    other_unknown: int = 0

    def __add__(self, other: "Truth") -> "Truth":
        return Truth(
            **{each.name: getattr(self, each.name) + getattr(other, each.name) for each in fields(self)}
        )


@dataclass(frozen=True)
class _Spot:
    """A planted hot spot, and the cells that are in it."""

    question: Question
    period: Period
    is_true: Flags


class Demo:
    """A demo community as it was loaded, and as the product reads it."""

    def __init__(self, url: str, report: DemoReport) -> None:
        self._url = url
        self._planted = report.truth
        [(self._id,)] = self._ask("SELECT id FROM community WHERE code = %s", report.codes[0])
        with self._acting():
            self.state: State = read_state(self._id)
        self._spots = list(self._locate_spots())

    def find_truth(self) -> Truth:
        """Compare what is planted with what is answered."""
        with self._acting():
            return (
                self._find_spots()
                + self._find_listed()
                + self._find_relapses()
                + self._find_rebounds()
                + self._find_silent()
            )

    def try_forecasts(self) -> Trial | None:
        """Let the last weeks of the year be caught, category by category of the planted spots."""
        with self._acting():
            return sum_trials([try_forecast(self.state, spot.question, _YEAR) for spot in self._spots])

    def count_false_alarms(self, runs: int, chance: np.random.Generator) -> int:
        """Spread the year's cases over households by chance; count the runs in which anything is listed."""
        with self._acting():
            codes = list_counted_categories(self.state, _YEAR)
            return sum(self._is_alarmed(_spread(self.state, chance), codes) for _ in range(runs))

    def count_false_maps(self, runs: int, chance: np.random.Generator) -> int:
        """Spread the year's cases over households by chance; count the spots' maps that paint any."""
        with self._acting():
            quiet = [_spread(self.state, chance) for _ in range(runs)]
            return sum(
                bool(measure(town, replace(spot.question, per="households"), spot.period).spots.is_hot.any())
                for town in quiet
                for spot in self._spots
            )

    def _is_alarmed(self, quiet: State, codes: tuple[str, ...]) -> bool:
        questions = (Question(categories=(code,), per="households") for code in codes)
        return any(find_spots(quiet, question, _YEAR, shared_by=len(codes))[1] for question in questions)

    def _find_spots(self) -> Truth:
        found = Truth()
        for spot in self._spots:
            answer = measure(self.state, spot.question, spot.period)
            is_hot, count = answer.spots.is_hot, answer.rates.count
            by_count = np.argsort(-count, kind="stable")[: is_hot.sum()]
            is_peer = adjust_p(norm.sf(score_getis_ord(count, answer.layout.neighbours))) <= 0.05
            found += Truth(
                spots=1,
                spots_found=int((is_hot & spot.is_true).any()),
                painted=int(is_hot.sum()),
                beside=int((is_hot & ~spot.is_true).sum()),
                raw_beside=int((~spot.is_true[by_count]).sum()),
                gi_painted=int(is_peer.sum()),
                gi_beside=int((is_peer & ~spot.is_true).sum()),
            )
        return found

    def _find_listed(self) -> Truth:
        """As ``wangge hotspots`` lists them, which is told nothing of what is planted when."""
        codes = list_counted_categories(self.state, _YEAR)
        shapes = lay_out(self.state.columns, "hexagon").shapes
        found = Truth()
        for code in codes:
            _, rows = find_spots(self.state, Question(categories=(code,)), _YEAR, shared_by=len(codes))
            planted = [spot.is_true[rows] for spot in self._spots if spot.question.categories == (code,)]
            # What is being lost again is hot, too.
            grounds = [self._find_ground(each["campaign"]) for each in self._planted.rebounds
                       if each["category"] == code]  # fmt: skip
            lost = [shapely.intersects(shapes[rows], ground) for ground in grounds]
            right = np.any([*planted, *lost], axis=0) if planted or lost else np.zeros(len(rows), bool)
            found += Truth(
                listed=len(rows),
                listed_found=sum(int(each.any()) for each in planted),
                listed_beside=int((~right).sum()),
            )
        return found

    def _find_relapses(self) -> Truth:
        numbers = dict(self._ask("SELECT id, external_id FROM incident WHERE community_id = %s", self._id))
        named = {
            (numbers[row.closed_id], numbers[row.returned_id])
            for row in gather_relapses(self._id, _NOW).back
            if row.is_relapse
        }
        planted = {(pair["closed"], pair["returned"]) for pair in self._planted.relapses}
        return Truth(relapses=len(planted), named=len(named), named_right=len(named & planted))

    def _find_rebounds(self) -> Truth:
        codes = dict(self._ask("SELECT id, code FROM campaign WHERE community_id = %s", self._id))
        lost = {
            codes[campaign.id]
            for campaign in list_outcomes(self._id, _NOW)
            if any(rebound.named_on is not None for rebound in campaign.rebounds)
        }
        planted = {each["campaign"] for each in self._planted.rebounds}
        return Truth(rebounds=len(planted), lost=len(lost), lost_right=len(lost & planted))

    def _find_silent(self) -> Truth:
        answer: Answer = measure(self.state, Question(unit="building"), _YEAR)
        codes = dict(self._ask("SELECT id, code FROM building WHERE community_id = %s", self._id))
        unknown = {codes[row] for row in answer.layout.ids[answer.rates.is_unknown].tolist()}
        assert unknown == {codes[row] for row in answer.silent_buildings.tolist()}
        planted = set(self._planted.silent_buildings)
        return Truth(
            silent=len(planted), silent_unknown=len(planted & unknown), other_unknown=len(unknown - planted)
        )

    def _locate_spots(self) -> Iterator[_Spot]:
        plane = self.state.columns.ground.plane
        layout = lay_out(self.state.columns, "hexagon")
        for spot in self._planted.hotspots:
            middle = shapely.Point(plane.to_metres(np.array([[spot["lon"], spot["lat"]]]))[0])
            is_true = shapely.intersects(layout.shapes, middle.buffer(spot["radius_m"]))
            # A yard's cases are those of its house, which may stand just outside of the circle.
            is_true[self._find_houses(layout, spot)] = True
            since = AS_OF - timedelta(days=spot["days"])
            yield _Spot(Question(categories=(spot["category"],)), Period(since, AS_OF), is_true)

    def _find_ground(self, campaign: str) -> shapely.Geometry:
        [(ground,)] = self._ask("SELECT ST_AsBinary(geom) FROM campaign WHERE code = %s", campaign)
        plane = self.state.columns.ground.plane
        return shapely.transform(shapely.from_wkb(bytes(ground)), plane.to_metres)

    def _find_houses(self, layout: Layout, spot: dict[str, Any]) -> list[int]:
        houses = self._ask(
            "SELECT DISTINCT building_id FROM incident WHERE community_id = %s AND building_id IS NOT NULL"
            " AND category_code = %s AND reported_at >= CAST(%s AS timestamptz) - %s * interval '1 day'"
            " AND ST_DWithin(CAST(geom AS geography),"
            "   CAST(ST_SetSRID(ST_MakePoint(%s, %s), 4490) AS geography), %s)",
            self._id, spot["category"], _NOW, spot["days"], spot["lon"], spot["lat"], spot["radius_m"],
        )  # fmt: skip
        rows = np.searchsorted(self.state.columns.ground.building_ids, [house for (house,) in houses])
        return [cell for cell in layout.of_building[rows.astype(int)].tolist() if cell >= 0]

    def _acting(self) -> Any:
        return acting_as(find_secretary(self._url))

    def _ask(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with closing(psycopg2.connect(self._url)) as connection, connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall()


def _spread(state: State, chance: np.random.Generator) -> State:
    """Return the community with the same cases, each in a house drawn by households: nothing is hot."""
    columns, cases = state.columns, state.columns.cases
    ground = columns.ground
    share = ground.households / ground.households.sum()
    house = chance.choice(len(share), len(cases.ids), p=share).astype(np.int32)
    places = ground.places_m[house].astype(np.float32)
    drawn = replace(
        cases, building=house, x_m=places[:, 0], y_m=places[:, 1],
        compound=ground.compound_of[house].astype(np.int16), grid=ground.grid_of[house].astype(np.int16),
    )  # fmt: skip
    return State(state.tag, replace(columns, cases=drawn), state.looks)
