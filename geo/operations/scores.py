"""What a community makes its score of, changed by those who keep it, each change noted in the log."""

from typing import Final

from geo.errors import Conflict, InputRefused
from geo.operations.duties import keep_to_keepers
from geo.rules.indicators import USUAL_SCORE, Score
from geo.store import scores
from geo.store.duties import record_change
from geo.store.engine import connect, transaction

_MOST_TERMS: Final = 20


def read_score_template(community_id: int) -> Score:
    """Return what the score of a community is made of, the usual where it has set nothing else.

    Raises:
        DatabaseUnavailable: the database does not answer.
    """
    with connect() as connection:
        return _load(scores.load_terms(connection, community_id))


def set_score_template(community_id: int, seen: Score, wanted: Score) -> None:
    """Let the score of a community be made of something else.

    Raises:
        InputRefused: it has too many terms.
        Conflict: it is not made of what was seen.
        Forbidden: whoever acts does not keep the settings of that community.
    """
    if len(wanted.weights) > _MOST_TERMS:
        msg = f"a score of {len(wanted.weights)} figures says nothing any more: choose at most {_MOST_TERMS}"
        raise InputRefused(msg)
    with keep_to_keepers(), transaction() as connection:
        scores.lock_score(connection, community_id)
        present = _load(scores.load_terms(connection, community_id))
        if dict(present.weights) != dict(seen.weights):
            msg = "somebody else has changed what the score is made of: look at it again"
            raise Conflict(msg)
        if dict(wanted.weights) == dict(present.weights):
            return
        is_usual = dict(wanted.weights) == dict(USUAL_SCORE.weights)
        scores.write_terms(connection, community_id, {} if is_usual else wanted.weights)
        change = {"from": dict(present.weights), "to": dict(wanted.weights)}
        record_change(connection, "community_changed", community_id, "score_template", community_id, change)


def _load(terms: dict[str, float]) -> Score:
    return Score(terms) if terms else USUAL_SCORE
