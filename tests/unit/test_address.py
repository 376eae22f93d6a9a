"""How addresses are read and matched: the same place in every spelling, and never a wrong building."""

import time
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.model.gazetteer import BuildingName, CompoundName, Gazetteer
from geo.rules.address import find_buildings, normalize_address, parse_address, read_after
from geo.rules.matching import Match, match_address

QILIN, JINSHUI, XINGFU, LANE, LIJING, VILLAGE, PHASE_2, QILIN_NEW = range(1, 9)
GAZETTEER = Gazetteer(
    compounds=(
        CompoundName(QILIN, "麒麟花园", ("老糖厂",), "麒行路88号"),
        CompoundName(JINSHUI, "金水苑"),
        CompoundName(XINGFU, "幸福里小区"),
        CompoundName(LANE, "长风新村", (), "长风路100弄"),
        CompoundName(LIJING, "丽景湾"),
        CompoundName(VILLAGE, "大榕村"),
        CompoundName(PHASE_2, "麒麟花园二期"),
        CompoundName(QILIN_NEW, "金水苑南区", ("南苑",)),
    ),
    buildings=(
        BuildingName(11, QILIN, "麒麟花园3栋"),
        BuildingName(12, QILIN, "A座"),
        BuildingName(13, QILIN, "5号楼"),
        BuildingName(14, QILIN, "麒麟花园12栋"),
        BuildingName(21, JINSHUI, "12"),
        BuildingName(31, XINGFU, "幸福里小区12栋"),
        BuildingName(41, LANE, "5号"),
        BuildingName(51, LIJING, "丽景湾5栋"),
        BuildingName(61, VILLAGE, "大榕村3号"),
        BuildingName(62, VILLAGE, "大榕村7栋"),
        BuildingName(63, VILLAGE, "7#"),
        BuildingName(71, PHASE_2, "麒麟花园二期3栋"),
        BuildingName(91, None, "农贸市场", "榕荫路20号"),
        BuildingName(92, None, "第一小学一号教学楼", "学苑路1号"),
        BuildingName(93, None, "第一小学二号教学楼", "学苑路1号"),
    ),
)


def match(text: str) -> Match:
    return match_address(parse_address(text), GAZETTEER)


@pytest.mark.parametrize(
    ("text", "compound", "parts"),
    [
        ("麒麟花园3栋2单元501室", "麒麟花园", ("3", "2", "501")),
        ("麒麟花园3幢二单元5楼501", "麒麟花园", ("3", "2", "501")),
        ("麒麟花园３＃２—５０１", "麒麟花园", ("3", "2", "501")),
        ("麒麟花园3-2-501", "麒麟花园", ("3", "2", "501")),
        ("麒麟花园A座1203", "麒麟花园", ("A", None, "1203")),
        ("金水苑十二号楼1单元", "金水苑", ("12", "1", None)),
        ("幸福里小区 12 栋", "幸福里小区", ("12", None, None)),
        # Not of the table, but written every day.
        ("麒麟花园 3 栋 2 单元 501 室", "麒麟花园", ("3", "2", "501")),
        ("麒麟花园3 2 501", "麒麟花园", ("3", "2", "501")),
        ("麒麟花园3.2.501", "麒麟花园", ("3", "2", "501")),
        ("麒麟花园3一2一501", "麒麟花园", ("3", "2", "501")),
        ("麒麟花园03栋02单元501", "麒麟花园", ("3", "2", "501")),
        ("麒麟花园#3 二门 501户", "麒麟花园", ("3", "2", "501")),
        ("麒麟花园三座五〇一室", "麒麟花园", ("3", None, "501")),
        ("麒麟花园3栋-2-501", "麒麟花园", ("3", "2", "501")),
        ("麒麟花园3楼2单元501", "麒麟花园", ("3", "2", "501")),
        ("麒麟花园3栋甲单元501", "麒麟花园", ("3", "甲", "501")),
        ("麒麟花园b12栋", "麒麟花园", ("B12", None, None)),
        ("麒麟花园，3栋，501", "麒麟花园", ("3", None, "501")),
        ("丰收路49号和悦湾1栋", "和悦湾", ("1", None, None)),
        ("808小区3栋", "808小区", ("3", None, None)),
        ("麒麟花园二期二十二栋", "麒麟花园2期", ("22", None, None)),
        ("麒麟花园3栋501、502", "麒麟花园", ("3", None, None)),
        ("麒麟花园3栋楼道", "麒麟花园", ("3", None, None)),
        ("麒麟花园3栋2单元三楼楼道", "麒麟花园", ("3", "2", None)),
        ("和平路12号院3栋501", "和平路12号院", ("3", None, "501")),
        ("广西柳州市鱼峰区麒麟街道D社区麒行路88号麒麟花园3栋2单元501室", "麒麟花园", ("3", "2", "501")),
        ("塔城路295号疁城新天地12幢1层102室(近三花奶奶)", "疁城新天地", ("12", None, "102")),
        ("城桥镇玉环路607号金水苑3栋", "金水苑", ("3", None, None)),
        ("阳光社区3栋", "阳光社区", ("3", None, None)),
    ],
)
def test_a_building_is_read(text: str, compound: str, parts: tuple[str | None, ...]) -> None:
    address = parse_address(text)
    assert (address.kind, address.compound) == ("building", compound)
    assert (address.building, address.entrance, address.room) == parts
    assert not address.needs_review


def test_a_lane_is_a_compound_and_its_numbers_are_buildings() -> None:
    address = parse_address("长风路100弄5号302室")
    assert (address.kind, address.road, address.lane) == ("lane", "长风路", "100")
    assert (address.building, address.entrance, address.room) == ("5", None, "302")
    assert parse_address("上海市长风路一百弄5号楼302") == replace(address, text="长风路100弄5号楼302")


@pytest.mark.parametrize(
    ("text", "kind", "rest"),
    [
        ("和平路12号之一", "street", "之一"),
        ("三中路西二巷8号", "alley", ""),
        ("丽景湾5栋商铺101", "shop", "商铺101"),
        ("幸福里小区门口垃圾房旁", "landmark", "门口垃圾房旁"),
        ("和平路12号", "street", ""),
        ("和平路12号商铺101", "shop", "商铺101"),
        ("麒麟花园3栋旁边的垃圾房", "landmark", "旁边的垃圾房"),
        ("麒麟花园3栋前面", "landmark", "前面"),
        ("麒麟花园3栋和5栋之间", "landmark", "和5栋之间"),
        ("麒麟花园3-5栋", "landmark", "3-5栋"),
        ("麒麟花园3、5栋", "landmark", "3、5栋"),
        ("麒麟花园3栋到5栋", "landmark", "到5栋"),
        ("麒麟花园3-2", "landmark", "3-2"),
        ("麒麟花园3-2-5-1", "landmark", "3-2-5-1"),
        ("麒麟花园501", "landmark", "501"),
        ("第一小学一号教学楼", "landmark", "教学楼"),
        ("丽景湾商铺101", "shop", "商铺101"),
        ("张溪路529-531", "landmark", "529-531"),
        ("柳湖路261、265、269号", "landmark", "261、265、269号"),
        ("镇泽路379号、镇泽路381号二层", "landmark", "、镇泽路381号2层"),
        ("紫薇路187弄2-4号", "landmark", "2-4号"),
        ("贵州路138号(宁波路口)", "street", "(宁波路口)"),
        ("麒麟花园3栋(东侧)", "landmark", "(东侧)"),
        ("麒麟花园3栋(底商)", "shop", "(底商)"),
        ("延安东路7号7层", "street", ""),
        ("临汾路6号1层、10号1层", "landmark", "1层、10号1层"),
        ("", "nothing", ""),
        (" ，", "nothing", ""),
    ],
)
def test_a_person_must_look(text: str, kind: str, rest: str) -> None:
    address = parse_address(text)
    assert (address.kind, address.rest) == (kind, rest)
    assert address.needs_review
    assert address.room is None


@pytest.mark.parametrize(
    "text", ["和平路12号之一", "三中路西二巷8号", "麒麟花园3-5栋", "麒麟花园3栋和5栋", "麒麟花园3-2"]
)
def test_no_building_is_made_of_what_is_none(text: str) -> None:
    assert parse_address(text).building is None


def test_a_floor_is_not_a_building() -> None:
    fifth = parse_address("麒麟花园5楼501")
    assert (fifth.building, fifth.floor, fifth.room) == (None, "5", "501")
    assert parse_address("麒麟花园3楼501").building == "3"
    assert parse_address("麒麟花园3楼").building is None
    assert parse_address("万达广场3楼3036号").building is None
    assert parse_address("名人购物中心B2楼204号").building is None
    assert parse_address("麒麟花园A楼501").building == "A"


LABELS = st.integers(1, 99).map(str) | st.sampled_from("ABCDEFG")
HAN = "零一二三四五六七八九"


def to_han(number: str) -> str:
    if not number.isdigit():
        return number
    tens, ones = divmod(int(number), 10)
    head = "" if tens == 0 else "十" if tens == 1 else f"{HAN[tens]}十"
    return head + (HAN[ones] if ones else "")


def to_wide(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


@given(
    compound=st.sampled_from(["麒麟花园", "金水苑", "幸福里小区", "麒麟花园二期", "808小区", "纺织厂宿舍"]),
    before=st.sampled_from(["", "麒行路88号", "广西柳州市鱼峰区", "柳州市麒麟街道"]),
    building=LABELS,
    entrance=st.integers(1, 12).map(str),
    room=st.builds("{}{:02}".format, st.integers(1, 33), st.integers(1, 12)),
    data=st.data(),
)
def test_every_spelling_means_the_same(
    compound: str, before: str, building: str, entrance: str, room: str, data: st.DataObject
) -> None:
    def pick(*spellings: str) -> str:
        return data.draw(st.sampled_from(spellings))

    marked = pick(
        *(
            f"{label}{mark}"
            for label in (building, to_han(building))
            for mark in ("栋", "幢", "座", "号楼", "#")
        )
    )
    entered = pick(
        f"{entrance}单元", f"{to_han(entrance)}单元", f"{entrance}门", f"{entrance}梯", f"{entrance}-"
    )
    housed = pick(room, f"{room}室", f"{room}房", f"{room}号", f"{room}户")
    between = pick("", " ", "\u3000")
    whole = pick(
        before + compound + between + between.join([marked, entered, housed]),
        f"{before}{compound}{building}{pick('-', '—', '－', '/')}{entrance}{pick('-', '–')}{room}",
    )
    address = parse_address(pick(whole, to_wide(whole), whole.lower()))
    assert (address.building, address.entrance, address.room) == (building, entrance, room)
    assert address.compound == normalize_address(compound)
    assert address.kind == "building"


@given(st.text() | st.text(alphabet="麒路巷弄号栋楼单元室#＃-—、3十二A 12\n"))
def test_any_text_can_be_read(text: str) -> None:
    address = parse_address(text)
    assert (address.building is None) or address.building.isalnum()
    find_buildings(normalize_address(text))
    read_after("麒麟花园", normalize_address(text))
    match_address(address, GAZETTEER)


@given(st.text(alphabet="路街巷弄号栋楼单元室省市区#-、和到的3十二A1 ", min_size=1, max_size=6))
@settings(max_examples=20, deadline=None)
def test_reading_takes_time_in_proportion_to_length(pattern: str) -> None:
    def measure_s(length: int) -> float:
        text = (pattern * length)[:length]
        start = time.process_time()
        parse_address(text)
        return time.process_time() - start

    # Ten times the text: a pattern that backtracks over it would take a hundred times as long.
    short_s = max(min(measure_s(10_000) for _ in range(2)), 0.002)
    assert min(measure_s(100_000) for _ in range(2)) < 40 * short_s


@pytest.mark.parametrize(
    ("text", "quality", "building", "by"),
    [
        ("麒麟花园3栋2单元501室", "dwelling", 11, "exact"),
        ("麒麟花园３＃", "building", 11, "exact"),
        ("麒行路88号麒麟花园3栋", "building", 11, "exact"),
        ("麒行路麒麟花园3栋", "building", 11, "exact"),
        ("麒行路88号3栋501", "dwelling", 11, "exact"),
        ("老糖厂3栋", "building", 11, "alias"),
        ("南苑", "compound", None, "alias"),
        ("麒麟花园小区3栋", "building", 11, "exact"),
        ("幸福里12栋", "building", 31, "exact"),
        ("麒麟花园5栋", "building", 13, "exact"),
        ("麒麟花园A座1203", "dwelling", 12, "exact"),
        ("金水苑十二号楼1单元", "building", 21, "exact"),
        ("麒麟花园2期3栋", "building", 71, "exact"),
        ("长风路100弄5号302室", "dwelling", 41, "exact"),
        ("长风新村5号", "building", 41, "exact"),
        ("大榕村3号", "building", 61, "exact"),
        ("榕荫路20号", "building", 91, "exact"),
        ("农贸市场", "building", 91, "exact"),
        ("第一小学1号教学楼", "building", 92, "exact"),
        ("麒麟花园", "compound", None, "exact"),
        ("麒行路88号", "compound", None, "exact"),
        ("麒麟花园99栋", "compound", None, "exact"),
        ("麒麟花园5楼501", "compound", None, "exact"),
    ],
)
def test_what_is_exactly_right_is_taken(text: str, quality: str, building: int | None, by: str) -> None:
    found = match(text)
    assert (found.quality, found.building_id, found.by) == (quality, building, by)
    assert found.candidates == ()


@pytest.mark.parametrize(
    ("text", "candidates"),
    [
        ("麒鳞花园3栋", [(QILIN, 11)]),
        ("麒麟3栋501", [(QILIN, 11)]),
        ("新麒麟花园3栋", [(QILIN, 11)]),
        ("丽景湾5栋商铺101", [(LIJING, 51)]),
        ("幸福里小区门口垃圾房旁", [(XINGFU, None)]),
        ("麒麟花园3栋旁边", [(QILIN, 11)]),
        ("A座501", [(QILIN, 12)]),
        ("学苑路1号", [(None, 92), (None, 93)]),
        ("麒麟花园3-5栋", [(QILIN, None)]),
    ],
)
def test_what_is_only_likely_waits_for_a_person(
    text: str, candidates: list[tuple[int | None, int | None]]
) -> None:
    found = match(text)
    assert (found.quality, found.building_id, found.compound_id) == ("none", None, None)
    offered = [(each.compound_id, each.building_id) for each in found.candidates]
    assert offered[: len(candidates)] == candidates


def test_a_house_number_is_not_taken_for_a_building_of_a_row() -> None:
    for text, candidate in (("大榕村3栋", 61), ("麒麟花园3号", 11)):
        found = match(text)
        assert (found.quality, found.building_id) == ("compound", None)
        assert [each.building_id for each in found.candidates] == [candidate]


def test_two_buildings_of_one_label_are_both_offered() -> None:
    found = match("大榕村7栋501")
    assert (found.quality, found.compound_id) == ("building", VILLAGE) or found.building_id is None
    found = match("大榕村7幢501")
    assert (found.quality, found.building_id, len(found.candidates)) == ("compound", None, 2)


@pytest.mark.parametrize(
    "text", ["和平路12号之一", "三中路西二巷8号", "", "501", "碧波半岛3栋", "麒行路88号之一", "海"]
)
def test_what_is_nowhere_here_matches_nothing(text: str) -> None:
    found = match(text)
    assert (found.quality, found.building_id, found.compound_id) == ("none", None, None)


@given(st.text(alphabet="麒麟花园金水苑长风路弄号栋楼之一3512-A座商铺", max_size=14))
def test_a_match_and_its_compound_agree(text: str) -> None:
    found = match(text)
    owners = {building.id: building.compound_id for building in GAZETTEER.buildings}
    if found.building_id is not None:
        assert owners[found.building_id] == found.compound_id
        assert found.quality in ("building", "dwelling")
        assert found.by in ("exact", "alias")
    else:
        assert found.quality in ("compound", "none")
    assert all(
        each.building_id is None or owners[each.building_id] == each.compound_id for each in found.candidates
    )
