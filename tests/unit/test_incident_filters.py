"""The filters of the page of cases, as they stand in an address."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.models.incident_filters import (
    CHINA,
    MARKS,
    OPEN_STATES,
    PARAMS,
    SETTLED_STATES,
    SORTS,
    STATUSES,
    WHOSE,
    Filters,
    find_usual,
    format_address,
    format_filters,
    parse_address,
    parse_filters,
    pick_marked,
    split_words,
    to_asked,
)
from dashboard.models.map_state import PlaceKey
from geo.model.actor import Actor, Role
from geo.model.incident import SOURCES
from geo.store.choices import Category
from geo.store.worklist import Around, Marks

CATEGORIES = [
    Category("E1", None, "环境卫生", "Sanitation", None, is_sealed=False, is_sensitive=False),
    Category("E101", "E1", "暴露垃圾", "Garbage", None, is_sealed=False, is_sensitive=False),
    Category("E102", "E1", "垃圾满溢", "Bin", None, is_sealed=False, is_sensitive=False),
    Category("E2", None, "市容", "Street", None, is_sealed=False, is_sensitive=False),
    Category("E201", "E2", "店外经营", "Spill", None, is_sealed=False, is_sensitive=False),
]
CODES = [category.code for category in CATEGORIES]
days = st.dates(date(1950, 1, 1), date(2199, 12, 31)).map(date.isoformat)
filters = st.builds(
    Filters,
    whose=st.sampled_from(WHOSE),
    status=st.sampled_from((*STATUSES, *OPEN_STATES, *SETTLED_STATES)),
    categories=st.lists(st.sampled_from(CODES), unique=True).map(tuple),
    place=st.none() | st.builds(PlaceKey, st.sampled_from(["grids", "buildings"]), st.integers(0, 10**12)),
    around=st.none()
    | st.builds(
        Around,
        st.integers(7_300_000, 13_600_000).map(lambda n: n / 100_000),
        st.integers(300_000, 5_400_000).map(lambda n: n / 100_000),
        st.integers(20, 2000).map(float),
    ),
    sources=st.lists(st.sampled_from(SOURCES), unique=True).map(tuple),
    mark=st.none() | st.sampled_from(MARKS),
    due=st.none() | days | st.just("today"),
    since=st.none() | days,
    until=st.none() | days,
    words=st.sampled_from(["", "漏水", "麒麟花园 3栋"]),
    sort=st.sampled_from(SORTS),
)


@given(filters)
def test_what_is_written_is_read_again(wanted: Filters) -> None:
    written = {name: value for name, value in format_filters(wanted).items() if value is not None}
    assert parse_filters(written, CODES) == (wanted, ())


@given(st.dictionaries(st.sampled_from(PARAMS), st.text(max_size=60)))
def test_whatever_stands_in_an_address_makes_filters(params: dict[str, str]) -> None:
    read, ignored = parse_filters(params, CODES)
    to_asked(read, 1, date(2026, 11, 22), CATEGORIES)
    assert set(ignored) <= set(params)
    assert "\0" not in str(format_filters(read))


def test_the_usual_need_not_be_said() -> None:
    assert set(format_filters(Filters()).values()) == {None}


def test_a_long_number_is_taken_out_of_the_words_of_an_address() -> None:
    read, ignored = parse_filters({"words": "张三 13812341234"}, CODES)
    assert (read.words, ignored) == ("", ("words",))


@pytest.mark.parametrize(
    ("words", "harmless", "private"),
    [
        ("垃圾", "垃圾", ""),
        ("张三 垃圾", "垃圾", "张三"),
        ("麒麟花园 3栋", "麒麟花园 3栋", ""),
        ("12345", "", "12345"),
        ("", "", ""),
    ],
)
def test_only_words_of_public_names_may_stand_in_an_address(words: str, harmless: str, private: str) -> None:
    names = ["暴露垃圾", "麒麟花园3栋", "麒麟花园", "热线12345"]
    assert split_words(words, names) == (harmless, private)


def test_days_are_those_of_china_and_a_category_stands_for_those_below_it() -> None:
    asked = to_asked(
        Filters(categories=("E1",), due="today", since="2026-11-01", until="2026-11-02"),
        7,
        date(2026, 11, 22),
        CATEGORIES,
        "张三",
    )
    assert asked.community_id == 7
    assert asked.categories == ("E1", "E101", "E102")
    assert asked.due_before == datetime(2026, 11, 23, tzinfo=CHINA)
    assert (asked.since, asked.until) == (
        datetime(2026, 11, 1, tzinfo=CHINA),
        datetime(2026, 11, 3, tzinfo=CHINA),
    )
    assert asked.words == ("张三",)


def test_a_moment_with_its_zone_is_taken_as_it_is() -> None:
    read, _ = parse_filters({"since": "2026-11-21T18:00:00 08:00"}, CODES)
    asked = to_asked(read, 1, date(2026, 11, 22), CATEGORIES)
    assert asked.since == datetime(2026, 11, 21, 18, tzinfo=CHINA)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-11-21T00:00:00+23:59", "2026-11-20T00:01:00+00:00"),
        ("2026-11-21T00:00:00-23:59", "2026-11-21T23:59:00+00:00"),
    ],
)
def test_a_far_off_zone_is_brought_home(written: str, meant: str) -> None:
    # PostgreSQL takes no offset of 16 hours or more.
    read, ignored = parse_filters({"since": written, "until": written}, CODES)
    asked = to_asked(read, 1, date(2026, 11, 22), CATEGORIES)
    assert ignored == ()
    for moment in (asked.since, asked.until):
        assert moment == datetime.fromisoformat(meant)
        assert moment.utcoffset() == timedelta(hours=8)
    assert parse_filters({"since": read.since or ""}, CODES)[0].since == read.since


@pytest.mark.parametrize(
    "moment",
    [
        "0001-01-01",
        "9999-12-31",
        "2200-01-01",
        "1949-12-31",
        "0001-01-01T00:00:00+23:59",
        "9999-12-31T23:59:59-23:59",
        "2200-12-31T23:59:59-23:59",
        "2199-12-31T23:59:59-23:59",
    ],
)
def test_a_moment_nobody_can_mean_is_ignored(moment: str) -> None:
    assert parse_filters({"since": moment, "until": moment}, CODES) == (Filters(), ("since", "until"))


def test_a_state_is_looked_for_among_the_open_or_the_settled() -> None:
    today = date(2026, 11, 22)
    returned = to_asked(Filters(status="returned"), 1, today, CATEGORIES)
    assert (returned.status, returned.states) == ("open", ("returned",))
    voided = to_asked(Filters(status="voided"), 1, today, CATEGORIES)
    assert (voided.status, voided.states) == ("settled", ("voided",))


def test_marks_pick_cases_by_id() -> None:
    marks = {
        1: Marks(bounces=2, is_relapse=False, is_whistled=False),
        2: Marks(bounces=1, is_relapse=True, is_whistled=True),
        3: Marks(bounces=0, is_relapse=False, is_whistled=False, is_amber=True),
    }
    assert pick_marked(Filters(mark="bounced"), marks) == (1,)
    assert pick_marked(Filters(mark="relapse"), marks) == (2,)
    assert pick_marked(Filters(mark="whistled"), marks) == (2,)
    assert pick_marked(Filters(status="amber"), marks) == (3,)
    assert pick_marked(Filters(mark="unheld"), marks) is None
    assert pick_marked(Filters(), marks) is None


@pytest.mark.parametrize(
    "filters",
    [Filters(), Filters(whose="mine"), Filters(whose="zones", status="all"), Filters(categories=("E1",))],
)
@pytest.mark.parametrize("role", ["grid_worker", "secretary"])
def test_an_address_gives_back_what_was_asked_for_and_says_nothing_where_it_is_usual(
    role: Role, filters: Filters
) -> None:
    actor = Actor(1, role, (1,), party_id=7)
    written = {name: value for name, value in format_address(filters, actor).items() if value is not None}
    assert parse_address(written, CODES, actor) == (filters, ())
    assert (not written) == (filters == find_usual(actor))


def test_nobody_s_own_cases_are_usual_only_for_a_worker_who_is_somebody() -> None:
    assert find_usual(Actor(1, "grid_worker", (1,), party_id=7)).whose == "mine"
    assert find_usual(Actor(1, "grid_worker", (1,))).whose == "all"
    assert find_usual(Actor(1, "secretary", (1,), party_id=7)).whose == "all"
