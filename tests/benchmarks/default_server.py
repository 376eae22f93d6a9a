"""The dashboard with Streamlit's default settings: no ``.streamlit`` stands beside this script."""

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboard import server

# It refuses to start with settings that are not its own.
server._verify_config = lambda: None


class _Dashboard:
    """Hands everything to the dashboard; ``streamlit run`` looks for an application made in its script."""

    def __init__(self, _app: ASGIApp) -> None:
        pass

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await server.app(scope, receive, send)


app = Starlette(middleware=[Middleware(_Dashboard)])
