"""Guessing which column is which: what is certain, what is a question, and what is left out."""

from collections.abc import Sequence

import pytest

from etl.importing.columns.evidence import is_citizen_number, is_of_persons, weigh_values
from etl.importing.columns.guessing import CERTAIN, ColumnGuess, guess_mapping
from etl.importing.columns.layers import load_layers
from etl.importing.columns.mapping import choose_layer, map_columns
from geo.errors import InputRefused

LAYERS = load_layers()
HOTLINE = (
    "序号 办件编号 办件来源 市级编号 诉求主题 诉求内容 办理单位 办理科室 诉求人 诉求人电话 "
    "处理结果 事项大类 事项小类 派发时间 承诺完成时间 办件状态 派单员 预警状态"
)
PLATFORM = (
    "流水号 紧急程度 事件来源 诉求人 诉求人电话 诉求标题 诉求内容 所属区域 所涉领域 是否涉稳 是否再次投诉"
)
SHANGHAI = (
    "taskid description discovertime infobcname infoscname infotypename executedeptname subexecutedeptname "
    "streetname communityname address x y"
)


def guess(layer: str, **columns: Sequence[object]) -> dict[str, ColumnGuess]:
    return {found.header: found for found in guess_mapping(list(columns), columns, LAYERS[layer])}


@pytest.mark.parametrize(
    ("columns", "fields"),
    [
        (
            HOTLINE,
            "external_id=办件编号 category=事项小类 category_group=事项大类 source=办件来源 state=办件状态 "
            "title=诉求主题 description=诉求内容 reported_at=派发时间 due_at=承诺完成时间",
        ),
        (
            PLATFORM,
            "external_id=流水号 severity=紧急程度 source=事件来源 title=诉求标题 description=诉求内容 "
            "topic=所涉领域",
        ),
        (
            SHANGHAI,
            "external_id=taskid description=description reported_at=discovertime category_group=infobcname "
            "category=infoscname source=infotypename address=address lon=x lat=y",
        ),
    ],
)
def test_column_sets_of_the_hotlines_need_no_hand_work(columns: str, fields: str) -> None:
    wanted = dict(pair.split("=") for pair in fields.split())
    headers = columns.split()
    layer = choose_layer(None, "导出.xlsx", "Sheet1", headers)
    assert layer.name == "incidents"
    mapped = map_columns(headers, layer, {}, "导出.xlsx")
    assert mapped.fields == wanted
    guesses = guess_mapping(headers, {}, layer)
    assert {found.field: found.header for found in guesses if found.field} == wanted
    assert all(found.confidence >= CERTAIN for found in guesses if found.field)
    assert {"诉求人", "诉求人电话", "派单员"} & set(headers) == set(mapped.personal)


def test_a_header_that_is_only_like_one_is_a_question() -> None:
    guesses = guess("grids", 网格编号=["1"], 我们的网格名称=["甲"], 网格类形=["微网格"], 颜色=["红"])
    assert (guesses["网格编号"].field, guesses["网格编号"].confidence) == ("code", 1.0)
    for header, field in (("我们的网格名称", "name"), ("网格类形", "kind")):
        assert guesses[header].field == field
        assert guesses[header].is_question
    assert (guesses["颜色"].field, guesses["颜色"].confidence) == (None, 0.0)
    # Nothing that is a question is taken where nobody can be asked.
    assert map_columns(list(guesses), LAYERS["grids"], {}, "x.csv").fields == {"code": "网格编号"}


def test_values_speak_for_and_against_a_name() -> None:
    likely = guess("buildings", 大约户数情况=["36", "40", "12", "7", "9"])["大约户数情况"]
    unlikely = guess("buildings", 大约户数情况=["多", "少", "不详", "见表", "无人"])["大约户数情况"]
    assert likely.field == "households"
    assert unlikely.field is None or unlikely.confidence < likely.confidence


def test_values_that_contradict_a_header_make_it_a_question() -> None:
    plane = {"x": [-1234.5, 880.1, 4310.7, 90.2, 15.5], "y": [2211.4, -310.2, 77.7, 9105.3, 60.1]}
    degrees = {"x": [109.41, 109.42, 109.43, 109.44, 109.45], "y": [24.31, 24.32, 24.33, 24.34, 24.35]}
    assert guess("incidents", **plane)["x"].is_question
    assert not guess("incidents", **degrees)["x"].is_question
    when = guess("incidents", 上报时间=["甲", "乙", "丙", "丁", "戊"])["上报时间"]
    assert (when.field, when.is_question) == ("reported_at", True)


def test_columns_without_a_telling_header_are_known_by_their_values() -> None:
    guesses = guess(
        "incidents",
        字段1=[f"109.4{n}" for n in range(6)],
        字段2=[f"24.3{n}" for n in range(6)],
        字段3=[f"柳北区长风路{n}号" for n in range(6)],
        字段4=["暴露垃圾", "楼道堆物", "电梯故障", "路灯不亮", "井盖缺损"],
        字段5=[str(n) for n in range(6)],
    )
    assert [guesses[f"字段{n}"].field for n in range(1, 6)] == ["lon", "lat", "address", "category", None]
    assert all(found.is_question for found in guesses.values() if found.field)


def test_no_field_is_given_twice() -> None:
    guesses = guess("grids", 网格名称=["甲"], 旧网格名称=["乙"], 新网格名称=["丙"])
    assert guesses["网格名称"].field == "name"
    assert "name" not in {guesses["旧网格名称"].field, guesses["新网格名称"].field}


def test_columns_about_persons_are_left_out_by_name_or_by_value() -> None:
    numbers = ["11010519491231002X", "440524188001010014", "11010519491231002X", "110105194912310038"]
    guesses = guess(
        "compounds",
        小区名称=["甲"],
        网格员姓名=["张三"],
        楼栋长=["李四"],
        物业联系电话=["0772-1234567"],
        备注=["138 0000 1111", "13800002222", "139-0000-3333"],
        编号=[*numbers[:2], "110105194912310038"],
    )
    for header in ("网格员姓名", "楼栋长", "物业联系电话", "备注", "编号"):
        assert (guesses[header].field, guesses[header].why) == (None, "is about persons and left out")
    assert guesses["小区名称"].field == "name"


def test_check_digit_tells_a_citizens_number_from_any_other() -> None:
    assert is_citizen_number("11010519491231002X")
    assert not is_citizen_number("110105194912310021")  # the check digit
    assert not is_citizen_number("450203199001011264")  # digits that a spreadsheet made up
    assert not is_citizen_number("110105194913310021")  # no month
    # Numbers of cases look like them and are not.
    assert not is_of_persons([f"45020320250831{number:04}" for number in range(50)])
    assert not is_of_persons(["13800001111"])
    assert is_of_persons(["11010519491231002X", "440524188001010014", "110105194912310038"])


def test_our_own_columns_of_a_refused_file_are_passed_over() -> None:
    headers = ["办件编号", "事项小类", "行号", "拒收原因", "crs"]
    mapped = map_columns(headers, LAYERS["incidents"], {}, "refused.xlsx")
    assert mapped.unknown == ()
    assert set(mapped.fields) == {"external_id", "category"}
    assert [found.field for found in guess_mapping(headers, {}, LAYERS["incidents"])][2:] == [None] * 3
    # Unless somebody says otherwise.
    assert map_columns(headers, LAYERS["incidents"], {"行号": "title"}, "x").fields["title"] == "行号"


def test_a_file_of_a_thousand_columns_is_refused_in_one_sentence() -> None:
    with pytest.raises(InputRefused) as refusal:
        map_columns([f"字段{n}" for n in range(900)], LAYERS["grids"], {}, "x.csv")
    assert len(str(refusal.value)) < 400


def test_a_column_can_be_left_out_by_hand() -> None:
    mapped = map_columns(["网格编号", "网格名称"], LAYERS["grids"], {"网格名称": ""}, "x.csv")
    assert (mapped.fields, mapped.unknown) == ({"code": "网格编号"}, ("网格名称",))


def test_only_names_as_short_as_a_dbfs_may_be_cut() -> None:
    assert map_columns(["网格编号", "上级网"], LAYERS["grids"], {}, "x.shp").fields["parent"] == "上级网"
    assert (
        "external_id" not in map_columns(["店名", "统一社会信用代"], LAYERS["merchants"], {}, "x.csv").fields
    )
    assert map_columns(["店名", "统一社"], LAYERS["merchants"], {}, "x.shp").fields["external_id"] == "统一社"


def test_values_cannot_tell_of_free_text() -> None:
    assert weigh_values(LAYERS["incidents"].fields["description"], ["甲", "乙"]) is None
    assert weigh_values(LAYERS["incidents"].fields["lon"], []) is None


def test_a_column_of_pairs_goes_before_blank_columns_of_coordinates_and_before_what_it_may_be_called() -> (
    None
):
    pairs = [f"POINT (109.410{n} 24.320{n})" for n in range(5)]
    found = guess("incidents", LATITUDE=[""] * 5, LONGITUDE=[""] * 5, LOCATION=pairs)
    assert (found["LOCATION"].field, found["LATITUDE"].field) == ("lonlat", None)
    assert (
        guess("incidents", LATITUDE=["24.3"], LONGITUDE=["109.4"], LOCATION=pairs)["LATITUDE"].field == "lat"
    )
    assert guess("incidents", location=["1 MAIN ST", "2 MAIN ST"])["location"].field == "address"
    columns = ["SR_NUMBER", "LATITUDE", "LONGITUDE", "LOCATION"]
    mapped = map_columns(columns, LAYERS["incidents"], {"LOCATION": "lonlat"}, "x.csv").fields
    assert mapped == {"external_id": "SR_NUMBER", "lonlat": "LOCATION"}
