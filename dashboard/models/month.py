"""The month's page: what rose, what is reported again, the tables, in the reader's words.

A number is never told without what it is compared with, and a small one is told as it is: no colour, no rank.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal
from urllib.parse import quote

from dashboard.i18n import Text
from dashboard.models.incident_words import name_category
from dashboard.models.map_state import PlaceKey, format_place
from dashboard.models.month_export import LEAST_SHOWN
from geo.operations.complaints import LONG_OPEN, MOST_OTHER, OTHER, Compared, MonthReview, PlaceTable, Rise
from geo.operations.month_words import MonthWords, ToldWord
from geo.rules.comparing import Change
from geo.rules.months import Period, find_month, format_month
from geo.rules.morning import start_of_day
from geo.rules.repeats import THRESHOLDS, WINDOW_DAYS
from geo.rules.words import Proposal
from geo.store.choices import Category
from geo.store.complaints import PlaceLayer

Tone = Literal["", "up", "down", "quiet", "words"]
MOST_LISTED: Final = 12
_ARROWS: Final[Mapping[str, str]] = {"up": "▲", "down": "▼"}


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of the page; ``params`` lead to the cases behind it, None where there is no such list."""

    key: str
    label: str
    value: str
    detail: str
    params: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a list; ``params`` lead to its cases."""

    title: str
    detail: str
    params: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in a cell of a table, and what is told of it when asked."""

    words: str
    tone: Tone = ""
    help: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table; ``is_head`` where those below belong to it."""

    title: str
    cells: tuple[Cell, ...]
    is_head: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table: titles of the columns, that of the rows first."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class MonthPage:
    """Everything the page shows, in the reader's language.

    Attributes:
        month: its name.
        counted: what is compared with what, and what is left out.
        other_prompt: what to do about the cases of no category; None where they are few.
        words_note: what the words are compared with, or why there are none.
        places: by layer, a table of places by groups of categories.
    """

    month: str
    counted: str
    figures: tuple[Figure, ...]
    rises: tuple[Line, ...]
    repeats: tuple[Line, ...]
    words: tuple[Line, ...]
    words_note: str
    proposals: tuple[Line, ...]
    other_prompt: str | None
    categories: Table
    places: Mapping[PlaceLayer, Table]


def build_page(
    review: MonthReview, words: MonthWords, categories: Mapping[str, Category], text: Text
) -> MonthPage:
    """Return the page of a month."""
    return MonthPage(
        month=text.month(review.period.first),
        counted=_tell_counted(review, text),
        figures=_build_figures(review, text),
        rises=tuple(_write_rise(rises, review, categories, text) for rises in _group_rises(review)),
        repeats=_list_repeats(review, categories, text),
        words=tuple(_write_word(word, review, categories, text) for word in words.words[:MOST_LISTED]),
        words_note=_tell_words(words, text),
        proposals=tuple(_write_proposal(proposal, review, categories, text) for proposal in words.proposals),
        other_prompt=text("month.other_prompt", percent=text.number(100 * MOST_OTHER))
        if review.other_share is not None and review.other_share > MOST_OTHER
        else None,
        categories=_build_categories(review, categories, text),
        places={layer: _build_places(review, layer, categories, text) for layer in review.tables},
    )


def write_print_address(community_code: str, month: Period, text: Text) -> str:
    """Return where the sheet to print is."""
    code = quote(community_code, safe="")
    return f"/print/month?community={code}&month={format_month(month)}&lang={text.language}"


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
                    _write_change(total, text),
                    Cell(text("month.separator").join(told), "words"),
                ),
            )
        )
    return Table((*_name_columns(layer, text), text("month.shown_groups", least=LEAST_SHOWN)), tuple(rows))


def _build_places(
    review: MonthReview, layer: PlaceLayer, categories: Mapping[str, Category], text: Text
) -> Table:
    """Return a table of places by groups of categories, the place with most cases first."""
    table = review.tables[layer]
    rows = []
    for place in _order_places(table):
        total = table.totals[place].month
        cells = [Cell(text.number(total.now)), _write_change(total, text)]
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


def _tell_counted(review: MonthReview, text: Text) -> str:
    def tell(period: Period, working_days: int) -> str:
        name = text.month(period.first)
        days = text("month.days", days=period.days, working=working_days)
        if period.end < find_month(period.first).end:
            name = f"{name}{text('month.to_date')}"
        if period.first.day > 1:
            name = text("month.from", month=name, day=period.first.day)
        return f"{name}{days}"

    now, before, year = review.working_days
    parts = [tell(review.period, now)]
    if review.before:
        parts.append(text("month.against", what=tell(review.before, before)))
    if review.year_before:
        parts.append(text("month.against", what=tell(review.year_before, year)))
    else:
        parts.append(text("month.no_last_year"))
    return text.join([*parts, text("month.left_out")])


def _build_figures(review: MonthReview, text: Text) -> tuple[Figure, ...]:
    rising = {rise.category_code for rise in review.rises if rise.layer is None}
    often, stubborn = (sum(p.point.count >= least for p in review.repeats) for least in THRESHOLDS)
    unsettled = sum(review.unsettled.values())
    other = review.categories.get(OTHER)
    period = {"status": "all", **_during(review.period)}
    until = (start_of_day(review.period.end) - LONG_OPEN - timedelta(days=1)).date()
    share = review.other_share
    return (
        Figure(
            "total", text("month.all_cases"), text.number(review.total.month.now),
            _tell_against(review.total, text), period,
        ),
        Figure(
            "rising", text("month.rising"), text.number(len(rising)),
            text("month.rising_help"),
        ),
        Figure(
            "repeats", text("month.repeats"), text.number(often),
            text(
                "month.repeats_help",
                least=THRESHOLDS[0], days=WINDOW_DAYS, most=THRESHOLDS[1], stubborn=stubborn,
            ),
        ),
        Figure(
            "unsettled", text("month.unsettled"), text.number(unsettled),
            text("month.unsettled_help", days=LONG_OPEN.days),
            {"status": "open", "until": until.isoformat()},
        ),
        Figure(
            "other", text("month.other"),
            "—" if share is None else f"{text.number(100 * share, digits=1)} %",
            text("month.other_help", n=other.month.now if other else 0),
            {**period, "category": OTHER},
        ),
    )  # fmt: skip


def _group_rises(review: MonthReview) -> list[list[Rise]]:
    """Group the rises by category and place, the one with the largest excess first."""
    told: dict[tuple[str, PlaceLayer | None, int | None], list[Rise]] = {}
    for rise in review.rises:
        told.setdefault((rise.category_code, rise.layer, rise.place_id), []).append(rise)
    return list(told.values())[:MOST_LISTED]


def _write_rise(
    rises: Sequence[Rise], review: MonthReview, categories: Mapping[str, Category], text: Text
) -> Line:
    first = rises[0]
    category = name_category(categories[first.category_code], text)
    params = {"status": "all", "category": first.category_code, **_during(review.period)}
    if first.layer and first.place_id is not None:
        params["place"] = format_place(PlaceKey(first.layer, first.place_id)) or ""
    told = []
    for rise in sorted(rises, key=lambda rise: rise.against):
        against = text("month.than_year" if rise.against == "year" else "month.than_month")
        both = text("month.now_then", now=rise.change.now, then=rise.change.then)
        told.append(f"{against} {both} {_tell_ratio(rise.change, text)}")
    return Line(f"{first.place} {category}" if first.place else category, text.join(told), params)


def _list_repeats(review: MonthReview, categories: Mapping[str, Category], text: Text) -> tuple[Line, ...]:
    since = (review.period.first - timedelta(days=WINDOW_DAYS)).isoformat()
    lines = []
    for named in review.repeats[:MOST_LISTED]:
        point = named.point
        if point.building_id is None:
            params = {"case": str(point.cases[-1])}
        else:
            place = format_place(PlaceKey("buildings", point.building_id)) or ""
            params = {
                "status": "all", "category": point.category_code, "place": place, "since": since,
                "until": _during(review.period)["until"],
            }  # fmt: skip
        name = named.name or text("month.no_place")
        spot = name if point.building_id is not None else text("month.outside", place=name)
        lines.append(
            Line(
                f"{spot} {name_category(categories[point.category_code], text)}",
                text("month.times", n=point.count),
                params,
            )
        )
    return tuple(lines)


def _write_word(told: ToldWord, review: MonthReview, categories: Mapping[str, Category], text: Text) -> Line:
    names = [name_category(categories[code], text) for code in told.categories]
    keyword = told.keyword
    return Line(
        keyword.word,
        text.join(
            [
                text("month.word_cases", n=keyword.now, usual=text.number(keyword.expected, digits=1)),
                *names,
            ]
        ),
        {"status": "all", "category": ",".join(told.categories), **_during(review.period)},
    )


def _tell_words(words: MonthWords, text: Text) -> str:
    if not words.texts:
        return text("month.no_texts")
    if not words.words:
        return text("month.no_words", n=words.texts)
    return text("month.words_note", n=words.texts, before=text.number(words.texts_before))


def _write_proposal(
    proposal: Proposal, review: MonthReview, categories: Mapping[str, Category], text: Text
) -> Line:
    said = text("month.separator").join(proposal.words)
    title = (
        said
        if proposal.category_code is None
        else text("month.proposed", name=name_category(categories[proposal.category_code], text), words=said)
    )
    return Line(
        title,
        text("list.cases", n=len(proposal.cases)),
        {"status": "all", "category": OTHER, **_during(review.period)},
    )


def _build_categories(review: MonthReview, categories: Mapping[str, Category], text: Text) -> Table:
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
    return Cell("—" if change.then is None else text.number(change.then)), _write_change(change, text)


def _write_count(found: Compared | None, text: Text) -> Cell:
    """Write a cell of a place: how many, with an arrow where that is more or less than chance explains."""
    if found is None or (not found.month.now and not found.month.then):
        return Cell("", "quiet")
    change = found.month
    told = text("month.now_then", now=change.now, then="—" if change.then is None else change.then)
    if change.verdict in {"up", "down"}:
        arrow = f"{text.number(change.now)} {_ARROWS[change.verdict]}"
        return Cell(arrow, change.verdict, f"{told} {_tell_ratio(change, text)}")
    return Cell(text.number(change.now), "quiet" if change.verdict == "small" else "", told)


def _write_change(change: Change, text: Text) -> Cell:
    """Write how a number changed: the ratio with its interval, or where it is small, both numbers."""
    if change.verdict == "unknown":
        return Cell("—", "quiet")
    if change.verdict == "small":
        return Cell(text("month.now_then", now=change.now, then=change.then), "quiet")
    told = _tell_ratio(change, text)
    if change.verdict == "even":
        return Cell(told)
    return Cell(f"{_ARROWS[change.verdict]} {told}", change.verdict)


def _tell_ratio(change: Change, text: Text) -> str:
    low, high = f"{change.low or 0:.1f}", change.high
    if change.ratio is None or high is None:
        return text("month.at_least", ratio=low)
    return text("month.ratio", ratio=f"{change.ratio:.1f}", low=low, high=f"{high:.1f}")


def _tell_against(found: Compared, text: Text) -> str:
    parts = []
    for key, change in (("month.than_month", found.month), ("month.than_year", found.year)):
        if change.verdict != "unknown":
            parts.append(f"{text(key)} {_write_change(change, text).words}")
    return text.join(parts)


def _during(period: Period) -> Mapping[str, str]:
    return {"since": period.first.isoformat(), "until": (period.end - timedelta(days=1)).isoformat()}
