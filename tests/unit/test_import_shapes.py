"""Shapes as people draw them: mended with a note, or refused with a place."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pytest
import shapely
from shapely import (
    GeometryCollection,
    LineString,
    MultiLineString,
    MultiPoint,
    MultiPolygon,
    Point,
    Polygon,
    box,
)
from shapely.geometry.base import BaseGeometry

from etl.importing.columns.layers import load_layers
from etl.importing.columns.mapping import map_columns
from etl.importing.draft import Draft, draft_rows
from etl.importing.places.shapes import place_shapes
from etl.sources import shelf
from etl.sources.table import Table
from geo.crs import LocalPlane

PLANE = LocalPlane(109.43, 24.33)
YARD = box(0, 0, 100, 100)


@pytest.fixture(params=[False, True], ids=["held", "laid down"], autouse=True)
def is_laid_down(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """All tests once with few rows, and once as with very many."""
    if request.param:
        monkeypatch.setattr(shelf, "_HELD_BYTES", -1)
        monkeypatch.setattr(shelf, "_PIECE_ROWS", 2)
    return bool(request.param)


def lay_down(shapes: npt.NDArray[Any], where: shelf.Shelf) -> shelf.Shapes:
    """Keep shapes as reading a layer does."""
    column = shelf.BytesColumn()
    column.append(pa.array(shapely.to_wkb(shapes), pa.large_binary()))
    return where.keep_shapes(column)


def draw(shapes: Sequence[BaseGeometry | None], layer: str = "compounds") -> Draft:
    """Take in shapes given in metres of the plane."""
    degrees: Any = shapely.transform(np.array(shapes, dtype=object), PLANE.to_degrees, include_z=False)
    rows = pd.DataFrame({"编号": [f"C{n}" for n in range(len(shapes))]}, dtype="str")
    where = shelf.Shelf()
    given = lay_down(degrees, where)
    table = Table("小区", rows, np.arange(1, len(shapes) + 1), shapes=given, shelf=where)
    columns = map_columns(["编号"], load_layers()[layer], {"编号": "code"}, "小区.gpkg")
    draft = draft_rows(table, load_layers()[layer], columns)
    place_shapes(draft, given, PLANE)
    return draft


def area_m2(draft: Draft, row: int = 0) -> float:
    assert draft.shapes is not None
    return float(shapely.area(PLANE.geometry_to_metres(draft.shapes[row : row + 1]))[0])


def test_sound_outlines_pass_without_a_word() -> None:
    holed = YARD.difference(box(20, 20, 40, 40))
    repeated = Polygon([(0, 0), (0, 0), (100, 0), (100, 100), (100, 100), (0, 100)])
    clockwise = shapely.reverse(YARD)
    two = MultiPolygon([YARD, box(200, 0, 300, 100)])
    draft = draw([YARD, holed, repeated, clockwise, two, None])
    assert draft.kept.all()
    assert (draft.repairs, draft.warnings, draft.rejections) == ([], [], [])
    assert draft.shapes is not None
    assert draft.shapes[:][5] is None
    assert [area_m2(draft, row) for row in range(5)] == pytest.approx([10_000, 9_600, 10_000, 10_000, 20_000])
    assert draft.located.tolist() == [True] * 5 + [False]


def test_point_of_an_outline_lies_in_it() -> None:
    crescent = Point(0, 0).buffer(100).difference(Point(30, 0).buffer(100))
    draft = draw([YARD, crescent])
    assert draft.shapes is not None
    assert shapely.intersects_xy(draft.shapes[:], *draft.points.T).all()


@pytest.mark.parametrize(
    ("shape", "area", "note"),
    [
        pytest.param(
            Polygon([(0, 0), (100, 0), (100, 50), (150, 50), (100, 50), (100, 100), (0, 100)]),
            10_000,
            "it was put right, which changed its area by 0.0 m²",
            id="a spike",
        ),
        pytest.param(
            # The last corners were put a hand's breadth too far: the outline crosses itself there.
            Polygon([(0, 0), (100, 0), (100, 100), (0, 100), (0.1, -0.2), (-0.2, 0.2)]),
            10_000,
            "it crosses itself at longitude 109.43",
            id="a loop at a corner",
        ),
        pytest.param(
            LineString(YARD.exterior.coords), 10_000, "its closed line was taken", id="a closed line"
        ),
        pytest.param(
            LineString([(0, 0), (100, 0), (100, 100), (0, 100), (0, 0.4)]),
            10_000,
            "its line was closed over a gap of 0.40 m",
            id="a line that hardly closes",
        ),
        pytest.param(
            MultiLineString([[(0, 0), (100, 0), (100, 100)], [(0, 0), (0, 100), (100, 100)]]),
            10_000,
            "its closed line was taken",
            id="a line in pieces",
        ),
        pytest.param(
            MultiLineString([YARD.exterior.coords, box(20, 20, 40, 40).exterior.coords]),
            9_600,
            "its closed line was taken",
            id="a line in a line is a hole",
        ),
        pytest.param(
            GeometryCollection([Point(5, 5), YARD, LineString([(0, 0), (200, 0)])]),
            10_000,
            "points and lines beside its outline were left out",
            id="an outline with its label",
        ),
        pytest.param(
            MultiPolygon([YARD, box(200, 0, 200.5, 0.5)]),
            10_000,
            "1 slivers of less than 1 m² beside it were left out",
            id="a crumb beside it",
        ),
    ],
)
def test_outline_is_mended_with_a_note(shape: BaseGeometry, area: float, note: str) -> None:
    draft = draw([box(300, 300, 310, 310), shape])
    assert draft.kept.all(), draft.rejections
    assert area_m2(draft, 1) == pytest.approx(area, rel=2e-3)
    assert {row for row, _ in draft.repairs} == {2}
    assert note in draft.repairs[0][1]
    assert draft.shapes is not None
    assert shapely.is_valid(draft.shapes[:]).all()


@pytest.mark.parametrize(
    ("shape", "reason"),
    [
        pytest.param(
            Polygon([(0, 0), (100, 100), (100, 0), (0, 100)]),
            r"its outline is not sound: it crosses itself at longitude 109\.4304\d+, latitude 24\.3304\d+",
            id="a bow tie",
        ),
        pytest.param(
            # Taken apart, it would be ten thousand pieces.
            Polygon(
                [(n, 100 * (n % 2)) for n in range(100)] + [(100 * (n % 2), n) for n in range(100)],
            ),
            "it crosses itself more than 1,000 times",
            id="a tangle",
        ),
        pytest.param(
            Polygon([*Point(50, 50).buffer(50, 500).exterior.coords[:-1], (60, 110), (70, 110), (60, 90)]),
            "it crosses itself at longitude",
            id="a circle of many corners with one crossing",
        ),
        pytest.param(
            Polygon(YARD.exterior, [box(200, 200, 220, 220).exterior]),
            r"a hole lies outside it at longitude 109\.43",
            id="a hole outside",
        ),
        pytest.param(
            MultiPolygon([YARD, box(20, 20, 80, 80)]), "one part lies in another at", id="a part in a part"
        ),
        pytest.param(Polygon([(0, 0), (100, 0), (0, 0)]), "its outline is not sound", id="no area"),
        pytest.param(
            Polygon([(0, 0), (100, 0), (float("nan"), 5), (0, 100)]), "a coordinate is not a number", id="NaN"
        ),
        pytest.param(box(0, 0, 0.5, 0.5), r"its outline is a sliver of 0\.25 m²", id="a sliver"),
        pytest.param(
            LineString([(0, 0), (100, 0), (100, 100), (0, 50)]),
            r"its line does not close: the ends lie 50\.0 m apart, one at longitude 109\.43\d+, lat",
            id="an open line",
        ),
        pytest.param(LineString([(0, 0), (10, 10)]), "is not an outline but points or lines", id="a line"),
        pytest.param(MultiPoint([(0, 0), (10, 10)]), "is not an outline but points or lines", id="points"),
        pytest.param(Point(0, 0), "is not an outline but points or lines", id="a point"),
    ],
)
def test_outline_that_only_a_guess_would_mend_is_refused_with_its_place(
    shape: BaseGeometry, reason: str
) -> None:
    draft = draw([box(300, 300, 310, 310), shape])
    assert draft.kept.tolist() == [True, False]
    (rejection,) = draft.rejections
    assert rejection.row == 2
    assert re.search(reason, rejection.reason), rejection.reason


def test_heights_are_left_out_with_a_word() -> None:
    shape = shapely.force_3d(shapely.transform(YARD, PLANE.to_degrees), 12.5)
    table = Table("小区", pd.DataFrame({"编号": ["C"]}, dtype="str"), np.array([1]))
    columns = map_columns(["编号"], load_layers()["compounds"], {"编号": "code"}, "小区.gpkg")
    draft = draft_rows(table, load_layers()["compounds"], columns)
    place_shapes(draft, np.array([shape], dtype=object), PLANE)
    assert draft.warnings == ["The shapes carry heights or measures, which were left out."]
    assert draft.shapes is not None
    assert not shapely.has_z(draft.shapes[:]).any()


def test_point_layer_takes_a_point_of_whatever_comes() -> None:
    draft = draw([YARD, LineString([(0, 0), (10, 10)]), MultiPoint([(3, 3), (3, 3)]), None], "merchants")
    assert PLANE.to_metres(draft.points[:3]) == pytest.approx(np.array([[50, 50], [5, 5], [3, 3]]), abs=1e-6)
    assert draft.located.tolist() == [True, True, True, False]
