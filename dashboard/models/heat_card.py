"""The card of a cell of the heat map."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import numpy as np

from dashboard.i18n import Text
from dashboard.models.heat_page import (
    HotPlace,
    name_at_risk,
    name_rate,
    tell_around,
    tell_times,
    write_rate,
    write_ratio,
)
from dashboard.models.heat_state import HeatState
from dashboard.models.incident_filters import Filters, format_filters
from dashboard.models.incident_words import name_category, name_state
from dashboard.models.map_state import PlaceKey
from geo.operations.heat import Answer, State
from geo.operations.heat_cells import CellStory
from geo.operations.heat_units import HEXAGON_M
from geo.patterns.neighbours import Floats
from geo.store.choices import Category
from geo.store.worklist import Around, Case

_LAYERS: Final = {"grid": "grids", "compound": "compounds", "building": "buildings"}
# A circle as large as a hexagon.
_AROUND_M: Final = round(0.525 * HEXAGON_M)
_LINE_PX: Final = (300, 54)
_MOST_NEIGHBOURS: Final = 6


@dataclass(frozen=True)
class HeatCard:
    """What the card of a cell says.

    Attributes:
        title: what the cell is called.
        facts: label and value.
        verdict: in a sentence, whether it is hot; ``tone`` is ``hot``, ``unknown`` or ``calm``.
        line: the cases of 52 weeks, as the address of a picture.
        line_note: what the line shows.
        kinds: the commonest categories.
        neighbours: the cells around, the hottest first.
        cases: address parameters of the list of its cases, and a line for each of the newest.
    """

    title: str
    facts: tuple[tuple[str, str], ...]
    verdict: str
    tone: str
    line: str
    line_note: str
    kinds: str
    neighbours: tuple[HotPlace, ...]
    list_params: Mapping[str, str]
    newest: tuple[tuple[int, str], ...]


def build_heat_card(
    town: State,
    state: HeatState,
    answer: Answer,
    story: CellStory,
    cases: Sequence[Case],
    categories: Mapping[str, Category],
    text: Text,
) -> HeatCard:
    """Put together the card of a cell; ``cases`` are its newest, as the reader may see them."""
    row, rates = story.row, answer.rates
    at_risk = text.number(float(rates.at_risk[row]))
    interval = f"{write_rate(rates.low[row], answer, text)}–{write_rate(rates.high[row], answer, text)}"
    facts = [
        (text("heat.fact_count"), text("heat.cases", n=int(rates.count[row]))),
        (name_at_risk(answer.per, text), at_risk),
        (name_rate(answer.per, text), f"{write_rate(rates.rate[row], answer, text)} ({interval})"),
        (text("heat.fact_smoothed"), write_rate(rates.smoothed[row], answer, text)),
    ]
    tone, verdict = _judge(answer, row, text)
    return HeatCard(
        title=answer.layout.names[row],
        facts=tuple(facts),
        verdict=verdict,
        tone=tone,
        line=draw_line(story.weeks, story.usual),
        line_note=text("heat.line_note", since=story.first.isoformat(), n=int(story.weeks.sum())),
        kinds=text.join([f"{name_category(categories[code], text)} {count}" for code, count in story.kinds]),
        neighbours=_list_neighbours(answer, story, text),
        list_params=_find_list(town, state, answer, row),
        newest=tuple((case.id, _tell_case(case, categories, text)) for case in cases),
    )


def draw_line(weeks: Floats, usual: Floats) -> str:
    """Draw counts of weeks as bars, and over them what would be usual, as the address of a picture."""
    wide, high = _LINE_PX
    top = max(float(weeks.max(initial=0)), float(usual.max(initial=0)), 1.0)
    step = wide / max(len(weeks), 1)
    bars = "".join(
        f'<rect x="{index * step:.1f}" y="{high - high * count / top:.1f}" width="{step * 0.8:.1f}" '
        f'height="{high * count / top:.1f}"/>'
        for index, count in enumerate(weeks)
        if count
    )
    points = " ".join(
        f"{(index + 0.4) * step:.1f},{high - high * count / top:.1f}" for index, count in enumerate(usual)
    )
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{high + 4}" '
        f'viewBox="0 -2 {wide} {high + 4}">'
        f'<g fill="#0B6E99">{bars}</g>'
        f'<polyline points="{points}" fill="none" stroke="#D98E04" stroke-width="1.5"/>'
        f'<line x1="0" x2="{wide}" y1="{high}" y2="{high}" stroke="#AEB7C0"/></svg>'
    )
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()


def _judge(answer: Answer, row: int, text: Text) -> tuple[str, str]:
    spots, rates = answer.spots, answer.rates
    if rates.is_unknown[row]:
        return "unknown", text("heat.verdict_unknown")
    if np.isnan(rates.rate[row]):
        return "calm", text("heat.verdict_nobody")
    told: dict[str, Any] = {
        **tell_times(answer, row, text),
        **{f"around_{name}": told for name, told in tell_around(answer, row, text).items()},
        "z": write_ratio(float(spots.z[row]), text),
    }
    if spots.is_hot[row]:
        return "hot", text("heat.verdict_hot", **told)
    return "calm", text("heat.verdict_calm", **told)


def _list_neighbours(answer: Answer, story: CellStory, text: Text) -> tuple[HotPlace, ...]:
    rows = sorted(story.neighbours, key=lambda row: -np.nan_to_num(answer.rates.rate[row]))
    return tuple(
        HotPlace(
            cell=int(answer.layout.ids[row]),
            name=answer.layout.names[row],
            told=text("heat.legend_unknown")
            if answer.rates.is_unknown[row]
            else text.join(
                [
                    text("heat.cases", n=int(answer.rates.count[row])),
                    write_rate(answer.rates.rate[row], answer, text),
                ]
            ),
        )
        for row in rows[:_MOST_NEIGHBOURS]
    )


def _find_list(town: State, state: HeatState, answer: Answer, row: int) -> dict[str, str]:
    """Return the address parameters of the list of a cell's cases; around the middle of a hexagon."""
    question, layout = state.question, answer.layout
    place = around = None
    if layout.unit == "hexagon":
        longitude, latitude = town.columns.ground.plane.to_degrees(layout.places_m[[row]])[0]
        around = Around(float(longitude), float(latitude), _AROUND_M)
    else:
        place = PlaceKey(_LAYERS[layout.unit], int(layout.ids[row]))
    filters = Filters(
        status="all",
        categories=question.categories,
        sources=question.sources,
        place=place,
        around=around,
        since=answer.period.since.isoformat(),
        until=(answer.period.until - timedelta(days=1)).isoformat(),
        sort="newest",
    )
    return {name: value for name, value in format_filters(filters).items() if value}


def _tell_case(case: Case, categories: Mapping[str, Category], text: Text) -> str:
    kind = name_category(categories[case.category_code], text)
    return text.join([text.day(case.reported_at), kind, name_state(case.state, text)])
