"""The relapse page: what was closed and came back, ranked by what chance does not explain.

A number is never told without what it is over and what chance alone would bring; where others look on,
nothing is told of a place with fewer than k closings.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import quote

from dashboard.i18n import Text
from dashboard.models.incident_filters import CHINA, Filters, format_filters
from dashboard.models.incident_words import name_category
from dashboard.models.map_state import PlaceKey
from dashboard.models.relapse_table import (
    LEAST_RANKED,
    NOTHING,
    Cell,
    Column,
    RelapseTable,
    Row,
    judge,
    write_decimal,
    write_excess,
    write_share,
    write_signed,
)
from geo.operations.relapses import BackAgain, Relapses
from geo.operations.relapses import Figures as Closings
from geo.settings import get_settings
from geo.store.choices import Category
from geo.store.worklist import Around, Case

MOST_LISTED: Final = 60
_TONES: Final = {"up": "up", "down": "down", "even": "", "small": "quiet"}
# A square of a street, all of it.
_AROUND_M: Final = 75


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of the head; ``tone`` is ``alarm`` where something is to be done."""

    key: str
    label: str
    value: str
    detail: str
    tone: Literal["", "alarm"] = ""


@dataclass(frozen=True)
class Spot:
    """A place of the list.

    Attributes:
        key: as it stands in the address.
        number: its rank, None where too little was closed for one.
        name: the building with its compound, or the street.
        back: what is known of it.
        cases: which cases came of its category.
    """

    key: str
    number: int | None
    name: str
    category: str
    back: BackAgain
    cases: Filters


@dataclass(frozen=True)
class RelapsePage:
    """The head and the list.

    Attributes:
        told: over what, for when, what is left out.
        figures: in one row.
        spots: places something came back to, those first that have a rank.
        fewer: places that are told of together, by category, where few cases are not told.
        list_note: how the list is ranked.
        empty: what stands there where no place is told of.
    """

    told: str
    figures: tuple[Figure, ...]
    spots: tuple[Spot, ...]
    fewer: tuple[tuple[str, ...], ...]
    list_note: str
    empty: str


def build_relapse_page(
    found: Relapses, alarms: int, categories: Mapping[str, Category], text: Text, *, hides_few: bool
) -> RelapsePage:
    """Return head and list.

    Args:
        found: what came back.
        alarms: how many rebounds are under way.
        categories: by code.
        text: the language.
        hides_few: whether places of few closings are told of together only.
    """
    back = [row for row in found.back if row.is_relapse and row.category_code in categories]
    least = get_settings().least_shown
    few = [row for row in back if hides_few and row.figures.closed < least]
    spots = list_spots([row for row in back if row not in few], found, categories, text)
    return RelapsePage(
        told=text.join([tell_period(found, text), text("relapse.left_out")]),
        figures=_build_figures(found, len(back), alarms, text),
        spots=spots[:MOST_LISTED],
        fewer=_gather_few(few, categories, text),
        list_note=text("relapse.list_note", least=LEAST_RANKED),
        empty=text("relapse.hidden", least=least) if few else text("relapse.none_back"),
    )


def list_spots(
    back: Iterable[BackAgain], found: Relapses, categories: Mapping[str, Category], text: Text
) -> tuple[Spot, ...]:
    """Return places in order: first those with closings enough for a rank, each part as it is ranked."""
    ordered = sorted(back, key=lambda row: row.figures.closed < LEAST_RANKED)
    return tuple(
        Spot(
            key=write_key(row),
            number=number if row.figures.closed >= LEAST_RANKED else None,
            name=row.place or text("month.street"),
            category=name_category(categories[row.category_code], text),
            back=row,
            cases=_find_cases(row, found),
        )
        for number, row in enumerate(ordered, start=1)
    )


def build_list(
    page: RelapsePage, cases: Mapping[int, Case], opened: str | None, text: Text, *, can_open: bool
) -> RelapseTable:
    """Return the list as a table.

    Args:
        page: with the places.
        cases: the closings and returns that stand for the places, by id, as the reader may see them.
        opened: key of the place that is open.
        text: the language.
        can_open: whether a click leads on.
    """
    rows = [
        Row(_write_spot(spot, cases, text), spot.key if can_open else "", can_open and spot.key == opened)
        for spot in page.spots
    ]
    rows += [
        Row((Cell(""), *(Cell(word, "quiet") for word in words), Cell(""), Cell(""))) for words in page.fewer
    ]
    return RelapseTable(
        columns=(
            Column(text("relapse.rank"), "wide"),
            Column(text("relapse.place"), "words"),
            Column(text("relapse.back_of_closed"), help=text("relapse.back_of_closed_help")),
            Column(text("relapse.by_chance"), help=text("relapse.by_chance_help")),
            Column(text("relapse.excess"), help=text("relapse.excess_help")),
            Column(text("relapse.likely"), "wide", text("relapse.likely_help")),
            Column(text("relapse.party"), "wide"),
            Column(text("relapse.last"), "wide", text("relapse.last_help")),
        ),
        rows=tuple(rows),
        empty=page.empty,
        hint=text("relapse.hint_spot") if can_open and page.spots else "",
    )


def write_key(row: BackAgain) -> str:
    """Write which place of the list is meant: its category, and its building or the case that was closed."""
    where = f"b{row.building_id}" if row.building_id else f"c{row.closed_id}"
    return f"{row.category_code}_{where}"


def find_spot(page: RelapsePage, key: str | None) -> Spot | None:
    """Return the place that is open."""
    return next((spot for spot in page.spots if spot.key == key), None)


def list_shown_cases(page: RelapsePage) -> list[int]:
    """Return the closings and returns that stand for the places of the list."""
    return [case for spot in page.spots for case in (spot.back.closed_id, spot.back.returned_id)]


def find_compound_cases(found: Relapses, compound_id: int) -> Filters:
    """Return which cases a compound has had in the period."""
    return Filters(
        status="all",
        place=PlaceKey("compounds", compound_id),
        since=found.since.astimezone(CHINA).date().isoformat(),
        sort="newest",
    )


def write_params(filters: Filters) -> dict[str, str]:
    """Return the parameters of the list of these cases."""
    return {name: value for name, value in format_filters(filters).items() if value}


def write_print_address(community_code: str, text: Text) -> str:
    """Return where the sheet to print is."""
    return f"/print/relapse?community={quote(community_code, safe='')}&lang={text.language}"


def tell_period(found: Relapses, text: Text) -> str:
    """Say of when the closings are."""
    since, until = (at.astimezone(CHINA).date().isoformat() for at in (found.since, found.until))
    return text("relapse.period", since=since, until=until)


def tell_spot(spot: Spot, text: Text) -> str:
    """Say of a place what came back after how long."""
    figures = spot.back.figures
    told = [
        text(
            "month.returned",
            closed=figures.closed,
            back=figures.returned,
            chance=write_decimal(figures.expected),
            days=round(spot.back.days),
        ),
        text("relapse.told_excess", excess=write_excess(figures)),
    ]
    if spot.back.campaign_id is not None:
        told.append(text("relapse.by_campaign"))
    return text.join(told)


def _write_spot(spot: Spot, cases: Mapping[int, Case], text: Text) -> tuple[Cell, ...]:
    figures, tone = spot.back.figures, _TONES[judge(spot.back.figures)]
    closed, returned = cases.get(spot.back.closed_id), cases.get(spot.back.returned_id)
    return (
        Cell(NOTHING if spot.number is None else str(spot.number), "quiet" if spot.number is None else ""),
        Cell(f"{spot.name} {spot.category}"),
        Cell(write_share(figures.returned, figures.closed, text)),
        Cell(write_decimal(figures.expected)),
        Cell(write_excess(figures), tone),
        Cell(write_decimal(figures.likely)),
        Cell((closed and closed.lead) or NOTHING),
        Cell(text.day(returned.reported_at) if returned else NOTHING),
    )


def _build_figures(found: Relapses, back: int, alarms: int, text: Text) -> tuple[Figure, ...]:
    total = found.total
    followed = sum(bool(campaign.rebounds) for campaign in found.campaigns)
    over = text("relapse.n", closed=text.number(total.closed))
    rate = NOTHING if total.rate is None else f"{100 * total.rate:.1f} %"
    chance = NOTHING if not total.closed else f"{100 * total.expected / total.closed:.1f} %"
    interval = f"{write_signed(total.low)} – {write_signed(total.high)}" if total.closed else ""
    return (
        Figure("rate", text("relapse.rate"), rate,
               text("relapse.rate_help", back=text.number(total.returned), over=over)),
        Figure("chance", text("relapse.chance_rate"), chance,
               text("relapse.chance_help", cases=write_decimal(total.expected))),
        Figure("excess", text("relapse.excess"), write_signed(total.excess) if total.closed else NOTHING,
               interval),
        Figure("back", text("relapse.spots"), text.number(back),
               text("relapse.spots_help", likely=write_decimal(total.likely))),
        Figure("alarms", text("relapse.alarms"), text.number(alarms), text("relapse.alarms_help", n=followed),
               "alarm" if alarms else ""),
    )  # fmt: skip


def _gather_few(
    few: Iterable[BackAgain], categories: Mapping[str, Category], text: Text
) -> tuple[tuple[str, ...], ...]:
    """Return by category what came back to places that are not told of one by one.

    A category with fewer than k closings in them is not told of either.
    """
    groups: dict[str, list[Closings]] = {}
    for row in few:
        groups.setdefault(row.category_code, []).append(row.figures)
    least = get_settings().least_shown
    told = []
    for code, figures in groups.items():
        closed, returned = sum(each.closed for each in figures), sum(each.returned for each in figures)
        expected, likely = sum(each.expected for each in figures), sum(each.likely for each in figures)
        words = (
            text(
                "relapse.fewer", category=name_category(categories[code], text), n=len(figures), least=least
            ),
            write_share(returned, closed, text),
            write_decimal(expected),
            write_signed(returned - expected),
            write_decimal(likely),
        )
        if closed >= least:
            told.append((likely, words))
    return tuple(words for _, words in sorted(told, reverse=True))


def _find_cases(row: BackAgain, found: Relapses) -> Filters:
    place = PlaceKey("buildings", row.building_id) if row.building_id else None
    around = None
    if place is None and row.longitude is not None and row.latitude is not None:
        around = Around(row.longitude, row.latitude, _AROUND_M)
    return Filters(
        status="all",
        categories=(row.category_code,),
        place=place,
        around=around,
        since=found.since.astimezone(CHINA).date().isoformat(),
        sort="newest",
    )
