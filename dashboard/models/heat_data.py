"""What the browser draws the heat map from: cells with their colours, week after week, before and after.

Nothing in it is told of anybody: numbers of cases by cell, and what the cells are called.
"""

from typing import Any, Final

import numpy as np
import orjson
import shapely

from dashboard.models.heat_scale import (
    NO_SHADE,
    Scale,
    Shades,
    choose_density_scale,
    choose_scale,
    find_factor,
    number_pattern,
    rank_sureness,
    shade_answer,
    shade_change,
    shade_surface,
)
from dashboard.models.heat_state import HeatState, Measure
from geo.operations import heat
from geo.operations.heat import Answer, State, Surface
from geo.operations.heat_shared import measure_shared
from geo.operations.heat_units import lay_out
from geo.patterns.neighbours import Flags, Floats

DOCUMENTS: Final = ("cells", "before", "change", "weeks", "surface", "surface_before", "hexagons")
_FIGURES: Final = 4
_DEGREE_DIGITS: Final = 6
# Six corners, and the first again.
_HEXAGON_POINTS: Final = 7


def write_document(name: str, town: State, asked: HeatState) -> bytes:
    """Write what the browser asks for, as JSON.

    Args:
        name: one of :data:`DOCUMENTS`; ``before`` and ``change`` where a period is compared with.
        town: the community.
        asked: what is shown.
    """
    return orjson.dumps(_WRITE[name](town, asked), option=orjson.OPT_SERIALIZE_NUMPY)


def measure_all(town: State, asked: HeatState) -> tuple[Answer, ...]:
    """Measure the period that is shown, and after it the one that it is compared with."""
    if asked.is_shared:
        return (measure_shared(town, asked.question.categories, asked.period),)
    periods = (asked.period, *([asked.before] if asked.before else []))
    return tuple(heat.measure(town, asked.question, period) for period in periods)


def smooth_all(town: State, asked: HeatState) -> tuple[Surface, ...]:
    """Smooth the period that is shown, and after it the one that it is compared with."""
    periods = (asked.period, *([asked.before] if asked.before else []))
    return tuple(heat.smooth(town, asked.question, period) for period in periods)


def choose_surface_scale(
    measure: Measure, answers: tuple[Answer, ...], surfaces: tuple[Surface, ...]
) -> Scale:
    """Return the scale of a surface: of density where counts are asked for, else of rates."""
    return choose_density_scale(surfaces) if measure == "count" else choose_scale("rate", answers)


def _write_cells(town: State, asked: HeatState) -> dict[str, Any]:
    answers = measure_all(town, asked)
    if asked.measure == "trend":
        pattern = number_pattern(heat.follow_weeks(town, asked.question, asked.period).emerging.pattern)
        pattern[answers[0].rates.is_unknown] = NO_SHADE
        return _describe(answers[0], pattern, answers[0].spots.is_hot)
    return _write_answer(answers[0], asked, choose_scale(asked.measure, answers))


def _write_before(town: State, asked: HeatState) -> dict[str, Any]:
    answers = measure_all(town, asked)
    return _write_answer(answers[-1], asked, choose_scale(asked.measure, answers))


def _write_change(town: State, asked: HeatState) -> dict[str, Any]:
    after, *others = measure_all(town, asked)
    before = others[0] if others else after
    change = heat.compare(town, asked.question, before.period, after.period)
    return {
        **_describe(after, shade_change(change, before, after), change.has_risen | change.has_fallen),
        "before": before.rates.count.astype(int).tolist(),
        "ratio": _round(change.ratio),
    }


def _write_weeks(town: State, asked: HeatState) -> dict[str, Any]:
    answers = measure_all(town, asked)
    scale = choose_scale(asked.measure, answers)
    weeks = heat.follow_weeks(town, asked.question, asked.period)
    is_bare = answers[0].rates.is_unknown
    if asked.measure == "count":
        values = weeks.shown
        is_blank = (values == 0) | is_bare[:, None]
    elif asked.measure == "rate":
        values = weeks.smoothed * find_factor(answers[0].per, weeks.window)
        is_blank = np.broadcast_to((is_bare | answers[0].rates.is_few)[:, None], values.shape)
    else:
        values = rank_sureness(np.ones(weeks.count.shape), weeks.emerging.is_hot)
        is_blank = np.broadcast_to(is_bare[:, None], values.shape)
        scale = choose_scale("hot", answers)
    shades = scale.shade(values)
    shades[is_blank] = NO_SHADE
    first = min(heat.WEEKS_SHOWN, shades.shape[1]) - 1
    return {
        "ids": answers[0].layout.ids.tolist(),
        "first": weeks.first.isoformat(),
        "span": heat.WEEKS_SHOWN,
        "frames": [
            {
                "week": week,
                "shades": shades[:, week].tolist(),
                "hot": np.flatnonzero(weeks.emerging.is_hot[:, week]).tolist(),
                "counted": int(weeks.shown[:, week].sum()),
            }
            for week in range(first, shades.shape[1])
        ],
    }


def _write_surface(town: State, asked: HeatState, number: int = 0) -> dict[str, Any]:
    answers = measure_all(town, asked)
    surfaces = smooth_all(town, asked)
    scale = choose_surface_scale(asked.measure, answers, surfaces)
    surface = surfaces[number]
    shades = shade_surface(surface, answers[number], asked.measure, scale)
    raster = surface.density
    high, wide = shades.shape
    west, south = raster.west_m, raster.south_m
    east, north = west + wide * raster.pixel_m, south + high * raster.pixel_m
    corners = np.array([(west, north), (east, north), (east, south), (west, south)])
    return {
        "columns": wide,
        "rows": high,
        "shades": shades.ravel().tolist(),
        "corners": town.columns.ground.plane.to_degrees(corners).round(_DEGREE_DIGITS).tolist(),
    }


def _write_surface_before(town: State, asked: HeatState) -> dict[str, Any]:
    return _write_surface(town, asked, -1)


def _write_hexagons(town: State, _asked: HeatState) -> dict[str, Any]:
    corners = shapely.get_coordinates(lay_out(town.columns, "hexagon").shapes)
    degrees = town.columns.ground.plane.to_degrees(corners).round(_DEGREE_DIGITS)
    rings = degrees.reshape(-1, _HEXAGON_POINTS, 2).tolist()
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": {"id": number},
                "geometry": {"type": "Polygon", "coordinates": [ring]},
            }
            for number, ring in enumerate(rings)
        ],
    }


_WRITE: Final = {
    "cells": _write_cells,
    "before": _write_before,
    "change": _write_change,
    "weeks": _write_weeks,
    "surface": _write_surface,
    "surface_before": _write_surface_before,
    "hexagons": _write_hexagons,
}


def _write_answer(answer: Answer, asked: HeatState, scale: Scale) -> dict[str, Any]:
    return _describe(answer, shade_answer(answer, asked.measure, scale), answer.spots.is_hot)


def _describe(answer: Answer, shades: Shades, is_marked: Flags) -> dict[str, Any]:
    rates = answer.rates
    factor = find_factor(answer.per, answer.period)
    return {
        "ids": answer.layout.ids.tolist(),
        "names": answer.layout.names,
        "shades": shades.tolist(),
        "count": rates.count.astype(int).tolist(),
        "rate": _round(rates.rate * factor),
        "low": _round(rates.low * factor),
        "high": _round(rates.high * factor),
        "marked": answer.layout.ids[is_marked].tolist(),
        "unknown": answer.layout.ids[rates.is_unknown].tolist(),
        "silent": answer.silent_buildings.tolist(),
        "hidden": answer.layout.ids[answer.is_hidden].tolist(),
        "counted": answer.counted,
        "unplaced": answer.unplaced,
    }


def _round(values: Floats) -> list[float | None]:
    """Write numbers to four figures; None for what is none."""
    return [None if np.isnan(each) else float(f"{each:.{_FIGURES}g}") for each in values]
