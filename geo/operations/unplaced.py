"""What could not be placed: listed by what it says of its place, placed by whoever knows, and remembered.

Only a person decides here. What he says of an address counts for all that waits with it, and is kept as an
alias, so that the next file needs no question; except where the words name several places, of which each case
may mean another.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Literal

import psycopg2.errors
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from geo.errors import Conflict, InputRefused
from geo.model.gazetteer import PlaceAlias
from geo.operations.deadlines import find_day
from geo.rules.address import Address, parse_address
from geo.rules.matching import match_place, means_several, name_place
from geo.rules.naming import Candidate, PlaceIndex, index_places, simplify_name
from geo.store import addresses, incidents
from geo.store.addresses import KeptAlias, Waiting
from geo.store.engine import connect, transaction

__all__ = [
    "KeptAlias", "PlaceChoice", "Unplaced", "WaitingGroup", "forget_alias", "list_aliases", "list_unplaced",
    "mark_elsewhere", "place_group",
]  # fmt: skip

_MOST_SPELLINGS: Final = 2_000
_LONGEST_ALIAS: Final = 200
_MASKED_ROOM: Final = "***"
_LONG_AGO: Final = datetime(1, 1, 1, tzinfo=UTC)
_OF_BUILDINGS: Final = ("building", "house", "lane")


@dataclass(frozen=True)
class WaitingGroup:
    """What waits with one address, in all its spellings.

    Attributes:
        words: the address written one way, without entrance, floor and room; what an alias would remember.
        spellings: as it was written, rooms masked.
        cases: how many cases wait with it.
        open_cases: how many of them are open.
        merchants: how many merchants wait with it.
        latest: when the latest of them was reported.
        compound: the compound's words in it, where an alias could be of the whole compound.
        known_compound_id: the compound, where no more than that is known.
        candidates: what it may mean, the likeliest first.
        is_certain: whether the first of them is what it means, as names stand by now.
        is_remembered: whether what a person says of it will hold for the next such address too.
    """

    words: str
    spellings: tuple[str, ...]
    cases: int
    open_cases: int
    merchants: int
    latest: datetime
    compound: str | None
    known_compound_id: int | None
    candidates: tuple[Candidate, ...]
    is_certain: bool
    is_remembered: bool


@dataclass(frozen=True)
class Unplaced:
    """What waits for a place in a community.

    Attributes:
        groups: by address, those with most cases first.
        elsewhere: addresses of which somebody has said that they are none of the community's.
        cases: all cases without a place, as the reader sees them.
        sealed: those of them that are sealed or sensitive, and not in the groups.
        merchants: merchants without a place.
        silent: cases and merchants that say nothing of a place.
    """

    groups: tuple[WaitingGroup, ...]
    elsewhere: tuple[WaitingGroup, ...]
    cases: int
    sealed: int
    merchants: int
    silent: int


@dataclass(frozen=True)
class PlaceChoice:
    """Where a person says that an address is: a building, a compound, or a spot on the map.

    Attributes:
        longitude: EPSG:4490 degrees, with ``latitude``, of a spot; it finds its building and compound itself.
        whole_compound: whether the compound's words in the address mean the building's compound from now on.
    """

    building_id: int | None = None
    compound_id: int | None = None
    longitude: float | None = None
    latitude: float | None = None
    whole_compound: bool = False

    @property
    def point(self) -> tuple[float, float] | None:
        """Longitude and latitude of the spot."""
        return None if self.longitude is None or self.latitude is None else (self.longitude, self.latitude)


@dataclass
class _Gathered:
    address: Address
    spellings: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    latest: datetime = _LONG_AGO
    compounds: set[int | None] = field(default_factory=set)


def list_unplaced(community_id: int) -> Unplaced:
    """List what waits for a place in a community, as whoever acts sees it."""
    with connect() as connection:
        waiting = addresses.list_waiting(connection, community_id, _MOST_SPELLINGS)
        cases, sealed, merchants = addresses.count_waiting(connection, community_id)
        index = index_places(addresses.read_gazetteer(connection, community_id))
    groups: list[WaitingGroup] = []
    elsewhere: list[WaitingGroup] = []
    for words, gathered in _gather(waiting).items():
        alias = index.find_alias(words)
        of_ours = alias is None or not alias.is_elsewhere
        (groups if of_ours else elsewhere).append(_make_group(words, gathered, index))
    silent = sum(each.waiting for each in waiting if not each.address)
    order = lambda group: (-group.cases - group.merchants, group.words)  # noqa: E731 - of both lists alike
    return Unplaced(
        tuple(sorted(groups, key=order)),
        tuple(sorted(elsewhere, key=order)),
        cases,
        sealed,
        merchants,
        silent,
    )


def place_group(community_id: int, spellings: tuple[str, ...], choice: PlaceChoice) -> int:
    """Place all that waits with an address, and remember what it means; return how much was placed.

    Args:
        community_id: of the cases.
        spellings: of one group, as :func:`list_unplaced` gave them.
        choice: where it is.

    Raises:
        InputRefused: nothing was chosen, the spellings are of several places, or the spot lies outside.
        NotFound: what was chosen is not in this community.
        Forbidden: whoever acts places nothing.
        Conflict: somebody has said meanwhile that the address means something else.
    """
    if choice.building_id is None and choice.compound_id is None and choice.point is None:
        msg = "say where it is: choose a building, or show the spot on the map"
        raise InputRefused(msg)
    words, address = _name_group(spellings)
    building_id, compound_id = choice.building_id, choice.compound_id
    with transaction() as connection, incidents.explain_refusals():
        index = index_places(addresses.read_gazetteer(connection, community_id))
        if choice.point is not None:
            found = incidents.place_report(
                connection, community_id, find_day(datetime.now(UTC)), point=choice.point
            )
            building_id, compound_id = found.building_id, found.compound_id
        quality: Literal["manual", "building", "compound"] = "building" if building_id else "compound"
        said = [(spelling, "manual" if choice.point else _judge(quality, spelling)) for spelling in spellings]
        placed = addresses.place_waiting(
            connection,
            community_id,
            said,
            building_id=building_id,
            compound_id=compound_id,
            point=choice.point,
        )
        alias = _make_alias(words, address, choice, building_id, compound_id)
        if _may_remember(words, address, index):
            _remember(connection, community_id, alias, index)
        if choice.whole_compound and address.compound and building_id is not None:
            named = PlaceAlias(
                simplify_name(address.compound), compound_id=index.buildings[building_id].compound_id
            )
            if named.compound_id is not None and not index.find_compounds(named.words):
                _remember(connection, community_id, named, index)
    return placed


def mark_elsewhere(community_id: int, spellings: tuple[str, ...]) -> None:
    """Remember that an address is none of the community's: what says it has no place and asks for none.

    Raises:
        InputRefused: the address names a place of the community, or several.
        Forbidden: whoever acts places nothing.
        Conflict: somebody has said meanwhile where it is.
    """
    words, address = _name_group(spellings)
    with transaction() as connection, incidents.explain_refusals():
        index = index_places(addresses.read_gazetteer(connection, community_id))
        if not _may_remember(words, address, index):
            msg = f"“{words}” cannot be remembered: it is not of one place alone"
            raise InputRefused(msg)
        _remember(connection, community_id, PlaceAlias(words, is_elsewhere=True), index)


def list_aliases(community_id: int) -> list[KeptAlias]:
    """List what has been remembered in a community, the latest first."""
    with connect() as connection:
        return addresses.list_kept_aliases(connection, community_id)


def forget_alias(alias_id: int) -> None:
    """Forget an alias; what it has placed stays where it is.

    Raises:
        InputRefused: it is not there, or not to be forgotten by whoever acts.
    """
    with transaction() as connection:
        if not addresses.delete_alias(connection, alias_id):
            msg = "that is not remembered any more: look again"
            raise InputRefused(msg)


def _gather(waiting: list[Waiting]) -> dict[str, _Gathered]:
    gathered: dict[str, _Gathered] = {}
    for each in waiting:
        if not each.address:
            continue
        address = _read(each.address)
        of_place = gathered.setdefault(name_place(address), _Gathered(address))
        if each.address not in of_place.spellings:
            of_place.spellings.append(each.address)
        of_place.counts[each.kind] += each.waiting
        if each.kind == "incident":
            of_place.counts["open"] += each.still_open
        of_place.latest = max(of_place.latest, each.latest)
        of_place.compounds.add(each.compound_id)
    return gathered


def _make_group(words: str, gathered: _Gathered, index: PlaceIndex) -> WaitingGroup:
    match = match_place(gathered.address, index)
    candidates = match.candidates
    if match.building_id is not None:
        candidates = (index.candidate(match.compound_id, match.building_id, 1.0, match.by or "exact"),)
    elif match.compound_id is not None and not candidates:
        candidates = (index.candidate(match.compound_id, None, 1.0, match.by or "exact"),)
    (known, *others) = gathered.compounds
    address = gathered.address
    return WaitingGroup(
        words=words,
        spellings=tuple(gathered.spellings),
        cases=gathered.counts["incident"],
        open_cases=gathered.counts["open"],
        merchants=gathered.counts["merchant"],
        latest=gathered.latest,
        compound=address.compound if address.kind in _OF_BUILDINGS and address.compound else None,
        known_compound_id=None if others else known,
        candidates=candidates,
        is_certain=match.building_id is not None,
        is_remembered=_may_remember(words, address, index),
    )


def _read(spelling: str) -> Address:
    """Read an address whose room is masked: that there is one still says that it is a dwelling."""
    return parse_address(spelling.replace(_MASKED_ROOM, "101"))


def _name_group(spellings: tuple[str, ...]) -> tuple[str, Address]:
    read = [_read(spelling) for spelling in spellings]
    names = defaultdict(list)
    for address in read:
        names[name_place(address)].append(address)
    if len(names) != 1:
        msg = "choose the addresses of one place at a time"
        raise InputRefused(msg)
    ((words, found),) = names.items()
    return words, found[0]


def _judge(quality: str, spelling: str) -> str:
    return "dwelling" if quality == "building" and _read(spelling).room else quality


def _may_remember(words: str, address: Address, index: PlaceIndex) -> bool:
    """Whether an address may become an alias: it has one meaning, and nothing in it is masked."""
    is_whole = address.kind in _OF_BUILDINGS or (address.kind == "compound" and not address.room)
    is_masked = "*" in words or (not is_whole and "101" in words)
    return 2 <= len(words) <= _LONGEST_ALIAS and not is_masked and not means_several(address, index)


def _make_alias(
    words: str, address: Address, choice: PlaceChoice, building_id: int | None, compound_id: int | None
) -> PlaceAlias:
    # Whoever shows the building that an address names has shown the building, not the spot.
    if building_id is not None and (choice.point is None or address.kind in _OF_BUILDINGS):
        return PlaceAlias(words, building_id=building_id)
    return PlaceAlias(words, building_id, compound_id, choice.point)


def _remember(
    connection: PostgresConnection, community_id: int, alias: PlaceAlias, index: PlaceIndex
) -> None:
    """Keep an alias; the same said twice is one.

    Raises:
        Conflict: the words mean something else already.
    """
    known = index.find_alias(alias.words)
    if known == alias:
        return
    if known is None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SAVEPOINT alias")
            addresses.insert_alias(connection, community_id, alias)
        except psycopg2.errors.UniqueViolation:
            with connection.cursor() as cursor:
                cursor.execute("ROLLBACK TO SAVEPOINT alias")
        else:
            return
    msg = f"“{alias.words}” is remembered as another place already: forget that first"
    raise Conflict(msg)
