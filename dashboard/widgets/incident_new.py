"""The form for a new case: category, place, how it ended; for a visitor at the desk or a pasted message."""

import uuid
from datetime import datetime
from typing import Any, Final

import streamlit as st

from dashboard import case_session, data
from dashboard.models.incident_new import ChosenPlace, tell_route, tell_similar
from dashboard.models.incident_page import CasesPage
from dashboard.models.incident_words import name_outcome, name_source
from dashboard.widgets.incident_moves import explain_refusal
from dashboard.widgets.markdown import escape
from geo.errors import WanggeError
from geo.model.incident import NewIncident, Requester
from geo.operations.addresses import find_places_by_address
from geo.operations.deadlines import choose_route_and_due
from geo.operations.incidents import report_and_settle, report_incident
from geo.rules.guessing import guess_case
from geo.rules.workflow import OUTCOMES
from geo.store import worklist
from geo.store.engine import connect
from geo.store.photos import MOST_BYTES

_SOURCES: Final = ("walk_in", "phone", "wechat_group", "patrol", "property", "superior", "other")
_OUTCOMES: Final = OUTCOMES[:5]
_PICTURES: Final = ("jpg", "jpeg", "png", "webp")
_NONE: Final = ""
# Of more than this a guess would take seconds, and no case keeps as much.
_LONGEST_GUESSED: Final = 20_000


def show_new_case(page: CasesPage, tags: dict[str, str], now: datetime) -> None:
    """Show the form, with what it would lead to before anything is saved."""
    text = page.text
    with st.container(border=True, key="new_case"):
        with st.container(key="new_title", horizontal=True, vertical_alignment="center"):
            st.markdown(f"#### {text('new.title')}", width="stretch")
            if case_session.is_reporting():
                st.button(
                    "",
                    key="end_report",
                    icon=":material/close:",
                    type="tertiary",
                    help=text("card.close"),
                    on_click=case_session.end_report,
                )
        # Without a longest length: Streamlit would drop a whole message that is longer, and say nothing.
        st.text_area(
            text("new.message"),
            key="new_message",
            placeholder=text("new.message"),
            label_visibility="collapsed",
            height=84,
            on_change=_guess,
            args=(page, tags),
        )
        if guessed := st.session_state.get("new_guessed"):
            st.caption(escape(guessed))
        category = st.selectbox(
            text("new.category"),
            list(page.case_kinds),
            index=None,
            format_func=page.case_kinds.__getitem__,
            key="new_category",
            placeholder=text("new.category"),
            label_visibility="collapsed",
        )
        if category and (numbers := page.categories[category].call_first):
            st.error(text("case.call_first", numbers=numbers), icon=":material/call:")
        place = _choose_place(page)
        _show_consequences(page, category, place, now)
        outcome = st.pills(
            text("new.outcome"),
            _OUTCOMES,
            key="new_outcome",
            format_func=lambda code: name_outcome(code, text),
            help=text("new.outcome_help"),
        )
        with st.popover(name_source(_read_source(), text), icon=":material/more_horiz:"):
            _show_details(page)
        st.button(
            text("new.save_settled" if outcome else "new.save"),
            key="save_new",
            type="primary",
            width="stretch",
            shortcut="alt+enter",
            disabled=category is None,
            on_click=_save,
            args=(page, place),
        )
        if refusal := st.session_state.pop("new_refusal", None):
            st.warning(escape(refusal), icon=":material/report:")


def _choose_place(page: CasesPage) -> ChosenPlace:
    """Return the place: where the map was clicked, else the building or address that was chosen or typed."""
    text, spot = page.text, case_session.read_spot()
    if spot is not None:
        found = worklist.find_spot(page.community.id, spot.longitude, spot.latitude)
        if found.is_inside:
            with st.container(key="new_spot", horizontal=True, vertical_alignment="center"):
                name = escape(found.building or text("new.on_the_map"))
                st.markdown(f":material/location_on: **{name}**", width="stretch")
                st.button(
                    "",
                    key="forget_spot",
                    icon=":material/close:",
                    type="tertiary",
                    on_click=case_session.forget_spot,
                )
            return ChosenPlace(
                name=found.building,
                building_id=found.building_id,
                longitude=spot.longitude,
                latitude=spot.latitude,
                is_pointed_at=True,
            )
        st.caption(text("new.outside"))
    names = {str(building.id): building.name for building in page.buildings}
    typed = st.selectbox(
        text("new.place"),
        list(names),
        index=None,
        format_func=lambda value: names.get(value, value),
        key="new_place",
        placeholder=text("new.place"),
        label_visibility="collapsed",
        accept_new_options=True,
    )
    if not typed:
        return ChosenPlace()
    building = next((each for each in page.buildings if str(each.id) == typed), None)
    if building is not None:
        return ChosenPlace(building.name, building.id, None, building.longitude, building.latitude)
    return _find_address(page, typed)


def _find_address(page: CasesPage, typed: str) -> ChosenPlace:
    """Return what a typed address means; where that is not certain, let the reader say it."""
    text = page.text
    with connect() as connection:
        found = find_places_by_address(connection, page.community.id, typed)
    likely = {str(number): place for number, place in enumerate(found)}
    certain = next((number for number, place in likely.items() if place.is_certain), None)
    if not likely:
        st.caption(text("new.address_unknown"))
        return ChosenPlace(address=typed)
    chosen = st.pills(
        text("new.meant"),
        list(likely),
        default=certain,
        format_func=lambda number: escape(likely[number].name),
    )
    if chosen is None:
        return ChosenPlace(address=typed)
    place = likely[chosen]
    # In a compound alone there is no point to be taken.
    is_spot = place.quality == "manual"
    is_point = is_spot or place.building_id is not None
    return ChosenPlace(
        place.name,
        place.building_id,
        place.compound_id,
        place.longitude if is_point else None,
        place.latitude if is_point else None,
        address=typed,
        is_pointed_at=is_spot,
    )


def _show_consequences(page: CasesPage, category: str | None, place: ChosenPlace, now: datetime) -> None:
    text = page.text
    if category is None:
        return
    with connect() as connection:
        chosen = choose_route_and_due(
            connection,
            page.community.id,
            category,
            now,
            building_id=place.building_id,
            compound_id=place.compound_id,
            point=place.point,
        )
    st.caption(escape(tell_route(chosen, page.party_names, text)))
    if place.point is None:
        return
    similar = worklist.list_similar(page.community.id, category, *place.point, now)
    if similar:
        st.markdown(f":orange[:material/content_copy: **{escape(text('new.similar', n=len(similar)))}**]")
    for case in similar:
        st.button(
            escape(tell_similar(case, text)),
            key=f"similar_{case.id}",
            type="tertiary",
            on_click=case_session.open_case,
            args=(case.id,),
        )


def _show_details(page: CasesPage) -> None:
    text = page.text
    st.pills(
        text("fact.source"),
        _SOURCES,
        default=_guess_source(),
        key=_source_key(),
        format_func=lambda source: name_source(source, text),
        required=True,
    )
    st.text_input(text("new.requester_name"), key=_detail_key("name"), max_chars=40)
    st.text_input(text("new.requester_phone"), key=_detail_key("phone"), max_chars=30)
    st.file_uploader(
        text("case.photos"),
        type=_PICTURES,
        accept_multiple_files=True,
        key=_detail_key("photos"),
        max_upload_size=MOST_BYTES >> 20,
    )


def _detail_key(name: str) -> str:
    # The browser makes what is in a popover only as that is opened: a value put into the session before never
    # gets there, and it would send back its own. Each case has fields of its own, with nothing in them.
    return f"new_{name}_{st.session_state.setdefault('new_client_id', uuid.uuid4().hex)}"


def _source_key() -> str:
    return _detail_key(f"source_{_guess_source()}")


def _guess_source() -> str:
    return "wechat_group" if st.session_state.get("new_is_chat") else _SOURCES[0]


def _read_source() -> str:
    return st.session_state.get(_source_key()) or _guess_source()


def _guess(page: CasesPage, tags: dict[str, str]) -> None:
    """Fill in what a message says and nobody has chosen yet."""
    state = st.session_state
    message = state["new_message"]
    state["new_guessed"] = ""
    if not message.strip() or len(message) > _LONGEST_GUESSED:
        return
    guess = guess_case(
        message, data.read_gazetteer(page.community.id, tags, page.actor), list(page.case_kinds)
    )
    told = []
    if guess.categories and not state.get("new_category"):
        state["new_category"] = guess.categories[0].code
        told.append(page.case_kinds[guess.categories[0].code])
    names = {building.id: building.name for building in page.buildings}
    if guess.place.building_id in names and not state.get("new_place"):
        state["new_place"] = str(guess.place.building_id)
        told.append(names[guess.place.building_id])
    if guess.sender:
        state["new_is_chat"] = True
    state["new_message"] = guess.text
    if told:
        state["new_guessed"] = page.text("new.guessed", guesses=page.text.join(told))


def _save(page: CasesPage, place: ChosenPlace) -> None:
    state, text = st.session_state, page.text
    name, phone = (state.get(_detail_key(each), "").strip() for each in ("name", "phone"))
    photos = tuple(photo.getvalue() for photo in state.get(_detail_key("photos")) or ())
    outcome = state.get("new_outcome")
    new = NewIncident(
        community_id=page.community.id,
        category_code=state["new_category"],
        source=_read_source(),
        description=state["new_message"].strip() or page.case_kinds[state["new_category"]],
        address=place.address,
        longitude=place.longitude if place.is_pointed_at else None,
        latitude=place.latitude if place.is_pointed_at else None,
        building_id=place.building_id,
        compound_id=place.compound_id,
        requester=Requester(name=name or None, phone=phone or None) if name or phone else None,
        client_id=state.setdefault("new_client_id", uuid.uuid4().hex),
        photos=photos,
    )
    try:
        number = report_and_settle(new, outcome) if outcome else report_incident(new)
    except WanggeError as refusal:
        state["new_refusal"] = explain_refusal(refusal, page)
        return
    st.toast(text("new.settled" if outcome else "new.saved", number=number), icon=":material/check:")
    _clear(state)


def _clear(state: Any) -> None:
    for key in ("new_message", "new_guessed"):
        state[key] = ""
    state["new_is_chat"] = False
    for key in ("new_category", "new_place", "new_outcome"):
        state[key] = None
    state["new_client_id"] = uuid.uuid4().hex
    case_session.forget_spot()
    case_session.end_report()
