"""``python -m geo.zoning.child GOALS SECONDS``: a search in a process of its own; pages stay free meanwhile.

Reads a :class:`geo.zoning.question.Question`, one line, from standard input and writes one JSON object a
line: the best so far for a goal, whenever it got better, and once how long the search took to compile. It
ends when time is up, or standard input does, as then nobody is there any more. Whoever has enough may end it
at any moment, and holds the best so far.

    {"goal": "fairest", "plan": [0, 0, 3, …], "rating": 4.7, "tries": 6, "elapsed_s": 2.1,
     "loads": [[812.0, 1210.4], …], "compactness": [0.61, …], "pieces": [1, …], "moved": 431.0}
    {"compiled_s": 0.2}
    {"refused": "5 buildings cannot make 6 zones: ask for 1 to 5"}
"""

import os
import sys
from collections.abc import Mapping
from threading import Thread

import orjson

from geo.errors import InputRefused
from geo.zoning.problem import Goal
from geo.zoning.question import read_question
from geo.zoning.suggest import Suggestion, choose_wishes, improve_suggestions, prepare_search


def main(goals: list[Goal], seconds: float) -> None:
    """Answer the question on standard input."""
    # Pages are waited for, this is not.
    os.nice(10)
    try:
        problem = read_question(sys.stdin.buffer.readline()).problem
    except InputRefused as refusal:
        _tell({"refused": str(refusal)})
        return
    Thread(target=_end_when_alone, daemon=True).start()
    rated: dict[Goal, float] = {}
    for found in improve_suggestions(problem, choose_wishes(problem, *goals), seconds):
        if found.rating < rated.get(found.goal, float("inf")):
            rated[found.goal] = found.rating
            _tell(_describe(found))
        if found.tries == 0 and len(rated) == len(goals):
            _tell({"compiled_s": prepare_search()})


def _end_when_alone() -> None:
    # Not through Python's buffer: whoever waits there holds a lock that the interpreter wants when it ends.
    os.read(sys.stdin.fileno(), 1)
    os._exit(0)


def _describe(found: Suggestion) -> dict[str, object]:
    figures = found.figures
    return {
        "goal": found.goal,
        "plan": found.plan,
        "rating": found.rating,
        "tries": found.tries,
        "elapsed_s": found.elapsed_s,
        "loads": figures.loads,
        "compactness": figures.compactness,
        "pieces": figures.pieces,
        "moved": figures.moved,
    }


def _tell(line: Mapping[str, object]) -> None:
    sys.stdout.buffer.write(orjson.dumps(line, option=orjson.OPT_SERIALIZE_NUMPY) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    try:
        main([Goal(goal) for goal in sys.argv[1].split(",")], float(sys.argv[2]))
    except BrokenPipeError:
        # Nobody listens any more.
        os._exit(0)
