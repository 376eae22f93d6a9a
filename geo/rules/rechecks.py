"""Which settled cases deserve another look, and in which order, so that sixteen people can keep up.

A look is worth the walk where something is likely to be back: where it came back before, where it is
dangerous, and at a few places taken at random, without which nobody would learn that a place has become bad.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal

from geo.model.recheck import DANGERS, RecheckSetting, SettledCase

Why = Literal["came_back", "relapsing_place", "danger", "sample"]
_ORDER: Final[Mapping[Why, int]] = {"came_back": 0, "relapsing_place": 1, "danger": 2, "sample": 3}


def find_why(case: SettledCase, setting: RecheckSetting) -> Why | None:
    """Return why a settled case deserves another look; None where it does not.

    Whether a case is in the sample follows from its number alone: all its looks, or none.
    """
    if case.came_back:
        return "came_back"
    if case.earlier:
        return "relapsing_place"
    if case.category_code.startswith(DANGERS):
        return "danger"
    return "sample" if _draw_percent(case.id) < setting.share_percent else None


def choose_rechecks(
    cases: Iterable[SettledCase], setting: RecheckSetting, done_today: Mapping[int | None, int]
) -> list[tuple[SettledCase, Why]]:
    """Choose what is to be looked at today, for each person at most as many as the community allows.

    What is likeliest to be back comes first, then what lapses first. Of several looks at one place, one is
    enough.

    Args:
        cases: settled ones whose look is due and not done.
        setting: what the community asks for.
        done_today: how many looks each has done today.
    """
    deserving = [(case, why) for case in cases if (why := find_why(case, setting)) is not None]
    deserving.sort(key=lambda found: (_ORDER[found[1]], -found[0].earlier, found[0].due_on, found[0].id))
    taken = Counter(done_today)
    seen: set[tuple[str, int]] = set()
    chosen = []
    for case, why in deserving:
        place = (case.category_code, case.building_id or -case.id)
        if place not in seen and taken[case.party_id] < setting.most_a_day:
            seen.add(place)
            taken[case.party_id] += 1
            chosen.append((case, why))
    return chosen


def list_for(
    chosen: Sequence[tuple[SettledCase, Why]], party_id: int | None
) -> list[tuple[SettledCase, Why]]:
    """Return what one person is to look at."""
    return [found for found in chosen if found[0].party_id == party_id]


def _draw_percent(incident_id: int) -> int:
    """Return a number from 0 to 99 that follows from a case's own, and from nothing else about it."""
    return int.from_bytes(hashlib.sha256(b"recheck %d" % incident_id).digest()[:4]) % 100
