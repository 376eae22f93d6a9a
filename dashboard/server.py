"""The server: Streamlit and the routes beside it, as one ASGI application.

``wangge up`` starts it by ``streamlit run dashboard/server.py --server.address HOST --server.port PORT``.
Every other option is in ``streamlit_config/config.toml``, which Streamlit finds through the link
``dashboard/.streamlit`` wherever it is started from.
"""

import gc
import importlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import streamlit as st

from dashboard.http import features, health, metrics, tiles, vendor
from geo.errors import ConfigurationError
from geo.store.engine import get_engine

# What the first visitor would otherwise wait for. Not streamlit_folium: Streamlit serves the files of a
# component only if a page was the first to import it.
_WARM_UP: Final = ("folium.plugins", "pandas", "pydeck", "dashboard.session")


@asynccontextmanager
async def _run(_app: st.App) -> AsyncIterator[dict[str, Any]]:
    _verify_config()
    vendor.verify_vendor()
    get_engine()
    for module in _WARM_UP:
        importlib.import_module(module)
    # The modules live as long as the process: no later collection needs to walk them.
    gc.collect()
    gc.freeze()
    yield {}


def _verify_config() -> None:
    if st.get_option("runner.postScriptGC"):
        msg = "Streamlit did not read streamlit_config/config.toml: start the dashboard with 'wangge up'"
        raise ConfigurationError(msg)


app = st.App(
    Path(__file__).with_name("app.py"),
    routes=[
        *features.routes(),
        *tiles.routes(),
        *health.routes(),
        *metrics.routes(),
        *vendor.routes(),
    ],
    lifespan=_run,
)
