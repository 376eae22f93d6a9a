"""Pages without a server: AppTest has no browser, and so no cookies."""

import pytest

from dashboard import session


@pytest.fixture(autouse=True)
def _no_cookies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "read_cookie", lambda: "")
