"""A screen on a wall over real HTTP: how it comes in, what it is sent, and what it cannot reach."""

import asyncio
import gc
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
import psycopg2
import pytest
from psycopg2 import sql
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from psycopg2.extensions import make_dsn, parse_dsn
from shapely import Point, box

from dashboard.routes import sign_ins, wall_frames
from geo.errors import DatabaseUnavailable
from geo.model.actor import Actor
from geo.operations import accounts, wall
from geo.operations.indicators import measure
from geo.operations.wall import Wall, gather_wall
from geo.rules.access import RESOURCES
from geo.rules.morning import find_day
from geo.rules.periods import find_month, find_period, go_back
from geo.store.features import find_features
from tests.office import Browser, add_account, add_wall, serve_guarded
from tests.patience import PATIENCE_S
from tests.town import Town

FRAME = "/wall/frame.json?community=A"
ELSEWHERE = (
    *("/features/buildings.geojson", "/features/incidents.geojson", "/patterns/cells.json?community=A"),
    *("/tiles/buildings/14/13653/6653.mvt", "/tiles/incidents/14/13653/6653.mvt", "/photos/1", "/"),
    *("/print/cases?community=A", "/_stcore/health", "/_stcore/stream", "/media/1.png", "/password", "/post"),
    *("/component/x", "/static/index.html"),
)
NAME, PHONE, WORDS = "欧阳娜娜", "13812341234", "二单元501室的张女士"


class WallTown(Town):
    """A community of two grids with cases of every kind, and a screen of it."""

    def __init__(self, connection: PostgresConnection) -> None:
        super().__init__(connection)
        running = find_period("quarter", find_day(datetime.now(UTC)))
        self.lately = f"{running.first}T00:00+08"
        # The screen shows the last quarter that is over.
        self.last_quarter = f"{go_back(running, 1, 'quarter').first}T09:00+08"
        grids = []
        for number in (1, 2):
            east = 500 * (number - 1)
            grid = self.grid(str(number), box(east, 0, east + 500, 1000))
            grids.append(grid)
            self.building(
                str(number),
                box(east + 100, 100, east + 120, 120),
                name=f"{number}幢",
                households=100,
                residents=300,
            )
        self.first_grid = grids[0]
        self.staff = staff = [self.party(f"S{n}", name=f"{NAME}{n}") for n in range(6)]
        plan = self.plan()
        for number, party in enumerate(staff):
            self.add("post", party_id=party, title="grid_worker", valid_from="2024-01-01")
            self.zone(plan, f"Z{number}", lead=party)
            self.incident(category_code="E101", party_id=party, reported_at=self.lately)
        self.run(
            "INSERT INTO party_contact (community_id, party_id, full_name, mobile_phone)"
            " VALUES (%s, %s, %s, %s)",
            self.id,
            staff[0],
            NAME,
            PHONE,
        )
        for category, sensitivity, many in (
            ("E101", "S1", 7),
            ("E905", "S3", 9),
            ("E402", "S1", 2),
            ("E101", "S3", 9),
        ):
            for _ in range(many):
                case = self.incident(
                    title=WORDS,
                    description=f"{NAME} {PHONE}",
                    address=WORDS,
                    geom=Point(110, 110),
                    grid_id=grids[0],
                    category_code=category,
                    sensitivity=sensitivity,
                    party_id=staff[0],
                    reported_at=self.last_quarter,
                )
                self.run(
                    "INSERT INTO incident_requester (incident_id, community_id, name, phone, room)"
                    " VALUES (%s, %s, %s, %s, '501')",
                    case,
                    self.id,
                    NAME,
                    PHONE,
                )
        add_wall(self, add_account(self, "hall", "wall", password_hash=None), "the-token")
        add_account(self, "boss", "leader")
        add_account(self, "worker", "grid_worker", staff[0])
        connection.commit()

    def run(self, statement: str, *values: object) -> None:
        with self.connection.cursor() as cursor:
            cursor.execute(statement, values)


@pytest.fixture
def town(connection: PostgresConnection) -> WallTown:
    return WallTown(connection)


@pytest.fixture
def address(town: WallTown, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Served where every request looks whether the data have changed, and frames are made at once."""
    monkeypatch.setattr(wall_frames, "LOOK_S", 0.0)
    monkeypatch.setattr(wall_frames, "_PATIENCE", 0)
    with serve_guarded(database_url) as address:
        yield address


@pytest.fixture
def screen(address: str) -> Iterator[Browser]:
    with hang_up(address) as screen:
        yield screen


@contextmanager
def hang_up(address: str) -> Iterator[Browser]:
    """A browser that was given the screen's address."""
    with Browser(address) as screen:
        assert screen.open("/wall?token=the-token").status_code == 303
        yield screen


def wait_for(screen: Browser, is_good: Callable[[httpx.Response], bool]) -> httpx.Response:
    """Ask for frames, as a screen does, until one is good."""
    end_s = time.monotonic() + PATIENCE_S
    while True:
        answer = screen.get(FRAME)
        if is_good(answer) or time.monotonic() > end_s:
            return answer


def read_values(answer: httpx.Response) -> dict[str, str]:
    return {figure["id"]: figure["value"] for figure in answer.json()["figures"]}


def test_the_address_with_the_token_becomes_a_page_without_it(address: str) -> None:
    with Browser(address) as screen:
        answer = screen.open("/wall?token=the-token&lang=en&community=A")
        assert (answer.status_code, answer.headers["location"]) == (303, "/wall?lang=en&community=A")
        page = screen.open(answer.headers["location"])
        assert page.status_code == 200
        assert "the-token" not in page.text
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert 'lang="en-GB"' in page.text


def test_a_frame_tells_what_visitors_may_see(screen: Browser, town: WallTown) -> None:
    answer = screen.get(FRAME)
    assert answer.status_code == 200
    frame = answer.json()
    assert frame["name"] == "A社区"
    heat, _, _ = frame["views"]
    # Seven of one kind in a grid are told, two of another and none at all are not, and look alike.
    grids = {grid["name"]: heat["cells"][str(grid["id"])] for grid in frame["ground"]["grids"]}
    assert (grids["1"]["dots"], grids["2"]["dots"]) == (False, True)
    assert [row["name"] for row in heat["rows"]] == ["第1网格"]
    # What is open longest is named where there were five like it, and nothing sensitive is.
    assert [item["what"] for item in frame["stuck"]] == ["第1网格 · 暴露垃圾"] * 3
    # The first has seven more in hand, and two of another kind: the registry's figure, by nobody's name.
    assert frame["load"]["bars"] == [10.0, 1.0, 1.0, 1.0, 1.0, 1.0]
    running = find_month(find_day(datetime.now(UTC)))
    [(most,)] = measure(town.id, [running], ids=["load_index"]).values["load_index"].values()
    assert most.amount == 10.0
    for secret in (NAME, PHONE, WORDS, "501", "E905", "家庭", "S0"):
        assert secret not in answer.text, secret


def test_nothing_new_costs_nothing_and_what_is_new_comes(screen: Browser, town: WallTown) -> None:
    first = screen.get(FRAME)
    assert first.headers["cache-control"] == "private, no-cache"
    same = screen.get(FRAME, headers={"If-None-Match": first.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")
    for _ in range(4):
        town.incident(geom=Point(110, 110), grid_id=town.first_grid, reported_at=town.last_quarter)
    town.connection.commit()
    heat = first.json()["views"][0]
    changed = wait_for(screen, lambda answer: answer.json()["views"][0] != heat)
    assert changed.json()["views"][0] != heat
    assert changed.headers["etag"] != first.headers["etag"]
    assert changed.headers["wall-as-of"] >= first.headers["wall-as-of"]


def test_the_ground_is_read_again_for_a_building_and_not_for_a_case(
    screen: Browser, town: WallTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    def find(layer: str, **asked: Any) -> str:
        read.append(layer)
        return find_features(layer, **asked)

    first = screen.get(FRAME).json()
    monkeypatch.setattr(wall, "find_features", find)
    town.incident(category_code="E101", party_id=town.staff[0], reported_at=town.last_quarter)
    town.connection.commit()
    with_case = wait_for(screen, lambda answer: answer.json()["lines"] != first["lines"]).json()
    assert with_case["lines"] != first["lines"]
    assert with_case["ground"] == first["ground"]
    assert read == []
    town.building("3", box(300, 300, 320, 320), name="3幢", households=100)
    town.connection.commit()
    buildings = len(first["ground"]["buildings"])
    with_building = wait_for(screen, lambda answer: len(answer.json()["ground"]["buildings"]) > buildings)
    assert len(with_building.json()["ground"]["buildings"]) == buildings + 1
    assert "buildings" in read


def test_a_frame_leaves_nothing_for_the_collector(town: WallTown) -> None:
    """What only the collector frees lies about for thousands of frames."""
    kept = wall_frames._Kept()
    for _ in range(2):
        wall_frames._renew(town.id, kept)
    tag = kept.tag
    town.incident(category_code="E101", reported_at=town.lately)
    town.connection.commit()
    kept.good_until_s = 0
    gc.collect()
    gc.disable()
    try:
        wall_frames._renew(town.id, kept)
        left = gc.collect()
    finally:
        gc.enable()
    assert kept.tag != tag, "it was made anew"
    assert left == 0


def test_both_languages_are_one_frame(screen: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []

    def gather(community_id: int, *, is_hurried: bool) -> Wall:
        made.append(community_id)
        return gather_wall(community_id, is_hurried=is_hurried)

    monkeypatch.setattr(wall_frames, "gather_wall", gather)
    monkeypatch.setattr(wall_frames, "LOOK_S", 1e9)
    titles = {screen.get(f"{FRAME}&lang={language}").json()["views"][0]["title"] for language in ("zh", "en")}
    assert titles == {"哪里热", "Where it is hot"}
    assert len(made) == 1


@pytest.mark.parametrize("path", ["x", "incidents", "static/js/x.js", "/metrics", "_stcore/stream"])
def test_below_its_page_there_is_nothing(screen: Browser, path: str) -> None:
    assert screen.get(f"/wall/{path}").status_code == 404


def test_it_reaches_nothing_else(screen: Browser) -> None:
    # As through a gateway, for programs on this machine read /metrics without signing in.
    headers = {"X-Forwarded-For": "203.0.113.9"}
    listed = [resource.path for resource in RESOURCES.values() if resource.path not in {None, "/wall"}]
    assert len(listed) > 15
    for path in [*listed, *ELSEWHERE]:
        answer = screen.get(str(path), headers=headers)
        assert answer.status_code == 403, path
        assert set(answer.json()) == {"error"}
        page = screen.get(str(path), headers=headers | {"Accept": "text/html"})
        assert (page.status_code, page.headers.get("location")) == (303, "/wall"), path


def test_other_communities_are_not_shown(screen: Browser, town: WallTown) -> None:
    Town(town.connection, "B", box(2000, 0, 3000, 1000))
    town.connection.commit()
    other, none = (screen.get(f"/wall/frame.json?community={code}") for code in ("B", "X"))
    assert other.status_code == none.status_code == 404
    assert other.text == none.text
    assert screen.get("/wall/frame.json").json()["code"] == "A"


@pytest.mark.parametrize("odd", [f"community={'x' * 5000}", "&".join(f"a{number}=1" for number in range(50))])
def test_an_address_with_too_much_in_it_opens_the_page_all_the_same(odd: str, screen: Browser) -> None:
    assert screen.open(f"/wall?{odd}").status_code == 200
    assert screen.get(f"/wall/frame.json?{odd}").status_code == (404 if "community" in odd else 200)


def test_who_else_may_look_at_it(address: str) -> None:
    for name, status in (("boss", 200), ("worker", 403)):
        with Browser(address) as reader:
            reader.sign_in(name)
            assert reader.get(FRAME).status_code == status
    with Browser(address) as stranger:
        assert stranger.get(FRAME).status_code == 401
        assert stranger.open("/wall").headers["location"] == "/login?next=%2Fwall"


def test_taken_down_it_shows_nothing_within_seconds(screen: Browser, town: WallTown) -> None:
    assert screen.get(FRAME).status_code == 200
    town.run("UPDATE access_token SET revoked_at = now()")
    town.connection.commit()
    assert wait_for(screen, lambda answer: answer.status_code == 401).status_code == 401


def test_however_many_hang_up_they_are_looked_up_together(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ExitStack() as walls:
        screens = [walls.enter_context(hang_up(address)) for _ in range(6)]
        for screen in screens:
            assert screen.get(FRAME).status_code == 200
        asked: list[int] = []
        find = accounts.find_actors

        def find_and_count(tokens: Sequence[str]) -> dict[str, Actor]:
            asked.append(len(tokens))
            return find(tokens)

        monkeypatch.setattr(accounts, "find_actors", find_and_count)
        sign_ins._known.clear()
        for screen in screens:
            assert screen.get(FRAME).status_code == 200
        assert len(asked) == 1


def test_whoever_waits_long_for_its_turn_is_known_still(
    screen: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    class LongWait:
        def __enter__(self) -> None:
            sign_ins._screens.clear()

        def __exit__(self, *_failure: object) -> None:
            pass

    assert screen.get(FRAME).status_code == 200
    monkeypatch.setattr(sign_ins, "_looking", LongWait())
    sign_ins._known.clear()
    assert screen.get(FRAME).status_code == 200


@contextmanager
def take_away(database_url: str) -> Iterator[None]:
    """Let the database be gone inside the block."""
    name = parse_dsn(database_url)["dbname"]
    rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
    with closing(psycopg2.connect(make_dsn(database_url, dbname="postgres"))) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", (name,)
            )
            cursor.execute(rename.format(sql.Identifier(name), sql.Identifier("away")))
            try:
                yield
            finally:
                cursor.execute(rename.format(sql.Identifier("away"), sql.Identifier(name)))


def test_without_a_first_frame_it_says_so_however_often_it_is_asked(
    town: WallTown, database_url: str
) -> None:
    async def ask() -> None:
        frames = wall_frames.WallFrames()
        try:
            for _ in range(2):
                with pytest.raises(DatabaseUnavailable):
                    await frames.fetch(town.id, "zh")
        finally:
            await asyncio.to_thread(frames.close)

    with take_away(database_url):
        asyncio.run(ask())


def test_without_the_database_it_keeps_its_last_frame_and_comes_back(
    screen: Browser, town: WallTown, database_url: str
) -> None:
    first = screen.get(FRAME)
    with take_away(database_url):
        # Who asks is remembered for some seconds: the frame as it was. Then a refusal, which screens outlast.
        answer = screen.get(FRAME)
        assert answer.status_code in {200, 503}
        if answer.status_code == 200:
            assert answer.headers["etag"] == first.headers["etag"]
        sign_ins._known.clear()
        assert screen.get(FRAME).status_code == 503
        page = screen.open("/wall?community=A")
        assert page.status_code == 200, "the page is empty, and goes on from what it kept"
        assert "A社区" not in page.text
        assert screen.open("/").headers["location"] == "/login?next=%2F&why=database"
        with Browser(str(screen.base_url)) as stranger:
            assert stranger.open("/wall").status_code == 303
    again = wait_for(screen, lambda answer: answer.status_code == 200)
    assert again.status_code == 200
    assert read_values(again) == read_values(first)
