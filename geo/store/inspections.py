"""What is inspected in a community, and who was where: templates, places, visits and holders."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Final

from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from geo.model.inspection import VISIT_KINDS, Finding, InspectedPlace, Look, Subject, Template
from geo.model.zone import ZoneKind
from geo.store.engine import load_queries

_COLUMNS: Final[Mapping[Subject, str]] = {
    "three_no": "compound_id",
    "building": "building_id",
    "home": "building_id",
    "merchant": "merchant_id",
}


def list_templates(connection: PostgresConnection, community_id: int) -> tuple[Template, ...]:
    """Return the templates a community keeps of its own; none where it has the usual ones."""
    rows = load_queries("inspections").list_templates(connection, community_id=community_id)
    return tuple(
        Template(name, cadence, subject, ZoneKind(kind), tuple(items), weight, is_on)
        for name, cadence, subject, kind, items, weight, is_on in rows
    )


def lock_templates(connection: PostgresConnection, community_id: int) -> None:
    """Let nobody else change the templates until the transaction ends."""
    load_queries("inspections").lock_templates(connection, community_id=community_id)


def write_templates(connection: PostgresConnection, community_id: int, templates: Sequence[Template]) -> None:
    """Keep templates in place of those there are."""
    queries = load_queries("inspections")
    queries.clear_templates(connection, community_id=community_id)
    for position, template in enumerate(templates, start=1):
        queries.add_template(
            connection,
            community_id=community_id,
            position=position,
            name=template.name.strip(),
            cadence=template.cadence,
            subject=template.subject,
            zone_kind=template.zone_kind.value,
            items=list(template.items),
            weight=template.weight,
            is_on=template.is_on,
        )


def list_places(
    connection: PostgresConnection, community_id: int, subject: Subject
) -> tuple[InspectedPlace, ...]:
    """Return the places of a subject, as they are today."""
    queries = load_queries("inspections")
    match subject:
        case "three_no":
            rows = queries.list_three_no(connection, community_id=community_id)
        case "building" | "home":
            least = 1 if subject == "home" else 0
            rows = queries.list_buildings(connection, community_id=community_id, least_households=least)
        case "merchant":
            rows = queries.list_merchants(connection, community_id=community_id)
    return tuple(
        InspectedPlace(
            subject,
            id_,
            name,
            longitude,
            latitude,
            tuple(zip(buildings or (), households or (), strict=True)),
        )
        for id_, name, longitude, latitude, buildings, households in rows
    )


def list_looks(
    connection: PostgresConnection, community_id: int, since: datetime, until: datetime
) -> tuple[Look, ...]:
    """Return where somebody was between two moments, by subject."""
    rows = load_queries("inspections").list_looks(
        connection, community_id=community_id, since=since, until=until
    )
    looks = []
    for kind, compound_id, building_id, merchant_id, day in rows:
        ids = {"compound_id": compound_id, "building_id": building_id, "merchant_id": merchant_id}
        looks += [
            Look(subject, ids[column], day)
            for subject, column in _COLUMNS.items()
            if VISIT_KINDS[subject] == kind and ids[column] is not None
        ]
    return tuple(looks)


def list_holders(
    connection: PostgresConnection, community_id: int, days: Collection[date]
) -> dict[tuple[date, ZoneKind, int], int]:
    """Return who held which building on some days, by day, kind of zone and building."""
    rows = load_queries("inspections").list_holders(connection, community_id=community_id, days=list(days))
    return {(day, ZoneKind(kind), building_id): party_id for day, kind, building_id, party_id in rows}


def list_names(connection: PostgresConnection, community_id: int, ids: Collection[int]) -> dict[int, str]:
    """Return the public names of parties by id, in the order of their codes."""
    return dict(load_queries("inspections").list_names(connection, community_id=community_id, ids=list(ids)))


def add_visit(
    connection: PostgresConnection,
    community_id: int,
    place: tuple[Subject, int],
    party_id: int | None,
    finding: Finding,
) -> None:
    """Keep that a party was at a place just now, and what it found."""
    subject, place_id = place
    where: dict[str, int | None] = dict.fromkeys(_COLUMNS.values())
    where[_COLUMNS[subject]] = place_id
    load_queries("inspections").add_visit(
        connection,
        community_id=community_id,
        kind=VISIT_KINDS[subject],
        party_id=party_id,
        outcome=finding,
        **where,
    )
