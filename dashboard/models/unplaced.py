"""The queue of what has no place, in words: addresses, how many wait with each, what they may mean."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dashboard.i18n import Text
from geo.operations.unplaced import KeptAlias, Unplaced, WaitingGroup
from geo.rules.naming import Candidate

MOST_SHOWN = 40
# Some 300 m: a compound and what is around it.
_AROUND_DEGREES = 0.003


@dataclass(frozen=True)
class Offer:
    """A place that an address may mean, to be confirmed by one tap."""

    label: str
    building_id: int | None
    compound_id: int | None


@dataclass(frozen=True)
class QueueLine:
    """One address of the queue.

    Attributes:
        key: names the address in the browser's session.
        title: the address as it was written most; others are in ``also``.
        told: how many wait with it, and since when.
        note: what is to be known before answering, None where nothing is.
        offers: what it may mean.
        compound: the compound's words, where they could be remembered for all buildings.
        near: the likeliest place, where a map may begin to look; None where nothing is likely.
    """

    key: str
    title: str
    also: str | None
    told: str
    note: str | None
    offers: tuple[Offer, ...]
    compound: str | None
    near: Candidate | None
    spellings: tuple[str, ...]


def build_lines(groups: Sequence[WaitingGroup], text: Text) -> tuple[QueueLine, ...]:
    """Return the lines of the queue."""
    return tuple(_build_line(group, text) for group in groups)


def tell_summary(unplaced: Unplaced, text: Text) -> str:
    """Return how much waits, in a line."""
    facts = [text("unplaced.cases", n=unplaced.cases)]
    if unplaced.merchants:
        facts.append(text("unplaced.merchants", n=unplaced.merchants))
    if unplaced.silent:
        facts.append(text("unplaced.silent", n=unplaced.silent))
    if unplaced.sealed:
        facts.append(text("unplaced.sealed", n=unplaced.sealed))
    return text.join(facts)


def tell_alias(alias: KeptAlias, text: Text) -> str:
    """Return what is remembered, in a line."""
    place = text("unplaced.not_ours") if alias.is_elsewhere else alias.place or text("unplaced.a_spot")
    who = [alias.made_by] if alias.made_by else []
    return text.join([f"{alias.words} → {place}", *who, text.day(alias.made_at)])


def find_click(returned: dict[str, Any] | None) -> tuple[float, float] | None:
    """Return longitude and latitude of the last click on the map, if there was one."""
    clicked = (returned or {}).get("last_clicked") or {}
    longitude, latitude = clicked.get("lng"), clicked.get("lat")
    return None if longitude is None or latitude is None else (float(longitude), float(latitude))


def look_around(
    longitude: float, latitude: float, boundary: tuple[float, float, float, float]
) -> tuple[float, float, float, float]:
    """Return the part of a community's box (west, south, east, north, degrees) that is around a point."""
    west, south, east, north = boundary
    return (
        max(west, longitude - _AROUND_DEGREES),
        max(south, latitude - _AROUND_DEGREES),
        min(east, longitude + _AROUND_DEGREES),
        min(north, latitude + _AROUND_DEGREES),
    )


def _build_line(group: WaitingGroup, text: Text) -> QueueLine:
    counts = []
    if group.cases:
        counts.append(text("unplaced.cases", n=group.cases))
    if group.open_cases:
        counts.append(text("unplaced.open", n=group.open_cases))
    if group.merchants:
        counts.append(text("unplaced.merchants", n=group.merchants))
    known = next(
        (
            each.name
            for each in group.candidates
            if each.building_id is None and each.compound_id == group.known_compound_id
        ),
        None,
    )
    if known is not None:
        counts.append(text("unplaced.known", name=known))
    first, *others = group.spellings
    return QueueLine(
        key=group.words,
        title=first,
        also=text("unplaced.also", spellings=" / ".join(others[:3]), n=len(others)) if others else None,
        told=text.join([*counts, text("unplaced.latest", day=text.day(group.latest))]),
        note=None if group.is_remembered else text("unplaced.not_remembered"),
        offers=tuple(
            _offer(each, is_certain=group.is_certain, text=text)
            for each in group.candidates
            if each.building_id is not None or each.compound_id != group.known_compound_id
        ),
        compound=group.compound if group.is_remembered and not group.is_certain else None,
        near=next(iter(group.candidates), None),
        spellings=group.spellings,
    )


def _offer(candidate: Candidate, *, is_certain: bool, text: Text) -> Offer:
    label = candidate.name
    if candidate.building_id is None:
        label = text("unplaced.compound_only", name=label)
    elif not is_certain and 0 < candidate.likeness < 1:
        label = f"{label} {candidate.likeness:.0%}"
    return Offer(label, candidate.building_id, candidate.compound_id)
