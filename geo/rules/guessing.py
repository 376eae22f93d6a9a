"""What a pasted chat message seems to report, for a person to confirm: its category, its place, who wrote it.

A place is only taken where exactly one is meant; every other is a candidate.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Final

from geo.model.gazetteer import Gazetteer
from geo.rules.address import Address, find_buildings, normalize_address, read_after
from geo.rules.chat import Contact, clean_message, find_contacts
from geo.rules.keywords import CategoryGuess, guess_categories
from geo.rules.matching import Match, match_address
from geo.rules.naming import Candidate, PlaceIndex, index_places

_LONGEST: Final = 2_000
_LONGEST_ADDRESS: Final = 60
_SHORT: Final = 2
_MOST_PLACES: Final = 5


@dataclass(frozen=True)
class Guess:
    """What a message seems to report.

    Attributes:
        categories: at most three, the likeliest first; none where no word spoke for one.
        place: certain only where the message means exactly one place.
        text: the message without what the chat added to it.
        sender: who wrote it, as the chat names them.
        contacts: names and phones in ``text``, in its order.
    """

    categories: tuple[CategoryGuess, ...]
    place: Match
    text: str
    sender: str | None
    contacts: tuple[Contact, ...]


def guess_case(message: str, gazetteer: Gazetteer, categories: Collection[str]) -> Guess:
    """Guess what a pasted message reports.

    Args:
        message: as it was copied from a chat, one or several people's lines.
        gazetteer: the places of the community.
        categories: the level-2 codes that may be guessed.
    """
    text, sender = clean_message(message)
    contacts = find_contacts(text)
    return Guess(
        guess_categories(text, categories),
        _find_place(text, sender, contacts, gazetteer),
        text,
        sender,
        contacts,
    )


def _find_place(text: str, sender: str | None, contacts: Iterable[Contact], gazetteer: Gazetteer) -> Match:
    plain = text[:_LONGEST]
    for contact in contacts:
        if contact.kind == "phone":
            plain = plain.replace(contact.text, "、")
    match = _match_text(normalize_address(plain), gazetteer)
    if match.by is None and sender:
        # Where somebody lives is often in the name, and often not where it happened.
        home = _match_text(normalize_address(sender), gazetteer)
        return Match("none", candidates=_list_places([home], index_places(gazetteer)), by=home.by)
    return match


def _match_text(plain: str, gazetteer: Gazetteer) -> Match:
    """Match the places a text names, or the buildings it speaks of without naming the compound."""
    index = index_places(gazetteer)
    matches: list[Match] = []
    labels = {address.building for address in find_buildings(plain)}
    for name, following in _find_names(plain, (*index.named_buildings, *index.names)):
        address = read_after(name, following)
        match = (
            _match_named(address, index)
            if name in index.named_buildings
            else match_address(address, gazetteer)
        )
        # Two characters stand in many a word: they name a compound only before a building.
        if len(name) > _SHORT or address.building:
            matches.append(match)
            labels.add(address.building)
    labels.discard(None)
    if not matches:
        return _match_unnamed(plain, index, gazetteer)
    return _agree(matches, labels, index)


def _find_names(plain: str, names: Iterable[str]) -> list[tuple[str, str]]:
    """Find names in a text, the longer before the shorter, each with what follows it; they do not overlap."""
    found = []
    left = plain
    for name in names:
        start = left.find(name) if len(name) >= _SHORT else -1
        while start >= 0:
            end = start + len(name)
            found.append((name, plain[end : end + _LONGEST_ADDRESS]))
            left = left[:start] + "\n" * len(name) + left[end:]
            start = left.find(name, end)
    return found


def _match_named(address: Address, index: PlaceIndex) -> Match:
    """Match the name of a building that has no label, as 农贸市场."""
    building_ids = index.find_named(address.compound or "")
    building_id = min(building_ids)
    compound_id = index.buildings[building_id].compound_id
    if len(building_ids) == 1 and not address.needs_review:
        return Match("building", building_id, compound_id, by="exact")
    return Match("none", candidates=(index.candidate(compound_id, building_id, 1.0, "exact"),), by="exact")


def _agree(matches: Iterable[Match], labels: Collection[str | None], index: PlaceIndex) -> Match:
    """Make one match of those in a text, certain only if they and all labels of buildings mean one place."""
    matches = tuple(matches)
    sure = {(match.compound_id, match.building_id) for match in matches if match.quality != "none"}
    whole = {compound for compound, building in sure if building is not None}
    sure = {
        (compound, building) for compound, building in sure if building is not None or compound not in whole
    }
    offered = _list_places(matches, index)
    if len({compound for compound, _ in sure}) != 1:
        return Match("none", candidates=offered, by=offered[0].by if offered else None)
    one = next(match for match in matches if (match.compound_id, match.building_id) in sure)
    if len(sure) == 1 and len(labels) <= 1 and one.building_id is not None:
        return one
    if one.compound_id is None:
        return Match("none", candidates=offered, by=one.by)
    told = [
        index.candidate(one.compound_id, building_id, 1.0, one.by or "exact")
        for label in sorted(filter(None, labels))
        for building_id in sorted(index.find_labelled(one.compound_id, label))
    ]
    return Match("compound", None, one.compound_id, tuple(told[:_MOST_PLACES]), one.by)


def _match_unnamed(plain: str, index: PlaceIndex, gazetteer: Gazetteer) -> Match:
    """Offer what buildings may be meant where no compound is named, or its name is misspelt."""
    matches = []
    for address in find_buildings(plain):
        words = address.compound or ""
        endings = [words[start:] for start in range(len(words) - 1)]
        likeness, ending = max(
            ((max(index.find_similar(ending).values(), default=0.0), ending) for ending in endings),
            default=(0.0, ""),
        )
        matches.append(match_address(replace(address, compound=ending if likeness else None), gazetteer))
    offered = _list_places(matches, index)
    return Match("none", candidates=offered, by="fuzzy" if offered else None)


def _list_places(matches: Iterable[Match], index: PlaceIndex) -> tuple[Candidate, ...]:
    """List what the matches mean or may mean, each place once."""
    places: dict[tuple[int | None, int | None], Candidate] = {}
    for match in matches:
        taken = []
        if match.quality != "none":
            taken.append(index.candidate(match.compound_id, match.building_id, 1.0, match.by or "exact"))
        for place in (*taken, *match.candidates):
            places.setdefault((place.compound_id, place.building_id), place)
    return tuple(places.values())[:_MOST_PLACES]
