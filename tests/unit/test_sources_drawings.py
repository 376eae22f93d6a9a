"""Drawings: closed outlines, blocks, labels, units, encodings, damage."""

from pathlib import Path

import pytest
import shapely
from ezdxf.document import Drawing
from ezdxf.filemanagement import new

from etl.sources.reading import list_source_layers, read_source
from geo.errors import InputRefused, UnreadableFile

LAYER = {"layer": "小区范围"}
X, Y = 36_644_000.0, 2_690_000.0
CORNERS = [(X, Y), (X + 100, Y), (X + 100, Y + 100), (X, Y + 100)]


def shift(east: float) -> list[tuple[float, float]]:
    return [(x + east, y) for x, y in CORNERS]


def draw(version: str = "R2010") -> Drawing:
    return new(version)


def save(drawing: Drawing, folder: Path, name: str = "x.dxf", fmt: str = "asc") -> Path:
    drawing.saveas(folder / name, fmt=fmt)
    return folder / name


def areas(path: Path, layer: str | None = None) -> list[float]:
    shapes = read_source(path, layer).geometry
    assert shapes is not None
    return [round(float(area)) for area in shapely.area(shapes)]


@pytest.mark.parametrize("version", ["R12", "R2000", "R2010"])
@pytest.mark.parametrize("fmt", ["asc", "bin"])
def test_outlines_of_all_makings_are_read(tmp_path: Path, version: str, fmt: str) -> None:
    drawing = draw(version)
    space = drawing.modelspace()
    if version == "R12":
        space.add_polyline2d(CORNERS, close=True, dxfattribs=LAYER)
    else:
        space.add_lwpolyline(CORNERS, close=True, dxfattribs=LAYER)
    space.add_circle((X + 300, Y), 50, dxfattribs=LAYER)
    path = save(drawing, tmp_path, fmt=fmt)
    assert [(layer.name, layer.rows, layer.kind) for layer in list_source_layers(path)] == [
        ("小区范围", 2, "outlines")
    ]
    table = read_source(path)
    assert table.declared_crs is None
    # A circle of fifty corners is smaller by less than one part in a hundred.
    assert areas(path)[0] == 10_000
    assert 7775 < areas(path)[1] <= 7854


def test_bulges_and_ellipses_become_corners(tmp_path: Path) -> None:
    drawing = draw()
    space = drawing.modelspace()
    round_ends = [(X, Y, 0, 0, 1), (X + 100, Y, 0, 0, 1)]
    space.add_lwpolyline(round_ends, close=True, dxfattribs=LAYER)
    space.add_ellipse((X + 300, Y), (50, 0), 1.0, dxfattribs=LAYER)
    space.add_arc((X + 500, Y), 50, 0, 90, dxfattribs=LAYER)
    shapes = read_source(save(drawing, tmp_path)).geometry
    assert shapes is not None
    assert [shape.geom_type for shape in shapes] == ["Polygon", "Polygon", "LineString"]
    assert all(7775 < shape.area <= 7854 for shape in shapes[:2])


def test_nearly_closed_is_closed_and_told_but_not_a_real_gap(tmp_path: Path) -> None:
    drawing = draw()
    space = drawing.modelspace()
    space.add_lwpolyline([*CORNERS, (X, Y + 1)], dxfattribs=LAYER)
    space.add_lwpolyline([*shift(200), (X + 200, Y + 40)], dxfattribs=LAYER)
    table = read_source(save(drawing, tmp_path))
    assert table.geometry is not None
    assert [shape.geom_type for shape in table.geometry] == ["Polygon", "LineString"]
    assert table.warnings == ("1 outlines of 小区范围 were not quite closed, and were closed.",)


def test_loose_lines_that_make_a_ring_are_joined_but_a_crossing_is_not(tmp_path: Path) -> None:
    drawing = draw()
    space = drawing.modelspace()
    for start, end in zip(CORNERS, [*CORNERS[1:], CORNERS[0]], strict=True):
        space.add_line(start, end, dxfattribs=LAYER)
    for start, end in [((0, 0), (10, 0)), ((10, 0), (10, 10)), ((10, 10), (0, 0)), ((10, 0), (20, 0))]:
        space.add_line(start, end, dxfattribs={"layer": "道路"})
    path = save(drawing, tmp_path)
    assert areas(path, "小区范围") == [10_000]
    assert "put together from loose lines" in read_source(path, "小区范围").warnings[0]
    roads = read_source(path, "道路").geometry
    assert roads is not None
    assert {road.geom_type for road in roads} == {"LineString"}


def test_hatching_with_a_hole_is_one_outline_and_counts_once_with_its_border(tmp_path: Path) -> None:
    drawing = draw()
    space = drawing.modelspace()
    space.add_lwpolyline(CORNERS, close=True, dxfattribs=LAYER)
    space.add_hatch(dxfattribs=LAYER).paths.add_polyline_path(CORNERS, is_closed=True)
    holed = space.add_hatch(dxfattribs=LAYER)
    holed.paths.add_polyline_path(shift(200), is_closed=True)
    holed.paths.add_polyline_path(
        [(x / 2 + X / 2 + 225, y / 2 + Y / 2 + 25) for x, y in CORNERS], is_closed=True
    )
    assert areas(save(drawing, tmp_path)) == [10_000, 7_500]


def test_texts_become_the_label_of_the_smallest_outline_around_them(tmp_path: Path) -> None:
    drawing = draw()
    space = drawing.modelspace()
    space.add_lwpolyline(CORNERS, close=True, dxfattribs=LAYER)
    inner = [(X + 60, Y + 60), (X + 90, Y + 60), (X + 90, Y + 90), (X + 60, Y + 90)]
    space.add_lwpolyline(inner, close=True, dxfattribs=LAYER)
    space.add_lwpolyline(shift(500), close=True, dxfattribs=LAYER)
    notes = {"layer": "注记"}
    space.add_text("砖6", height=2, dxfattribs={**notes, "insert": (X + 20, Y + 20)})
    space.add_text("幸福里小区", height=5, dxfattribs={**notes, "insert": (X + 10, Y + 10)})
    space.add_mtext(
        "{\\fSimSun;䶮家}\\P3栋", dxfattribs={**notes, "insert": (X + 70, Y + 70), "char_height": 9}
    )
    space.add_text("外面", height=5, dxfattribs={**notes, "insert": (X - 10, Y)})
    rows = read_source(save(drawing, tmp_path)).rows
    assert rows["name"].to_list() == ["幸福里小区", "䶮家 3栋", ""]
    assert rows["texts"].to_list() == ["幸福里小区、砖6", "䶮家 3栋", ""]


def test_blocks_are_taken_apart_with_their_attributes(tmp_path: Path) -> None:
    drawing = draw()
    house = drawing.blocks.new("楼")
    house.add_lwpolyline([(0, 0), (10, 0), (10, 10), (0, 10)], close=True)
    drawing.blocks.new("井").add_attdef("编号", (0, 0))
    space = drawing.modelspace()
    for number, scale in enumerate((1, 2)):
        place = (X + 100 * number, Y)
        block = space.add_blockref("楼", place, dxfattribs={"layer": "楼栋", "xscale": scale})
        block.add_attrib("栋号", f"{number + 1}栋", place)
    well = space.add_blockref("井", (X, Y), dxfattribs={"layer": "井"})
    well.add_attrib("编号", "J1", (X, Y))
    space.add_blockref("楼", (X, Y + 500), dxfattribs={"layer": "阵列", "row_count": 2, "row_spacing": 50})
    path = save(drawing, tmp_path)
    table = read_source(path, "楼栋")
    assert table.rows["栋号"].to_list() == ["1栋", "2栋"]
    assert areas(path, "楼栋") == [100, 200]
    assert read_source(path, "井").rows["编号"].to_list() == ["J1"]
    assert areas(path, "阵列") == [100, 100]


@pytest.mark.parametrize(
    ("unit", "factor", "width", "note"),
    [
        (0, 1, 100, None),
        (6, 1, 100, None),
        (4, 1, 100, "taken as metres"),
        (4, 1000, 100, "brought to metres"),
    ],
)
def test_units_are_heeded_unless_the_numbers_say_otherwise(
    tmp_path: Path, unit: int, factor: float, width: float, note: str | None
) -> None:
    drawing = draw()
    drawing.header["$INSUNITS"] = unit
    corners = [(x * factor, y * factor) for x, y in CORNERS]
    drawing.modelspace().add_lwpolyline(corners, close=True, dxfattribs=LAYER)
    table = read_source(save(drawing, tmp_path))
    assert table.geometry is not None
    west, _, east, _ = table.geometry[0].bounds
    assert east - west == pytest.approx(width)
    assert west == pytest.approx(X)
    assert len(table.warnings) == bool(note)
    assert (note or "") in "".join(table.warnings)


@pytest.mark.parametrize("declared", ["ANSI_936", "ANSI_1252"])
def test_gbk_is_found_whatever_the_drawing_declares(tmp_path: Path, declared: str) -> None:
    drawing = draw("R2000")
    drawing.encoding = "gbk"
    drawing.modelspace().add_lwpolyline(CORNERS, close=True, dxfattribs=LAYER)
    path = save(drawing, tmp_path)
    raw = path.read_bytes()
    assert b"ANSI_936" in raw or b"ANSI_1252" in raw
    path.write_bytes(raw.replace(b"ANSI_936", declared.encode()).replace(b"ANSI_1252", declared.encode()))
    table = read_source(path)
    assert (table.name, table.encoding) == ("小区范围", "gb18030")


def test_damaged_drawing_is_saved_as_far_as_it_goes(tmp_path: Path) -> None:
    drawing = draw("R12")
    drawing.modelspace().add_polyline2d(CORNERS, close=True, dxfattribs=LAYER)
    path = save(drawing, tmp_path)
    text = path.read_text("cp1252")
    path.write_text(
        text.replace("  0\nSECTION\n  2\nENTITIES", "  0\nENDSEC\n  0\nSECTION\n  2\nENTITIES"), "cp1252"
    )
    table = read_source(path)
    assert len(table.rows) == 1
    assert table.warnings == ("x.dxf is damaged; what could be saved of it was read.",)


@pytest.mark.parametrize(
    "raw",
    [
        b"x",
        b"\0" * 1000,
        b"PK\x03\x04",
        b"AC1032\0\0",
        b"AutoCAD Binary DXF\r\n\x1a\0\xff",
        b"0\nSECTION\n2\n",
    ],
)
def test_what_is_no_drawing_is_refused(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "x.dxf"
    path.write_bytes(raw)
    with pytest.raises(UnreadableFile, match=r"x\.dxf"):
        read_source(path)


def test_empty_drawing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="nothing in its model space"):
        read_source(save(draw(), tmp_path))


def test_blocks_of_blocks_without_end_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("etl.sources.maps.dxf_shapes._MOST_COPIES", 2_000)
    drawing = draw()
    for depth in range(8):
        block = drawing.blocks.new(f"b{depth}")
        for column in range(10 if depth else 0):
            block.add_blockref(f"b{depth - 1}", (column, 0))
    drawing.modelspace().add_line((0, 0), (1, 1))
    drawing.modelspace().add_blockref("b7", (0, 0), dxfattribs={"row_count": 30_000, "column_count": 30_000})
    with pytest.raises(InputRefused, match="more than half a million"):
        read_source(save(drawing, tmp_path))


def test_arrays_of_empty_blocks_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("etl.sources.maps.dxf_shapes._MOST_COPIES", 2_000)
    drawing = draw()
    drawing.blocks.new("空")
    drawing.modelspace().add_line((0, 0), (1, 1))
    many = {"row_count": 30_000, "column_count": 30_000, "row_spacing": 1, "column_spacing": 1}
    drawing.modelspace().add_blockref("空", (0, 0), dxfattribs=many)
    with pytest.raises(InputRefused, match="more than half a million"):
        read_source(save(drawing, tmp_path))


def test_thing_of_unknown_kind_is_passed_over(tmp_path: Path) -> None:
    drawing = draw("R12")
    drawing.modelspace().add_circle((X, Y), 50, dxfattribs={"layer": "圆"})
    drawing.modelspace().add_polyline2d(CORNERS, close=True, dxfattribs=LAYER)
    path = save(drawing, tmp_path)
    path.write_bytes(path.read_bytes().replace(b"CIRCLE", b"C?RCLE"))
    assert areas(path) == [10_000]


def test_coordinates_that_are_none_are_left_out(tmp_path: Path) -> None:
    drawing = draw()
    drawing.modelspace().add_lwpolyline([(1e400, 0), (1, 1), (2, 2)], close=True, dxfattribs=LAYER)
    drawing.modelspace().add_lwpolyline(CORNERS, close=True, dxfattribs=LAYER)
    assert areas(save(drawing, tmp_path)) == [10_000]
