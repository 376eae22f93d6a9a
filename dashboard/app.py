"""Navigation: which pages there are for this reader, in his language."""

import logging
from pathlib import Path
from typing import Final

import streamlit as st

from dashboard import session
from dashboard.routes.guard import LOST
from dashboard.widgets.header import show_reader
from dashboard.widgets.style import show_style
from geo.errors import DatabaseUnavailable
from geo.rules.access import list_pages

_ICONS: Final = {
    "morning": ":material/wb_twilight:",
    "incidents": ":material/checklist:",
    "month": ":material/calendar_month:",
    "relapse": ":material/replay:",
    "figures": ":material/monitoring:",
    "map": ":material/map:",
    "heat": ":material/local_fire_department:",
    "inspections": ":material/fact_check:",
    "coverage": ":material/grid_on:",
    "zones": ":material/group_work:",
    "draw": ":material/draw:",
    "duties": ":material/assignment_ind:",
    "imports": ":material/upload_file:",
    "unplaced": ":material/wrong_location:",
}

text = session.get_text()
st.set_page_config(
    page_title=text("app.title"),
    page_icon=str(Path(__file__).with_name("widgets") / "icon.png"),
    layout="wide",
)
show_style(text)
titles = {
    "morning": text("nav.morning"),
    "incidents": text("nav.incidents"),
    "month": text("nav.month"),
    "relapse": text("nav.relapse"),
    "figures": text("nav.figures"),
    "map": text("nav.map"),
    "heat": text("nav.heat"),
    "inspections": text("nav.inspections"),
    "coverage": text("nav.coverage"),
    "zones": text("nav.zones"),
    "draw": text("nav.draw"),
    "duties": text("nav.duties"),
    "imports": text("nav.imports"),
    "unplaced": text("nav.unplaced"),
}


def go_home() -> None:
    """Turn to the page that the reader's role begins with; each page keeps an address of its own."""
    kept = st.query_params.to_dict()
    if kept.pop(LOST, None):
        st.session_state["turned_away"] = "app.no_such_page"
    st.switch_page(pages[first], query_params=kept)


def turn_away() -> None:
    """Lead whoever opened a page that is not for his role to his own, and say so there."""
    st.session_state["turned_away"] = "app.not_yours"
    go_home()


try:
    actor = session.get_actor()
    allowed = [name for name in list_pages(actor.role) if name in _ICONS]
    if not allowed:
        show_reader(actor, text)
        st.info(text("app.no_page"), icon=":material/lock:")
        st.stop()
    first = allowed[0]
    pages = {
        name: st.Page(f"views/{name}.py", title=titles[name], icon=_ICONS[name], url_path=name)
        for name in _ICONS
        if name in allowed
    }
    # Without these Streamlit would say in English that there is no such file.
    closed = [
        st.Page(turn_away, title=titles[name], url_path=name, visibility="hidden")
        for name in _ICONS
        if name not in allowed
    ]
    home = st.Page(go_home, title=text("app.title"), default=True, visibility="hidden")
    page = st.navigation([home, *pages.values(), *closed], position="top")
    show_reader(actor, text)
    if page in pages.values() and (why := st.session_state.pop("turned_away", "")):
        st.toast(text(why), icon=":material/lock:", duration="long")
    session.show_told()
    page.run()
except DatabaseUnavailable as failure:
    # Whatever the page was about to show; the log says which server and why, the reader what to do.
    logging.getLogger(__name__).warning("%s", failure)
    st.error(text("app.no_database"), icon=":material/cloud_off:")
