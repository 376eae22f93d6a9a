"""The card of one place: what it is, who is responsible, what is open there."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from dashboard.i18n import Text
from dashboard.models.incident_words import SOURCES, STATES
from dashboard.models.zones import KINDS
from geo.model.zone import ZoneKind
from geo.store.places import Coverage, Holder, OpenIncident, Place, PlaceCounts

_LAYERS: Final = {
    "communities": "layer.community",
    "grids": "layer.grid",
    "compounds": "layer.compound",
    "buildings": "layer.building",
    "merchants": "layer.merchant",
    "incidents": "layer.incident",
}
_COMPOUND_TYPES: Final = {
    "commodity": "compound_type.commodity",
    "resettlement": "compound_type.resettlement",
    "relocation": "compound_type.relocation",
    "urban_village": "compound_type.urban_village",
    "old": "compound_type.old",
    "unit_housing": "compound_type.unit_housing",
}
_MANAGEMENTS: Final = {
    "property_company": "management.property_company",
    "interim_committee": "management.interim_committee",
    "self_managed": "management.self_managed",
    "none": "management.none",
}
_BUILDING_KINDS: Final = {
    "residential": "building_kind.residential",
    "mixed": "building_kind.mixed",
    "commercial": "building_kind.commercial",
    "public": "building_kind.public",
    "industrial": "building_kind.industrial",
}
_GRID_KINDS: Final = {
    "community": "grid_kind.community",
    "micro": "grid_kind.micro",
    "exclusive": "grid_kind.exclusive",
}


@dataclass(frozen=True)
class HolderLine:
    """Who holds a place, or part of it; ``is_missing`` where nobody does."""

    name: str
    detail: str
    is_missing: bool


@dataclass(frozen=True)
class IncidentLine:
    """One open incident, to be read in a line."""

    id: int
    name: str
    detail: str
    is_overdue: bool


@dataclass(frozen=True)
class CoverageLine:
    """How far one kind of responsibility reaches, and the parameters of the page where that is on a map."""

    name: str
    detail: str
    is_missing: bool
    params: Mapping[str, str]


@dataclass(frozen=True)
class PlaceCard:
    """What a reader wants to know of a place.

    Attributes:
        title: its name.
        kind: what it is, such as "Building · residential".
        facts: label and value, in reading order.
        is_three_no: whether it is, or stands in, a three-no compound.
        holders: who is responsible; empty where that cannot be said of such a place.
        coverage: of a community, how far each kind of responsibility reaches.
        incidents: the most urgent open ones.
        open_heading: how many are open; None where that cannot be said of such a place.
    """

    title: str
    kind: str
    facts: tuple[tuple[str, str], ...]
    is_three_no: bool
    holders: tuple[HolderLine, ...]
    coverage: tuple[CoverageLine, ...]
    incidents: tuple[IncidentLine, ...]
    open_heading: str | None


def build_place_card(place: Place, text: Text, now: datetime) -> PlaceCard:
    """Return the card of a place in the reader's language."""
    describe: Callable[[Mapping[str, Any], Text], tuple[str | None, list[tuple[str, str | None]]]]
    describe = _DESCRIBERS[place.layer]
    kind, facts = describe(place.facts, text)
    is_incident = place.layer == "incidents"
    return PlaceCard(
        title=_name_incident(place.facts, text) if is_incident else place.name,
        kind=text.join([text(_LAYERS[place.layer]), *([kind] if kind else [])]),
        facts=tuple((label, value) for label, value in facts if value),
        is_three_no=bool(place.facts.get("is_three_no")),
        holders=tuple(_list_holder_lines(place.holders, place.unplanned, text)),
        coverage=tuple(_write_coverage(each, place.community_code, text) for each in place.coverage),
        incidents=tuple(_write_incident(incident, text, now) for incident in place.open_incidents),
        open_heading=None if is_incident else text("card.open", n=place.open_total),
    )


def build_community_card(place: Place, counts: PlaceCounts, text: Text, now: datetime) -> PlaceCard:
    """Return the card of a whole community: its size, what nobody holds, what is most urgent."""
    shops = [text("count.merchants", n=counts.merchants), text("count.partners", n=counts.partners)]
    facts = (
        (text("fact.compounds"), text.number(counts.compounds)),
        (text("fact.buildings"), text.number(counts.buildings)),
        (
            text("fact.people"),
            text.join(
                [text("count.households", n=counts.households), text("count.residents", n=counts.residents)]
            ),
        ),
        (text("fact.grids"), text.number(counts.grids)),
        (text("fact.merchants"), text.join(shops)),
    )
    card = build_place_card(place, text, now)
    return replace(card, facts=(*card.facts, *facts))


def build_point_card(
    point: tuple[float, float], holders: Sequence[Holder], unplanned: Sequence[str], text: Text
) -> PlaceCard:
    """Return the card of a point, longitude first: who answers for it."""
    return PlaceCard(
        title=f"{point[1]:.5f}, {point[0]:.5f}",
        kind=text("layer.point"),
        facts=(),
        is_three_no=False,
        holders=tuple(_list_holder_lines(holders, unplanned, text)),
        coverage=(),
        incidents=(),
        open_heading=None,
    )


def name_layer(layer: str, text: Text) -> str:
    """Return what one place of a layer is called."""
    return text(_LAYERS[layer])


def _list_holder_lines(
    holders: Sequence[Holder], unplanned: Sequence[str], text: Text
) -> Iterator[HolderLine]:
    """Return who answers for a place, the kinds without a plan together in the last line."""
    for holder in holders:
        yield _write_holder(holder, text)
    if unplanned:
        kinds = text.join([text(KINDS[ZoneKind(kind)]) for kind in unplanned])
        yield HolderLine(text("card.no_plan"), kinds, is_missing=False)


def _write_holder(holder: Holder, text: Text) -> HolderLine:
    kind = text(KINDS[ZoneKind(holder.kind)])
    buildings = text("count.buildings", n=holder.buildings)
    if holder.name is None:
        why = [holder.gap] if holder.gap else [holder.zone] if holder.zone else []
        is_missing = holder.gap is None
        return HolderLine(text("card.nobody"), text.join([kind, *why, buildings]), is_missing=is_missing)
    instead = [text("card.instead_of", name=holder.lead)] if holder.lead else []
    detail = [kind, *([holder.zone] if holder.zone else []), *instead, buildings]
    return HolderLine(holder.name, text.join(detail), is_missing=False)


def _write_coverage(coverage: Coverage, community_code: str, text: Text) -> CoverageLine:
    kind = ZoneKind(coverage.kind)
    missing = coverage.buildings - coverage.held - coverage.on_purpose
    detail = text("card.no_plan")
    if coverage.is_planned:
        parts = [text("card.covered", held=coverage.held, n=coverage.buildings)]
        if coverage.on_purpose:
            parts.append(text("card.left_on_purpose", n=coverage.on_purpose))
        if missing:
            parts.append(text("card.uncovered", n=missing))
        detail = text.join(parts)
    return CoverageLine(
        name=text(KINDS[kind]),
        detail=detail,
        is_missing=coverage.is_planned and missing > 0,
        params={"community": community_code, "kind": kind.value, "lang": text.language},
    )


def _write_incident(incident: OpenIncident, text: Text, now: datetime) -> IncidentLine:
    is_overdue = incident.due_at is not None and incident.due_at < now
    if incident.due_at is None:
        due = text("incident.reported_on", day=text.day(incident.reported_at))
    else:
        due = text(
            "incident.overdue_since" if is_overdue else "incident.due_on", day=text.day(incident.due_at)
        )
    return IncidentLine(
        id=incident.id,
        name=incident.category_en if text.language == "en" else incident.category,
        detail=text.join([text(STATES[incident.state]), due]),
        is_overdue=is_overdue,
    )


def _name_incident(facts: Mapping[str, Any], text: Text) -> str:
    return str(facts["category_en" if text.language == "en" else "category"])


def _describe_community(
    facts: Mapping[str, Any], text: Text
) -> tuple[str | None, list[tuple[str, str | None]]]:
    return None, [(text("fact.subdistrict"), facts["subdistrict"])]


def _describe_grid(facts: Mapping[str, Any], text: Text) -> tuple[str | None, list[tuple[str, str | None]]]:
    return text(_GRID_KINDS[facts["kind"]]), [
        (text("fact.size"), _write_size(facts, text)),
        (text("fact.area"), text("unit.hectares", value=text.number(facts["area_m2"] / 10_000, digits=1))),
    ]


def _describe_compound(
    facts: Mapping[str, Any], text: Text
) -> tuple[str | None, list[tuple[str, str | None]]]:
    management = facts["management"]
    return facts["type"] and text(_COMPOUND_TYPES[facts["type"]]), [
        (text("fact.size"), _write_size(facts, text)),
        (
            text("fact.management"),
            facts["property_company"] or (management and text(_MANAGEMENTS[management])),
        ),
        (text("fact.address"), facts["address"]),
        (text("fact.three_no"), facts["three_no_definition"] if facts["is_three_no"] else None),
        (text("fact.reviewed_on"), facts["three_no_reviewed_on"] if facts["is_three_no"] else None),
    ]


def _describe_building(
    facts: Mapping[str, Any], text: Text
) -> tuple[str | None, list[tuple[str, str | None]]]:
    shape = [text("count.floors", n=facts["floors"])] if facts["floors"] else []
    shape += [text("count.entrances", n=facts["entrances"])] if facts["entrances"] else []
    people = [text("count.households", n=facts["households"]), text("count.residents", n=facts["residents"])]
    return text(_BUILDING_KINDS[facts["kind"]]), [
        (text("fact.people"), text.join(people) if facts["households"] else None),
        (text("fact.elderly"), text("count.residents", n=facts["elderly"]) if facts["elderly"] else None),
        (text("fact.shape"), text.join(shape)),
        (text("fact.built"), str(facts["built_year"]) if facts["built_year"] else None),
        (text("fact.grid"), facts["grid"] or text("card.no_grid")),
        (text("fact.address"), facts["address"]),
    ]


def _describe_merchant(
    facts: Mapping[str, Any], text: Text
) -> tuple[str | None, list[tuple[str, str | None]]]:
    kind = text("merchant.partner") if facts["is_partner"] else None
    return kind, [
        (text("fact.offers"), text.join(facts["offers"])),
        (text("fact.partner_since"), facts["partner_since"]),
        (text("fact.building"), facts["building"]),
        (text("fact.address"), facts["address"]),
    ]


def _describe_incident(
    facts: Mapping[str, Any], text: Text
) -> tuple[str | None, list[tuple[str, str | None]]]:
    return text(STATES[facts["state"]]), [
        (text("fact.reported_at"), _write_moment(facts["reported_at"], text)),
        (text("fact.due_at"), _write_moment(facts["due_at"], text)),
        (text("fact.closed_at"), _write_moment(facts["closed_at"], text)),
        (text("fact.source"), text(SOURCES[facts["source"]])),
        (text("fact.handler"), facts["party"]),
        (text("fact.building"), facts["building"]),
    ]


def _write_size(facts: Mapping[str, Any], text: Text) -> str:
    counted = ("count.buildings", "count.households", "count.residents")
    values = (facts["buildings"], facts["households"], facts["residents"])
    return text.join([text(key, n=value) for key, value in zip(counted, values, strict=True)])


def _write_moment(iso: str | None, text: Text) -> str | None:
    return text.moment(datetime.fromisoformat(iso).astimezone(UTC)) if iso else None


_DESCRIBERS: Final = {
    "communities": _describe_community,
    "grids": _describe_grid,
    "compounds": _describe_compound,
    "buildings": _describe_building,
    "merchants": _describe_merchant,
    "incidents": _describe_incident,
}
