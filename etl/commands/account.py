"""``wangge account``: who may sign in, as what, and the tokens of screens and programs."""

import json
import sys
from collections.abc import Callable
from datetime import date, datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

import click

from geo.errors import InputRefused
from geo.model.actor import ROLES, Role
from geo.operations import administration
from geo.operations.administration import Post

_CHINA = ZoneInfo("Asia/Shanghai")
_DAY = click.DateTime(["%Y-%m-%d"])
_json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


def _post_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that describe a post."""
    for option in reversed(
        (
            click.option("--role", type=click.Choice(ROLES), required=True),
            click.option("--community", help="Code; without it all of them, for those above communities."),
            click.option("--grid", help="Code of a grid that the post is limited to."),
            click.option("--party", help="Code of the party that the person acts for."),
            click.option("--from", "valid_from", type=_DAY, help="First day.  [default: today]"),
            click.option("--until", "valid_until", type=_DAY, help="Last day.  [default: no end]"),
        )
    ):
        command = option(command)
    return command


def _read_post(
    role: str,
    community: str | None,
    grid: str | None,
    party: str | None,
    valid_from: datetime | None,
    valid_until: datetime | None,
) -> Post:
    return Post(
        cast("Role", role),
        community,
        grid,
        party,
        valid_from.date() if valid_from else None,
        valid_until.date() if valid_until else None,
    )


@click.group()
def account() -> None:
    """Who may sign in, as what, and the tokens of screens and programs."""


@account.command("add")
@click.argument("login")
@_post_options
@click.option("--name", help="What pages call the person.  [default: the login]")
@click.option("--no-password", is_flag=True, help="For a program, which comes in by a token.")
@click.option("--oidc-issuer", help="Comes in through this sign-on instead of a password.")
@click.option("--oidc-subject", help="Whom that sign-on means.  [default: who comes first with this login]")
@_json_option
def add_command(
    login: str,
    *,
    name: str | None,
    no_password: bool,
    oidc_issuer: str | None,
    oidc_subject: str | None,
    as_json: bool,
    **post: Any,
) -> None:
    """Add account LOGIN and print its password, once; it must be changed at the first sign-in."""
    password = administration.add_account(
        login,
        _read_post(**post),
        name=name,
        has_password=not no_password,
        oidc_issuer=oidc_issuer,
        oidc_subject=oidc_subject,
    )
    told = f"; its password until the first sign-in: {password}" if password else ""
    _report(
        {"login": login, "role": post["role"], "password": password}, f"added {login}{told}", as_json=as_json
    )


@account.command("grant")
@click.argument("login")
@_post_options
@_json_option
def grant_command(login: str, *, as_json: bool, **post: Any) -> None:
    """Give account LOGIN another post; it chooses between them when signed in."""
    grant_id = administration.grant_post(login, _read_post(**post))
    _report({"login": login, "grant": grant_id}, f"granted {post['role']} to {login}", as_json=as_json)


@account.command("end")
@click.argument("grant", type=int)
@click.option("--on", "last_day", type=_DAY, help="Last day.  [default: yesterday, so at once]")
@_json_option
def end_command(grant: int, last_day: datetime | None, *, as_json: bool) -> None:
    """Let post GRANT, a number that "wangge account list" shows, end."""
    day = last_day.date() if last_day else date.fromordinal(datetime.now(_CHINA).toordinal() - 1)
    administration.end_grant(grant, day)
    _report({"grant": grant, "until": day.isoformat()}, f"grant {grant} ends on {day}", as_json=as_json)


@account.command("passwd")
@click.argument("login")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option("--no-change", is_flag=True, help="Do not ask for another at the next sign-in.")
@_json_option
def passwd_command(login: str, *, password_stdin: bool, no_change: bool, as_json: bool) -> None:
    """Give account LOGIN a new password; its sign-ins end."""
    if password_stdin:
        try:
            password = sys.stdin.readline().rstrip("\r\n")
        except UnicodeDecodeError:
            msg = "the password on standard input is not text in UTF-8"
            raise InputRefused(msg) from None
    else:
        password = click.prompt("New password", hide_input=True, confirmation_prompt=True, err=True)
    administration.set_password(login, password, must_change=not no_change)
    _report({"login": login}, f"the password of {login} is changed", as_json=as_json)


@account.command("list")
@_json_option
def list_command(*, as_json: bool) -> None:
    """List accounts with their posts and tokens."""
    accounts = administration.list_accounts()
    lines = []
    for each in accounts:
        marks = [mark for mark in ("disabled", "locked", "is_demo") if each[mark]]
        lines.append(f"{each['login']}  {each['name']}  ({', '.join([each['signs_in_by'], *marks])})")
        for post in each["grants"]:
            where = " ".join(str(post[part]) for part in ("community", "grid", "party") if post[part])
            until = f" to {post['until']}" if post["until"] else ""
            lines.append(
                f"    grant {post['id']}: {post['role']} {where or '(all)'} from {post['from']}{until}"
            )
        lines += [f"    token {t['id']}: {t['purpose']} {t['name']}" for t in each["tokens"]]
    _report({"accounts": accounts}, "\n".join(lines) or "there is no account yet", as_json=as_json)


@account.command("disable")
@click.argument("login")
@_json_option
def disable_command(login: str, *, as_json: bool) -> None:
    """Close account LOGIN and end its sign-ins."""
    administration.set_disabled(login, disabled=True)
    _report({"login": login, "disabled": True}, f"{login} is disabled", as_json=as_json)


@account.command("enable")
@click.argument("login")
@_json_option
def enable_command(login: str, *, as_json: bool) -> None:
    """Open account LOGIN again."""
    administration.set_disabled(login, disabled=False)
    _report({"login": login, "disabled": False}, f"{login} is enabled", as_json=as_json)


@account.command("token")
@click.argument("login")
@click.option("--purpose", type=click.Choice(["wall", "open311"]), required=True)
@click.option("--name", required=True, help="Which screen or program.")
@click.option("--until", "valid_until", type=_DAY, help="Last day.  [default: no end]")
@_json_option
def token_command(
    login: str, purpose: str, name: str, valid_until: datetime | None, *, as_json: bool
) -> None:
    """Make a token for a screen or a program of account LOGIN and print it, once."""
    expires_at = (
        datetime.combine(date.fromordinal(valid_until.toordinal() + 1), datetime.min.time(), _CHINA)
        if valid_until
        else None
    )
    token_id, token = administration.add_token(login, purpose, name, expires_at)
    _report({"id": token_id, "token": token}, f"token {token_id}: {token}", as_json=as_json)


@account.command("revoke")
@click.argument("token", type=int)
@_json_option
def revoke_command(token: int, *, as_json: bool) -> None:
    """Let token TOKEN, a number, open nothing any more."""
    administration.revoke_token(token)
    _report({"id": token}, f"token {token} is revoked", as_json=as_json)


def _report(facts: dict[str, object], sentence: str, *, as_json: bool) -> None:
    click.echo(json.dumps(facts, ensure_ascii=False) if as_json else sentence)
