"""The duty matrix of a community as it stands on a day, what it asks of a place, and changes of it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from geo.errors import NotFound
from geo.model.duty import DutyRule, DutyTerms, Fallback, FallbackKind, LeadKind, PlaceFacts, PlaceType
from geo.store.calendars import read_allowance
from geo.store.engine import load_queries


@dataclass(frozen=True, slots=True)
class RuleParty:
    """Somebody whom a rule names, or may name if active."""

    id: int
    name: str
    is_active: bool


def load_duty_rules(connection: PostgresConnection, community_id: int, on_day: date) -> list[DutyRule]:
    """Return the rules in order; parties count as active if they are on that day."""
    rows = load_queries("duties").list_rules(connection, community_id=community_id, on_day=on_day)
    return [_read_rule(row) for row in rows]


def find_duty_rule(connection: PostgresConnection, rule_id: int, on_day: date) -> DutyRule | None:
    """Return the rule that gave a case to somebody, though it was withdrawn since; None if it is not seen."""
    row = load_queries("duties").get_rule(connection, rule_id=rule_id, on_day=on_day)
    return None if row is None else _read_rule(row)


def list_rule_parties(connection: PostgresConnection, community_id: int, on_day: date) -> list[RuleParty]:
    """Return those whom a rule may name on a day, and those whom one names though they have left."""
    rows = load_queries("duties").list_rule_parties(connection, community_id=community_id, on_day=on_day)
    return [RuleParty(*row) for row in rows]


def lock_duty_rules(connection: PostgresConnection, community_id: int) -> None:
    """Wait until nobody else changes the rules of a community; hold until the transaction ends."""
    load_queries("duties").lock_rules(connection, community_id=community_id)


def insert_duty_rule(connection: PostgresConnection, community_id: int, terms: DutyTerms) -> int:
    """Add a rule at the end, and return its id."""
    rule_id: int = load_queries("duties").insert_rule(
        connection, community_id=community_id, **_write_terms(terms)
    )
    return rule_id


def update_duty_rule(connection: PostgresConnection, rule_id: int, terms: DutyTerms) -> None:
    """Let a rule say something else."""
    load_queries("duties").update_rule(connection, rule_id=rule_id, **_write_terms(terms))


def order_duty_rules(connection: PostgresConnection, rule_ids: Sequence[int]) -> None:
    """Put the rules of a community, all of them, into an order."""
    load_queries("duties").order_rules(connection, rule_ids=list(rule_ids))


def withdraw_duty_rule(connection: PostgresConnection, rule_id: int) -> None:
    """Take a rule out of the order; cases that it gave to somebody still name it."""
    load_queries("duties").withdraw_rule(connection, rule_id=rule_id)


def record_change(
    connection: PostgresConnection,
    action: str,
    community_id: int,
    object_type: str,
    object_id: int | None,
    details: Mapping[str, object],
) -> None:
    """Note in the log what the acting account has set otherwise."""
    load_queries("duties").record_change(
        connection,
        action=action,
        community_id=community_id,
        object_type=object_type,
        object_id=object_id,
        details=json.dumps(details, ensure_ascii=False, default=str),
    )


def _write_terms(terms: DutyTerms) -> dict[str, object]:
    return {
        "category_code": terms.category_code,
        "place_type": terms.place_type,
        "lead_kind": terms.lead_kind,
        "lead_party_id": terms.lead_party_id,
        "supervisor_party_id": terms.supervisor_party_id,
        "helper_party_id": terms.helper_party_id,
        "deadline_amount": terms.deadline and terms.deadline.amount,
        "deadline_unit": terms.deadline and terms.deadline.unit,
        "legal_basis": terms.legal_basis,
    }


def _read_rule(row: tuple[Any, ...]) -> DutyRule:
    (
        rule_id, position, category_code, place_type, lead_kind, lead_id, supervisor_id, helper_id,
        amount, unit, legal_basis, is_lead_active, is_supervisor_active, is_helper_active,
    ) = row  # fmt: skip
    return DutyRule(
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
