"""The page of inspections in words: what is due, what a month came to, the templates as a table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from dashboard.i18n import Text
from dashboard.models.zones import KINDS
from geo.model.inspection import CADENCES, SUBJECTS, Cadence, Subject, Template
from geo.rules.inspections import Completion, DueList, MonthOfInspections
from geo.rules.morning import start_of_day
from geo.rules.periods import Period

_CADENCES: Final[Mapping[Cadence, str]] = {
    "day": "inspection.day",
    "week": "inspection.week",
    "month": "inspection.month",
}
_SUBJECTS: Final[Mapping[Subject, str]] = {
    "three_no": "inspection.three_no",
    "building": "inspection.building",
    "home": "inspection.home",
    "merchant": "inspection.merchant",
}
_SEPARATOR: Final = "、"
NOTHING: Final = "—"


@dataclass(frozen=True, slots=True)
class DueLine:
    """One place to look at; ``draft`` is what a case about it would begin with."""

    subject: Subject
    place_id: int
    title: str
    draft: str


@dataclass(frozen=True, slots=True)
class DueSection:
    """What one template still asks for.

    Attributes:
        title: its name.
        told: which cycle, and how much of it is done.
        items: what is looked at.
        lines: the places left, in the order of a walk.
        is_resting: whether nothing is asked today.
    """

    title: str
    told: str
    items: str
    lines: tuple[DueLine, ...]
    is_resting: bool


@dataclass(frozen=True, slots=True)
class MonthTable:
    """A month's completion.

    Attributes:
        score: of 100, or a dash.
        note: which cycles count, and how the running ones stand.
        columns: names of the templates.
        rows: who or what, and a cell for each template; the first is everybody together.
    """

    score: str
    note: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]


def build_sections(lists: Sequence[DueList], text: Text) -> tuple[DueSection, ...]:
    """Return what is due, a section for each template that asks for anything of the reader."""
    return tuple(_build_section(due, text) for due in lists if due.total or due.cycle is None)


def build_month(
    summed: MonthOfInspections, names: Mapping[int, str], text: Text, *, with_nobody: bool
) -> MonthTable:
    """Return a month's completion.

    Args:
        summed: the month.
        names: of those who are listed one by one, in their order.
        text: the language.
        with_nobody: whether to list what nobody held.
    """
    rows = [(text("inspection.everybody"), tuple(map(_write_cell, summed.of_templates)))]
    listed = [*names.items(), *([(None, text("inspection.nobody"))] if with_nobody else [])]
    rows += [
        (name, tuple(map(_write_cell, summed.of_parties[party])))
        for party, name in listed
        if party in summed.of_parties
    ]
    running = [
        text("inspection.running", name=template.name, done=now.done, due=now.due)
        for template, now in zip(summed.templates, summed.running, strict=True)
        if now is not None
    ]
    return MonthTable(
        score=NOTHING if summed.score is None else text.number(summed.score, digits=1),
        note=text.join([text("inspection.score_note"), *running]),
        columns=tuple(template.name for template in summed.templates),
        rows=tuple(rows),
    )


def write_templates(templates: Sequence[Template], text: Text) -> list[dict[str, Any]]:
    """Return templates as the rows of a table that can be edited."""
    return [
        {
            "is_on": template.is_on,
            "name": template.name,
            "cadence": text(_CADENCES[template.cadence]),
            "subject": text(_SUBJECTS[template.subject]),
            "zone_kind": text(KINDS[template.zone_kind]),
            "items": _SEPARATOR.join(template.items),
            "weight": template.weight,
        }
        for template in templates
    ]


def list_words(text: Text) -> dict[str, list[str]]:
    """Return what can be chosen in the columns of that table."""
    return {
        "cadence": [text(_CADENCES[cadence]) for cadence in CADENCES],
        "subject": [text(_SUBJECTS[subject]) for subject in SUBJECTS],
        "zone_kind": [text(key) for key in KINDS.values()],
    }


def read_templates(rows: Sequence[Mapping[str, Any]], text: Text) -> tuple[Template, ...]:
    """Read the rows of that table; a row in which nothing was entered is none."""
    words = list_words(text)
    templates = []
    for row in rows:
        if not str(row.get("name") or "").strip():
            continue
        items = str(row.get("items") or "").replace("，", _SEPARATOR).replace(",", _SEPARATOR)
        templates.append(
            Template(
                name=str(row["name"]).strip(),
                cadence=CADENCES[_find(row.get("cadence"), words["cadence"])],
                subject=SUBJECTS[_find(row.get("subject"), words["subject"])],
                zone_kind=tuple(KINDS)[_find(row.get("zone_kind"), words["zone_kind"])],
                items=tuple(item.strip() for item in items.split(_SEPARATOR) if item.strip()),
                weight=int(row.get("weight") or 0),
                is_on=row.get("is_on") is not False,
            )
        )
    return tuple(templates)


def _find(word: object, words: Sequence[str]) -> int:
    """Return where a word stands; of a new row nothing may have been chosen yet."""
    return words.index(str(word)) if word in words else 0


def _build_section(due: DueList, text: Text) -> DueSection:
    template = due.template
    items = _SEPARATOR.join(template.items)
    if due.cycle is None:
        return DueSection(template.name, text("inspection.resting"), items, (), is_resting=True)
    return DueSection(
        title=template.name,
        told=text.join(
            [
                _name_cycle(template.cadence, due.cycle, text),
                text("inspection.done_of", done=due.done, total=due.total),
            ]
        ),
        items=items,
        lines=tuple(
            DueLine(place.subject, place.id, place.name, text("inspection.draft", name=place.name))
            for place in due.places
        ),
        is_resting=False,
    )


def _name_cycle(cadence: Cadence, cycle: Period, text: Text) -> str:
    if cadence == "day":
        return text("inspection.today")
    if cadence == "week":
        return text("inspection.this_week", day=text.day(start_of_day(cycle.first)))
    return text.month(cycle.first)


def _write_cell(completion: Completion) -> str:
    return f"{completion.done}/{completion.due}" if completion.due else NOTHING
