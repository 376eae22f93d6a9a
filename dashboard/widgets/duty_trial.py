"""Trying it: to whom a case would go, until when, and why."""

from datetime import datetime

import streamlit as st

from dashboard.models.duties import DutyWords
from dashboard.models.incident_new import ChosenPlace
from dashboard.widgets.markdown import escape
from geo.errors import NotFound
from geo.operations.duties import find_places, try_case
from geo.store.choices import AreaChoice


def show_trial(words: DutyWords, community_id: int, compounds: tuple[AreaChoice, ...], now: datetime) -> None:
    """Let the reader choose a category and a place, and show what would become of the case."""
    text = words.text
    kinds = [code for code, category in words.categories.items() if category.parent_code is not None]
    names = {compound.id: compound.name for compound in compounds}
    with st.container(border=True, key="duty_trial"):
        title, category, compound, address = st.columns([0.7, 1.6, 1.6, 2.2], vertical_alignment="center")
        title.markdown(f"**{text('duties.try')}**")
        with category:
            code = st.selectbox(
                text("duties.category"),
                kinds,
                index=None,
                format_func=words.name_category,
                key="try_category",
                placeholder=text("duties.choose_category"),
                label_visibility="collapsed",
            )
        with address:
            typed = st.text_input(
                text("duties.address"),
                key="try_address",
                placeholder=text("duties.address"),
                label_visibility="collapsed",
                max_chars=200,
            )
        with compound:
            compound_id = st.selectbox(
                text("duties.compound"),
                list(names),
                index=None,
                format_func=names.__getitem__,
                key="try_compound",
                placeholder=text("duties.compound"),
                label_visibility="collapsed",
                disabled=bool(typed.strip()),
            )
        if typed.strip():
            place = _find_address(words, community_id, typed)
        else:
            place = ChosenPlace(names.get(compound_id or 0), compound_id=compound_id)
        if code is not None and place is not None:
            _show_answer(words, community_id, code, place, now)


def _find_address(words: DutyWords, community_id: int, typed: str) -> ChosenPlace | None:
    """Return what an address means; where that is not certain, nothing until the reader has said it."""
    found = {str(number): place for number, place in enumerate(find_places(community_id, typed))}
    if not found:
        st.caption(words.text("duties.address_unknown"))
        return None
    certain = next((number for number, place in found.items() if place.is_certain), None)
    chosen = st.pills(
        words.text("new.meant"),
        list(found),
        default=certain,
        format_func=lambda number: found[number].name,
        key=f"try_meant_{typed}",
        label_visibility="collapsed" if certain else "visible",
    )
    if chosen is None:
        return None
    place = found[chosen]
    point = (place.longitude, place.latitude) if place.building_id is not None else (None, None)
    return ChosenPlace(place.name, place.building_id, place.compound_id, *point)


def _show_answer(words: DutyWords, community_id: int, code: str, place: ChosenPlace, now: datetime) -> None:
    try:
        route = try_case(
            community_id, code, now,
            building_id=place.building_id, compound_id=place.compound_id, point=place.point,
        )  # fmt: skip
    except NotFound:
        st.warning(words.text("duties.nobody"), icon=":material/report:")
        return
    answer, reasons = words.tell_route(route)
    st.markdown(f":material/arrow_forward: **{escape(answer)}**")
    st.caption(escape(words.text("duties.because", reasons=words.text.join(reasons))))
