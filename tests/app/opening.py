"""Pages run as a test runs them, without a browser."""

from pathlib import Path
from typing import Final

import pytest
from streamlit.testing.v1 import AppTest

import dashboard
from geo.store import engine
from tests.case_town import CaseTown

_APP: Final = Path(dashboard.__file__).parent / "app.py"
# A busy machine may take long over a first page; a page that hangs is to be seen all the same.
_PATIENCE_S: Final = 120


def start_page() -> AppTest:
    """Return the application before anything of it has run."""
    return AppTest.from_file(str(_APP), default_timeout=_PATIENCE_S)


def run_page(page: str, **params: str) -> AppTest:
    """Run a page of ``dashboard/views`` with an address's parameters, whatever comes of it."""
    app = start_page()
    app.query_params.update(params)
    return app.switch_page(f"views/{page}.py").run()


def open_page(page: str, **params: str) -> AppTest:
    """Run a page that is to come without a failure."""
    app = run_page(page, **params)
    assert not app.exception
    return app


def read_html(app: AppTest) -> str:
    """Return the HTML that a page has put beside Streamlit's own elements."""
    return "".join(str(getattr(element, "value", "")) for element in app.get("html"))


class PageVisit:
    """Somebody of a town at the page that a subclass names."""

    page: str

    def __init__(self, town: CaseTown, who: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.town = town
        self.actor = town.actor(who)
        monkeypatch.setattr(engine, "_find_actor", lambda: self.actor)
        self.app = start_page()

    def open(self, **params: str) -> AppTest:
        """Open the page, which is to come without a failure."""
        self.app.query_params.update(params)
        self.app.switch_page(f"views/{self.page}.py").run()
        assert not self.app.exception
        return self.app
