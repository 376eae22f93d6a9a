"""Days and times of day in two columns."""

import numpy as np
import pandas as pd
import pytest

from etl.sources.clocks import join_days
from etl.sources.table import Table


def make_table(**columns: list[str]) -> Table:
    rows = pd.DataFrame(columns, dtype="str")
    return Table("x", rows, np.arange(1, len(rows) + 1, dtype=np.int64))


@pytest.mark.parametrize(
    ("day", "clock", "joined"),
    [
        ("2026-03-05", "15:20", "2026-03-05 15:20"),
        ("2026-03-05T00:00:00", "15:20:00", "2026-03-05 15:20:00"),
        ("2026年3月5日", "下午3点20分", "2026年3月5日 下午3点20分"),
        ("20260305", "3:20 PM", "20260305 3:20 PM"),
    ],
)
def test_a_time_of_day_takes_its_day_from_the_column_of_the_same_matter(
    day: str, clock: str, joined: str
) -> None:
    table = join_days(make_table(上报日期=[day, ""], 上报时间=[clock, ""], 办结日期=["2026-04-01", ""]))
    assert table.rows["上报时间"].to_list() == [joined, ""]
    assert "上报日期" in table.warnings[0]


@pytest.mark.parametrize(
    "columns",
    [
        {"上报日期": ["2026-03-05"], "办结时间": ["15:20"]},
        {"日期": ["2026-03-05"], "时间": ["2026-03-05 15:20"]},
        {"日期": ["周四"], "时间": ["15:20"]},
        {"日期": ["2026-03-05"], "时间": ["1:" + " " * 1_000_000 + "x"]},
    ],
)
def test_whatever_else_stands_in_two_columns_stays_in_them(columns: dict[str, list[str]]) -> None:
    table = make_table(**columns)
    assert join_days(table) is table
