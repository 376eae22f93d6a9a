"""What was planted in the demo is found; twenty seeds of each community are asked by ``make bench``."""

import pytest

from tests.planted import find_planted


@pytest.mark.parametrize("code", ["D", "Y"])
def test_planted_relapses_are_found_and_little_else_is_called_one(code: str) -> None:
    findings = [find_planted(code, seed) for seed in (1, 2, 3)]
    planted, named, found = (
        sum(getattr(finding, column) for finding in findings) for column in ("planted", "named", "found")
    )
    assert planted > 30
    assert found >= 0.95 * planted
    assert found >= 0.9 * named
    # Whoever calls everything a relapse that came back within a month is mostly wrong.
    assert planted < 0.7 * sum(finding.counted for finding in findings)
