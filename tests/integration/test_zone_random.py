"""Random edits of one draft by two people who do not always look: nothing is lost, the journal tells all."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from geo.errors import Conflict, InputRefused, NotFound
from geo.model.zone import Plan
from geo.operations.zone_drafts import (
    assign_units,
    list_steps,
    lock_units,
    merge_zones,
    redo,
    split_zone,
    state_gap,
    undo,
)
from geo.operations.zone_plans import read_plan
from geo.rules.drafts import apply_change
from geo.store.engine import acting_as
from tests.plan_town import PlanTown

PEOPLE = st.sampled_from([1, 2])
SPOTS = st.sets(st.integers(0, 11), min_size=1, max_size=4)
PLACE = st.integers(0, 4)

State = dict[int, tuple[int | None, bool, str | None]]


@dataclass
class Made:
    """A step as this test remembers it."""

    account: int
    before: State
    after: State
    zones: set[int]
    revision: int
    is_undone: bool = False

    def meets(self, keys: set[int], zone_ids: set[int]) -> bool:
        return bool(self.before.keys() & keys or self.zones & zone_ids)


@dataclass
class Memory:
    """Everything that was done, kept apart from the journal."""

    made: list[Made] = field(default_factory=list)

    def find_others(self, account: int, since: int) -> list[Made]:
        return [step for step in self.made if step.account != account and step.revision > since]


def read_state(plan: Plan, building_ids: list[int]) -> State:
    units = ((key, plan.find_unit(key)) for key in building_ids)
    return {key: (unit.zone_id, unit.is_locked, unit.gap) for key, unit in units}


def plain(plan: Plan) -> Plan:
    """A plan without what is no part of the journal: colours, names of parties, the count of changes."""
    return replace(
        plan,
        head=replace(plan.head, revision=0),
        zones=tuple(replace(zone, colour=None) for zone in plan.zones),
        party_names={},
    )


class Drawing(RuleBasedStateMachine):
    town: ClassVar[PlanTown]

    @initialize()
    def begin(self) -> None:
        self.origin = self.town.draft()
        self.plan = self.origin
        self.seen = {1: self.origin, 2: self.origin}
        self.memory = Memory()

    def edit(self, account: int, wish: Callable[[Plan], Plan]) -> None:
        """Let somebody do something by what he has seen last, and judge what came of it."""
        seen, before = self.seen[account], self.plan
        with acting_as(self.town.actor(account)):
            try:
                after = wish(seen)
            except Conflict:
                assert plain(read_plan(before.head.id)) == plain(before)
                others = self.memory.find_others(account, seen.head.revision)
                assert others, "nobody else has changed anything since"
                self.seen[account] = before
                return
            except (InputRefused, NotFound):
                assert plain(read_plan(before.head.id)) == plain(before)
                return
        self.plan = self.seen[account] = after
        if after.head.revision == before.head.revision:
            assert plain(after) == plain(before)
            return
        was, now = (read_state(plan, self.town.buildings) for plan in (before, after))
        changed = {key for key in was if was[key] != now[key]}
        there, then = ({zone.id for zone in plan.zones} for plan in (before, after))
        for other in self.memory.find_others(account, seen.head.revision):
            assert not other.meets(changed, there ^ then), "somebody else's work was overwritten unseen"
        self.memory.made.append(
            Made(
                account,
                {key: was[key] for key in changed},
                {key: now[key] for key in changed},
                there ^ then,
                after.head.revision,
            )
        )

    def choose(self, spots: set[int]) -> list[int]:
        return [self.town.buildings[spot] for spot in sorted(spots)]

    @rule(account=PEOPLE)
    def look(self, account: int) -> None:
        self.seen[account] = self.plan

    @rule(account=PEOPLE, spots=SPOTS, place=PLACE)
    def assign(self, account: int, spots: set[int], place: int) -> None:
        def wish(seen: Plan) -> Plan:
            zone_id = seen.zones[place].id if place < len(seen.zones) else None
            return assign_units(
                seen.head.id, self.choose(spots), zone_id, seen_revision=seen.head.revision, label="划"
            )

        self.edit(account, wish)

    @rule(account=PEOPLE, spots=SPOTS, is_locked=st.booleans())
    def lock(self, account: int, spots: set[int], *, is_locked: bool) -> None:
        self.edit(
            account,
            lambda seen: lock_units(
                seen.head.id,
                self.choose(spots),
                is_locked=is_locked,
                seen_revision=seen.head.revision,
                label="锁",
            ),
        )

    @rule(account=PEOPLE, spots=SPOTS, reason=st.sampled_from(["空置", None]))
    def leave_out(self, account: int, spots: set[int], reason: str | None) -> None:
        self.edit(
            account,
            lambda seen: state_gap(
                seen.head.id, self.choose(spots), reason, seen_revision=seen.head.revision, label="空"
            ),
        )

    @rule(account=PEOPLE, spots=SPOTS, place=PLACE)
    def split(self, account: int, spots: set[int], place: int) -> None:
        self.edit(
            account,
            lambda seen: split_zone(
                seen.head.id,
                seen.zones[place % len(seen.zones)].id,
                self.choose(spots),
                "新",
                seen_revision=seen.head.revision,
                label="拆",
            ),
        )

    @rule(account=PEOPLE, places=st.sets(PLACE, min_size=1, max_size=3), into=PLACE)
    def merge(self, account: int, places: set[int], into: int) -> None:
        def wish(seen: Plan) -> Plan:
            ids = [zone.id for zone in seen.zones]
            return merge_zones(
                seen.head.id,
                {ids[place % len(ids)] for place in places},
                ids[into % len(ids)],
                seen_revision=seen.head.revision,
                label="并",
            )

        self.edit(account, wish)

    @rule(account=PEOPLE, count=st.integers(1, 3))
    def take_back(self, account: int, count: int) -> None:
        for _ in range(count):
            own = [step for step in self.memory.made if step.account == account and not step.is_undone]
            self.repeat(account, own[-1] if own else None, undo, is_undone=True)

    @rule(account=PEOPLE)
    def make_again(self, account: int) -> None:
        own = [step for step in self.memory.made if step.account == account]
        left = (
            step
            for n, step in enumerate(own)
            if step.is_undone and all(later.revision < step.revision for later in own[n + 1 :])
        )
        self.repeat(account, next(left, None), redo, is_undone=False)

    def repeat(self, account: int, step: Made | None, act: Callable[[int], Plan], *, is_undone: bool) -> None:
        before = self.plan
        with acting_as(self.town.actor(account)):
            if step is None:
                with pytest.raises(NotFound):
                    act(before.head.id)
                return
            others = [
                other
                for other in self.memory.find_others(account, step.revision)
                if not other.is_undone and other.meets(set(step.before), step.zones)
            ]
            try:
                after = act(before.head.id)
            except (Conflict, InputRefused):
                # Besides others' work on the same place: a zone that others now use, or have given its code.
                assert others or step.zones or self.memory.find_others(account, step.revision)
                assert plain(read_plan(before.head.id)) == plain(before)
                return
        assert not others, "others have built upon this step"
        wanted = read_state(before, self.town.buildings) | (step.before if is_undone else step.after)
        assert read_state(after, self.town.buildings) == wanted
        self.plan = self.seen[account] = after
        step.is_undone, step.revision = is_undone, after.head.revision

    @invariant()
    def the_journal_replays_to_what_is_stored(self) -> None:
        if not hasattr(self, "plan"):
            return
        with acting_as(self.town.actor()):
            stored = read_plan(self.plan.head.id)
            steps = list_steps(self.plan.head.id)
        assert plain(stored) == plain(self.plan), "what an edit returned is what is stored"
        replayed = self.origin
        for step in sorted(steps, key=lambda step: step.revision):
            if not step.is_undone:
                replayed = apply_change(replayed, step.change)
        assert plain(replayed) == plain(stored)
        assert stored.units.keys().isdisjoint(stored.gaps)
        assert stored.locked_units <= stored.units.keys()
        assert set(stored.units.values()) <= {zone.id for zone in stored.zones}
        assert len(steps) == len(self.memory.made)


def test_two_people_draw_at_random(database_url: str) -> None:
    class DrawingHere(Drawing):
        town = PlanTown(database_url)

    run_state_machine_as_test(
        DrawingHere,
        settings=settings(
            max_examples=25,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
