"""What is done to a zone as a whole, and to buildings that go into a new one or on purpose into none."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from dashboard import session
from dashboard.i18n import Text
from dashboard.models.zones import list_hues, tell_apart
from dashboard.widgets.zone_desk import Desk
from dashboard.widgets.zone_map import show_zone_hues
from geo.model.zone import Plan, Zone, ZoneRole
from geo.operations import zone_drafts, zone_plans


@dataclass(frozen=True)
class _Journal:
    """Where the steps go that a reader takes in a draft."""

    desk: Desk
    plan: Plan
    text: Text

    def take(self, label: str, change: Callable[..., Plan], *args: Any, **options: Any) -> None:
        """Take a step, and go on with empty hands where it made use of what was picked."""
        seen = {"seen_revision": self.desk.seen_revision, "label": label}
        is_done = self.desk.attempt(self.text, lambda: change(self.plan.head.id, *args, **seen, **options))
        if is_done and "building_ids" in options:
            self.desk.pick(())


def show_zone_menu(desk: Desk, plan: Plan, candidates: Mapping[int, str], text: Text) -> None:
    """Offer what is done to the zone that is open, and to what is picked, behind one button."""
    chosen = plan.find_zone(desk.chosen) if desk.chosen else None
    journal = _Journal(desk, plan, text)
    menu = st.popover(
        "", icon=":material/more_horiz:", help=text("zones.menu"), key="zone_menu", on_change="rerun"
    )
    if not menu.open:
        return
    with menu, st.container(key="zone_menu_body"):
        if chosen:
            _show_zone(journal, chosen, candidates)
        else:
            st.caption(text("zones.menu_choose"))
        st.markdown(f"**{text('zones.menu_picked', n=len(desk.picked))}**")
        _show_picked(journal)


def _show_zone(journal: _Journal, zone: Zone, candidates: Mapping[int, str]) -> None:
    plan, text = journal.plan, journal.text
    # Another revision of the plan begins with fields of its own, filled from it.
    key = f"{plan.head.id}_{zone.id}_{plan.head.revision}"
    named = f"zone_name_{key}"
    st.text_input(
        text("zones.name"),
        value=zone.name,
        key=named,
        max_chars=60,
        on_change=lambda: journal.take(
            text("zones.step_rename"), zone_drafts.rename_zone, zone.id, st.session_state[named]
        ),
    )
    lead, backup = st.columns(2)
    with lead:
        _show_post(journal, zone, ZoneRole.LEAD, candidates, key)
    with backup:
        _show_post(journal, zone, ZoneRole.BACKUP, candidates, key)
    show_zone_hues(
        list_hues(zone, zone_plans.list_neighbours(plan, zone.id), text),
        text,
        on_choose=lambda hue: journal.take(text("zones.step_colour"), zone_drafts.colour_zone, zone.id, hue),
    )
    others = tell_apart({other.id: other.name for other in plan.zones if other.id != zone.id})
    other, merge, lock = st.columns([2, 1, 1], vertical_alignment="bottom")
    into = other.selectbox(
        text("zones.merge_into"),
        list(others),
        index=None,
        placeholder="—",
        format_func=others.__getitem__,
        key=f"zone_into_{key}",
    )
    merge.button(
        text("zones.merge"),
        key="zone_merge",
        disabled=into is None,
        width="stretch",
        on_click=journal.take,
        args=(text("zones.step_merge"), zone_drafts.merge_zones, [zone.id, into], into),
    )
    lock.button(
        text("zones.free_zone" if zone.is_locked else "zones.lock_zone"),
        key="zone_lock_whole",
        width="stretch",
        on_click=journal.take,
        args=(
            text("zones.step_free_zone" if zone.is_locked else "zones.step_lock_zone"),
            zone_drafts.lock_zone,
            zone.id,
        ),
        kwargs={"is_locked": not zone.is_locked},
    )


def _show_post(
    journal: _Journal, zone: Zone, role: ZoneRole, candidates: Mapping[int, str], key: str
) -> None:
    text = journal.text
    present = zone.find_party(role, session.today())
    names = {0: text("zones.nobody"), **candidates}
    if present:
        names[present] = journal.plan.party_names.get(present, "")
    names = tell_apart(names)
    field = f"zone_{role}_{key}"
    st.selectbox(
        text("zones.lead" if role is ZoneRole.LEAD else "zones.backup"),
        list(names),
        index=list(names).index(present or 0),
        format_func=names.__getitem__,
        key=field,
        on_change=lambda: journal.take(
            text("zones.step_appoint"), zone_drafts.appoint, zone.id, st.session_state[field] or None, role
        ),
    )


def _show_picked(journal: _Journal) -> None:
    desk, text = journal.desk, journal.text
    field, add = st.columns([2, 1], vertical_alignment="bottom")
    name = field.text_input(text("zones.new_name"), key="zone_new_name", max_chars=60)
    add.button(
        text("zones.add_zone"),
        key="zone_add",
        help=text("zones.add_zone_hint"),
        disabled=not name.strip(),
        width="stretch",
        on_click=journal.take,
        args=(text("zones.step_add"), zone_drafts.add_zone, name),
        kwargs={"building_ids": desk.picked},
    )
    field, state = st.columns([2, 1], vertical_alignment="bottom")
    reason = field.text_input(text("zones.gap_reason"), key="zone_gap_reason", max_chars=200)
    state.button(
        text("zones.state_gap"),
        key="zone_state_gap",
        disabled=not (desk.picked and reason.strip()),
        width="stretch",
        on_click=journal.take,
        args=(text("zones.step_gap"), zone_drafts.state_gap),
        kwargs={"building_ids": desk.picked, "reason": reason},
    )
