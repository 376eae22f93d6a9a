"""A search for a good zone plan: a process beside the server, followed while it runs, stopped at any moment.

The process is :mod:`geo.zoning.child`: it needs no database, and leaves the pages free. As each keeps two
cores busy, few go on at once; the others wait their turn, in the order in which they were asked for.
"""

import os
import subprocess
import sys
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Condition, Thread, Timer
from time import monotonic
from typing import Any, Final, Self

import numpy as np
import orjson

from geo.errors import InputRefused
from geo.zoning.problem import Floats, Goal, Ints
from geo.zoning.question import Question

MOST_SECONDS: Final = 300.0
# How many go on at once, and how many may wait.
AT_ONCE: Final = max(1, (os.cpu_count() or 1) // 2)
_MOST_WAITING: Final = 12
# A search ends by itself; one that has not, so long after its time, is ended.
_GRACE_S: Final = 60.0


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


@dataclass(eq=False)
class Search:
    """A search under way or about to be, in a process of its own.

    Attributes:
        seconds: how long it is to take, once it is its turn.
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
    _began: float | None = None
    _is_cancelled: bool = False

    @property
    def ahead(self) -> int:
        """How many searches have to end before this one begins; 0 once it has."""
        with _turns:
            return max(0, _asked.index(self) - AT_ONCE + 1) if self in _asked else 0

    @property
    def is_over(self) -> bool:
        """Whether nothing better will come."""
        return self._reader is None or not self._reader.is_alive()

    @property
    def elapsed_s(self) -> float:
        """Seconds since it began; 0 before."""
        return 0.0 if self._began is None else monotonic() - self._began

    def wait(self, timeout_s: float | None = None) -> None:
        """Wait until it is over, or for so long."""
        if self._reader is not None:
            self._reader.join(timeout_s)

    def cancel(self) -> None:
        """End it, or its waiting; the best so far stays."""
        with _turns:
            self._is_cancelled = True
            _turns.notify_all()
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


# The searches that go on and, after them, those that wait; whoever reads or changes it holds the condition.
_asked: Final[list[Search]] = []
_turns: Final = Condition()


def start_search(question: Question, goals: Sequence[Goal], seconds: float) -> Search:
    """Begin to search for one or several goals, for some seconds together, as soon as it is its turn.

    Raises:
        InputRefused: there is no goal, the time is out of range, or too many wait already.
    """
    if not goals or not 0 < seconds <= MOST_SECONDS:
        msg = f"a search takes some goal and up to {MOST_SECONDS:g} s: choose both"
        raise InputRefused(msg)
    search = Search(seconds)
    command = [sys.executable, "-P", "-m", "geo.zoning.child", ",".join(goals), f"{seconds}"]
    with _turns:
        if len(_asked) >= AT_ONCE + _MOST_WAITING:
            msg = f"too many searches wait already ({len(_asked) - AT_ONCE}): ask again in a few minutes"
            raise InputRefused(msg)
        _asked.append(search)
    search._reader = Thread(target=_carry_out, args=(search, command, question), daemon=True)
    search._reader.start()
    return search


def _carry_out(search: Search, command: Sequence[str], question: Question) -> None:
    try:
        with _turns:
            _turns.wait_for(lambda: search._is_cancelled or _asked.index(search) < AT_ONCE)
            if search._is_cancelled:
                return
            process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
            search._process, search._began = process, monotonic()
        alarm = Timer(search.seconds + _GRACE_S, process.kill)
        alarm.daemon = True
        alarm.start()
        try:
            _read_answers(search, process, question.write())
        finally:
            alarm.cancel()
            process.kill()
            process.wait()
    finally:
        with _turns:
            _asked.remove(search)
            _turns.notify_all()


def _read_answers(search: Search, process: subprocess.Popen[bytes], question: bytes) -> None:
    questions, answers = process.stdin, process.stdout
    assert questions is not None  # noqa: S101 - both are pipes
    assert answers is not None  # noqa: S101
    # It stays open until all is answered: the process ends when it is closed, as it is if the server dies.
    with suppress(BrokenPipeError), questions, answers:
        questions.write(question + b"\n")
        questions.flush()
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
