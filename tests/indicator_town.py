"""A small town in which cases run as a test writes them, for the tests of the indicators."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from shapely import Point, box

from geo.model.indicator import WHOLE, Level, Value
from geo.operations.indicators import list_indicator_cases, measure
from geo.rules.periods import Period, parse_period
from tests.town import Town

CHINA: Final = ZoneInfo("Asia/Shanghai")
AFTER: Final = datetime(2026, 12, 1, tzinfo=CHINA)
"""When all is over that the tests tell of."""


def at(words: str) -> datetime:
    """Return a moment of 2026 in China, such as ``10-05 09:30``."""
    return datetime.fromisoformat(f"2026-{words}").replace(tzinfo=CHINA)


def month(words: str) -> Period:
    """Return a month, or another period, by its name."""
    found = parse_period(words)
    assert found is not None
    return found


OCTOBER: Final = month("2026-10")
NOVEMBER: Final = month("2026-11")


@dataclass(frozen=True)
class IndicatorTown:
    """Two grids with a compound each, a building in each with 300 and 200 residents, two companies."""

    town: Town
    grids: tuple[int, int]
    compounds: tuple[int, int]
    buildings: tuple[int, int]
    plan: int
    zones: tuple[int, int]
    parties: tuple[int, int]

    @property
    def id(self) -> int:
        """The community's row id."""
        return self.town.id

    def case(self, reported: str, *steps: tuple[Any, ...], **values: object) -> int:
        """Add a case and its history; each step is a state or a kind, a moment, and what else it says.

        The case's own columns are what the test says: nothing is worked out here that is tested.
        """
        placed: dict[str, object] = {"building_id": self.buildings[0], "party_id": self.parties[0]}
        moments = {
            name: at(value) if name.endswith("_at") and isinstance(value, str) else value
            for name, value in values.items()
        }
        incident = self.town.incident(**placed | {"source": "phone", "reported_at": at(reported)} | moments)
        self.event(incident, "reported", reported)
        for what, when, *said in steps:
            self.event(incident, what, when, **(said[0] if said else {}))
        return incident

    def event(self, incident: int, what: str, when: str, **said: object) -> None:
        """Add a step to the history of a case: a state it came to, or a kind of step that moved nothing."""
        kinds = {"extended", "called_back", "whistled", "arrived", "rework"}
        moved = {"kind": what} if what in kinds else {"kind": "moved", "to_state": what}
        reason = {"reason": "other"} if what == "returned" else {}
        self.town.add("incident_event", incident_id=incident, at=at(when), **moved | reason | said)

    def tell(
        self, id_: str, period: Period = OCTOBER, *, level: Level = "community", key: object = WHOLE,
        now: datetime = AFTER,
    ) -> tuple[float, float]:  # fmt: skip
        """Return numerator and denominator, as a case list opens them too; of what is no fraction n alone."""
        self.town.connection.commit()
        value = self.value(id_, period, level=level, key=key, now=now)
        return value.numerator or 0, value.denominator or 0

    def value(
        self, id_: str, period: Period = OCTOBER, *, level: Level = "community", key: object = WHOLE,
        now: datetime = AFTER,
    ) -> Value:  # fmt: skip
        """Return what an indicator comes to."""
        self.town.connection.commit()
        [value] = measure(self.id, [period], level=level, ids=[id_], now=now).values[id_][str(key)]
        return value

    def list(self, id_: str, part: Any = "numerator", period: Period = OCTOBER) -> Sequence[int]:
        """Return the cases a figure opens down to."""
        self.town.connection.commit()
        return list_indicator_cases(self.id, id_, period, part=part, now=AFTER)


def found_indicator_town(connection: PostgresConnection, code: str = "A") -> IndicatorTown:
    """Build the town and commit it."""
    town = Town(connection, code)
    west, east = box(0, 0, 500, 1000), box(500, 0, 1000, 1000)
    grids = town.grid("G1", west), town.grid("G2", east)
    parties = town.party("P1", "property_company"), town.party("P2", "property_company")
    compounds = (
        town.add("compound", code="K1", name="甲小区", geom=box(0, 0, 400, 1000)),
        town.add("compound", code="K2", name="乙小区", geom=box(600, 0, 1000, 1000)),
    )
    buildings = (
        town.building("1", box(10, 10, 40, 40), compound_id=compounds[0], households=100, residents=300),
        town.building("2", box(700, 10, 740, 40), compound_id=compounds[1], households=80, residents=200),
    )
    plan = town.plan()
    zones = town.zone(plan, "Z1", buildings[0]), town.zone(plan, "Z2", buildings[1])
    connection.commit()
    return IndicatorTown(town, grids, compounds, buildings, plan, zones, parties)


def spot(x_m: float, y_m: float) -> Point:
    """Return a place out of doors, in metres of the town."""
    return Point(x_m, y_m)
