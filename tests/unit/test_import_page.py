"""What the page of imports makes of the jobs: bundles of files, questions, results."""

import io
import zipfile
from typing import Any

import pytest

from dashboard.i18n import LANGUAGES, Text
from dashboard.models.import_choices import LEFT_OUT, build_choices, find_doubles, write_mapping
from dashboard.models.import_map import fit_features
from dashboard.models.import_result import build_legend, build_result, tell_undone
from dashboard.models.import_upload import Bundle, bundle_files, pack
from dashboard.models.import_words import LAYERS, name_crs, name_field, tell_apart
from etl.importing.columns.layers import load_layers
from geo.store.places import Community

ZH, EN = Text("zh"), Text("en")
POINTS = {"type": "FeatureCollection", "features": []}
LOOK: dict[str, Any] = {
    "layers": [{"name": "名册", "rows": 40}, {"name": "说明", "rows": 1}],
    "chosen": {"source_layer": "名册", "layer": "buildings", "crs": None, "mapping": {"楼号": "name"}},
    "remembered": False,
    "columns": [
        {"header": "楼号", "field": "name", "personal": False, "samples": ["1栋", "2栋", "3栋"]},
        {"header": "备注", "field": None, "personal": False, "samples": ["", None, "旧"]},
        {"header": "业主", "field": None, "personal": True, "samples": ["●●●", "●●●", "●●●"]},
    ],
    "fields": [
        {"name": "code", "zh": "", "en": "", "required": True},
        {"name": "name", "zh": "", "en": "", "required": True},
        {"name": "floors", "zh": "", "en": "", "required": False},
    ],
    "datum": {
        "needed": True,
        "declared": None,
        "challenge": None,
        "certain": True,
        "proposed": "gcj02",
        "hypotheses": [
            {"crs": "gcj02", "label": "x", "share_inside": 0.925, "n": 40, "swapped": False},
            {"crs": "4490", "label": "y", "share_inside": 0.05, "n": 40, "swapped": False},
        ],
        "map": {"gcj02": POINTS},
    },
    "notes": [],
}


def look(**datum: Any) -> dict[str, Any]:
    return {**LOOK, "datum": {**LOOK["datum"], **datum}}


def test_the_parts_of_a_shapefile_are_one_import_and_all_else_is_its_own() -> None:
    names = ["楼栋.shp", "名册.xlsx", "楼栋.DBF", "楼栋.shx", "楼栋.shp.xml", "单独.dbf", "a/b/名册.xlsx"]
    assert bundle_files(names) == [
        Bundle("楼栋.zip", (0, 2, 3)),
        Bundle("名册.xlsx", (1,)),
        Bundle("单独.dbf", (5,)),
        Bundle("名册.xlsx", (6,)),
    ]


def test_of_files_dropped_together_grids_come_first_and_cases_last() -> None:
    names = [
        "12345导出.xlsx",
        "商户POI.csv",
        "3月楼栋台账.xlsx",
        "小区.shp",
        "微网格.kml",
        "网格.gpkg",
        "小区.dbf",
    ]
    in_order = ["网格.gpkg", "微网格.kml", "小区.zip", "3月楼栋台账.xlsx", "商户POI.csv", "12345导出.xlsx"]
    assert [bundle.name for bundle in bundle_files(names)] == in_order


def test_the_files_of_a_geodatabase_get_their_folder_back() -> None:
    names = ["a00000001.gdbtable", "a00000001.gdbtablx", "gdb", "timestamps"]
    (bundle,) = bundle_files(names)
    target = io.BytesIO()
    pack(bundle, names, {at: io.BytesIO(name.encode()) for at, name in enumerate(names)}, target)
    with zipfile.ZipFile(target) as archive:
        assert archive.namelist() == [f"geodatabase.gdb/{name}" for name in names]
        assert archive.read("geodatabase.gdb/timestamps") == b"timestamps"


def test_what_is_asked_of_a_file_begins_with_what_was_guessed() -> None:
    choices = build_choices(LOOK, {}, ZH)
    assert choices.source_layers == {"名册": "名册（40 行）", "说明": "说明（1 行）"}
    assert (choices.layer, choices.needed) == ("buildings", ("code", "name"))
    assert choices.fields[LEFT_OUT] == "不导入"
    assert choices.fields["name"] == "楼栋名称"
    assert [(each.field, each.samples) for each in choices.columns] == [
        ("name", "1栋、2栋、3栋"), (LEFT_OUT, "旧"), (LEFT_OUT, ""),
    ]  # fmt: skip
    assert choices.columns[2].is_personal


def test_what_was_chosen_before_goes_before_what_was_guessed() -> None:
    choices = build_choices(LOOK, {"layer": "compounds", "mapping": {"楼号": LEFT_OUT, "备注": "code"}}, ZH)
    assert choices.layer == "compounds"
    assert [each.field for each in choices.columns] == [LEFT_OUT, "code", LEFT_OUT]
    assert choices.fields["name"] == "小区名称"


def test_a_personal_column_is_never_brought_in_whatever_was_chosen() -> None:
    choices = build_choices(LOOK, {"mapping": {"业主": "name"}}, ZH)
    assert choices.columns[2].field == LEFT_OUT
    assert write_mapping(choices.columns, {"备注": "floors", "业主": "name"}) == {
        "楼号": "name",
        "备注": "floors",
    }


def test_two_columns_for_one_field_are_found_and_two_left_out_are_fine() -> None:
    assert find_doubles({"a": "name", "b": LEFT_OUT, "c": "name", "d": LEFT_OUT}) == ("name",)


def test_the_evidence_is_told_in_counts_with_the_best_proposed() -> None:
    datum = build_choices(LOOK, {}, ZH).datum
    assert [each.told for each in datum.hypotheses] == [
        "按 GCJ-02（高德、腾讯、奥维）：40 个中有 37 个落在本社区（建议）",
        "按 CGCS2000 / WGS-84（GPS、天地图）：40 个中有 2 个落在本社区",
    ]
    assert datum.hypotheses[0].features == POINTS
    assert [each.short for each in datum.hypotheses] == ["GCJ-02", "CGCS2000 / WGS-84"]
    assert build_choices(LOOK, {}, EN).datum.hypotheses[0].short == "GCJ-02"
    assert (datum.chosen, datum.unasked) == ("gcj02", None)
    assert datum.choices == ("gcj02", "4490", "bd09")


def test_a_proposal_that_no_share_shows_is_told_with_its_reason() -> None:
    alike = [{"crs": crs, "share_inside": share, "n": 40} for crs, share in (("gcj02", 1.0), ("4490", 0.95))]
    told = [each.told for each in build_choices(look(hypotheses=alike), {}, ZH).datum.hypotheses]
    assert [words.endswith("（建议：与已有的楼栋、小区对得上）") for words in told] == [True, False]
    unsure = build_choices(look(hypotheses=alike, certain=False), {}, ZH).datum.hypotheses[0]
    assert unsure.told.endswith("（建议）"), "nothing known spoke for it"


def test_a_file_of_another_place_is_told_to_be_one() -> None:
    nowhere = [{"crs": "gcj02", "share_inside": 0.0, "n": 40}, {"crs": "4490", "share_inside": 0.0, "n": 40}]
    assert build_choices(look(hypotheses=nowhere), {}, ZH).datum.is_elsewhere
    assert not build_choices(LOOK, {}, ZH).datum.is_elsewhere


def test_what_is_not_certain_is_left_to_the_reader() -> None:
    assert build_choices(look(certain=False), {}, ZH).datum.chosen is None


def test_what_the_file_says_need_not_be_said_unless_something_speaks_against_it() -> None:
    plain = build_choices(look(declared="EPSG:4490"), {}, ZH).datum
    assert (plain.chosen, plain.unasked) == ("4490", "4490"), "spelt as the hypothesis is"
    assert plain.declared == "文件写明是 CGCS2000 / WGS-84（GPS、天地图）"
    doubted = build_choices(
        look(declared="EPSG:4490", challenge="it lies elsewhere", certain=False), {}, ZH
    ).datum
    assert (doubted.chosen, doubted.unasked) == (None, None)
    assert "it lies elsewhere" in doubted.challenge


@pytest.mark.parametrize("declared", ["EPSG:4490", "EPSG:4326"])
def test_what_a_file_says_is_not_taken_where_its_places_contradict_it(declared: str) -> None:
    of_file = {"declared": declared, "chosen": declared, "challenge": "it lies elsewhere"}
    assert build_choices(look(**of_file, certain=False), {}, ZH).datum.chosen is None
    assert build_choices(look(**of_file, certain=True), {}, ZH).datum.chosen == "gcj02", "as is proposed"
    insisted = build_choices(look(**of_file, certain=True), {"crs": "4490"}, ZH).datum
    assert (insisted.chosen, insisted.unasked) == ("4490", None), "and has to be said"


def test_what_is_the_same_on_the_ground_is_offered_once() -> None:
    datum = build_choices(look(declared="EPSG:4326"), {}, ZH).datum
    assert (datum.chosen, datum.unasked) == ("4490", "4490")
    assert not {"EPSG:4326", "4326"}.intersection(datum.choices)


def test_a_file_without_places_is_not_asked_where_it_lies() -> None:
    nowhere = {**LOOK, "datum": {"needed": False, "hypotheses": []}}
    assert not build_choices(nowhere, {}, ZH).datum.is_asked
    assert build_choices(nowhere, {"mapping": {"备注": "wkt"}}, ZH).datum.is_asked


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_layer_and_field_that_files_bring_has_a_name_of_its_own(language: str) -> None:
    text = Text(language)
    assert set(LAYERS) == set(load_layers())
    for layer in load_layers().values():
        names = [name_field(field, layer.name, text) for field in layer.fields]
        assert len(set(names)) == len(names), "what is chosen is told by its label"
        if language == "zh":
            assert [name for name in names if not any("\u4e00" <= sign <= "\u9fff" for sign in name)] == []


def test_coordinate_systems_are_called_by_whose_they_are() -> None:
    told = {
        "gcj02": "GCJ-02（高德、腾讯、奥维）",
        "EPSG:4490": "CGCS2000 / WGS-84（GPS、天地图）",
        "EPSG:4527": "CGCS2000 3°带 39 带（带号，EPSG:4527）",
        "4545": "CGCS2000 3°带 中央经线 108°（EPSG:4545）",
        "EPSG:4508": "CGCS2000 6°带 中央经线 111°（EPSG:4508）",
        "gcj02+EPSG:3857": "GCJ-02 偏移的 Web 墨卡托",
        "EPSG:2437": "EPSG:2437",
        "Local grid": "Local grid",
    }
    assert {crs: name_crs(crs, ZH) for crs in told} == told


def test_files_of_one_name_are_told_apart() -> None:
    assert tell_apart({"1": "a.csv", "2": "a.csv", "3": "b.csv"}) == {
        "1": "a.csv",
        "2": "a.csv (2)",
        "3": "b.csv",
    }


REPORT: dict[str, Any] = {
    "layer": "buildings",
    "crs": "gcj02",
    "encoding": "gb18030",
    "rows": {"total": 8, "inserted": 3, "updated": 2, "unchanged": 1, "rejected": 2},
    "rejections": {
        "count": 2,
        "first": [{"row": 7, "column": "层数", "reason": "“很高” is not a whole number"}],
    },
    "warnings": [],
    "personal_columns": ["业主"],
    "unknown_columns": [],
    "unplaced": 1,
    "differences": [{"row": 2, "name": "1栋", "field": "floors", "before": None, "after": 7}],
    "difference_counts": {"floors": 2},
    "seams": {
        "overlaps": [{"a": "G1", "b": "G2", "area_m2": 12.4}],
        "gaps": [{"area_m2": 3.0, "sliver": True, "geometry": {"type": "Point", "coordinates": [120, 30]}}],
    },
    "map": {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "properties": {"state": state, "row": 1}, "geometry": None}
            for state in ("refused", "new")
        ],
    },
    "refused_file": True,
}  # fmt: skip


def test_a_preview_is_told_in_counts_and_lists() -> None:
    result = build_result(REPORT, ZH)
    assert result.title == "楼栋 · GCJ-02（高德、腾讯、奥维） · GB18030"
    assert [(each.state, each.value) for each in result.counts] == [
        ("new", "3"), ("updated", "2"), ("unchanged", "1"), ("refused", "2"),
    ]  # fmt: skip
    assert result.differences.lines == (("2", "1栋", "层数", "—", "7"),)
    assert result.refused.lines == (("7", "层数", "“很高”不是整数"),)
    assert result.refused.is_cut
    assert [line[0] for line in result.seams.lines] == ["重叠", "细缝"]
    assert result.left_out == ("涉及个人信息，不导入：业主",)
    assert result.has_refused_file
    assert result.lands_anything
    assert [entry.mark for entry in build_legend(result, ZH)] == [
        "row-new",
        "row-refused",
        "uncovered",
        "building",
    ]


def test_what_was_noted_at_the_first_look_is_no_warning_afterwards() -> None:
    warned = {**REPORT, "warnings": ["heard before", "new"]}
    result = build_result(warned, ZH, {"heard before"})
    assert (result.warnings, result.noted) == (("new",), ("heard before",))


def test_an_encoding_is_called_as_people_call_it() -> None:
    assert build_result({**REPORT, "encoding": "utf-8-sig"}, ZH).title.endswith(" · UTF-8")


def test_a_difference_of_state_is_told_in_words() -> None:
    changed = {"row": 2, "name": "G1", "field": "state", "before": "handling", "after": "closed"}
    result = build_result({**REPORT, "layer": "incidents", "differences": [changed]}, ZH)
    assert result.differences.lines[0][-2:] == ("办理中", "已办结")


def test_where_nothing_changes_nothing_is_to_be_brought_in() -> None:
    assert not build_result({**REPORT, "rows": {"unchanged": 8, "rejected": 2}}, ZH).lands_anything


def test_a_report_of_an_older_version_is_shown_as_far_as_it_goes() -> None:
    assert build_result({}, EN).counts[0].value == "0"


def test_undoing_is_told_with_what_became_of_the_rows() -> None:
    undone = {"batch": 7, "layer": "buildings", "file_name": "a.csv", "deleted": 3, "restored": 2}
    assert tell_undone(undone, ZH) == "第 7 批（a.csv）已撤销：删除 3 条，2 条恢复原样。"


def test_the_map_shows_the_community_and_what_lies_near_but_no_other_city() -> None:
    home = Community(1, "D", "D", is_demo=False, west=109.40, south=24.30, east=109.44, north=24.34)
    beside = {
        "type": "FeatureCollection",
        "features": [{"geometry": {"type": "Point", "coordinates": [109.47, 24.32]}}],
    }
    afar = {
        "type": "FeatureCollection",
        "features": [{"geometry": {"type": "Point", "coordinates": [24.3, 109.4]}}],
    }
    assert fit_features(home, [afar]) == fit_features(home, [])
    assert fit_features(home, [beside, afar]).longitude == pytest.approx(109.47)
