"""The zone editor: map and bars of a plan, and what a secretary does to a draft with them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import streamlit as st

from dashboard import session
from dashboard.i18n import Text
from dashboard.models import zones as model
from dashboard.models.zone_compare import Compared, build_comparison
from dashboard.models.zone_map import build_map_data
from dashboard.models.zone_view import PlanView, keep_seen, lay_plan
from dashboard.widgets.markdown import escape
from dashboard.widgets.zone_desk import Desk, open_desk
from dashboard.widgets.zone_map import (
    find_chosen,
    find_said,
    show_zone_bars,
    show_zone_comparison,
    show_zone_map,
)
from dashboard.widgets.zone_menu import show_zone_menu
from dashboard.widgets.zone_wishes import ask_for_plan
from geo.errors import NotFound
from geo.model.zone import Journal, Plan, PlanState
from geo.operations import zone_drafts, zone_plans
from geo.operations.zone_town import Town
from geo.store.choices import AreaChoice
from geo.store.engine import reading_together

_TABLE_PX: Final = 320


@dataclass(frozen=True)
class Stage:
    """What stays as it is while the editor is open.

    Attributes:
        plan_id: the plan that is shown.
        town: what it lies over.
        areas: compounds and grids to pick by.
        style: of the map.
        box: west, south, east, north of the community, in degrees.
        before: the plan it is compared with.
        candidates: who can lead a zone of this kind, by party.
        can_edit: whether its reader draws plans; only drafts can be drawn.
    """

    plan_id: int
    town: Town
    areas: tuple[AreaChoice, ...]
    style: Mapping[str, Any]
    box: tuple[float, float, float, float]
    before: PlanView | None
    candidates: Mapping[int, str]
    can_edit: bool


# A fragment: a stroke, an assignment or an undo reruns these lines and nothing else.
@session.fragment
def show_zone_editor(stage: Stage, text: Text) -> None:
    """Show a plan: the map left, what each zone carries right, and below a table for those who prefer one."""
    desk = open_desk(stage.plan_id)
    try:
        with reading_together():
            plan = zone_plans.read_plan(stage.plan_id)
            can_edit = stage.can_edit and plan.head.state is PlanState.DRAFT
            journal = zone_drafts.read_journal(plan.head.id) if can_edit else Journal()
    except NotFound:
        # Somebody else has thrown it away: the page shows another plan.
        st.rerun()
    desk.seen_revision = plan.head.revision
    if stage.can_edit:
        view = lay_plan(plan, stage.town)
    else:
        actor = session.get_actor()
        is_partial = actor.role == "property_company"
        view = lay_plan(keep_seen(plan, stage.town), stage.town, is_partial=is_partial)
        # Whoever has a zone of his own finds it open.
        desk.chosen = desk.chosen or model.find_own_zone(plan, actor.party_id, session.today())
    moved = view.list_moved(stage.before)
    told, switch, picker = st.columns([1.9, 0.45, 1], gap="small", vertical_alignment="center")
    told.caption(escape(model.summarise_plan(view, moved, text)))
    with switch:
        is_compared = stage.before is not None and _ask_for_comparison(text)
    if is_compared and stage.before is not None:
        today = session.today()
        after, before = (Compared(one, model.name_leads(one.plan, today)) for one in (view, stage.before))
        show_zone_comparison({**build_comparison(after, before, text), **_lay_ground(stage)})
        return
    if can_edit:
        with picker:
            _show_pickers(desk, view, stage.areas, text)
    left, right = st.columns([2.35, 1], gap="small")
    with left:
        show_zone_map(
            {
                **build_map_data(view, stage.before, text, can_pick=can_edit),
                **_lay_ground(stage),
                "chosen": desk.chosen,
                "pick": {
                    "order": desk.order,
                    "ids": desk.picked,
                    "flies": desk.flies,
                    "heard": desk.heard,
                },
            },
            on_said=lambda said: _hear(desk, stage, text, said),
        )
    with right, st.container(key="zone_panel"):
        if desk.refusal:
            st.warning(escape(desk.refusal), icon=":material/report:")
            desk.refusal = None
        if can_edit:
            _show_acts(desk, plan, journal, stage, text)
            st.caption(escape(model.tell_picked(view, desk.picked, text)))
        else:
            st.caption(text("zones.partial_hint" if view.is_partial else "zones.read_hint"))
        show_zone_bars(
            model.build_bars(view, stage.before, model.name_leads(plan, session.today()), text),
            desk.chosen,
            text,
            can_give=can_edit and bool(desk.picked),
            on_choose=lambda zone_id: _choose(desk, zone_id),
            on_give=lambda zone_id: _give(desk, stage, text, zone_id),
        )
    if st.toggle(text("zones.show_table"), key="zone_table_on"):
        _show_table(desk, view, text, can_pick=can_edit)


def _lay_ground(stage: Stage) -> dict[str, Any]:
    return {"style": stage.style, "box": [stage.box[:2], stage.box[2:]]}


def _ask_for_comparison(text: Text) -> bool:
    """Show the switch to both plans side by side; the address says whether it is on."""
    st.session_state.setdefault("zone_side", st.query_params.get("side") == "1")
    return st.toggle(
        text("zones.compare"),
        key="zone_side",
        on_change=lambda: session.change_address(side="1" if st.session_state["zone_side"] else None),
    )


def _show_acts(desk: Desk, plan: Plan, journal: Journal, stage: Stage, text: Text) -> None:
    chosen = plan.find_zone(desk.chosen) if desk.chosen else None
    is_locked = bool(desk.picked) and set(desk.picked) <= plan.locked_units
    give = text("zones.give", zone=chosen.name) if chosen else text("zones.give_none")
    steps = {"undo": journal.undoable, "redo": journal.redoable}
    with st.container(key="zone_acts", horizontal=True, gap="small"):
        for act, label, icon, keys, is_off in (
            ("give", give, "arrow_forward", "Enter", not (desk.picked and chosen)),
            ("take_out", "", "remove_circle", "Delete", not desk.picked),
            ("lock", "", "lock_open" if is_locked else "lock", "K", not desk.picked),
            ("undo", "", "undo", "Ctrl+Z", steps["undo"] is None),
            ("redo", "", "redo", "Ctrl+Y", steps["redo"] is None),
        ):
            titles = {
                "give": give,
                "take_out": text("zones.take_out"),
                "lock": text("zones.free_units" if is_locked else "zones.lock_units"),
                "undo": text("zones.undo"),
                "redo": text("zones.redo"),
            }
            step = steps.get(act)
            told = f"{titles[act]} ({keys})" + (f": {step.label}" if step else "")
            st.button(
                escape(label),
                key=f"zone_{act}",
                icon=f":material/{icon}:",
                type="primary" if act == "give" else "secondary",
                help=escape(told),
                disabled=is_off,
                on_click=_follow,
                args=(desk, stage, text, act),
            )
        wishes = st.button("", key="zone_wish", icon=":material/auto_awesome:", help=text("zones.wish"))
        show_zone_menu(desk, plan, stage.candidates, text)
    if wishes:
        ask_for_plan(plan, desk, text)


def _show_pickers(desk: Desk, view: PlanView, areas: Sequence[AreaChoice], text: Text) -> None:
    choices = model.list_filters(view, areas, text)
    st.selectbox(
        text("zones.area_pick"),
        list(choices),
        index=None,
        placeholder=text("zones.area_pick"),
        key="zone_area",
        label_visibility="collapsed",
        on_change=lambda: _pick_area(desk, choices),
    )


def _pick_area(desk: Desk, choices: Mapping[str, Collection[int]]) -> None:
    name = st.session_state["zone_area"]
    if name is not None:
        desk.pick({*desk.picked, *choices[name]}, flies=True)
        st.session_state["zone_area"] = None


def _show_table(desk: Desk, view: PlanView, text: Text, *, can_pick: bool) -> None:
    rows = model.list_building_rows(view, text)
    if not can_pick:
        st.dataframe(rows, hide_index=True, height=_TABLE_PX)
        return
    # Another revision begins with nothing ticked.
    key = f"zone_table_{view.plan.head.id}_{view.plan.head.revision}"
    st.dataframe(
        rows,
        hide_index=True,
        height=_TABLE_PX,
        key=key,
        selection_mode="multi-row",
        on_select=lambda: desk.pick(
            [view.town.building_ids[row] for row in st.session_state[key].selection.rows]
        ),
    )
    st.caption(text("zones.table_hint"))


def _choose(desk: Desk, zone_id: int) -> None:
    desk.chosen = zone_id


def _follow(desk: Desk, stage: Stage, text: Text, act: str) -> None:
    """Do what a button asks, after what the hand did before."""
    _catch_up(desk, stage, text)
    _do(desk, stage, text, act)


def _do(desk: Desk, stage: Stage, text: Text, act: str) -> None:
    match act:
        case "give" if desk.chosen:
            _give_picked(desk, stage, text, desk.chosen)
        case "take_out" if desk.picked:
            _give_picked(desk, stage, text, None)
        case "lock" if desk.picked:
            desk.attempt(text, lambda: _turn_lock(desk, stage.plan_id, text))
        case "undo":
            desk.attempt(text, lambda: zone_drafts.undo(stage.plan_id))
        case "redo":
            desk.attempt(text, lambda: zone_drafts.redo(stage.plan_id))


def _give(desk: Desk, stage: Stage, text: Text, zone_id: int) -> None:
    _catch_up(desk, stage, text)
    if desk.picked:
        _give_picked(desk, stage, text, zone_id)


def _give_picked(desk: Desk, stage: Stage, text: Text, zone_id: int | None) -> None:
    """Give what is picked to a zone, or to none, and go on with empty hands."""
    label = text("zones.step_give" if zone_id else "zones.step_take_out", n=len(desk.picked))
    is_done = desk.attempt(
        text,
        lambda: zone_drafts.assign_units(
            stage.plan_id, desk.picked, zone_id, seen_revision=desk.seen_revision, label=label
        ),
    )
    if is_done:
        desk.chosen = zone_id or desk.chosen
        desk.pick(())


def _turn_lock(desk: Desk, plan_id: int, text: Text) -> None:
    is_locked = set(desk.picked) <= zone_plans.read_plan(plan_id).locked_units
    label = text("zones.step_free" if is_locked else "zones.step_lock", n=len(desk.picked))
    zone_drafts.lock_units(
        plan_id, desk.picked, is_locked=not is_locked, seen_revision=desk.seen_revision, label=label
    )


def _catch_up(desk: Desk, stage: Stage, text: Text) -> None:
    said = find_said()
    if said is not None:
        _hear(desk, stage, text, said)


def _hear(desk: Desk, stage: Stage, text: Text, said: Mapping[str, Any]) -> None:
    """Take what the hand has done, in its order; what was taken before is told again, and left alone."""
    desk.chosen = find_chosen() or desk.chosen
    if said["plan"] != stage.plan_id:
        return
    for step in said["steps"]:
        if step["number"] > desk.heard:
            desk.heard = step["number"]
            _take_step(desk, stage, text, step)


def _take_step(desk: Desk, stage: Stage, text: Text, step: Mapping[str, Any]) -> None:
    match step:
        case {"add": ids}:
            desk.hold({*desk.picked, *ids})
        case {"drop": ids}:
            desk.hold(set(desk.picked).difference(ids))
        case {"pick": ids}:
            desk.hold(ids)
        case {"open": zone_id}:
            desk.chosen = zone_id
        case {"act": act}:
            _do(desk, stage, text, act)
