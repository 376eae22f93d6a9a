"""Which building or compound an address means, among those a community has.

Only names that are exactly right are taken: a compound's name, its alias, or its street and number, and in it
a building of that label; then what somebody has confirmed before. Whatever is merely similar is a candidate
for a person to confirm, and so is a compound of that name which is known to be in another street.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final, Literal

from geo.model.gazetteer import Gazetteer, PlaceAlias
from geo.rules.address import Address, drop_area, drop_road, read_road
from geo.rules.naming import MOST_CANDIDATES, By, Candidate, PlaceIndex, drop_marks, index_places

Quality = Literal["dwelling", "building", "compound", "manual", "none"]

_SAYS_ENTRANCE: Final = re.compile("单元|[门梯]")
_WITHIN: Final = re.compile("(?:里面|里的|内|院内)$")
# Words that say no more than the number of a street they stand after.
_NO_NAME: Final = frozenset({"院", "大院", "院内", "内", "小区", "小区内"})


@dataclass(frozen=True)
class Match:
    """What an address means; ids are set only where there is no doubt, candidates only where there is.

    Attributes:
        by: how the compound or building was recognised; None where nothing was, not even a candidate.
        point: longitude and latitude of the spot itself where somebody has shown it; quality ``manual``.
    """

    quality: Quality
    building_id: int | None = None
    compound_id: int | None = None
    candidates: tuple[Candidate, ...] = ()
    by: By | None = None
    point: tuple[float, float] | None = None


def match_address(address: Address, gazetteer: Gazetteer) -> Match:
    """Find what an address means in a community; a doubt gives candidates and no building."""
    return match_place(address, index_places(gazetteer))


def match_place(address: Address, index: PlaceIndex, *, is_asking: bool = True) -> Match:
    """Find what an address means as :func:`match_address`, in a gazetteer that was made ready.

    Args:
        address: as it was read.
        index: the gazetteer.
        is_asking: whether anybody is there to whom candidates can be offered.
    """
    found = _match_exactly(address, index, is_asking=is_asking)
    if found.building_id is not None:
        return found
    within = drop_area(address.compound or "")
    alias = index.find_alias(name_place(address)) or (
        index.find_alias(name_place(replace(address, compound=within))) if within else None
    )
    if alias is None or means_several(address, index):
        return found
    return _take_alias(alias, address, index)


def means_several(address: Address, index: PlaceIndex) -> bool:
    """Whether several places have exactly the name an address says: none of them is its one meaning."""
    return len(_find_compounds(address, index)) > 1 or len(index.find_named(drop_marks(address.text))) > 1


def name_place(address: Address) -> str:
    """Write the place of an address one way, however it was spelt: without entrance, floor and room.

    What has no building, and is no compound either, keeps all its words.
    """
    if address.kind not in ("building", "house", "lane", "compound"):
        return drop_marks(address.text)
    street = f"{address.road or ''}{address.number}号" if address.number else address.road or ""
    lane = f"{address.lane}弄" if address.lane else ""
    named = address.compound or ""
    if address.number and named.startswith(street):
        street = ""
    mark = "号" if address.kind in ("house", "lane") else "栋"
    return drop_marks(
        f"{street}{lane}{named}{address.building}{mark}" if address.building else f"{street}{lane}{named}"
    )


def _take_alias(alias: PlaceAlias, address: Address, index: PlaceIndex) -> Match:
    if alias.is_elsewhere:
        return Match("none", by="alias")
    if alias.point is not None:
        return Match("manual", alias.building_id, alias.compound_id, by="alias", point=alias.point)
    if alias.building_id is not None:
        compound_id = index.buildings[alias.building_id].compound_id
        return Match(_judge(address), alias.building_id, compound_id, by="alias")
    return Match("compound", None, alias.compound_id, by="alias")


def _match_exactly(address: Address, index: PlaceIndex, *, is_asking: bool) -> Match:
    named = index.find_named(drop_marks(address.text))
    if len(named) == 1:
        (building_id,) = named
        return Match(_judge(address), building_id, index.buildings[building_id].compound_id, by="exact")
    if named:
        return _offer(index, ((index.buildings[key].compound_id, key, 1.0) for key in sorted(named)), "exact")
    compounds = _find_compounds(address, index)
    is_whole = address.kind in ("street", "alley") and not address.rest
    if len(compounds) == 1 and (is_whole or not address.needs_review):
        ((compound_id, by),) = compounds.items()
        if not index.is_elsewhere(compound_id, address.road or _read_street(address, index)):
            return _match_within(compound_id, by, address, index)
    return _propose(address, index, compounds) if is_asking else Match("none")


def _match_within(compound_id: int, by: By, address: Address, index: PlaceIndex) -> Match:
    """Find the building that is certain in a compound; 3号 is not taken for 3栋, nor 3栋 for 3号."""
    labelled = index.find_labelled(compound_id, address.building) if address.building else set()
    is_house = address.kind == "house"
    # In a lane every building is a house; and 3号楼下 may mean below 3号, or 3号楼.
    is_either = (
        address.kind == "lane"
        or index.is_lane(compound_id)
        or (is_house and not address.room and address.rest.startswith("楼"))
    )
    sure = {key for key in labelled if is_either or index.is_house(key) == is_house}
    others = _read_otherwise(compound_id, address, index)
    if len(sure) == 1 and not others:
        return Match(_judge(address), sure.pop(), compound_id, by=by)
    doubtful = tuple(index.candidate(compound_id, key, 1.0, by) for key in sorted(labelled | others))
    return Match("compound", None, compound_id, doubtful[:MOST_CANDIDATES], by)


def _read_otherwise(compound_id: int, address: Address, index: PlaceIndex) -> set[int]:
    """Find the buildings that dashes may mean too: A-1-501 is in A1 as well as in A, where there are both."""
    label, entrance = address.building or "", address.entrance or ""
    if not entrance or label.isdigit() == entrance.isdigit() or _SAYS_ENTRANCE.search(address.text):
        return set()
    return index.find_labelled(compound_id, label + entrance)


def _read_street(address: Address, index: PlaceIndex) -> str | None:
    """Read the street before a compound's name; 解放路小区 is no street of its own."""
    words = address.compound or ""
    return None if index.find_compounds(drop_marks(words)) else read_road(words)


def _judge(address: Address) -> Quality:
    return "dwelling" if address.room else "building"


def _find_compounds(address: Address, index: PlaceIndex) -> dict[int, By]:
    """Find by the compound's words, without the street before them, or by street and number."""
    words = _list_callings(address.compound)
    # 100弄5支弄3号 is no house of lane 100.
    is_unnamed = not address.compound or address.compound in _NO_NAME
    if address.lane and is_unnamed:
        words.append(f"{address.road or ''}{address.lane}弄")
    elif address.number and (
        is_unnamed or str(address.compound).startswith(f"{address.road}{address.number}号")
    ):
        words.append(f"{address.road or ''}{address.number}号")
    for word in words:
        if word and (found := index.find_compounds(drop_marks(word))):
            return _choose_by_street(found, address, index)
    return {}


def _list_callings(compound: str | None) -> list[str | None]:
    """List what a compound may be called by these words: without the district or street before it."""
    if not compound:
        return []
    within = drop_area(compound)
    return [
        compound,
        drop_road(compound),
        within,
        drop_road(within) if within else None,
        _WITHIN.sub("", compound),
    ]


def _choose_by_street(found: dict[int, By], address: Address, index: PlaceIndex) -> dict[int, By]:
    """Of several compounds of one name choose the one in the street that the address begins with.

    Where the street and number are another compound's, both may be meant.
    """
    if address.number:
        there = index.find_compounds(drop_marks(f"{address.road or ''}{address.number}号"))
        chosen = {key: by for key, by in found.items() if key in there}
        if chosen or there:
            return chosen or found | there
    road = address.road or read_road(address.compound or "")
    if len(found) == 1 or not road:
        return found
    return {key: by for key, by in found.items() if index.is_in_street(key, road)} or found


def _propose(address: Address, index: PlaceIndex, compounds: dict[int, By]) -> Match:
    """Offer what the address may mean: its building where one is known, else the compound."""
    by: By = "exact"
    likely: dict[int, float] = dict.fromkeys(compounds, 1.0)
    if compounds:
        by = next(iter(compounds.values()))
    elif address.compound:
        by = "fuzzy"
        for calling in filter(None, _list_callings(address.compound)):
            likely = likely or index.find_similar(drop_marks(calling))
    elif address.building is not None and not address.road:
        anywhere = [
            (index.buildings[key].compound_id, key, 0.0) for key in index.list_labelled(address.building)
        ]
        return _offer(index, anywhere if len(anywhere) <= MOST_CANDIDATES else (), "fuzzy")
    places: list[tuple[int | None, int | None, float]] = []
    for compound_id, likeness in likely.items():
        labelled = index.find_labelled(compound_id, address.building) if address.building else set()
        places += [(compound_id, key, likeness) for key in sorted(labelled)] or [
            (compound_id, None, likeness)
        ]
    return _offer(index, places, by)


def _offer(index: PlaceIndex, places: Iterable[tuple[int | None, int | None, float]], by: By) -> Match:
    offered = tuple(index.candidate(*place, by) for place in places)[:MOST_CANDIDATES]
    return Match("none", candidates=offered, by=by if offered else None)
