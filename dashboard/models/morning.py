"""The morning page: figures and the lists behind them, what to do first and why, the paragraph for a chat.

Sensitive cases appear by their number alone, and not in the paragraph at all: the page is shown at stand-up
and the paragraph goes into chats.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

from dashboard.i18n import Text
from dashboard.models.absences import tell_absence, tell_return
from dashboard.models.incident_list import tell_due
from geo.model.working_time import Judgement, Status
from geo.rules.morning import find_day, start_of_day
from geo.rules.ranking import Matter, RankedMatter, Reason, rank_matters
from geo.store.morning import ListedBuilding, Morning, OpenCase, StaffMember

FIRST_THINGS: Final = 10
_IN_PARAGRAPH: Final = 3
_REASONS_SHOWN: Final = 3
_LEAST_POINTS: Final = 2.0
_BOUNCED_OFTEN: Final = 2
_DAY: Final = timedelta(days=1)
_JUST_OVER: Final = math.nextafter(1, 2)


@dataclass(frozen=True)
class Figure:
    """One number of the page.

    Attributes:
        key: its name, which also chooses its colour in the style sheet.
        label: what it counts.
        value: the number as it is written, with what it counts where that is not cases.
        count: how many there are in all.
        help: how it is counted.
        params: query parameters of the list of cases behind it; None where the list is on the page.
    """

    key: str
    label: str
    value: str
    count: int
    help: str
    params: Mapping[str, str] | None


@dataclass(frozen=True)
class FirstThing:
    """One of the things to do first; ``place`` is None where it is not shown on the map."""

    number: int
    case_id: int
    title: str
    why: str
    with_whom: str
    is_over: bool
    place: tuple[float, float] | None


@dataclass(frozen=True)
class Duty:
    """Who is there today: the line to read, each with the open cases he leads, who is away, who is back."""

    summary: str
    loads: tuple[tuple[str, int], ...]
    away: tuple[str, ...] = ()
    back: tuple[str, ...] = ()


@dataclass(frozen=True)
class ListedLine:
    """A line of a list on the page; ``building_id`` is None for a zone."""

    building_id: int | None
    title: str
    detail: str


@dataclass(frozen=True)
class MorningPage:
    """Everything the page shows, in the reader's language; ``more_overdue`` cases are not among the first."""

    day: str
    since: str
    figures: tuple[Figure, ...]
    first_things: tuple[FirstThing, ...]
    nothing_first: str
    more_overdue: int
    duty: Duty
    unheld: tuple[ListedLine, ...]
    unknown: tuple[ListedLine, ...]
    paragraph: str


def build_page(morning: Morning, community_name: str, text: Text) -> MorningPage:
    """Return the page of a morning."""
    figures = _build_figures(morning, text)
    ranked = rank_matters(
        (make_matter(case, morning.judgements[case.id]) for case in morning.cases), FIRST_THINGS
    )
    cases = {case.id: case for case in morning.cases}
    first = tuple(
        _write_first_thing(number, found, cases[found.matter.id], morning, text)
        for number, found in enumerate(ranked, start=1)
    )
    overdue = sum(find_status(case, morning) is Status.OVER for case in morning.cases)
    duty = _build_duty(morning, text)
    day = text.join([text.day(morning.now), text.weekday(morning.now)])
    heading = text.join([community_name, day])
    return MorningPage(
        day=day,
        since=text("morning.since", at=_write_since(morning, text)),
        figures=figures,
        first_things=first,
        nothing_first=text("morning.nothing_first" if morning.has_history else "morning.day_one"),
        more_overdue=overdue - sum(thing.is_over for thing in first),
        duty=duty,
        unheld=(*_list_zones(morning, text), *_list_buildings(morning.unheld, text)),
        unknown=tuple(_list_buildings(morning.unknown, text)),
        paragraph=_write_paragraph(morning, heading, figures, ranked, text),
    )


def write_print_address(community_code: str, text: Text) -> str:
    """Return where the sheet to print is."""
    return f"/print/morning?community={quote(community_code, safe='')}&lang={text.language}"


def make_matter(case: OpenCase, judgement: Judgement) -> Matter:
    """Return what the ranking weighs of a case; the clock of a suspended one stands."""
    share = judgement.share
    if share is not None and judgement.status is Status.OVER:
        # Overdue outside working hours, no more time than was allowed has been used.
        share = max(share, _JUST_OVER)
    return Matter(
        id=case.id,
        category_code=case.category_code,
        group_code=case.group_code,
        severity=case.severity,
        reported_at=case.reported_at,
        due_at=case.due_at,
        used_share=None if case.state == "suspended" else share,
        relapses=case.relapses,
        returns=case.returns,
        is_supervised=case.is_supervised,
        is_whistle_open=case.is_whistle_open,
        is_three_no=case.is_three_no,
        elderly_share=case.elderly_share,
        same_place=case.same_place,
    )


def find_status(case: OpenCase, morning: Morning) -> Status:
    """Return how a case stands; one whose clock stands is neither amber nor overdue."""
    return Status.NO_LIMIT if case.state == "suspended" else morning.judgements[case.id].status


def is_due_by(case: OpenCase, midnight: datetime) -> bool:
    """Whether a case is due before a day ends, or was before."""
    return case.due_at is not None and case.due_at < midnight


def _build_figures(morning: Morning, text: Text) -> tuple[Figure, ...]:
    now, cases = morning.now, morning.cases
    midnight = start_of_day(find_day(now)) + _DAY
    found = {case.id: find_status(case, morning) for case in cases}

    def count(key: str, number: int, params: Mapping[str, str] | None, value: str | None = None) -> Figure:
        told = text.number(number) if value is None else value
        return Figure(
            key, text(_LABELS[key]), told, number, text(_HELPS[key], at=_write_since(morning, text)), params
        )

    unknown, unheld = (text("morning.unit_buildings", n=len(b)) for b in (morning.unknown, morning.unheld))
    if zones := _count_unled(morning):
        unheld = f"{unheld} + {text('morning.unit_zones', n=zones)}"

    return (
        count("new", morning.reported, {"status": "all", "since": morning.since.isoformat()}),
        count("today", sum(is_due_by(c, midnight) for c in cases), {"due": "today"}),
        count("amber", sum(found[c.id] is Status.AMBER for c in cases), {"status": "amber"}),
        count("overdue", sum(found[c.id] is Status.OVER for c in cases), {"status": "overdue"}),
        count("relapse", sum(c.relapses > 0 for c in cases), {"mark": "relapse"}),
        count("bounced", sum(c.returns >= _BOUNCED_OFTEN for c in cases), {"mark": "bounced"}),
        count("whistled", sum(c.is_whistle_open for c in cases), {"mark": "whistled"}),
        count("unheld", len(morning.unheld) + zones, None, unheld),
        count("unknown", len(morning.unknown), None, unknown),
    )


_LABELS: Final = {
    "new": "morning.new",
    "today": "morning.today",
    "amber": "morning.amber",
    "overdue": "morning.overdue",
    "relapse": "morning.relapse",
    "bounced": "morning.bounced",
    "whistled": "morning.whistled",
    "unheld": "morning.unheld",
    "unknown": "morning.unknown",
}
_HELPS: Final = {
    "new": "morning.new_help",
    "today": "morning.today_help",
    "amber": "morning.amber_help",
    "overdue": "morning.overdue_help",
    "relapse": "morning.relapse_help",
    "bounced": "morning.bounced_help",
    "whistled": "morning.whistled_help",
    "unheld": "morning.unheld_help",
    "unknown": "morning.unknown_help",
}


def _write_first_thing(
    number: int, found: RankedMatter, case: OpenCase, morning: Morning, text: Text
) -> FirstThing:
    shown = [reason for reason, points in found.reasons if points >= _LEAST_POINTS][:_REASONS_SHOWN]
    is_placed = case.longitude is not None and case.latitude is not None and not case.is_sensitive
    return FirstThing(
        number=number,
        case_id=case.id,
        title=_name_case(case, text),
        why=text.join(
            [_explain(reason, case, morning, text) for reason in shown] or [text("morning.oldest")]
        ),
        with_whom=case.lead or text("morning.with_nobody"),
        is_over=find_status(case, morning) is Status.OVER,
        place=(case.longitude or 0.0, case.latitude or 0.0) if is_placed else None,
    )


def _name_case(case: OpenCase, text: Text) -> str:
    if case.is_sensitive:
        return text("morning.sensitive", id=case.id)
    category = case.category_en if text.language == "en" else case.category
    where = case.place or case.grid
    return f"{where} {category}" if where else category


def _explain(reason: Reason, case: OpenCase, morning: Morning, text: Text) -> str:
    """Return a reason in words."""
    counts = {
        Reason.RELAPSE: case.relapses,
        Reason.BOUNCED: case.returns,
        Reason.SAME_PLACE: case.same_place,
    }
    if reason in counts:
        return text(_WHYS[reason], n=counts[reason])
    if reason is Reason.ELDERLY:
        return text(_WHYS[reason], percent=text.number(100 * (case.elderly_share or 0)))
    if reason in _WHYS:
        return text(_WHYS[reason])
    return _explain_time(case.due_at or morning.now, morning.now, text)


def _explain_time(due_at: datetime, now: datetime, text: Text) -> str:
    if due_at < now:
        return tell_due(due_at, None, text, now, is_open=True)
    if find_day(due_at) == find_day(now):
        return text("morning.why_due_today", at=text.clock(due_at))
    return text("morning.why_due", at=text.day(due_at))


_WHYS: Final = {
    Reason.SAFETY: "morning.why_safety",
    Reason.RELAPSE: "morning.why_relapse",
    Reason.BOUNCED: "morning.why_bounced",
    Reason.SUPERVISED: "morning.why_supervised",
    Reason.WHISTLE: "morning.why_whistle",
    Reason.THREE_NO: "morning.why_three_no",
    Reason.ELDERLY: "morning.why_elderly",
    Reason.SAME_PLACE: "morning.why_same_place",
}


def _build_duty(morning: Morning, text: Text) -> Duty:
    led = Counter(case.party_id for case in morning.cases)
    present = _list_present(morning)
    loads = sorted(((member.name, led[member.id]) for member in present), key=lambda of: (-of[1], of[0]))
    away = tuple(tell_absence(absence, text) for absence in morning.absences)
    back = tuple(tell_return(each, text) for each in morning.returns)
    if not loads:
        return Duty(text("morning.nobody_on_duty"), (), away, back)
    mean = sum(load for _, load in loads) / len(loads)
    parts = [text("morning.on_duty", n=len(loads))]
    if away:
        parts.append(text("absence.away", n=len(away)))
    if mean:
        parts.append(text("morning.heaviest", ratio=text.number(loads[0][1] / mean, digits=1)))
    return Duty(text.join(parts), tuple(loads), away, back)


def _list_present(morning: Morning) -> list[StaffMember]:
    away = {absence.party_id for absence in morning.absences}
    return [member for member in morning.staff if member.id not in away]


def _list_buildings(buildings: Sequence[ListedBuilding], text: Text) -> Iterable[ListedLine]:
    for building in buildings:
        yield ListedLine(building.id, building.name, text("count.households", n=building.households))


def _list_zones(morning: Morning, text: Text) -> Iterable[ListedLine]:
    for zone in morning.zones:
        if zone.lead is None:
            detail = [text("count.buildings", n=zone.buildings), text("morning.no_lead")]
            yield ListedLine(None, zone.name, text.join(detail))


def _count_unled(morning: Morning) -> int:
    return sum(zone.lead is None for zone in morning.zones)


def _write_since(morning: Morning, text: Text) -> str:
    return f"{text.day(morning.since)} {text.clock(morning.since)}"


def _write_paragraph(
    morning: Morning, heading: str, figures: Sequence[Figure], ranked: Sequence[RankedMatter], text: Text
) -> str:
    """Return the morning in a few sentences without personal data."""
    of: dict[str, Any] = {figure.key: text.number(figure.count) for figure in figures}
    cases = {case.id: case for case in morning.cases}
    open_to_all = [cases[found.matter.id] for found in ranked]
    named = [_name_case(case, text) for case in open_to_all if not case.is_sensitive][:_IN_PARAGRAPH]
    numbered = text("morning.paragraph_separator").join(f"{n}. {name}" for n, name in enumerate(named, 1))
    parts = [
        text("morning.paragraph_head", heading=heading, time=text.clock(morning.now)),
        text(
            "morning.paragraph_cases",
            at=_write_since(morning, text),
            open=text.number(len(morning.cases)),
            last_day=text.day(start_of_day(morning.last_day)),
            settled=text.number(morning.settled),
            **of,
        ),
        text(
            "morning.paragraph_places",
            unheld=text("count.buildings", n=len(morning.unheld)),
            zones=text("count.zones", n=_count_unled(morning)),
            unknown=text("count.buildings", n=len(morning.unknown)),
            staff=text.number(len(_list_present(morning))),
        ),
        *([text("morning.paragraph_first", list=numbered)] if named else []),
    ]
    return ("" if text.language == "zh" else " ").join(parts)
