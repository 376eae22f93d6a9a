"""The list of cases: each in three short lines, and the same cases as points of the map."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from dashboard.i18n import Text
from dashboard.models.incident_words import name_category, name_state
from geo.store.choices import Category
from geo.store.worklist import MOST_COUNTED, MOST_SEARCHED, Case, CasePage, Marks

Tone = Literal["over", "amber", "in_time", "none", "settled"]
_MINUTE: Final = timedelta(minutes=1)
_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)
_DAYS_FROM: Final = timedelta(hours=48)


def build_rows(
    cases: Sequence[Case],
    marks: Mapping[int, Marks],
    categories: Mapping[str, Category],
    text: Text,
    now: datetime,
) -> list[dict[str, Any]]:
    """Return what the list shows of each case; every value is text that is shown as it stands."""
    return [
        {
            "id": case.id,
            "name": name_category(categories[case.category_code], text),
            "place": case.place or text("case.no_place"),
            "title": case.title or "",
            "detail": text.join([name_state(case.state, text), case.lead or text("card.nobody")]),
            "due": tell_due(case.due_at, case.closed_at, text, now, is_open=case.is_open),
            "tone": judge_tone(
                case.state,
                case.due_at,
                now,
                is_open=case.is_open,
                is_amber=case.id in marks and marks[case.id].is_amber,
            ),
            "marks": list_marks(case, marks.get(case.id), text),
        }
        for case in cases
    ]


def list_marks(case: Case, marks: Marks | None, text: Text) -> list[str]:
    """Return what is remarkable about a case, in a word or two each."""
    told = [
        (case.severity == "urgent", text("case.urgent")),
        (case.parent_id is not None or (marks is not None and marks.is_relapse), text("case.relapse")),
        (marks is not None and marks.is_whistled, text("case.whistled")),
        (case.is_at_border, text("case.at_border")),
    ]
    bounces = [text("case.bounces", n=marks.bounces)] if marks and marks.bounces else []
    return [word for is_so, word in told if is_so] + bounces


def judge_tone(
    state: str, due_at: datetime | None, now: datetime, *, is_open: bool, is_amber: bool = False
) -> Tone:
    """Return how a case stands against its clock, which stands still while it is suspended."""
    if not is_open:
        return "settled"
    if due_at is None or state == "suspended":
        return "none"
    if due_at < now:
        return "over"
    return "amber" if is_amber else "in_time"


def tell_due(
    due_at: datetime | None, closed_at: datetime | None, text: Text, now: datetime, *, is_open: bool
) -> str:
    """Write how long a case has, by how much it is over, or on which day it was settled."""
    if not is_open:
        return text("case.settled_on", day=text.day(closed_at)) if closed_at else ""
    if due_at is None:
        return text("case.no_limit")
    span = tell_span(abs(due_at - now), text)
    return text("case.over_by" if due_at < now else "case.left", span=span)


def tell_span(span: timedelta, text: Text) -> str:
    """Write a span in its largest whole unit: minutes, hours up to two days, days."""
    if span < _HOUR:
        return text("span.minutes", n=max(span // _MINUTE, 1))
    return text("span.hours", n=span // _HOUR) if span < _DAYS_FROM else text("span.days", n=span // _DAY)


def summarise(page: CasePage, text: Text) -> str:
    """Return how many cases there are, and what was not looked through."""
    if page.total > MOST_COUNTED:
        counted = text("list.more_than", count=text.number(MOST_COUNTED))
    else:
        counted = text("list.cases", n=page.total)
    cut = [text("list.cut", count=text.number(MOST_SEARCHED))] if page.was_cut else []
    return text.join([counted, *cut])


def build_points(
    cases: Sequence[Case], rows: Sequence[Mapping[str, Any]], without: Collection[int] = ()
) -> dict[str, Any]:
    """Return the cases that have a place as a GeoJSON FeatureCollection, EPSG:4490 degrees."""
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "geometry": {"type": "Point", "coordinates": [case.longitude, case.latitude]},
                "properties": {
                    "layer": "cases",
                    "id": case.id,
                    "name": f"{row['name']}\n{row['place']}\n{row['due']}",
                    "tone": row["tone"],
                },
            }
            for case, row in zip(cases, rows, strict=True)
            if case.longitude is not None and case.id not in without
        ],
    }
