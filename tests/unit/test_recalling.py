"""Counted once for a tag, by one at a time, and not again before it has paid."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count

import pytest

from geo.operations.recalling import recall

_keys = count()


@dataclass(frozen=True)
class Told:
    tag: str


@pytest.fixture(autouse=True)
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("geo.operations.recalling._PATIENCE", 0)


def test_one_tag_is_counted_once() -> None:
    key = next(_keys)
    first = recall(key, "1", lambda: Told("1"))
    assert recall(key, "1", lambda: Told("1")) is first
    assert recall(key, "2", lambda: Told("2")).tag == "2"
    assert recall(next(_keys), "1", lambda: Told("1")) is not first


def test_what_took_long_is_not_counted_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("geo.operations.recalling._PATIENCE", 1e12)
    key = next(_keys)
    first = recall(key, "1", lambda: Told("1"))
    assert recall(key, "2", lambda: Told("2")) is first


def test_others_are_given_what_there_was_while_one_counts() -> None:
    key = next(_keys)
    first = recall(key, "1", lambda: Told("1"))
    is_counting, may_go_on = threading.Event(), threading.Event()

    def count_slowly() -> Told:
        is_counting.set()
        assert may_go_on.wait(60)
        return Told("2")

    with ThreadPoolExecutor(1) as beside:
        counting = beside.submit(recall, key, "2", count_slowly)
        assert is_counting.wait(60)
        assert recall(key, "2", lambda: Told("3")) is first
        may_go_on.set()
        assert counting.result().tag == "2"
    assert recall(key, "2", lambda: Told("4")) is counting.result()


def test_the_first_ones_wait_and_count_once() -> None:
    key = next(_keys)
    counted = []

    def count_it() -> Told:
        counted.append(1)
        return Told("1")

    with ThreadPoolExecutor(8) as people:
        found = list(people.map(lambda _: recall(key, "1", count_it), range(32)))
    assert all(each is found[0] for each in found)
    assert len(counted) == 1


def test_who_fails_to_count_lets_the_next_one_try() -> None:
    key = next(_keys)

    def fail() -> Told:
        msg = "the database is gone"
        raise RuntimeError(msg)

    with pytest.raises(RuntimeError):
        recall(key, "1", fail)
    assert recall(key, "1", lambda: Told("1")).tag == "1"
