"""Rows that give an address and no coordinates: placed where it is certain, and never at a made-up point."""

from pathlib import Path

import pytest
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from etl.importing.importer import import_file
from etl.importing.report import ImportReport
from tests.import_town import ImportTown, ask, place, write_csv

PLACED = "SELECT external_id, building_id, compound_id, grid_id, geocode_quality FROM incident ORDER BY 1"
POINT = "SELECT ST_Equals(i.geom, b.anchor) FROM incident AS i JOIN building AS b ON b.id = i.building_id"


@pytest.fixture
def town(connection: PostgresConnection) -> ImportTown:
    town = ImportTown(connection)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE building SET name = CASE id WHEN %s THEN '1栋' ELSE '幸福里2栋' END", (town.first,)
        )
    connection.commit()
    return town


def bring_in(
    connection: PostgresConnection, path: Path, layer: str = "incidents", crs: str | None = None
) -> ImportReport:
    report = import_file(connection, path, layer=layer, crs=crs)
    connection.commit()
    return report


def write_cases(path: Path, *addresses: str, **more: str) -> Path:
    return write_csv(
        path,
        [
            {
                "工单号": f"T{number}",
                "上报时间": "2024-06-01 08:00",
                "类别": "占道经营",
                "地址": address,
                **more,
            }
            for number, address in enumerate(addresses, start=1)
        ],
    )


def test_cases_are_placed_as_well_as_their_address_says(
    town: ImportTown, connection: PostgresConnection, tmp_path: Path
) -> None:
    path = write_cases(
        tmp_path / "工单.csv", "幸福里2栋", "甲市幸福里小区1幢2单元301室", "老厂区二号楼", "幸福里",
        "幸福里9栋", "幸福理1栋", "幸福里1栋旁", "",
    )  # fmt: skip
    report = bring_in(connection, path)
    assert (report.rows.inserted, report.unplaced) == (8, 5)
    at_home = (town.compound, town.west)
    assert ask(connection, PLACED) == [
        ("T1", town.second, *at_home, "building"),
        ("T2", town.first, *at_home, "dwelling"),
        ("T3", town.second, *at_home, "building"),
        ("T4", None, town.compound, None, "compound"),
        ("T5", None, town.compound, None, "compound"),
        ("T6", None, None, None, "none"),
        ("T7", None, None, None, "none"),
        ("T8", None, None, None, "none"),
    ]
    assert ask(connection, POINT) == [(True,)] * 3
    assert ask(
        connection, "SELECT count(*) FROM incident WHERE building_id IS NULL AND geom IS NOT NULL"
    ) == [(0,)]


def test_coordinates_go_before_the_address(
    town: ImportTown, connection: PostgresConnection, tmp_path: Path
) -> None:
    longitude, latitude = place(150, 130)
    path = write_cases(tmp_path / "工单.csv", "幸福里2栋", 经度=str(longitude), 纬度=str(latitude))
    bring_in(connection, path, crs="4490")
    assert ask(connection, "SELECT building_id FROM incident") == [(town.first,)]


def test_the_same_file_again_changes_nothing(
    town: ImportTown, connection: PostgresConnection, tmp_path: Path
) -> None:
    path = write_cases(tmp_path / "工单.csv", "幸福里2栋", "幸福里", "哪里")
    bring_in(connection, path)
    before = ask(connection, PLACED)
    again = bring_in(connection, path)
    assert (again.rows.updated, again.rows.unchanged) == (0, 3)
    assert ask(connection, PLACED) == before


def test_a_place_shown_by_hand_stays_and_one_that_was_read_follows_its_address(
    town: ImportTown, connection: PostgresConnection, tmp_path: Path
) -> None:
    bring_in(connection, write_cases(tmp_path / "1.csv", "幸福里2栋", "幸福里2栋"))
    with connection.cursor() as cursor:
        cursor.execute("UPDATE incident SET geocode_quality = 'manual' WHERE external_id = 'T1'")
    connection.commit()
    bring_in(connection, write_cases(tmp_path / "2.csv", "幸福里1栋", "幸福里1栋"))
    assert [row[1] for row in ask(connection, PLACED)] == [town.second, town.first]


def test_a_new_address_that_leads_nowhere_is_told_of(
    town: ImportTown, connection: PostgresConnection, tmp_path: Path
) -> None:
    bring_in(connection, write_cases(tmp_path / "1.csv", "幸福里2栋", "幸福里1栋"))
    before = ask(connection, PLACED)
    path = write_cases(tmp_path / "2.csv", "幸福里2栋", "外地花园1栋")
    report = bring_in(connection, path)
    (warning,) = (warning for warning in report.warnings if "another address now" in warning)
    assert "(row 3)" in warning
    assert ask(connection, PLACED) == before
    # Said once: the address is known then.
    assert not any("another address now" in told for told in bring_in(connection, path).warnings)


def test_what_has_been_confirmed_places_the_next_file(
    town: ImportTown, connection: PostgresConnection, tmp_path: Path
) -> None:
    path = write_cases(tmp_path / "工单.csv", "幸福理二号楼501", "垃圾房旁", "外地花园1栋")
    bring_in(connection, path)
    assert {row[-1] for row in ask(connection, PLACED)} == {"none"}
    longitude, latitude = place(600, 600)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO place_alias (community_id, words, building_id, geom, is_elsewhere) VALUES "
            "(%(c)s, '幸福理2栋', %(b)s, NULL, false), (%(c)s, '外地花园1栋', NULL, NULL, true), "
            "(%(c)s, '垃圾房旁', NULL, ST_SetSRID(ST_MakePoint(%(x)s, %(y)s), 4490), false)",
            {"c": town.id, "b": town.second, "x": float(longitude), "y": float(latitude)},
        )
    connection.commit()
    bring_in(connection, path)
    assert ask(connection, PLACED) == [
        ("T1", town.second, town.compound, town.west, "dwelling"),
        ("T2", None, None, town.east, "manual"),
        ("T3", None, None, None, "none"),
    ]


def test_merchants_are_placed_alike(town: ImportTown, connection: PostgresConnection, tmp_path: Path) -> None:
    rows = [
        {"商户名称": name, "地址": where}
        for name, where in (("甲", "幸福里2栋"), ("乙", "幸福里"), ("丙", "别处"))
    ]
    bring_in(connection, write_csv(tmp_path / "商户.csv", rows), layer="merchants")
    stored = "SELECT name, building_id, geocode_quality, geom IS NULL FROM merchant ORDER BY 4, 1 DESC"
    assert ask(connection, stored) == [
        ("甲", town.second, "building", False),
        ("乙", None, "none", True),
        ("丙", None, "none", True),
    ]
