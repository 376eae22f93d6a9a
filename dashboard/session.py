"""Who this reader is, and what he has chosen.

Who he is the cookie of his browser says, in every run anew. What he has chosen the address of the page says:
it survives a refresh and can be sent.

Streamlit drops the query parameters when the reader turns to another page, so language and community are
remembered for the session and put back.
"""

from collections.abc import Callable
from datetime import date, datetime
from functools import wraps
from typing import Final, ParamSpec
from zoneinfo import ZoneInfo

import streamlit as st
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile

from dashboard.i18n import LANGUAGES, Text
from dashboard.models.map_page import ALL, ListEntry, close_up
from dashboard.models.map_state import (
    LAYERS,
    MapState,
    PlaceKey,
    View,
    fit_view,
    format_layers,
    format_place,
    format_view,
    parse_map_state,
)
from dashboard.routes.cookies import SIGN_IN
from dashboard.routes.sign_ins import find_actor
from dashboard.widgets.markdown import escape
from dashboard.widgets.style import show_style
from geo.errors import DatabaseUnavailable, NotFound
from geo.model.actor import NOBODY, Actor
from geo.settings import get_settings
from geo.store import engine
from geo.store.places import get_place

_P = ParamSpec("_P")

_KEPT_ACROSS_PAGES: Final = ("lang", "community")
_TOLD_NEXT: Final = "told_next"
# About what the map has on a desk of 1366 × 768; a box that fits there fits everywhere.
_MAP_PX: Final = (930, 565)


def find_reader() -> Actor:
    """Return who looks at the page that this thread draws; nobody where it draws none or he signed out.

    Raises:
        DatabaseUnavailable: the database does not answer.
    """
    if get_script_run_ctx(suppress_warning=True) is None:
        return NOBODY
    return find_actor(read_cookie()) or NOBODY


def read_cookie() -> str:
    """Return the cookie of the sign-in, as the browser sent it when it opened the page."""
    return st.context.cookies.get(SIGN_IN, "")


def get_actor() -> Actor:
    """Return who looks at the page; stop where nobody is signed in any more, with the way to the login page.

    Raises:
        DatabaseUnavailable: the database does not answer.
    """
    actor = engine.get_actor() or NOBODY
    if not _is_in(actor):
        text = get_text()
        st.info(
            text("app.change_password_first" if actor.role else "app.signed_out"),
            icon=":material/lock:",
        )
        door = "/password" if actor.role else "/login"
        st.html(
            f'<a href="{door}" target="_self">{text("app.sign_in_link")}</a>'
            f'<script>location.replace("{door}?why=ended&lang={text.language}&next="'
            " + encodeURIComponent(location.pathname + location.search))</script>",
            unsafe_allow_javascript=True,
        )
        st.stop()
    return actor


def fragment(show: Callable[_P, None], *, every_s: float | None = None) -> Callable[_P, None]:
    """Make a part of a page that reruns alone, but the whole page where nobody is signed in any more.

    Args:
        show: shows the part.
        every_s: after so many seconds it reruns by itself, again and again; None only when something is done.
    """

    @st.fragment(run_every=every_s)
    @wraps(show)
    def show_to_reader(*args: _P.args, **kwargs: _P.kwargs) -> None:
        if not _is_in(engine.get_actor() or NOBODY):
            st.rerun()
        # Of a run of this part alone nobody else tells what the click before it did.
        show_told()
        show(*args, **kwargs)

    return show_to_reader


def tell_failure(failure: Exception) -> bool:
    """Tell the reader in his language that a page, a part of one or a click failed; Streamlit logs why.

    Returns:
        True: in place of Streamlit's own words, which are English and for programmers.
    """
    context = get_script_run_ctx()
    if context is not None and not context.has_script_started:
        # A click's work comes before the page: what is told of it takes the place of what stands first there.
        show_style(get_text())
    key = "app.no_database" if isinstance(failure, DatabaseUnavailable) else "app.failed"
    st.error(get_text()(key), icon=":material/error:")
    return True


def tell_next(sentence: str, *, is_refusal: bool = False) -> None:
    """Keep a sentence for the next run: what pops up before a rerun goes with what it replaces.

    Args:
        sentence: in the reader's language.
        is_refusal: whether it says what was not done; it then looks so, and stays longer.
    """
    st.session_state[_TOLD_NEXT] = (sentence, is_refusal)


def show_told() -> None:
    """Let pop up what was kept for this run."""
    if kept := st.session_state.pop(_TOLD_NEXT, None):
        sentence, is_refusal = kept
        if is_refusal:
            st.toast(escape(sentence), icon=":material/report:", duration="long")
        else:
            st.toast(escape(sentence), icon=":material/check:")


def forget_upload(file: UploadedFile) -> None:
    """Let go of what was uploaded, which Streamlit would keep in memory until the reader leaves."""
    context = get_script_run_ctx()
    if context is not None and isinstance(context.uploaded_file_mgr, MemoryUploadedFileManager):
        context.uploaded_file_mgr.remove_file(context.session_id, file.file_id)


def get_text() -> Text:
    """Return the reader's language: the address's, or the session's, or the installation's."""
    _restore_params()
    language = st.query_params.get("lang", "")
    return Text(language if language in LANGUAGES else get_settings().language)


def read_map_state() -> MapState:
    """Return what the address says the map shows."""
    return parse_map_state(st.query_params.to_dict())


def change_address(**params: str | None) -> None:
    """Set query parameters; None takes one away. Personal data must not be put here."""
    for name, value in params.items():
        if value is None:
            st.query_params.pop(name, None)
        else:
            st.query_params[name] = value
        if name in _KEPT_ACROSS_PAGES:
            st.session_state[f"kept_{name}"] = value


def today() -> date:
    """Return the day it is in China."""
    return datetime.now(ZoneInfo("Asia/Shanghai")).date()


def choose_view(box: tuple[float, float, float, float], community: str | None, asked: View | None) -> View:
    """Return where the map opens: as the address asked when it was opened, else on the whole box.

    The answer stays the same while the reader moves the map, for deck.gl jumps whenever it changes.
    """
    opened = st.session_state.get("opened_view")
    if opened is None or opened[0] != community:
        fitted = fit_view(*box, width_px=_MAP_PX[0], height_px=_MAP_PX[1])
        opened = (community, asked if opened is None and asked else fitted)
        st.session_state["opened_view"] = opened
    view: View = opened[1]
    return view


def open_community(code: str) -> None:
    """Turn to another community, or to all of them."""
    change_address(community=None if code == ALL else code, selected=None, at=None)


def switch_layers() -> None:
    """Keep the layers that are now on."""
    chosen = st.session_state["layers"]
    change_address(layers=format_layers(tuple(layer for layer in LAYERS if layer in chosen)))


def select_clicked() -> None:
    """Open the card of what was clicked on the map, or close it where nothing was."""
    objects = st.session_state["map"].selection.objects
    clicked = next((found["properties"] for of_layer in objects.values() for found in of_layer), None)
    if clicked is None:
        close_place()
    elif clicked["layer"] == "communities":
        open_community(clicked["code"])
    else:
        open_place(PlaceKey(clicked["layer"], clicked["id"]))


def open_place(place: PlaceKey) -> None:
    """Open the card of a place."""
    change_address(selected=format_place(place))


def close_place() -> None:
    """Close the card."""
    change_address(selected=None)


def go_to(entry: ListEntry) -> None:
    """Move the map to a place that was searched for or listed, and open its card."""
    try:
        place = get_place(entry.place.layer, entry.place.id, today())
    except NotFound:
        return
    code = place.community_code
    view = close_up(place.longitude, place.latitude, place.layer)
    st.session_state["opened_view"] = (code, view)
    st.session_state["words"] = ""
    change_address(community=code, selected=format_place(entry.place), at=format_view(view))


def _is_in(actor: Actor) -> bool:
    return actor.role is not None and not actor.must_change_password


def _restore_params() -> None:
    for name in _KEPT_ACROSS_PAGES:
        if name in st.query_params:
            st.session_state[f"kept_{name}"] = st.query_params[name]
        elif st.session_state.get(f"kept_{name}"):
            st.query_params[name] = st.session_state[f"kept_{name}"]
