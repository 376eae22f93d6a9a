"""The map of the morning page: how loaded the zones are, what is unknown, where the first things are."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from dashboard.i18n import Text
from dashboard.models.map_page import LegendEntry
from dashboard.models.morning import FirstThing, find_status
from geo.model.working_time import Status
from geo.store.morning import Morning

# A zone's open cases as a multiple of the mean of all zones; the level is how many of these it reaches.
_LOAD_STEPS: Final = (0.01, 0.75, 1.25, 1.75)
# What the map has on a desk of 1366 × 768.
MAP_PX: Final = (790, 500)


@dataclass(frozen=True)
class MorningMap:
    """What is drawn over the community's own layers.

    Attributes:
        load_levels: level of each zone by id: how many of the steps its load reaches.
        unheld_zones: ids of the zones nobody leads.
        unknown_buildings: ids of the buildings nobody has looked at.
        amber_cases: ids of the cases that have used most of their time.
        numbers: number, longitude and latitude of the first things.
    """

    load_levels: Mapping[int, int]
    unheld_zones: tuple[int, ...]
    unknown_buildings: tuple[int, ...]
    amber_cases: tuple[int, ...]
    numbers: tuple[tuple[int, float, float], ...]


def build_map(morning: Morning, first_things: Sequence[FirstThing]) -> MorningMap:
    """Return what the map of a morning shows."""
    return MorningMap(
        load_levels=weigh_zones(morning),
        unheld_zones=tuple(zone.id for zone in morning.zones if zone.lead is None),
        unknown_buildings=tuple(sorted(building.id for building in morning.unknown)),
        amber_cases=tuple(
            sorted(case.id for case in morning.cases if find_status(case, morning) is Status.AMBER)
        ),
        numbers=tuple((thing.number, *thing.place) for thing in first_things if thing.place),
    )


def weigh_zones(morning: Morning) -> dict[int, int]:
    """Return how loaded each zone is: its open cases against the mean of all zones, as a level."""
    open_cases = Counter(case.zone_id for case in morning.cases if case.zone_id is not None)
    total = sum(open_cases[zone.id] for zone in morning.zones)
    if not total:
        return {zone.id: 0 for zone in morning.zones}
    mean = total / len(morning.zones)
    return {
        zone.id: sum(open_cases[zone.id] / mean >= step for step in _LOAD_STEPS) for zone in morning.zones
    }


def find_runs(ids: Iterable[int]) -> list[tuple[int, int]]:
    """Return ids as runs of consecutive numbers, first and last of each: an address book in few words."""
    runs: list[tuple[int, int]] = []
    for number in sorted(ids):
        if runs and number <= runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return runs


def build_legend(text: Text) -> list[LegendEntry]:
    """Return what the marks on the map mean."""
    return [
        LegendEntry("load", text("morning.legend_load")),
        LegendEntry("unheld", text("morning.legend_unheld")),
        LegendEntry("three-no", text("legend.three_no")),
        LegendEntry("unknown", text("morning.legend_unknown")),
        LegendEntry("in-time", text("legend.in_time")),
        LegendEntry("amber", text("morning.amber")),
        LegendEntry("overdue", text("legend.overdue")),
        LegendEntry("first", text("morning.legend_first")),
    ]
