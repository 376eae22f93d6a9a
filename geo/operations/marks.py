"""What is remarkable about the open cases of a community: by the database's rules, and by its clocks."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from geo.model.working_time import Status
from geo.operations.morning import judge_open_cases
from geo.store import worklist
from geo.store.engine import connect
from geo.store.worklist import Marks

_NOTHING: Final = Marks(bounces=0, is_relapse=False, is_whistled=False)


def list_marks(community_id: int, now: datetime) -> dict[int, Marks]:
    """Return what is remarkable about the open cases that the reader sees, by id; of most there is nothing.

    Raises:
        DatabaseUnavailable: the database does not answer.
    """
    marks = worklist.list_marks(community_id)
    with connect() as connection:
        judged = judge_open_cases(connection, community_id, now)
    amber = [case for case, judgement in judged.items() if judgement.status is Status.AMBER]
    return marks | {case: replace(marks.get(case, _NOTHING), is_amber=True) for case in amber}
