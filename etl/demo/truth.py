"""The planted truth: what analyses of the demo must find. By code, or as longitude and latitude."""

from dataclasses import dataclass, field, fields
from typing import Any


@dataclass(frozen=True)
class Truth:
    """What was planted.

    Attributes:
        hotspots: place, category, radius and rate of each hot spot.
        relapses: a closed case and the one that came back after a campaign, by external id.
        rebounds: a campaign whose success is being lost again, and since when.
        uncovered_buildings: in no grid of the kind ``community``.
        unheld_buildings: in a grid, but nobody in office leads their zone in any plan.
        silent_buildings: neither an incident nor a visit in twelve months.
        bounced: incidents returned twice or more, by external id.
        grid_gaps: land of the community in no grid of the kind ``community``.
        grids_without_person: grids none of whose buildings anybody holds.
    """

    hotspots: list[dict[str, Any]] = field(default_factory=list)
    relapses: list[dict[str, Any]] = field(default_factory=list)
    rebounds: list[dict[str, Any]] = field(default_factory=list)
    uncovered_buildings: list[str] = field(default_factory=list)
    unheld_buildings: list[str] = field(default_factory=list)
    silent_buildings: list[str] = field(default_factory=list)
    bounced: list[dict[str, Any]] = field(default_factory=list)
    grid_gaps: list[dict[str, Any]] = field(default_factory=list)
    grids_without_person: list[str] = field(default_factory=list)

    def add(self, other: "Truth") -> "Truth":
        """Return the truth of two communities together."""
        return Truth(**{f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)})
