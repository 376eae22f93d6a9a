"""What stands at the door: the pages to sign in, to change a password and to choose a post, as plain HTML.

They need no script and are the first thing an old browser meets. Whatever stands on them is escaped.
"""

from base64 import b64encode
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Final, Literal
from urllib.parse import urlencode

from jinja2 import Environment, Template
from markupsafe import Markup, escape
from starlette.responses import HTMLResponse

from dashboard.i18n import Text

Door = Literal["login", "password", "post"]

_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def show_door(
    door: Door,
    text: Text,
    *,
    hidden: Mapping[str, str],
    sentence: str = "",
    is_calm: bool = False,
    status: int = 200,
    **shown: object,
) -> HTMLResponse:
    """Return one of the pages.

    Args:
        door: which.
        text: the reader's language.
        hidden: what its forms carry, by name.
        sentence: what the reader must be told first.
        is_calm: whether that is no refusal.
        status: of the answer.
        shown: what is on the page besides: ``login``, ``demo``, ``oidc``, ``posts``.
    """
    fields = Markup().join(
        Markup('<input type="hidden" name="{}" value="{}">').format(name, value)
        for name, value in hidden.items()
    )
    other = {"lang": "en" if text.language == "zh" else "zh", "next": hidden.get("next", "/")}
    content = _load_template().render(
        door=door,
        language=text.language,
        title=_name_door(door, text),
        words=_list_words(text),
        other_language=f"/{door}?{urlencode(other)}",
        hidden=lambda: fields,
        icon=_read_icon(),
        sentence=escape(sentence),
        is_calm=is_calm,
        **shown,
    )
    return HTMLResponse(content, status, headers=_HEADERS)


def _name_door(door: Door, text: Text) -> str:
    titles: Final = {"login": "door.sign_in", "password": "door.new_password", "post": "door.choose_post"}
    return text(titles[door])


def _list_words(text: Text) -> dict[str, str]:
    return {
        "product": text("app.title"),
        "tagline": text("door.tagline"),
        "switch": text("door.other_language"),
        "login": text("door.login"),
        "password": text("door.password"),
        "enter": text("door.enter"),
        "or": text("door.or"),
        "oidc": text("door.oidc"),
        "demo": text("door.demo"),
        "demo_note": text("door.demo_note"),
        "rules": text("door.password_rules"),
        "old": text("door.old_password"),
        "new": text("door.new_password"),
        "again": text("door.new_password_again"),
        "change": text("door.change_password"),
        "leave": text("app.sign_out"),
    }


@lru_cache
def _load_template() -> Template:
    source = (files("dashboard.routes") / "door.html").read_text(encoding="utf-8")
    return Environment(autoescape=True).from_string(source)


@lru_cache
def _read_icon() -> str:
    return b64encode((files("dashboard.widgets") / "icon.png").read_bytes()).decode("ascii")
