"""Looking again at what was settled: what is due today, what was found, what a community asks for."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

import psycopg2.errors

from geo.errors import Forbidden, InputRefused
from geo.model.incident import NewIncident
from geo.model.recheck import RecheckSetting, SettledCase
from geo.operations.incidents import act, report_return
from geo.rules.morning import find_day, start_of_day
from geo.rules.rechecks import Why, choose_rechecks
from geo.store import rechecks
from geo.store.choices import list_categories
from geo.store.duties import record_change
from geo.store.engine import connect, transaction

_MOST_STEPS: Final = 5
_LONGEST_DAYS: Final = 365


def list_rechecks(community_id: int, now: datetime) -> list[tuple[SettledCase, Why]]:
    """Return what is to be looked at today in a community, each with why, the likeliest to be back first.

    Raises:
        DatabaseUnavailable: the database does not answer.
    """
    today = find_day(now)
    with connect() as connection:
        setting = rechecks.read_setting(connection, community_id)
        if not setting.is_on:
            return []
        due = rechecks.list_due(connection, community_id, setting, today)
        done = rechecks.count_done(connection, community_id, start_of_day(today))
    return choose_rechecks(due, setting, done)


def count_looks(community_id: int, now: datetime) -> int:
    """Count the looks that were taken today in a community.

    Raises:
        DatabaseUnavailable: the database does not answer.
    """
    with connect() as connection:
        return sum(rechecks.count_done(connection, community_id, start_of_day(find_day(now))).values())


def confirm_settled(incident_id: int, version: int) -> None:
    """Keep that somebody looked again and what was settled is still so.

    Raises:
        InputRefused, NotFound, Forbidden, Conflict: as :func:`geo.operations.incidents.act`.
    """
    act(incident_id, "recheck", version, reason="stays_away")


def report_back(case: SettledCase, community_id: int, description: str, photos: Sequence[bytes] = ()) -> int:
    """Keep that what was settled is back, and open a case that goes back to it; return its id.

    Asked twice, it opens one.

    Raises:
        InputRefused, NotFound, Forbidden, Conflict: as :func:`geo.operations.incidents.act`.
    """
    new = NewIncident(
        community_id=community_id,
        category_code=case.category_code,
        source="patrol",
        description=description,
        longitude=case.longitude,
        latitude=case.latitude,
        building_id=case.building_id,
        client_id=f"recheck {case.id} {case.version}",
        photos=tuple(photos),
    )
    return report_return(new, case.id, case.version)


def read_setting(community_id: int) -> RecheckSetting:
    """Return what a community asks to be looked at again.

    Raises:
        DatabaseUnavailable: the database does not answer.
    """
    with connect() as connection:
        return rechecks.read_setting(connection, community_id)


def change_setting(community_id: int, setting: RecheckSetting) -> None:
    """Change what a community asks to be looked at again.

    Raises:
        InputRefused: the days do not ascend from 1 to 365, there are more than five, a number is out of its
            range, or there is no such category.
        Forbidden: whoever acts does not keep the community's settings.
    """
    days = setting.days
    ascend = all(earlier < later for earlier, later in pairwise(days))
    if not (1 <= len(days) <= _MOST_STEPS and ascend and days[0] >= 1 and days[-1] <= _LONGEST_DAYS):
        msg = "the days after closing ascend, from 1 to 365, at most five of them"
        raise InputRefused(msg)
    known = {category.code for category in list_categories()}
    if unknown := sorted(set(setting.categories) - known):
        msg = f"there is no category {unknown[0]}: choose one of the list"
        raise InputRefused(msg)
    try:
        with transaction() as connection:
            rechecks.write_setting(connection, community_id, setting)
            record_change(
                connection,
                "community_changed",
                community_id,
                "recheck_setting",
                community_id,
                asdict(setting),
            )
    except (psycopg2.errors.CheckViolation, psycopg2.errors.NumericValueOutOfRange) as refusal:
        msg = "a number of the rechecks is out of its range: see the form"
        raise InputRefused(msg) from refusal
    except psycopg2.errors.InsufficientPrivilege as refusal:
        msg = "your role does not keep the community's settings: ask the secretary"
        raise Forbidden(msg) from refusal


def count_found(community_id: int, now: datetime, days: int = 30) -> dict[str, int]:
    """Count what the looks of the last days have found: ``stays_away`` and ``came_back``.

    Raises:
        DatabaseUnavailable: the database does not answer.
    """
    with connect() as connection:
        return rechecks.count_found(connection, community_id, now - timedelta(days=days))
