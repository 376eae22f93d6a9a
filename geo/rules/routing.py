"""Which party a case goes to, and why: the first duty rule that fits; never nobody."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from geo.model.duty import DutyRule, Fallback, FallbackKind, LeadKind, PlaceFacts, PlaceType
from geo.model.working_time import Allowance

_UNIT_BUILDINGS: Final = frozenset({"public", "industrial"})


class CategoryMatch(StrEnum):
    """What in a rule fits the category of a case."""

    CATEGORY = "category"
    PARENT = "parent"
    ANY = "any"


class PlaceMatch(StrEnum):
    """What in a rule fits the place of a case."""

    PLACE_TYPE = "place_type"
    ANY = "any"


class SkipReason(StrEnum):
    """Why a rule that fits gave the case to nobody."""

    LEAD_LEFT = "lead_left"
    NO_PROPERTY_COMPANY = "no_property_company"


@dataclass(frozen=True, slots=True)
class SkippedRule:
    """A rule that fits but has nobody to give the case to."""

    rule_id: int
    position: int
    reason: SkipReason


@dataclass(frozen=True, slots=True)
class Why:
    """Why a case goes where it goes, for a page to put into words.

    Attributes:
        category_match: what in the rule fits the category; None without a rule.
        place_match: what in the rule fits the place; None without a rule.
        place_type: the kind of place the case was taken for.
        legal_basis: of the rule.
        fallback: who takes the case for want of a rule; None with one.
        skipped: rules that came first and had nobody.
        left: roles of the rule whose party has left and that stay empty: ``supervisor``, ``helper``.
    """

    category_match: CategoryMatch | None
    place_match: PlaceMatch | None
    place_type: PlaceType
    legal_basis: str | None = None
    fallback: FallbackKind | None = None
    skipped: tuple[SkippedRule, ...] = ()
    left: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Route:
    """Where a case goes.

    Attributes:
        lead_party_id: who has to deal with it.
        supervisor_party_id: who sees to it.
        helper_party_id: who helps.
        deadline: the rule's own; None leaves the category's.
        rule_id: the rule; None for the fallback.
        why: the reason.
    """

    lead_party_id: int
    supervisor_party_id: int | None
    helper_party_id: int | None
    deadline: Allowance | None
    rule_id: int | None
    why: Why


def find_place_type(facts: PlaceFacts) -> PlaceType:
    """Return what kind of place it is; what comes first holds.

    1. at a merchant's premises: a merchant, also in a compound;
    2. in a compound: a three-no compound or a managed one;
    3. in a public or industrial building, or in an exclusive grid: a unit;
    4. all else is street.
    """
    if facts.is_at_merchant:
        return PlaceType.MERCHANT
    if facts.is_in_compound:
        return PlaceType.THREE_NO_COMPOUND if facts.is_three_no else PlaceType.MANAGED_COMPOUND
    if facts.building_kind in _UNIT_BUILDINGS or facts.is_in_exclusive_grid:
        return PlaceType.UNIT
    return PlaceType.STREET


def route(
    category_code: str,
    parent_code: str | None,
    place_type: PlaceType,
    rules: Iterable[DutyRule],
    fallback: Fallback,
    *,
    property_company_id: int | None = None,
) -> Route:
    """Return where a case goes.

    Args:
        category_code: of the case.
        parent_code: the category above; None for one of level 1.
        place_type: of :func:`find_place_type`.
        rules: of the community, in any order.
        fallback: who takes what no rule gives to anybody.
        property_company_id: the company of the compound, for rules that leave the lead to it.
    """
    skipped: list[SkippedRule] = []
    for rule in sorted(rules, key=lambda rule: rule.position):
        if not _fits(rule, category_code, parent_code, place_type):
            continue
        lead = _find_lead(rule, property_company_id)
        if isinstance(lead, SkipReason):
            skipped.append(SkippedRule(rule.id, rule.position, lead))
            continue
        why = Why(
            category_match=_match_category(rule, category_code),
            place_match=PlaceMatch.ANY if rule.place_type is None else PlaceMatch.PLACE_TYPE,
            place_type=place_type,
            legal_basis=rule.legal_basis,
            skipped=tuple(skipped),
            left=_list_left(rule),
        )
        return Route(
            lead_party_id=lead,
            supervisor_party_id=rule.supervisor_party_id if rule.is_supervisor_active else None,
            helper_party_id=rule.helper_party_id if rule.is_helper_active else None,
            deadline=rule.deadline,
            rule_id=rule.id,
            why=why,
        )
    why = Why(None, None, place_type, fallback=fallback.kind, skipped=tuple(skipped))
    return Route(fallback.party_id, None, None, None, None, why)


def _fits(rule: DutyRule, category_code: str, parent_code: str | None, place_type: PlaceType) -> bool:
    return rule.category_code in {None, category_code, parent_code} and rule.place_type in {None, place_type}


def _match_category(rule: DutyRule, category_code: str) -> CategoryMatch:
    if rule.category_code is None:
        return CategoryMatch.ANY
    return CategoryMatch.CATEGORY if rule.category_code == category_code else CategoryMatch.PARENT


def _find_lead(rule: DutyRule, property_company_id: int | None) -> int | SkipReason:
    if rule.lead_kind is LeadKind.COMPOUND_PROPERTY_COMPANY:
        return property_company_id or SkipReason.NO_PROPERTY_COMPANY
    if rule.lead_party_id is None or not rule.is_lead_active:
        return SkipReason.LEAD_LEFT
    return rule.lead_party_id


def _list_left(rule: DutyRule) -> tuple[str, ...]:
    has_left = {
        "supervisor": rule.supervisor_party_id is not None and not rule.is_supervisor_active,
        "helper": rule.helper_party_id is not None and not rule.is_helper_active,
    }
    return tuple(role for role, left in has_left.items() if left)


@dataclass(frozen=True, slots=True)
class HiddenRule:
    """A rule that is never reached.

    Attributes:
        rule: it.
        hidden_by: the earlier rules that take all it would get, in order.
    """

    rule: DutyRule
    hidden_by: tuple[DutyRule, ...]


@dataclass(frozen=True, slots=True)
class RuleFindings:
    """What is wrong with the rules of a community, each rule and category under one heading.

    Attributes:
        departed: rules that disable themselves, for their lead has left.
        conflicting: rules hidden by one for the very same category and place type, with another lead.
        dead: other rules that are never reached.
        unanswered: categories of level 2 with the place types where no rule gives them to anybody.
    """

    departed: tuple[DutyRule, ...]
    conflicting: tuple[HiddenRule, ...]
    dead: tuple[HiddenRule, ...]
    unanswered: Mapping[str, tuple[PlaceType, ...]]


def find_rule_conflicts(rules: Iterable[DutyRule], parents: Mapping[str, str | None]) -> RuleFindings:
    """Return rules that do nothing or contradict each other, and categories that no rule answers for.

    A rule that leaves the lead to the compound's property company passes the case on where there is none: it
    hides only rules that would ask the same company, and it answers for managed compounds alone.

    Args:
        rules: of one community.
        parents: every category by its code, with the code of the one above (None at level 1).
    """
    ordered = sorted(rules, key=lambda rule: rule.position)
    departed = [r for r in ordered if r.lead_kind is LeadKind.PARTY and not r.is_lead_active]
    working = [r for r in ordered if r not in departed]
    conflicting: list[HiddenRule] = []
    dead: list[HiddenRule] = []
    for n, rule in enumerate(working):
        taking = [e for e in working[:n] if e.lead_kind in {LeadKind.PARTY, rule.lead_kind}]
        against = tuple(e for e in taking if _is_same_scope(e, rule) and _lead_of(e) != _lead_of(rule))
        hidden_by = against or _find_hiding(rule, taking, parents)
        if hidden_by:
            (conflicting if against else dead).append(HiddenRule(rule, hidden_by))
    unanswered = {}
    for code, parent in parents.items():
        silent = tuple(place for place in PlaceType if not _is_answered(working, code, parent, place))
        if parent is not None and silent:
            unanswered[code] = silent
    return RuleFindings(tuple(departed), tuple(conflicting), tuple(dead), unanswered)


def _find_hiding(
    rule: DutyRule, taking: Sequence[DutyRule], parents: Mapping[str, str | None]
) -> tuple[DutyRule, ...]:
    """Return the rules that together take every case the rule fits, or none if some case reaches it."""
    hiding = set()
    for code, parent in parents.items():
        for place in PlaceType:
            if not _fits(rule, code, parent, place):
                continue
            first = next((e for e in taking if _fits(e, code, parent, place)), None)
            if first is None:
                return ()
            hiding.add(first)
    return tuple(sorted(hiding, key=lambda each: each.position))


def _is_same_scope(one: DutyRule, other: DutyRule) -> bool:
    return (one.category_code, one.place_type) == (other.category_code, other.place_type)


def _lead_of(rule: DutyRule) -> tuple[LeadKind, int | None]:
    return rule.lead_kind, rule.lead_party_id


def _is_answered(rules: Iterable[DutyRule], code: str, parent: str | None, place: PlaceType) -> bool:
    return any(
        _fits(rule, code, parent, place)
        and (rule.lead_kind is LeadKind.PARTY or place is PlaceType.MANAGED_COMPOUND)
        for rule in rules
    )
