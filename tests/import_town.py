"""A town for files to be imported into, and files about it in the forms people send."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from shapely import Point, box
from shapely.geometry.base import BaseGeometry

from etl.importing.importer import import_file
from etl.importing.report import ImportReport
from tests.town import Town, to_degrees


class ImportTown(Town):
    """A square of 1,000 m: two grids side by side, in the west a compound with two buildings."""

    def __init__(self, connection: PostgresConnection, code: str = "A") -> None:
        super().__init__(connection, code)
        self.west = self.grid("01", box(0, 0, 500, 1000))
        self.east = self.grid("02", box(500, 0, 1000, 1000))
        self.compound = self.add(
            "compound", code="C1", name="幸福里", aliases=["老厂区"], geom=box(100, 100, 300, 300)
        )
        self.first = self.building("B1", box(120, 120, 180, 140), compound_id=self.compound)
        self.second = self.building("B2", box(120, 200, 180, 220), compound_id=self.compound)
        connection.commit()


def ask(connection: PostgresConnection, query: str, *values: object) -> list[tuple[object, ...]]:
    """Return the rows of a query, seen afresh."""
    connection.rollback()
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return cursor.fetchall()


def place(east_m: float, north_m: float) -> tuple[float, float]:
    """Longitude and latitude of a place in the town."""
    point = to_degrees(Point(east_m, north_m))
    return shapely.get_x(point), shapely.get_y(point)


def write_csv(path: Path, rows: Sequence[Mapping[str, Any]], encoding: str = "utf-8") -> Path:
    """Write rows, whose keys are the header."""
    lines = [",".join(rows[0]), *(",".join(str(value) for value in row.values()) for row in rows)]
    path.write_bytes("\r\n".join(lines).encode(encoding))
    return path


def write_shapes(
    path: Path,
    rows: Sequence[Mapping[str, Any]],
    shapes: Sequence[BaseGeometry | None],
    crs: int | None = 4490,
) -> Path:
    """Write features; shapes are in metres of the town."""
    degrees = [None if shape is None else to_degrees(shape) for shape in shapes]
    columns = {key: [row.get(key) for row in rows] for key in rows[0]} if rows else {}
    frame = gpd.GeoDataFrame(columns, geometry=np.array(degrees, dtype=object), crs=4490)
    if crs not in {None, 4490}:
        frame = frame.to_crs(crs)
    frame.to_file(path)
    if crs is None:
        for part in path.parent.glob(f"{path.stem}.prj"):
            part.unlink()
    return path


def write_orders(
    folder: Path, *orders: dict[str, Any], name: str = "工单.csv", encoding: str = "utf-8"
) -> Path:
    """Write work orders; what an order does not say is as ordinary as can be."""
    lon, lat = place(150, 130)
    ordinary = {
        "办件编号": "GZ1", "事项小类": "楼道堆物", "办件来源": "12345热线", "派发时间": "2025-03-01 09:30:00",
        "承诺完成时间": "2025-03-06 09:30", "办件状态": "办理中", "诉求人": "张三",
        "诉求人电话": "13800001111", "诉求内容": "请派人看看", "经度": lon, "纬度": lat,
    }  # fmt: skip
    rows = [{**ordinary, "办件编号": f"GZ{number}"} | order for number, order in enumerate(orders, start=1)]
    return write_csv(folder / name, rows, encoding)


def load(path: Path, *, crs: str | None = "4490", **options: Any) -> ImportReport:
    """Import a file into the town."""
    return import_file(None, path, crs=crs, **options)


def reasons(report: ImportReport) -> dict[int, tuple[str | None, str]]:
    """Return column and reason of each row that was refused."""
    return {rejection.row: (rejection.column, rejection.reason) for rejection in report.rejections}
