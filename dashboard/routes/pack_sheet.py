"""``/print/pack?community=CODE&party=ID&quarter=2026-Q3&lang=zh``: a company's quarter on paper, or all.

Without a party the packs of all companies follow each other, each on pages of its own. A property company is
given its own alone, whatever the address says.
"""

from collections.abc import Mapping
from typing import Any, Final

from starlette.routing import BaseRoute, Route

from dashboard.figure_data import read_packs
from dashboard.models.figure_state import LONGEST_ID
from dashboard.models.figures import name_period
from dashboard.models.pack import MOST_OPEN, build_pack
from dashboard.routes.sheets import SheetRequest, make_sheet_endpoint
from geo.errors import NotFound
from geo.rules.morning import find_day
from geo.rules.periods import Period, find_kind, parse_period
from geo.store.choices import list_categories

_WORDS: Final = {
    "figures": "pack.figures",
    "by_compound": "pack.by_compound",
    "categories": "pack.categories",
    "repeats": "pack.repeats",
    "no_repeats": "pack.no_repeats",
    "open": "pack.open",
    "no_open": "pack.no_open",
    "open_note": "pack.open_note",
    "agreed": "pack.agreed",
    "matter": "pack.matter",
    "who": "pack.who",
    "until": "pack.until",
    "legend": "pack.legend",
}


def routes() -> list[BaseRoute]:
    """Return ``/print/pack``."""
    return [Route("/print/pack", make_sheet_endpoint("print_pack", "print_pack.html", _fill))]


def _fill(asked: SheetRequest) -> Mapping[str, Any]:
    text, community = asked.text, asked.community
    quarter = _read_quarter(asked)
    packs = read_packs(community.id, quarter, _read_party(asked))
    categories = {category.code: category for category in list_categories()}
    return {
        "title": text("pack.title", community=community.name),
        "quarter": name_period(quarter, find_day(asked.now), text),
        "packs": [build_pack(pack, categories, asked.now, text) for pack in packs],
        "most_open": MOST_OPEN,
        "more": [
            text("pack.more_open", n=len(pack.open) - MOST_OPEN) if len(pack.open) > MOST_OPEN else ""
            for pack in packs
        ],
        "words": {name: text(key) for name, key in _WORDS.items()},
        "print_word": text("morning.print"),
        "counted": "",
        "note": text("watermark.note"),
    }


def _read_quarter(asked: SheetRequest) -> Period:
    quarter = parse_period(asked.given.get("quarter", ""))
    if quarter is None or find_kind(quarter) != "quarter" or quarter.first > find_day(asked.now):
        msg = "there is no such quarter to print: print from the page of figures"
        raise NotFound(msg)
    return quarter


def _read_party(asked: SheetRequest) -> list[int] | None:
    given = asked.given.get("party")
    if given is None:
        return None
    if not given.isdecimal() or len(given) > LONGEST_ID:
        msg = "there is no such property company: print from the page of figures"
        raise NotFound(msg)
    return [int(given)]
