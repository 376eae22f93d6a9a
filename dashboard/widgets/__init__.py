"""Parts of a page that Streamlit does not have, or that several pages share."""
