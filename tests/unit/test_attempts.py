"""Wrong passwords are counted by login and address."""

import pytest

from geo.operations.attempts import Attempts

HERE = "203.0.113.9"


def count_tries(attempts: Attempts, login: str, address: str) -> int:
    """Try until told to wait."""
    return sum(attempts.take(login, address) for _ in range(20))


@pytest.mark.parametrize(
    ("login", "address", "left"),
    [
        ("wang", HERE, 0),
        ("li", HERE, 5),
        ("wang", "203.0.113.10", 5),
        ("wang", "2001:db8:1:2:3:4:5:6", 5),
        ("wang", "", 5),
        ("wang", "testclient", 5),
    ],
)
def test_only_the_same_login_at_the_same_address_waits(login: str, address: str, left: int) -> None:
    attempts = Attempts(5, wait_s=60)
    assert count_tries(attempts, "wang", HERE) == 5
    assert count_tries(attempts, login, address) == left


def test_a_network_of_newer_addresses_is_one_place() -> None:
    attempts = Attempts(5, wait_s=60)
    assert count_tries(attempts, "wang", "2001:db8:1:2:3:4:5:6") == 5
    assert count_tries(attempts, "wang", "2001:db8:1:2::1") == 0
    assert count_tries(attempts, "wang", "2001:db8:1:3::1") == 5


def test_the_right_password_begins_the_count_anew() -> None:
    attempts = Attempts(5, wait_s=60)
    for _ in range(4):
        attempts.take("wang", HERE)
    attempts.forget("wang", HERE)
    attempts.forget("li", HERE)
    assert count_tries(attempts, "wang", HERE) == 5


def test_waiting_ends_whether_or_not_it_was_tried_meanwhile() -> None:
    now_s = 0.0
    attempts = Attempts(2, wait_s=60, tell_s=lambda: now_s)
    assert count_tries(attempts, "wang", HERE) == 2
    now_s = 40
    assert not attempts.take("wang", HERE)
    now_s = 80
    assert attempts.take("wang", HERE)
