"""The month's page: what rose, what is reported again, the tables, in the reader's words.

A number is never told without what it is compared with, and a small one is told as it is: no colour, no rank.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import quote

from dashboard.i18n import Text
from dashboard.models.incident_words import name_category
from dashboard.models.map_state import PlaceKey, format_place
from dashboard.models.month_tables import Table, build_categories, build_places, tell_ratio, write_change
from geo.operations.complaints import LONG_OPEN, MOST_OTHER, OTHER, Compared, MonthReview, Rise
from geo.operations.month_words import MonthWords, ToldWord
from geo.operations.relapses import BackAgain
from geo.rules.morning import start_of_day
from geo.rules.periods import Period, find_month, format_month
from geo.rules.repeats import THRESHOLDS, WINDOW_DAYS
from geo.rules.words import Proposal
from geo.store.choices import Category
from geo.store.complaints import PlaceLayer

MOST_LISTED: Final = 12


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
    returns: tuple[Line, ...]
    words: tuple[Line, ...]
    words_note: str
    proposals: tuple[Line, ...]
    other_prompt: str | None
    categories: Table
    places: Mapping[PlaceLayer, Table]


def build_page(
    review: MonthReview,
    words: MonthWords,
    returns: Sequence[BackAgain],
    categories: Mapping[str, Category],
    text: Text,
) -> MonthPage:
    """Return the page of a month."""
    return MonthPage(
        month=text.month(review.period.first),
        counted=_tell_counted(review, text),
        figures=_build_figures(review, text),
        rises=tuple(_write_rise(rises, review, categories, text) for rises in _group_rises(review)),
        repeats=_list_repeats(review, categories, text),
        returns=tuple(_write_return(place, categories, text) for place in returns[:MOST_LISTED]),
        words=tuple(_write_word(word, review, categories, text) for word in words.words[:MOST_LISTED]),
        words_note=_tell_words(words, text),
        proposals=tuple(_write_proposal(proposal, review, categories, text) for proposal in words.proposals),
        other_prompt=text("month.other_prompt", percent=text.number(100 * MOST_OTHER))
        if review.other_share is not None and review.other_share > MOST_OTHER
        else None,
        categories=build_categories(review, categories, text),
        places={layer: build_places(review, layer, categories, text) for layer in review.tables},
    )


def write_print_address(community_code: str, month: Period, text: Text) -> str:
    """Return where the sheet to print is."""
    code = quote(community_code, safe="")
    return f"/print/month?community={code}&month={format_month(month)}&lang={text.language}"


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
        told.append(f"{against} {both} {tell_ratio(rise.change, text)}")
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


def _write_return(place: BackAgain, categories: Mapping[str, Category], text: Text) -> Line:
    figures = place.figures
    name = place.place or text("month.street")
    return Line(
        f"{name} {name_category(categories[place.category_code], text)}",
        text(
            "month.returned",
            closed=figures.closed,
            back=figures.returned,
            chance=f"{figures.expected:.1f}",
            days=round(place.days),
        ),
        {"case": str(place.returned_id)},
    )


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


def _tell_against(found: Compared, text: Text) -> str:
    parts = []
    for key, change in (("month.than_month", found.month), ("month.than_year", found.year)):
        if change.verdict != "unknown":
            parts.append(f"{text(key)} {write_change(change, text).words}")
    return text.join(parts)


def _during(period: Period) -> Mapping[str, str]:
    return {"since": period.first.isoformat(), "until": (period.end - timedelta(days=1)).isoformat()}
