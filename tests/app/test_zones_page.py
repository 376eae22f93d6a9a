"""The page of the zones: drawn by the secretary, read by others, nothing of a draft told to them."""

from datetime import UTC, datetime, timedelta

import pytest

from geo.model.zone import Plan, ZoneKind
from geo.operations import zone_drafts, zone_plans
from geo.operations.deadlines import find_day
from geo.store.engine import acting_as
from tests.app.opening import PageVisit
from tests.case_town import CaseTown, found_town

TOMORROW = find_day(datetime.now(UTC)) + timedelta(days=1)
INERT = "<img src=x onerror=alert(1)> [x](javascript:alert(1))"


class Visit(PageVisit):
    """Somebody at the page."""

    page = "zones"

    def read_words(self) -> str:
        return "\n".join(
            str(part.value) for part in [*self.app.markdown, *self.app.caption, *self.app.warning]
        )


@pytest.fixture
def town(database_url: str) -> CaseTown:
    return found_town(database_url)


def begin_draft(town: CaseTown, name: str = "Next year") -> Plan:
    with acting_as(town.actor("secretary")):
        (head,) = zone_plans.list_plans(town.id, ZoneKind.GRID_WORKER)
        return zone_plans.start_draft(town.id, ZoneKind.GRID_WORKER, name, based_on=head.id)


def read_plan(town: CaseTown, plan_id: int) -> Plan:
    with acting_as(town.actor("secretary")):
        return zone_plans.read_plan(plan_id)


def test_the_secretary_begins_a_draft_and_finds_it_open(
    town: CaseTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = begin_draft(town, INERT)
    visit = Visit(town, "secretary", monkeypatch)
    app = visit.open(plan=str(draft.head.id), lang="en")
    assert app.selectbox(key="zone_plan").value == draft.head.id
    assert app.button(key="zone_publish")
    assert app.button(key="zone_undo").disabled


def test_two_plans_stand_side_by_side_where_the_address_says_so(
    town: CaseTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = begin_draft(town)
    app = Visit(town, "secretary", monkeypatch).open(plan=str(draft.head.id), side="1", lang="en")
    assert app.toggle(key="zone_side").value
    assert not [button for button in app.button if button.key == "zone_give"]
    app.toggle(key="zone_side").set_value(False).run()
    assert not app.exception
    assert "side" not in app.query_params
    assert app.button(key="zone_give")


@pytest.mark.parametrize("who", ["worker", "leader", "company", "administrator"])
def test_others_see_what_is_published_and_no_draft(
    town: CaseTown, who: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = begin_draft(town, "secret plan")
    app = Visit(town, who, monkeypatch).open(plan=str(draft.head.id), lang="en")
    assert app.selectbox(key="zone_plan").value != draft.head.id
    assert "secret plan" not in str(app.selectbox(key="zone_plan").options)
    assert not [button for button in app.button if str(button.key).startswith("zone_")]


def test_buildings_ticked_in_the_table_are_given_to_a_zone_and_back(
    town: CaseTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = begin_draft(town)
    visit = Visit(town, "secretary", monkeypatch)
    app = visit.open(plan=str(draft.head.id), lang="en")
    first, second = draft.zones
    whole = next(option for option in app.selectbox(key="zone_area").options if first.name in option)
    app.selectbox(key="zone_area").set_value(whole).run()
    assert "1 building picked" in visit.read_words()
    # The zone is chosen in the bars, which only a browser draws.
    app.session_state["zone_desk"][1].chosen = second.id
    app.run()
    app.button(key="zone_give").click().run()
    assert not app.exception
    assert read_plan(town, draft.head.id).units == dict.fromkeys(
        (town.building, town.far_building), second.id
    )
    app.button(key="zone_undo").click().run()
    assert read_plan(town, draft.head.id).units == draft.units


def test_a_change_of_the_same_building_by_somebody_else_is_told(
    town: CaseTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = begin_draft(town)
    visit = Visit(town, "secretary", monkeypatch)
    app = visit.open(plan=str(draft.head.id), lang="en")
    app.session_state["zone_desk"][1].picked = (town.building,)
    app.run()
    with acting_as(town.actor("worker", "secretary")):
        zone_drafts.assign_units(
            draft.head.id,
            [town.building],
            draft.zones[1].id,
            seen_revision=draft.head.revision,
            label="given away",
        )
    app.button(key="zone_take_out").click().run()
    assert "somebody else was faster at the same place" in visit.read_words()
    assert read_plan(town, draft.head.id).units[town.building] == draft.zones[1].id


def test_a_locked_zone_gives_nothing_and_says_so(town: CaseTown, monkeypatch: pytest.MonkeyPatch) -> None:
    draft = begin_draft(town)
    with acting_as(town.actor("secretary")):
        zone_drafts.lock_zone(
            draft.head.id, draft.zones[0].id, is_locked=True, seen_revision=draft.head.revision, label="lock"
        )
    visit = Visit(town, "secretary", monkeypatch)
    app = visit.open(plan=str(draft.head.id), lang="en")
    whole = next(option for option in app.selectbox(key="zone_area").options if draft.zones[0].name in option)
    app.selectbox(key="zone_area").set_value(whole).run()
    app.button(key="zone_take_out").click().run()
    assert app.warning
    assert read_plan(town, draft.head.id).units == draft.units


def test_publishing_says_what_is_missing(town: CaseTown, monkeypatch: pytest.MonkeyPatch) -> None:
    draft = begin_draft(town)
    with acting_as(town.actor("secretary")):
        plan = zone_drafts.assign_units(
            draft.head.id, [town.building], None, seen_revision=draft.head.revision, label="out"
        )
    visit = Visit(town, "secretary", monkeypatch)
    app = visit.open(plan=str(draft.head.id), lang="en")
    app.button(key="zone_publish").click().run()
    assert "1 building in no zone" in visit.read_words()
    assert app.button(key="zone_publish_now").disabled
    with acting_as(town.actor("secretary")):
        zone_drafts.assign_units(
            draft.head.id, [town.building], draft.zones[0].id, seen_revision=plan.head.revision, label="in"
        )
    visit = Visit(town, "secretary", monkeypatch)
    app = visit.open(plan=str(draft.head.id), lang="en")
    app.button(key="zone_publish").click().run()
    assert "Every building is held" in visit.read_words()
    assert not app.button(key="zone_publish_now").disabled


@pytest.mark.parametrize("kind", ["party_branch", "nonsense"])
def test_a_kind_without_a_plan_says_what_to_do(
    town: CaseTown, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = Visit(town, "secretary", monkeypatch).open(kind=kind, lang="en")
    if kind == "party_branch":
        assert "Choose “New draft”" in app.info[0].value
    else:
        assert app.selectbox(key="zone_kind").value == "grid_worker"


@pytest.mark.parametrize(
    ("who", "told"), [("worker", "1 building leave you"), ("colleague", "1 building come to you")]
)
def test_whose_zone_changes_reads_it_over_his_cases(
    town: CaseTown, who: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = begin_draft(town)
    first, second = draft.zones
    with acting_as(town.actor("secretary")):
        plan = zone_drafts.merge_zones(
            draft.head.id, [first.id], second.id, seen_revision=draft.head.revision, label="merge"
        )
        zone_plans.publish(draft.head.id, TOMORROW, seen_revision=plan.head.revision)
    visit = Visit(town, who, monkeypatch)
    visit.app.query_params["lang"] = "en"
    app = visit.app.switch_page("views/incidents.py").run()
    assert not app.exception
    (link,) = [part for part in app.main if part.type == "page_link"] or app.get("page_link")
    assert told in link.proto.label
