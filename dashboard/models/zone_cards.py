"""The public card of a zone: its name, how far it reaches, who answers for it and by which number."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from dashboard.i18n import Text
from geo.model.zone import Plan, Zone, ZoneRole
from geo.operations.zone_town import Town
from geo.store.choices import AreaChoice, PartyCard


@dataclass(frozen=True)
class Person:
    """Somebody of a zone as a public card names him."""

    role: str
    post: str
    name: str
    phone: str


@dataclass(frozen=True)
class ZoneCard:
    """What stands on the card of a zone; ``extent`` a line for each compound."""

    name: str
    colour: str
    extent: tuple[str, ...]
    buildings: tuple[int, ...]
    size: str
    people: tuple[Person, ...]


def build_cards(
    plan: Plan,
    town: Town,
    areas: Sequence[AreaChoice],
    cards: Mapping[int, PartyCard],
    on_day: date,
    text: Text,
) -> list[ZoneCard]:
    """Build the cards of all zones of a plan that have a building, in their order."""
    built = [_build_card(plan, zone, town, areas, cards, on_day, text) for zone in plan.zones]
    return [card for card in built if card.buildings]


def _build_card(
    plan: Plan,
    zone: Zone,
    town: Town,
    areas: Sequence[AreaChoice],
    cards: Mapping[int, PartyCard],
    on_day: date,
    text: Text,
) -> ZoneCard:
    own = [building_id for building_id in plan.list_buildings(zone.id) if building_id in town.unit_of]
    households = sum(float(town.loads[town.unit_of[building_id], 0]) for building_id in own)
    people = []
    for role, title in ((ZoneRole.LEAD, text("zones.lead")), (ZoneRole.BACKUP, text("zones.backup"))):
        party_id = zone.find_party(role, on_day)
        if party_id is not None:
            card = cards.get(party_id)
            people.append(
                Person(
                    title,
                    plan.party_names.get(party_id, ""),
                    (card.full_name if card else None) or "",
                    (card.work_phone if card else None) or "",
                )
            )
    return ZoneCard(
        name=zone.name,
        colour=zone.colour or "#8A94A0",
        extent=tuple(_list_extent(frozenset(own), town, areas, text)),
        buildings=tuple(own),
        size=text.join([text("count.buildings", n=len(own)), text("count.households", n=round(households))]),
        people=tuple(people),
    )


def _list_extent(own: frozenset[int], town: Town, areas: Sequence[AreaChoice], text: Text) -> list[str]:
    lines, rest = [], set(own)
    for area in areas:
        members = (
            town.areas.get((area.layer, area.id), frozenset()) if area.layer == "compounds" else frozenset()
        )
        here = own & members
        if not here:
            continue
        rest -= here
        if here == members:
            lines.append(text("zones.card_whole", name=area.name, n=len(here)))
        else:
            names = sorted(_name_short(town.names[town.unit_of[key]], area.name) for key in here)
            lines.append(f"{area.name}：{'、'.join(sorted(names, key=lambda name: (len(name), name)))}")
    if rest:
        lines.append("、".join(town.names[town.unit_of[key]] for key in sorted(rest)))
    return lines


def _name_short(name: str, compound: str) -> str:
    return name.removeprefix(compound).strip() or name
