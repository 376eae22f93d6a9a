"""What the server does by itself as a day begins, whoever is signed in."""

import asyncio
import logging
from datetime import UTC, date, datetime
from typing import Final

from geo.operations.deadlines import find_day
from geo.operations.hand_overs import begin_day

_LOOK_AGAIN_S: Final = 60


async def keep_days() -> None:
    """Let cases follow those who go away and come back, at once and then as each day begins in China.

    A server that was off at midnight does so when it starts; of several the second finds nothing left to do.
    Looks at the clock every minute, for a machine that slept does not wake at midnight.
    """
    begun: date | None = None
    while True:
        today = find_day(datetime.now(UTC))
        if today != begun:
            try:
                await asyncio.to_thread(begin_day, today)
                begun = today
            except Exception as failure:  # noqa: BLE001 - the process boundary: the server goes on and tries again
                # Only its kind is told, for what a database says of a row may hold names.
                several = failure.exceptions if isinstance(failure, ExceptionGroup) else (failure,)
                kinds = ", ".join(sorted({type(each).__name__ for each in several}))
                logging.getLogger(__name__).warning("the day could not be begun: %s", kinds)
        await asyncio.sleep(_LOOK_AGAIN_S)
