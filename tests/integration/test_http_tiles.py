"""What ``/tiles`` sends: places where they are, hexagons that add up, nothing that is nobody's business."""

import math
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import geopandas as gpd
import httpx
import numpy as np
import pyogrio
import pyproj
import pytest
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from shapely import LineString, Point, box

from geo.store import tiles
from geo.store.engine import connect
from geo.store.tiles import refresh_hexagons
from tests.serving import serve
from tests.town import Town, to_degrees

# Whoever adds a property here has thought about who may read it: everybody.
PROPERTIES = {
    "ground": {"name", "kind", "width_m"},
    "communities": {"code", "name"},
    "grids": {"code", "name", "kind"},
    "compounds": {"code", "name", "type", "is_three_no"},
    "buildings": {"code", "name", "kind", "floors", "households"},
    "merchants": {"code", "name", "category", "is_partner"},
    "incidents": {"category", "category_name", "state", "is_open"},
    "zones": {"code", "name", "colour"},
}
WORLD_M = 40075016.68557849
MIDDLE = Point(50, 50)
MERCATOR = pyproj.Transformer.from_crs(4326, 3857, always_xy=True)

ReadTile = Callable[..., gpd.GeoDataFrame]


@pytest.fixture
def town(connection: PostgresConnection) -> Town:
    return Town(connection)


@pytest.fixture
def client(database_url: str) -> Iterator[httpx.Client]:
    with serve(database_url) as client:
        yield client


def to_mercator(place: Point) -> Point:
    """Return a point in metres of the town as EPSG:3857."""
    degrees = to_degrees(place).centroid
    return Point(*MERCATOR.transform(degrees.x, degrees.y))


def find_tile(z: int, place: Point) -> tuple[int, int, int]:
    """Return the tile that a point in metres of the town lies in."""
    spot = to_mercator(place)
    side_m = WORLD_M / 2**z
    return z, int((spot.x + WORLD_M / 2) / side_m), int((WORLD_M / 2 - spot.y) / side_m)


@pytest.fixture
def read_tile(client: httpx.Client, tmp_path: Path) -> ReadTile:
    """Ask for the tile of a layer around a point in metres of the town; coordinates are EPSG:3857."""

    def read(layer: str, z: int, around: Point = MIDDLE, **parameters: Any) -> gpd.GeoDataFrame:
        z, x, y = find_tile(z, around)
        answer = client.get(f"/tiles/{layer}/{z}/{x}/{y}.mvt", params=parameters)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "application/vnd.mapbox-vector-tile"
        if not answer.content:
            return gpd.GeoDataFrame(geometry=[])
        file = tmp_path / str(z) / str(x) / f"{y}.mvt"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(answer.content)
        ((name, _shape),) = pyogrio.list_layers(file)
        tile = pyogrio.read_dataframe(file, CLIP="NO")
        tile.attrs["name"] = name
        return tile

    return read


def scatter(town: Town, number: int) -> None:
    """Put incidents all over the town, every third one settled."""
    random = np.random.default_rng(4)
    for east_m, north_m in random.uniform(0, 1000, (number, 2)):
        town.incident(geom=Point(east_m, north_m), state="rejected" if east_m % 3 < 1 else "handling")


def read_totals(connection: PostgresConnection, table: str, *columns: str) -> dict[int, tuple[int, ...]]:
    sums = ", ".join(f"sum({column})" for column in columns)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT level, {sums} FROM {table} GROUP BY level ORDER BY level")
        return {level: tuple(totals) for level, *totals in cursor.fetchall()}


@pytest.mark.parametrize("layer", PROPERTIES)
def test_a_tile_has_these_properties_and_no_others(layer: str, town: Town, read_tile: ReadTile) -> None:
    town.add("ground_feature", kind="road", name="路", width_m=12, geom=LineString([(0, 0), (100, 0)]))
    town.grid("1", box(0, 0, 500, 500))
    town.add("compound", code="c", name="麒麟花园", geom=box(0, 0, 100, 100), type="old")
    building = town.building("1", box(10, 10, 30, 20), households=40, floors=6)
    town.add("merchant", code="m", name="修鞋铺", geom=Point(50, 50))
    zone = town.zone(town.plan(), "甲", building, lead=town.party("lead"))
    with town.connection.cursor() as cursor:
        cursor.execute("UPDATE zone SET colour = '#AABBCC' WHERE id = %s", (zone,))
    town.incident(geom=Point(15, 15), title="王小明", address="3栋502")
    town.connection.commit()
    tile = read_tile(layer, 16)
    assert tile.attrs["name"] == layer
    assert len(tile) == 1
    assert set(tile.columns) - {"mvt_id", "geometry"} == PROPERTIES[layer]


@pytest.mark.parametrize("layer", ["incidents", "buildings"])
def test_hexagons_have_counts_only(layer: str, town: Town, read_tile: ReadTile) -> None:
    town.building("1", box(10, 10, 30, 20), households=40)
    town.building("2", box(20, 30, 30, 40), households=2)
    town.incident(geom=Point(15, 15))
    town.incident(geom=Point(25, 15), state="rejected")
    town.connection.commit()
    tile = read_tile(layer, 8)
    counts = {
        "incidents": {"incidents": 2, "open_incidents": 1},
        "buildings": {"buildings": 2, "households": 42},
    }
    assert tile.attrs["name"] == f"{layer[:-1]}_hexagons"
    assert tile.drop(columns=["mvt_id", "geometry"]).to_dict("records") == [counts[layer]]


@pytest.mark.parametrize("z", [9, 11, 12, 13, 15, 18])
def test_places_lie_where_they_are(z: int, town: Town, read_tile: ReadTile) -> None:
    """To a unit of the tile, by PROJ's own Mercator, whether the tile was projected or stretched."""
    spots = [Point(20.0 * step, 977.0 - 13 * step) for step in range(40)]
    for number, spot in enumerate(spots):
        town.add("merchant", code=str(number), name="店", geom=spot)
    town.connection.commit()
    unit_m = WORLD_M / 2**z / 4096
    tile = read_tile("merchants", z, around=spots[0]).set_index("code")
    assert len(tile) >= (1 if z > 15 else 7)
    for code, found in tile.geometry.items():
        assert to_mercator(spots[int(str(code))]).distance(found) <= unit_m * 1.01


def test_a_stretched_tile_differs_from_a_projected_one_by_a_unit_at_most(town: Town) -> None:
    """Over a whole tile of zoom 12, the coarsest that is stretched, where the difference is the largest."""
    with town.connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT max(abs(ST_X(stretched) - ST_X(projected))), max(abs(ST_Y(stretched) - ST_Y(projected)))
            FROM generate_series(0, 1, 0.01) AS share
            CROSS JOIN LATERAL (SELECT tile_box(12, 3413, 1500, 0) AS tile) AS t
            CROSS JOIN LATERAL (SELECT ST_SetSRID(ST_Point(
                ST_XMin(tile) + share * (ST_XMax(tile) - ST_XMin(tile)),
                ST_YMin(tile) + share * (ST_YMax(tile) - ST_YMin(tile))), 4490) AS place) AS p
            CROSS JOIN LATERAL (SELECT
                tile_shape(place, 12, 3413, 1500) AS stretched,
                ST_AsMVTGeom(
                    ST_Transform(place, 3857), ST_TileEnvelope(12, 3413, 1500), 4096, 64) AS projected
            ) AS s
            """
        )
        assert max(cursor.fetchall()[0]) <= 1


def test_hexagons_add_up_at_every_level(town: Town, read_tile: ReadTile) -> None:
    scatter(town, 200)
    town.incident(geom=Point(500, 500), category_code="E905")  # sealed, and not counted
    town.incident()  # nowhere
    town.connection.commit()
    read_tile("incidents", 10)
    totals = read_totals(town.connection, "incident_hexagon", "incidents", "open_incidents")
    with town.connection.cursor() as cursor:
        cursor.execute("SELECT count(*), count(*) FILTER (WHERE is_open) FROM mapped_incident")
        expected = cursor.fetchall()[0]
    assert expected[0] == 200
    assert totals == dict.fromkeys(range(6, 15), expected)


@pytest.mark.parametrize("z", [6, 9, 12, 13])
def test_hexagons_of_neighbouring_tiles_show_each_incident_once(
    z: int, town: Town, client: httpx.Client, read_tile: ReadTile
) -> None:
    scatter(town, 100)
    town.connection.commit()
    around = [
        Point(east_m, north_m) for east_m in (-9000, 0, 1000, 9000) for north_m in (-9000, 0, 1000, 9000)
    ]
    found = {}
    for place in around:
        for row in read_tile("incidents", z, around=place).itertuples():
            spot = row.geometry.centroid
            side_m = WORLD_M / 2**z
            # One that reaches over an edge is in both tiles, whole: its centre tells that it is the same.
            found[round(spot.x / side_m * 64), round(spot.y / side_m * 64)] = row.incidents
    assert sum(found.values()) == 100


def test_an_incident_lies_in_its_hexagon(town: Town, read_tile: ReadTile) -> None:
    spots = [Point(333.0 * step, 100.0 * step) for step in range(4)]
    for spot in spots:
        town.incident(geom=spot)
    town.connection.commit()
    tile = read_tile("incidents", 13, around=spots[1])
    unit_m = WORLD_M / 2**13 / 4096
    for spot in spots[1:2]:
        here = to_mercator(spot)
        # Coarser levels are counted from the finest, whose hexagons reach 44 m in the Mercator plane.
        assert tile.distance(here).min() <= WORLD_M / 32 / 2**14 / math.sqrt(3) + 2 * unit_m


def test_every_edit_is_in_the_next_hexagons(town: Town, read_tile: ReadTile) -> None:
    first = town.incident(geom=Point(15, 15))
    second = town.incident(geom=Point(15, 15))
    town.connection.commit()

    def run(statement: str) -> list[tuple[int, int]]:
        with town.connection.cursor() as cursor:
            cursor.execute(statement)
        town.connection.commit()
        return [(row.incidents, row.open_incidents) for row in read_tile("incidents", 10).itertuples()]

    assert run("SELECT 1") == [(2, 2)]
    assert run(f"UPDATE incident SET state = 'rejected' WHERE id = {first}") == [(2, 1)]
    assert run(f"UPDATE incident SET sensitivity = 'S3' WHERE id = {second}") == [(1, 0)]
    assert run(f"UPDATE incident SET geom = NULL, geocode_quality = 'none' WHERE id = {first}") == []
    assert run(f"UPDATE incident SET sensitivity = 'S1' WHERE id = {second}") == [(1, 1)]
    assert run("UPDATE category SET is_sealed = true WHERE code = 'E101'") == []
    assert run("UPDATE category SET is_sealed = false") == [(1, 1)]
    assert run("DELETE FROM community") == []


def test_hexagons_are_derived_anew_only_where_something_moved(town: Town, read_tile: ReadTile) -> None:
    other = Town(town.connection, "B")
    for place in (town, other):
        place.incident(geom=Point(15, 15))
    town.connection.commit()
    assert [row.incidents for row in read_tile("incidents", 10).itertuples()] == [2]

    def find_rows() -> dict[int, set[str]]:
        with town.connection.cursor() as cursor:
            cursor.execute("SELECT community_id, xmin::text FROM incident_hexagon")
            rows = cursor.fetchall()
        town.connection.commit()
        return {place: {xmin for at, xmin in rows if at == place} for place, _ in rows}

    before = find_rows()
    other.incident(geom=Point(15, 15))
    town.connection.commit()
    assert [row.incidents for row in read_tile("incidents", 10).itertuples()] == [3]
    after = find_rows()
    assert after[town.id] == before[town.id]
    assert after[other.id].isdisjoint(before[other.id])


def test_nobody_sees_half(town: Town, database_url: str) -> None:
    """Several derive at once while several read: every sum is one that was true when somebody committed."""
    scatter(town, 300)
    town.connection.commit()

    def edit_and_derive(number: int) -> None:
        if number % 4 == 0:
            town.incident(geom=Point(500, 500))
            town.connection.commit()
        refresh_hexagons("incidents")

    def read_sum(_number: int) -> int:
        with connect() as reader:
            totals = read_totals(reader, "incident_hexagon", "incidents")
        assert len({tuple(total) for total in totals.values()}) <= 1
        return int(totals[6][0])

    refresh_hexagons("incidents")
    with ThreadPoolExecutor(1) as editor, ThreadPoolExecutor(2) as derivers, ThreadPoolExecutor(2) as readers:
        edits = editor.map(edit_and_derive, range(20))
        derived = derivers.map(lambda _: refresh_hexagons("incidents"), range(20))
        sums = list(readers.map(read_sum, range(60)))
        assert len(list(edits)) + len(list(derived)) == 40
    assert set(sums) <= set(range(300, 306))
    refresh_hexagons("incidents")
    assert read_sum(0) == 305


def test_a_crowded_tile_is_drawn_in_hexagons(
    town: Town, read_tile: ReadTile, monkeypatch: pytest.MonkeyPatch
) -> None:
    scatter(town, 30)
    town.connection.commit()
    assert read_tile("incidents", 14).attrs["name"] == "incidents"
    monkeypatch.setattr(tiles, "MOST_PLACES", 10)
    town.incident(geom=Point(50, 50))
    town.connection.commit()
    assert read_tile("incidents", 14).attrs["name"] == "incident_hexagons"
    assert read_tile("incidents", 20).attrs["name"] == "incidents"


def test_a_tile_of_one_community_leaves_out_the_others(town: Town, read_tile: ReadTile) -> None:
    for code in ("B", "C"):
        Town(town.connection, code).add("merchant", code=code, name="店", geom=Point(50, 50))
    town.connection.commit()
    assert set(read_tile("merchants", 16, community="C").code) == {"C"}
    assert set(read_tile("merchants", 16).code) == {"B", "C"}


def test_sealed_and_sensitive_incidents_are_not_drawn(town: Town, read_tile: ReadTile) -> None:
    town.incident(geom=Point(15, 15), category_code="E905")
    town.incident(geom=Point(15, 15), category_code="E1001")
    town.incident(geom=Point(15, 15), sensitivity="S3")
    town.incident(geom=Point(15, 15), category_code="E201")
    town.connection.commit()
    assert list(read_tile("incidents", 16).category) == ["E201"]
    assert list(read_tile("incidents", 10).incidents) == [1]


def test_only_the_grids_in_force_are_drawn(town: Town, read_tile: ReadTile) -> None:
    town.grid("old", box(0, 0, 100, 100), valid_from="2020-01-01", valid_to="2021-01-01")
    town.grid("new", box(0, 0, 100, 100), valid_from="2021-01-01")
    town.connection.commit()
    assert list(read_tile("grids", 16).code) == ["new"]


def test_an_empty_tile_is_an_empty_answer(client: httpx.Client) -> None:
    for address in ("/tiles/buildings/14/0/0.mvt", "/tiles/incidents/3/1/1.mvt", "/tiles/zones/3/1/1.mvt"):
        answer = client.get(address)
        assert (answer.status_code, answer.content) == (200, b""), address


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/tiles/people/14/1/1.mvt", 404),
        ("/tiles/labels/14/1/1.mvt", 404),
        ("/tiles/buildings/14/1/1.png", 404),
        ("/tiles/buildings/14/1.mvt", 404),
        ("/tiles/buildings/2/4/0.mvt", 404),
        ("/tiles/buildings/2/0/4.mvt", 404),
        ("/tiles/buildings/23/0/0.mvt", 404),
        ("/tiles/buildings/-1/0/0.mvt", 404),
        ("/tiles/buildings/99999999999/0/0.mvt", 404),
        ("/tiles/buildings/14/1/1.mvt?community=nowhere", 404),
        ("/tiles/buildings/14/1/1.mvt?limit=3", 400),
    ],
)
def test_an_address_that_makes_no_sense_gets_a_sentence(
    address: str, status: int, client: httpx.Client
) -> None:
    answer = client.get(address)
    assert answer.status_code == status
    assert set(answer.json()) == {"error"}
    assert ": " in answer.json()["error"]
