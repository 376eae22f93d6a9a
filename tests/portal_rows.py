"""Cases and shops, and how open data portals and programs write them."""

import json
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from zipfile import ZipFile

import numpy as np
import shapely

from tests.field_files import NEW_BUILDINGS, Cells, join, write_shapes, write_text
from tests.import_town import place
from tests.town import to_degrees

COUNT: Final = 30
XY: Final = np.array([place(60 + 37 * n % 880, 60 + 61 * n % 880) for n in range(COUNT)])
KINDS: Final = ("暴露垃圾", "占道经营", "噪声扰民")
WGS84: Final = {"crs": "wgs84"}
FIRST_PLACE: Final = f"ST_DWithin(geom, ST_SetSRID(ST_MakePoint({XY[0][0]}, {XY[0][1]}), 4490), 1e-5)"
CASE_IN_PLACE: Final = (f"SELECT count(*) FROM incident WHERE {FIRST_PLACE}", 1)
SHOP_IN_PLACE: Final = (f"SELECT count(*) FROM merchant WHERE {FIRST_PLACE}", 1)
FIRST_TIME: Final = (
    "SELECT to_char(min(reported_at) AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD HH24:MI:SS') FROM incident",
    "2026-03-05 15:20:11",
)
AT: Final = [datetime.fromisoformat("2026-03-05 15:20:11") + timedelta(hours=7 * n) for n in range(COUNT)]
SHOPS: Final[list[list[object]]] = [
    ["店名", "业态", "经度", "纬度"],
    *([f"店{n}", "餐饮", *xy] for n, xy in enumerate(XY.tolist())),
]


def write_json(content: object) -> Callable[[Path], object]:
    return write_text(json.dumps(content, ensure_ascii=False))


def record(rows: Cells) -> list[dict[str, object]]:
    return [dict(zip(map(str, rows[0]), row, strict=True)) for row in rows[1:]]


def list_cases(*more: str, write: Callable[[datetime], str] = str) -> list[list[object]]:
    """List cases whose times a program has written; more columns are longitude and latitude."""
    return [
        ["AJBH", "SBSJ", "DLMC", "XLMC", "WTMS", *more],
        *(
            [f"AJ{n}", write(at), "市容环境", KINDS[n % 3], "请处理", *(xy if more else ())]
            for n, (at, xy) in enumerate(zip(AT, XY.tolist(), strict=True))
        ),
    ]


def write_oracle(at: datetime) -> str:
    half = "上午" if at.hour < 12 else "下午"
    return f"{at.day:02d}-{at.month}月 -{at:%y %I.%M.%S}.000000 {half}"


def write_311(head: Sequence[str], row: Callable[[int], Sequence[object]]) -> Callable[[Path], object]:
    return write_text(join([head, *(row(n) for n in range(COUNT))]))


OUTLINES: Final = [json.loads(shapely.to_geojson(to_degrees(shape))) for shape in NEW_BUILDINGS]
FEATURES: Final = [
    {"type": "Feature", "properties": {"楼栋编号": f"F{n}", "层数": 6}, "geometry": outline}
    for n, outline in enumerate(OUTLINES)
]


def zip_table(
    change: Callable[[str], bytes], text: str, cpg: str | None = "UTF-8"
) -> Callable[[Path], object]:
    """Zip a Shapefile in whose .dbf a program has written the text of a column as it understood it."""
    blank = b"y" * 254

    def make(path: Path) -> None:
        with TemporaryDirectory() as name:
            folder = Path(name)
            columns = {"楼栋编号": ["F1", "F2"], "DZ": [blank.decode()] * 2}
            write_shapes(NEW_BUILDINGS, columns=columns, encoding="UTF-8")(folder / "楼栋.shp")
            table = folder / "楼栋.dbf"
            table.write_bytes(table.read_bytes().replace(blank, change(text)[:254].ljust(254)))
            (folder / "楼栋.cpg").unlink()
            if cpg is not None:
                (folder / "楼栋.cpg").write_text(cpg)
            with ZipFile(path, "w") as archive:
                for part in sorted(folder.iterdir()):
                    archive.write(part, part.name)

    return make


LINES: Final = [json.dumps(record, ensure_ascii=False) for record in record(list_cases("经度", "纬度"))]
SOCRATA: Final = [
    ":id",
    ":created_at",
    "unique_key",
    "created_date",
    "complaint_type",
    "latitude",
    "longitude",
]
ROADSIDE: Final = "文昌路旁边的老房子，墙面渗水，需要维修；" * 12
