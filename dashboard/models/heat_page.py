"""The heat page in words: what is shown, over what, for when, how many; the legend; where it is hottest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

import numpy as np

from dashboard.i18n import Text
from dashboard.models.heat_data import choose_surface_scale, measure_all, smooth_all
from dashboard.models.heat_scale import (
    CHANGE_SCALE,
    Scale,
    choose_scale,
    find_factor,
    list_change_labels,
    list_labels,
)
from dashboard.models.heat_state import HeatState, Measure, fix_period, format_heat_state
from dashboard.models.incident_filters import CHINA
from dashboard.models.incident_words import name_category, name_source
from dashboard.models.map_notice import write_map_notice
from geo.operations.heat import WEEKS_SHOWN, Answer, State
from geo.operations.heat_cases import Per, Period
from geo.settings import get_settings
from geo.store.choices import Category

_UNITS: Final = {
    "hexagon": "heat.unit_hexagon",
    "grid": "heat.unit_grid",
    "compound": "heat.unit_compound",
    "building": "heat.unit_building",
    "smooth": "heat.unit_smooth",
}
_MEASURES: Final = {
    "count": "heat.measure_count",
    "rate": "heat.measure_rate",
    "hot": "heat.measure_hot",
    "trend": "heat.measure_trend",
}
_PERS: Final = {
    "households": "heat.per_households",
    "residents": "heat.per_residents",
    "merchants": "heat.per_merchants",
    "others": "heat.per_others",
}
_RATES: Final = {
    "households": "heat.rate_households",
    "residents": "heat.rate_residents",
    "merchants": "heat.rate_merchants",
    "others": "heat.rate_others",
}
_AT_RISK: Final = {
    "households": "heat.fact_households",
    "residents": "heat.fact_residents",
    "merchants": "heat.fact_merchants",
    "others": "heat.fact_others",
}
_COMPARISONS: Final = {"previous": "heat.compare_previous", "last_year": "heat.compare_last_year"}
_SURFACES: Final = {"cells": "surface", "before": "surface_before"}
_MOST_NAMED: Final = 3
_MOST_HOT: Final = 8
_DAYS_A_WEEK: Final = 7


@dataclass(frozen=True)
class HotPlace:
    """A line of the list of hot cells: how much more than elsewhere, and how many cases."""

    cell: int
    name: str
    told: str


@dataclass(frozen=True)
class HeatPage:
    """What the page says.

    Attributes:
        told: what is shown, over what, for when, how many.
        title: of a picture.
        legend: for the map: ``colour`` or ``mark``, and ``label``.
        places: the hottest cells.
        heading: above them.
        note: what to know about them, or why there are none.
        map_data: what the map is drawn from, without its style and words.
        is_empty: whether nothing was counted.
    """

    told: tuple[str, ...]
    title: str
    legend: list[dict[str, str]]
    places: tuple[HotPlace, ...]
    heading: str
    note: str
    map_data: dict[str, Any]
    is_empty: bool


def name_unit(unit: str, text: Text) -> str:
    """Write what cells are called."""
    return text(_UNITS[unit])


def name_measure(measure: str, text: Text) -> str:
    """Write what the colours say."""
    return text(_MEASURES[measure])


def name_per(per: Per, text: Text) -> str:
    """Write what cases are counted over."""
    return text(_PERS[per])


def name_rate(per: Per, text: Text) -> str:
    """Write what a rate is given in."""
    return text(_RATES[per])


def name_at_risk(per: Per, text: Text) -> str:
    """Write what the number that cases are counted over is called."""
    return text(_AT_RISK[per])


def name_comparison(comparison: str, text: Text) -> str:
    """Write which period is compared with."""
    return text(_COMPARISONS[comparison])


def build_heat_page(
    town: State, state: HeatState, community: tuple[str, str], categories: Mapping[str, Category], text: Text
) -> HeatPage:
    """Put together what the page says.

    Args:
        town: the community's state.
        state: what is shown.
        community: its code and its name.
        categories: by code.
        text: the reader's language.
    """
    code, name = community
    answers = measure_all(town, state)
    answer = answers[0]
    if state.is_smooth:
        measure: Measure = "count" if state.measure == "count" else "rate"
        scale = choose_surface_scale(measure, answers, smooth_all(town, state))
    else:
        measure, scale = state.measure, choose_scale(state.measure, answers)
    labels = list_labels(scale, measure, text, is_density=state.is_smooth)
    subject = _tell_subject(state, categories, text)
    return HeatPage(
        told=_tell(answers, state, subject, text),
        title=text("heat.picture_title", community=name, subject=subject),
        legend=_build_legend(scale, labels, state, text),
        places=_list_places(answer, text),
        heading=text("heat.hot_heading", n=int(answer.spots.is_hot.sum())),
        note=_tell_hot(int(answer.spots.is_hot.sum()), text),
        map_data=_build_map_data(town, state, code, scale, text),
        is_empty=not any(each.counted for each in answers),
    )


def list_map_words(answer: Answer, text: Text) -> dict[str, Any]:
    """Return the words of the map."""
    return {
        "title": text("heat.title"),
        "play": text("heat.play"),
        "pause": text("heat.pause"),
        "whole": text("heat.whole"),
        "slider": text("heat.slider"),
        "frame": text("heat.frame", since="{since}", until="{until}", count="{n}"),
        "period": text("heat.whole_period"),
        "notice": write_map_notice(text),
        "picture": text("heat.picture"),
        "unknown": text("heat.legend_unknown"),
        "hidden": text("heat.legend_hidden", n=get_settings().least_shown),
        "count": text("heat.tip_count", count="{n}"),
        "rate": name_rate(answer.per, text),
        "noMap": text("zones.no_map"),
        "units": {"m": text("unit.metres"), "km": text("unit.kilometres")},
    }


def write_data_address(document: str, town: State, state: HeatState, code: str) -> str:
    """Write the address of a document of the map at this state of the community."""
    if document == "hexagons":
        return f"/patterns/hexagons.json?{urlencode({'community': code, 'v': town.tag})}"
    params = {name: value for name, value in format_heat_state(fix_period(state)).items() if value}
    return f"/patterns/{document}.json?{urlencode({'community': code, **params, 'v': town.tag})}"


def write_period(period: Period) -> str:
    """Write the first and the last day of a period."""
    return f"{period.since.isoformat()} – {(period.until - timedelta(days=1)).isoformat()}"


def _build_map_data(town: State, state: HeatState, code: str, scale: Scale, text: Text) -> dict[str, Any]:
    panes = [("cells", state.period, scale.colours)]
    if state.before:
        panes = [("before", state.before, scale.colours), ("cells", state.period, scale.colours)]
    shown = [
        {
            "url": write_data_address(document, town, state, code),
            "title": write_period(period) if state.before else "",
            "colours": colours,
            "surface": write_data_address(_SURFACES[document], town, state, code)
            if state.is_smooth
            else None,
        }
        for document, period, colours in panes
    ]
    if state.before:
        change = write_data_address("change", town, state, code)
        shown.append({"url": change, "title": text("heat.change"), "colours": CHANGE_SCALE.colours})
    weeks = state.period.days // _DAYS_A_WEEK
    can_play = (
        not state.is_shared
        and state.before is None
        and state.measure != "trend"
        and not state.is_smooth
        and weeks > WEEKS_SHOWN
    )
    return {
        "panes": shown,
        "weeks": write_data_address("weeks", town, state, code) if can_play else None,
        "weekColours": scale.colours,
        "frames": max(weeks - WEEKS_SHOWN + 1, 1),
        "chosen": state.cell,
        "hasHalo": state.question.unit == "building",
        "key": " ".join(str(pane["url"]) for pane in shown),
    }


def _tell(answers: Sequence[Answer], state: HeatState, subject: str, text: Text) -> tuple[str, ...]:
    answer = answers[0]
    unit = name_unit("smooth" if state.is_smooth else state.question.unit, text)
    rate = name_rate(answer.per, text)
    over = {
        "count": text("heat.told_density" if state.is_smooth else "heat.told_count", unit=unit),
        "rate": text("heat.told_rate", unit=unit, rate=rate),
        "hot": text("heat.told_hot", unit=unit, per=name_per(answer.per, text)),
        "trend": text("heat.told_trend", unit=unit, per=name_per(answer.per, text)),
    }[state.measure]
    if state.is_smooth and state.measure != "count":
        over = text("heat.told_surface", rate=rate)
    counted = [
        text(
            "heat.told_at_least" if state.is_shared else "heat.told_counted",
            n=each.counted,
            period=write_period(each.period),
        )
        + (text("heat.told_unplaced", n=each.unplaced) if each.unplaced else "")
        for each in answers
    ]
    return (f"{subject} · {over}", *counted)


def _tell_subject(state: HeatState, categories: Mapping[str, Category], text: Text) -> str:
    question = state.question
    names = [name_category(categories[code], text) for code in question.categories if code in categories]
    more = [text("heat.and_more", n=len(names) - _MOST_NAMED)] if len(names) > _MOST_NAMED else []
    parts = [text("heat.list_join").join([*names[:_MOST_NAMED], *more]) or text("heat.all_categories")]
    if question.sources:
        parts.append(text("heat.list_join").join(name_source(source, text) for source in question.sources))
    if question.hours != (0, 24):
        parts.append("{:02}:00–{:02}:00".format(*question.hours))
    if question.weekdays:
        parts.append(text("heat.list_join").join(name_weekday(day, text) for day in question.weekdays))
    return text.join(parts)


def name_weekday(day: int, text: Text) -> str:
    """Write a day of the week, Monday being 0."""
    return text.weekday(datetime(2024, 1, 1 + day, 12, tzinfo=CHINA))


def _build_legend(scale: Scale, labels: Sequence[str], state: HeatState, text: Text) -> list[dict[str, str]]:
    entries = [
        {"colour": colour, "label": label}
        for colour, label in zip(scale.colours, labels, strict=False)
        if label
    ]
    if state.before:
        changes = zip(CHANGE_SCALE.colours, list_change_labels(text), strict=True)
        entries += [{"colour": colour, "label": label} for colour, label in changes]
    if state.is_shared:
        return [
            *entries,
            {"mark": "marked", "label": text("heat.legend_hot")},
            {"mark": "hidden", "label": text("heat.legend_hidden", n=get_settings().least_shown)},
        ]
    marked = text("heat.legend_changed") if state.before else text("heat.legend_hot")
    return [
        *entries,
        {"mark": "marked", "label": marked},
        {"mark": "hatch", "label": text("heat.legend_unknown")},
    ]


def _tell_hot(count: int, text: Text) -> str:
    if not count:
        return text("heat.hot_none")
    more = text("heat.hot_more", n=count - _MOST_HOT) if count > _MOST_HOT else ""
    return text("heat.hot_note", more=more)


def _list_places(answer: Answer, text: Text) -> tuple[HotPlace, ...]:
    rates, spots = answer.rates, answer.spots
    rows = np.flatnonzero(spots.is_hot)
    # The surest large ones first.
    rows = rows[np.argsort(-spots.low[rows], kind="stable")][:_MOST_HOT]
    return tuple(
        HotPlace(
            cell=int(answer.layout.ids[row]),
            name=answer.layout.names[row],
            told=text(
                "heat.hot_place",
                n=int(rates.count[row]),
                **tell_around(answer, int(row), text),
            ),
        )
        for row in rows
    )


def tell_times(answer: Answer, row: int, text: Text) -> dict[str, str]:
    """Write how many times the community's rate a cell's own rate is, and between what and what."""
    mean = answer.mean_rate or np.nan
    rates = answer.rates
    return {
        name: write_ratio(float(values[row] / mean), text)
        for name, values in (("ratio", rates.rate), ("low", rates.low), ("high", rates.high))
    }


def tell_around(answer: Answer, row: int, text: Text) -> dict[str, str]:
    """Write how many times the rate elsewhere a cell with its neighbours has, and between what and what.

    That is what decides whether it is hot; of the cell alone, with fewer cases, less is sure.
    """
    spots = answer.spots
    return {
        name: write_ratio(float(values[row]), text)
        for name, values in (("ratio", spots.ratio), ("low", spots.low), ("high", spots.high))
    }


def write_ratio(ratio: float, text: Text) -> str:
    """Write how many times as much."""
    return text.number(ratio, digits=1) if np.isfinite(ratio) else "—"


def write_rate(value: float, answer: Answer, text: Text) -> str:
    """Write a rate as the page gives rates."""
    written = value * find_factor(answer.per, answer.period)
    if np.isnan(written):
        return "—"
    return text.number(written, digits=0 if written >= 100 else 1 if written >= 10 else 2)
