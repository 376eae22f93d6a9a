"""Addresses as people write them, by the thousand: the right building, and never a wrong one unasked."""

from collections.abc import Callable
from functools import lru_cache
from random import Random

import pandas as pd
import pyarrow as pa
import pytest
import shapely

from etl.demo.program import PROGRAMS
from etl.demo.town.terrain import lay_out_sites
from etl.demo.town.town import build_town
from etl.importing.places.addressing import match_addresses
from geo.model.gazetteer import BuildingName, CompoundName, Gazetteer, PlaceAlias
from geo.rules.address import parse_address
from geo.rules.matching import Match, match_address, match_place, name_place
from geo.rules.naming import PlaceIndex
from geo.store.imports import Places
from tests.spellings import Spelling, list_dwellings, spell, spell_doubtfully

SPELLINGS = 2_000


def build_demo() -> Gazetteer:
    town = build_town(lay_out_sites(PROGRAMS["D"], 1, 1)[0])
    return Gazetteer(
        tuple(CompoundName(at, each.name, (), each.address) for at, each in enumerate(town.compounds)),
        tuple(
            BuildingName(at, each.compound if each.compound >= 0 else None, each.name, each.address)
            for at, each in enumerate(town.buildings)
        ),
    )


def build_near() -> Gazetteer:
    """Names that differ in a character or a phase, one name in two streets, labels 1, 11, A1 and 1A."""
    compounds = (
        CompoundName(1, "麒麟花园", ("老糖厂",), "麒行路88号"),
        CompoundName(2, "麒麟花苑", (), "麒行路90号"),
        CompoundName(3, "麒麟花园二期", (), "学苑路12号"),
        CompoundName(4, "幸福里小区", (), "和平路3号"),
        CompoundName(5, "幸福里小区", (), "文昌路16号"),
        CompoundName(6, "金水苑", ("粮所宿舍",)),
        CompoundName(7, "金水苑南区", ("南苑",)),
        CompoundName(8, "808小区"),
        CompoundName(9, "解放路小区", (), "解放路5号"),
        CompoundName(10, "阳光一村"),
        CompoundName(11, "阳光二村"),
    )
    labels = ("1", "2", "3", "11", "12", "21", "A", "B", "A1", "1A", "1B")
    names = ("{0}{1}栋", "{1}栋", "{1}号楼", "{1}")
    return Gazetteer(
        compounds,
        tuple(
            BuildingName(
                100 * compound.id + at, compound.id, names[compound.id % 4].format(compound.name, label)
            )
            for compound in compounds
            for at, label in enumerate(labels)
        ),
    )


def build_lanes() -> Gazetteer:
    """Lanes of Shanghai: 长风路100弄, 110弄 and 11弄, houses 1, 10, 11, 101 and 111."""
    lanes = ("长风路100弄", "长风路110弄", "长风路11弄", "白兰路5弄", "白玉路55弄")
    names = ("长风一村", "长风二村", "长风三村", "白兰新村", "白玉新村")
    compounds = tuple(
        CompoundName(at, *each) for at, each in enumerate(zip(names, ((),) * 5, lanes, strict=True))
    )
    houses = (1, 2, 3, 5, 10, 11, 12, 15, 101, 111)
    return Gazetteer(
        compounds,
        tuple(
            BuildingName(1000 * lane.id + house, lane.id, f"{house}号")
            for lane in compounds
            for house in houses
        ),
    )


TOWNS: dict[str, Callable[[], Gazetteer]] = {"demo": build_demo, "near": build_near, "lanes": build_lanes}


@lru_cache
def get_town(name: str) -> Gazetteer:
    return TOWNS[name]()


def write(town: str, how: Callable[..., Spelling], seed: int = 7) -> list[Spelling]:
    dwellings, chance = list_dwellings(get_town(town)), Random(seed)
    return [how(chance.choice(dwellings), chance) for _ in range(SPELLINGS)]


@lru_cache
def get_index(town: str) -> PlaceIndex:
    return PlaceIndex(get_town(town))


def match(text: str, town: str) -> Match:
    return match_place(parse_address(text), get_index(town))


@pytest.mark.parametrize("town", TOWNS)
def test_a_dwelling_is_found_however_it_is_spelt(town: str) -> None:
    found = [(each, match(each.text, town)) for each in write(town, spell)]
    wrong = [each.text for each, told in found if told.building_id not in (None, each.building_id)]
    assert wrong == []
    missed = [each.text for each, told in found if told.building_id is None]
    assert len(missed) <= 0.02 * SPELLINGS, missed[:20]


@pytest.mark.parametrize("town", TOWNS)
def test_a_doubtful_address_is_never_taken(town: str) -> None:
    taken = [
        each.text for each in write(town, spell_doubtfully) if match(each.text, town).building_id is not None
    ]
    assert taken == []


@pytest.mark.parametrize("town", TOWNS)
def test_a_file_is_read_as_its_addresses_are(town: str) -> None:
    """Rows are matched by what stands before the flat; each must come to what its whole address says."""
    gazetteer = get_town(town)
    texts = [each.text for how in (spell, spell_doubtfully) for each in write(town, how, seed=8)]
    ids = [each.id for each in gazetteer.buildings]
    buildings = pd.DataFrame({"id": ids, "geom": [shapely.box(at, 0, at + 1, 1) for at in range(len(ids))]})
    compounds = pd.DataFrame({"id": [each.id for each in gazetteer.compounds]})
    places = Places(pd.DataFrame(), compounds, buildings)
    # As a large file comes, in pieces.
    rows = pa.chunked_array([texts, list(reversed(texts))])
    found = match_addresses(rows, gazetteer, places)
    told = [match(text, town) for text in texts]
    told += reversed(told)
    assert found.quality.tolist() == [each.quality for each in told]
    assert [[*ids, None][at] for at in found.building] == [each.building_id for each in told]
    # A building has a point; a compound none, for it would be a made-up one.
    assert (~pd.isna(found.points[:, 0])).tolist() == [each.building_id is not None for each in told]


@pytest.mark.parametrize(
    ("text", "town", "offered"),
    [
        ("麒麟花苑3栋", "near", 202),
        ("麒麟花园3栋", "near", 102),
        ("麒麟花园二期3栋", "near", 302),
        ("麒麟花园1栋", "near", 100),
        ("麒麟花园11栋", "near", 103),
        ("麒麟花园1单元1栋", "near", None),
        ("麒麟花园A1栋", "near", 108),
        ("麒麟花园1A栋", "near", 109),
        ("麒麟花园A-1-101", "near", None),
        ("麒麟花园1-A-101", "near", None),
        ("麒麟花园A座1单元101", "near", 106),
        ("麒麟花园3栋(二期)", "near", None),
        ("麒行路90号麒麟花园3栋", "near", None),
        ("学苑路麒麟花园3栋", "near", None),
        ("九龙路7号麒麟花园3栋", "near", None),
        ("幸福里小区3栋", "near", None),
        ("和平路3号幸福里小区3号楼", "near", 402),
        ("文昌路幸福里3号楼", "near", 502),
        ("九龙路幸福里3号楼", "near", None),
        ("麒麟花园一期3栋", "near", None),
        # Two buildings are not the one whose label they would make together.
        ("麒麟花园1,2栋", "near", None),
        ("麒麟花园１，２栋", "near", None),
        ("麒麟花园1 2栋", "near", None),
        ("麒麟花园1·2栋", "near", None),
        ("麒麟花园1(2)栋", "near", None),
        ("麒麟花园1、2栋", "near", None),
        ("麒麟花园A,1栋", "near", None),
        ("麒麟花园1栋 2栋", "near", None),
        ("麒行路88号紫金楼3栋", "near", None),
        ("麒行路88号3栋", "near", 102),
        ("麒麟花园3栋501铺", "near", None),
        ("麒麟花园3栋501室,11栋也漏", "near", None),
        ("麒麟花园3栋501室装修噪音", "near", 102),
        ("麒麟花园三栋二单元五零一", "near", 102),
        ("麒麟花园叁号楼", "near", 102),
        ("麒麟花园(三栋)2单元501", "near", 102),
        ("地址：麒麟花园3栋", "near", 102),
        ("长风路100弄5支弄3号", "lanes", None),
        ("长风路100弄(长风一村)5号", "lanes", 5),
        ("金水苑北区3栋", "near", None),
        ("南区金水苑3栋", "near", None),
        ("柳州市南区金水苑3栋", "near", None),
        ("二区金水苑3栋", "near", None),
        ("解放路小区3栋", "near", 902),
        ("解放路3栋", "near", None),
        ("阳光村3栋", "near", None),
        ("麒麟花园3栋楼下马路对面", "near", None),
        ("麒麟花园3栋门口到11栋", "near", None),
        ("麒麟花园3栋楼道,11栋也有", "near", None),
        ("长风路11弄1号", "lanes", 2001),
        ("长风路111弄1号", "lanes", None),
        ("长风路10弄1号", "lanes", None),
        ("长风路110弄11号", "lanes", 1011),
        ("白兰路55弄5号", "lanes", None),
        ("长风新村1号", "lanes", None),
        ("长风路100弄1-3号", "lanes", None),
    ],
)
def test_near_names_are_kept_apart(text: str, town: str, offered: int | None) -> None:
    assert match(text, town).building_id == offered


class TestAliases:
    """What somebody has confirmed counts after what is exactly right, and for no more than was confirmed."""

    aliases = (
        PlaceAlias("麒鳞花园3栋", building_id=102),
        PlaceAlias("琪麟花园", compound_id=1),
        PlaceAlias("糖厂大门", compound_id=1, point=(109.4, 24.3)),
        PlaceAlias("远方花园5栋", is_elsewhere=True),
        PlaceAlias("麒麟花苑3栋", building_id=102),
        PlaceAlias("幸福里小区3栋", building_id=402),
    )

    def match(self, text: str) -> Match:
        near = get_town("near")
        return match_address(parse_address(text), Gazetteer(near.compounds, near.buildings, self.aliases))

    def test_a_confirmed_spelling_is_taken_in_all_its_forms(self) -> None:
        for text in ("麒鳞花园3栋", "麒鳞花园三幢", "柳州市鱼峰区麒鳞花园３＃", "鱼峰区麒鳞花园3号楼"):
            assert self.match(text) == Match("building", 102, 1, by="alias")
        assert self.match("麒鳞花园3栋2单元501").quality == "dwelling"

    def test_of_other_buildings_it_says_nothing(self) -> None:
        assert self.match("麒鳞花园2栋").building_id is None
        assert self.match("麒鳞花园13栋").building_id is None

    def test_a_compound_takes_its_buildings_along(self) -> None:
        assert self.match("琪麟花园11栋").building_id == 103
        assert self.match("琪麟花园99栋").building_id is None
        assert self.match("九龙路琪麟花园11栋").building_id is None

    def test_a_spot_is_the_spot(self) -> None:
        found = self.match("糖厂大门")
        assert (found.quality, found.compound_id, found.point) == ("manual", 1, (109.4, 24.3))

    def test_what_is_elsewhere_is_not_asked_again(self) -> None:
        found = self.match("远方花园5栋501")
        assert (found.quality, found.candidates, found.by) == ("none", (), "alias")

    def test_a_name_goes_before_an_alias(self) -> None:
        assert self.match("麒麟花苑3栋").building_id == 202

    def test_one_name_of_two_places_stays_a_question(self) -> None:
        """Confirmed for one case: the next may mean the other."""
        found = self.match("幸福里小区3栋")
        assert found.building_id is None
        assert {each.building_id for each in found.candidates} == {402, 502}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("柳州市鱼峰区麒鳞花园三幢2单元501", "麒鳞花园3栋"),
        ("麒行路88号麒鳞花园3＃", "麒行路88号麒鳞花园3栋"),
        ("长风路一百弄五号302室", "长风路100弄5号"),
        ("麒鳞村3号", "麒鳞村3号"),
        ("麒鳞花园3栋旁", "麒鳞花园3栋旁"),
        ("麒鳞花园", "麒鳞花园"),
        ("和平路12号之一", "和平路12号之一"),
    ],
)
def test_spellings_of_one_place_have_one_name(text: str, words: str) -> None:
    assert name_place(parse_address(text)) == words
