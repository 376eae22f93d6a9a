"""Absences in words: who is away until when, who stands in, what needs a new holder.

Never why: these lines stand on the morning page and its sheet, where others look on.
"""

from collections.abc import Sequence
from datetime import date
from typing import Final

from dashboard.i18n import Text
from geo.model.absence import Absence, AbsenceReason, DutyKind, HandOver, HeldDuty, Return, Substitute
from geo.rules.morning import start_of_day

_REASONS: Final = {
    AbsenceReason.LEAVE: "absence.reason_leave",
    AbsenceReason.SICK: "absence.reason_sick",
    AbsenceReason.TRAINING: "absence.reason_training",
    AbsenceReason.SECONDMENT: "absence.reason_secondment",
    AbsenceReason.OTHER: "absence.reason_other",
}
_DUTIES: Final = {
    DutyKind.POST: "absence.duty_post",
    DutyKind.ZONE_LEAD: "absence.duty_zone_lead",
    DutyKind.ZONE_BACKUP: "absence.duty_zone_backup",
    DutyKind.DUTY_RULE: "absence.duty_rule",
    DutyKind.ORGANISATION: "absence.duty_organisation",
    DutyKind.COMPOUND: "absence.duty_compound",
    DutyKind.STAND_IN: "absence.duty_stand_in",
    DutyKind.OPEN_CASES: "absence.duty_open_cases",
}
_POSTS: Final = {
    "secretary": "post.secretary",
    "officer": "post.officer",
    "grid_lead": "post.grid_lead",
    "grid_worker": "post.grid_worker",
    "building_steward": "post.building_steward",
    "dwelling_steward": "post.dwelling_steward",
}


def name_reason(reason: AbsenceReason, text: Text) -> str:
    """Return what a reason is called."""
    return text(_REASONS[reason])


def tell_dates(absence: Absence, text: Text) -> str:
    """Return from when to when somebody is away."""
    start = _write_day(absence.valid_from, text)
    if absence.valid_to is None:
        return text("absence.open_end", start=start)
    return text("absence.dates", start=start, back=_write_day(absence.valid_to, text))


def tell_away(name: str, back_on: date | None, text: Text) -> str:
    """Return that somebody is away, and until when."""
    return text("absence.who", name=name, until=_tell_until(back_on, text))


def tell_absence(absence: Absence, text: Text) -> str:
    """Return who is away until when, who stands in, and how many cases are still with him."""
    parts = [tell_away(absence.name, absence.valid_to, text)]
    parts += [_tell_substitute(substitute, text) for substitute in absence.substitutes]
    if absence.stand_in and absence.stand_in not in {s.name for s in absence.substitutes}:
        parts.append(text("absence.stands_in", name=absence.stand_in))
    if absence.cases:
        parts.append(text("absence.cases_left", n=absence.cases))
    return text.join(parts)


def tell_return(back: Return, text: Text) -> str:
    """Return who is back, with the cases that came back to him and those that others go on with."""
    parts = [text("absence.is_back", name=back.name, day=_write_day(back.back_on, text))]
    if back.returned:
        parts.append(text("absence.cases_returned", n=back.returned))
    if back.kept:
        parts.append(text("absence.cases_kept", n=back.kept))
    return text.join(parts)


def tell_stood_in_for(absence: Absence, party_id: int, text: Text) -> str:
    """Return for whom a party stands in, with what and until when."""
    buildings = sum(each.buildings for each in absence.substitutes if each.party_id == party_id)
    parts = [text("absence.you_stand_in", name=absence.name)]
    parts += [text("count.buildings", n=buildings)] if buildings else []
    return text.join([*parts, _tell_until(absence.valid_to, text)])


def tell_hand_over(done: HandOver, text: Text) -> str:
    """Return what became of the work of somebody who is away."""
    parts = [text("absence.entered")] if done.absence_id is not None else []
    if done.taken:
        parts.append(text("absence.shared", n=len(done.taken)))
    if done.untaken:
        parts.append(text("absence.untaken", n=len(done.untaken)))
    if done.moved or not done.returned:
        parts.append(text("absence.cases_moved", n=len(done.moved)))
    if done.returned:
        parts.append(text("absence.cases_returned", n=len(done.returned)))
    if done.left:
        parts.append(text("absence.cases_left", n=len(done.left)))
    return text.join(parts)


def list_duty_rows(duties: Sequence[HeldDuty], text: Text) -> list[tuple[str, str]]:
    """Return what needs a new holder: kind, and what it is with who does it meanwhile."""
    return [(text(_DUTIES[duty.kind]), _tell_duty(duty, text)) for duty in duties]


def write_sheet_address(community_code: str, party_id: int, text: Text) -> str:
    """Return where the hand-over sheet of somebody is."""
    return f"/print/hand-over?community={community_code}&party={party_id}&lang={text.language}"


def _tell_duty(duty: HeldDuty, text: Text) -> str:
    if duty.kind is DutyKind.OPEN_CASES:
        return text("list.cases", n=duty.count)
    name = text(_POSTS[duty.name]) if duty.kind is DutyKind.POST else duty.name
    parts = [name or text("absence.any_category")]
    if duty.count:
        parts.append(text("count.buildings", n=duty.count))
    if duty.kind is DutyKind.ZONE_LEAD:
        parts.append(
            text("absence.nobody_meanwhile")
            if duty.successor is None
            else text("absence.meanwhile", name=duty.successor)
        )
    return text.join(parts)


def _tell_substitute(substitute: Substitute, text: Text) -> str:
    buildings = text("count.buildings", n=substitute.buildings)
    if substitute.name is None:
        return text("absence.nobody_holds", buildings=buildings)
    return text("absence.holds", name=substitute.name, buildings=buildings)


def _tell_until(back_on: date | None, text: Text) -> str:
    if back_on is None:
        return text("absence.until_further")
    return text("absence.back_on", day=_write_day(back_on, text))


def _write_day(day: date, text: Text) -> str:
    return text.day(start_of_day(day))
