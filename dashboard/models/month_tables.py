"""The tables of a month: by category, and by place, in the reader's words.

A number is never told without what it is compared with, and a small one is told as it is: no colour, no rank.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from dashboard.i18n import Text
from dashboard.models.incident_words import name_category
from geo.operations.complaints import Compared, MonthReview, PlaceTable
from geo.rules.comparing import Change
from geo.settings import get_settings
from geo.store.choices import Category
from geo.store.complaints import PlaceLayer

Tone = Literal["", "up", "down", "quiet", "words", "better", "worse", "over", "value"]
_ARROWS: Final[Mapping[str, str]] = {"up": "▲", "down": "▼"}


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in a cell of a table, and what is told of it when asked."""

    words: str
    tone: Tone = ""
    help: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table; ``is_head`` where those below belong to it, ``help`` tells of its title."""

    title: str
    cells: tuple[Cell, ...]
    is_head: bool = False
    help: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table: titles of the columns, that of the rows first."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def build_categories(review: MonthReview, categories: Mapping[str, Category], text: Text) -> Table:
    """Return the table of groups and the categories in each, by code."""

    def write(code: str, found: Compared, *, is_head: bool) -> Row:
        month, year = found.month, found.year
        long_open = sum(
            count for of, count in review.unsettled.items() if code in {of, categories[of].parent_code}
        )
        return Row(
            name_category(categories[code], text),
            (
                Cell(text.number(month.now)),
                *_write_both(month, text),
                *(_write_both(year, text) if review.year_before else ()),
                Cell(text.number(long_open) if long_open else "", "quiet"),
            ),
            is_head,
        )

    rows = []
    for group in sorted(review.groups, key=lambda code: int(code[1:])):
        rows.append(write(group, review.groups[group], is_head=True))
        rows.extend(
            write(code, review.categories[code], is_head=False)
            for code in sorted(review.categories)
            if categories[code].parent_code == group
        )
    last_year = (text("month.last_year"), text("month.than_year")) if review.year_before else ()
    columns = (
        text("column.category"), text("month.this_month"), text("month.last_month"), text("month.than_month"),
        *last_year, text("month.long_open"),
    )  # fmt: skip
    return Table(columns, tuple(rows))


def _write_both(change: Change, text: Text) -> tuple[Cell, Cell]:
    """Write the earlier number, and how the later one differs from it."""
    return Cell("—" if change.then is None else text.number(change.then)), write_change(change, text)


def _write_count(found: Compared | None, text: Text) -> Cell:
    """Write a cell of a place: how many, with an arrow where that is more or less than chance explains."""
    if found is None or (not found.month.now and not found.month.then):
        return Cell("", "quiet")
    change = found.month
    told = text("month.now_then", now=change.now, then="—" if change.then is None else change.then)
    if change.verdict in {"up", "down"}:
        arrow = f"{text.number(change.now)} {_ARROWS[change.verdict]}"
        return Cell(arrow, change.verdict, f"{told} {tell_ratio(change, text)}")
    return Cell(text.number(change.now), "quiet" if change.verdict == "small" else "", told)


def write_change(change: Change, text: Text) -> Cell:
    """Write how a number changed: the ratio with its interval, or where it is small, both numbers."""
    if change.verdict == "unknown":
        return Cell("—", "quiet")
    if change.verdict == "small":
        return Cell(text("month.now_then", now=change.now, then=change.then), "quiet")
    told = tell_ratio(change, text)
    if change.verdict == "even":
        return Cell(told)
    return Cell(f"{_ARROWS[change.verdict]} {told}", change.verdict)


def build_shared_places(
    review: MonthReview,
    layer: PlaceLayer,
    hidden: Mapping[tuple[int | None, str], bool],
    categories: Mapping[str, Category],
    text: Text,
) -> Table:
    """Return the places with what may be told of each where others look on.

    Args:
        review: the month.
        layer: which places.
        hidden: cells, by place and group, that are not shown.
        categories: by code.
        text: the language.
    """
    table = review.tables[layer]
    rows = []
    for place in _order_places(table):
        shown = sorted(
            (
                (-table.cells[place, group].month.now, group)
                for group in table.groups
                if not hidden[place, group]
            ),
        )
        told = [f"{name_category(categories[group], text)} {text.number(-count)}" for count, group in shown]
        total = table.totals[place].month
        rows.append(
            Row(
                table.places[place] or text("month.no_place"),
                (
                    Cell(text.number(total.now)),
                    write_change(total, text),
                    Cell(text("month.separator").join(told), "words"),
                ),
            )
        )
    return Table(
        (*_name_columns(layer, text), text("month.shown_groups", least=get_settings().least_shown)),
        tuple(rows),
    )


def build_places(
    review: MonthReview, layer: PlaceLayer, categories: Mapping[str, Category], text: Text
) -> Table:
    """Return a table of places by groups of categories, the place with most cases first."""
    table = review.tables[layer]
    rows = []
    for place in _order_places(table):
        total = table.totals[place].month
        cells = [Cell(text.number(total.now)), write_change(total, text)]
        cells += [_write_count(table.cells.get((place, group)), text) for group in table.groups]
        rows.append(Row(table.places[place] or text("month.no_place"), tuple(cells)))
    groups = (name_category(categories[group], text) for group in table.groups)
    return Table((*_name_columns(layer, text), *groups), tuple(rows))


def _order_places(table: PlaceTable) -> list[int | None]:
    """Return the places, the one with most cases first, and last where no place is known."""
    return sorted(table.places, key=lambda place: (place is None, -table.totals[place].month.now))


def _name_columns(layer: PlaceLayer, text: Text) -> tuple[str, str, str]:
    place = text("month.grid" if layer == "grids" else "month.compound")
    return place, text("month.all_cases"), text("month.than_month")


def tell_ratio(change: Change, text: Text) -> str:
    """Return the ratio of the rates with its interval; at least how much, where there was no case before."""
    low, high = f"{change.low or 0:.1f}", change.high
    if change.ratio is None or high is None:
        return text("month.at_least", ratio=low)
    return text("month.ratio", ratio=f"{change.ratio:.1f}", low=low, high=f"{high:.1f}")
