"""Which settled cases deserve another look: what is likeliest to be back, and no more than people can do."""

from datetime import UTC, date, datetime, timedelta

from geo.model.recheck import RecheckSetting, SettledCase
from geo.rules.rechecks import choose_rechecks, find_why, list_for

USUAL = RecheckSetting(share_percent=0)
CLOSED = datetime(2024, 6, 1, 9, tzinfo=UTC)


def settled(
    number: int,
    *,
    code: str = "E201",
    building: int | None = None,
    party: int | None = 1,
    back: bool = False,
    earlier: int = 0,
    due: int = 8,
) -> SettledCase:
    return SettledCase(
        number, 1, code, 7, date(2024, 6, due), CLOSED, building, "麒麟花园3栋", 120.0, 32.0, party, "王",
        back, earlier,
    )  # fmt: skip


def test_what_came_back_or_lies_where_it_does_or_is_dangerous_is_looked_at() -> None:
    assert find_why(settled(1, back=True), USUAL) == "came_back"
    assert find_why(settled(1, earlier=1), USUAL) == "relapsing_place"
    assert find_why(settled(1, code="E403"), USUAL) == "danger"
    assert find_why(settled(1), USUAL) is None


def test_the_sample_is_as_large_as_asked_and_always_the_same() -> None:
    for percent in (0, 10, 50, 100):
        setting = RecheckSetting(share_percent=percent)
        drawn = {n for n in range(4_000) if find_why(settled(n), setting) == "sample"}
        assert abs(len(drawn) / 4_000 - percent / 100) < 0.025
        assert drawn == {n for n in range(4_000) if find_why(settled(n, due=20), setting)}


def test_a_larger_sample_holds_the_smaller() -> None:
    small, large = (
        {n for n in range(1_000) if find_why(settled(n), RecheckSetting(share_percent=percent))}
        for percent in (10, 30)
    )
    assert small < large


def test_the_likeliest_comes_first_and_then_what_lapses_first() -> None:
    cases = [
        settled(1, code="E401"), settled(2, earlier=1, due=9), settled(3, earlier=3), settled(4, back=True),
        settled(5, earlier=1, due=8),
    ]  # fmt: skip
    chosen = choose_rechecks(cases, RecheckSetting(share_percent=0, most_a_day=9), {})
    assert [case.id for case, _ in chosen] == [4, 3, 5, 2, 1]


def test_nobody_gets_more_than_a_day_holds_and_what_is_done_counts() -> None:
    cases = [settled(n, back=True, party=1 + n % 2) for n in range(10)]
    setting = RecheckSetting(most_a_day=2)
    assert [case.id for case, _ in choose_rechecks(cases, setting, {})] == [0, 1, 2, 3]
    chosen = choose_rechecks(cases, setting, {1: 1, 2: 2})
    assert [case.id for case, _ in chosen] == [0]
    assert list_for(chosen, 2) == []


def test_one_look_does_for_several_cases_of_a_kind_at_a_place() -> None:
    cases = [settled(n, back=True, building=7) for n in range(3)]
    other = settled(9, back=True, building=7, code="E401")
    chosen = choose_rechecks([*cases, other], RecheckSetting(most_a_day=9), {})
    assert [case.id for case, _ in chosen] == [0, 9]


def test_two_out_of_doors_are_two_places() -> None:
    chosen = choose_rechecks([settled(1, back=True), settled(2, back=True)], RecheckSetting(), {})
    assert len(chosen) == 2


def test_what_nobody_holds_is_nobodys_and_kept_apart() -> None:
    chosen = choose_rechecks([settled(1, back=True, party=None)], RecheckSetting(), {1: 9})
    assert [case.id for case, _ in list_for(chosen, None)] == [1]


def test_ten_years_of_looks_keep_sixteen_people_within_their_day() -> None:
    # Thirty settled cases a day, a third of them at places that relapse.
    today = date(2024, 6, 20)
    cases = [
        settled(n, party=n % 16, earlier=n % 3 == 0, due=(today - timedelta(days=n % 14)).day)
        for n in range(30 * 14 * 3)
    ]
    chosen = choose_rechecks(cases, RecheckSetting(), {})
    assert len(chosen) <= 16 * RecheckSetting().most_a_day
