"""Reading values as people write them, whole columns at a time."""

from typing import Any

import pandas as pd
import pytest

from etl.importing.columns.layers import Field, load_layers, simplify
from etl.importing.columns.mapping import choose_layer, map_columns
from etl.importing.columns.values import Reading, read_pair, read_values
from geo.errors import InputRefused

INCIDENT = load_layers()["incidents"].fields
BUILDING = load_layers()["buildings"].fields


def read(field: Field, *values: Any) -> Reading:
    return read_values(pd.Series(list(values), name="列"), field)


@pytest.mark.parametrize(
    ("written", "china"),
    [
        ("2025-01-02 03:04:05", "2025-01-02 03:04:05"),
        ("2025-01-02T03:04:05.250", "2025-01-02 03:04:05.250"),
        ("2025/1/2 3:04", "2025-01-02 03:04"),
        ("2025年8月31日 8时5分", "2025-08-31 08:05"),
        ("2025年8月31日8点30分20秒", "2025-08-31 08:30:20"),
        ("2025.8.31", "2025-08-31"),
        ("20250831", "2025-08-31"),
        ("20250831093015", "2025-08-31 09:30:15"),
        ("09/02/2020 04:14:43 PM", "2020-09-02 16:14:43"),
        ("45900", "2025-08-31"),
        ("45900.5", "2025-08-31 12:00"),
        ("2025/8/31 下午 2:05:00", "2025-08-31 14:05"),
        ("2025年8月31日 星期日 上午9:05", "2025-08-31 09:05"),
        ("2025-08-31 2:05:00 PM", "2025-08-31 14:05"),
        ("２０２５年８月３１日", "2025-08-31"),
        ("２０２５．８．３１", "2025-08-31"),
        ("20250831 09:30", "2025-08-31 09:30"),
        ("202508310930", "2025-08-31 09:30"),
        ("31-Aug-2025", "2025-08-31"),
        ("1756612800", "2025-08-31 12:00"),
        ("1756612800123", "2025-08-31 12:00"),
        ("2025-08-31\u200b", "2025-08-31"),
        ("2025-04-13T03:04:48+09:00", "2025-04-13 02:04:48"),
        ("2025-04-13T20:04:48Z", "2025-04-14 04:04:48"),
    ],
)
def test_times_are_chinas_unless_said(written: str, china: str) -> None:
    # Beside a neighbour of another form, for a column of one form takes a shorter way.
    for neighbours in ((), ("2025年1月1日",), ("2025-01-01 00:00:00",)):
        reading = read(INCIDENT["reported_at"], written, *neighbours)
        assert not reading.unread.any()
        assert reading.values[0] == pd.Timestamp(china, tz="Asia/Shanghai")


def test_world_time_is_pointed_out() -> None:
    assert "eight hours" in read(INCIDENT["reported_at"], "2025-04-13T03:04:48Z").warnings[0]
    assert read(INCIDENT["reported_at"], "2025-04-13T03:04:48").warnings == ()


@pytest.mark.parametrize(
    ("written", "days"),
    [
        (["8/31/2025 14:05", "9/1/2025 9:00"], ["2025-08-31 14:05", "2025-09-01 09:00"]),
        (["31/8/2025", "1/9/2025"], ["2025-08-31", "2025-09-01"]),
        (["8/9/2025", "1/9/2025"], None),  # August or September
        (["31/8/2025", "8/31/2025"], None),  # two people's habits in one column
    ],
)
def test_month_before_the_year_is_told_by_its_column(written: list[str], days: list[str] | None) -> None:
    reading = read(INCIDENT["reported_at"], *written)
    if days is None:
        assert reading.unread.all()
    else:
        assert reading.values.tolist() == [pd.Timestamp(day, tz="Asia/Shanghai") for day in days]


def test_day_may_name_only_its_month_and_a_time_may_not() -> None:
    field = load_layers()["merchants"].fields["partner_since"]
    reading = read(field, "2025年8月", "2025-08", "2025.8.31")
    assert reading.values.dt.strftime("%Y-%m-%d").tolist() == ["2025-08-01", "2025-08-01", "2025-08-31"]
    assert reading.warnings == ("2 days in “列” name only a month: taken as its first day.",)
    assert read(INCIDENT["reported_at"], "2025年8月").unread.all()


def test_bare_numbers_of_an_old_macintosh_count_from_1904() -> None:
    field = INCIDENT["reported_at"]
    reading = read_values(pd.Series(["44438", "2025-08-31"]), field, from_1904=True)
    assert reading.values.dt.tz_convert("Asia/Shanghai").dt.date.astype(str).tolist() == ["2025-08-31"] * 2
    assert read(field, "44438").values[0].year == 2021


@pytest.mark.parametrize(
    "written",
    [
        "昨天",
        "08/09/2025",
        "2025-13-01",
        "1",
        "2025-02-30 10:00",
        "0001-01-01",
        "1900-01-01 08:00",
        "9999-12-31",
    ],
)
def test_what_is_no_time_is_not_guessed(written: str) -> None:
    reading = read(INCIDENT["reported_at"], written, "", None)
    assert reading.unread.tolist() == [True, False, False]
    assert reading.values.isna().all()


def test_typed_times_are_judged_like_written_ones() -> None:
    typed = pd.Series(["0001-01-01", "2025-01-02", None], name="列").astype("datetime64[us]")
    reading = read_values(typed, INCIDENT["reported_at"])
    assert reading.unread.tolist() == [True, False, False]
    assert reading.values[1] == pd.Timestamp("2025-01-02", tz="Asia/Shanghai")


def test_a_period_may_end_in_the_year_9999() -> None:
    reading = read(load_layers()["grids"].fields["valid_to"], "9999-12-31")
    assert not reading.unread.any()
    assert reading.values[0].date().isoformat() == "9999-12-31"


def test_day_is_the_calendars_in_china() -> None:
    field = load_layers()["grids"].fields["valid_from"]
    reading = read(field, "2025-03-01", "2025-02-28T23:30:00Z", "2025年3月1日")
    assert reading.values.tolist() == [pd.Timestamp("2025-03-01")] * 3


def test_counts_are_whole_and_may_carry_their_unit() -> None:
    reading = read(
        BUILDING["households"], "36户", "约120", "1,200", "5.0", "3.5", "许多", "", None, "-3", "99999999999"
    )
    assert reading.values.tolist()[:4] == [36, 120, 1200, 5]
    assert reading.unread.tolist() == [False] * 4 + [True, True, False, False, False, True]
    assert reading.values[8] == -3


def test_full_width_digits_are_digits_but_words_are_no_numbers() -> None:
    assert read(BUILDING["households"], "３６户", "１２").values.tolist() == [36, 12]
    assert read(BUILDING["households"], "十二", "三十六户").unread.all()


@pytest.mark.parametrize(
    ("written", "degrees"),
    [
        ("109.4083", 109.4083),
        ("109°24′30″", 109.408333),
        ("109°24'30.0\"E", 109.408333),
        ("109度24分30秒", 109.408333),
        ("东经109.4083", 109.4083),
        ("１０９．４０８３", 109.4083),
        ("109°", 109.0),
    ],
)
def test_degrees_are_read_as_people_write_them(written: str, degrees: float) -> None:
    assert read(INCIDENT["lon"], written).values[0] == pytest.approx(degrees, abs=1e-6)


def test_a_pair_in_one_cell_is_read_in_either_order_and_nothing_else_is_a_pair() -> None:
    for written in ("109.41,24.32", "24.32, 109.41", "(24.32 109.41)", "109.41，24.32", "[109.41;24.32]"):
        assert read_pair(written) == (109.41, 24.32)
    for written in ("109.41", "109,24", "2025-8-31", "1.5,2.5,3.5", "3栋,2单元", ""):
        assert read_pair(written) is None


def test_labels_are_written_plainly_and_prose_is_left_alone() -> None:
    wide = "ＷＧ－０１\u00a0号（东）\u200b"
    assert read(BUILDING["code"], wide, "甲").values.tolist() == ["WG-01 号（东）", "甲"]
    assert read(INCIDENT["description"], wide).values[0] == "ＷＧ－０１\u00a0号（东）"


def test_signs_without_a_width_are_taken_out_and_quotation_marks_are_not() -> None:
    values = read(INCIDENT["external_id"], "GZ\u200b1", "\ufeffGZ2", "“GZ3”", None, "\u200b").values
    assert values.astype(object).where(values.notna(), None).tolist() == ["GZ1", "GZ2", "“GZ3”", None, None]
    # Nor what no database keeps, by itself.
    assert read(INCIDENT["external_id"], "GZ\x001", "GZ2").values.tolist() == ["GZ1", "GZ2"]


def test_floats_beyond_what_they_hold_are_no_codes() -> None:
    reading = read(INCIDENT["external_id"], 450203199001011234.0, 2.0**53, 2.0**53 - 1, None)
    assert reading.unread.tolist() == [True, True, False, False]
    assert read(INCIDENT["external_id"], 450203199001011234, 7).unread.tolist() == [False, False]


def test_numbers_cut_to_fifteen_digits_are_doubted_only_if_all_are() -> None:
    cut = ["450203199001011000", "450203199001012000", "450203199001013000"]
    assert "15th digit" in read(INCIDENT["external_id"], *cut).warnings[0]
    assert read(INCIDENT["external_id"], *cut, "450203199001013001").warnings == ()
    assert read(INCIDENT["external_id"], cut[0], "").warnings == ()
    assert read(INCIDENT["external_id"], *(text[:15] for text in cut)).warnings == ()


def test_numbers_of_a_spreadsheet_become_codes_without_a_point() -> None:
    assert read(INCIDENT["external_id"], 1.0, 2.0, None).values.tolist()[:2] == ["1", "2"]
    assert read(INCIDENT["external_id"], 7, 8).values.tolist() == ["7", "8"]


def test_spoilt_number_is_no_code() -> None:
    reading = read(INCIDENT["external_id"], "450203199001011234", "4.50203e+17", "4.5E+17", "1e5", "E+18")
    assert reading.unread.tolist() == [False, True, True, False, False]


@pytest.mark.parametrize("blank", ["", "  ", "-", "/", "NULL", "#N/A", "\u3000", "\u00a0"])
def test_blank_is_nothing(blank: str) -> None:
    reading = read(INCIDENT["external_id"], blank, " x\u3000")
    assert reading.values.isna().tolist() == [True, False]
    assert reading.values[1] == "x"
    assert not reading.unread.any()


@pytest.mark.parametrize("blank", list(" \t\r\n\u00a0\u3000\ufeff"))
@pytest.mark.parametrize("form", ["{}楼道堆放杂物", "楼道堆放杂物{}"])
def test_one_blank_among_many_clean_values_is_trimmed(blank: str, form: str) -> None:
    clean = ["夜间施工噪音扰民", "路灯不亮。", "，影响通行", None, "", "井盖损坏"]
    column = pd.concat([pd.Series([*clean, form.format(blank)]), pd.Series(clean)], ignore_index=True)
    values = read_values(column.iloc[2:], INCIDENT["title"]).values
    wanted = ["，影响通行", None, None, "井盖损坏", "楼道堆放杂物", *clean[:4], None, "井盖损坏"]
    assert values.astype(object).where(values.notna(), None).tolist() == wanted


def test_words_stand_for_codes() -> None:
    assert read(INCIDENT["state"], "已结案", "Closed", " 办理中 ", "handling").values.tolist() == [
        "closed", "closed", "handling", "handling",
    ]  # fmt: skip
    assert read(INCIDENT["state"], "待派发", "待派单").values.tolist() == ["registered", "registered"]
    assert read(INCIDENT["state"], "飞了").unread.tolist() == [True]
    source = read(INCIDENT["source"], "12345市民热线平台", "外星来电台", "梦")
    assert source.values.tolist() == ["hotline_12345", "phone", "other"]
    assert "梦 taken as “other”" in source.warnings[0]


def test_columns_without_a_value_stay_empty() -> None:
    for name in ("state", "reported_at", "external_id", "lon"):
        assert read(INCIDENT[name], None, None).values.isna().all()


def test_headers_are_compared_by_what_matters() -> None:
    assert simplify("户数 (户)") == simplify("户数") == simplify("【必填】户 数")
    assert simplify("Created_Date") == simplify("created date")


def test_column_sets_of_hotlines_are_understood() -> None:
    columns = [
        "序号",
        "办件编号",
        "办件来源",
        "市级编号",
        "诉求主题",
        "诉求内容",
        "办理单位",
        "办理科室",
        "诉求人",
        "诉求人电话",
        "处理结果",
        "事项大类",
        "事项小类",
        "派发时间",
        "承诺完成时间",
        "办件状态",
        "派单员",
        "预警状态",
    ]
    layer = choose_layer(None, "导出.xlsx", "Sheet1", columns)
    mapped = map_columns(columns, layer, {}, "导出.xlsx")
    assert layer.name == "incidents"
    assert dict(mapped.fields) == {
        "external_id": "办件编号", "category": "事项小类", "category_group": "事项大类", "source": "办件来源",
        "state": "办件状态", "title": "诉求主题", "description": "诉求内容", "reported_at": "派发时间",
        "due_at": "承诺完成时间",
    }  # fmt: skip
    assert mapped.personal == ("诉求人", "诉求人电话", "派单员")
    assert mapped.unknown == ("序号", "市级编号", "办理单位", "办理科室", "处理结果", "预警状态")


def test_names_cut_by_dbf_are_understood_and_persons_stay_out() -> None:
    layer = load_layers()["grids"]
    mapped = map_columns(["网格编", "网格名", "诉求人电", "联系电"], layer, {}, "x.shp")
    assert mapped.fields == {"code": "网格编", "name": "网格名"}
    assert mapped.personal == ("诉求人电", "联系电")


def test_person_may_say_otherwise() -> None:
    layer = load_layers()["merchants"]
    mapped = map_columns(["名称", "姓名"], layer, {"姓名": "name"}, "x.csv")
    assert (mapped.fields, mapped.personal, mapped.unknown) == ({"name": "姓名"}, (), ("名称",))


def test_most_telling_header_wins_wherever_it_stands() -> None:
    for columns in (["名称", "网格名称"], ["网格名称", "名称"]):
        assert map_columns(columns, load_layers()["grids"], {}, "x").fields == {"name": "网格名称"}


@pytest.mark.parametrize(
    ("file", "columns", "layer"),
    [
        ("a.csv", ["店铺名称", "地址"], "merchants"),
        ("楼栋台账.xlsx", ["编号", "名称"], "buildings"),
        ("a.shp", ["网格编号", "名称"], "grids"),
        ("a.csv", ["小区名称", "物业类型", "小区类型"], "compounds"),
    ],
)
def test_layer_is_told_by_headers_or_by_the_name(file: str, columns: list[str], layer: str) -> None:
    assert choose_layer(None, file, "Sheet1", columns).name == layer


def test_layer_is_not_guessed() -> None:
    with pytest.raises(InputRefused, match="--layer"):
        choose_layer(None, "a.csv", "a", ["名称", "地址"])


def test_a_number_beyond_all_counting_spoils_no_other_of_its_column() -> None:
    reading = read(BUILDING["code"], 1.0, 2.0, 1e19)
    assert reading.values.to_list()[:2] == ["1", "2"]
    assert list(reading.unread) == [False, False, True]
