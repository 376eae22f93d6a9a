"""Layer versions: what tells a map, a browser and a cache that a layer has changed.

A *tag* names one state of a layer as maps show it, such as ``812-9f3a01bc``. It changes when a row of the
layer or of one it is drawn from is written, when the day turns and the layer has rows that come and go with
dates, and when this program shows the layer differently. It differs between people who see different rows.
Equal tags mean equal content.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from importlib.resources import files
from typing import Final
from zlib import crc32

import psycopg2
import psycopg2.errors
import psycopg2.extensions

from geo.errors import DatabaseUnavailable
from geo.model.actor import Actor
from geo.store.engine import connect, get_actor, load_queries, open_asynchronous_connection
from geo.store.line import Line

# The watched tables' layers that each layer of the map is drawn from.
LAYER_SOURCES: Final[Mapping[str, tuple[str, ...]]] = {
    "ground": ("ground",),
    "communities": ("communities",),
    "grids": ("grids",),
    "compounds": ("compounds",),
    "buildings": ("buildings", "compounds", "zones"),
    "merchants": ("merchants",),
    "incidents": ("incidents",),
    "zones": ("zones", "buildings"),
    "labels": ("communities", "compounds", "grids", "buildings"),
}
# What is on no map, but counts: layers of ``read_common_tag`` beside those.
_UNMAPPED: Final[Mapping[str, tuple[str, ...]]] = {"visits": ("visits",)}
# Layers of which another part is in force every day.
_DATED: Final = frozenset({"grids", "buildings", "zones", "labels"})


@dataclass(frozen=True)
class LayerVersions:
    """All layer versions at one moment.

    Attributes:
        total: the sum of all versions; an equal total means that nothing has changed.
        community_ids: row id of each community, by code.
        stamps: version and time of the last change, by watched layer and community.
    """

    total: int
    community_ids: Mapping[str, int]
    stamps: Mapping[tuple[str, int], tuple[int, datetime]]
    _tags: dict[tuple[object, ...], str] = field(default_factory=dict, compare=False, repr=False)

    def tag(self, layer: str, community_id: int | None, on_day: date, actor: Actor | None) -> str:
        """Return the tag of a layer in one community, or in all together where ``community_id`` is None.

        Args:
            layer: a layer of the map, or ``visits``.
            community_id: the community; None for all that the actor may see.
            on_day: the day in China.
            actor: who looks, for others see other rows of it; None for the owner, who sees all.

        Raises:
            KeyError: there is no such layer.
        """
        key = (layer, community_id, on_day if layer in _DATED else date.min, actor and actor.scope)
        tag = self._tags.get(key)
        if tag is None:
            tag = self._tags[key] = self._make_tag(layer, community_id, key[2], actor)
        return tag

    def _make_tag(self, layer: str, community_id: int | None, day: date, actor: Actor | None) -> str:
        sources = LAYER_SOURCES.get(layer) or _UNMAPPED[layer]
        if community_id is not None:
            places = {community_id}
        else:
            places = set(actor.community_ids if actor else self.community_ids.values())
        stamps = [
            stamp
            for (source, place_id), stamp in self.stamps.items()
            if source in sources and place_id in places
        ]
        version = sum(number for number, _ in stamps)
        # A database restored from a backup counts through the same numbers again, at other times.
        changed_at = max((at for _, at in stamps), default=None)
        shown = f"{changed_at} {day} {actor and actor.scope} {_read_drawing()}"
        return f"{version}-{crc32(shown.encode()):08x}"


@lru_cache
def _read_drawing() -> str:
    queries = files("geo.store") / "queries"
    return "".join((queries / f"{name}.sql").read_text(encoding="utf-8") for name in ("features", "tiles"))


def read_versions(connection: psycopg2.extensions.connection) -> LayerVersions:
    """Read all versions in the connection's transaction."""
    queries = load_queries("versions")
    # The sum first: what is committed between the statements can only make the rest too new, never too old.
    total = int(queries.sum_versions(connection))
    stamps = {
        (layer, place): (version, at) for layer, place, version, at in queries.list_versions(connection)
    }
    return LayerVersions(total, dict(queries.list_community_codes(connection)), stamps)


def list_community_codes() -> dict[str, int]:
    """Return all communities of the installation by code, whoever acts."""
    with connect() as connection:
        return dict(load_queries("versions").list_community_codes(connection))


def list_layer_tags(community_id: int | None, on_day: date) -> dict[str, str]:
    """Return the tag of every layer of the map for whoever acts, for its addresses.

    Args:
        community_id: whose layers; None for all communities together that the actor sees.
        on_day: the day in China.

    Raises:
        DatabaseUnavailable: the database does not answer.
    """
    with connect() as connection:
        versions = _recall_versions(connection)
        actor = get_actor()
    return {layer: versions.tag(layer, community_id, on_day, actor) for layer in LAYER_SOURCES}


def read_common_tag(
    connection: psycopg2.extensions.connection, community_id: int, layers: Sequence[str], on_day: date
) -> str:
    """Return one tag of several layers in a community, for what is the same for all who may see it.

    Args:
        connection: an open transaction.
        community_id: whose layers.
        layers: layers of the map, or ``visits``.
        on_day: the day in China.
    """
    versions = _recall_versions(connection)
    tags = [versions.tag(layer, community_id, on_day, None) for layer in layers]
    total = sum(int(tag.partition("-")[0]) for tag in tags)
    return f"{total}-{crc32(' '.join(tags).encode()):08x}"


def _recall_versions(connection: psycopg2.extensions.connection) -> LayerVersions:
    """Read all versions, unless they are those that were read last: they are the same for everybody."""
    global _recalled  # noqa: PLW0603 - what was read last, by whichever thread
    state = (connection.dsn, *load_queries("versions").summarise_versions(connection))
    recalled = _recalled
    if recalled is None or recalled[0] != state:
        # The state was read first, as the sum is: what follows it can only be too new, and is read again.
        recalled = _recalled = (state, read_versions(connection))
    return recalled[1]


_recalled: tuple[tuple[object, ...], LayerVersions] | None = None


def read_revision() -> str | None:
    """Return the schema revision the database is at, None before the first migration.

    Raises:
        DatabaseUnavailable: the database does not answer.
    """
    with connect() as connection:
        try:
            revision = load_queries("versions").read_revision(connection)
        except psycopg2.errors.UndefinedTable:
            return None
    return None if revision is None else str(revision)


class VersionWatch:
    """Reads the versions over a connection of its own, often and cheaply; for one event loop, one at a time.

    What it reads is for everybody: versions and codes of all communities, whoever asks first.

    Args:
        url: the database; the installation's own where None.
    """

    def __init__(self, url: str | None = None) -> None:
        self._url = url
        self._line: Line | None = None
        self._last: LayerVersions | None = None

    async def read(self) -> LayerVersions:
        """Return the versions as of now: of every transaction that was committed before the call.

        Raises:
            DatabaseUnavailable: the database does not answer.
        """
        if self._line is not None:
            try:
                return await self._read(self._line)
            except (psycopg2.OperationalError, psycopg2.InterfaceError):
                self.close()  # The server was restarted, or is gone, which connecting again will tell.
        self._line = Line(await asyncio.to_thread(open_asynchronous_connection, self._url))
        try:
            return await self._read(self._line)
        except (psycopg2.OperationalError, psycopg2.InterfaceError) as failure:
            self.close()
            msg = "the database went away while the map's layers were looked up: try again in a moment"
            raise DatabaseUnavailable(msg) from failure

    def close(self) -> None:
        """Give the connection up; a later read opens another."""
        if self._line is not None:
            self._line.close()
        self._line = self._last = None

    async def _read(self, line: Line) -> LayerVersions:
        total = await line.ask(load_queries("versions").sum_versions.sql)
        if self._last is None or self._last.total != total:
            self._last = await asyncio.to_thread(self._read_all)
        return self._last

    def _read_all(self) -> LayerVersions:
        with connect(self._url) as connection:
            return read_versions(connection)
