"""What browsers and the cache may keep: nothing older than the last commit, nothing of others."""

import gzip
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import httpx
import pytest
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from shapely import Point, box

from dashboard.routes.features import today_in_china
from geo.store.versions import LAYER_SOURCES, list_layer_tags, read_versions
from tests.serving import find_properties, serve
from tests.town import START, Town

pytestmark = pytest.mark.usefixtures("secretary")

FOR_GOOD = "private, max-age=31536000, immutable"
ASK_AGAIN = "private, no-cache"


@pytest.fixture
def town(connection: PostgresConnection) -> Town:
    town = Town(connection)
    connection.commit()
    return town


@pytest.fixture
def client(database_url: str) -> Iterator[httpx.Client]:
    with serve(database_url) as client:
        yield client


def run(town: Town, statement: str) -> None:
    with town.connection.cursor() as cursor:
        cursor.execute(statement)


def read_tag(answer: httpx.Response) -> str:
    assert answer.status_code in {200, 304}
    tag = answer.headers["etag"]
    assert tag.startswith('W/"')
    return str(tag)


def count_misses(client: httpx.Client) -> float:
    (line,) = (
        line
        for line in client.get("/metrics").text.splitlines()
        if line.startswith('wangge_cache_lookups_total{result="miss"}')
    )
    return float(line.split()[-1])


@pytest.mark.parametrize("address", ["/features/buildings.geojson", "/tiles/buildings/14/13653/6653.mvt"])
def test_only_the_present_tag_may_be_kept_for_good(address: str, town: Town, client: httpx.Client) -> None:
    tag = list_layer_tags(town.id, today_in_china())["buildings"]
    here = {"community": "A"}
    answer = client.get(address, params=here | {"v": tag})
    assert answer.headers["cache-control"] == FOR_GOOD
    assert answer.headers["etag"] == f'W/"{tag}"'
    assert answer.headers["vary"] == "Accept-Encoding, Cookie"
    assert client.get(address, params=here).headers["cache-control"] == ASK_AGAIN
    assert client.get(address, params=here | {"v": "1"}).headers["cache-control"] == ASK_AGAIN

    town.building("1", box(0, 0, 10, 10))
    town.connection.commit()
    late = client.get(address, params=here | {"v": tag})
    assert late.headers["cache-control"] == ASK_AGAIN
    assert late.content != answer.content


@pytest.mark.parametrize("address", ["/features/buildings.geojson", "/tiles/buildings/14/13653/6653.mvt"])
def test_a_browser_is_told_when_nothing_has_changed(address: str, town: Town, client: httpx.Client) -> None:
    known = {"If-None-Match": read_tag(client.get(address))}
    unchanged = client.get(address, headers=known)
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert unchanged.headers["etag"] == known["If-None-Match"]
    town.building("1", box(0, 0, 10, 10))
    town.connection.commit()
    assert client.get(address, headers=known).status_code == 200


def test_an_edit_is_in_the_very_next_answer(town: Town, client: httpx.Client) -> None:
    town.building("1", box(0, 0, 10, 10), households=0)
    town.connection.commit()
    for households in range(1, 60):
        run(town, f"UPDATE building SET households = {households}")
        town.connection.commit()
        (row,) = find_properties(client.get("/features/buildings.geojson"))
        assert row["households"] == households


def test_an_edit_is_seen_while_others_keep_the_server_reading(town: Town, client: httpx.Client) -> None:
    """Requests share readings of the versions; none may join one that began before its edit."""
    town.building("1", box(0, 0, 10, 10), households=0)
    town.connection.commit()
    done = threading.Event()

    def look_all_the_time() -> None:
        while not done.is_set():
            client.get("/features/buildings.geojson")

    with ThreadPoolExecutor(4) as others:
        for _ in range(4):
            others.submit(look_all_the_time)
        try:
            for households in range(1, 60):
                run(town, f"UPDATE building SET households = {households}")
                town.connection.commit()
                (row,) = find_properties(client.get("/features/buildings.geojson"))
                assert row["households"] == households
        finally:
            done.set()


def test_what_is_rolled_back_changes_nothing(town: Town, client: httpx.Client) -> None:
    town.building("1", box(0, 0, 10, 10))
    town.connection.commit()
    before = client.get("/features/buildings.geojson")
    town.building("2", box(20, 0, 30, 10))
    during = client.get("/features/buildings.geojson")
    town.connection.rollback()
    after = client.get("/features/buildings.geojson")
    assert before.content == during.content == after.content
    assert read_tag(before) == read_tag(during) == read_tag(after)


def test_an_edit_of_one_community_leaves_the_others_cached(town: Town, client: httpx.Client) -> None:
    other = Town(town.connection, "B")
    town.connection.commit()

    def ask(code: str | None) -> tuple[str, str]:
        where = {"community": code} if code else {}
        return (
            read_tag(client.get("/features/incidents.geojson", params=where)),
            read_tag(client.get("/tiles/incidents/10/853/415.mvt", params=where)),
        )

    here, there, everywhere = ask("A"), ask("B"), ask(None)
    other.incident(geom=Point(10, 10))
    town.connection.commit()
    misses = count_misses(client)
    assert ask("A") == here
    assert count_misses(client) == misses
    assert all(new != old for new, old in zip(ask("B"), there, strict=True))
    assert all(new != old for new, old in zip(ask(None), everywhere, strict=True))


def test_many_who_ask_at_once_cost_one_query(town: Town, client: httpx.Client) -> None:
    for number in range(300):
        town.building(str(number), box(3 * number, 0, 3 * number + 2, 10))
    town.connection.commit()
    misses = count_misses(client)
    with ThreadPoolExecutor(12) as people:
        answers = list(people.map(lambda _: client.get("/features/buildings.geojson"), range(24)))
    assert len({answer.content for answer in answers}) == 1
    assert count_misses(client) == misses + 1


def test_those_who_cannot_unpack_get_the_same_plain(town: Town, client: httpx.Client) -> None:
    town.building("1", box(0, 0, 10, 10))
    town.connection.commit()
    packed = client.get("/features/buildings.geojson", headers={"Accept-Encoding": "gzip"})
    plain = client.get("/features/buildings.geojson", headers={"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert plain.content == packed.content
    assert int(plain.headers["content-length"]) == len(plain.content)
    assert int(packed.headers["content-length"]) == packed.num_bytes_downloaded
    assert gzip.compress(plain.content, 3, mtime=0) != plain.content


def test_parameters_are_not_mixed_up_in_the_cache(town: Town, client: httpx.Client) -> None:
    for state in ("reported", "rejected"):
        town.incident(geom=Point(10, 10), state=state)
    town.connection.commit()
    totals = [
        len(find_properties(client.get("/features/incidents.geojson", params=parameters)))
        for parameters in ({}, {"open": 1}, {"limit": 1}, {"since": "2030-01-01"}, {"until": "2030-01-01"})
        * 2
    ]
    assert totals == [2, 1, 1, 0, 2] * 2


def test_a_community_that_comes_back_under_its_code_is_another(town: Town, client: httpx.Client) -> None:
    town.building("1", box(0, 0, 10, 10))
    town.connection.commit()
    here = {"community": "A"}
    assert len(find_properties(client.get("/features/buildings.geojson", params=here))) == 1
    run(town, "DELETE FROM community")
    town.connection.commit()
    assert client.get("/features/buildings.geojson", params=here).status_code == 404
    Town(town.connection)
    town.connection.commit()
    assert find_properties(client.get("/features/buildings.geojson", params=here)) == []


class TestTags:
    """What a tag depends on."""

    def test_every_layer_follows_what_it_is_drawn_from(self, town: Town) -> None:
        today = date(2024, 6, 1)

        def find_moved(before: dict[str, str]) -> set[str]:
            now = list_layer_tags(town.id, today)
            return {layer for layer in LAYER_SOURCES if now[layer] != before[layer]}

        tags = list_layer_tags(town.id, today)
        compound = town.add("compound", code="c", name="c", geom=box(0, 0, 100, 100))
        town.connection.commit()
        assert find_moved(tags) == {"compounds", "buildings", "labels"}

        tags = list_layer_tags(town.id, today)
        building = town.building("1", box(0, 0, 10, 10), compound_id=compound)
        town.connection.commit()
        assert find_moved(tags) == {"buildings", "zones", "labels"}

        tags = list_layer_tags(town.id, today)
        lead = town.party("lead")
        town.zone(town.plan(), "1", building, lead=lead)
        town.connection.commit()
        assert find_moved(tags) == {"buildings", "zones"}

        tags = list_layer_tags(town.id, today)
        run(town, f"UPDATE party SET active_to = '2024-05-01' WHERE id = {lead}")
        town.connection.commit()
        assert find_moved(tags) == {"buildings", "zones"}

        tags = list_layer_tags(town.id, today)
        run(town, "UPDATE category SET name = '垃圾' WHERE code = 'E101'")
        town.connection.commit()
        assert find_moved(tags) == {"incidents"}

    def test_the_day_turns_only_what_has_dates(self, town: Town) -> None:
        town.grid("1", box(0, 0, 10, 10), valid_from=START)
        town.connection.commit()
        today, tomorrow = (list_layer_tags(town.id, date(2024, 6, day)) for day in (1, 2))
        turned = {layer for layer in LAYER_SOURCES if today[layer] != tomorrow[layer]}
        assert turned == {"grids", "buildings", "zones", "labels"}

    def test_a_database_that_counts_again_after_a_restore_has_other_tags(
        self, town: Town, connection: PostgresConnection
    ) -> None:
        town.building("1", box(0, 0, 10, 10))
        connection.commit()
        before = read_versions(connection).tag("buildings", town.id, START, None)
        run(town, "UPDATE layer_version SET changed_at = changed_at + interval '1 second'")
        assert read_versions(connection).tag("buildings", town.id, START, None) != before
