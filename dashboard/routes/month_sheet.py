"""``/print/month?community=CODE&month=2026-10&lang=zh``: the month on paper, for those who meet over it.

The sheet goes round: small cells of places are hidden, and so are the places of few cases.
"""

from collections.abc import Mapping
from typing import Any, Final

from starlette.routing import BaseRoute, Route

from dashboard.figure_data import read_month_figures
from dashboard.models.figure_state import find_spans
from dashboard.models.month import Line, build_page
from dashboard.models.month_export import hide_cells
from dashboard.models.month_figures import build_figures
from dashboard.models.month_tables import build_shared_places
from dashboard.routes.sheets import SheetRequest, make_sheet_endpoint
from geo.errors import NotFound
from geo.operations.complaints import MonthReview, find_first_day, find_months, list_returns, review_month
from geo.operations.month_words import read_month_words
from geo.rules.morning import find_day
from geo.rules.periods import Period, parse_month
from geo.settings import get_settings
from geo.store.choices import list_categories

_WORDS: Final = {
    "what": "month.matter",
    "numbers": "month.numbers",
    "why": "month.why",
    "measure": "month.measure",
    "lead": "month.lead",
    "rises": "month.rises",
    "no_rises": "month.no_rises",
    "repeats": "month.repeats",
    "no_repeats": "month.no_repeats",
    "by_category": "month.by_category",
    "by_grid": "month.by_grid",
    "by_compound": "month.by_compound",
    "returns": "month.returns",
    "words": "month.words",
    "proposals": "month.proposals",
    "figures": "figures.view_figures",
    "figures_note": "figures.left_out",
    "legend": "month.legend",
}


def routes() -> list[BaseRoute]:
    """Return ``/print/month``."""
    return [Route("/print/month", make_sheet_endpoint("print_month", "print_month.html", _fill))]


def _fill(asked: SheetRequest) -> Mapping[str, Any]:
    text, community = asked.text, asked.community
    month = _read_month(asked)
    review = review_month(community.id, month, asked.now)
    words = read_month_words(community.id, month, asked.now)
    categories = {category.code: category for category in list_categories()}
    least = get_settings().least_shown
    returns = list_returns(community.id, month, asked.now)
    page = build_page(review, words, returns, categories, text)
    today = find_day(asked.now)
    spans = find_spans(month, find_first_day(community.id) or month.first, today)
    measured = read_month_figures(community.id, spans)
    is_shown = [place.figures.closed >= least for place in returns]
    return {
        "title": text("month.print_title", community=community.name, month=page.month),
        "page": page,
        "repeats": _list_shown(review, page.repeats, least),
        "fewer": text("month.fewer", n=_count_fewer(review, least), most=least - 1),
        "returns": [line for line, shown in zip(page.returns, is_shown, strict=False) if shown],
        "more_returns": text("month.more_returns", n=is_shown.count(False)) if returns else "",
        "places": {
            layer: build_shared_places(review, layer, hide_cells(review, layer), categories, text)
            for layer in review.tables
        },
        "hidden": text("month.hidden", least=least),
        "words": {name: text(key) for name, key in _WORDS.items()},
        "figures": build_figures(measured, spans, today, text),
        "counted": page.counted,
        "print_word": text("morning.print"),
        "note": text("watermark.note"),
    }


def _read_month(asked: SheetRequest) -> Period:
    known = find_months(asked.community.id, asked.now)
    month = parse_month(asked.given.get("month", ""))
    if month is None or month not in known:
        msg = "there is no such month to print: open the month's page and print from there"
        raise NotFound(msg)
    return month


def _list_shown(review: MonthReview, lines: tuple[Line, ...], least: int) -> list[Line]:
    """Return the lines of those points that have enough cases to be told to others."""
    counts = [named.point.count for named in review.repeats[: len(lines)]]
    return [line for line, count in zip(lines, counts, strict=True) if count >= least]


def _count_fewer(review: MonthReview, least: int) -> int:
    return sum(named.point.count < least for named in review.repeats)
