"""Drafts of zone plans: what an edit does, what locks keep, what two people may do at once, undo and redo."""

from collections.abc import Callable, Iterator

import pytest

from geo.errors import Conflict, Forbidden, InputRefused, NotFound
from geo.model.actor import ROLES
from geo.model.zone import Plan, ZoneRole
from geo.operations.zone_drafts import (
    add_zone,
    appoint,
    assign_units,
    colour_zone,
    list_steps,
    lock_units,
    lock_zone,
    merge_zones,
    read_journal,
    redo,
    redraw_zones,
    rename_zone,
    split_zone,
    state_gap,
    undo,
)
from geo.operations.zone_plans import discard_draft, list_plans, read_plan, rename_plan, start_draft
from geo.store.engine import acting_as
from tests.plan_town import KIND, TODAY, TOMORROW, PlanTown, find_new


@pytest.fixture
def town(database_url: str) -> PlanTown:
    return PlanTown(database_url)


@pytest.fixture
def draft(town: PlanTown) -> Iterator[Plan]:
    """A draft like the published plan, and the first secretary at work on it."""
    with acting_as(town.actor(1)):
        yield town.draft()


def same(plan: Plan) -> tuple[object, ...]:
    """What a draft says, apart from how often it was changed."""
    zones = [(z.id, z.code, z.name, z.is_locked, z.appointments) for z in plan.zones]
    return plan.units, plan.gaps, plan.locked_units, zones


def move(plan: Plan, zone: int, *buildings: int, seen: Plan | None = None) -> Plan:
    """Put buildings into the plan's zone of that place in the list."""
    return assign_units(
        plan.head.id,
        buildings,
        plan.zones[zone].id,
        seen_revision=(seen or plan).head.revision,
        label=f"→{zone}",
    )


class TestBeginning:
    def test_a_copy_says_the_same_with_zones_of_its_own(self, town: PlanTown, draft: Plan) -> None:
        origin = read_plan(town.published)
        assert [(z.code, z.name, z.appointments) for z in draft.zones] == [
            (z.code, z.name, z.appointments) for z in origin.zones
        ]
        code = {zone.id: zone.code for zone in (*draft.zones, *origin.zones)}
        assert {b: code[z] for b, z in draft.units.items()} == {b: code[z] for b, z in origin.units.items()}
        assert {zone.id for zone in draft.zones}.isdisjoint(zone.id for zone in origin.zones)
        assert (draft.head.based_on, draft.head.created_by, draft.head.state) == (town.published, 1, "draft")

    def test_a_copy_of_a_plan_without_colours_has_some(self, draft: Plan) -> None:
        assert len({zone.colour for zone in draft.zones} - {None}) == 2

    def test_whoever_is_over_stays_behind(self, town: PlanTown) -> None:
        town.run("UPDATE zone_party SET valid_to = %s WHERE party_id = %s", TODAY, town.workers[0])
        leads = [zone.find_party(ZoneRole.LEAD, TOMORROW) for zone in town.draft().zones]
        assert leads == [None, town.workers[1]]

    def test_a_plan_of_another_kind_is_no_origin(self, town: PlanTown) -> None:
        other = town.draft(based_on=None).head.id
        town.run("UPDATE zone_plan SET kind = 'volunteer' WHERE id = %s", other)
        with acting_as(town.actor()), pytest.raises(InputRefused):
            start_draft(town.id, KIND, "x", based_on=other)

    def test_names_are_kept_tidy(self, draft: Plan) -> None:
        assert rename_plan(draft.head.id, "  冬\u200b季\n方案 ").head.name == "冬季 方案"
        for name in ("", " \n", "长" * 61):
            with pytest.raises(InputRefused):
                rename_plan(draft.head.id, name)

    def test_a_discarded_draft_is_gone_and_noted(self, town: PlanTown, draft: Plan) -> None:
        move(draft, 1, town.buildings[0])
        discard_draft(draft.head.id)
        with pytest.raises(NotFound):
            read_plan(draft.head.id)
        assert town.run("SELECT count(*) FROM zone_step") == [(0,)]
        assert town.run("SELECT action, object_id FROM audit_log") == [("plan_discarded", draft.head.id)]
        assert town.holders(TODAY) == {
            building: town.workers[n // 6] for n, building in enumerate(town.buildings)
        }


class TestWho:
    @pytest.mark.parametrize("role", sorted(set(ROLES) - {"secretary"}))
    def test_only_the_secretary_sees_and_draws_drafts(self, town: PlanTown, role: str) -> None:
        plan = town.draft()
        with acting_as(town.actor(2, role)):  # type: ignore[arg-type]  # a role of the list
            # A wall knows of no plan at all.
            seen = [] if role == "wall" else [town.published]
            assert [head.id for head in list_plans(town.id)] == seen
            with pytest.raises(NotFound):
                read_plan(plan.head.id)
            with pytest.raises(Forbidden):
                move(plan, 1, town.buildings[0])
            with pytest.raises(Forbidden):
                undo(plan.head.id)
            with pytest.raises(Forbidden):
                start_draft(town.id, KIND, "x")
            with pytest.raises(Forbidden):
                discard_draft(plan.head.id)

    def test_nor_does_a_secretary_of_elsewhere(self, town: PlanTown) -> None:
        with acting_as(town.actor()), pytest.raises(Forbidden):
            start_draft(town.elsewhere, KIND, "x")


class TestEdits:
    def test_a_stroke_is_one_step_and_says_what_it_did(self, town: PlanTown, draft: Plan) -> None:
        after = move(draft, 1, *town.buildings[4:8])
        assert after == read_plan(draft.head.id)
        assert set(after.list_buildings(draft.zones[1].id)) == set(town.buildings[4:])
        assert after.head.revision == draft.head.revision + 1
        (step,) = list_steps(draft.head.id)
        assert set(step.change.units) == set(town.buildings[4:6]), "two were there already"
        assert (step.label, step.account_id, step.is_undone) == ("→1", 1, False)

    def test_what_changes_nothing_is_no_step(self, town: PlanTown, draft: Plan) -> None:
        assert move(draft, 0, *town.buildings[:6]) == draft
        assert list_steps(draft.head.id) == []

    def test_a_draft_is_on_nobodys_map(self, town: PlanTown, draft: Plan) -> None:
        before = town.versions()
        move(draft, 1, *town.buildings[:6])
        undo(draft.head.id)
        assert town.versions() == before
        assert town.holders(TODAY)[town.buildings[0]] == town.workers[0]

    def test_out_of_every_zone_and_a_gap_on_purpose(self, town: PlanTown, draft: Plan) -> None:
        first, second = town.buildings[:2]
        out = assign_units(draft.head.id, [first, second], None, seen_revision=0, label="-")
        assert {first, second}.isdisjoint(out.units)
        plan = state_gap(
            draft.head.id, [second, town.buildings[2]], " 整栋空置 ", seen_revision=1, label="空"
        )
        assert plan.gaps == {second: "整栋空置", town.buildings[2]: "整栋空置"}
        assert town.buildings[2] not in plan.units
        back = move(plan, 0, second)
        assert second not in back.gaps
        assert state_gap(draft.head.id, town.buildings[:3], None, seen_revision=9, label="").gaps == {}
        with pytest.raises(InputRefused):
            state_gap(draft.head.id, [first], " ", seen_revision=9, label="")

    def test_a_new_zone_has_code_and_colour_of_its_own(self, town: PlanTown, draft: Plan) -> None:
        after = add_zone(
            draft.head.id, "第三责任区", building_ids=town.buildings[5:7], seen_revision=0, label="+"
        )
        fresh = after.find_zone(find_new(draft, after))
        assert fresh is not None
        assert (fresh.code, fresh.name, fresh.appointments) == ("Z03", "第三责任区", ())
        assert set(after.list_buildings(fresh.id)) == set(town.buildings[5:7])
        colours = [zone.colour for zone in after.zones]
        assert None not in colours
        assert len(set(colours)) == 3

    def test_a_split_leaves_something_on_either_side(self, town: PlanTown, draft: Plan) -> None:
        zone = draft.zones[0].id
        for chosen in ([], town.buildings[:6], town.buildings[6:], town.buildings):
            with pytest.raises(InputRefused):
                split_zone(draft.head.id, zone, chosen, "东", seen_revision=0, label="")
        after = split_zone(draft.head.id, zone, town.buildings[3:9], "东", seen_revision=0, label="")
        assert set(after.list_buildings(find_new(draft, after))) == set(town.buildings[3:6])
        assert set(after.list_buildings(draft.zones[1].id)) == set(town.buildings[6:]), "not of this zone"
        assert len(read_plan(draft.head.id).zones) == 3, "no zone is left over from what was refused"

    def test_merging_and_taking_it_back_keeps_ids_and_people(self, draft: Plan) -> None:
        first, second = (zone.id for zone in draft.zones)
        merged = merge_zones(draft.head.id, [first, second], second, seen_revision=0, label="合并")
        assert [zone.id for zone in merged.zones] == [second]
        assert set(merged.units.values()) == {second}
        assert same(undo(draft.head.id)) == same(draft)
        assert same(redo(draft.head.id)) == same(merged)

    def test_appointing_takes_the_place_of_whoever_is_there(self, town: PlanTown, draft: Plan) -> None:
        zone, zhao = draft.zones[0].id, town.workers[2]
        after = appoint(
            draft.head.id, zone, zhao, ZoneRole.LEAD, seen_revision=0, label="", valid_from=TOMORROW
        )
        found = after.find_zone(zone)
        assert found is not None
        assert found.find_party(ZoneRole.LEAD, TODAY) == town.workers[0]
        assert found.find_party(ZoneRole.LEAD, TOMORROW) == zhao
        assert after.party_names[zhao] == "zhao"
        backed = appoint(draft.head.id, zone, town.workers[1], ZoneRole.BACKUP, seen_revision=1, label="")
        assert backed.zones[0].find_party(ZoneRole.LEAD, TOMORROW) == zhao
        emptied = appoint(draft.head.id, zone, None, ZoneRole.LEAD, seen_revision=2, label="")
        assert emptied.zones[0].find_party(ZoneRole.LEAD, TOMORROW) is None
        assert emptied.zones[0].find_party(ZoneRole.BACKUP, TODAY) == town.workers[1]
        with pytest.raises(InputRefused):
            appoint(draft.head.id, zone, 10**9, ZoneRole.LEAD, seen_revision=3, label="")
        with pytest.raises(InputRefused):
            appoint(draft.head.id, zone, zhao, ZoneRole.LEAD, seen_revision=3, label="", valid_to=TODAY)

    def test_a_chosen_colour_makes_the_neighbour_give_way(self, draft: Plan) -> None:
        first, second = draft.zones
        painted = colour_zone(draft.head.id, first.id, "#aabbcc", seen_revision=0, label="")
        again = colour_zone(draft.head.id, second.id, "#AABBCC", seen_revision=1, label="")
        assert painted.zones[0].colour == again.zones[1].colour == "#AABBCC"
        assert again.zones[0].colour not in {None, "#AABBCC"}
        with pytest.raises(InputRefused):
            colour_zone(draft.head.id, first.id, "red", seen_revision=2, label="")

    def test_buildings_and_zones_of_elsewhere_are_refused(self, town: PlanTown, draft: Plan) -> None:
        foreign = read_plan(town.published).zones[0].id
        with pytest.raises(NotFound):
            assign_units(draft.head.id, town.buildings, foreign, seen_revision=0, label="")
        with pytest.raises(Conflict, match="no longer in this community: 1"):
            move(draft, 0, 10**9, town.buildings[7])
        assert same(read_plan(draft.head.id)) == same(draft)


class TestLocks:
    def test_a_locked_zone_neither_gives_nor_takes(self, town: PlanTown, draft: Plan) -> None:
        zone = draft.zones[0].id
        locked = lock_zone(draft.head.id, zone, is_locked=True, seen_revision=0, label="锁")
        seen = locked.head.revision
        refused: list[Callable[[], Plan]] = [
            lambda: move(locked, 1, town.buildings[0]),
            lambda: move(locked, 0, town.buildings[7]),
            lambda: state_gap(draft.head.id, [town.buildings[0]], "空置", seen_revision=seen, label=""),
            lambda: merge_zones(draft.head.id, [zone], draft.zones[1].id, seen_revision=seen, label=""),
            lambda: split_zone(draft.head.id, zone, town.buildings[:2], "x", seen_revision=seen, label=""),
            lambda: redraw_zones(draft.head.id, {}, fresh={}, dropped=[zone], seen_revision=seen, label=""),
        ]
        for edit in refused:
            with pytest.raises(InputRefused, match="Z01"):
                edit()
        assert same(read_plan(draft.head.id)) == same(locked)
        rename_zone(draft.head.id, zone, "老区", seen_revision=seen, label="")
        opened = lock_zone(draft.head.id, zone, is_locked=False, seen_revision=9, label="开")
        assert town.buildings[0] in move(opened, 1, town.buildings[0]).list_buildings(draft.zones[1].id)

    def test_a_locked_building_stays(self, town: PlanTown, draft: Plan) -> None:
        first = town.buildings[0]
        locked = lock_units(draft.head.id, [first], is_locked=True, seen_revision=0, label="锁")
        assert locked.locked_units == {first}
        with pytest.raises(InputRefused, match=": 1"):
            move(locked, 1, *town.buildings[:3])
        assert town.buildings[1] in move(locked, 1, town.buildings[1]).list_buildings(draft.zones[1].id)
        freed = lock_units(draft.head.id, [first], is_locked=False, seen_revision=9, label="开")
        assert move(freed, 1, first).units[first] == draft.zones[1].id

    def test_taking_a_step_back_does_not_break_a_lock_of_somebody_else(
        self, town: PlanTown, draft: Plan
    ) -> None:
        after = move(draft, 1, town.buildings[0])
        with acting_as(town.actor(2)):
            lock_zone(draft.head.id, draft.zones[1].id, is_locked=True, seen_revision=1, label="锁")
        with pytest.raises(InputRefused, match="Z02"):
            undo(draft.head.id)
        assert read_plan(draft.head.id).units == after.units


class TestTwoPeople:
    def test_other_buildings_never_conflict(self, town: PlanTown, draft: Plan) -> None:
        """Judged by buildings, not by the revision of the whole draft."""
        move(draft, 1, *town.buildings[:2])
        with acting_as(town.actor(2)):
            after = move(draft, 1, *town.buildings[2:4], seen=draft)
        assert set(after.list_buildings(draft.zones[1].id)) == set(town.buildings) - set(town.buildings[4:6])

    def test_the_same_building_is_told_and_nothing_is_lost(self, town: PlanTown, draft: Plan) -> None:
        after = move(draft, 1, *town.buildings[:2])
        with acting_as(town.actor(2)):
            with pytest.raises(Conflict, match="→1"):
                assign_units(draft.head.id, town.buildings[1:4], None, seen_revision=0, label="")
            assert read_plan(draft.head.id) == after
            assign_units(draft.head.id, town.buildings[1:4], None, seen_revision=1, label="")

    def test_what_was_taken_back_since_is_a_change_too(self, town: PlanTown, draft: Plan) -> None:
        move(draft, 1, town.buildings[0])
        undo(draft.head.id)
        with acting_as(town.actor(2)), pytest.raises(Conflict):
            assign_units(draft.head.id, [town.buildings[0]], None, seen_revision=1, label="")

    def test_own_steps_are_no_conflict_where_they_have_been_seen(self, town: PlanTown, draft: Plan) -> None:
        after = move(draft, 1, town.buildings[0])
        assert move(after, 0, town.buildings[0]).units == draft.units

    def test_another_window_of_the_same_account_is_told_too(self, town: PlanTown, draft: Plan) -> None:
        after = move(draft, 1, town.buildings[0])
        with pytest.raises(Conflict, match="in another window \\(→1\\)"):
            assign_units(draft.head.id, town.buildings[:2], None, seen_revision=0, label="")
        assert read_plan(draft.head.id) == after
        # Other places go through side by side.
        move(draft, 1, town.buildings[1], seen=draft)

    def test_the_same_zone_by_name_and_by_lead(self, town: PlanTown, draft: Plan) -> None:
        zone = draft.zones[0].id
        rename_zone(draft.head.id, zone, "老区", seen_revision=0, label="改名")
        with acting_as(town.actor(2)):
            with pytest.raises(Conflict):
                rename_zone(draft.head.id, zone, "新区", seen_revision=0, label="")
            move(draft, 0, town.buildings[8], seen=draft)

    def test_a_zone_that_somebody_merged_away_takes_nothing(self, town: PlanTown, draft: Plan) -> None:
        first, second = (zone.id for zone in draft.zones)
        merge_zones(draft.head.id, [first], second, seen_revision=0, label="")
        with acting_as(town.actor(2)), pytest.raises(NotFound):
            assign_units(draft.head.id, [town.buildings[7]], first, seen_revision=0, label="")


class TestTakingBack:
    def test_one_takes_back_only_ones_own(self, town: PlanTown, draft: Plan) -> None:
        mine = move(draft, 1, town.buildings[0])
        with acting_as(town.actor(2)):
            move(mine, 1, town.buildings[2])
        assert undo(draft.head.id).units == {
            **draft.units,
            town.buildings[2]: draft.zones[1].id,
        }
        with pytest.raises(NotFound):
            undo(draft.head.id)

    def test_not_what_others_have_built_upon(self, town: PlanTown, draft: Plan) -> None:
        """Even if the values would fit: the second moved it away, the third back."""
        move(draft, 1, town.buildings[0])
        for account, zone in ((2, 0), (3, 1)):
            with acting_as(town.actor(account)):
                last = move(draft, zone, town.buildings[0], seen=read_plan(draft.head.id))
        with pytest.raises(Conflict):
            undo(draft.head.id)
        assert read_plan(draft.head.id) == last

    def test_but_what_others_took_back_themselves_is_nothing(self, town: PlanTown, draft: Plan) -> None:
        moved = move(draft, 1, town.buildings[0])
        with acting_as(town.actor(2)):
            move(moved, 0, town.buildings[0])
            undo(draft.head.id)
        assert undo(draft.head.id).units == draft.units

    def test_what_was_left_for_another_way_stays_left(self, town: PlanTown, draft: Plan) -> None:
        first = move(draft, 1, town.buildings[0])
        second = move(undo(first.head.id), 1, town.buildings[0])
        undo(second.head.id)
        assert redo(draft.head.id).units == second.units
        with pytest.raises(NotFound):
            redo(draft.head.id)

    def test_a_new_step_ends_what_could_be_made_again(self, town: PlanTown, draft: Plan) -> None:
        one = move(draft, 1, town.buildings[0])
        move(one, 1, town.buildings[1])
        assert undo(draft.head.id).units == one.units
        assert undo(draft.head.id).units == draft.units
        assert redo(draft.head.id).units == one.units
        journal = read_journal(draft.head.id)
        assert [
            journal.undoable and journal.undoable.number,
            journal.redoable and journal.redoable.number,
        ] == [1, 2]
        move(one, 1, town.buildings[2])
        assert read_journal(draft.head.id).redoable is None
        with pytest.raises(NotFound):
            redo(draft.head.id)

    def test_a_zone_that_others_use_does_not_go(self, town: PlanTown, draft: Plan) -> None:
        """Deleting it would take their buildings along without a word."""
        after = add_zone(draft.head.id, "新", seen_revision=0, label="+")
        fresh = find_new(draft, after)
        with acting_as(town.actor(2)):
            used = assign_units(draft.head.id, town.buildings[:2], fresh, seen_revision=1, label="")
        with pytest.raises(Conflict):
            undo(draft.head.id)
        assert read_plan(draft.head.id) == used

    def test_a_building_that_an_import_deleted_is_left_out(self, town: PlanTown, draft: Plan) -> None:
        gone, stays = town.buildings[:2]
        moved = move(draft, 1, gone, stays)
        town.run("DELETE FROM building WHERE id = %s", gone)
        with pytest.raises(Conflict, match="1"):
            move(moved, 0, gone, stays)
        back = undo(draft.head.id)
        assert gone not in back.units
        assert back.units[stays] == draft.zones[0].id
        assert redo(draft.head.id).units[stays] == draft.zones[1].id
