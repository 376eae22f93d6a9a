"""The list of cases as a table, to take out or to print: nothing in it is unmasked."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from dashboard.i18n import Text
from dashboard.models.incident_filters import Filters, format_filters
from dashboard.models.incident_list import list_marks
from dashboard.models.incident_words import name_category, name_source, name_state
from geo.store.choices import Category
from geo.store.worklist import Case, Marks


def list_columns(text: Text) -> list[str]:
    """Return the titles of the columns."""
    return [
        text("column.number"),
        text("column.category"),
        text("column.place"),
        text("column.title"),
        text("column.state"),
        text("fact.handler"),
        text("fact.due_at"),
        text("fact.reported_at"),
        text("fact.source"),
        text("column.marks"),
    ]


def list_table_rows(
    cases: Sequence[Case], marks: Mapping[int, Marks], categories: Mapping[str, Category], text: Text
) -> list[list[str]]:
    """Return the cases as rows of text."""
    return [
        [
            str(case.id),
            name_category(categories[case.category_code], text),
            case.place or "",
            case.title or "",
            name_state(case.state, text),
            case.lead or "",
            text.moment(case.due_at) if case.due_at else "",
            text.moment(case.reported_at),
            name_source(case.source, text),
            text.join(list_marks(case, marks.get(case.id), text)),
        ]
        for case in cases
    ]


def write_watermark(name: str, community: str, filters: Filters, now: datetime, text: Text) -> dict[str, str]:
    """Return who takes out what and when, as labels and values."""
    asked = [f"{param}={value}" for param, value in format_filters(filters).items() if value]
    return {
        text("watermark.who"): name,
        text("watermark.when"): text.moment(now),
        text("watermark.what"): text.join([community, *asked]),
        text("watermark.note_title"): text("watermark.note"),
    }
