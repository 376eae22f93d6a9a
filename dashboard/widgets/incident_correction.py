"""The fields of putting a case right, and of saying which earlier case has come back in it."""

from dataclasses import dataclass

import streamlit as st

from dashboard.models.incident_page import CasesPage
from dashboard.models.incident_words import name_outcome
from geo.errors import InputRefused
from geo.model.incident import Case, Correction, Words
from geo.operations.addresses import find_places_by_address
from geo.operations.case_fields import LONGEST_NAME, LONGEST_TITLE
from geo.store.engine import connect
from geo.store.worklist import EarlierCase, list_earlier


@dataclass(frozen=True, slots=True)
class Draft:
    """What was entered to put a case right; empty where nothing changes.

    Attributes:
        category: a code.
        place: the id of a building, or an address as it was typed.
    """

    category: str | None
    place: str | None
    title: str
    description: str
    address: str


def ask_correction(page: CasesPage, case: Case) -> Draft:
    """Show the fields. None is filled in: what stands there now may be masked, and would be saved so."""
    text, words = page.text, case.words or Words(None, None, None)
    st.caption(text("correct.hint"))
    kinds = {code: name for code, name in page.case_kinds.items() if code != case.category_code}
    names = {str(building.id): building.name for building in page.buildings}
    return Draft(
        category=st.selectbox(
            text("correct.category"),
            list(kinds),
            index=None,
            format_func=kinds.__getitem__,
            placeholder=case.category_name_en if text.language == "en" else case.category_name,
        ),
        place=st.selectbox(
            text("correct.place"),
            list(names),
            index=None,
            format_func=lambda value: names.get(value, value),
            placeholder=case.building_name or case.compound_name or text("case.choose_party"),
            accept_new_options=True,
        ),
        title=st.text_input(text("correct.title"), placeholder=words.title, max_chars=LONGEST_TITLE).strip(),
        description=st.text_area(
            text("correct.description"),
            placeholder=words.description,
            height=80,
        ).strip(),
        address=st.text_input(
            text("fact.address"), placeholder=words.address, max_chars=LONGEST_NAME
        ).strip(),
    )


def read_correction(page: CasesPage, draft: Draft) -> Correction:
    """Return what a draft puts right.

    Raises:
        InputRefused: it changes nothing, or the address means no place for certain; in the reader's language.
    """
    if draft == Draft(None, None, "", "", ""):
        raise InputRefused(page.text("correct.nothing"))
    building_id = compound_id = address = None
    if draft.place and any(str(building.id) == draft.place for building in page.buildings):
        building_id = int(draft.place)
    elif draft.place:
        address = draft.place
        building_id, compound_id = _find_place(page, address)
    return Correction(
        category_code=draft.category,
        title=draft.title or None,
        description=draft.description or None,
        address=draft.address or address,
        building_id=building_id,
        compound_id=compound_id,
    )


def choose_earlier(page: CasesPage, case: Case) -> int | None:
    """Let the reader choose the case that has come back; None where none is chosen, or there is none."""
    text = page.text
    earlier = {each.id: _tell_earlier(each, page) for each in list_earlier(case.id)}
    return st.selectbox(
        text("link.earlier"),
        list(earlier),
        index=None,
        format_func=earlier.__getitem__,
        placeholder=text("link.choose" if earlier else "link.none"),
        disabled=not earlier,
    )


def _find_place(page: CasesPage, address: str) -> tuple[int | None, int | None]:
    with connect() as connection:
        found = find_places_by_address(connection, page.community.id, address)
    if not found:
        raise InputRefused(page.text("correct.unknown"))
    if not found[0].is_certain:
        raise InputRefused(page.text("correct.unclear", places=page.text.join([each.name for each in found])))
    return found[0].building_id, found[0].compound_id


def _tell_earlier(earlier: EarlierCase, page: CasesPage) -> str:
    text = page.text
    parts = [f"#{earlier.id}", text("link.closed", at=text.moment(earlier.closed_at))]
    if earlier.outcome:
        parts.append(name_outcome(earlier.outcome, text))
    if earlier.distance_m is not None:
        parts.append(text("new.away", metres=text.number(earlier.distance_m)))
    return text.join(parts)
