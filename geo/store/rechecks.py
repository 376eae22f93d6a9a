"""Looking again at what was settled: what a community asks for, what is due, what was found."""

from datetime import date, datetime
from typing import Final

from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from geo.model.recheck import USUAL_CATEGORIES, RecheckSetting, SettledCase
from geo.store.engine import load_queries

# Of one category and look, within the fortnight it is due: more than a community of 25,000 cases a year has.
_MOST_OF_A_KIND: Final = 25


def read_setting(connection: PostgresConnection, community_id: int) -> RecheckSetting:
    """Return what a community asks to be looked at again, the usual where it has chosen nothing else."""
    row = load_queries("rechecks").get_setting(connection, community_id=community_id)
    if row is None:
        return RecheckSetting()
    is_on, days, lapse_days, share_percent, most_a_day, categories = row
    return RecheckSetting(
        is_on,
        tuple(days),
        lapse_days,
        share_percent,
        most_a_day,
        USUAL_CATEGORIES if categories is None else tuple(categories),
    )


def write_setting(connection: PostgresConnection, community_id: int, setting: RecheckSetting) -> None:
    """Keep what a community asks for; the usual categories are not kept, but stay the usual ones."""
    is_usual = setting.categories == USUAL_CATEGORIES
    load_queries("rechecks").put_setting(
        connection,
        community_id=community_id,
        is_on=setting.is_on,
        days=list(setting.days),
        lapse_days=setting.lapse_days,
        share_percent=setting.share_percent,
        most_a_day=setting.most_a_day,
        categories=None if is_usual else list(setting.categories),
    )


def list_due(
    connection: PostgresConnection, community_id: int, setting: RecheckSetting, on_day: date
) -> list[SettledCase]:
    """Return the settled cases of which a look is due on a day and not done, once for each such look.

    What is back already, or was not settled by the community, is not among them; nor is more of one category
    and look than anybody could walk to.
    """
    rows = load_queries("rechecks").list_due(
        connection,
        community_id=community_id,
        categories=list(setting.categories),
        days=list(setting.days),
        lapse_days=setting.lapse_days,
        on_day=on_day,
        most=_MOST_OF_A_KIND,
    )
    return [SettledCase(*row) for row in rows]


def count_done(connection: PostgresConnection, community_id: int, since: datetime) -> dict[int | None, int]:
    """Count the looks since a moment by who took them."""
    return dict(load_queries("rechecks").count_done(connection, community_id=community_id, since=since))


def count_found(connection: PostgresConnection, community_id: int, since: datetime) -> dict[str, int]:
    """Count the looks since a moment by what they found: ``stays_away`` or ``came_back``."""
    return dict(load_queries("rechecks").count_found(connection, community_id=community_id, since=since))
