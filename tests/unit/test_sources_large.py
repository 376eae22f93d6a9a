"""Tables too large to be held: their text lies in files, and reads as if it were held."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyogrio
import pytest
import shapely

from etl.sources import shelf
from etl.sources.reading import read_source
from etl.sources.tables import text
from geo.errors import UnreadableFile

ROWS = 300
DAY = pd.Timestamp(2025, 1, 1)
CSV = (
    "12345工单,,\n编号,标题,地址\n"
    + "".join(
        f"{n},{'' if n % 7 else '路灯不亮'},麒麟花园{n}栋\n" if n != 41 else "41,少一格\n"
        for n in range(ROWS)
    )
    + ",,\n合计,,300\n"
)


@pytest.fixture(params=[False, True], ids=["held", "laid down"])
def is_laid_down(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    if request.param:
        monkeypatch.setattr(shelf, "_HELD_BYTES", 0)
    return bool(request.param)


def test_csv_reads_the_same(tmp_path: Path, is_laid_down: bool) -> None:
    path = tmp_path / "工单.csv"
    path.write_text(CSV, encoding="utf-8")
    table = read_source(path)
    assert table.shelf.is_large is is_laid_down
    assert table.encoding == "utf-8"
    assert [(found.row, found.reason) for found in table.unreadable] == [
        (44, "has 2 cells where the header has 3")
    ]
    assert table.row_numbers.tolist() == [*range(3, 44), *range(45, ROWS + 3)]
    others = [n for n in range(ROWS) if n != 41]
    assert table.rows["地址"].tolist() == [f"麒麟花园{n}栋" for n in others]
    assert table.rows["标题"].tolist() == ["" if n % 7 else "路灯不亮" for n in others]
    table.shelf.let_go()
    assert table.rows["编号"].tolist() == [str(n) for n in others]


@pytest.mark.usefixtures("is_laid_down")
def test_layer_reads_the_same(tmp_path: Path) -> None:
    path = tmp_path / "工单.gpkg"
    titles = [None if n % 5 == 0 else "" if n % 5 == 1 else f"标题{n}" for n in range(ROWS)]
    xy = np.column_stack([np.linspace(109.4, 109.5, ROWS), np.full(ROWS, 24.3)])
    write_layer(path, np.asarray(shapely.points(xy)), titles)
    table = read_source(path)
    assert [None if pd.isna(title) else title for title in table.rows["标题"]] == titles
    assert table.rows["层数"].tolist() == list(range(ROWS))
    assert table.points is not None
    assert np.allclose(table.points, xy)


@pytest.mark.parametrize("per_piece", [7, 65_536])
def test_points_among_other_shapes_stay_where_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, per_piece: int
) -> None:
    # The first pieces hold nothing but points, the next no shape at all: only then comes an outline.
    opened = pyogrio.raw.open_arrow
    monkeypatch.setattr(
        pyogrio.raw,
        "open_arrow",
        lambda *given, **named: opened(*given, **{"batch_size": per_piece, **named}),
    )
    shapes = [shapely.Point(109.4, 24.3)] * 14 + [None] * 7 + [shapely.box(109.4, 24.3, 109.5, 24.4)] * 3
    write_layer(tmp_path / "混.gpkg", np.array(shapes, dtype=object), ["甲"] * len(shapes), kind="Unknown")
    table = read_source(tmp_path / "混.gpkg")
    assert table.points is None
    assert table.geometry is not None
    assert table.geometry.tolist() == shapes
    assert not table.unreadable


@pytest.mark.parametrize("size", [1, 2, 5])
@pytest.mark.parametrize("is_short", [True, False])
def test_letters_cut_at_the_end_of_a_piece_are_letters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int, is_short: bool
) -> None:
    monkeypatch.setattr(text, "_PIECE_BYTES", size)
    monkeypatch.setattr(text, "_HEAD_CHARACTERS", 1000 if is_short else 13)
    path = tmp_path / "工单.csv"
    path.write_text(CSV.replace("路灯", "𠮷é"), encoding="utf-8-sig")
    table = read_source(path)
    assert table.encoding == "utf-8-sig"
    assert table.rows["标题"].iloc[0] == "𠮷é不亮"
    path.write_bytes(path.read_bytes() + "七".encode()[:2])
    assert text.open_text(path).encoding == "mixed"
    path.write_text(CSV.replace("路灯", "𠮷é"), encoding="gb18030")
    table = read_source(path)
    assert table.encoding == "gb18030"
    assert table.rows["标题"].iloc[0] == "𠮷é不亮"
    assert table.rows["编号"].iloc[-1] == str(ROWS - 1)


@pytest.mark.usefixtures("is_laid_down")
def test_quotation_mark_that_is_never_closed_is_found(tmp_path: Path) -> None:
    path = tmp_path / "工单.csv"
    path.write_text(CSV.replace("290,", '290,"'), encoding="utf-8")
    with pytest.raises(UnreadableFile, match="never closed"):
        read_source(path)


def write_layer(path: Path, shapes: np.ndarray, titles: list[str | None], kind: str = "Point") -> None:
    columns = {
        "标题": pa.array(titles, pa.string()),
        "层数": pa.array(range(len(titles))),
        "geom": pa.array(shapely.to_wkb(shapes), pa.binary()),
    }
    pyogrio.raw.write_arrow(
        pa.table(columns), path, layer="layer", driver="GPKG", geometry_name="geom", geometry_type=kind,
        crs="EPSG:4490",
    )  # fmt: skip


@pytest.mark.parametrize(
    "values",
    [
        pd.Series(["a", None, "bc", "中"], dtype="str"),
        pd.Series([None, None], dtype="str"),
        pd.Series([DAY, pd.NaT]).astype("datetime64[us]"),
        pd.Series([DAY, pd.NaT]).dt.tz_localize("UTC").astype("datetime64[us, UTC]"),
        pd.Series([1.5, np.nan], index=[4, 2], name="lon"),
        pd.Series([1, None], dtype="Int64"),
        pd.Series([True, None], dtype="boolean"),
        pd.Series([["a"], None], dtype="object"),
        pd.Series([], dtype="str"),
    ],
    ids=lambda values: str(values.dtype),
)
def test_column_laid_down_is_the_same(tmp_path: Path, values: pd.Series) -> None:
    place = shelf.Shelf()
    assert place.lay_down_column(values) is values
    with (tmp_path / "large").open("w+b") as file:
        file.write(b"large")
        place.map_file(file)
    laid = place.lay_down_column(values)
    place.let_go()
    pd.testing.assert_series_equal(laid, values)
    pd.testing.assert_series_equal(place.lay_down_column(laid.iloc[1:]), values.iloc[1:])


def test_array_laid_down_keeps_what_is_written_into_it(tmp_path: Path) -> None:
    place = shelf.Shelf()
    with (tmp_path / "large").open("w+b") as file:
        file.write(b"large")
        place.map_file(file)
    points = place.lay_down(np.zeros((10_000, 2)))
    points[9_999] = 1
    place.let_go()
    assert points.sum() == 2
    assert points.shape == (10_000, 2)
    assert place.lay_down(points) is points


def test_file_lasts_as_long_as_what_lies_in_it(tmp_path: Path) -> None:
    place = shelf.Shelf()
    with (tmp_path / "large").open("w+b") as file:
        file.write(b"large")
        place.map_file(file)
    laid = place.lay_down(np.arange(1_000))
    (mapped,) = (known for known in shelf._MAPPED if known() is not None)
    del laid
    assert mapped() is None


def test_column_is_looked_through_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelf, "_PIECE_ROWS", 3)
    values = pa.chunked_array([[1, 2, 3, 4], [], [5]], pa.int64())
    pieces = [piece.to_pylist() for piece in shelf.look_through(values)]
    assert pieces == [[1, 2, 3], [4], [], [5]]
    for nothing in (pa.array([], pa.string()), pa.chunked_array([], pa.string())):
        assert [len(piece) for piece in shelf.look_through(nothing)] == [0]
