"""What a file of the field is to a test: its trouble, how it is made, and what an import must make of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from warnings import catch_warnings, simplefilter

import geopandas as gpd
import numpy as np
import xlsxwriter
from shapely import box
from shapely.geometry.base import BaseGeometry

from tests.import_town import place
from tests.town import to_degrees

Cells = Sequence[Sequence[object]]
# Two buildings the town does not have yet.
NEW_BUILDINGS: Final = [box(400, 400, 420, 420), box(440, 400, 460, 420)]


@dataclass(frozen=True)
class FieldFile:
    """A file as it is found in the field, and what must come of it.

    Attributes:
        file: its name.
        trouble: what is the matter with it.
        make: writes it to a path.
        landed: how many rows land, new or known.
        refused: of each row that is refused, part of the reason.
        told: parts of what is said of the file as a whole.
        stopped: part of the sentence by which the whole file is refused; nothing lands then.
        options: what is said about the file, as arguments of an import.
        keeps: a question to the database while the rows are there, and its answer.
    """

    file: str
    trouble: str
    make: Callable[[Path], object]
    landed: int = 0
    refused: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    stopped: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    keeps: tuple[str, object] | None = None

    @property
    def outcome(self) -> str:
        """What comes of it, for people."""
        if self.stopped:
            return f"the file is refused: “… {self.stopped} …”"
        parts = [f"{self.landed} {'row lands' if self.landed == 1 else 'rows land'}"]
        if self.refused:
            reasons = " / ".join(f"“{reason}”" for reason in dict.fromkeys(self.refused))
            parts.append(f"{len(self.refused)} refused: {reasons}")
        parts += [f"told: “… {sentence} …”" for sentence in self.told]
        if self.options:
            said = ", ".join(f"{name} {value}" for name, value in self.options.items())
            parts.append(f"with {said}")
        return "; ".join(parts)


def write_bytes(content: bytes) -> Callable[[Path], object]:
    """Make a file of these bytes."""
    return lambda path: path.write_bytes(content)


def write_text(text: str, encoding: str = "utf-8") -> Callable[[Path], object]:
    """Make a file of this text."""
    return write_bytes(text.encode(encoding))


def write_book(
    rows: Cells,
    *,
    merged: Sequence[tuple[int, int, int, int, object]] = (),
    more: Mapping[str, Cells] | None = None,
    hidden: Sequence[str] = (),
    name: str = "Sheet1",
) -> Callable[[Path], object]:
    """Make a workbook.

    Args:
        rows: cells of its first sheet.
        merged: first and last row, first and last column counted from 0, and what stands there.
        more: further sheets by name.
        hidden: which of them are hidden.
        name: of the first sheet.
    """

    def make(path: Path) -> None:
        with xlsxwriter.Workbook(path) as book:
            for title, cells in {name: rows, **(more or {})}.items():
                sheet = book.add_worksheet(title)
                if title in hidden:
                    sheet.hide()
                for row, values in enumerate(cells):
                    for column, value in enumerate(values):
                        if value is not None:
                            sheet.write(row, column, value)
            for top, left, bottom, right, value in merged:
                book.worksheets()[0].merge_range(top, left, bottom, right, value)

    return make


def write_shapes(
    shapes: Sequence[BaseGeometry | None],
    crs: int | None = 4490,
    columns: Mapping[str, Sequence[object]] | None = None,
    **options: object,
) -> Callable[[Path], object]:
    """Make a file of shapes, by default with codes and names; shapes are in metres of the town."""

    def make(path: Path) -> None:
        path.parent.mkdir(exist_ok=True)
        degrees = [None if shape is None else to_degrees(shape) for shape in shapes]
        count = range(1, len(shapes) + 1)
        values = columns or {"楼栋编号": [f"F{n}" for n in count], "楼栋名称": [f"{n}栋" for n in count]}
        frame = gpd.GeoDataFrame(dict(values), geometry=np.array(degrees, dtype=object), crs=4490)
        moved = frame if crs in {None, 4490} else frame.to_crs(crs)
        with catch_warnings():
            simplefilter("ignore")  # Names are cut, and nothing says the system: that is the trouble.
            (moved if crs else moved.set_crs(None, allow_override=True)).to_file(path, **options)

    return make


def list_cases(
    count: int, *, shift: Callable[[np.ndarray], np.ndarray] = lambda xy: xy
) -> list[list[object]]:
    """List cases as a hotline exports them, header first, scattered over the town."""
    rows: list[list[object]] = [["办件编号", "诉求主题", "事项小类", "上报时间", "经度", "纬度"]]
    xy = shift(np.array([place(60 + 37 * n % 880, 60 + 61 * n % 880) for n in range(count)]))
    for n, (lon, lat) in enumerate(xy):
        rows.append([f"GZ{n:03d}", "楼道堆物", "E101", "2026-11-02 08:30:00", round(lon, 7), round(lat, 7)])
    return rows


def join(rows: Cells, separator: str = ",") -> str:
    """Write cells as lines."""
    return "\r\n".join(separator.join("" if cell is None else str(cell) for cell in row) for row in rows)
