"""``/print/hand-over?community=CODE&party=ID&lang=zh``: what somebody hands over, on paper.

His open cases with the last that was done, and his buildings, the longest unvisited first.
"""

from collections.abc import Mapping
from typing import Any

from starlette.routing import BaseRoute, Route

from dashboard.i18n import Text
from dashboard.models.absences import tell_dates
from dashboard.models.incident_words import name_category, name_event, name_state
from dashboard.routes.sheets import SheetRequest, make_sheet_endpoint
from geo.errors import NotFound
from geo.model.absence import HandedBuilding, HandedCase
from geo.operations.absences import read_hand_over_sheet
from geo.rules.morning import find_day
from geo.store.choices import Category, list_categories


def routes() -> list[BaseRoute]:
    """Return ``/print/hand-over``."""
    return [Route("/print/hand-over", make_sheet_endpoint("print_hand_over", "print_hand_over.html", _fill))]


def _fill(asked: SheetRequest) -> Mapping[str, Any]:
    text = asked.text
    sheet = read_hand_over_sheet(_read_party(asked), find_day(asked.now))
    categories = {category.code: category for category in list_categories()}
    return {
        "title": text("hand_over.title", name=sheet.name, community=asked.community.name),
        "counted": text.join(
            [
                *([tell_dates(sheet.absence, text)] if sheet.absence else []),
                text("list.cases", n=len(sheet.cases)),
                text("count.buildings", n=len(sheet.buildings)),
            ]
        ),
        "case_columns": [
            text("walk.case"), text("column.title"), text("fact.due_at"), text("hand_over.last"),
            text("hand_over.now_with"),
        ],
        "cases": [_write_case(case, categories[case.category_code], asked) for case in sheet.cases],
        "no_cases": text("hand_over.no_cases"),
        "building_columns": [
            text("fact.building"), text("hand_over.households"), text("hand_over.visited"),
            text("hand_over.now_with"), text("walk.done"),
        ],
        "buildings": [_write_building(building, text) for building in sheet.buildings],
        "signatures": [text("hand_over.giver"), text("hand_over.taker"), text("hand_over.witness")],
        "note": text("watermark.note"),
        "print_word": text("hand_over.print"),
    }  # fmt: skip


def _read_party(asked: SheetRequest) -> int:
    given = asked.given.get("party", "")
    if not (given.isascii() and given.isdigit() and len(given) < 19):
        msg = "a hand-over sheet is somebody's: print it from the list of absences"
        raise NotFound(msg)
    return int(given)


def _write_case(case: HandedCase, category: Category, asked: SheetRequest) -> Mapping[str, Any]:
    text, due_at = asked.text, case.due_at
    last = []
    if case.last_kind is not None and case.last_at is not None:
        what = name_event(case.last_kind, case.last_move, case.last_state, text)
        last = [text.day(case.last_at), what, *([case.last_actor] if case.last_actor else [])]
    return {
        "id": case.id,
        "name": name_category(category, text),
        "place": case.place or "",
        "state": name_state(case.state, text),
        "title": case.title or "",
        "due": text("case.no_limit") if due_at is None else f"{text.day(due_at)} {text.clock(due_at)}",
        "is_over": due_at is not None and due_at < asked.now,
        "last": text.join(last),
        "note": case.last_note or "",
        "party": case.party or text("card.nobody"),
    }


def _write_building(building: HandedBuilding, text: Text) -> Mapping[str, Any]:
    visited_at = building.visited_at
    return {
        "name": building.name,
        "households": text.number(building.households),
        "visited": text("hand_over.never") if visited_at is None else text.moment(visited_at)[:10],
        "party": building.party or text("card.nobody"),
    }
