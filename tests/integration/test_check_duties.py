"""``wangge check data`` on the duty matrix: rules that do nothing, cases that nobody is named for."""

import json
from datetime import date

import pytest
from click.testing import CliRunner
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from shapely import box

from etl.checks import Finding
from etl.cli import cli
from geo.rules.calendar import KNOWN_YEARS
from tests.sound_town import TODAY, TOMORROW, SoundTown
from tests.town import START


@pytest.fixture
def town(connection: PostgresConnection) -> SoundTown:
    return SoundTown(connection)


def find_one(town: SoundTown, check: str) -> Finding:
    (finding,) = town.find()
    assert finding.check.id == check
    return finding


class TestHiddenRules:
    def test_a_rule_that_contradicts_an_earlier_one(self, town: SoundTown) -> None:
        town.add("duty_rule", position=5, category_code="E101", lead_party_id=town.workers[1])

        finding = find_one(town, "duty_rule_conflict")

        assert finding.observation.code == "5"
        assert finding.observation.details["others"] == ["1"]
        assert finding.message == (
            "duty rule 5 (E101, every place) says the same as rule 1 before it but names another lead: "
            "keep one of them"
        )
        assert finding.check.severity == "error"

    def test_a_rule_that_is_never_reached(self, town: SoundTown) -> None:
        town.add(
            "duty_rule",
            position=5,
            category_code="E101",
            place_type="three_no_compound",
            lead_party_id=town.workers[1],
        )

        finding = find_one(town, "duty_rule_dead")

        assert finding.message == (
            "duty rule 5 (E101, three no compound) gets no case, for rule 1 takes them all first: "
            "move it up, or remove it"
        )
        assert finding.check.severity == "warning"

    def test_a_rule_is_alive_again_when_the_lead_before_it_left(self, town: SoundTown) -> None:
        gone = town.party("gone", "department", active_to=TOMORROW)
        town.change("duty_rule", town.duty_rule, lead_party_id=gone)
        town.add("duty_rule", position=5, category_code="E101", lead_party_id=town.workers[1])
        assert town.find_codes(TODAY) == {"duty_rule_conflict": ["5"]}
        assert town.find_codes(TOMORROW) == {"duty_rule_without_lead": ["gone"]}

    def test_a_property_company_may_be_followed_by_somebody(self, town: SoundTown) -> None:
        town.add(
            "duty_rule", position=5, category_code="E102", lead_kind="compound_property_company",
            place_type="managed_compound",
        )  # fmt: skip
        town.add(
            "duty_rule", position=6, category_code="E102", lead_party_id=town.committee,
            place_type="managed_compound",
        )  # fmt: skip

        assert town.find_codes() == {}


class TestUnanswered:
    def test_without_a_last_rule_for_everything(self, town: SoundTown) -> None:
        town.run("DELETE FROM duty_rule WHERE id = %s", town.last_duty_rule)
        town.add(
            "duty_rule", position=2, category_code="E12", place_type="street", lead_party_id=town.committee
        )

        seen = find_one(town, "categories_without_duty").observation

        assert (seen.place, seen.code, seen.value) == ("community", "A", 66)
        assert seen.details["of"] == 67
        assert "E101" not in seen.details["categories"]
        assert "E1201" in seen.details["categories"]
        assert seen.details["examples"][0] == "E102"

    def test_where_it_lacks_is_told(self, town: SoundTown) -> None:
        town.run("DELETE FROM duty_rule")
        for position, place_type in enumerate(("managed_compound", "street", "merchant", "unit"), start=1):
            town.add("duty_rule", position=position, place_type=place_type, lead_party_id=town.committee)

        finding = find_one(town, "categories_without_duty")

        assert "67 of 67 categories have no duty rule for some places in community A A社区" in finding.message
        assert "such as E101 (three no compound), E102 (three no compound)" in finding.message

    def test_with_nobody_to_take_what_is_left(self, town: SoundTown) -> None:
        town.change("party", town.committee, active_to=TOMORROW)
        assert town.find_codes(TODAY) == {}
        assert town.find_codes(TOMORROW) == {
            "duty_fallback_missing": ["A"],
            "duty_rule_without_lead": ["committee"],
            "categories_without_duty": ["A"],
        }
        town.add("post", party_id=town.workers[0], title="secretary", valid_from=START)
        assert "duty_fallback_missing" not in town.find_codes(TOMORROW)

    def test_a_secretary_who_left_is_none(self, town: SoundTown) -> None:
        town.run("UPDATE duty_rule SET lead_party_id = %s", town.workers[0])
        town.run("DELETE FROM party WHERE id = %s", town.committee)
        gone = town.party("gone", active_to=TODAY)
        town.add("post", party_id=gone, title="secretary", valid_from=START)

        assert find_one(town, "duty_fallback_missing").check.severity == "error"


class TestCompanies:
    def test_a_company_that_left_its_compound(self, town: SoundTown) -> None:
        company = town.party("company", "property_company", name="安居物业", active_to=TODAY)
        town.change("compound", town.compounds[1], property_company_id=company)

        finding = find_one(town, "property_company_gone")

        assert finding.message == (
            "compound C2 小区2 is still managed by 安居物业, gone since 2025-06-01: enter who manages it now"
        )
        assert finding.observation.longitude == pytest.approx(120.003, abs=1e-3)

    def test_a_company_that_leaves_tomorrow(self, town: SoundTown) -> None:
        company = town.party("company", "property_company", active_to=TOMORROW)
        town.change("compound", town.compounds[1], property_company_id=company)

        assert town.find_codes() == {}


class TestYears:
    LAST_KNOWN = max(KNOWN_YEARS)

    def test_a_year_without_a_notice_is_told_before_it_begins(self, town: SoundTown) -> None:
        thresholds = {"silent_days": 3650}
        assert "year_without_notice" not in town.find_codes(date(self.LAST_KNOWN, 12, 1), **thresholds)

        found = town.find(date(self.LAST_KNOWN, 12, 2), **thresholds)

        (finding,) = [f for f in found if f.check.id == "year_without_notice"]
        assert finding.message.startswith(
            f"the holidays and worked weekends of {self.LAST_KNOWN + 1} are not known for community A"
        )
        assert finding.check.severity == "notice"

    def test_a_community_that_has_entered_its_days_knows_them(self, town: SoundTown) -> None:
        town.run("INSERT INTO calendar_day VALUES (%s, %s, false)", town.id, date(self.LAST_KNOWN + 1, 2, 8))
        assert "year_without_notice" not in town.find_codes(date(self.LAST_KNOWN, 12, 2))


def test_each_community_is_looked_at_by_itself(town: SoundTown) -> None:
    """Rules of one neither hide those of another nor answer for it."""
    other = SoundTown(town.connection, "B")
    other.change("community", other.id, geom=box(2000, 0, 2400, 200))
    town.add("duty_rule", position=5, category_code="E101", lead_party_id=town.workers[1])
    town.connection.commit()

    report = json.loads(CliRunner().invoke(cli, ["check", "data", "--on=2025-06-01", "--json"]).stdout)

    duties = [f for f in report["findings"] if f["check"].startswith(("duty", "categories"))]
    assert [(f["community"], f["check"], f["place"]["code"]) for f in duties] == [
        ("A", "duty_rule_conflict", "5")
    ]
    assert duties[0]["details"] == {"category": "E101", "place_type": None, "others": ["1"]}
