"""The morning of a community: what there is to know since work ended, by its own calendar."""

from datetime import datetime

from geo.rules.calendar import WorkingCalendar
from geo.rules.morning import find_day, find_last_close, find_last_working_day, start_of_day
from geo.store.calendars import load_working_time
from geo.store.engine import connect
from geo.store.morning import Morning, read_morning


def gather_morning(community_id: int, now: datetime) -> Morning:
    """Return what the acting reader may know of a community at a moment.

    Raises:
        DatabaseUnavailable: the database does not answer.
    """
    with connect() as connection:
        calendar = WorkingCalendar(*load_working_time(connection, community_id))
    today = find_day(now)
    return read_morning(
        community_id,
        now=now,
        on_day=today,
        since=find_last_close(calendar, today),
        last_day_start=start_of_day(find_last_working_day(calendar, today)),
    )
