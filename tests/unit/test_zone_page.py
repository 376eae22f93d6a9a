"""What the page of the zones says of a plan."""

from dataclasses import replace
from datetime import date

import numpy as np

from dashboard.i18n import Text
from dashboard.models import zones as model
from dashboard.models.zone_cards import build_cards
from dashboard.models.zone_compare import Compared, build_comparison
from dashboard.models.zone_map import build_map_data
from dashboard.models.zone_view import keep_seen, lay_plan
from dashboard.models.zone_wishes import tell_moves
from geo.model.zone import (
    Appointment,
    Obstacle,
    ObstacleKind,
    Plan,
    PlanHead,
    PlanState,
    Zone,
    ZoneKind,
    ZoneRole,
)
from geo.operations.suggesting import SuggestedZone, ToldMove
from geo.operations.zone_town import Town
from geo.store.choices import AreaChoice, PartyCard
from geo.zoning.colouring import HUES
from geo.zoning.explain import Reason
from tests.unit.test_zone_draft import lay_grid

TEXT = Text("en")
TODAY = date(2026, 11, 22)
LEAD = Appointment(7, ZoneRole.LEAD, date(2026, 1, 1))


def lay_town(columns: int = 4) -> Town:
    loads = np.array([[10.0 * (unit + 1), 20.0, 30.0] for unit in range(columns)])
    ids = tuple(range(101, 101 + columns))
    return Town(ids, tuple(f"B{key}" for key in ids), {}, lay_grid(columns, 1), loads)


def make_plan(units: dict[int, int], *, zones: tuple[Zone, ...] | None = None, **of_plan: object) -> Plan:
    head = PlanHead(1, 1, ZoneKind.GRID_WORKER, "plan", PlanState.DRAFT, revision=4)
    own = zones or (
        Zone(1, "A", "Zone A", "#6C8EAD", appointments=(LEAD,)),
        Zone(2, "B", "Zone B", "#AD6C6C"),
    )
    return Plan(head, own, units, party_names={7: "Worker 7"}, **of_plan)  # type: ignore[arg-type]


def test_a_building_in_no_zone_is_unassigned_unless_a_reason_is_stated() -> None:
    view = lay_plan(make_plan({101: 1, 102: 2}, gaps={103: "to be pulled down"}), lay_town())
    assert view.unassigned == [104]


def test_a_building_that_an_import_has_deleted_is_left_out() -> None:
    view = lay_plan(make_plan({101: 1, 102: 1, 999: 2}, locked_units=frozenset({999})), lay_town())
    assert view.figures.sizes.tolist() == [2, 0]
    shown = build_map_data(view, None, TEXT, can_pick=True)
    assert [zone["buildings"] for zone in shown["zones"]] == [[101, 102], []]


def test_whoever_sees_some_buildings_is_told_of_their_zones_alone() -> None:
    town = lay_town(2)
    plan = make_plan({101: 2, 102: 2, 103: 1})
    assert [zone.code for zone in plan.zones] == ["A", "B"]
    view = lay_plan(keep_seen(plan, town), town)
    (bar,) = model.build_bars(view, view, {}, TEXT)
    assert bar["name"] == "Zone B"
    assert bar["bars"][0]["delta"] == "±0 %"
    assert view.unassigned == []
    assert view.list_moved(view) == []


def test_whoever_sees_some_buildings_is_told_no_load_of_a_zone() -> None:
    town = lay_town(2)
    plan = make_plan({101: 1, 102: 2, 103: 1})
    view = lay_plan(keep_seen(plan, town), town, is_partial=True)
    bars = model.build_bars(view, None, {1: "Worker 7"}, TEXT)
    assert [(bar["told"], bar["bars"], bar["figures"]) for bar in bars] == [
        ("1 building · 10 households", [], []),
        ("1 building · 20 households", [], []),
    ]
    assert "%" not in model.summarise_plan(view, [], TEXT)


def test_whoever_leads_a_zone_finds_it_open() -> None:
    plan = make_plan({101: 1})
    assert model.find_own_zone(plan, 7, TODAY) == 1
    assert model.find_own_zone(plan, 7, date(2025, 12, 31)) is None
    # A zone without a lead is not that of somebody without a party.
    assert model.find_own_zone(plan, None, TODAY) is None


def test_parts_that_lie_apart_are_named_the_heaviest_first() -> None:
    town = lay_town(7)
    plan = make_plan({101: 1, 102: 2, 103: 1, 104: 2, 105: 2, 106: 1, 107: 1})
    assert lay_plan(plan, town).breaks == [[103], [102], [101]]


def test_moved_is_what_another_zone_holds_whatever_the_rows_are_called() -> None:
    town = lay_town()
    before = make_plan({101: 1, 102: 1, 103: 2, 104: 2})
    copy = (Zone(31, "A", "Zone A"), Zone(32, "B", "renamed"))
    now = make_plan({101: 31, 102: 32, 103: 32}, zones=copy)
    assert lay_plan(now, town).list_moved(lay_plan(before, town)) == [102, 104]


def test_what_moved_is_painted_as_it_was_in_the_colours_of_today() -> None:
    town = lay_town()
    gone = (Zone(1, "A", "A", "#111111"), Zone(2, "B", "B", "#222222"), Zone(3, "C", "C", "#333333"))
    before = lay_plan(make_plan({101: 1, 102: 3, 103: 2}, zones=gone), town)
    copy = (Zone(31, "A", "A", "#AAAAAA"), Zone(32, "B", "B", "#BBBBBB"))
    now = lay_plan(make_plan({101: 32, 102: 31, 103: 32, 104: 31}, zones=copy), town)
    assert now.list_colours_before(before) == {101: "#AAAAAA", 102: "#333333", 104: None}
    assert now.list_colours_before(None) == {}


def test_bars_stand_against_the_mean_and_tell_what_was() -> None:
    town = lay_town()
    before = lay_plan(make_plan({101: 1, 102: 1, 103: 2, 104: 2}), town)
    view = lay_plan(make_plan({101: 1, 102: 1, 103: 1, 104: 2}), town)
    first, second = model.build_bars(view, before, {1: "Worker 7"}, TEXT)
    assert first["bars"][0] | {"label": ""} == {
        "label": "", "share": 1.2, "before": 0.6, "delta": "+20 %", "heavy": False,
    }  # fmt: skip
    assert second["bars"][0]["delta"] == "−20 %"
    assert first["figures"][0] == ["Households", "60", "+20 %", "30"]
    assert first["flags"] == []
    assert second["flags"] == ["no lead"]


def test_the_summary_names_what_is_farthest_off_on_either_side() -> None:
    view = lay_plan(make_plan({101: 1, 102: 2, 103: 2, 104: 2}), lay_town())
    assert "households farthest from the mean −80 %" in model.summarise_plan(view, [], TEXT) or (
        "households farthest from the mean +80 %" in model.summarise_plan(view, [], TEXT)
    )
    light = lay_plan(make_plan({101: 1, 104: 2}), lay_town())
    assert "households farthest from the mean −80 %" in model.summarise_plan(light, [], TEXT)
    assert "2 buildings in no zone" in model.summarise_plan(light, [], TEXT)


def test_a_lead_is_asked_for_the_day_the_plan_begins() -> None:
    later = date(2027, 1, 1)
    zones = (
        Zone(1, "A", "A", appointments=(Appointment(7, ZoneRole.LEAD, later),)),
        Zone(2, "B", "B", appointments=(Appointment(7, ZoneRole.LEAD, TODAY, later),)),
    )
    head = PlanHead(1, 1, ZoneKind.GRID_WORKER, "plan", PlanState.PUBLISHED, valid_from=later)
    plan = Plan(head, zones, {}, party_names={7: "Worker 7"})
    assert model.name_leads(plan, TODAY) == {1: "Worker 7"}


def test_the_plan_in_force_is_neither_a_draft_nor_one_that_has_ended() -> None:
    def head(key: int, state: PlanState, start: date | None, end: date | None = None) -> PlanHead:
        return PlanHead(key, 1, ZoneKind.GRID_WORKER, "plan", state, start, end)

    heads = [
        head(1, PlanState.DRAFT, None),
        head(2, PlanState.PUBLISHED, date(2026, 11, 23)),
        head(3, PlanState.SUPERSEDED, date(2026, 1, 1), date(2026, 11, 23)),
        head(4, PlanState.SUPERSEDED, date(2025, 1, 1), date(2026, 1, 1)),
    ]
    found = model.find_in_force(heads, TODAY)
    assert found is not None
    assert found.id == 3
    assert model.find_in_force(heads[:2], TODAY) is None


def test_plans_of_one_name_are_told_apart() -> None:
    heads = [
        PlanHead(number, 1, ZoneKind.GRID_WORKER, name, PlanState.DRAFT)
        for number, name in ((7, "明年"), (5, "明年"), (6, "明年 (2)"), (4, "今年"))
    ]
    names = model.name_plans(heads, TEXT)
    assert len(set(names.values())) == 4
    assert names[5] == model.name_plan(heads[1], TEXT)
    assert names[6] == model.name_plan(heads[2], TEXT)
    assert model.tell_apart({1: "王芳", 2: "李强", 3: "王芳"}) == {1: "王芳", 2: "李强", 3: "王芳 (2)"}


def test_what_changes_hands_is_told_zone_by_zone() -> None:
    town = lay_town()
    before = lay_plan(make_plan({101: 1, 102: 1, 103: 2}), town)
    now = lay_plan(make_plan({101: 1, 102: 2, 103: 2, 104: 2}), town)
    shown = build_comparison(Compared(now, {1: "Worker 7"}), Compared(before, {1: "Worker 7"}), TEXT)
    first, second = shown["zones"]
    assert (first["name"], first["gained"]) == ("Zone A", "")
    assert first["lost"] == "loses 1 building, 20 households, 20 people"
    assert second["gained"] == "gains 2 buildings, 60 households, 40 people"
    assert second["lost"] == ""
    assert [bar["value"] for bar in (first["bars"][0], second["bars"][0])] == ["30 → 10", "30 → 90"]
    assert first["bars"][0]["before"] > first["bars"][0]["share"]
    # One of the two had nobody before: nobody it knows goes.
    assert "of these get another lead: 20 households, 20 people" in shown["summary"]
    assert [move["cells"][3:] for move in shown["moves"]] == [
        ["Zone A Worker 7", "Zone B"],
        ["in no zone", "Zone B"],
    ]
    earlier, later = shown["sides"]
    assert [zone["buildings"] for zone in earlier["zones"]] == [[101, 102], [103]]
    assert [zone["buildings"] for zone in later["zones"]] == [[101], [102, 103, 104]]


def test_a_zone_of_one_plan_alone_and_plans_alike_are_compared_too() -> None:
    town = lay_town()
    before = Compared(lay_plan(make_plan({101: 1, 102: 1}, zones=(Zone(1, "A", "Zone A"),)), town), {})
    fresh = make_plan({101: 1, 102: 5}, zones=(Zone(1, "A", "Zone A", "#AAAAAA"), Zone(5, "N", "New")))
    after = Compared(lay_plan(fresh, town), {})
    shown = build_comparison(after, before, TEXT)
    assert [row["bars"][0]["value"] for row in shown["zones"]] == ["30 → 10", "0 → 20"]
    assert {side["zones"][0]["colour"] for side in shown["sides"]} == {"#AAAAAA"}
    alike = build_comparison(after, after, TEXT)
    assert alike["moves"] == []
    assert alike["summary"] == "No building changes its zone."


def test_buildings_are_picked_by_what_they_are_and_no_filter_is_empty() -> None:
    town = replace(
        lay_town(),
        three_no=frozenset({101, 999}),
        elderly=frozenset(),
        areas={
            ("compounds", 1): frozenset({101, 102}),
            ("grids", 1): frozenset({103}),
            ("grids", 2): frozenset({999}),
        },
    )
    view = lay_plan(make_plan({101: 1, 102: 1, 103: 2}), town)
    # A compound and a grid may be called alike; a grid without a building here is not offered.
    areas = [AreaChoice("compounds", 1, "K"), AreaChoice("grids", 1, "K"), AreaChoice("grids", 2, "L")]
    assert model.list_filters(view, areas, TEXT) == {
        "all in no zone (1 building)": {104},
        "in three-no compounds (1 building)": {101},
        "all of Zone A (2 buildings)": {101, 102},
        "all of Zone B (1 building)": {103},
        "compound K (2 buildings)": {101, 102},
        "grid K (1 building)": {103},
    }


def test_a_colour_that_a_neighbour_has_is_marked_with_the_neighbour() -> None:
    zone, neighbour = Zone(1, "A", "Zone A", HUES[0]), Zone(2, "B", "Zone B", HUES[3])
    hues = model.list_hues(zone, [neighbour], TEXT)
    assert [hue["colour"] for hue in hues] == list(HUES)
    assert [hue["colour"] for hue in hues if hue["mine"]] == [HUES[0]]
    assert [hue["taken"] for hue in hues if hue["taken"]] == [
        "Zone B beside it has this colour: choose another."
    ]


def test_every_obstacle_is_told_in_a_sentence() -> None:
    obstacles = [
        Obstacle(kind, building_ids=(1,), zone_ids=(1,), plan_id=1, names=("X",), day=TODAY)
        for kind in ObstacleKind
    ]
    for text in (Text("zh"), TEXT):
        told = model.tell_obstacles(obstacles, text)
        assert len(set(told)) == len(ObstacleKind)
        assert not [line for line in told if line.startswith("zones.")]


def test_a_public_card_tells_how_far_a_zone_reaches_and_who_answers_for_it() -> None:
    town = replace(
        lay_town(), names=("K1", "K2", "L1", "Mill"),
        areas={("compounds", 1): frozenset({101, 102}), ("compounds", 2): frozenset({103, 999}),
               ("grids", 1): frozenset({101})},
    )  # fmt: skip
    areas = [AreaChoice("compounds", 1, "K"), AreaChoice("compounds", 2, "L"), AreaChoice("grids", 1, "G")]
    cards = {7: PartyCard(7, "Ouyang", None)}
    (card,) = build_cards(make_plan({101: 1, 102: 1, 103: 1, 104: 1}), town, areas, cards, TODAY, TEXT)
    assert card.extent == ("K (all 2 buildings)", "L：1", "Mill")
    assert [(person.role, person.post, person.name, person.phone) for person in card.people] == [
        ("Lead", "Worker 7", "Ouyang", "")
    ]
    assert card.size == "4 buildings · 100 households"


def test_every_move_of_a_suggestion_is_told_in_a_sentence() -> None:
    giver, taker = SuggestedZone(1, "A", "Zone A"), SuggestedZone(None, "N1", "N1")
    names = tuple(f"B{number}" for number in range(5))
    for text in (Text("zh"), TEXT):
        moves = [
            ToldMove(tuple(range(5)), names, giver, taker, reason, 40.4, 1.26, 1.01, 0.5, 0.98)
            for reason in Reason
        ]
        told = tell_moves(moves, text)
        assert len(set(told)) == len(Reason)
        assert all("N1" in line and "B2" in line and "B3" not in line for line in told)
    evens = next(line for line, reason in zip(told, Reason, strict=True) if reason is Reason.EVENS)
    assert evens.startswith("B0、B1、B2 … 5 buildings (40 households) → N1: Zone A goes from 126 %")
