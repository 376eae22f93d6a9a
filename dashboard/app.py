"""Navigation: which pages there are, in the reader's language."""

import logging
from pathlib import Path

import streamlit as st

from dashboard import session
from dashboard.widgets.style import show_style
from geo.errors import DatabaseUnavailable

text = session.get_text()
st.set_page_config(
    page_title=text("app.title"),
    page_icon=str(Path(__file__).with_name("widgets") / "icon.png"),
    layout="wide",
)
show_style()
page = st.navigation(
    [
        st.Page("views/map.py", title=text("nav.map"), icon=":material/map:", default=True),
        st.Page("views/draw.py", title=text("nav.draw"), icon=":material/draw:", url_path="draw"),
    ],
    position="top",
)
try:
    page.run()
except DatabaseUnavailable as failure:
    # Whatever the page was about to show; the log says which server and why, the reader what to do.
    logging.getLogger(__name__).warning("%s", failure)
    st.error(text("app.no_database"), icon=":material/cloud_off:")
