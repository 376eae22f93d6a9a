"""What stands at the top of every page: who is signed in, the community and the language."""

from collections.abc import Sequence
from html import escape as escape_html
from urllib.parse import urlencode

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard import session
from dashboard.i18n import Text
from dashboard.models.incident_words import name_role
from dashboard.models.map_page import choose_community, list_choices
from dashboard.routes.cookies import make_form_token
from dashboard.widgets.markdown import escape
from geo.model.actor import Actor
from geo.rules.access import may_reach
from geo.store.places import Community


def show_reader(actor: Actor, text: Text) -> None:
    """Show who is signed in as what, with the ways to another post and out, and to the screen for a wall."""
    role = name_role(actor.role, text) if actor.role else ""
    token = make_form_token(session.read_cookie())
    community = session.read_map_state().community
    asked = urlencode({"lang": text.language} | ({"community": community} if community else {}))
    wall = f'<a href="/wall?{escape_html(asked)}" target="_blank">{text("nav.wall")}</a>'
    ways = wall if may_reach(actor.role, "/wall") else ""
    with st.container(key="reader"):
        st.html(
            f'<form method="post" action="/logout" class="reader">{ways}'
            f"<span>{escape_html(actor.name)}</span>"
            f'<a href="/post?lang={text.language}" target="_self" title="{text("app.other_post")}">{role}</a>'
            f'<input type="hidden" name="form" value="{token}">'
            f'<input type="hidden" name="lang" value="{text.language}">'
            f"<button>{text('app.sign_out')}</button></form>"
        )


def show_community_choice(communities: Sequence[Community], code: str | None, text: Text) -> Community | None:
    """Show which community is open, as a choice where there are several; None stands for all together."""
    community = choose_community(communities, code)
    if code is not None and code not in {known.code for known in communities}:
        st.toast(text("app.no_such_community", code=escape(code[:40])), icon=":material/location_city:")
        session.change_address(community=None)
    choices = list_choices(communities, text)
    if len(choices) == 1:
        st.markdown(f"### {escape(next(iter(choices.values())))}")
        return community
    st.session_state["community_choice"] = community.code if community else next(iter(choices))
    st.selectbox(
        text("map.community"),
        list(choices),
        format_func=choices.__getitem__,
        key="community_choice",
        label_visibility="collapsed",
        on_change=lambda: session.open_community(st.session_state["community_choice"]),
    )
    return community


def require_community(communities: Sequence[Community], place: DeltaGenerator, text: Text) -> Community:
    """Return the community that is open, shown as a choice; without one, say what to do and end the page."""
    if not communities:
        st.info(text("map.empty"), icon=":material/add_location_alt:")
        st.stop()
    with place:
        community = show_community_choice(communities, session.read_map_state().community, text)
    if community is None:
        st.info(text("morning.choose"), icon=":material/location_city:")
        st.stop()
    return community


def tell_ignored(names: Sequence[str], text: Text) -> None:
    """Say which parameters of the address make no sense and count as not given; nothing where all do."""
    if names:
        st.caption(f":orange[{escape(text('filter.ignored', names=', '.join(names)))}]")


def show_language_switch(text: Text) -> None:
    """Offer the other language."""
    st.button(
        text("app.other_language"),
        key="language",
        type="tertiary",
        icon=":material/translate:",
        on_click=session.change_address,
        kwargs={"lang": "zh" if text.language == "en" else "en"},
    )
