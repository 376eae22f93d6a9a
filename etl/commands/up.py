"""``wangge up``: the database, then the dashboard."""

import fcntl
import importlib.util
import os
import socket
import sys
from pathlib import Path

import click
import psutil

from geo.data_dir import make_data_dir
from geo.errors import ConfigurationError
from geo.settings import Settings, get_settings
from geo.store.engine import (
    connect,
    forget_engine,
    load_queries,
    prepare_database,
    verify_application_role,
)


@click.command()
@click.option("--demo", is_flag=True, help="Load demo community D unless there is a community already.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port of the dashboard (WANGGE_PORT, 8501).")
@click.option("--host", help="Address to listen on (WANGGE_HOST, 127.0.0.1); 0.0.0.0 lets others in.")
def up(*, demo: bool, port: int | None, host: str | None) -> None:
    """Start the database and the dashboard; Ctrl-C ends the dashboard, the database runs on."""
    chosen = {name: value for name, value in (("port", port), ("host", host)) if value is not None}
    settings = get_settings().model_copy(update=chosen)
    claim = _claim_port(settings)
    if claim is None:
        click.echo(f"Wangge is running already at {_list_addresses(settings)[0]}")
        return
    _verify_port(settings)
    server = _find_server()
    url = prepare_database(settings)
    if demo:
        _load_demo(url)
    verify_application_role(url)
    forget_engine(url)
    click.echo(f"Wangge starts at {' and '.join(_list_addresses(settings))} (Ctrl-C ends it)")
    sys.stdout.flush()
    # Streamlit takes this process over, so that signals reach it without a go-between, and keeps the claim.
    os.set_inheritable(claim, True)
    os.execve(  # noqa: S606 - a program and its arguments, no shell wanted
        sys.executable,
        [
            # -P: a folder that happens to be called dashboard where this is run is not ours.
            *(sys.executable, "-P", "-m", "streamlit", "run", str(server)),
            *("--server.address", settings.host, "--server.port", str(settings.port)),
            # Its welcome asks the internet for this machine's address.
            *("--logger.hideWelcomeMessage", "true"),
        ],
        os.environ | {"WANGGE_HOST": settings.host, "WANGGE_PORT": str(settings.port)},
    )


def _claim_port(settings: Settings) -> int | None:
    """Return a lock that lives as long as this process, or None while a dashboard of these data holds it."""
    claim = settings.data_dir / f"dashboard-{settings.port}.lock"
    try:
        make_data_dir(settings.data_dir)
        descriptor = os.open(claim, os.O_RDWR | os.O_CREAT, 0o600)
    except PermissionError as refusal:
        msg = f"you may not use {refusal.filename}: set WANGGE_DATA_DIR to a folder of your own"
        raise ConfigurationError(msg) from refusal
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _verify_port(settings: Settings) -> None:
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM
        )[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as failure:
        reason = failure.strerror or str(failure)
        msg = (
            f"the dashboard cannot listen on {settings.host} port {settings.port} ({reason}): "
            f"choose another with --host and --port"
        )
        raise ConfigurationError(msg) from failure


def _list_addresses(settings: Settings) -> list[str]:
    """Return the dashboard's URLs: one, or all of this machine's where it listens on every address."""
    hosts = [settings.host]
    if settings.host in {"0.0.0.0", "::"}:  # noqa: S104 - compared, not chosen
        found = [address for addresses in psutil.net_if_addrs().values() for address in addresses]
        hosts = ["127.0.0.1"]
        hosts += [a.address for a in found if a.family == socket.AF_INET and not a.address.startswith("127.")]
    return [f"http://{f'[{host}]' if ':' in host else host}:{settings.port}" for host in hosts]


def _find_server() -> Path:
    # Found without importing it: etl may start the dashboard but does not know it.
    package = importlib.util.find_spec("dashboard")
    if package is None or package.origin is None:
        msg = "the dashboard is not installed beside the wangge command: install the distribution again"
        raise ConfigurationError(msg)
    return Path(package.origin).with_name("server.py")


def _load_demo(url: str) -> None:
    with connect(url) as connection:
        if load_queries("database").has_community(connection):
            return
    click.echo("Loading demo community D …", err=True)
    from etl.demo.load import load_demo  # noqa: PLC0415 - its libraries take long to import, and this is rare

    load_demo(url, community="D")
