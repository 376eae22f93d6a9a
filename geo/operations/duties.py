"""The duty matrix of a community as its keepers change it: each change one transaction, noted in the log.

Whoever changes something says what he saw. If somebody else was faster, nothing is changed and he is told.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from typing import Final

import psycopg2.errors
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from geo.errors import Conflict, Forbidden, InputRefused
from geo.model.duty import DutyRule, DutyTerms, LeadKind
from geo.operations.addresses import AddressedPlace, find_places_by_address
from geo.operations.deadlines import RouteAndDue, choose_route_and_due, find_day
from geo.rules.access import is_allowed
from geo.rules.inert import strip_controls
from geo.rules.routing import RuleFindings, find_rule_conflicts
from geo.store import duties
from geo.store.duties import RuleParty
from geo.store.engine import connect, get_actor, transaction

_LONGEST_BASIS: Final = 500
_MOST_RULES: Final = 1_000


@dataclass(frozen=True, slots=True)
class DutyMatrix:
    """The rules of a community on a day.

    Attributes:
        rules: in order.
        findings: what is wrong with them.
        parties: whom a rule may name, and whom one names still, by id.
    """

    rules: tuple[DutyRule, ...]
    findings: RuleFindings
    parties: Mapping[int, RuleParty]


def read_matrix(community_id: int, on_day: date) -> DutyMatrix:
    """Return the rules of a community, and what is wrong with them, as they stand on a day."""
    with connect() as connection:
        rules = duties.load_duty_rules(connection, community_id, on_day)
        findings = find_rule_conflicts(rules, duties.load_category_parents(connection))
        parties = duties.list_rule_parties(connection, community_id, on_day)
    return DutyMatrix(tuple(rules), findings, {party.id: party for party in parties})


def find_places(community_id: int, address: str) -> tuple[AddressedPlace, ...]:
    """Return what an address means in a community, the certain place first."""
    with connect() as connection:
        return find_places_by_address(connection, community_id, address)


def try_case(
    community_id: int,
    category_code: str,
    start: datetime,
    *,
    building_id: int | None = None,
    compound_id: int | None = None,
    point: tuple[float, float] | None = None,
) -> RouteAndDue:
    """Return where a case would go if it were reported now; nothing is reported.

    Args:
        community_id: of the case.
        category_code: of the case.
        start: when the clock would begin.
        building_id: it would be in.
        compound_id: it would lie in.
        point: EPSG:4490, longitude first.

    Raises:
        NotFound: no rule fits and the community has neither a residents' committee nor a secretary.
    """
    with connect() as connection:
        return choose_route_and_due(
            connection, community_id, category_code, start,
            building_id=building_id, compound_id=compound_id, point=point,
        )  # fmt: skip


def add_rule(community_id: int, terms: DutyTerms, before_id: int | None = None) -> int:
    """Add a rule before another, by default at the end; return its id.

    Raises:
        InputRefused: the rule cannot be.
        Conflict: the other rule is there no more.
        Forbidden: whoever acts does not keep the matrix of that community.
    """
    with _change(community_id) as (connection, rules):
        if len(rules) >= _MOST_RULES:
            msg = f"the community has {len(rules):,} rules: withdraw some before adding another"
            raise InputRefused(msg)
        order = [rule.id for rule in rules]
        if before_id is not None and before_id not in order:
            msg = "the rule that this one was to come before is there no more: choose its place again"
            raise Conflict(msg)
        checked = _check_terms(connection, community_id, terms, None)
        rule_id = duties.insert_duty_rule(connection, community_id, checked)
        order.insert(len(order) if before_id is None else order.index(before_id), rule_id)
        if before_id is not None:
            duties.order_duty_rules(connection, order)
        _record(connection, community_id, rule_id, {"change": "added", "to": asdict(checked)})
        return rule_id


def change_rule(community_id: int, seen: DutyRule, terms: DutyTerms) -> None:
    """Let a rule say something else; the next report already goes by it.

    Raises:
        InputRefused: the rule cannot be.
        Conflict: the rule no longer says what was seen, or is there no more.
        Forbidden: whoever acts does not keep the matrix of that community.
    """
    with _change(community_id) as (connection, rules):
        rule = _find_unchanged(rules, seen)
        checked = _check_terms(connection, community_id, terms, rule)
        if checked == rule.terms:
            return
        duties.update_duty_rule(connection, rule.id, checked)
        change = {"change": "changed", "from": asdict(rule.terms), "to": asdict(checked)}
        _record(connection, community_id, rule.id, change)


def move_rule(community_id: int, rule_id: int, places: int, seen_order: Sequence[int]) -> None:
    """Move a rule up (negative) or down by some places, no further than the ends.

    Args:
        community_id: whose matrix it is.
        rule_id: the rule.
        places: how far.
        seen_order: the ids of all rules in the order that was seen.

    Raises:
        Conflict: the order is not the one that was seen.
        Forbidden: whoever acts does not keep the matrix of that community.
    """
    with _change(community_id) as (connection, rules):
        order = [rule.id for rule in rules]
        if order != list(seen_order) or rule_id not in order:
            msg = "somebody else has changed the order of the rules: look at it again"
            raise Conflict(msg)
        before = order.index(rule_id)
        after = min(max(before + places, 0), len(order) - 1)
        if after == before:
            return
        order.insert(after, order.pop(before))
        duties.order_duty_rules(connection, order)
        _record(connection, community_id, rule_id, {"change": "moved", "from": before + 1, "to": after + 1})


def withdraw_rule(community_id: int, seen: DutyRule) -> None:
    """Take a rule out of the matrix; cases that it gave to somebody stay with them and still name it.

    Raises:
        Conflict: the rule no longer says what was seen, or is there no more.
        Forbidden: whoever acts does not keep the matrix of that community.
    """
    with _change(community_id) as (connection, rules):
        rule = _find_unchanged(rules, seen)
        duties.withdraw_duty_rule(connection, rule.id)
        _record(connection, community_id, rule.id, {"change": "withdrawn", "from": asdict(rule.terms)})


@contextmanager
def keep_to_keepers() -> Iterator[None]:
    """Refuse what a role may not change, before the database does, and say its refusal as ours.

    Raises:
        Forbidden: whoever acts keeps neither duties nor working time, or not of that community.
    """
    msg = "only the secretary and the administrator change this, in their own communities: ask one of them"
    actor = get_actor()
    if actor is not None and not is_allowed(actor.role, "keep_duties"):
        raise Forbidden(msg)
    try:
        yield
    except psycopg2.errors.InsufficientPrivilege as refusal:
        raise Forbidden(msg) from refusal


@contextmanager
def _change(community_id: int) -> Iterator[tuple[PostgresConnection, list[DutyRule]]]:
    """Yield a transaction in which nobody else changes the rules, and the rules as they stand."""
    with keep_to_keepers(), transaction() as connection:
        duties.lock_duty_rules(connection, community_id)
        yield connection, duties.load_duty_rules(connection, community_id, find_day(datetime.now(UTC)))


def _find_unchanged(rules: Sequence[DutyRule], seen: DutyRule) -> DutyRule:
    rule = next((rule for rule in rules if rule.id == seen.id), None)
    if rule is None:
        msg = "somebody else has withdrawn this rule meanwhile: add it anew if it is needed"
        raise Conflict(msg)
    if rule.terms != seen.terms:
        msg = "somebody else has changed this rule meanwhile: look at what it says now"
        raise Conflict(msg)
    return rule


def _check_terms(
    connection: PostgresConnection, community_id: int, terms: DutyTerms, present: DutyRule | None
) -> DutyTerms:
    """Return the terms as they are kept; who is named already may have left since."""
    code = terms.category_code
    if code is not None and code not in duties.load_category_parents(connection):
        msg = f"there is no category {code}: choose one of the list, or none for every category"
        raise InputRefused(msg)
    if terms.lead_kind is LeadKind.PARTY and terms.lead_party_id is None:
        msg = "a rule needs a lead: choose who has to deal with it"
        raise InputRefused(msg)
    if terms.lead_kind is LeadKind.COMPOUND_PROPERTY_COMPANY and terms.lead_party_id is not None:
        msg = "the lead is either a party or the property company of the compound: choose one"
        raise InputRefused(msg)
    if terms.deadline is not None and terms.deadline.amount <= 0:
        msg = "a deadline is longer than nothing: give a number above 0, or leave it empty"
        raise InputRefused(msg)
    today = find_day(datetime.now(UTC))
    parties = {party.id: party for party in duties.list_rule_parties(connection, community_id, today)}
    kept = present.terms if present is not None else None
    for role in ("lead_party_id", "supervisor_party_id", "helper_party_id"):
        party_id = getattr(terms, role)
        is_kept = kept is not None and getattr(kept, role) == party_id
        if party_id is not None and not is_kept and not (party_id in parties and parties[party_id].is_active):
            msg = f"the {role.split('_')[0]} is nobody of this community today: choose one of the list"
            raise InputRefused(msg)
    basis = strip_controls(terms.legal_basis or "").strip() or None
    if basis is not None and len(basis) > _LONGEST_BASIS:
        msg = f"the legal basis has {len(basis):,} characters: shorten it to {_LONGEST_BASIS}"
        raise InputRefused(msg)
    return replace(terms, legal_basis=basis)


def _record(
    connection: PostgresConnection, community_id: int, rule_id: int, details: Mapping[str, object]
) -> None:
    duties.record_change(connection, "duty_changed", community_id, "duty_rule", rule_id, details)
