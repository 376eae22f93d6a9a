"""Demo communities into a database: one transaction a community, real communities never touched."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from psycopg2 import sql
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from etl.demo.accounts import write_accounts
from etl.demo.community import Community, build_community
from etl.demo.program import PROGRAMS
from etl.demo.town.terrain import Site, lay_out_sites
from etl.demo.truth import Truth
from etl.demo.writer import Writer
from geo.errors import Conflict, InputRefused
from geo.store.engine import connect, load_queries, transaction
from geo.store.tiles import refresh_hexagons

TIME_ZONE = ZoneInfo("Asia/Shanghai")
TOTALS = (
    "households", "residents", "compounds", "three_no", "buildings", "grids", "staff", "party_members",
    "party_branches", "merchants", "partners", "incidents",
)  # fmt: skip
# Children first: a cascade would look for the children of every single row. Zone plans go with the community.
_TABLES = (
    "role_grant", "visit", "incident_event", "incident", "campaign", "duty_rule",
    "merchant_offer", "merchant", "building_grid", "chat_group", "building", "grid", "compound",
    "ground_feature", "membership", "post", "party_contact", "party",
)  # fmt: skip


@dataclass(frozen=True)
class DemoReport:
    """What a load left in the database.

    Attributes:
        community: the programme, ``D`` or ``Y``.
        seed: the seed it came from.
        as_of: the day its history ends before.
        codes: the codes of the loaded communities.
        totals: counted in the database after loading.
        truth: what was planted, by code or as longitude and latitude.
    """

    community: str
    seed: int
    as_of: date
    codes: list[str]
    totals: dict[str, int]
    truth: Truth


def load_demo(
    url: str | None = None,
    *,
    community: str = "D",
    scale: int = 1,
    seed: int = 1,
    as_of: date | None = None,
    on_progress: Callable[[str, int], None] = lambda _code, _incidents: None,
) -> DemoReport:
    """Generate demo communities into a migrated database, replacing earlier ones of the same programme.

    Args:
        url: the database; the installation's own where none is given.
        community: programme to build, ``D`` or ``Y``.
        scale: how many communities, side by side; one has the programme's code, several are numbered.
        seed: the same seed and day give the same rows, ids aside.
        as_of: the history covers the twelve months before this day; by default today in Asia/Shanghai.
        on_progress: told the code and the number of incidents of each community as it is written.

    Returns:
        Totals counted in the database, and the planted truth.

    Raises:
        InputRefused: there is no such programme, or no community to build.
        Conflict: a real community has one of the codes.
        DatabaseUnavailable: the database cannot be reached.
    """
    if community not in PROGRAMS:
        msg = f"there is no demo community {community}: choose {' or '.join(PROGRAMS)}"
        raise InputRefused(msg)
    if scale < 1:
        msg = f"a city of {scale} communities cannot be built: give a scale of 1 or more"
        raise InputRefused(msg)
    day = as_of or datetime.now(TIME_ZONE).date()
    sites = lay_out_sites(PROGRAMS[community], scale, seed)
    codes = [site.code for site in sites]
    queries = load_queries("demo")
    truth = Truth()
    with connect(url) as connection:
        _refuse_real(connection, codes)
    for built in _build_ahead(sites, day):
        code = built.town.site.code
        with transaction(url) as connection:
            queries.lock_demo(connection, code=code)
            _refuse_real(connection, [code])
            _delete_demo(connection, code)
            with connection.cursor() as cursor:
                Writer(cursor, built).write()
            if code == codes[0]:
                write_accounts(connection, community, built)
        truth = truth.add(built.truth)
        on_progress(code, len(built.history.reports))
    with transaction(url) as connection:
        for (code,) in list(queries.list_demo(connection, program=community, codes=codes)):
            _delete_demo(connection, code)
        counted = dict(queries.count_totals(connection, codes=codes))
        # Without statistics of the new rows the planner takes the longest ways.
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    # Otherwise whoever opens the map of a city first would wait for its hexagons.
    for layer in ("buildings", "incidents"):
        refresh_hexagons(layer, url=url)
    totals = {name: counted[name] for name in TOTALS}
    return DemoReport(community, seed, day, codes, totals, truth)


def _build_ahead(sites: list[Site], day: date) -> Iterator[Community]:
    """Yield the communities; the next is built while the last is written."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        following = pool.submit(build_community, sites[0], day)
        for site in sites[1:]:
            current, following = following.result(), pool.submit(build_community, site, day)
            yield current
        yield following.result()


def _refuse_real(connection: PostgresConnection, codes: list[str]) -> None:
    real = load_queries("demo").find_real(connection, codes=codes)
    if real:
        msg = f"community {real[0]} ({real[1]}) is a real one: give it another code before you load the demo"
        raise Conflict(msg)


def _delete_demo(connection: PostgresConnection, code: str) -> None:
    community_id = load_queries("demo").find_demo(connection, code=code)
    if community_id is None:
        return
    with connection.cursor() as cursor:
        for table in _TABLES:
            statement = sql.SQL("DELETE FROM {} WHERE community_id = %s").format(sql.Identifier(table))
            cursor.execute(statement, (community_id,))
        cursor.execute("DELETE FROM community WHERE id = %s", (community_id,))
