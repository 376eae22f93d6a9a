"""What an indicator is, and what one comes to."""

from dataclasses import dataclass
from typing import Final, Literal

Unit = Literal["share", "per_10k", "count", "hours", "days", "ratio"]
Level = Literal["community", "grid", "zone", "compound", "party", "category"]
Better = Literal["up", "down"]
Trend = Literal["better", "worse", "same"]

LEVELS: Final[tuple[Level, ...]] = ("community", "grid", "zone", "compound", "party", "category")
WHOLE: Final = ""
"""The one key at the level of the community."""

PLACE_FACTS: Final = frozenset(
    {"areas", "buildings", "freshness", "grids", "merchants", "compounds", "doors"}
)
"""What is counted from places: such a figure opens down to no cases."""


@dataclass(frozen=True, slots=True)
class Indicator:
    """A figure that means the same wherever it is read.

    Attributes:
        id: its name in the code, as the field knows it.
        zh, en: its name for people.
        formula_zh, formula_en: what is divided by what, in a sentence or two.
        unit: what it is counted in; a share is from 0 to 1.
        better: the direction in which it gets better; None where neither is better.
        least_n: below so many it is shown as a fraction, without a colour or a rank.
        levels: by what it is given.
        period_event: what decides in which period something counts, in the words of the queries.
        facts: the query that counts it.
    """

    id: str
    zh: str
    en: str
    formula_zh: str
    formula_en: str
    unit: Unit
    better: Better | None
    least_n: int
    levels: tuple[Level, ...]
    period_event: str
    facts: str

    @property
    def is_of_places(self) -> bool:
        """Whether places are counted, every one of them, and no cases."""
        return self.facts in PLACE_FACTS


@dataclass(frozen=True, slots=True)
class Value:
    """What an indicator comes to in one period, at one place.

    Attributes:
        amount: None for an empty denominator.
        n: how many it rests on: the denominator of a share, the cases of a time or a rate, the number itself
            of a count.
        numerator, denominator: of a share or a rate; None of what is no fraction.
        is_small: whether it rests on too few to be judged: then the fraction is shown, no colour, no rank.
    """

    amount: float | None
    n: int
    numerator: float | None = None
    denominator: float | None = None
    is_small: bool = False
