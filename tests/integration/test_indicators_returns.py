"""What the registry calls a return is what the view and the relapse page call one, over a whole demo year."""

from collections.abc import Iterator
from datetime import UTC, date, timedelta

import pytest

from etl.demo.load import load_demo
from geo.cluster import Cluster
from geo.model.indicator import WHOLE
from geo.operations.indicators import list_indicator_cases, measure
from geo.operations.relapses import gather_relapses
from geo.rules.morning import start_of_day
from geo.rules.periods import Period
from geo.settings import get_settings
from geo.store.engine import acting_as, connect
from tests.actors import find_secretary
from tests.conftest import clone_database

AS_OF = date(2026, 6, 1)
NOW = start_of_day(AS_OF).astimezone(UTC)
YEAR = Period(date(2025, 6, 1), AS_OF)


@pytest.fixture(scope="module")
def community_id(cluster: Cluster, migrated_template: str) -> Iterator[int]:
    with clone_database(cluster, migrated_template) as url, pytest.MonkeyPatch.context() as environment:
        environment.setenv("WANGGE_DATABASE_URL", url)
        get_settings.cache_clear()
        load_demo(url, community="Y", as_of=AS_OF, seed=5)
        with acting_as(find_secretary(url)):
            yield 1
    get_settings.cache_clear()


def test_the_view_says_the_same(community_id: int) -> None:
    with connect() as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT r.earlier_id FROM relapse AS r "
            "JOIN counted_case AS c ON c.id = r.earlier_id AND c.parent_code NOT IN ('E10', 'E12') "
            "JOIN counted_case AS again ON again.id = r.incident_id "
            "WHERE again.reported_at >= r.earlier_closed_at "
            "AND again.reported_at < r.earlier_closed_at + interval '30 days' "
            "AND r.earlier_closed_at >= %s AND r.earlier_closed_at < %s ORDER BY 1",
            (start_of_day(YEAR.first), start_of_day(YEAR.end)),
        )
        by_view = [earlier for (earlier,) in cursor]
    assert len(by_view) > 10
    assert list_indicator_cases(community_id, "relapse_rate", YEAR, now=NOW) == by_view


def test_the_relapse_page_says_the_same(community_id: int) -> None:
    page = gather_relapses(community_id, NOW, since=start_of_day(YEAR.first)).total
    [value] = measure(community_id, [YEAR], ids=["relapse_rate"], now=NOW).values["relapse_rate"][WHOLE]
    assert (value.numerator, value.denominator) == (page.returned, page.closed)


def test_a_month_is_a_part_of_the_year(community_id: int) -> None:
    """Each closing is followed for its thirty days, also over the end of its month."""
    days = [Period(YEAR.first + timedelta(days=n), YEAR.first + timedelta(days=n + 1)) for n in range(365)]
    values = measure(community_id, [*days, YEAR], ids=["relapse_rate"], now=NOW).values["relapse_rate"][WHOLE]
    assert sum(value.numerator or 0 for value in values[:-1]) == values[-1].numerator
    assert sum(value.n for value in values[:-1]) == values[-1].n
