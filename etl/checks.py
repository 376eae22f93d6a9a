"""Checks of what is in the database: what is asked, from where on it matters, how bad it is, what to do.

The questions are SQL in ``geo/store/queries/check_<group>.sql``, some about duty rules in
``etl/duty_checks.py``; the judgement is here.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, Final
from zoneinfo import ZoneInfo

from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from etl.duty_checks import observe_duties
from geo.store.checks import Observation, observe

_SHANGHAI: Final = ZoneInfo("Asia/Shanghai")


class Severity(StrEnum):
    """How bad it is: an error makes figures or duties wrong, a warning wants a look, a notice may be so."""

    ERROR = "error"
    WARNING = "warning"
    NOTICE = "notice"


@dataclass(frozen=True)
class Thresholds:
    """From where on a difference matters; all are advice of ours that an installation may change.

    Attributes:
        overlap_m2: land two grids or compounds may share, for the rounding of digitised borders.
        outside_m2: land a grid may have outside its community.
        straddle_m2: part of a building that makes it lie in a grid.
        gap_m2: land without a grid that is too small to matter.
        least_households: households that a grid should have at least.
        most_households: households that a grid should have at most.
        most_residents_per_worker: residents that one grid worker should hold at most.
        silent_days: days without an incident or a visit after which nothing is known of a building.
        most_other_share: share of a month's incidents that may be filed as "other", 0 to 1.
        least_month_incidents: incidents a month needs before shares of it are judged.
    """

    overlap_m2: float = 1.0
    outside_m2: float = 1.0
    straddle_m2: float = 1.0
    gap_m2: float = 50.0
    least_households: int = 200
    most_households: int = 600
    most_residents_per_worker: int = 1500
    silent_days: int = 60
    most_other_share: float = 0.10
    least_month_incidents: int = 10


@dataclass(frozen=True)
class Check:
    """One check.

    Attributes:
        id: stable name; also of what finds it, and the key of the sentence's translations.
        severity: how bad each of its findings is.
        sentence: says what is wrong, where, and what to do, in the words of :func:`find_words`.
    """

    id: str
    severity: Severity
    sentence: str


@dataclass(frozen=True)
class Finding:
    """One thing that a check found."""

    check: Check
    group: str
    observation: Observation

    @property
    def message(self) -> str:
        """The sentence that says so in English."""
        return self.check.sentence.format(**find_words(self.observation))

    def as_dict(self) -> dict[str, Any]:
        """Return the finding as it goes into JSON."""
        seen = self.observation
        return {
            "check": self.check.id,
            "group": self.group,
            "severity": self.check.severity.value,
            "community": seen.community,
            "place": {"kind": seen.place, "code": seen.code, "name": seen.name},
            "longitude": seen.longitude,
            "latitude": seen.latitude,
            "area_m2": seen.area_m2,
            "value": seen.value,
            "details": dict(seen.details),
            "message": self.message,
        }


def find_today() -> date:
    """Return the day it is in China."""
    return datetime.now(_SHANGHAI).date()


def run_checks(
    connection: PostgresConnection,
    community_ids: Sequence[int],
    on_day: date,
    *,
    groups: Iterable[str] = ("topology", "coverage", "data"),
    thresholds: Thresholds | None = None,
) -> list[Finding]:
    """Run every check of some groups on some communities.

    Args:
        connection: a connection for reading.
        community_ids: the communities.
        on_day: the day whose grids, plans, posts and records count; incidents up to its end in China.
        groups: which of :data:`CHECKS`.
        thresholds: from where on a difference matters.

    Returns:
        The findings, errors first, then in the order of the checks.
    """
    parameters = asdict(thresholds or Thresholds()) | _find_windows(on_day, thresholds or Thresholds())
    parameters |= {"community_ids": list(community_ids), "on_day": on_day}
    findings = []
    for group in groups:
        of_duties = observe_duties(connection, community_ids, on_day) if group == "data" else {}
        for check in CHECKS[group]:
            seen = of_duties.get(check.id)
            if seen is None:
                seen = observe(connection, group, check.id, parameters)
            findings += [Finding(check, group, each) for each in seen]
    order = list(Severity)
    return sorted(findings, key=lambda finding: order.index(finding.check.severity))


def _find_windows(on_day: date, thresholds: Thresholds) -> dict[str, datetime]:
    midnight = datetime.combine(on_day, time(), _SHANGHAI)
    last_month = (on_day.replace(day=1) - timedelta(days=1)).replace(day=1)
    return {
        "day_end": midnight + timedelta(days=1),
        "silent_since": midnight - timedelta(days=thresholds.silent_days),
        "month_start": datetime.combine(last_month, time(), _SHANGHAI),
    }


def find_words(seen: Observation) -> dict[str, str]:
    """Return the words of a check's sentence, in any language: numbers written out, lists joined."""
    return {
        "place": _name_place(seen),
        "area": f"{seen.area_m2 or 0:,.1f} m²",
        "value": f"{seen.value or 0:,.0f}",
        **{name: _write(detail) for name, detail in seen.details.items()},
    }


def _name_place(seen: Observation) -> str:
    code = "" if seen.name == seen.code else f" {seen.code}"
    compound = seen.details.get("compound") or ""
    within = "" if compound in seen.name else f" in {compound}"
    return f"{seen.place.replace('_', ' ')}{code} {seen.name}{within}"


def _write(detail: object) -> str:
    if isinstance(detail, list):
        return ", ".join(detail)
    if isinstance(detail, int | float):
        return f"{detail:,.0f}"
    return "none" if detail is None else str(detail)


_ERROR, _WARNING, _NOTICE = Severity

CHECKS: Final[Mapping[str, tuple[Check, ...]]] = {
    "topology": (
        Check(
            "grid_overlap",
            _ERROR,
            "{place} and grid {other} share {area}: draw the border between them again",
        ),
        Check(
            "grid_gap",
            _WARNING,
            "{area} of {place} are in no grid (buildings there: {value}): extend a grid over them",
        ),
        Check(
            "grid_outside",
            _ERROR,
            "{place} reaches {area} out of its community: cut it back to the border",
        ),
        Check(
            "shape_unsound",
            _ERROR,
            "the shape of {place} cannot be used, {reason}: draw it again",
        ),
        Check(
            "building_straddles",
            _ERROR,
            "{place} lies across grids {grids}, {area} of it beyond the first: lead the border around it",
        ),
        Check(
            "compound_overlap",
            _WARNING,
            "{place} and compound {other} share {area}: draw the border between them again",
        ),
    ),
    "coverage": (
        Check(
            "grids_missing",
            _ERROR,
            "{place} has no grid in force (buildings: {value}): import or draw its grids",
        ),
        Check(
            "plan_missing",
            _ERROR,
            "{place} has no plan for grid workers in force: nobody holds any of its {value} buildings",
        ),
        Check(
            "building_without_grid",
            _ERROR,
            "{place} is in no grid: extend one over it, such as {nearest}, which is {value} m away",
        ),
        Check(
            "building_in_two_grids",
            _ERROR,
            "{place} lies in grids {grids} at once: draw them apart",
        ),
        Check(
            "building_without_holder",
            _ERROR,
            "nobody holds {place} (its zone: {zone}): see that it is in a zone whose lead is in office",
        ),
        Check(
            "grid_without_person",
            _ERROR,
            "nobody holds a building of {place} (of {value}): give them to a grid worker in office",
        ),
        Check(
            "grid_without_buildings",
            _NOTICE,
            "{place} has no buildings on its {area}: see that all are imported, or join it to a neighbour",
        ),
        Check(
            "grid_households",
            _WARNING,
            "{place} is outside the advised size (households: {value}): move its borders",
        ),
        Check(
            "worker_load",
            _WARNING,
            "{place} holds more than advised ({value} residents, {buildings} buildings): share them out anew",
        ),
        Check(
            "records_missing",
            _NOTICE,
            "no incident or visit is recorded lately in {place}: nothing is known of its {value} buildings",
        ),
        Check(
            "building_silent",
            _NOTICE,
            "nothing is known lately of {place} (households: {value}): no incident and no visit, so look in",
        ),
    ),
    "data": (
        Check(
            "merchants_without_building",
            _NOTICE,
            "{value} of {of} merchants of {place} have no building ({unplaced} have no place at all), "
            "such as {examples}: link those that are in one",
        ),
        Check(
            "merchant_outside",
            _WARNING,
            "{place} lies {value} m outside its community: correct its place or its community",
        ),
        Check(
            "incidents_unplaced",
            _NOTICE,
            "{value} of {of} incidents of {place} have no place on the map: place them by hand",
        ),
        Check(
            "incidents_outside",
            _WARNING,
            "{value} incidents of {place} lie outside it, up to {distance_m} m away, such as {examples}: "
            "see that their coordinate system was read rightly",
        ),
        Check(
            "building_outside",
            _WARNING,
            "{place} lies {value} m outside its community: correct its place or its community",
        ),
        Check(
            "building_outside_compound",
            _WARNING,
            "{place} lies {value} m outside that compound: correct its place or its compound",
        ),
        Check(
            "building_without_households",
            _NOTICE,
            "{place} is to live in but has no household: enter them, or say what it is used for",
        ),
        Check(
            "member_totals",
            _WARNING,
            "{place} has {persons} party members by person but {counted} by branch ({in_none} in no branch, "
            "{in_several} in several, {gone} have left): correct the memberships",
        ),
        Check(
            "duplicate_name",
            _WARNING,
            "{place} has the same name as {others}: tell them apart, or remove what was entered twice",
        ),
        Check(
            "zone_lead_gone",
            _ERROR,
            "{place} still leads zone {zone} {zone_name} though out of office since {ended}: name a new lead",
        ),
        Check(
            "organisation_lead_gone",
            _WARNING,
            "{place} still leads {organisation} though gone since {ended}: name a new lead",
        ),
        Check(
            "other_share",
            _NOTICE,
            "{other} of {of} incidents of {month} in {place} are filed as other: file them more exactly",
        ),
        Check(
            "duty_rule_without_lead",
            _ERROR,
            "duty rule {value} sends cases to {place}, gone since {ended}: name a new lead",
        ),
        Check(
            "duty_rule_without_helper",
            _WARNING,
            "duty rule {value} names {place} as {role}, gone since {ended}: name another",
        ),
        Check(
            "duty_rule_conflict",
            _ERROR,
            "{place} says the same as rule {others} before it but names another lead: keep one of them",
        ),
        Check(
            "duty_rule_dead",
            _WARNING,
            "{place} gets no case, for rule {others} takes them all first: move it up, or remove it",
        ),
        Check(
            "categories_without_duty",
            _WARNING,
            "{value} of {of} categories have no duty rule for some places in {place}, such as {examples}: "
            "add rules, or else the residents' committee or the secretary gets these cases",
        ),
        Check(
            "duty_fallback_missing",
            _ERROR,
            "{place} has neither a residents' committee nor a secretary in office: "
            "enter one to take the cases that no duty rule gives to anybody",
        ),
        Check(
            "property_company_gone",
            _WARNING,
            "{place} is still managed by {company}, gone since {ended}: enter who manages it now",
        ),
        Check(
            "year_without_notice",
            _NOTICE,
            "the holidays and worked weekends of {year} are not known for {place}, so that due times reckon "
            "with Monday to Friday: update Wangge, or enter the days in calendar_day",
        ),
    ),
}
