"""The cookie that says who is signed in, signed with the installation's secret.

One cookie serves pages and routes alike. It holds the token of a sign-in and nothing else; what the token
stands for, and for how long, the database says.
"""

import hmac
import os
import secrets
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Final

from itsdangerous import BadSignature, Signer
from starlette.types import Scope

from geo.data_dir import make_data_dir
from geo.errors import ConfigurationError
from geo.settings import get_settings

SIGN_IN: Final = "wangge"
_SECRET_FILE: Final = "secret"  # noqa: S105 - its name


def prepare_secret() -> None:
    """Make the installation's secret at its first start.

    Raises:
        ConfigurationError: the file that holds it cannot be used.
    """
    _get_secret()


def sign_token(token: str) -> str:
    """Return a token as the cookie holds it."""
    return Signer(_get_secret(), salt="sign-in").sign(token).decode("ascii")


def read_token(cookie: str) -> str | None:
    """Return the token in a cookie; None where this installation did not sign it, or it was altered."""
    try:
        return Signer(_get_secret(), salt="sign-in").unsign(cookie).decode("utf-8")
    except (BadSignature, UnicodeError):
        return None


def make_form_token(cookie: str) -> str:
    """Return what a form carries so that only a page of ours can have sent it along with this cookie."""
    return hmac.new(_get_secret(), b"form" + cookie.encode("utf-8", "surrogatepass"), sha256).hexdigest()


def is_form_token(given: str, cookie: str) -> bool:
    """Whether a form's token goes with a cookie."""
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), make_form_token(cookie).encode())


def derive_secret(purpose: str) -> str:
    """Return a secret for another purpose, of which nothing of the first can be learned."""
    return hmac.new(_get_secret(), purpose.encode(), sha256).hexdigest()


def find_cookie(scope: Scope, name: str) -> str:
    """Return a cookie of a request, or nothing."""
    wanted = name.encode()
    for header, value in scope["headers"]:
        if header == b"cookie":
            for part in value.split(b";"):
                key, _, content = part.strip().partition(b"=")
                if key == wanted:
                    return bytes(content).decode("latin-1")
    return ""


def write_cookie(scope: Scope, name: str, value: str, *, kept_s: int) -> str:
    """Return the header that sets a cookie no script can read; with ``kept_s`` 0 it takes the cookie away."""
    secure = "; Secure" if is_https(scope) else ""
    return f"{name}={value}; Path=/; Max-Age={kept_s}; HttpOnly; SameSite=Lax{secure}"


def is_https(scope: Scope) -> bool:
    """Whether the reader's browser speaks https, with us or with the gateway before us."""
    forwarded = dict(scope["headers"]).get(b"x-forwarded-proto", b"")
    return scope["scheme"] in {"https", "wss"} or forwarded.split(b",")[0].strip() == b"https"


def _get_secret() -> bytes:
    return _read_secret(get_settings().data_dir)


@lru_cache
def _read_secret(data_dir: Path) -> bytes:
    path = data_dir / _SECRET_FILE
    try:
        make_data_dir(data_dir)
        # Written whole under another name first: nobody ever reads half a secret.
        draft = path.with_name(f"{_SECRET_FILE}.{secrets.token_hex(8)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(32))
        try:
            os.link(draft, path)
        except FileExistsError:
            pass  # Made at an earlier start.
        finally:
            draft.unlink()
        found = path.read_bytes()
    except OSError as refusal:
        msg = (
            f"the file {path}, which signs the cookies, cannot be used ({refusal.strerror}): make it readable"
        )
        raise ConfigurationError(msg) from refusal
    if len(found) < 32:
        msg = f"the file {path}, which signs the cookies, is damaged: delete it, and everybody signs in again"
        raise ConfigurationError(msg)
    return found
