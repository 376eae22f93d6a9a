"""The page of coverage: how far it reaches in figures, and what is not covered as lists and marks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from dashboard.i18n import Text
from dashboard.models.figures import tell_trend, tell_value
from dashboard.models.map_page import LegendEntry
from geo.model.coverage import GAP_KINDS, CoverageGaps, Gap, GapKind
from geo.model.indicator import Indicator
from geo.operations.snapshots import Snapshot
from geo.rules.indicators import INDICATORS
from geo.rules.morning import start_of_day

# What the map has on a desk of 1366 × 768.
MAP_PX: Final = (740, 410)

_GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "coverage.group_grid": (
        "grid_coverage_area", "grid_coverage_buildings", "grid_coverage_households", "assignment_rate",
    ),
    "coverage.group_held": (
        "held_by_grid_worker", "held_by_party_branch", "held_by_property", "held_by_volunteer",
        "held_by_inspection",
    ),
    "coverage.group_seen": (
        "patrol_coverage", "home_visit_coverage", "effective_visit_rate", "silent_share", "calm_share",
    ),
    "coverage.group_places": (
        "property_coverage", "committee_coverage", "three_no_share", "merchant_inspection_rate",
        "partner_rate",
    ),
    "coverage.group_records": ("group_reach", "completeness", "record_freshness", "freshness_days"),
}  # fmt: skip
_KINDS: Final[Mapping[GapKind, str]] = {
    "uncovered": "coverage.uncovered",
    "unheld": "coverage.unheld",
    "silent": "coverage.silent",
}
_HINTS: Final[Mapping[GapKind, str]] = {
    "uncovered": "coverage.uncovered_hint",
    "unheld": "coverage.unheld_hint",
    "silent": "coverage.silent_hint",
}
_NOTHING: Final[Mapping[GapKind, str]] = {
    "uncovered": "coverage.all_covered",
    "unheld": "coverage.all_held",
    "silent": "coverage.all_known",
}


@dataclass(frozen=True, slots=True)
class FigureRow:
    """One figure with what it is counted from.

    Attributes:
        formula: what is divided by what, and how it stands to the end of the month before.
        arrow: which way it went since then; ``tone`` is whether that is better or worse.
    """

    name: str
    formula: str
    value: str
    detail: str
    arrow: str
    tone: str


@dataclass(frozen=True, slots=True)
class FigureGroup:
    """Figures that belong together."""

    title: str
    rows: tuple[FigureRow, ...]


@dataclass(frozen=True, slots=True)
class GapLine:
    """A building to see to: which, what is known, and who could."""

    building_id: int
    title: str
    detail: str


@dataclass(frozen=True, slots=True)
class GapList:
    """What is missing in one way.

    Attributes:
        title: with how many there are.
        hint: what it means and what helps.
        nothing: what is said where there is none.
        lines: the buildings, those with most households first.
    """

    title: str
    hint: str
    nothing: str
    lines: tuple[GapLine, ...]


@dataclass(frozen=True, slots=True)
class CoverageMap:
    """What is drawn over the community.

    Attributes:
        ids: of the buildings by kind of gap, ascending.
        places: longitude and latitude of the same, in degrees.
        land: the land in no grid as GeoJSON.
    """

    ids: Mapping[GapKind, tuple[int, ...]]
    places: Mapping[GapKind, tuple[tuple[float, float], ...]]
    land: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class CoveragePage:
    """The page in the reader's language."""

    told: str
    groups: tuple[FigureGroup, ...]
    lists: Mapping[GapKind, GapList]
    map: CoverageMap


def build_page(gaps: CoverageGaps, snapshot: Snapshot, text: Text) -> CoveragePage:
    """Return the page of a community."""
    told = [text("coverage.as_of", day=text.day(start_of_day(gaps.on_day)), n=gaps.buildings)]
    if gaps.land_m2:
        told.append(text("coverage.land", area=text.number(gaps.land_m2)))
    if gaps.grids:
        names = text("month.separator").join(grid.name for grid in gaps.grids)
        told.append(text("coverage.unheld_grids", n=len(gaps.grids), names=names))
    if gaps.excused:
        told.append(text("coverage.excused", n=gaps.excused))
    return CoveragePage(
        told=text.join(told),
        groups=tuple(_build_group(title, ids, snapshot, text) for title, ids in _GROUPS.items()),
        lists={kind: _build_list(kind, gaps.list_kind(kind), text) for kind in GAP_KINDS},
        map=CoverageMap(
            ids={kind: tuple(sorted(gap.building_id for gap in gaps.list_kind(kind))) for kind in GAP_KINDS},
            places={
                kind: tuple((gap.longitude, gap.latitude) for gap in gaps.list_kind(kind))
                for kind in GAP_KINDS
            },
            land=gaps.land,
        ),
    )


def choose_kind(asked: str | None, page: CoveragePage) -> GapKind:
    """Return the list to show: the one asked for, else the first with anything in it."""
    for kind in GAP_KINDS:
        if kind == asked:
            return kind
    return next((kind for kind in GAP_KINDS if page.lists[kind].lines), GAP_KINDS[0])


def build_legend(text: Text) -> list[LegendEntry]:
    """Return what the marks on the map mean."""
    return [
        LegendEntry("grid", text("layer.grid")),
        LegendEntry("bare", text("coverage.legend_bare")),
        LegendEntry("uncovered", text("coverage.uncovered")),
        LegendEntry("unheld", text("coverage.unheld")),
        LegendEntry("unknown", text("coverage.silent")),
    ]


def _build_group(title: str, ids: tuple[str, ...], snapshot: Snapshot, text: Text) -> FigureGroup:
    rows = []
    for id_ in ids:
        indicator, values = INDICATORS[id_], snapshot.series[id_]
        now = values[-1]
        # Of a kind of zone that nobody has planned there is nothing to say.
        if id_.startswith("held_by_") and not now.denominator:
            continue
        trend = tell_trend(now, values[-2], indicator, text)
        name, formula = _describe(indicator, text)
        rows.append(
            FigureRow(
                name=name,
                formula=f"{formula}\n{text('coverage.against', trend=trend.words)}",
                value=tell_value(now, indicator, text),
                detail=_write_fraction(id_, now.numerator, now.denominator, text),
                arrow=trend.words[:1] if trend.tone in {"better", "worse"} else "",
                tone=trend.tone,
            )
        )
    return FigureGroup(text(title), tuple(rows))


def _describe(indicator: Indicator, text: Text) -> tuple[str, str]:
    if text.language == "zh":
        return indicator.zh, indicator.formula_zh
    return indicator.en, indicator.formula_en


def _write_fraction(id_: str, numerator: float | None, denominator: float | None, text: Text) -> str:
    if not denominator:
        return ""
    if id_ == "grid_coverage_area":
        return text("coverage.of_km2", total=text.number(denominator / 1e6, digits=2))
    return f"{text.number(numerator or 0)}/{text.number(denominator)}"


def _build_list(kind: GapKind, gaps: tuple[Gap, ...], text: Text) -> GapList:
    return GapList(
        title=f"{text(_KINDS[kind])} {len(gaps)}",
        hint=text(_HINTS[kind]),
        nothing=text(_NOTHING[kind]),
        lines=tuple(GapLine(gap.building_id, gap.name, _write_detail(gap, text)) for gap in gaps),
    )


def _write_detail(gap: Gap, text: Text) -> str:
    parts = [text("count.households", n=gap.households)]
    if gap.kind == "silent":
        parts.append(
            text("coverage.last_heard", day=text.day(start_of_day(gap.since)))
            if gap.since
            else text("coverage.never_heard")
        )
    elif gap.since:
        parts.append(text("coverage.since", day=text.day(start_of_day(gap.since))))
    if gap.advice:
        parts.append(text("coverage.nearest_grid", name=gap.advice))
    elif gap.party:
        key = "coverage.holder" if gap.kind == "silent" else "coverage.neighbour"
        parts.append(text(key, name=gap.party))
    return text.join(parts)
