"""The duty matrix of a community as it stands on a day, and what it asks of a place."""

from datetime import date

from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from geo.errors import NotFound
from geo.model.duty import DutyRule, Fallback, FallbackKind, LeadKind, PlaceFacts, PlaceType
from geo.store.calendars import read_allowance
from geo.store.engine import load_queries


def load_duty_rules(connection: PostgresConnection, community_id: int, on_day: date) -> list[DutyRule]:
    """Return the rules in order; parties count as active if they are on that day."""
    rows = load_queries("duties").list_rules(connection, community_id=community_id, on_day=on_day)
    return [
        DutyRule(
            id=rule_id,
            position=position,
            category_code=category_code,
            place_type=None if place_type is None else PlaceType(place_type),
            lead_kind=LeadKind(lead_kind),
            lead_party_id=lead_id,
            supervisor_party_id=supervisor_id,
            helper_party_id=helper_id,
            deadline=read_allowance(amount, unit),
            legal_basis=legal_basis,
            is_lead_active=is_lead_active,
            is_supervisor_active=is_supervisor_active,
            is_helper_active=is_helper_active,
        )
        for (
            rule_id, position, category_code, place_type, lead_kind, lead_id, supervisor_id, helper_id,
            amount, unit, legal_basis, is_lead_active, is_supervisor_active, is_helper_active,
        ) in rows
    ]  # fmt: skip


def find_fallback(connection: PostgresConnection, community_id: int, on_day: date) -> Fallback:
    """Return who takes what no rule gives to anybody.

    Raises:
        NotFound: the community has neither a residents' committee nor a secretary that day.
    """
    row = load_queries("duties").find_fallback(connection, community_id=community_id, on_day=on_day)
    if row is None:
        msg = (
            "cases without a duty rule would be left with nobody: "
            "enter the community's residents' committee or its secretary"
        )
        raise NotFound(msg)
    party_id, kind = row
    return Fallback(party_id, FallbackKind(kind))


def load_place_facts(
    connection: PostgresConnection,
    community_id: int,
    on_day: date,
    *,
    merchant_id: int | None = None,
    compound_id: int | None = None,
    building_id: int | None = None,
    point: tuple[float, float] | None = None,
) -> PlaceFacts:
    """Return what is known of where an incident is.

    Args:
        connection: for reading.
        community_id: of the incident; places of another are as unknown as none.
        on_day: the day whose grids and companies count.
        merchant_id: whose premises it is at.
        compound_id: it lies in; by default the one its building is in.
        building_id: it is in.
        point: EPSG:4490, longitude first.
    """
    longitude, latitude = point or (None, None)
    at_merchant, in_compound, is_three_no, company_id, building_kind, in_exclusive = load_queries(
        "duties"
    ).get_place_facts(
        connection,
        community_id=community_id,
        on_day=on_day,
        merchant_id=merchant_id,
        compound_id=compound_id,
        building_id=building_id,
        longitude=longitude,
        latitude=latitude,
    )
    return PlaceFacts(at_merchant, in_compound, is_three_no, company_id, building_kind, in_exclusive)


def load_category_parents(connection: PostgresConnection) -> dict[str, str | None]:
    """Return every category by its code, with the code of the one above it."""
    return dict(load_queries("duties").list_parents(connection))
