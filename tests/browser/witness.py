"""What happened in a browser's window, kept for whoever asks why a test failed."""

import time
from pathlib import Path
from typing import Final

from playwright.sync_api import ConsoleMessage, Page, Request, Response, WebSocket

KEPT: Final = Path(__file__).parents[2] / "build" / "browser"
_MOST_TOLD: Final = 40
_MARK: Final = "witness:"


class Witness:
    """Writes down what a page says and loads, with the seconds since it was opened.

    Args:
        page: a fresh one; what it showed before is not known.
    """

    def __init__(self, page: Page) -> None:
        self._page = page
        self._began_s = time.monotonic()
        self._lines: list[str] = []
        page.add_init_script(path=Path(__file__).with_suffix(".js"))
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self._note(f"uncaught: {error.stack}"))
        page.on("crash", lambda _page: self._note("the page crashed"))
        page.on("framenavigated", lambda frame: self._note(f"at {frame.url}"))
        page.on("requestfailed", self._note_failure)
        page.on("response", self._note_refusal)
        page.on("websocket", self._follow)

    def keep(self, name: str) -> Path:
        """Keep picture, page and diary under a name in ``build/browser``; return the diary's path."""
        KEPT.mkdir(parents=True, exist_ok=True)
        diary = KEPT / f"{name}.log"
        diary.write_text("\n".join(self._lines), encoding="utf-8")
        (KEPT / f"{name}.html").write_text(self._page.content(), encoding="utf-8")
        self._page.screenshot(path=KEPT / f"{name}.png")
        return diary

    def tell_last(self) -> str:
        """Return the end of the diary."""
        return "\n".join(self._lines[-_MOST_TOLD:])

    def _note(self, line: str) -> None:
        self._lines.append(f"{time.monotonic() - self._began_s:8.2f}  {line}")

    def _hear(self, message: ConsoleMessage) -> None:
        text = message.text
        self._note(text.removeprefix(_MARK).strip() if text.startswith(_MARK) else f"{message.type}: {text}")

    def _note_failure(self, request: Request) -> None:
        self._note(f"not loaded: {request.url} ({request.failure})")

    def _note_refusal(self, response: Response) -> None:
        if response.status >= 400:
            self._note(f"{response.status} {response.url}")

    def _follow(self, socket: WebSocket) -> None:
        self._note("connected")
        socket.on("close", lambda _socket: self._note("disconnected"))
