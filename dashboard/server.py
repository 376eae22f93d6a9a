"""The server: Streamlit and the routes beside it, as one ASGI application.

``wangge up`` starts it by ``streamlit run dashboard/server.py --server.address HOST --server.port PORT``.
Every other option is in ``streamlit_config/config.toml``, which Streamlit finds through the link
``dashboard/.streamlit`` wherever it is started from.
"""

import asyncio
import gc
import importlib
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

import psutil
import streamlit as st
from starlette.middleware import Middleware

from dashboard import session
from dashboard.day import keep_days
from dashboard.routes import (
    hand_over_sheet,
    health,
    login,
    metrics,
    month_sheet,
    morning_sheet,
    open311,
    pack_sheet,
    photos,
    relapse_sheet,
    vendor,
    walk_list,
    wall,
    zone_cards,
)
from dashboard.routes.cookies import prepare_secret
from dashboard.routes.guard import Guard
from dashboard.routes.lane import DataLane
from geo.errors import ConfigurationError
from geo.store.engine import get_engine, serve_application

# What the first visitor would otherwise wait for. Not streamlit_folium: Streamlit serves the files of a
# component only if a page was the first to import it.
_WARM_UP: Final = ("folium.plugins", "pandas", "pydeck", "dashboard.session")


@asynccontextmanager
async def _run(_app: st.App) -> AsyncIterator[dict[str, Any]]:
    _verify_config()
    vendor.verify_vendor()
    prepare_secret()
    get_engine().dispose()  # Made ready by its owner, who has no more to do here.
    serve_application(session.find_reader)
    _send_at_once()
    for module in _WARM_UP:
        importlib.import_module(module)
    # The modules live as long as the process: no later collection needs to walk them.
    gc.collect()
    gc.freeze()
    # A run of a page makes some thousand objects. At Python's own thresholds all sessions would be walked
    # every few seconds, and nobody be answered meanwhile.
    gc.set_threshold(10_000, 10, 10)
    days = asyncio.create_task(keep_days())
    yield {}
    days.cancel()
    with suppress(asyncio.CancelledError):
        await days


def _verify_config() -> None:
    if st.get_option("runner.postScriptGC"):
        msg = "Streamlit did not read streamlit_config/config.toml: start the dashboard with 'wangge up'"
        raise ConfigurationError(msg)


def _send_at_once() -> None:
    # Streamlit opens its listener without naming TCP, so asyncio leaves Nagle's algorithm on: a body waits
    # 40 ms until the browser has confirmed the headers. Connections inherit the option from the listener.
    for found in psutil.Process().net_connections("tcp"):
        if found.status == psutil.CONN_LISTEN:
            with socket.socket(fileno=os.dup(found.fd)) as listener:
                listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


app = st.App(
    Path(__file__).with_name("app.py"),
    routes=[
        *login.routes(),
        *health.routes(),
        *metrics.routes(),
        *open311.routes(),
        *photos.routes(),
        *vendor.routes(),
        *morning_sheet.routes(),
        *month_sheet.routes(),
        *pack_sheet.routes(),
        *relapse_sheet.routes(),
        *walk_list.routes(),
        *wall.routes(),
        *hand_over_sheet.routes(),
        *zone_cards.routes(),
    ],
    middleware=[Middleware(Guard), Middleware(DataLane)],
    lifespan=_run,
    on_script_error=session.tell_failure,
)
