"""The place where a whole layer is taken away as a file."""

from datetime import UTC, datetime
from functools import partial

import streamlit as st

from dashboard import session
from dashboard.i18n import Text
from dashboard.models.layer_download import FORMATS, SYSTEM_NAMES, make_file, name_file, name_layers
from geo.operations.layer_export import MOST_ROWS_AT_ONCE, list_systems
from geo.rules.access import is_allowed
from geo.store.places import Community


def offer_layers(community: Community, text: Text) -> None:
    """Offer layers to whoever may take them away; the file is made, and noted, when it is asked for."""
    actor = session.get_actor()
    if not is_allowed(actor.role, "export_layers"):
        return
    with st.popover(text("export.layer"), icon=":material/download:", key="export_layers"):
        titles = name_layers(text)
        layer = st.selectbox(text("export.which"), list(titles), format_func=titles.__getitem__)
        ending = st.selectbox(text("export.format"), list(FORMATS), format_func=lambda kind: FORMATS[kind][0])
        systems = list_systems(ending)
        crs = st.selectbox(text("export.crs"), systems, format_func=SYSTEM_NAMES.__getitem__)
        st.download_button(
            text("export.take"),
            data=partial(make_file, layer, ending, crs, community, actor, text, session.today()),
            file_name=name_file(layer, ending, community, datetime.now(UTC)),
            mime=FORMATS[ending][1],
            icon=":material/download:",
            key=f"export_{layer}_{ending}_{crs}",
            width="stretch",
            on_click="ignore",
        )
        st.caption(text("export.layer_note", count=text.number(MOST_ROWS_AT_ONCE)))
