"""Pages without a server: AppTest has no browser, and so no cookies."""

import pytest
import streamlit as st

from dashboard import session


@pytest.fixture(autouse=True)
def _no_cookies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "read_cookie", lambda: "")


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    """Forget what pages keep of the database of the test before."""
    st.cache_resource.clear()
    st.cache_data.clear()
