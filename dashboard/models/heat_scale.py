"""The colours of the heat map and what they mean: one scale for everything that is compared with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from dashboard.i18n import Text
from dashboard.maps import palette
from dashboard.models.heat_state import Measure
from geo.operations.heat import Answer, Surface
from geo.operations.heat_cases import Per, Period
from geo.patterns.emerging import Pattern
from geo.patterns.hotspots import Change
from geo.patterns.neighbours import Flags, Floats

PER_COUNT: Final[Mapping[Per, float]] = {
    "households": 1000,
    "residents": 1000,
    "merchants": 100,
    "others": 100,
}
"""Rates are written for so many of a denominator …"""
PER_DAYS: Final = 30.0
"""… and so many days; but a share of other cases for no time."""

NO_SHADE: Final = -1
_STEPS: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000)
# Rates are shaded by how they stand to that of the whole community.
_TIMES_MEAN: Final = (0.5, 0.8, 1.25, 2.0, 3.0)
# Of the highest density.
_DENSITIES: Final = (0.05, 0.15, 0.3, 0.5, 0.75)
_CHANGES: Final = (0.5, 0.8, 1.25, 2.0)
_MAYBE_P: Final = 0.05
_PATTERNS: Final = (
    Pattern.NONE,
    Pattern.NEW,
    Pattern.GROWING,
    Pattern.PERSISTENT,
    Pattern.FADING,
    Pattern.SPORADIC,
)

Shades = npt.NDArray[np.int8]


@dataclass(frozen=True)
class Scale:
    """Colours from light to dark; values from ``bounds[i]`` on have colour ``i + 1``."""

    bounds: tuple[float, ...]
    colours: tuple[str, ...]

    def shade(self, values: Floats) -> Shades:
        """Return the number of each value's colour; :data:`NO_SHADE` for what is not a number."""
        shades = np.digitize(values, self.bounds).astype(np.int8)
        shades[np.isnan(values)] = NO_SHADE
        return shades


def find_factor(per: Per, period: Period) -> float:
    """Return by what a rate per one is multiplied to be written."""
    days = 1.0 if per == "others" else PER_DAYS / period.days
    return PER_COUNT[per] * days


def choose_scale(measure: Measure, answers: Sequence[Answer]) -> Scale:
    """Return the scale of a measure for periods that are seen together."""
    match measure:
        case "count":
            top = max((float(answer.rates.count.max(initial=0)) for answer in answers), default=0.0)
            below = [step for step in _STEPS if step <= max(top, 1)]
            return Scale(tuple(below[-(len(palette.HEAT) - 1) :]), palette.HEAT)
        case "rate":
            means = [_find_mean(answer) for answer in answers]
            mean = max([each for each in means if each > 0], default=1.0)
            return Scale(tuple(mean * times for times in _TIMES_MEAN), palette.HEAT)
        case "hot":
            return Scale((1.0, 2.0), palette.SURENESS)
        case "trend":
            return Scale(tuple(float(number) for number in range(1, len(_PATTERNS))), palette.PATTERNS)


CHANGE_SCALE: Final = Scale(_CHANGES, palette.CHANGE)


def shade_answer(answer: Answer, measure: Measure, scale: Scale) -> Shades:
    """Return the colour of each cell; none where nobody looked, and for rates where too few live."""
    rates, spots = answer.rates, answer.spots
    match measure:
        case "count":
            shades = scale.shade(rates.count)
            shades[rates.count == 0] = NO_SHADE
        case "rate":
            shades = scale.shade(rates.smoothed * find_factor(answer.per, answer.period))
            shades[rates.is_few] = NO_SHADE
        case _:
            shades = scale.shade(rank_sureness(spots.p, spots.is_hot))
            shades[rates.at_risk == 0] = NO_SHADE
    shades[rates.is_unknown | answer.is_hidden] = NO_SHADE
    return shades


def rank_sureness(p: Floats, is_hot: Flags) -> Floats:
    """Return 2 for what is hot, 1 for what might be, 0 for the rest."""
    return np.where(is_hot, 2.0, np.where(p <= _MAYBE_P, 1.0, 0.0))


def choose_density_scale(surfaces: Sequence[Surface]) -> Scale:
    """Return the scale of densities, in cases per hectare, for periods that are seen together."""
    top = max((float(np.nanmax(each.density.values, initial=0)) for each in surfaces), default=0.0) or 1.0
    return Scale(tuple(top * share for share in _DENSITIES), palette.HEAT)


def shade_surface(surface: Surface, answer: Answer, measure: Measure, scale: Scale) -> Shades:
    """Return the colour of each pixel, the northern row first."""
    values = surface.density.values
    if measure != "count":
        values = surface.rate * find_factor(answer.per, answer.period)
    shades = scale.shade(values)
    # Where hardly anything is, the ground is seen.
    if measure == "count":
        shades[shades == 0] = NO_SHADE
    return shades[::-1]


def shade_change(change: Change, before: Answer, after: Answer) -> Shades:
    """Return the colour of each cell in the map of differences; white where the change may be chance."""
    is_chance = (change.low <= 1) & (change.high >= 1)
    shades = CHANGE_SCALE.shade(np.where(is_chance, 1.0, change.ratio))
    is_quiet = (before.rates.count == 0) & (after.rates.count == 0)
    shades[is_quiet | after.rates.is_unknown] = NO_SHADE
    return shades


def number_pattern(pattern: npt.NDArray[np.int8]) -> Shades:
    """Return the number of each pattern's colour; none for what was never hot."""
    return np.array([_PATTERNS.index(Pattern(each)) if each else NO_SHADE for each in pattern], np.int8)


def list_labels(scale: Scale, measure: Measure, text: Text, *, is_density: bool = False) -> list[str]:
    """Return what each colour of a scale means; nothing for a colour that is not drawn."""
    match measure:
        case "count" if is_density:
            return ["", *_list_spans(scale, text)[1:]]
        case "hot":
            return [text("heat.sure_none"), text("heat.sure_maybe"), text("heat.sure_hot")]
        case "trend":
            return ["", *(name_pattern(pattern, text) for pattern in _PATTERNS[1:])]
        case "count":
            bounds = [int(bound) for bound in scale.bounds]
            spans = [(low, high - 1) for low, high in pairwise(bounds)]
            first = [_write_span(1, bounds[0] - 1)] if bounds[0] > 1 else [""]
            return [*first, *(_write_span(*span) for span in spans), f"≥{bounds[-1]:,}"]
        case "rate":
            return _list_spans(scale, text)


def _list_spans(scale: Scale, text: Text) -> list[str]:
    written = [text.number(bound, digits=_choose_digits(scale.bounds)) for bound in scale.bounds]
    middle = [f"{low}–{high}" for low, high in pairwise(written)]
    return [f"<{written[0]}", *middle, f"≥{written[-1]}"]


def list_change_labels(text: Text) -> list[str]:
    """Return what each colour of the map of differences means."""
    return [
        text("heat.change_halved"),
        text("heat.change_less"),
        text("heat.change_same"),
        text("heat.change_more"),
        text("heat.change_doubled"),
    ]


def name_pattern(pattern: Pattern, text: Text) -> str:
    """Write what became of a hot spot."""
    return {
        Pattern.NEW: text("heat.pattern_new"),
        Pattern.GROWING: text("heat.pattern_growing"),
        Pattern.PERSISTENT: text("heat.pattern_persistent"),
        Pattern.FADING: text("heat.pattern_fading"),
        Pattern.SPORADIC: text("heat.pattern_sporadic"),
    }[pattern]


def _find_mean(answer: Answer) -> float:
    """Return the rate of the whole community, as it is written."""
    return answer.mean_rate * find_factor(answer.per, answer.period)


def _write_span(low: int, high: int) -> str:
    return f"{low:,}" if low == high else f"{low:,}–{high:,}"


def _choose_digits(bounds: Sequence[float]) -> int:
    return next((digits for digits, least in ((0, 20), (1, 2), (2, 0.2)) if bounds[0] >= least), 3)
