"""Demo communities into a database: one transaction a community, real communities never touched."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812 - the driver names it so
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the driver names it so

from etl.demo.community import Community, build_community
from etl.demo.program import PROGRAMS
from etl.demo.terrain import lay_out_sites
from etl.demo.truth import Truth
from etl.demo.writer import Writer
from geo.errors import Conflict, InputRefused

TIME_ZONE = ZoneInfo("Asia/Shanghai")


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
    url: str,
    *,
    community: str = "D",
    scale: int = 1,
    seed: int = 1,
    as_of: date | None = None,
    on_progress: Callable[[str, int], None] = lambda code, incidents: None,
) -> DemoReport:
    """Generate demo communities and write them to a migrated database, replacing earlier ones of the same programme.

    Args:
        url: the database.
        community: programme to build, ``D`` or ``Y``.
        scale: how many such communities, side by side; one is called by the programme's code, several are numbered.
        seed: the same seed and day give the same rows, ids aside.
        as_of: the history covers the twelve months before this day; today in Asia/Shanghai where none is given.
        on_progress: told the code and the number of incidents of each community as it is written.

    Returns:
        Totals counted in the database, and the planted truth.

    Raises:
        InputRefused: there is no such programme, or no community to build.
        Conflict: a real community has one of the codes.
    """
    if community not in PROGRAMS:
        msg = f"there is no demo community {community}: choose {' or '.join(PROGRAMS)}"
        raise InputRefused(msg)
    if scale < 1:
        msg = f"a city of {scale} communities cannot be built: give --scale 1 or more"
        raise InputRefused(msg)
    day = as_of or datetime.now(TIME_ZONE).date()
    sites = lay_out_sites(PROGRAMS[community], scale, seed)
    codes = [site.code for site in sites]
    truth = Truth()
    with closing(
        psycopg2.connect(url, options="-c timezone=UTC", application_name="wangge demo")
    ) as connection:
        _refuse_real(connection, codes)
        for site in sites:
            built = build_community(site, day)
            with connection, connection.cursor() as cursor:
                _delete_demo(cursor, site.code)
                Writer(cursor, built).write()
            truth = truth.add(built.truth)
            on_progress(site.code, len(built.history.reports))
        with connection, connection.cursor() as cursor:
            _delete_others(cursor, community, codes)
        with connection, connection.cursor() as cursor:
            totals = _count_totals(cursor, codes)
    return DemoReport(community, seed, day, codes, totals, truth)


def _refuse_real(connection: Connection, codes: list[str]) -> None:
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT code, name FROM community WHERE code = ANY(%s) AND NOT is_demo ORDER BY code", (codes,)
        )
        real = cursor.fetchone()
    if real:
        msg = f"community {real[0]} ({real[1]}) is a real one: give it another code before you load the demo"
        raise Conflict(msg)


# Children first: the cascade would look for every child of every row.
_CHILDREN = (
    "visit", "incident_event", "incident", "campaign", "duty_rule", "zone_unit", "zone_party", "zone", "zone_plan",
    "merchant_offer", "merchant", "building_grid", "building", "grid", "compound", "ground_feature", "membership",
    "post", "party_contact", "party",
)  # fmt: skip


def _delete_demo(cursor: Cursor, code: str) -> None:
    cursor.execute("SELECT id FROM community WHERE code = %s AND is_demo", (code,))
    row = cursor.fetchone()
    if row is None:
        return
    for table in _CHILDREN:
        cursor.execute(f"DELETE FROM {table} WHERE community_id = %s", row)  # noqa: S608 - our own table names
    cursor.execute("DELETE FROM community WHERE id = %s", row)


def _delete_others(cursor: Cursor, program: str, codes: list[str]) -> None:
    """Delete the demo communities of an earlier, larger city."""
    cursor.execute(
        "SELECT code FROM community WHERE is_demo AND code ~ %s AND code <> ALL(%s)",
        (f"^{program}[0-9]*$", codes),
    )
    for (code,) in cursor.fetchall():
        _delete_demo(cursor, code)


_TOTALS = """
    WITH mine AS (SELECT id FROM community WHERE code = ANY(%(codes)s))
    SELECT
        (SELECT coalesce(sum(households), 0) FROM building JOIN mine ON mine.id = community_id) AS households,
        (SELECT coalesce(sum(residents), 0) FROM building JOIN mine ON mine.id = community_id) AS residents,
        (SELECT count(*) FROM compound JOIN mine ON mine.id = community_id) AS compounds,
        (SELECT count(*) FROM compound JOIN mine ON mine.id = community_id WHERE is_three_no) AS three_no,
        (SELECT count(*) FROM building JOIN mine ON mine.id = community_id) AS buildings,
        (SELECT count(*) FROM grid JOIN mine ON mine.id = community_id WHERE kind = 'community') AS grids,
        (SELECT count(*) FROM party JOIN mine ON mine.id = community_id WHERE kind = 'staff') AS staff,
        (SELECT count(*) FROM party JOIN mine ON mine.id = community_id WHERE kind = 'party_member') AS party_members,
        (SELECT count(*) FROM party JOIN mine ON mine.id = community_id WHERE kind = 'party_branch') AS party_branches,
        (SELECT count(*) FROM merchant JOIN mine ON mine.id = community_id) AS merchants,
        (SELECT count(*) FROM merchant JOIN mine ON mine.id = community_id WHERE is_partner) AS partners,
        (SELECT count(*) FROM incident JOIN mine ON mine.id = community_id) AS incidents
"""


def _count_totals(cursor: Cursor, codes: list[str]) -> dict[str, int]:
    cursor.execute(_TOTALS, {"codes": codes})
    row = cursor.fetchone()
    names = [column.name for column in cursor.description or ()]
    return {name: int(value) for name, value in zip(names, row or (), strict=True)}
