"""The pack of a property company for the quarterly meeting, in the reader's words: page, sheet and file."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import quote

from dashboard.i18n import Text
from dashboard.models.figures import NOTHING, name_period, tell_beside, tell_trend, tell_value
from dashboard.models.figures_page import name_indicator, tell_formula
from dashboard.models.incident_list import tell_due
from dashboard.models.incident_words import name_category, name_state
from dashboard.models.month_export import to_sheet
from dashboard.models.month_tables import Cell, Row, Table
from geo.operations import exporting
from geo.operations.packs import Pack, PackFigure
from geo.rules.morning import find_day
from geo.rules.periods import Period, format_period
from geo.rules.repeats import THRESHOLDS
from geo.settings import get_settings
from geo.store.choices import Category

MOST_OPEN: Final = 40
_NOT_IN_FILES: Final = re.compile(r"[^\w-]+")
_LONGEST_NAME: Final = 60


@dataclass(frozen=True)
class PackPage:
    """What a company is told.

    Attributes:
        title: the company; ``compounds`` names what it manages.
        told: of when it is, and what is left out.
        figures: the registry's figures of its compounds, and those of all compounds together.
        by_compound: the same by compound; None where there is only one.
        categories: cases by category.
        repeats: where it had the same matter again and again; ``repeats_note`` says what that is.
        open: what it has itself and is open.
        elsewhere: how many more are open that others handle.
    """

    title: str
    compounds: str
    told: str
    figures: Table
    by_compound: Table | None
    categories: Table
    repeats: tuple[str, ...]
    repeats_note: str
    open: Table
    elsewhere: str


def build_pack(pack: Pack, categories: Mapping[str, Category], now: datetime, text: Text) -> PackPage:
    """Return the page of a pack."""
    today = find_day(now)
    earlier = [name_period(period, today, text) for period in (pack.before, pack.year_before) if period]
    this = name_period(pack.period, today, text)
    return PackPage(
        title=pack.company.name,
        compounds=text("pack.compounds", names=text("month.separator").join(pack.company.compounds)),
        told=text.join([text("figures.as_of", at=text.moment(pack.as_of)), text("pack.left_out")]),
        figures=Table(
            (
                text("figures.indicator"), this, "n",
                *(title for name in earlier for title in (name, text("figures.change"))),
                text("pack.peers"), text("pack.against_peers"),
            ),
            tuple(_write_figure(figure, text) for figure in pack.figures),
        ),
        by_compound=_write_compounds(pack, text),
        categories=Table(
            (text("column.category"), this, *earlier),
            tuple(
                Row(
                    text("pack.rest", least=get_settings().least_shown)
                    if category.code is None
                    else name_category(categories[category.code], text),
                    tuple(
                        Cell(text.number(count))
                        for count, period in (
                            (category.now, pack.period),
                            (category.before, pack.before),
                            (category.year_before, pack.year_before),
                        )
                        if period is not None
                    ),
                )
                for category in pack.categories
            ),
        ),
        repeats=tuple(
            text(
                "pack.repeat",
                place=repeat.place,
                category=name_category(categories[repeat.category_code], text),
                times=text.number(repeat.cases),
            )
            for repeat in pack.repeats
        ),
        repeats_note=text("pack.repeats_note", least=THRESHOLDS[0]),
        open=Table(
            (
                text("column.number"), text("column.category"), text("column.place"), text("column.state"),
                text("fact.reported_at"), text("pack.open_for"), text("fact.due_at"),
            ),
            tuple(
                Row(
                    str(case.id),
                    (
                        Cell(name_category(categories[case.category_code], text)),
                        Cell(case.place),
                        Cell(name_state(case.state, text)),
                        Cell(text.moment(case.reported_at)),
                        Cell(text("span.days", n=max((now - case.reported_at).days, 0))),
                        Cell(
                            tell_due(case.due_at, None, text, now, is_open=True),
                            "over" if case.due_at is not None and case.due_at < now else "",
                        ),
                    ),
                )
                for case in pack.open
            ),
        ),
        elsewhere=text("pack.elsewhere", n=pack.open_elsewhere) if pack.open_elsewhere else "",
    )  # fmt: skip


def list_tables(pack: Pack, page: PackPage, text: Text) -> list[exporting.Table]:
    """Return a pack as the sheets of a workbook."""
    tables = [to_sheet(text("pack.figures"), page.figures)]
    if page.by_compound is not None:
        tables.append(to_sheet(text("pack.by_compound"), page.by_compound))
    numbers: list[list[exporting.Cell]] = []
    for row, category in zip(page.categories.rows, pack.categories, strict=True):
        numbers.append([row.title, category.now])
        numbers[-1] += [category.before] if pack.before else []
        numbers[-1] += [category.year_before] if pack.year_before else []
    tables.append(exporting.Table(text("pack.categories"), page.categories.columns, numbers))
    tables.append(to_sheet(text("pack.open"), page.open))
    if page.repeats:
        tables.append(
            exporting.Table(text("pack.repeats"), [text("pack.repeats")], [[line] for line in page.repeats])
        )
    return tables


def write_watermark(name: str, community: str, pack: Pack, now: datetime, text: Text) -> dict[str, str]:
    """Return who takes out what and when, as labels and values."""
    period = name_period(pack.period, find_day(now), text)
    return {
        text("watermark.who"): name,
        text("watermark.when"): text.moment(now),
        text("watermark.what"): text.join([community, pack.company.name, period, text("pack.left_out")]),
        text("watermark.note_title"): text("watermark.note"),
    }


def name_file(pack: Pack) -> str:
    """Return the name of a pack's file: the company's code, so that no two are alike, and its name."""
    company = _NOT_IN_FILES.sub("_", f"{pack.company.code}-{pack.company.name}")
    return f"{company[:_LONGEST_NAME]}-{format_period(pack.period)}.xlsx"


def write_print_address(community_code: str, company_id: int | None, quarter: Period, text: Text) -> str:
    """Return where the sheet to print is; without a company, those of all."""
    party = f"&party={company_id}" if company_id is not None else ""
    code = quote(community_code, safe="")
    return f"/print/pack?community={code}{party}&quarter={format_period(quarter)}&lang={text.language}"


def _write_figure(figure: PackFigure, text: Text) -> Row:
    indicator = figure.indicator
    cells = [
        Cell(tell_value(figure.now, indicator, text), "value"),
        Cell("" if indicator.unit == "count" else text.number(figure.now.n), "quiet"),
    ]
    for then in (figure.before, figure.year_before):
        if then is not None:
            change = tell_trend(figure.now, then, indicator, text)
            cells += [Cell(tell_value(then, indicator, text)), Cell(change.words, change.tone)]
    peers = tell_beside(figure.now, figure.peers, indicator, text)
    all_together = NOTHING if figure.peers is None else tell_value(figure.peers, indicator, text)
    return Row(
        name_indicator(indicator, text),
        (*cells, Cell(all_together), Cell(peers.words, peers.tone)),
        help=tell_formula(indicator, text),
    )


def _write_compounds(pack: Pack, text: Text) -> Table | None:
    if not pack.by_compound:
        return None
    indicators = [figure.indicator for figure in pack.figures]
    return Table(
        (text("month.compound"), *(name_indicator(indicator, text) for indicator in indicators)),
        tuple(
            Row(
                name,
                tuple(
                    Cell(tell_value(value, indicator, text))
                    for value, indicator in zip(values, indicators, strict=True)
                ),
            )
            for name, values in pack.by_compound.items()
        ),
    )
