"""``/print/cases?community=CODE&lang=zh&…``: the filtered cases on paper, in the order of a walk.

The other parameters are the filters of the page of cases.
"""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any, Final

from starlette.routing import BaseRoute, Route

from dashboard.models.incident_filters import CHINA, parse_filters, pick_marked, to_asked
from dashboard.models.incident_list import build_rows
from dashboard.routes.sheets import SheetRequest, make_sheet_endpoint
from geo.operations.marks import list_marks
from geo.store.choices import list_categories
from geo.store.worklist import list_cases

_MOST: Final = 300


def routes() -> list[BaseRoute]:
    """Return ``/print/cases``."""
    return [Route("/print/cases", make_sheet_endpoint("print_cases", "print_cases.html", _fill))]


def _fill(asked: SheetRequest) -> Mapping[str, Any]:
    text = asked.text
    rows, is_cut = _read_rows(asked)
    return {
        "title": text("walk.title", community=asked.community.name),
        "counted": text("list.cases", n=len(rows)) + (f" · {text('walk.cut')}" if is_cut else ""),
        "columns": [text("walk.case"), text("column.title"), text("fact.due_at"), text("walk.done")],
        "groups": [(place, list(cases)) for place, cases in groupby(rows, key=lambda row: row["place"])],
        "note": text("watermark.note"),
        "print_word": text("export.print"),
    }


def _read_rows(asked: SheetRequest) -> tuple[Sequence[Mapping[str, Any]], bool]:
    categories = list_categories()
    by_code = {category.code: category for category in categories}
    filters, _ = parse_filters({"sort": "place"} | dict(asked.given), by_code)
    wanted = to_asked(filters, asked.community.id, asked.now.astimezone(CHINA).date(), categories)
    marks = list_marks(asked.community.id, asked.now)
    page = list_cases(wanted, asked.now, most=_MOST, ids=pick_marked(filters, marks))
    return build_rows(page.cases, marks, by_code, asked.text, asked.now), page.next is not None
