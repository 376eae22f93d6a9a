"""The registry of indicators, how two values compare, and the score a community makes of some of them.

The words are data, in ``indicators.toml``; what is divided by what stands in ``geo/store/queries``.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from math import sqrt
from types import MappingProxyType
from typing import Any, Final

from geo.errors import ConfigurationError, InputRefused
from geo.model.indicator import Indicator, Trend, Value
from geo.settings import Settings, get_settings

LEAST_N: Final = 10
_PER: Final = {"per_10k": 10_000.0}
_WHOLE_WEIGHT: Final = 100.0
# Weights are written in decimals; their sum is looked at as people add them.
_ROUNDING: Final = 1e-6
_SURE_DEVIATIONS: Final = 1.96
_NOTICEABLE: Final = 0.1


def _read_indicators() -> Mapping[str, Indicator]:
    words = tomllib.loads((files("geo.rules") / "indicators.toml").read_text(encoding="utf-8"))
    try:
        windows = get_settings().windows
    except ConfigurationError:
        # Whoever starts anything is told so in words; here it would end whatever reads the registry.
        windows = Settings.model_construct().windows
    return MappingProxyType({id_: _read_indicator(id_, entry, windows) for id_, entry in words.items()})


def _read_indicator(id_: str, entry: dict[str, Any], windows: Mapping[str, int]) -> Indicator:
    return Indicator(
        id=id_,
        zh=entry["zh"].format_map(windows),
        en=entry["en"].format_map(windows),
        formula_zh=entry["formula_zh"].format_map(windows),
        formula_en=entry["formula_en"].format_map(windows),
        unit=entry["unit"],
        better=entry.get("better"),
        least_n=entry.get("least_n", 0 if entry["unit"] == "count" else LEAST_N),
        levels=tuple(entry["levels"]),
        period_event=entry["period_event"],
        facts=entry["facts"],
    )


INDICATORS: Final[Mapping[str, Indicator]] = _read_indicators()
"""All of them by id, in the order in which they are shown."""

CORE: Final = (
    "handle_rate", "on_time_rate", "relapse_rate", "satisfaction_rate", "incidents_per_10k", "open_cases",
    "overdue_open_cases",
)  # fmt: skip
"""What a leader asks first; the snapshot gives these by grid as well."""


def make_value(indicator: Indicator, numerator: float | None, denominator: float | None = None) -> Value:
    """Return what an indicator comes to.

    Args:
        indicator: which.
        numerator: what is counted; None counts as nothing.
        denominator: what it is divided by; of a count there is none.
    """
    counted = float(numerator or 0)
    if indicator.unit == "count":
        return Value(counted, round(counted), counted, None, counted < indicator.least_n)
    total = float(denominator or 0)
    n = round(counted if indicator.unit == "per_10k" else total)
    amount = counted * _PER.get(indicator.unit, 1.0) / total if total else None
    return Value(amount, n, counted, total, n < indicator.least_n)


def make_empty(indicator: Indicator) -> Value:
    """Return what an indicator comes to where nothing was counted."""
    if indicator.unit in {"hours", "days", "ratio"}:
        return Value(None, 0, is_small=True)
    return make_value(indicator, 0, 0)


def compare_values(now: Value, before: Value, indicator: Indicator) -> Trend | None:
    """Tell whether an indicator is better or worse than before, by more than chance alone may do.

    None where either is empty or rests on too few, or where neither direction is the better one.
    """
    if indicator.better is None or now.is_small or before.is_small:
        return None
    if now.amount is None or before.amount is None:
        return None
    if not _is_beyond_chance(now, before, indicator):
        return "same"
    return "better" if (now.amount > before.amount) == (indicator.better == "up") else "worse"


def _is_beyond_chance(now: Value, before: Value, indicator: Indicator) -> bool:
    """Tell whether two figures differ: at 5 %, cases are binomial in shares and Poisson in counts.

    Of places every one is counted, so that any change is one. Of a median or a ratio nobody knows how much it
    varies; a tenth is taken for a change.
    """
    now_amount, before_amount = now.amount or 0.0, before.amount or 0.0
    if indicator.is_of_places:
        return now_amount != before_amount
    if indicator.unit == "count":
        # A mean of counts has no numerator, and varies as what it stands for.
        return abs(now_amount - before_amount) > _SURE_DEVIATIONS * sqrt(now_amount + before_amount)
    if now.numerator is None or before.numerator is None:
        return abs(now_amount - before_amount) >= _NOTICEABLE * abs(before_amount) > 0
    counted = now.numerator + before.numerator
    if not now.denominator or not before.denominator or indicator.unit != "share":
        return abs(now.numerator - before.numerator) > _SURE_DEVIATIONS * sqrt(counted)
    common = counted / (now.denominator + before.denominator)
    variance = common * (1 - common) * (1 / now.denominator + 1 / before.denominator)
    return abs(now_amount - before_amount) > _SURE_DEVIATIONS * sqrt(max(variance, 0.0))


@dataclass(frozen=True, slots=True)
class Score:
    """What a community makes of its figures: weights by indicator, 100 together.

    Only shares are added up, each as far as it is good: of what is better low, what is missing to one. So
    no term rewards doing worse, and the score is from 0 to 100.

    Raises:
        InputRefused: an indicator is unknown or cannot be scored, a weight is not above 0, or they are not
            100 together.
    """

    weights: Mapping[str, float]

    def __post_init__(self) -> None:
        for id_, weight in self.weights.items():
            indicator = INDICATORS.get(id_)
            if indicator is None:
                msg = f"there is no indicator {id_}: choose one of the list"
                raise InputRefused(msg)
            if indicator.unit != "share" or indicator.better is None:
                msg = f"{indicator.en} cannot be scored: choose a share that is better high or low"
                raise InputRefused(msg)
            if not 0 < weight <= _WHOLE_WEIGHT:
                msg = f"the weight of {indicator.en} cannot be {weight:g}: choose a number above 0, up to 100"
                raise InputRefused(msg)
        total = sum(self.weights.values())
        if abs(total - _WHOLE_WEIGHT) > _ROUNDING:
            msg = f"the weights of a score are {total:g} together: make them 100"
            raise InputRefused(msg)

    def add_up(self, values: Mapping[str, Value]) -> float | None:
        """Return the score; None where a term is empty or rests on too few."""
        score = 0.0
        for id_, weight in self.weights.items():
            value = values.get(id_)
            if value is None or value.amount is None or value.is_small:
                return None
            score += weight * (value.amount if INDICATORS[id_].better == "up" else 1 - value.amount)
        return score


USUAL_SCORE: Final = Score(
    {
        "handle_rate": 30.0,
        "on_time_rate": 20.0,
        "rework_rate": 20.0,
        "overdue_open_rate": 20.0,
        "extension_rate": 10.0,
    }
)
"""As Jinniu district scores its digital city management."""
