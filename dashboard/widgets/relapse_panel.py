"""The parts of the relapse page: figures, what is coming back just now, and the cases of a place."""

from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from dashboard import session
from dashboard.i18n import Text
from dashboard.i18n.refusals import tell_refusal
from dashboard.models.incident_filters import CHINA, Filters
from dashboard.models.incident_words import name_state
from dashboard.models.relapse import Figure, Spot, tell_spot, write_params
from dashboard.models.relapse_campaigns import Alarm
from dashboard.widgets.markdown import escape
from geo.errors import WanggeError
from geo.operations.rechecks import confirm_settled
from geo.store.worklist import Case

_CASES = "views/incidents.py"

MOST_CASES = 12
"""So many cases of a place are listed; the page of cases has all."""


def show_figures(figures: Sequence[Figure]) -> None:
    """Show the figures in one row."""
    with st.container(key="relapse_figures", horizontal=True, gap="small"):
        for figure in figures:
            tone = f"_{figure.tone}" if figure.tone else ""
            with st.container(key=f"relapse_figure_{figure.key}{tone}", width="stretch"):
                st.markdown(
                    f"**{escape(figure.value)}** {escape(figure.label)} :gray[{escape(figure.detail)}]"
                )


def show_alarms(
    alarms: Sequence[Alarm],
    calm: str,
    find_cases: Callable[[Filters], Sequence[Case]],
    kept: Mapping[str, str],
    text: Text,
    *,
    can_look: bool,
) -> None:
    """Name what is coming back just now, each with the way to its cases; where nothing is, say over what.

    Args:
        alarms: the surest first.
        calm: what to say where there is none.
        find_cases: finds the newest cases; of a place's the one settled last is looked at again.
        kept: address parameters that every page has.
        text: the language.
        can_look: whether the reader looks at places again.
    """
    with st.container(key="relapse_alarms", border=True):
        st.markdown(f"**{text('relapse.alarms')}**")
        if not alarms:
            st.caption(escape(calm))
        for alarm in alarms:
            st.markdown(f":material/trending_up: **{escape(alarm.title)}**  \n{escape(alarm.detail)}")
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.page_link(
                    _CASES, label=text("relapse.open_cases"), icon=":material/list:",
                    query_params={**kept, **write_params(alarm.cases)},
                )  # fmt: skip
                if can_look:
                    _show_look(find_cases(alarm.cases), f"alarm_{alarm.key}", text)


def show_spot(
    spot: Spot,
    cases: Sequence[Case],
    kept: Mapping[str, str],
    text: Text,
    *,
    can_look: bool,
) -> None:
    """Show the cases of a place, the newest first; the one settled last can be looked at again.

    Args:
        spot: the place.
        cases: its cases.
        kept: address parameters that every page has.
        text: the language.
        can_look: whether the reader looks at places again.
    """
    with st.container(key="relapse_spot", border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"#### {escape(spot.name)} {escape(spot.category)}", width="stretch")
            st.button(
                "", key="relapse_close", icon=":material/close:", type="tertiary",
                on_click=session.change_address, kwargs={"spot": None},
            )  # fmt: skip
        st.caption(escape(tell_spot(spot, text)))
        pair = {
            spot.back.closed_id: text("relapse.this_closed"),
            spot.back.returned_id: text("relapse.this_returned"),
        }
        for case in cases:
            facts = [
                case.reported_at.astimezone(CHINA).date().isoformat(),
                name_state(case.state, text),
                *([pair[case.id]] if case.id in pair else []),
                *([case.lead] if case.lead else []),
            ]
            st.page_link(
                _CASES,
                label=escape(text.join(facts)),
                query_params={**kept, "case": str(case.id)},
            )
        st.page_link(
            _CASES,
            label=text("relapse.open_cases"),
            icon=":material/list:",
            query_params={**kept, **write_params(spot.cases)},
        )
        if can_look:
            _show_look(cases, "spot", text)


def _show_look(cases: Sequence[Case], key: str, text: Text) -> None:
    """Offer to keep that somebody looked again, where nothing is open that would say otherwise."""
    case = next(iter(cases), None)
    if case is None or any(case.is_open for case in cases):
        return
    st.button(
        text("recheck.gone"),
        key=f"relapse_look_{key}",
        icon=":material/check:",
        help=text("relapse.look_help", day=text.day(case.closed_at or case.reported_at)),
        on_click=_confirm,
        args=(case, text),
    )


def _confirm(case: Case, text: Text) -> None:
    try:
        confirm_settled(case.id, case.version)
        session.tell_next(text("recheck.done"))
    except WanggeError as refusal:
        session.tell_next(tell_refusal(refusal, text), is_refusal=True)
