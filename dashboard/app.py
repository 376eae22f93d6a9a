"""Navigation: which pages there are, in the reader's language."""

from pathlib import Path

import streamlit as st

from dashboard import session
from dashboard.widgets.style import show_style

text = session.get_text()
st.set_page_config(
    page_title=text("app.title"),
    page_icon=str(Path(__file__).with_name("widgets") / "icon.png"),
    layout="wide",
)
show_style()
st.navigation(
    [
        st.Page("views/map.py", title=text("nav.map"), icon=":material/map:", default=True),
        st.Page("views/draw.py", title=text("nav.draw"), icon=":material/draw:", url_path="draw"),
    ],
    position="top",
).run()
