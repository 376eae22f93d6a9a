"""``wangge db``: the database itself."""

import json
from pathlib import Path

import click

from geo.cluster import Cluster, database_url
from geo.errors import ConfigurationError
from geo.schema.migrate import current_revision, head_revision
from geo.settings import get_settings
from geo.store.backup import back_up, restore_cluster, restore_server
from geo.store.engine import connect, load_queries, migrate_database
from geo.store.photos import copy_photos, find_folder
from geo.store.url import describe

_json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


@click.group()
def db() -> None:
    """Start, look at, migrate, save and restore the database.

    Without WANGGE_DATABASE_URL this is a private PostGIS in the data folder. Whoever needs it starts it;
    it runs on until "wangge db stop" or until the machine goes down.
    """


@db.command()
@_json_option
def start(*, as_json: bool) -> None:
    """Start the private database unless it runs already."""
    cluster = _get_cluster("start")
    cluster.start()
    _report({"running": True, "pid": cluster.status().pid}, f"running in {cluster.folder}", as_json=as_json)


@db.command()
@_json_option
def stop(*, as_json: bool) -> None:
    """Stop the private database, rolling back what is under way."""
    was_running = _get_cluster("stop").stop()
    _report(
        {"running": False, "was_running": was_running},
        "stopped" if was_running else "was not running",
        as_json=as_json,
    )


@db.command()
@_json_option
def status(*, as_json: bool) -> None:
    """Say whether the database runs and whether its schema is this program's."""
    settings = get_settings()
    facts: dict[str, object] = {"private": settings.database_url is None, "head": head_revision()}
    url = settings.database_url
    if url is None:
        found = Cluster(settings.data_dir).status()
        facts |= {"folder": str(found.folder), "running": found.running, "pid": found.pid}
        url = found.url if found.running else None
    if url:
        facts |= _look_inside(url)
    _report(facts, "\n".join(f"{name}: {value}" for name, value in facts.items()), as_json=as_json)


@db.command()
def url() -> None:
    """Print the URL of the database for psql, ogr2ogr or QGIS, starting it where needed."""
    click.echo(database_url(get_settings()))


@db.command()
@_json_option
def migrate(*, as_json: bool) -> None:
    """Bring the database to the schema of this program."""
    migrated = migrate_database(database_url(get_settings()))
    revision = head_revision()
    _report(
        {"revision": revision, "migrated": migrated},
        f"{'migrated to' if migrated else 'already at'} schema revision {revision}",
        as_json=as_json,
    )


@db.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@_json_option
def backup(file: Path, *, as_json: bool) -> None:
    """Save the whole database to FILE, which only its owner may read, and the photos to FILE.photos."""
    size_bytes = back_up(database_url(get_settings()), file)
    photos = copy_photos(find_folder(), _name_photos(file))
    beside = f" and, with {photos:,} photos, to {_name_photos(file)}" if photos else ""
    _report(
        {"file": str(file), "bytes": size_bytes, "photos": photos},
        f"saved to {file} ({size_bytes:,} bytes){beside}",
        as_json=as_json,
    )


@db.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@_json_option
def restore(file: Path, *, as_json: bool) -> None:
    """Put the data saved in FILE in the place of what is there now.

    In the private cluster the data of before stay in the database wangge_before_restore until the next
    restore. On a server of your own, restore only reads into an empty database.
    """
    settings = get_settings()
    if settings.database_url:
        restored = restore_server(settings.database_url, file)
    else:
        restored = restore_cluster(Cluster(settings.data_dir), file)
    photos = copy_photos(_name_photos(file), find_folder())
    note = f"; migrated from schema revision {restored.revision}" if restored.migrated else ""
    kept = f"; the data of before are in the database {restored.kept}" if restored.kept else ""
    _report(
        {
            "file": str(file),
            "revision": restored.revision,
            "migrated": restored.migrated,
            "kept": restored.kept,
            "photos": photos,
        },
        f"restored from {file}{note}{kept}",
        as_json=as_json,
    )


def _name_photos(file: Path) -> Path:
    return file.with_name(f"{file.name}.photos")


def _get_cluster(action: str) -> Cluster:
    settings = get_settings()
    if settings.database_url:
        msg = (
            f"WANGGE_DATABASE_URL names {describe(settings.database_url)}, which is not Wangge's to "
            f"{action}: unset it to use the private database"
        )
        raise ConfigurationError(msg)
    return Cluster(settings.data_dir)


def _look_inside(url: str) -> dict[str, object]:
    with connect(url) as connection:
        facts: dict[str, object] = load_queries("database").describe_database(connection)
    return {"running": True, **facts, "revision": current_revision(url)}


def _report(facts: dict[str, object], sentence: str, *, as_json: bool) -> None:
    click.echo(json.dumps(facts, ensure_ascii=False) if as_json else sentence)
