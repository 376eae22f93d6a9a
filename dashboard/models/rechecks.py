"""What is to be looked at again today, in the reader's words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from dashboard.i18n import Text
from dashboard.models.incident_words import name_category
from geo.model.recheck import SettledCase
from geo.rules.rechecks import Why
from geo.store.choices import Category

_WHYS: Final[Mapping[Why, str]] = {
    "came_back": "recheck.why_came_back",
    "relapsing_place": "recheck.why_relapsing_place",
    "danger": "recheck.why_danger",
    "sample": "recheck.why_sample",
}


@dataclass(frozen=True, slots=True)
class RecheckLine:
    """One place to look at.

    Attributes:
        title: where and what.
        detail: which look, why, and whose it is where others' are listed too.
        draft: what a new case would say.
    """

    case: SettledCase
    title: str
    detail: str
    draft: str


def list_lines(
    chosen: Sequence[tuple[SettledCase, Why]],
    categories: Mapping[str, Category],
    text: Text,
    *,
    with_names: bool,
) -> tuple[RecheckLine, ...]:
    """Return the places to look at.

    Args:
        chosen: the cases with why each is looked at.
        categories: by code.
        text: the language.
        with_names: whether to say whose each is.
    """
    return tuple(_write(case, why, categories, text, with_names=with_names) for case, why in chosen)


def parse_days(words: str) -> tuple[int, ...] | None:
    """Read ascending days such as 7,30,90; None where they make no sense."""
    parts = words.replace("，", ",").replace("、", ",").split(",")
    if not all(part.strip().isascii() and part.strip().isdigit() and len(part.strip()) < 4 for part in parts):
        return None
    days = tuple(int(part) for part in parts)
    return days if days == tuple(sorted(set(days))) and days[0] >= 1 else None


def _write(
    case: SettledCase, why: Why, categories: Mapping[str, Category], text: Text, *, with_names: bool
) -> RecheckLine:
    category = name_category(categories[case.category_code], text)
    where = case.place or text("case.no_place")
    day = text.day(case.closed_at)
    reason = text(_WHYS[why], n=case.earlier + 1) if why == "relapsing_place" else text(_WHYS[why])
    detail = [text("recheck.settled", day=day), reason]
    if with_names:
        detail.append(case.party or text("recheck.nobody"))
    return RecheckLine(
        case, f"{where} {category}", text.join(detail), text("recheck.words", day=day, id=case.id)
    )
