"""What a new zone plan or a colleague's absence changes for whoever is looking, in a line over his cases."""

from collections.abc import Sequence

import streamlit as st

from dashboard.i18n import Text
from dashboard.models.absences import tell_stood_in_for
from dashboard.models.zones import tell_news
from dashboard.widgets.markdown import escape
from geo.model.absence import Absence
from geo.operations.zone_news import ZoneNews


def show_zone_news(news: Sequence[ZoneNews], community_code: str, text: Text) -> None:
    """Show each change with the way to its plan; nothing where there is none."""
    for item in news:
        st.page_link(
            "views/zones.py",
            label=escape(tell_news(item, text)),
            icon=":material/group_work:",
            query_params={"community": community_code, "kind": item.kind, "plan": str(item.plan_id)},
        )


def show_stood_in_for(absences: Sequence[Absence], party_id: int, text: Text) -> None:
    """Show for whom the reader's party stands in today; nothing where for nobody."""
    for absence in absences:
        st.caption(f":material/supervisor_account: {escape(tell_stood_in_for(absence, party_id, text))}")
