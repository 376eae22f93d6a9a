"""What the places of a community are called, made ready for looking up."""

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from rapidfuzz.distance import JaroWinkler

from geo.model.gazetteer import BuildingName, CompoundName, Gazetteer, PlaceAlias
from geo.rules.address import normalize_address, parse_address

By = Literal["exact", "alias", "fuzzy"]

MOST_CANDIDATES: Final = 5
_LEAST_LIKENESS: Final = 0.85
_ENDS_WITH_NAME: Final = 0.9
_LEAST_NAME: Final = 4
_ESTATE: Final = "小区"
# 解放路小区 is not 解放路.
_STREET_ENDS: Final = frozenset("路街道巷")
_MARKS: Final = str.maketrans("", "", "()[]{}<>《》「」『』【】“”‘’\"'·•,\n")
# 1,2栋 is not 12栋.
_BETWEEN_LABELS: Final = re.compile(r"(?<=[0-9A-Z])[^\w#、~-]+(?=[0-9A-Z])")


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
        return dict(sorted(found.items(), key=lambda item: (-item[1], item[0]))[:MOST_CANDIDATES])

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
    return drop_marks(normalize_address(name))


def drop_marks(words: str) -> str:
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
