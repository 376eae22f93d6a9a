"""The page of duties: read by the staff, changed by its keepers, nobody's words lost."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.models.duties import read_hours
from geo.errors import InputRefused
from geo.model.duty import DutyTerms, LeadKind, PlaceType
from geo.model.working_time import Allowance, Unit
from geo.operations.calendars import read_community_time, set_day, set_hours
from geo.operations.deadlines import find_day
from geo.operations.duties import DutyMatrix, add_rule, change_rule, read_matrix, withdraw_rule
from geo.store.calendars import OwnDay
from geo.store.engine import acting_as
from tests.app.opening import PageVisit
from tests.case_town import CaseTown, found_town

TODAY = find_day(datetime.now(UTC))
INERT = "<img src=x onerror=alert(1)> [x](javascript:alert(1))"


class Visit(PageVisit):
    """Somebody at the page."""

    page = "duties"

    def fill(self, field: str, value: object) -> None:
        self.find(field).set_value(value)

    def find(self, field: str) -> Any:
        """Return the field of a form by the end of its key."""
        (widget,) = [
            each
            for each in self.list_fields()
            if str(each.key).endswith(f"_{field}") and not str(each.key).startswith(("try_", "clock_"))
        ]
        return widget

    def save(self, field: str) -> None:
        """Press the button of the form that a field is in."""
        form = str(self.find(field).key).removesuffix(f"_{field}")
        self.app.button(key=f"{form}_save").click().run()
        assert not self.app.exception

    def list_fields(self) -> list[Any]:
        return [*self.app.selectbox, *self.app.text_input, *self.app.number_input, *self.app.date_input]

    def read(self) -> DutyMatrix:
        with acting_as(self.actor):
            return read_matrix(self.town.id, TODAY)


@pytest.fixture
def town(database_url: str) -> CaseTown:
    return found_town(database_url)


@pytest.fixture
def visit(town: CaseTown, monkeypatch: pytest.MonkeyPatch) -> Visit:
    return Visit(town, "secretary", monkeypatch)


def add(town: CaseTown, lead: int, code: str | None = "E402", basis: str | None = None) -> int:
    with acting_as(town.actor("administrator")):
        return add_rule(town.id, DutyTerms(code, None, LeadKind.PARTY, lead, None, None, None, basis))


def read_words(app: AppTest) -> str:
    return "\n".join(str(part.value) for part in [*app.markdown, *app.caption, *app.warning])


@pytest.mark.parametrize("language", ["zh", "en"])
def test_rules_stand_in_order_with_what_is_wrong(town: CaseTown, visit: Visit, language: str) -> None:
    add(town, town.department)
    add(town, town.company)
    add(town, town.committee, "E402", INERT)
    table = visit.open(lang=language).dataframe[0].value
    flags = list(table.iloc[:, 1])
    assert [bool(flag) for flag in flags] == [False, True, True]
    assert "10" in flags[1]
    assert table.iloc[:, 0].tolist() == [10, 20, 30]


@pytest.mark.parametrize("who", ["worker", "leader"])
def test_other_staff_read_and_try_but_change_nothing(
    town: CaseTown, who: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = add(town, town.department)
    reader = Visit(town, who, monkeypatch)
    app = reader.open(rule=str(rule))
    assert len(app.dataframe[0].value) == 1
    app.selectbox(key="try_category").set_value("E402").run()
    assert "D" in read_words(app)
    assert [b.key for b in app.button if "save" in str(b.key) or str(b.key).startswith("duty_")] == []


@pytest.mark.parametrize("who", ["company", "wall"])
def test_outsiders_have_no_such_page(town: CaseTown, who: str, monkeypatch: pytest.MonkeyPatch) -> None:
    visitor = Visit(town, who, monkeypatch)
    visitor.app.switch_page("views/duties.py").run()
    assert len(visitor.app.dataframe) == 0
    assert "试一试" not in read_words(visitor.app)


def test_a_rule_is_changed_and_the_page_says_so(town: CaseTown, visit: Visit) -> None:
    rule = add(town, town.department)
    visit.open(rule=str(rule))
    visit.fill("lead", 0)
    visit.fill("place", PlaceType.MANAGED_COMPOUND)
    visit.fill("amount", 3.0)
    visit.fill("unit", Unit.WORKING_HOUR)
    visit.fill("basis", "第五条")
    visit.save("basis")
    (now,) = visit.read().rules
    assert now.terms == DutyTerms(
        "E402", PlaceType.MANAGED_COMPOUND, LeadKind.COMPOUND_PROPERTY_COMPANY, None, None, None,
        Allowance(3.0, Unit.WORKING_HOUR), "第五条",
    )  # fmt: skip


def test_a_rule_is_added_before_the_one_that_takes_everything(town: CaseTown, visit: Visit) -> None:
    last = add(town, town.committee, None)
    visit.open()
    visit.app.button(key="duty_add").click().run()
    visit.save("basis")
    assert "还没选牵头方" in read_words(visit.app)
    assert len(visit.read().rules) == 1
    visit.fill("category", "E402")
    visit.fill("lead", town.department)
    visit.save("basis")
    rules = visit.read().rules
    assert [rule.lead_party_id for rule in rules] == [town.department, town.committee]
    assert rules[1].id == last
    assert visit.app.query_params["rule"] == str(rules[0].id)


def test_rules_are_moved_and_withdrawn(town: CaseTown, visit: Visit) -> None:
    first, second = add(town, town.department), add(town, town.company)
    visit.open(rule=str(second))
    assert visit.app.button(key="duty_down").disabled
    visit.app.button(key="duty_up").click().run()
    assert [rule.id for rule in visit.read().rules] == [second, first]
    assert "**第 10 条**" in read_words(visit.app)
    visit.app.button(key="duty_withdraw").click().run()
    assert not visit.app.exception
    assert [rule.id for rule in visit.read().rules] == [first]
    assert "rule" not in visit.app.query_params


class TestTwoAtOnce:
    def test_the_second_keeps_what_he_typed(self, town: CaseTown, visit: Visit) -> None:
        rule = add(town, town.department)
        visit.open(rule=str(rule))
        visit.fill("basis", "我的依据")
        with acting_as(town.actor("administrator")):
            (seen,) = read_matrix(town.id, TODAY).rules
            change_rule(town.id, seen, replace(seen.terms, lead_party_id=town.company))
        visit.save("basis")
        assert "别人刚改过这一条" in read_words(visit.app)
        assert visit.read().rules[0].legal_basis is None
        assert visit.find("basis").value == "我的依据"
        visit.save("basis")
        (now,) = visit.read().rules
        assert (now.lead_party_id, now.legal_basis) == (town.department, "我的依据")

    def test_what_was_deleted_meanwhile_becomes_a_new_rule(self, town: CaseTown, visit: Visit) -> None:
        rule = add(town, town.department)
        visit.open(rule=str(rule))
        visit.fill("basis", "我的依据")
        with acting_as(town.actor("administrator")):
            withdraw_rule(town.id, read_matrix(town.id, TODAY).rules[0])
        visit.save("basis")
        assert "别人刚删掉了这一条" in read_words(visit.app)
        assert visit.find("basis").value == "我的依据"
        visit.save("basis")
        (now,) = visit.read().rules
        assert now.legal_basis == "我的依据"
        assert now.id != rule

    def test_an_order_that_has_changed_is_not_changed_blindly(self, town: CaseTown, visit: Visit) -> None:
        first, second = add(town, town.department), add(town, town.company)
        visit.open(rule=str(second))
        third = add(town, town.committee)
        visit.app.button(key="duty_up").click().run()
        assert "别人刚改过" in read_words(visit.app)
        assert [rule.id for rule in visit.read().rules] == [first, second, third]

    def test_hours_too(self, town: CaseTown, visit: Visit) -> None:
        visit.open()
        visit.fill("words", "9:00-17:00")
        with acting_as(town.actor("administrator")):
            set_hours(town.id, None, read_hours("8:00-12:00"))
        visit.save("words")
        assert r"08\:00\-12\:00" in read_words(visit.app)
        assert visit.find("words").value == "9:00-17:00"
        visit.save("words")
        with acting_as(visit.actor):
            assert str(read_community_time(town.id).hours) == "09:00-17:00"


def test_trying_it_says_who_until_when_and_why(town: CaseTown, visit: Visit) -> None:
    add(town, town.department, basis=INERT)
    visit.open()
    visit.app.selectbox(key="try_category").set_value("E402").run()
    visit.app.text_input(key="try_address").set_value("甲小区").run()
    words = read_words(visit.app)
    assert "交给 D" in words
    assert "物业小区" in words
    assert "第 10 条" in words
    assert r"\<img src=x onerror=alert\(1\)\>" in words
    assert "](" not in words
    visit.app.text_input(key="try_address").set_value("火星路9号").run()
    assert "没认出这个地址" in read_words(visit.app)
    visit.app.text_input(key="try_address").set_value("").run()
    visit.app.selectbox(key="try_category").set_value("E101").run()
    assert "由居委会兜底" in read_words(visit.app)


def test_working_time_is_set(town: CaseTown, visit: Visit) -> None:
    with acting_as(visit.actor):
        set_day(town.id, date(2026, 5, 9), None, OwnDay(is_workday=True, note="补班"))
    visit.open()
    visit.fill("day", date(2026, 5, 10))
    visit.fill("note", "社区日")
    visit.save("note")
    visit.app.selectbox(key="clock_category").set_value("E402").run()
    visit.fill("deadline", 2.0)
    visit.save("deadline")
    with acting_as(visit.actor):
        kept = read_community_time(town.id)
    assert kept.days == {
        date(2026, 5, 9): OwnDay(is_workday=True, note="补班"),
        date(2026, 5, 10): OwnDay(is_workday=False, note="社区日"),
    }
    assert kept.clocks["E402"].own.response is None
    assert kept.clocks["E402"].own.deadline is not None
    assert kept.clocks["E402"].own.deadline.amount == 2


@pytest.mark.parametrize(
    "words", ["九点到五点", "09:00", "09:00-25:00", "09:75-12:00", "12:00-09:00", "09:00-12:00,11:00-13:00"]
)
def test_hours_that_make_no_day_are_refused_in_a_sentence(town: CaseTown, visit: Visit, words: str) -> None:
    visit.open()
    visit.fill("words", words)
    visit.save("words")
    assert len(visit.app.warning) == 1
    with acting_as(visit.actor):
        assert read_community_time(town.id).hours is None


def test_hours_are_read_as_people_write_them() -> None:
    assert str(read_hours("8：30—12：00、14:30～24:00")) == "08:30-12:00, 14:30-24:00"
    assert read_hours("  ") is None
    with pytest.raises(InputRefused):
        read_hours("08:30-12:00-14:00")


def test_the_supervision_phone_is_set_and_a_wrong_one_refused(town: CaseTown, visit: Visit) -> None:
    app = visit.open()
    for phone, kept in (("0571-88881234", "0571-88881234"), ("没有", "0571-88881234")):
        app.text_input(key=f"supervision_{town.id}").set_value(phone)
        app.button(key="supervision_save").click().run()
        assert not app.exception
        assert f"**监督电话** {kept}" in read_words(app).replace("\\", "")
    assert "电话由 3 至 20 位数字" in read_words(app)


@pytest.mark.parametrize("rule", ["999999", "x", "<script>", "-1", "new'--"])
def test_a_rule_that_is_not_there_opens_no_form(town: CaseTown, visit: Visit, rule: str) -> None:
    assert "rule" not in visit.open(rule=rule).query_params
