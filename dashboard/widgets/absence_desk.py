"""Where the secretary enters who is away or leaves, and sees what becomes of the work."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from functools import partial

import streamlit as st

from dashboard import session
from dashboard.i18n import Text
from dashboard.i18n.refusals import tell_refusal
from dashboard.models.absences import (
    list_duty_rows,
    name_reason,
    tell_absence,
    tell_away,
    tell_dates,
    tell_hand_over,
    write_sheet_address,
)
from dashboard.widgets.markdown import escape, write_table
from geo.errors import WanggeError
from geo.model.absence import Absence, AbsenceReason
from geo.operations.absences import (
    end_absence,
    end_service,
    list_absences,
    list_duties,
    mark_absent,
    settle_hand_overs,
)
from geo.rules.morning import start_of_day
from geo.store.morning import StaffMember
from geo.store.places import Community


def show_absence_button(community: Community, staff: Sequence[StaffMember], text: Text) -> None:
    """Show the button that opens the desk."""
    is_pressed = st.button(
        text("absence.manage"), key="absences", icon=":material/event_busy:", type="tertiary"
    )
    if is_pressed:
        st.dialog(text("absence.title"), width="large")(show_desk)(community, staff, text)


def show_desk(community: Community, staff: Sequence[StaffMember], text: Text) -> None:
    """Show the forms for an absence and for a leaving, and who is away with what can be done about it."""
    # It reruns alone: whoever has signed out meanwhile is shown the way in.
    session.get_actor()
    absences = list_absences(community.id, session.today())
    entering, listing, leaving = st.tabs(
        [text("absence.tab_enter"), f"{text('absence.tab_list')} {len(absences)}", text("absence.tab_leave")]
    )
    names = {member.id: member.name for member in staff}
    with entering:
        away = {
            absence.party_id: tell_away(absence.name, absence.valid_to, text)
            for absence in absences
            if absence.covers(session.today())
        }
        _show_form(names, away, text)
    with listing:
        _show_absences(community, absences, text)
    with leaving:
        _show_leaving(names, text)


def _show_form(names: dict[int, str], away: dict[int, str], text: Text) -> None:
    labels = names | {party_id: label for party_id, label in away.items() if party_id in names}
    st.caption(text("absence.enter_hint"))
    with st.form("absence_form", border=False):
        left, right = st.columns(2)
        person = left.selectbox(
            text("absence.person"),
            names,
            index=None,
            format_func=labels.__getitem__,
            key="absent",
            placeholder="—",
        )
        reason = right.selectbox(
            text("absence.reason"), list(AbsenceReason), format_func=lambda r: name_reason(r, text)
        )
        first_day = left.date_input(text("absence.first_day"), session.today())
        back_on = right.date_input(text("absence.back"), None)
        stand_in = left.selectbox(
            text("absence.stand_in"),
            names,
            index=None,
            format_func=labels.__getitem__,
            key="stand_in",
            placeholder="—",
        )
        note = right.text_input(text("absence.note"), max_chars=400)
        if st.form_submit_button(text("absence.submit"), type="primary") and person and reason:
            _do(
                lambda: tell_hand_over(
                    mark_absent(person, first_day, back_on, reason, note=note, stand_in_id=stand_in), text
                ),
                text,
            )


def _show_absences(community: Community, absences: Sequence[Absence], text: Text) -> None:
    if not absences:
        st.caption(text("absence.nobody_away"))
    today = session.today()
    for absence in absences:
        words, sheet, end = st.columns([5, 1.3, 1.3], vertical_alignment="center")
        why = [tell_dates(absence, text), *([name_reason(absence.reason, text)] if absence.reason else [])]
        words.markdown(
            f"**{escape(tell_absence(absence, text))}**  \n"
            f":gray[{escape(text.join([*why, *([absence.note] if absence.note else [])]))}]"
        )
        sheet.link_button(
            text("absence.sheet"),
            write_sheet_address(community.code, absence.party_id, text),
            icon=":material/print:",
            type="tertiary",
        )
        if end.button(
            text("absence.end" if absence.covers(today) else "absence.call_off"), key=f"end_{absence.id}"
        ):
            _do(partial(_end, absence, text), text)
    # Cases of somebody who has left may be waiting though nobody is away.
    if st.button(text("absence.settle"), icon=":material/move_down:"):
        _do(lambda: tell_hand_over(settle_hand_overs(community.id), text), text)


def _end(absence: Absence, text: Text) -> str:
    done = end_absence(absence.id, session.today())
    if not absence.covers(session.today()):
        return text("absence.called_off", name=absence.name)
    back = text("absence.is_back", name=absence.name, day=text.day(datetime.now(UTC)))
    return text.join([back, text("absence.cases_returned", n=len(done.returned))])


def _show_leaving(names: dict[int, str], text: Text) -> None:
    left, right = st.columns(2)
    person = left.selectbox(
        text("absence.person"),
        names,
        index=None,
        format_func=names.__getitem__,
        key="leaver",
        placeholder="—",
    )
    last_day: date = right.date_input(
        text("absence.last_day"), session.today(), min_value=session.today(), key="last_day"
    )
    if person is None:
        return
    rows = list_duty_rows(list_duties(person, last_day), text)
    st.caption(text("absence.leave_hint" if rows else "absence.leave_nothing"))
    if rows:
        st.markdown(write_table(rows))
    is_sure = st.checkbox(text("absence.leave_sure"), key=f"sure_{person}")
    if st.button(text("absence.leave_submit"), disabled=not is_sure, type="primary"):
        _do(lambda: _leave(person, names[person], last_day, text), text)


def _leave(party_id: int, name: str, last_day: date, text: Text) -> str:
    duties = end_service(party_id, last_day)
    return text("absence.left", n=len(duties), name=name, day=text.day(start_of_day(last_day)))


def _do(act: Callable[[], str], text: Text) -> None:
    """Do it, and close the desk with what became of it; a refusal is told, and leaves it open."""
    try:
        session.tell_next(act())
    except WanggeError as refusal:
        st.warning(escape(tell_refusal(refusal, text)), icon=":material/report:")
        return
    st.rerun()
