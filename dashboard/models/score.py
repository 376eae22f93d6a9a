"""The score of a community, in the reader's words: each term, and what they come to together."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from dashboard.i18n import Text
from dashboard.models.figures import NOTHING, tell_value
from dashboard.models.figures_page import name_indicator, tell_formula
from geo.model.indicator import Value
from geo.rules.indicators import INDICATORS, Score

WHOLE_WEIGHT: Final = 100


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """A term: an indicator, what it is now, and the points it gives of those it could."""

    id: str
    title: str
    hint: str
    value: str
    points: str


def list_scorable() -> tuple[str, ...]:
    """Return the indicators that can stand in a score: shares of which it is known which way is better."""
    return tuple(
        id_
        for id_, indicator in INDICATORS.items()
        if indicator.unit == "share" and indicator.better and "community" in indicator.levels
    )


def build_row(id_: str, weight: float, values: Mapping[str, Value], text: Text) -> ScoreRow:
    """Return one term of a score; a figure of few cases or none gives no points to tell."""
    indicator, value = INDICATORS[id_], values.get(id_)
    points = NOTHING
    if value is not None and value.amount is not None and not value.is_small:
        good = value.amount if indicator.better == "up" else 1 - value.amount
        points = text(
            "score.points",
            points=text.number(weight * good, digits=1),
            most=text.number(weight, digits=1),
        )
    name = name_indicator(indicator, text)
    return ScoreRow(
        id=id_,
        title=name if indicator.better == "up" else text("score.less", name=name),
        hint=tell_formula(indicator, text),
        value=NOTHING if value is None else tell_value(value, indicator, text),
        points=points,
    )


def tell_score(weights: Mapping[str, float], values: Mapping[str, Value], text: Text) -> str:
    """Return what a score comes to, or why it comes to nothing."""
    total = sum(weights.values())
    if abs(total - WHOLE_WEIGHT) > 1e-6:
        return text("score.not_whole", total=text.number(total, digits=2))
    found = Score(weights).add_up(values)
    return (
        text("score.too_few") if found is None else text("score.comes_to", score=text.number(found, digits=1))
    )
