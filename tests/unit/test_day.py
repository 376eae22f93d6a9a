"""A day is begun once, again after a failure, and anew when it turns."""

import asyncio
from contextlib import suppress
from datetime import date

import pytest

from dashboard import day
from geo.errors import DatabaseUnavailable

FRIDAY, SATURDAY = date(2026, 5, 1), date(2026, 5, 2)


def keep(monkeypatch: pytest.MonkeyPatch, days: list[date], failures: int = 0) -> list[date]:
    """Let a server look at the clock once for each of some days; return which it began."""
    begun: list[date] = []
    asked = []

    def begin(today: date) -> None:
        asked.append(today)
        if len(asked) <= failures:
            msg = "the database does not answer"
            raise ExceptionGroup(msg, [DatabaseUnavailable(msg)])
        begun.append(today)

    async def look() -> None:
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(day.keep_days(), 5)

    def read_clock(_now: object) -> date:
        if not days:
            raise asyncio.CancelledError
        return days.pop(0)

    monkeypatch.setattr(day, "begin_day", begin)
    monkeypatch.setattr(day, "find_day", read_clock)
    monkeypatch.setattr(day, "_LOOK_AGAIN_S", 0)
    with suppress(asyncio.CancelledError):
        asyncio.run(look())
    return begun


def test_a_day_is_begun_at_the_start_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    assert keep(monkeypatch, [FRIDAY, FRIDAY, FRIDAY]) == [FRIDAY]


def test_the_next_day_is_begun_too(monkeypatch: pytest.MonkeyPatch) -> None:
    assert keep(monkeypatch, [FRIDAY, FRIDAY, SATURDAY, SATURDAY]) == [FRIDAY, SATURDAY]


def test_a_day_that_failed_is_begun_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert keep(monkeypatch, [FRIDAY, FRIDAY, FRIDAY], failures=1) == [FRIDAY]
    # What went wrong may name somebody: the log tells its kind alone.
    assert "DatabaseUnavailable" in caplog.text
    assert "does not answer" not in caplog.text
