"""The page of duties in words: rules with what is wrong with them, where a case would go, working time."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from dashboard.i18n import Text
from dashboard.i18n.refusals import tell_refusal
from dashboard.models.incident_words import name_category, name_place_type
from geo.errors import Conflict, Forbidden, InputRefused, WanggeError
from geo.model.duty import DutyRule, DutyTerms, FallbackKind, LeadKind, PlaceType
from geo.model.working_time import Allowance, Unit, WorkingHours
from geo.operations.deadlines import RouteAndDue
from geo.operations.duties import DutyMatrix
from geo.rules.routing import CategoryMatch, SkipReason
from geo.store.calendars import CategoryClock
from geo.store.choices import Category

COMPANY: Final = 0
"""Stands among the leads for the property company of whichever compound it is; no party has this id."""

_UNITS: Final = {
    Unit.WORKING_HOUR: "duties.unit_working_hour",
    Unit.WORKING_DAY: "duties.unit_working_day",
    Unit.HOUR: "duties.unit_hour",
    Unit.DAY: "duties.unit_day",
}
_MATCHES: Final = {
    CategoryMatch.CATEGORY: "duties.fits_category",
    CategoryMatch.PARENT: "duties.fits_parent",
    CategoryMatch.ANY: "duties.fits_any",
}
_SKIPS: Final = {
    SkipReason.LEAD_LEFT: "duties.skipped_left",
    SkipReason.NO_PROPERTY_COMPANY: "duties.skipped_company",
}
_FALLBACKS: Final = {
    FallbackKind.RESIDENTS_COMMITTEE: "duties.fallback_committee",
    FallbackKind.SECRETARY: "duties.fallback_secretary",
}
_INTERVAL: Final = re.compile(r"(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})")
_FOLDED: Final = str.maketrans("：－—–~～至，、；;", ":------,,,,")


@dataclass(frozen=True)
class DutyWords:
    """What the rules of a community are told with."""

    text: Text
    matrix: DutyMatrix
    categories: Mapping[str, Category]

    def name_party(self, party_id: int | None) -> str:
        """Return what a party is called, and that it has left; nothing for none."""
        if party_id is None:
            return ""
        if party_id == COMPANY:
            return self.text("duties.company")
        party = self.matrix.parties.get(party_id)
        if party is None:
            return self.text("duties.former")
        return party.name if party.is_active else self.text("duties.has_left", name=party.name)

    def name_lead(self, rule: DutyRule | DutyTerms) -> str:
        """Return who a rule gives cases to."""
        if rule.lead_kind is LeadKind.COMPOUND_PROPERTY_COMPANY:
            return self.text("duties.company")
        return self.name_party(rule.lead_party_id)

    def name_scope(self, rule: DutyRule | DutyTerms) -> str:
        """Return which cases a rule is for."""
        return f"{self.name_category(rule.category_code)} × {self.name_place(rule.place_type)}"

    def name_category(self, code: str | None) -> str:
        """Return what a category is called; every one for none."""
        if code is None:
            return self.text("why.any_category")
        return name_category(self.categories[code], self.text) if code in self.categories else code

    def name_place(self, place_type: PlaceType | None) -> str:
        """Return what a kind of place is called; every one for none."""
        return (
            self.text("why.any_place") if place_type is None else name_place_type(place_type.value, self.text)
        )

    def tell_rule(self, rule: DutyRule | DutyTerms) -> str:
        """Return a rule in a line."""
        parts = [self.name_scope(rule), self.name_lead(rule)]
        if rule.supervisor_party_id is not None:
            parts.append(self.text("duties.with_supervisor", name=self.name_party(rule.supervisor_party_id)))
        if rule.helper_party_id is not None:
            parts.append(self.text("duties.with_helper", name=self.name_party(rule.helper_party_id)))
        if rule.deadline is not None:
            parts.append(write_allowance(rule.deadline, self.text))
        return self.text.join([*parts, rule.legal_basis] if rule.legal_basis else parts)

    def list_rows(self) -> dict[str, list[str | int]]:
        """Return the rules as columns of a table, by the columns' titles."""
        text, rules, flags = self.text, self.matrix.rules, self.list_flags()
        rows: dict[str, list[str | int]] = {text("duties.number"): [rule.position for rule in rules]}
        if any(flags.values()):
            rows[text("duties.flags")] = [f"⚠ {flags[rule.id]}" if flags[rule.id] else "" for rule in rules]
        return rows | {
            text("duties.category"): [self.name_category(rule.category_code) for rule in rules],
            text("duties.place"): [self.name_place(rule.place_type) for rule in rules],
            text("duties.lead"): [self.name_lead(rule) for rule in rules],
            text("duties.supervisor"): [self.name_party(rule.supervisor_party_id) for rule in rules],
            text("duties.helper"): [self.name_party(rule.helper_party_id) for rule in rules],
            text("duties.deadline"): [write_allowance(rule.deadline, text) for rule in rules],
            text("duties.basis"): [rule.legal_basis or "" for rule in rules],
        }

    def list_flags(self) -> dict[int, str]:
        """Return what is wrong with each rule, by its id; nothing with most."""
        text, findings = self.text, self.matrix.findings
        flags: dict[int, list[str]] = {rule.id: [] for rule in self.matrix.rules}
        for rule in findings.departed:
            flags[rule.id].append(text("duties.lead_left"))
        for hidden in findings.conflicting:
            flags[hidden.rule.id].append(
                text("duties.conflicting", numbers=list_positions(hidden.hidden_by, text))
            )
        for hidden in findings.dead:
            flags[hidden.rule.id].append(text("duties.dead", numbers=list_positions(hidden.hidden_by, text)))
        for rule in self.matrix.rules:
            if not rule.is_supervisor_active:
                flags[rule.id].append(text("duties.supervisor_left"))
            if not rule.is_helper_active:
                flags[rule.id].append(text("duties.helper_left"))
        return {rule_id: text.join(told) for rule_id, told in flags.items()}

    def tell_unanswered(self) -> str | None:
        """Return how many categories no rule answers for somewhere, and which for example; None for none."""
        unanswered = self.matrix.findings.unanswered
        if not unanswered:
            return None
        few = [self.name_category(code) for code in list(unanswered)[:3]]
        return self.text("duties.unanswered", n=len(unanswered), examples=self.text("duties.and").join(few))

    def tell_route(self, route: RouteAndDue) -> tuple[str, tuple[str, ...]]:
        """Return to whom a case would go and until when, and why, reason by reason."""
        text, why = self.text, route.why
        rule = next((rule for rule in self.matrix.rules if rule.id == route.duty_rule_id), None)
        due = text("new.due", at=text.moment(route.due_at)) if route.due_at else text("case.no_limit")
        answer = [text("duties.goes_to", name=self.name_party(route.party_id)), due]
        reasons = [text("duties.taken_for", place=self.name_place(why.place_type))]
        if rule is not None:
            if rule.supervisor_party_id is not None and rule.is_supervisor_active:
                answer.append(text("duties.with_supervisor", name=self.name_party(rule.supervisor_party_id)))
            if rule.helper_party_id is not None and rule.is_helper_active:
                answer.append(text("duties.with_helper", name=self.name_party(rule.helper_party_id)))
            reasons.append(text("duties.by_rule", number=rule.position, scope=self.name_scope(rule)))
            if why.category_match is not None:
                reasons.append(text(_MATCHES[why.category_match]))
            if why.legal_basis:
                reasons.append(why.legal_basis)
            if rule.lead_kind is LeadKind.PARTY and rule.lead_party_id != route.party_id:
                reasons.append(text("duties.to_holder", name=self.name_lead(rule)))
        elif why.fallback is not None:
            reasons.append(text(_FALLBACKS[why.fallback]))
        else:
            reasons.append(text("duties.withheld"))
        reasons += [text(_SKIPS[skipped.reason], number=skipped.position) for skipped in why.skipped]
        return text.join(answer), tuple(reasons)

    def find_catch_all(self) -> int | None:
        """Return the first rule that takes whatever comes, which others had better come before."""
        return next(
            (rule.id for rule in self.matrix.rules if rule.category_code is None and rule.place_type is None),
            None,
        )


def list_positions(rules: Iterable[DutyRule], text: Text) -> str:
    """Return the numbers of some rules."""
    return text("duties.and").join(str(rule.position) for rule in rules)


def name_unit(unit: Unit, text: Text) -> str:
    """Return what time is counted in."""
    return text(_UNITS[unit])


def write_allowance(allowance: Allowance | None, text: Text) -> str:
    """Return an amount of time; nothing for none."""
    if allowance is None:
        return ""
    return f"{text.number(allowance.amount, digits=2)} {name_unit(allowance.unit, text)}"


def write_clock(standard: CategoryClock, own: CategoryClock, text: Text) -> tuple[str, str, str]:
    """Return the first response and the deadline in force, and which of them are the community's own."""
    marks = [
        title
        for title, allowance in (
            (text("duties.response"), own.response),
            (text("duties.deadline"), own.deadline),
        )
        if allowance
    ]
    return (
        write_allowance(own.response or standard.response, text),
        write_allowance(own.deadline or standard.deadline, text),
        text.join(marks),
    )


def read_allowance(amount: float | None, unit: Unit | None) -> Allowance | None:
    """Return what two fields of a form say; nothing where the amount is empty.

    Raises:
        InputRefused: the amount is out of range.
    """
    return None if amount is None else Allowance(amount, unit or Unit.WORKING_DAY)


def read_hours(words: str) -> WorkingHours | None:
    """Return working hours as people write them, ``8:30-12:00，14:30-18:00``; None for no words.

    Raises:
        InputRefused: they are not hours, or make no day.
    """
    folded = "".join(words.translate(_FOLDED).split())
    if not folded:
        return None
    intervals = []
    for part in folded.split(","):
        found = _INTERVAL.fullmatch(part)
        if found is None or int(found[2]) > 59 or int(found[4]) > 59:
            msg = f"“{part}” is no span of working hours: write 08:30-12:00, 14:30-18:00"
            raise InputRefused(msg)
        opens_h, opens_min, closes_h, closes_min = map(int, found.groups())
        intervals.append((60 * opens_h + opens_min, 60 * closes_h + closes_min))
    return WorkingHours(tuple(intervals))


def explain_refusal(refusal: WanggeError, text: Text) -> str:
    """Return why something was not saved, in the reader's language."""
    if isinstance(refusal, Conflict):
        return text("duties.conflict")
    if isinstance(refusal, Forbidden):
        return text("duties.forbidden")
    return tell_refusal(refusal, text)
