"""Grids that overlap or leave gaps are shown before anything is committed."""

from collections.abc import Sequence
from datetime import date

import numpy as np
import pandas as pd
import pytest
import shapely
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from shapely import Polygon, box
from shapely.geometry.base import BaseGeometry

from etl.importing.columns.layers import load_layers
from etl.importing.columns.mapping import map_columns
from etl.importing.draft import Draft, draft_rows
from etl.importing.places.ground import Ground
from etl.importing.places.seams import Seams, find_seams
from etl.importing.places.shapes import place_shapes
from etl.importing.rules import check_grids
from etl.sources.table import Table
from geo.store.imports import find_community, read_places
from tests.town import Town, to_degrees


@pytest.fixture
def town(connection: PostgresConnection) -> Town:
    return Town(connection)


def check(town: Town, shapes: Sequence[BaseGeometry], *, kinds: str = "社区网格") -> tuple[Seams, Draft]:
    """Check grids A, B …, given in metres, as an import does."""
    degrees = np.array([to_degrees(shape) for shape in shapes], dtype=object)
    rows = pd.DataFrame(
        {"网格编号": list("ABCDEFG"[: len(shapes)]), "网格名称": "甲", "网格类型": kinds}, dtype="str"
    )
    table = Table("网格", rows, np.arange(1, len(shapes) + 1), shapes=degrees)
    layer = load_layers()["grids"]
    draft = draft_rows(table, layer, map_columns(list(map(str, rows)), layer, {}, "网格.gpkg"))
    places = read_places(town.connection, town.id)
    ground = Ground(find_community(town.connection, None), places)
    place_shapes(draft, degrees, ground.plane)
    check_grids(draft, places, ground)
    seams = find_seams(draft, places, ground)
    assert seams is not None
    return seams, draft


def test_grids_that_tile_the_community_have_no_seams(town: Town) -> None:
    seams, draft = check(town, [box(0, 0, 500, 1000), box(500, 0, 1000, 1000)])
    assert (seams.overlaps, [gap for gap in seams.gaps if not gap.is_sliver]) == ((), [])
    assert not any("gaps" in warning for warning in draft.warnings)


def test_overlaps_are_told_once_and_gaps_with_their_place(town: Town) -> None:
    seams, draft = check(town, [box(0, 0, 510, 1000), box(500, 0, 1000, 900)])
    (overlap,) = seams.overlaps
    assert {overlap.one, overlap.other} == {"甲 (A)", "甲 (B)"}
    # True square metres: a web map's would be 1.4 times as many here.
    assert overlap.area_m2 == pytest.approx(9_000, rel=1e-3)
    assert not overlap.is_sliver
    (gap,) = [gap for gap in seams.gaps if not gap.is_sliver]
    assert gap.area_m2 == pytest.approx(49_000, rel=1e-3)
    missed = shapely.symmetric_difference(gap.shape, to_degrees(box(510, 900, 1000, 1000)))
    assert missed.area < 1e-4 * gap.shape.area
    # Both are rejected, and shown all the same.
    assert not draft.kept.any()
    assert any("The grids leave 1 gaps in A社区, 4" in warning for warning in draft.warnings)
    told = seams.to_dict()
    assert told["gaps"][0]["geometry"]["type"] == "Polygon"
    assert (told["overlaps"][0]["a"], told["overlaps"][0]["sliver"]) == ("甲 (A)", False)


def test_what_two_drawn_lines_leave_between_them_is_a_sliver(town: Town) -> None:
    wedge = Polygon([(0, 0), (500, 0), (499.5, 1000), (0, 1000)])
    seams, draft = check(town, [wedge, box(500, 0, 1000, 1000)])
    gap = seams.gaps[0]
    assert gap.is_sliver
    assert gap.area_m2 == pytest.approx(250, rel=0.01)
    seams, draft = check(town, [box(0, 0, 500.0005, 1000), box(500, 0, 1000, 1000)])
    (overlap,) = seams.overlaps
    assert overlap.is_sliver
    assert draft.kept.all()


def test_stored_grids_count_unless_the_file_brings_them_anew(town: Town) -> None:
    town.grid("A", box(0, 0, 400, 1000), valid_from=date(2000, 1, 1))
    town.grid("Z", box(400, 0, 500, 1000))
    seams, _ = check(town, [box(0, 0, 410, 1000)])
    (overlap,) = seams.overlaps
    assert (overlap.one, overlap.other) == ("甲 (A)", "第Z网格 (Z)")
    assert overlap.area_m2 == pytest.approx(10_000, rel=1e-3)
    assert [round(gap.area_m2, -3) for gap in seams.gaps if not gap.is_sliver] == [
        pytest.approx(500_000, rel=1e-3)
    ]


def test_grids_out_of_force_fill_no_gap(town: Town) -> None:
    town.grid("Z", box(500, 0, 1000, 1000), valid_to=date(2024, 6, 1))
    seams, _ = check(town, [box(0, 0, 500, 1000)])
    assert seams.overlaps == ()
    assert [gap.area_m2 for gap in seams.gaps if not gap.is_sliver] == [pytest.approx(500_000, rel=1e-3)]


def test_grids_of_another_kind_leave_no_gaps(town: Town) -> None:
    seams, _ = check(town, [box(0, 0, 500, 1000)], kinds="专属网格")
    assert seams.gaps == ()
