"""A search for a good zone plan: a process beside the server, followed while it runs, stopped at any moment.

The process is :mod:`geo.zoning.child`: it needs no database, and leaves the pages free.
"""

import subprocess
import sys
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Thread
from time import monotonic
from typing import IO, Any, Final, Self

import numpy as np
import orjson

from geo.errors import InputRefused
from geo.zoning.problem import Floats, Goal, Ints
from geo.zoning.question import Question

MOST_SECONDS: Final = 300.0


@dataclass(frozen=True)
class Found:
    """The best plan so far for a goal.

    Attributes:
        goal: what it is best at.
        plan: n numbers of zones, in the order of the question.
        loads: zones × k.
        compactness: per zone, Polsby–Popper.
        pieces: per zone, how many parts of it do not touch.
        moved: households that leave who holds them today.
        rating: what was lowered; comparable within a goal.
        tries: how many searches it is the best of; 0 for a mere start.
        elapsed_s: seconds after which it was found.
    """

    goal: Goal
    plan: Ints
    loads: Floats
    compactness: Floats
    pieces: Ints
    moved: float
    rating: float
    tries: int
    elapsed_s: float

    @property
    def deviations(self) -> Floats:
        """k; of each load, how far the zone farthest from the mean is from it, as a share of the mean."""
        mean = self.loads.mean(axis=0)
        off = np.abs(self.loads - mean).max(axis=0)
        return np.asarray(np.divide(off, mean, out=np.zeros_like(mean), where=mean > 0), np.float64)


@dataclass
class Search:
    """A search under way, in a process of its own.

    Attributes:
        best: the best so far by goal.
        compiled_s: how long the search took to compile; None before it is.
        refusal: why no plan can be like that; None where one can.
    """

    seconds: float
    best: dict[Goal, Found] = field(default_factory=dict)
    compiled_s: float | None = None
    refusal: str | None = None
    _process: subprocess.Popen[bytes] | None = None
    _reader: Thread | None = None
    _news: deque[Found] = field(default_factory=deque)
    _began: float = field(default_factory=monotonic)

    @property
    def is_over(self) -> bool:
        """Whether nothing better will come."""
        return self._reader is None or not self._reader.is_alive()

    @property
    def elapsed_s(self) -> float:
        """Seconds since it began."""
        return monotonic() - self._began

    def wait(self, timeout_s: float | None = None) -> None:
        """Wait until it is over, or for so long."""
        if self._reader is not None:
            self._reader.join(timeout_s)

    def cancel(self) -> None:
        """End it; the best so far stays."""
        if self._process is not None:
            self._process.kill()
        self.wait()

    def follow(self) -> Iterator[Found]:
        """Yield what it finds, as it is found, until it is over."""
        while True:
            is_last = self.is_over
            while self._news:
                yield self._news.popleft()
            if is_last:
                return
            self.wait(0.05)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.cancel()


def start_search(question: Question, goals: Sequence[Goal], seconds: float) -> Search:
    """Begin to search for one or several goals, for some seconds together.

    Raises:
        InputRefused: there is no goal, or the time is out of range.
    """
    if not goals or not 0 < seconds <= MOST_SECONDS:
        msg = f"a search takes some goal and up to {MOST_SECONDS:g} s: choose both"
        raise InputRefused(msg)
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "geo.zoning.child", ",".join(goals), f"{seconds}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    search = Search(seconds, _process=process)
    search._reader = Thread(target=_read_answers, args=(search, process, question.write()), daemon=True)
    search._reader.start()
    return search


def _read_answers(search: Search, process: subprocess.Popen[bytes], question: bytes) -> None:
    questions, answers = process.stdin, process.stdout
    assert questions is not None  # noqa: S101 - both are pipes
    assert answers is not None  # noqa: S101
    _ask(questions, question)
    with answers:
        for line in answers:
            told: Mapping[str, Any] = orjson.loads(line)
            if "refused" in told:
                search.refusal = told["refused"]
            elif "compiled_s" in told:
                search.compiled_s = told["compiled_s"]
            else:
                found = _read_found(told)
                search.best[found.goal] = found
                search._news.append(found)
    process.wait()


def _ask(questions: IO[bytes], question: bytes) -> None:
    try:
        with questions:
            questions.write(question)
    except BrokenPipeError:
        return  # It was ended before it had read the question.


def _read_found(told: Mapping[str, Any]) -> Found:
    return Found(
        goal=Goal(told["goal"]),
        plan=np.asarray(told["plan"], np.int64),
        loads=np.asarray(told["loads"], np.float64),
        compactness=np.asarray(told["compactness"], np.float64),
        pieces=np.asarray(told["pieces"], np.int64),
        moved=told["moved"],
        rating=told["rating"],
        tries=told["tries"],
        elapsed_s=told["elapsed_s"],
    )
