"""The relapse page: what a number is over, what is too few to be ranked, what others are not told."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from dashboard.i18n import Text
from dashboard.models.incident_filters import format_filters, parse_filters
from dashboard.models.relapse import build_list, build_relapse_page, find_spot, write_key, write_params
from dashboard.models.relapse_campaigns import (
    build_campaigns,
    build_places,
    draw_timeline,
    find_cases,
    judge_fate,
    list_alarms,
    tell_calm,
)
from dashboard.models.relapse_curve import choose_curve, draw_curve, list_curves, tell_curve
from dashboard.models.relapse_export import list_columns, list_rows
from dashboard.models.relapse_rates import build_rates, list_rates
from dashboard.models.relapse_state import list_ignored, parse_relapse_state
from dashboard.models.relapse_table import judge, write_excess, write_share, write_signed
from geo.operations.campaign_outcomes import CampaignOutcome, Rebound
from geo.operations.relapses import NOTHING, BackAgain, Figures, Relapses
from geo.patterns.campaigns import Effect
from geo.patterns.survival import Survival
from geo.store.choices import Category

UNTIL = datetime(2025, 12, 1, tzinfo=UTC)
TODAY = date(2025, 12, 1)
CATEGORIES = {
    code: Category(code, parent, name, name, None, is_sealed=False, is_sensitive=False)
    for code, parent, name in (
        ("E4", None, "消防安全"), ("E403", "E4", "飞线充电"), ("E1", None, "环境卫生"),
        ("E104", "E1", "楼道脏乱"),
    )
}  # fmt: skip
COMPOUNDS = {3: "老院", 4: "新村"}
EN, ZH = Text("en"), Text("zh")


def count(closed: int, returned: int, expected: float = 0.5, likely: float = 1.0) -> Figures:
    excess = returned - expected
    return Figures(closed, 30.0 * closed, returned, expected, excess, excess - 1, excess + 1, 0.1, likely)


def back(building: int | None, closed: int, returned: int, **values: Any) -> BackAgain:
    plain: dict[str, Any] = {
        "category_code": "E403", "building_id": building,
        "place": f"麒麟花园{building}栋" if building else None,
        "longitude": 109.4, "latitude": 24.3, "figures": count(closed, returned), "is_relapse": True,
        "closed_id": 100 + closed, "returned_id": 200 + closed, "days": 9.6, "campaign_id": None,
    }  # fmt: skip
    return BackAgain(**plain | values)


def rebound(compound: int | None, probability: float = 0.1, **values: Any) -> Rebound:
    plain: dict[str, Any] = {
        "weekly": (0, 0, 1, 3, 4), "named_on": None, "began_on": None, "index": None, "low": None,
        "high": None,
    }  # fmt: skip
    return Rebound(compound_id=compound, probability=probability, **plain | values)


NAMED: dict[str, Any] = {"named_on": date(2025, 11, 9), "began_on": date(2025, 10, 20)}


def effect(ratio: float, low: float, high: float, **values: Any) -> Effect:
    plain: dict[str, Any] = {
        "places": 20, "peers": 80, "before": 30, "after": 12, "expected": 20.0, "trend": 1.0,
        "naive": 0.4, "is_few": False,
    }  # fmt: skip
    return Effect(ratio=ratio, low=low, high=high, **plain | values)


def campaign(*rebounds: Rebound, id_: int = 1, **values: Any) -> CampaignOutcome:
    plain: dict[str, Any] = {
        "name": "飞线整治", "category_codes": ("E403",), "starts_on": date(2025, 9, 22),
        "ends_on": date(2025, 10, 5), "buildings": 20, "effect": effect(0.6, 0.3, 1.2), "days": 57,
        "unplaced": 0,
    }  # fmt: skip
    return CampaignOutcome(id=id_, rebounds=rebounds, **plain | values)


def curve(closed: int = 40, returned: int = 12) -> Survival:
    days = np.arange(91)
    chance = np.linspace(1, 0.82, 91)
    quiet = np.where(days <= 60, 1 - 0.003 * days, np.nan)
    return Survival(days, quiet, quiet - 0.05, np.minimum(quiet + 0.05, 1), 40 - days // 3, chance,
                    closed, returned)  # fmt: skip


def find(**values: Any) -> Relapses:
    plain: dict[str, Any] = {
        "since": UNTIL - timedelta(days=365), "until": UNTIL, "total": count(100, 12, 9.0), "back": (),
        "categories": {}, "compounds": {}, "parties": {}, "party_names": {}, "campaigns": (),
        "campaign_figures": {},
        "survival": None, "survival_by_group": {},
    }  # fmt: skip
    return Relapses(**plain | values)


def read_words(table: Any) -> list[list[str]]:
    return [[cell.words for cell in row.cells] for row in table.rows]


def test_of_nothing_there_is_no_share_and_of_few_a_fraction() -> None:
    assert write_share(0, 0, EN) == "—"
    assert write_share(2, 9, EN) == "2/9"
    assert write_share(2, 10, EN) == "20.0 % (2/10)"
    assert write_excess(NOTHING) == "—"
    assert (write_signed(-0.04), write_signed(-3.25), write_signed(1234.0)) == ("0.0", "−3.2", "+1,234.0")
    page = build_relapse_page(find(total=NOTHING), 0, CATEGORIES, EN, hides_few=False)
    assert [figure.value for figure in page.figures[:3]] == ["—", "—", "—"]


@pytest.mark.parametrize(
    ("figures", "verdict"),
    [
        (Figures(9, 270, 9, 0.1, 8.9, 8.0, 9.0, 0.001, 9), "small"),
        (Figures(10, 300, 9, 0.1, 8.9, 8.0, 9.0, 0.001, 9), "up"),
        (Figures(40, 300, 1, 9.0, -8.0, -9.0, -2.0, 1.0, 0), "down"),
        (Figures(40, 300, 9, 8.0, 1.0, -3.0, 5.0, 0.4, 0), "even"),
    ],
)
def test_a_verdict_needs_an_interval_on_one_side_and_closings_enough(figures: Figures, verdict: str) -> None:
    assert judge(figures) == verdict


def test_places_keep_the_order_of_the_excess_and_those_of_few_closings_have_no_rank() -> None:
    rows = (back(1, 2, 2), back(2, 40, 3), back(3, 10, 9), back(4, 90, 60, is_relapse=False))
    page = build_relapse_page(find(back=rows), 0, CATEGORIES, ZH, hides_few=False)
    # Not by count: the place with most returns is explained by chance and is not in the list at all.
    assert [(spot.number, spot.back.building_id) for spot in page.spots] == [(1, 2), (2, 3), (None, 1)]
    table = build_list(page, {}, write_key(rows[0]), ZH, can_open=True)
    assert read_words(table)[2][:3] == ["—", "麒麟花园1栋 飞线充电", "2/2"]
    assert [row.is_open for row in table.rows] == [False, False, True]
    assert table.rows[2].cells[4].tone == "quiet"


def test_a_place_leads_to_its_cases_and_a_street_to_those_around() -> None:
    page = build_relapse_page(
        find(back=(back(7, 12, 4), back(None, 12, 4, closed_id=55))), 0, CATEGORIES, EN, hides_few=False
    )
    for spot, key in zip(page.spots, ("E403_b7", "E403_c55"), strict=True):
        assert spot.key == key
        assert find_spot(page, key) == spot
        asked, ignored = parse_filters(write_params(spot.cases), CATEGORIES)
        assert not ignored
        assert asked == spot.cases
        assert (asked.categories, asked.status, asked.since) == (("E403",), "all", "2024-12-01")
    assert page.spots[0].cases.place is not None
    assert page.spots[0].cases.place.id == 7
    assert page.spots[1].cases.around is not None
    assert find_spot(page, "E403_b8") is None


def test_where_others_look_on_places_of_few_closings_are_told_together_or_not_at_all() -> None:
    rows = (back(1, 4, 2), back(2, 2, 1), back(3, 5, 2), back(4, 4, 3, category_code="E104"))
    page = build_relapse_page(find(back=rows), 0, CATEGORIES, EN, hides_few=True)
    assert [spot.back.building_id for spot in page.spots] == [3]
    # Six closings of two places are told, the four of E104 are not.
    assert [words[:2] for words in page.fewer] == [
        ("飞线充电: 2 places with fewer than 5 closings each", "3/6")
    ]
    table = build_list(page, {}, None, EN, can_open=False)
    assert {len(row.cells) for row in table.rows} == {len(table.columns)}
    assert not any(row.key for row in table.rows)


def test_a_group_hidden_alone_takes_another_with_it() -> None:
    found = find(categories={"E403": count(3, 1), "E104": count(20, 2), "E4": count(50, 2)})
    shown = [key for key, _, _ in list_rates(found, "categories", CATEGORIES, COMPOUNDS, EN, is_shared=True)]
    # The sum of all stands above: of the others the smallest is hidden too.
    assert shown == ["E4"]
    assert len(list_rates(found, "categories", CATEGORIES, COMPOUNDS, EN, is_shared=False)) == 3
    places = find(compounds={3: count(30, 1), 4: count(30, 9), 5: count(30, 2)})
    named = list_rates(places, "compounds", CATEGORIES, COMPOUNDS, EN, is_shared=False)
    assert [name for _, name, _ in named] == ["新村", "老院"], "one that the reader does not know has no name"


def test_rates_stand_by_excess_and_those_responsible_by_how_much_they_closed() -> None:
    found = find(
        categories={"E403": count(20, 2, 9.0), "E104": count(20, 2, 0.1)},
        parties={1: count(10, 9, 0.1), 2: count(90, 1, 0.5)},
        party_names={1: "甲", 2: "乙"},
    )
    categories = build_rates(found, "categories", CATEGORIES, COMPOUNDS, ZH, is_shared=False)
    assert [row[0] for row in read_words(categories)] == ["楼道脏乱", "飞线充电"]
    parties = build_rates(found, "parties", CATEGORIES, COMPOUNDS, ZH, is_shared=False)
    assert [row[0] for row in read_words(parties)] == ["乙", "甲"]
    assert not any(row.key for row in parties.rows)


def test_the_curve_ends_where_nobody_was_watched_and_is_told_in_numbers() -> None:
    drawn = draw_curve(curve(), EN)
    rows = drawn["data"]["values"]
    assert max(row["day"] for row in rows) == 60
    assert {row["kind"] for row in rows} == {EN("relapse.curve_seen"), EN("relapse.curve_chance")}
    # Told apart by dashes as well as by colour.
    line = drawn["layer"][2]["encoding"]
    assert len(set(map(tuple, line["strokeDash"]["scale"]["range"]))) == 2
    lowest = min(min(row["share"], row.get("low", 1)) for row in rows)
    assert line["y"]["scale"]["domain"][0] <= lowest
    words = read_words(tell_curve(curve(), EN))
    assert words[0] == ["7 days", "97.9 % (92.9 – 100.0)", "98.6 %", "38"]
    assert words[2] == ["90 days", "—", "—", "0"]


def test_a_category_draws_its_group_and_few_returns_no_curve_where_others_look_on() -> None:
    found = find(survival=curve(), survival_by_group={"E4": curve(returned=4), "E1": curve()})
    assert list(list_curves(found, CATEGORIES, EN, is_shared=False)) == ["all", "E1", "E4"]
    assert list(list_curves(found, CATEGORIES, EN, is_shared=True)) == ["all", "E1"]
    assert choose_curve("E104", ["all", "E1"]) == "E1"
    assert choose_curve("E403", ["all", "E1"]) == "all"
    assert choose_curve("all", []) is None


@pytest.mark.parametrize(
    ("outcome", "fate"),
    [
        (campaign(ends_on=TODAY), "running"),
        (campaign(ends_on=TODAY - timedelta(days=1)), "early"),
        (campaign(rebound(None), rebound(3, 0.95, **NAMED)), "rebounding"),
        # Named once, and gone down again.
        (campaign(rebound(None), rebound(3, 0.4, **NAMED)), "unclear"),
        (campaign(rebound(None, index=0.9, low=0.6, high=1.3)), "lost"),
        (campaign(rebound(None, index=0.1, low=-0.2, high=0.4)), "holding"),
        (campaign(rebound(None, index=0.5, low=0.1, high=0.9)), "unclear"),
        (campaign(rebound(None), effect=effect(0.5, 0.3, 0.8)), "holding"),
        (campaign(rebound(None), effect=effect(2.0, 1.1, 3.0)), "worse"),
        (campaign(rebound(None), effect=effect(2.0, 1.1, 3.0, is_few=True)), "unclear"),
        (campaign(rebound(None), effect=effect(float("nan"), float("nan"), float("nan"))), "unclear"),
        (campaign(rebound(None), effect=None), "unclear"),
    ],
)
def test_the_fate_of_a_campaign_in_a_word(outcome: CampaignOutcome, fate: str) -> None:
    assert judge_fate(outcome, TODAY) == fate


def test_what_rebounds_is_named_with_since_when_and_leads_to_its_cases() -> None:
    found = find(
        campaigns=(
            campaign(rebound(None, 0.99, **NAMED), rebound(3, 0.93, **NAMED), rebound(4, 0.97, **NAMED)),
        )
    )
    first, second = list_alarms(found, {3: "老院", 4: "新村"}, EN, hides_few=False)
    assert first.title.startswith("新村")
    assert second.key == "1_3"
    assert "since about 2025-10-20, sure on 2025-11-09" in first.detail
    # From the week it began in, not from the campaign's end.
    assert "8 cases in 3 weeks" in first.detail
    assert write_params(first.cases)["place"] == "compounds-4"
    assert first.cases.since == "2025-10-06"
    whole = find(campaigns=(campaign(rebound(None, 0.99, **NAMED), rebound(3, 0.2)),))
    (alarm,) = list_alarms(whole, {}, EN, hides_few=False)
    assert alarm.cases == find_cases(whole.campaigns[0], None)


def test_where_nothing_rebounds_it_is_told_over_how_much() -> None:
    found = find(campaigns=(campaign(rebound(None, 0.5), rebound(3, 0.24), rebound(4, 0.02)),))
    told = tell_calm(found, {3: "老院"}, EN)
    assert "2 compounds of 1 campaigns" in told
    assert "老院" in told
    assert "24 %" in told
    assert tell_calm(find(), {}, EN) == EN("relapse.no_campaigns")


def test_campaigns_tell_few_cases_to_nobody_who_looks_on() -> None:
    outcome = campaign(rebound(None), effect=effect(0.4, 0.1, 1.2, before=30, after=4))
    found = find(campaigns=(outcome,))
    open_row, shared_row = (
        read_words(build_campaigns(found, None, EN, hides_few=hides))[0] for hides in (False, True)
    )
    assert open_row[2:5] == ["30 → 4 (in 57 days)", "20.0", "0.40 (0.10 – 1.20)"]
    # The ratio times what was expected would be the hidden number.
    assert shared_row[2:5] == ["30 → <5 (in 57 days)", "20.0", "—"]
    places = read_words(build_places(campaign(rebound(3, weekly=(1, 2))), {}, EN, hides_few=True))
    assert places[0][1] == "<5"
    weeks = [
        draw_timeline(found, EN, hides_few=hides)["layer"][1]["data"]["values"] for hides in (False, True)
    ]
    assert [row["n"] for row in weeks[0]] == [1, 3, 4]
    assert weeks[1] == []


def test_the_file_hides_what_is_few_and_names_nobody() -> None:
    found = find(
        back=(back(1, 4, 2), back(3, 5, 2)), categories={"E403": count(20, 2), "E104": count(30, 1)},
        parties={1: count(50, 9)}, party_names={1: "张某"},
    )  # fmt: skip
    rows = list_rows(found, CATEGORIES, COMPOUNDS, EN)
    assert {len(row) for row in rows} == {len(list_columns(EN))}
    told = " ".join(" ".join(row) for row in rows)
    assert "麒麟花园3栋" in told
    assert "麒麟花园1栋" not in told
    assert "张某" not in told


def test_the_address_is_read_with_care_and_a_leader_is_never_told_of_few() -> None:
    state = parse_relapse_state({"campaign": "x1", "by": "people", "shared": "yes"}, "secretary")
    assert (state.campaign, state.by, state.hides_few) == (None, "categories", False)
    assert list_ignored({"campaign": "x1", "by": "people"}, state) == ("by", "campaign")
    assert not list_ignored({"campaign": "", "by": "categories"}, state)
    assert parse_relapse_state({}, "leader").hides_few
    assert parse_relapse_state({"shared": "1"}, "grid_worker").is_shared
    assert parse_relapse_state({"campaign": "12", "by": "parties"}, None).campaign == 12
    assert format_filters(find_cases(campaign(), 3))["place"] == "compounds-3"
