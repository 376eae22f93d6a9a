"""Which building or compound an address means, among those a community has.

Only names that are exactly right are taken: a compound's name, its alias, or its street and number, and in it
a building of that label; then what somebody has confirmed before. Whatever is merely similar is a candidate
for a person to confirm, and so is a compound of that name which is known to be in another street.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from rapidfuzz.distance import JaroWinkler

from geo.model.gazetteer import BuildingName, CompoundName, Gazetteer, PlaceAlias
from geo.rules.address import Address, drop_area, drop_road, normalize_address, parse_address, read_road

Quality = Literal["dwelling", "building", "compound", "manual", "none"]
By = Literal["exact", "alias", "fuzzy"]

_LEAST_LIKENESS: Final = 0.85
_MOST_CANDIDATES: Final = 5
_ENDS_WITH_NAME: Final = 0.9
_LEAST_NAME: Final = 4
_ESTATE: Final = "小区"
# 解放路小区 is not 解放路.
_STREET_ENDS: Final = frozenset("路街道巷")
_SAYS_ENTRANCE: Final = re.compile("单元|[门梯]")
_MARKS: Final = str.maketrans("", "", "()[]{}<>《》「」『』【】“”‘’\"'·•,\n")
# 1,2栋 is not 12栋.
_BETWEEN_LABELS: Final = re.compile(r"(?<=[0-9A-Z])[^\w#、~-]+(?=[0-9A-Z])")
_WITHIN: Final = re.compile("(?:里面|里的|内|院内)$")
# Words that say no more than the number of a street they stand after.
_NO_NAME: Final = frozenset({"院", "大院", "院内", "内", "小区", "小区内"})


@dataclass(frozen=True)
class Candidate:
    """A place that may be meant, for a person to confirm.

    Attributes:
        name: as a person would say it.
        likeness: of the names, from 0 to 1.
    """

    building_id: int | None
    compound_id: int | None
    name: str
    likeness: float
    by: By


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


class PlaceIndex:
    """A gazetteer made ready for looking up; make one with :func:`index_places`."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        self.compounds = {compound.id: compound for compound in gazetteer.compounds}
        self.buildings = {building.id: building for building in gazetteer.buildings}
        self._compounds: dict[str, dict[int, By]] = defaultdict(dict)
        self._buildings: dict[str, set[int]] = defaultdict(set)
        self._labels: dict[tuple[int | None, str], set[int]] = defaultdict(set)
        self._houses: set[int] = set()
        self._named: set[str] = set()
        self._roads: dict[int, str] = {}
        self._aliases = {alias.words: alias for alias in gazetteer.aliases}
        for compound in gazetteer.compounds:
            self._add_compound(compound)
        for alias in gazetteer.aliases:
            if alias.compound_id is not None and alias.building_id is None and alias.point is None:
                self._compounds[alias.words].setdefault(alias.compound_id, "alias")
        for name in list(self._compounds):
            # 幸福里小区 is 幸福里 too, unless another compound is.
            for other in (name.removesuffix(_ESTATE), name + _ESTATE):
                if (
                    other not in self._compounds
                    and len(other) > len(_ESTATE)
                    and other[-1] not in _STREET_ENDS
                ):
                    self._compounds[other] = self._compounds[name]
        self.names: Final = tuple(sorted(filter(None, self._compounds), key=len, reverse=True))
        for compound in gazetteer.compounds:
            if compound.address:
                self._compounds[simplify_name(compound.address)][compound.id] = "exact"
        for building in gazetteer.buildings:
            self._add_building(building)
        # Shorter ones, as 幼儿园, stand in a text for any of their kind.
        named = {name for name in self._named if len(name) >= _LEAST_NAME}
        self.named_buildings: Final = tuple(sorted(named, key=len, reverse=True))

    def find_compounds(self, words: str) -> dict[int, By]:
        """Find the compounds called exactly so; by ``exact`` ones alone if there are any."""
        found = self._compounds.get(words, {})
        return {key: by for key, by in found.items() if by == "exact"} or found

    def find_named(self, words: str) -> set[int]:
        """Find the buildings whose whole name or address this is."""
        return self._buildings.get(words, set())

    def find_labelled(self, compound_id: int | None, label: str) -> set[int]:
        """Find the buildings of a label in a compound."""
        return self._labels.get((compound_id, label), set())

    def list_labelled(self, label: str) -> list[int]:
        """List the buildings of a label in any compound."""
        return sorted(key for (_, own), found in self._labels.items() if own == label for key in found)

    def find_alias(self, words: str) -> PlaceAlias | None:
        """Find what somebody has confirmed these words to mean."""
        return self._aliases.get(words)

    def is_elsewhere(self, compound_id: int, road: str | None) -> bool:
        """Whether a compound is known to be in another street than this."""
        known = self._roads.get(compound_id)
        return (
            bool(known and road) and not str(road).endswith(str(known)) and not str(known).endswith(str(road))
        )

    def is_in_street(self, compound_id: int, road: str) -> bool:
        """Whether a compound is known to be in this street."""
        return compound_id in self._roads and not self.is_elsewhere(compound_id, road)

    def is_lane(self, compound_id: int) -> bool:
        """Whether a compound is a lane (弄), whose buildings are houses."""
        compound = self.compounds[compound_id]
        return any(each.endswith("弄") for each in (compound.name, compound.address or ""))

    def is_house(self, building_id: int) -> bool:
        """Whether a building is called by a bare number, as ``大榕村3号``."""
        return building_id in self._houses

    def find_similar(self, words: str) -> dict[int, float]:
        """Find compounds with a similar name, with the likeness of the names from 0.85 to 1."""
        found: dict[int, float] = {}
        for name in self.names:
            likeness = _ENDS_WITH_NAME if words.endswith(name) else _compare_names(words, name)
            if likeness < _LEAST_LIKENESS:
                continue
            for compound_id in self._compounds[name]:
                found[compound_id] = max(likeness, found.get(compound_id, 0.0))
        return dict(sorted(found.items(), key=lambda item: (-item[1], item[0]))[:_MOST_CANDIDATES])

    def _add_compound(self, compound: CompoundName) -> None:
        for alias in compound.aliases:
            self._compounds[simplify_name(alias)][compound.id] = "alias"
        self._compounds[simplify_name(compound.name)][compound.id] = "exact"
        if compound.address and (road := parse_address(compound.address).road):
            self._roads[compound.id] = road

    def _add_building(self, building: BuildingName) -> None:
        compound = self.compounds.get(building.compound_id) if building.compound_id is not None else None
        name = simplify_name(building.name)
        callings = [simplify_name(each) for each in (compound.name, *compound.aliases)] if compound else []
        before = callings[0] if callings else ""
        said = max((each for each in callings if name.startswith(each)), key=len, default="")
        own = name.removeprefix(said) or name
        self._buildings[before + own].add(building.id)
        if compound is None and building.address:
            self._buildings[simplify_name(building.address)].add(building.id)
        label = _read_label(own)
        if label is None:
            self._named.add(before + own)
        else:
            self._labels[building.compound_id, label].add(building.id)
        if own.endswith("号"):
            self._houses.add(building.id)

    def candidate(
        self, compound_id: int | None, building_id: int | None, likeness: float, by: By
    ) -> Candidate:
        """Make a candidate, named as a person would say it."""
        compound = self.compounds.get(compound_id) if compound_id is not None else None
        name = compound.name if compound else ""
        if building_id is not None:
            own = self.buildings[building_id].name
            name = own if own.startswith(name) else name + own
        return Candidate(building_id, compound_id, name, likeness, by)


@lru_cache(maxsize=16)
def index_places(gazetteer: Gazetteer) -> PlaceIndex:
    """Make a gazetteer ready; the same one is made ready once."""
    return PlaceIndex(gazetteer)


def simplify_name(name: str) -> str:
    """Write a name one way, without blanks, brackets and quotation marks."""
    return _drop_marks(normalize_address(name))


def _drop_marks(words: str) -> str:
    """Drop blanks, brackets and quotation marks from words that are written one way already."""
    return words if words.isalnum() else _BETWEEN_LABELS.sub(" ", words).translate(_MARKS).strip("- ")


def _compare_names(one: str, other: str) -> float:
    """Compare names from both ends: a slip in 麒鳞花园 weighs no more at its beginning than at its end."""
    return max(JaroWinkler.similarity(one, other), JaroWinkler.similarity(one[::-1], other[::-1]))


def _read_label(own: str) -> str | None:
    """Read the label in a building's own name: 3 in 3, 3栋, 3号 and 3楼; None in 教学楼."""
    bare = own.removesuffix("号")
    if bare.isascii() and bare.isalnum():
        return bare.lstrip("0") or bare
    address = parse_address(own)
    is_label = not address.rest and not address.compound and not address.room
    return (address.building or address.floor) if is_label else None


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
    alias = index.find_alias(name_place(address))
    if alias is None or means_several(address, index):
        return found
    return _take_alias(alias, address, index)


def means_several(address: Address, index: PlaceIndex) -> bool:
    """Whether several places have exactly the name an address says: none of them is its one meaning."""
    return len(_find_compounds(address, index)) > 1 or len(index.find_named(_drop_marks(address.text))) > 1


def name_place(address: Address) -> str:
    """Write the place of an address one way, however it was spelt: without entrance, floor and room.

    What has no building, and is no compound either, keeps all its words.
    """
    if address.kind not in ("building", "house", "lane", "compound"):
        return _drop_marks(address.text)
    street = f"{address.road or ''}{address.number}号" if address.number else address.road or ""
    lane = f"{address.lane}弄" if address.lane else ""
    named = address.compound or ""
    if address.number and named.startswith(street):
        street = ""
    mark = "号" if address.kind in ("house", "lane") else "栋"
    return _drop_marks(
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
    named = index.find_named(_drop_marks(address.text))
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
    return Match("compound", None, compound_id, doubtful[:_MOST_CANDIDATES], by)


def _read_otherwise(compound_id: int, address: Address, index: PlaceIndex) -> set[int]:
    """Find the buildings that dashes may mean too: A-1-501 is in A1 as well as in A, where there are both."""
    label, entrance = address.building or "", address.entrance or ""
    if not entrance or label.isdigit() == entrance.isdigit() or _SAYS_ENTRANCE.search(address.text):
        return set()
    return index.find_labelled(compound_id, label + entrance)


def _read_street(address: Address, index: PlaceIndex) -> str | None:
    """Read the street before a compound's name; 解放路小区 is no street of its own."""
    words = address.compound or ""
    return None if index.find_compounds(_drop_marks(words)) else read_road(words)


def _judge(address: Address) -> Quality:
    return "dwelling" if address.room else "building"


def _find_compounds(address: Address, index: PlaceIndex) -> dict[int, By]:
    """Find by the compound's words, without the street before them, or by street and number."""
    words: list[str | None] = [address.compound]
    if address.compound:
        within = drop_area(address.compound)
        words += [drop_road(address.compound), within, drop_road(within) if within else None]
        words.append(_WITHIN.sub("", address.compound))
    # 100弄5支弄3号 is no house of lane 100.
    is_unnamed = not address.compound or address.compound in _NO_NAME
    if address.lane and is_unnamed:
        words.append(f"{address.road or ''}{address.lane}弄")
    elif address.number and (
        is_unnamed or str(address.compound).startswith(f"{address.road}{address.number}号")
    ):
        words.append(f"{address.road or ''}{address.number}号")
    for word in words:
        if word and (found := index.find_compounds(_drop_marks(word))):
            return _choose_by_street(found, address, index)
    return {}


def _choose_by_street(found: dict[int, By], address: Address, index: PlaceIndex) -> dict[int, By]:
    """Of several compounds of one name choose the one in the street that the address begins with.

    Where the street and number are another compound's, both may be meant.
    """
    if address.number:
        there = index.find_compounds(_drop_marks(f"{address.road or ''}{address.number}号"))
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
        by, likely = "fuzzy", index.find_similar(_drop_marks(address.compound))
    elif address.building is not None and not address.road:
        anywhere = [
            (index.buildings[key].compound_id, key, 0.0) for key in index.list_labelled(address.building)
        ]
        return _offer(index, anywhere if len(anywhere) <= _MOST_CANDIDATES else (), "fuzzy")
    places: list[tuple[int | None, int | None, float]] = []
    for compound_id, likeness in likely.items():
        labelled = index.find_labelled(compound_id, address.building) if address.building else set()
        places += [(compound_id, key, likeness) for key in sorted(labelled)] or [
            (compound_id, None, likeness)
        ]
    return _offer(index, places, by)


def _offer(index: PlaceIndex, places: Iterable[tuple[int | None, int | None, float]], by: By) -> Match:
    offered = tuple(index.candidate(*place, by) for place in places)[:_MOST_CANDIDATES]
    return Match("none", candidates=offered, by=by if offered else None)
