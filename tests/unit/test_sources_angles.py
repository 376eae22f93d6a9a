"""Degrees, minutes and seconds in columns of their own."""

import numpy as np
import pandas as pd
import pytest

from etl.sources.angles import join_angles
from etl.sources.table import Table


def make_table(**columns: list[str]) -> Table:
    rows = pd.DataFrame(columns, dtype="str")
    return Table("x", rows, np.arange(1, len(rows) + 1, dtype=np.int64))


@pytest.mark.parametrize(
    "header",
    [
        "经度度 经度分 经度秒 纬度度 纬度分 纬度秒",
        "东经(度) (分) (秒) 北纬(度) (分)_(2) (秒)_(2)",
        "东经（度） 东经（分） 东经（秒） 北纬（度） 北纬（分） 北纬（秒）",
        "lon_deg lon_min lon_sec lat_deg lat_min lat_sec",
        "经度/度 经度/分 经度/秒 纬度/度 纬度/分 纬度/秒",
        "经度(°) 经度(′) 经度(″) 纬度(°) 纬度(′) 纬度(″)",
        "经度 经分 经秒 纬度 纬分 纬秒",
        "度 分 秒 度_(2) 分_(2) 秒_(2)",
        "纬度度 纬度分 纬度秒 经度度 经度分 经度秒",
    ],
)
def test_parts_in_columns_make_two_coordinates(header: str) -> None:
    values = ["120", "0", "4.5", "32", "01", "8.4"]
    names = [name.replace("_(", " (") for name in header.split()]
    if header.startswith("纬"):
        values = values[3:] + values[:3]
    table = join_angles(make_table(店名=["甲"], **{n: [v] for n, v in zip(names, values, strict=True)}))
    assert set(table.rows.columns) == {"店名", "经度", "纬度"}
    assert table.rows["经度"].to_list() == ["120°0′4.5″"]
    assert table.rows["纬度"].to_list() == ["32°01′8.4″"]
    assert len(table.warnings) == 2


def test_signs_and_letters_in_the_parts_are_passed_over_and_gaps_stay() -> None:
    table = join_angles(
        make_table(
            经度度=["东经120°", "120", ""],
            经度分=["0.075′", "", ""],
            纬度度=["N32", "32", ""],
            纬度分=["1.2分", "1.2", ""],
        )
    )
    assert table.rows["经度"].to_list() == ["120°0.075′", "120°′", ""]
    assert table.rows["纬度"].to_list() == ["32°1.2′", "32°1.2′", ""]


@pytest.mark.parametrize(
    "columns",
    [
        {
            "经度": ["120.00125"], "纬度": ["32.002"],
            "经度度": ["120"], "经度分": ["0.1"], "纬度度": ["32"], "纬度分": ["1"],
        },
        {"经度": ["120.00125"], "经度分": ["1"], "纬度": ["32.002"], "纬度分": ["1"]},
        {"经度度": ["120"], "经度分": ["0.1"], "满意度": ["5"], "得分": ["3"]},
        {"lon": ["120.1"], "lat": ["32.1"], "d": ["5"], "m": ["3"], "s": ["1"]},
    ],
)  # fmt: skip
def test_other_columns_are_left_as_they_are(columns: dict[str, list[str]]) -> None:
    table = make_table(**columns)
    assert join_angles(table) is table
