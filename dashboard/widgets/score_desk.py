"""The score of a community: what it is made of, what it comes to, and how it would with other weights."""

from collections.abc import Mapping
from typing import Final

import streamlit as st

from dashboard import session
from dashboard.i18n import Text
from dashboard.i18n.refusals import tell_refusal
from dashboard.models.figures import name_period
from dashboard.models.figures_page import name_indicator
from dashboard.models.score import build_row, list_scorable, tell_score
from dashboard.widgets.markdown import escape
from geo.errors import WanggeError
from geo.model.indicator import Value
from geo.operations.scores import read_score_template, set_score_template
from geo.rules.indicators import INDICATORS, Score
from geo.rules.periods import Period
from geo.store.places import Community

_ADDED: Final = "score_added"
_COLUMNS: Final = (3.2, 1.2, 1.3, 1.5)
_TITLES: Final = ("figures.indicator", "figures.value", "score.weight", "score.gives")


def show_score(
    community: Community, period: Period, values: Mapping[str, Value], text: Text, *, can_edit: bool
) -> None:
    """Show the score of a period, and let those who keep it try other weights and keep them.

    Args:
        community: whose.
        period: of when the values are.
        values: the community's figures by indicator.
        text: the reader's language.
        can_edit: whether the reader may change the weights.
    """
    kept = read_score_template(community.id)
    with st.container(key="score_desk", border=True):
        head = st.container(horizontal=True, vertical_alignment="center", key="score_head")
        st.caption(text("score.note"))
        weights = _show_terms(kept, values, text, can_edit=can_edit)
        with head:
            st.markdown(f"#### {escape(tell_score(weights, values, text))}")
            st.caption(escape(name_period(period, session.today(), text)))
        if can_edit:
            _show_acts(community, kept, weights, text)


def _show_terms(kept: Score, values: Mapping[str, Value], text: Text, *, can_edit: bool) -> dict[str, float]:
    """Show the terms and return their weights; one of nought is no term."""
    titles = st.columns(_COLUMNS)
    for column, key in zip(
        titles, ("figures.indicator", "figures.value", "score.weight", "score.gives"), strict=True
    ):
        column.caption(text(key))
    weights = {}
    for id_ in dict.fromkeys((*kept.weights, *st.session_state.get(_ADDED, ()))):
        name, value, number, points = st.columns(_COLUMNS, vertical_alignment="center")
        weight = kept.weights.get(id_, 0.0)
        if can_edit:
            weight = number.number_input(
                text("score.weight"),
                min_value=0.0,
                max_value=100.0,
                value=weight,
                step=5.0,
                format="%g",
                key=f"score_{id_}",
                label_visibility="collapsed",
            )
        else:
            number.markdown(text.number(weight, digits=1))
        row = build_row(id_, weight, values, text)
        name.markdown(escape(row.title), help=escape(row.hint))
        value.markdown(escape(row.value))
        points.markdown(escape(row.points))
        weights[id_] = weight
    return {id_: weight for id_, weight in weights.items() if weight}


def _show_acts(community: Community, kept: Score, weights: dict[str, float], text: Text) -> None:
    known = {*kept.weights, *st.session_state.get(_ADDED, ())}
    with st.container(horizontal=True, vertical_alignment="bottom", key="score_acts"):
        st.selectbox(
            text("score.add"),
            [id_ for id_ in list_scorable() if id_ not in known],
            index=None,
            placeholder=text("score.choose"),
            format_func=lambda id_: name_indicator(INDICATORS[id_], text),
            key="score_add",
            width=280,
            on_change=_add_term,
        )
        st.space("stretch")
        is_same = weights == dict(kept.weights)
        st.button(text("score.drop"), key="score_drop", disabled=is_same, on_click=_forget)
        if st.button(text("score.save"), key="score_save", type="primary", disabled=is_same):
            try:
                set_score_template(community.id, kept, Score(weights))
            except WanggeError as refusal:
                st.warning(escape(tell_refusal(refusal, text)), icon=":material/report:")
            else:
                _forget()
                session.tell_next(text("score.saved"))
                st.rerun()


def _add_term() -> None:
    if added := st.session_state["score_add"]:
        st.session_state[_ADDED] = [*st.session_state.get(_ADDED, ()), added]
        st.session_state["score_add"] = None


def _forget() -> None:
    """Let the kept weights stand in the fields again."""
    for key in [key for key in st.session_state if str(key).startswith("score_")]:
        del st.session_state[key]
