"""Loading the demo: totals to the unit, the same bytes for the same seed, and a truth that is true."""

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import date
from io import BytesIO
from typing import Any

import psycopg2
import pytest
from click.testing import CliRunner
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from etl.cli import cli
from etl.demo.load import DemoReport, load_demo
from geo.errors import Conflict, InputRefused
from tests.town import Town

AS_OF = date(2026, 3, 18)
TOTALS_D = {
    "households": 13_000, "residents": 35_000, "compounds": 20, "three_no": 3, "buildings": 340, "staff": 16,
    "party_members": 456, "party_branches": 10, "merchants": 618, "partners": 23,
}  # fmt: skip
TOTALS_Y = {
    "households": 2_480, "residents": 6_000, "compounds": 14, "three_no": 2, "buildings": 65, "merchants": 86
}  # fmt: skip

# Every table of the demo without its row ids, which differ from load to load; references are told by codes.
FINGERPRINTS = (
    "SELECT code, name, metric_epsg, geom FROM community",
    "SELECT kind, name, width_m, geom FROM ground_feature",
    """SELECT kind, code, name, active_from, active_to, full_name, mobile_phone
    FROM party LEFT JOIN party_contact ON party_id = id""",
    "SELECT p.code, post.title, post.valid_from FROM post JOIN party AS p ON p.id = party_id",
    """SELECT m.code, o.code, role
    FROM membership JOIN party AS m ON m.id = member_id JOIN party AS o ON o.id = organisation_id""",
    """SELECT position, category_code, place_type, lead_kind, l.code, s.code, h.code, legal_basis
    FROM duty_rule LEFT JOIN party AS l ON l.id = lead_party_id
    LEFT JOIN party AS s ON s.id = supervisor_party_id LEFT JOIN party AS h ON h.id = helper_party_id""",
    """SELECT c.code, c.name, type, management, address, three_no_reviewed_on, p.code, geom
    FROM compound AS c LEFT JOIN party AS p ON p.id = property_company_id""",
    """SELECT b.code, c.code, b.name, kind, b.address, floors, entrances, households, residents, elderly,
        built_year, b.geom
    FROM building AS b LEFT JOIN compound AS c ON c.id = compound_id""",
    """SELECT g.code, g.kind, p.code, g.name, g.valid_from, g.geom
    FROM grid AS g LEFT JOIN grid AS p ON p.id = g.parent_id""",
    """SELECT b.code, g.code
    FROM building_grid JOIN building AS b ON b.id = building_id JOIN grid AS g ON g.id = grid_id""",
    """SELECT z.code, p.code, role, valid_from, valid_to
    FROM zone_party JOIN zone AS z ON z.id = zone_id JOIN party AS p ON p.id = party_id""",
    """SELECT z.code, b.code
    FROM zone_unit JOIN zone AS z ON z.id = zone_id JOIN building AS b ON b.id = building_id""",
    """SELECT m.code, b.code, m.name, category, m.address, partner_since, m.geom
    FROM merchant AS m LEFT JOIN building AS b ON b.id = building_id""",
    "SELECT code, name, category_codes, starts_on, ends_on, geom FROM campaign",
    """SELECT i.external_id, category_code, source, state, severity, title, i.address, i.geom,
        b.code, c.code, g.code, m.code, p.code, z.code,
        reported_at, first_response_at, due_at, original_due_at, handled_at, closed_at, outcome
    FROM incident AS i LEFT JOIN building AS b ON b.id = i.building_id
    LEFT JOIN compound AS c ON c.id = i.compound_id LEFT JOIN grid AS g ON g.id = grid_id
    LEFT JOIN merchant AS m ON m.id = merchant_id LEFT JOIN party AS p ON p.id = party_id
    LEFT JOIN campaign AS z ON z.id = campaign_id""",
    """SELECT i.external_id, at, p.code, e.kind, from_state, to_state, reason, s.code
    FROM incident_event AS e JOIN incident AS i ON i.id = incident_id
    LEFT JOIN party AS p ON p.id = actor_party_id LEFT JOIN party AS s ON s.id = suggested_party_id""",
    """SELECT v.kind, at, p.code, b.code, m.code, outcome
    FROM visit AS v LEFT JOIN party AS p ON p.id = party_id
    LEFT JOIN building AS b ON b.id = v.building_id LEFT JOIN merchant AS m ON m.id = merchant_id""",
)


def take_fingerprint(url: str) -> list[str]:
    prints = []
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        for query in FINGERPRINTS:
            columns = query.removeprefix("SELECT ").split("FROM ")[0].split(",")
            order = ", ".join(str(n) for n in range(1, len(columns) + 1))
            buffer = BytesIO()
            cursor.copy_expert(f"COPY ({query} ORDER BY {order}) TO STDOUT", buffer)
            assert buffer.tell() > 0, query
            prints.append(hashlib.sha256(buffer.getvalue()).hexdigest())
    return prints


def ask(connection: PostgresConnection, query: str, **parameters: object) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return cursor.fetchall()


@pytest.fixture
def report(database_url: str) -> DemoReport:
    """Community Y loaded, seed 1."""
    return load_demo(database_url, community="Y", as_of=AS_OF)


def test_community_d_has_its_totals_and_its_truth(database_url: str, connection: PostgresConnection) -> None:
    report = load_demo(database_url, community="D", as_of=AS_OF)
    assert {name: report.totals[name] for name in TOTALS_D} == TOTALS_D
    assert 26 <= report.totals["grids"] <= 43
    assert 9_000 <= report.totals["incidents"] <= 10_500
    _verify_truth(connection, report)


def test_community_y_has_its_totals_and_its_truth(report: DemoReport, connection: PostgresConnection) -> None:
    assert {name: report.totals[name] for name in TOTALS_Y} == TOTALS_Y
    assert 5 <= report.totals["grids"] <= 8
    _verify_truth(connection, report)


def _verify_truth(connection: PostgresConnection, report: DemoReport) -> None:
    truth = report.truth
    day = {"day": report.as_of}
    without_grid = ask(
        connection,
        "SELECT code FROM building WHERE NOT EXISTS (SELECT FROM building_grid AS g "
        "WHERE g.building_id = building.id AND g.kind = 'community') ORDER BY code",
    )
    assert [code for (code,) in without_grid] == sorted(truth.uncovered_buildings)
    for kind in ("grid_worker", "party_branch"):
        unheld = ask(
            connection,
            "SELECT code FROM building WHERE NOT EXISTS (SELECT FROM building_holder(%(day)s) AS h "
            "WHERE h.building_id = building.id AND h.kind = %(kind)s) ORDER BY code",
            kind=kind,
            **day,
        )
        assert [code for (code,) in unheld] == sorted(truth.unheld_buildings)
    gaps = ask(
        connection,
        "SELECT ST_Area(CAST(gap.geom AS geography)), ST_X(at.point), ST_Y(at.point) FROM community AS c "
        "CROSS JOIN LATERAL (SELECT ST_Union(g.geom) AS geom FROM grid AS g "
        "WHERE g.community_id = c.id AND g.kind = 'community') AS taken "
        "CROSS JOIN LATERAL ST_Dump(ST_Difference(c.geom, taken.geom)) AS gap "
        "CROSS JOIN LATERAL (SELECT ST_PointOnSurface(gap.geom) AS point) AS at "
        "WHERE ST_Area(CAST(gap.geom AS geography)) > 0.5 ORDER BY 1 DESC",
    )
    assert [gap[0] for gap in gaps] == pytest.approx([gap["area_m2"] for gap in truth.grid_gaps], abs=1)
    silent = ask(
        connection,
        "SELECT code FROM building AS b WHERE NOT EXISTS (SELECT FROM incident WHERE building_id = b.id) "
        "AND NOT EXISTS (SELECT FROM visit WHERE building_id = b.id) ORDER BY code",
    )
    assert [code for (code,) in silent] == sorted(truth.silent_buildings)
    bounced = ask(
        connection,
        "SELECT external_id, count(*) FROM incident_event AS e JOIN incident AS i ON i.id = e.incident_id "
        "WHERE e.to_state = 'returned' AND e.reason IS NOT NULL GROUP BY 1 HAVING count(*) >= 2",
    )
    assert dict(bounced) == {case["incident"]: case["returns"] for case in truth.bounced}
    relapses = ask(
        connection,
        "SELECT first.external_id, again.external_id FROM incident AS first "
        "JOIN campaign AS z ON z.id = first.campaign_id "
        "JOIN incident AS again ON again.community_id = first.community_id "
        "AND again.category_code = first.category_code AND again.reported_at > first.closed_at "
        "AND again.reported_at <= first.closed_at + interval '30 days' "
        "AND again.geom && ST_Expand(first.geom, 0.002) "
        "AND (ST_DWithin(CAST(again.geom AS geography), CAST(first.geom AS geography), 50) "
        "OR again.building_id = first.building_id)",
    )
    assert sorted(relapses) == sorted((pair["closed"], pair["returned"]) for pair in truth.relapses)
    for spot in truth.hotspots:
        here = ask(
            connection,
            "SELECT count(*) FROM incident WHERE category_code = %(category)s "
            "AND ST_DWithin(CAST(geom AS geography), "
            "CAST(ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), 4490) AS geography), %(radius_m)s) "
            "AND reported_at >= CAST(%(day)s AS timestamptz) - %(days)s * interval '1 day'",
            **{key: spot[key] for key in ("category", "lon", "lat", "radius_m", "days")},
            **day,
        )
        assert here[0][0] >= spot["planted"]


def test_incidents_lie_where_they_say(report: DemoReport, connection: PostgresConnection) -> None:
    """In their community, and in the grid and compound they name."""
    assert report.totals["incidents"] > 1_500
    (outside,) = ask(
        connection,
        "SELECT count(*) FILTER (WHERE NOT ST_Intersects(c.geom, i.geom)), "
        "count(*) FILTER (WHERE NOT ST_DWithin(g.geom, i.geom, 1e-8)), "
        "count(*) FILTER (WHERE i.grid_id IS NULL AND EXISTS (SELECT FROM grid AS other "
        "WHERE other.kind = 'community' AND ST_Intersects(other.geom, i.geom))), "
        "count(*) FILTER (WHERE NOT ST_DWithin(w.geom, i.geom, 1e-8) AND i.merchant_id IS NULL) "
        "FROM incident AS i JOIN community AS c ON c.id = i.community_id "
        "LEFT JOIN grid AS g ON g.id = i.grid_id LEFT JOIN compound AS w ON w.id = i.compound_id",
    )
    assert outside == (0, 0, 0, 0)


def test_same_seed_gives_the_same_bytes(database_url: str) -> None:
    load_demo(database_url, community="Y", seed=7, as_of=AS_OF)
    first = take_fingerprint(database_url)
    load_demo(database_url, community="Y", seed=7, as_of=AS_OF)
    assert take_fingerprint(database_url) == first
    load_demo(database_url, community="Y", seed=8, as_of=AS_OF)
    other = take_fingerprint(database_url)
    # Posts, memberships and duties are the same in communities of one size; whatever lies somewhere is not.
    assert sum(a != b for a, b in zip(first, other, strict=True)) >= len(first) - 4


def test_a_city_replaces_a_community_and_the_other_way_round(
    database_url: str, connection: PostgresConnection
) -> None:
    load_demo(database_url, community="Y", as_of=AS_OF)
    city = load_demo(database_url, community="Y", scale=2, as_of=AS_OF)
    assert city.totals["households"] == 2 * 2_480
    assert [c for (c,) in ask(connection, "SELECT code FROM community ORDER BY code")] == [
        "Y01",
        "Y02",
    ]
    assert len(city.truth.uncovered_buildings) == 4
    (shared,) = ask(
        connection,
        "SELECT coalesce(max(ST_Area(CAST(ST_Intersection(a.geom, b.geom) AS geography))), 0) "
        "FROM community AS a JOIN community AS b ON a.id < b.id AND ST_Intersects(a.geom, b.geom)",
    )
    assert shared[0] < 1
    connection.rollback()
    load_demo(database_url, community="Y", as_of=AS_OF)
    assert ask(connection, "SELECT code FROM community") == [("Y",)]
    connection.rollback()


def test_real_communities_are_left_alone(database_url: str, connection: PostgresConnection) -> None:
    real = Town(connection, code="Y")
    connection.commit()
    with pytest.raises(Conflict, match=r"community Y .* is a real one"):
        load_demo(database_url, community="Y", as_of=AS_OF)
    load_demo(database_url, community="Y", scale=2, as_of=AS_OF)
    found = ask(connection, "SELECT id, is_demo FROM community WHERE code = 'Y'")
    assert found == [(real.id, False)]


def test_two_loads_at_once_leave_one_community(database_url: str, connection: PostgresConnection) -> None:
    with ThreadPoolExecutor(2) as pool:
        loads = [pool.submit(load_demo, database_url, community="Y", as_of=AS_OF) for _ in range(2)]
        first, second = (load.result() for load in loads)
    assert first == second
    assert ask(connection, "SELECT code FROM community") == [("Y",)]
    assert ask(connection, "SELECT count(*) FROM building") == [(65,)]


def test_nonsense_is_refused(database_url: str) -> None:
    with pytest.raises(InputRefused, match="no demo community X: choose D or Y"):
        load_demo(database_url, community="X")
    with pytest.raises(InputRefused, match="scale of 1 or more"):
        load_demo(database_url, scale=0)


def test_command_prints_one_object(database_url: str) -> None:
    result = CliRunner().invoke(
        cli, ["demo", "load", "--community", "Y", "--seed", "3", "--as-of", "2026-03-18", "--json"]
    )
    assert result.exit_code == 0, result.stderr
    told = json.loads(result.stdout)
    assert (told["community"], told["seed"], told["as_of"]) == ("Y", 3, "2026-03-18")
    assert {name: told["totals"][name] for name in TOTALS_Y} == TOTALS_Y
    assert {
        "hotspots", "relapses", "uncovered_buildings", "unheld_buildings", "silent_buildings", "bounced"
    } <= set(told["truth"])  # fmt: skip
    assert told == json.loads(
        CliRunner()
        .invoke(cli, ["demo", "load", "--community", "Y", "--seed", "3", "--as-of", "2026-03-18", "--json"])
        .stdout
    )
