"""Nobody is served rows of others, whoever asked before and whatever a cache holds."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import numpy as np
import pyogrio
import pytest
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from shapely import Point, box

from dashboard.routes.cache import DataCache
from geo.model.actor import NOBODY, Actor
from geo.store.engine import acting_as
from geo.store.versions import LAYER_SOURCES
from tests.actors import make_actor
from tests.serving import find_properties, serve
from tests.town import Town

ReadTile = Callable[[str, str, str, str], list[int]]
# The tile of zoom 14 that holds both towns.
TILE = "14/13653/6653"
FAR = "8/213/103"
BOTH, HERE, THERE, COMPANY, WALL, LEADER = "0", "1", "2", "3", "4", "6"


class Two:
    """Towns A and B, alike; in A company P manages one compound and answers for one case of two."""

    def __init__(self, connection: PostgresConnection) -> None:
        self.here = self.fill(Town(connection, "A", box(0, 0, 400, 400)), 0)
        self.there = self.fill(Town(connection, "B", box(500, 0, 900, 400)), 500)
        connection.commit()

    def fill(self, town: Town, east_m: float) -> Town:
        company = self.company = town.party("P", "property_company")
        compounds = [
            town.add(
                "compound", code=str(n), name=f"{n}", geom=box(east_m + x, 0, east_m + x + 150, 150),
                property_company_id=manager, management="property_company" if manager else None,
            )
            for n, x, manager in ((1, 0, company), (2, 200, None))
        ]  # fmt: skip
        lead = town.party("L")
        plan = town.plan()
        for n, (compound, x) in enumerate(zip(compounds, (10, 210), strict=True), start=1):
            building = town.building(
                str(n), box(east_m + x, 10, east_m + x + 20, 20), compound_id=compound, households=n
            )
            town.zone(plan, str(n), building, lead=lead)
            town.add("merchant", code=str(n), name=f"{n}", geom=Point(east_m + x, 15), building_id=building)
            town.incident(geom=Point(east_m + x, 15), party_id=company if n == 1 else lead)
        town.grid("01", box(east_m, 0, east_m + 400, 400))
        town.add("ground_feature", kind="water", geom=box(east_m, 300, east_m + 10, 310))
        return town


@pytest.fixture
def two(connection: PostgresConnection) -> Two:
    return Two(connection)


@pytest.fixture
def client(two: Two, database_url: str) -> Iterator[httpx.Client]:
    here, there = two.here.id, two.there.id
    with two.here.connection.cursor() as cursor:
        cursor.execute("SELECT id FROM party WHERE code = 'P' AND community_id = %s", (here,))
        company = cursor.fetchall()[0][0]
    two.here.connection.rollback()
    with serve(
        database_url,
        make_actor(here, there),
        make_actor(here),
        make_actor(there),
        make_actor(here, role="property_company", party_id=company),
        make_actor(here, role="wall"),
        NOBODY,
        make_actor(here, role="leader"),
    ) as client:
        yield client


def ask(client: httpx.Client, path: str, who: str, **headers: str) -> httpx.Response:
    return client.get(path, headers={"X-Actor": who, **headers})


@pytest.fixture
def read_tile(client: httpx.Client, tmp_path: Path) -> ReadTile:
    """Ask for a tile as somebody; return a property of each thing in it."""

    def read(layer: str, tile: str, who: str, column: str) -> list[int]:
        answer = ask(client, f"/tiles/{layer}/{tile}.mvt", who)
        assert answer.status_code == 200, answer.text
        if not answer.content:
            return []
        file = tmp_path / f"{tile}.mvt"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(answer.content)
        return [int(value) for value in np.asarray(pyogrio.read_dataframe(file, CLIP="NO")[column])]

    return read


@pytest.mark.parametrize("layer", LAYER_SOURCES)
def test_the_same_address_shows_each_his_own(layer: str, client: httpx.Client) -> None:
    path = f"/features/{layer}.geojson"
    rows = {
        who: {row["id"] for row in find_properties(ask(client, path, who))}
        for who in (BOTH, HERE, THERE, HERE, BOTH)
    }
    assert rows[HERE]
    assert rows[THERE]
    assert not rows[HERE] & rows[THERE]
    assert rows[HERE] | rows[THERE] == rows[BOTH]


@pytest.mark.parametrize("layer", [layer for layer in LAYER_SOURCES if layer != "labels"])
def test_the_same_tile_shows_each_his_own(layer: str, read_tile: ReadTile) -> None:
    both, here, there = (set(read_tile(layer, TILE, who, "mvt_id")) for who in (BOTH, HERE, THERE))
    assert here
    assert there
    assert not here & there
    assert here | there == both


@pytest.mark.parametrize("layer", ["buildings", "incidents"])
def test_counts_do_not_tell_of_other_communities_or_of_others_cases(layer: str, read_tile: ReadTile) -> None:
    counts = [sum(read_tile(layer, FAR, who, layer)) for who in (HERE, THERE, BOTH, WALL, COMPANY)]
    assert counts == [2, 2, 4, 0, 0]


def test_a_property_company_sees_its_compounds_and_its_cases_only(
    client: httpx.Client, read_tile: ReadTile
) -> None:
    for layer in ("compounds", "buildings", "merchants", "incidents"):
        path = f"/features/{layer}.geojson?community=A"
        everything = {row["id"] for row in find_properties(ask(client, path, HERE))}
        own = {row["id"] for row in find_properties(ask(client, path, COMPANY))}
        assert len(everything) == 2, layer
        assert own == {min(everything)}, layer
        assert set(read_tile(layer, TILE, COMPANY, "mvt_id")) == own


def test_another_community_is_as_unknown_as_one_that_is_not(client: httpx.Client) -> None:
    for path in ("/features/buildings.geojson?community={}", f"/tiles/buildings/{TILE}.mvt?community={{}}"):
        other, none = (ask(client, path.format(code), HERE) for code in ("B", "X"))
        assert other.status_code == none.status_code == 404
        assert other.text.replace("'B'", "'X'") == none.text


def test_nobody_sees_nothing(client: httpx.Client) -> None:
    for layer in LAYER_SOURCES:
        assert find_properties(ask(client, f"/features/{layer}.geojson", "5")) == []
    assert ask(client, f"/tiles/buildings/{TILE}.mvt", "5").content == b""


def test_what_a_browser_kept_for_one_is_not_confirmed_to_another(client: httpx.Client) -> None:
    path = "/features/incidents.geojson?community=A"
    tag = ask(client, path, HERE).headers["etag"]
    known = {"If-None-Match": tag}
    assert ask(client, path, HERE, **known).status_code == 304
    assert ask(client, path, LEADER, **known).status_code == 304, "who sees the same rows shares them"
    assert ask(client, path, COMPANY, **known).status_code == 200
    assert ask(client, path, WALL, **known).status_code == 200
    shared = f"{path}&v={tag.removeprefix('W/').strip(chr(34))}"
    assert "immutable" in ask(client, shared, HERE).headers["cache-control"]
    assert "immutable" not in ask(client, shared, COMPANY).headers["cache-control"]
    assert "Cookie" in ask(client, shared, HERE).headers["vary"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (make_actor(1), make_actor(2)),
        (make_actor(1), make_actor(1, 2)),
        (make_actor(1), make_actor(1, role="property_company", party_id=5)),
        (
            make_actor(1, role="property_company", party_id=5),
            make_actor(1, role="property_company", party_id=6),
        ),
        (make_actor(1), NOBODY),
    ],
)
def test_equal_questions_of_different_people_are_not_one_question(
    one: Actor, other: Actor, database_url: str
) -> None:
    """Also at the same time, when the second might join the first's query."""

    async def ask_for(cache: DataCache, actor: Actor) -> bytes:
        with acting_as(actor):
            return await cache.fetch("features", "the same", lambda: repr(actor.scope).encode())

    async def ask_all() -> list[bytes]:
        cache = DataCache(database_url)
        together = await asyncio.gather(ask_for(cache, one), ask_for(cache, other))
        later = [await ask_for(cache, actor) for actor in (one, other)]
        await asyncio.to_thread(cache.close)
        return [*together, *later]

    first, second, *later = asyncio.run(ask_all())
    assert first != second
    assert later == [first, second]
