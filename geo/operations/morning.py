"""The morning of a community: what there is to know since work ended, by its own calendar and clocks."""

from datetime import UTC, datetime, timedelta

import numpy as np
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from geo.model.working_time import Judgement, Status, Unit
from geo.operations.deadlines import load_calendar
from geo.rules.calendar import Moments
from geo.rules.clock import PauseColumns, judge_cases
from geo.rules.morning import find_day, find_last_close, find_last_working_day, start_of_day
from geo.settings import get_settings
from geo.store import morning
from geo.store.engine import connect
from geo.store.morning import Morning


def gather_morning(community_id: int, now: datetime) -> Morning:
    """Return what the acting reader may know of a community at a moment.

    Raises:
        DatabaseUnavailable: the database does not answer.
    """
    today = find_day(now)
    with connect() as connection:
        calendar = load_calendar(connection, community_id)
        return morning.read_morning(
            connection,
            community_id,
            judge_open_cases(connection, community_id, now),
            now=now,
            on_day=today,
            since=find_last_close(calendar, today),
            last_day_start=start_of_day(find_last_working_day(calendar, today)),
            unknown_since=start_of_day(today) - timedelta(days=get_settings().silent_days),
        )


def judge_open_cases(
    connection: PostgresConnection, community_id: int, now: datetime
) -> dict[int, Judgement]:
    """Return how the open cases of a community stand at a moment, by id, on its own clocks."""
    clocks = morning.list_open_clocks(connection, community_id)
    row_of = {clock.incident_id: row for row, clock in enumerate(clocks)}
    pauses = [
        (row_of[case], started_at, ended_at)
        for case, started_at, ended_at in morning.list_open_pauses(connection, community_id)
        if case in row_of
    ]
    judged = judge_cases(
        load_calendar(connection, community_id),
        _to_moments([clock.started_at for clock in clocks]),
        _to_moments([clock.due_at for clock in clocks]),
        _to_moments([now])[0],
        np.array([Unit(clock.unit).is_working for clock in clocks], dtype=bool),
        PauseColumns(
            np.array([row for row, _, _ in pauses], dtype=np.int64),
            _to_moments([started_at for _, started_at, _ in pauses]),
            _to_moments([ended_at for _, _, ended_at in pauses]),
        ),
    )
    return {
        clock.incident_id: Judgement(None if np.isnan(share) else float(share), Status(str(status)))
        for clock, share, status in zip(clocks, judged.share, judged.status, strict=True)
    }


def _to_moments(moments: list[datetime | None] | list[datetime]) -> Moments:
    return np.array(
        [np.datetime64("NaT") if at is None else at.astimezone(UTC).replace(tzinfo=None) for at in moments],
        dtype="datetime64[us]",
    )
