"""How often what was closed comes back: by category, compound, campaign and who closed it, beside chance."""

from collections.abc import Mapping
from typing import Final, Literal

import numpy as np

from dashboard.i18n import Text
from dashboard.models.incident_words import name_category
from dashboard.models.relapse_table import (
    Cell,
    Column,
    RelapseTable,
    Row,
    judge,
    write_decimal,
    write_excess,
    write_share,
)
from geo.operations.relapses import Figures, Relapses
from geo.rules.comparing import hide_small_cells
from geo.settings import get_settings
from geo.store.choices import Category

By = Literal["categories", "compounds", "parties", "campaigns"]
BYS: Final[tuple[By, ...]] = ("categories", "compounds", "parties", "campaigns")

VERDICTS: Final = {
    "up": "relapse.more_than_chance",
    "down": "relapse.less_than_chance",
    "even": "relapse.as_chance",
    "small": "relapse.few",
}
_TONES: Final = {"up": "up", "down": "down", "even": "", "small": "quiet"}
_HINTS: Final[Mapping[By, str]] = {
    "categories": "relapse.hint_category",
    "compounds": "relapse.hint_compound",
    "campaigns": "relapse.hint_campaign",
}
_TITLES: Final[Mapping[By, str]] = {
    "categories": "column.category",
    "compounds": "month.compound",
    "parties": "relapse.party",
    "campaigns": "relapse.campaign",
}


def build_rates(
    found: Relapses,
    by: By,
    categories: Mapping[str, Category],
    compounds: Mapping[int, str],
    text: Text,
    *,
    is_shared: bool,
    is_open: str = "",
) -> RelapseTable:
    """Return the table of one grouping, the largest excess first.

    People and companies stand by how much they closed: this is no league of them.

    Args:
        found: what came back.
        by: what is grouped by.
        categories: by code.
        compounds: their names by id.
        text: the language.
        is_shared: whether groups of few closings are left out.
        is_open: key of the row that is open.
    """
    rows = list_rates(found, by, categories, compounds, text, is_shared=is_shared)
    return RelapseTable(
        columns=(
            Column(text(_TITLES[by]), "words"),
            Column(text("relapse.back_of_closed"), help=text("relapse.back_of_closed_help")),
            Column(text("relapse.by_chance"), help=text("relapse.by_chance_help")),
            Column(text("relapse.excess"), help=text("relapse.excess_help")),
            Column(text("relapse.watched"), "wide", text("relapse.watched_help")),
            Column(text("relapse.likely"), "wide", text("relapse.likely_help")),
            Column(text("relapse.verdict"), "wide"),
        ),
        rows=tuple(
            Row(
                write_cells(name, figures, text),
                key if by != "parties" else "",
                by != "parties" and bool(key) and key == is_open,
            )
            for key, name, figures in rows
        ),
        empty=text("relapse.nothing_closed"),
        hint=text(_HINTS[by]) if by in _HINTS else "",
    )


def list_rates(
    found: Relapses,
    by: By,
    categories: Mapping[str, Category],
    compounds: Mapping[int, str],
    text: Text,
    *,
    is_shared: bool,
) -> list[tuple[str, str, Figures]]:
    """Return key, name and figures of each group, in the order in which they are shown."""
    groups: list[tuple[str, str, Figures]]
    match by:
        case "categories":
            groups = [
                (code, name_category(categories[code], text), figures)
                for code, figures in found.categories.items()
                if code in categories
            ]
        case "compounds":
            groups = [
                (str(compound), compounds[compound], figures)
                for compound, figures in found.compounds.items()
                if compound in compounds
            ]
        case "parties":
            groups = [
                (str(party), found.party_names.get(party) or text("relapse.party_gone"), figures)
                for party, figures in found.parties.items()
            ]
        case "campaigns":
            groups = [
                (str(campaign.id), campaign.name, found.campaign_figures[campaign.id])
                for campaign in found.campaigns
                if campaign.id in found.campaign_figures
            ]
    if is_shared:
        closed = np.array([[figures.closed for _, _, figures in groups]], np.int64)
        hidden = hide_small_cells(closed, get_settings().least_shown)[0] if groups else []
        groups = [group for group, is_hidden in zip(groups, hidden, strict=True) if not is_hidden]
    if by == "parties":
        return sorted(groups, key=lambda group: (-group[2].closed, group[1]))
    return sorted(groups, key=lambda group: (group[2].closed == 0, -group[2].excess, group[1]))


def write_cells(name: str, figures: Figures, text: Text) -> tuple[Cell, ...]:
    """Write the cells of a row: name, share, chance, excess, exposure, relapses, verdict."""
    verdict = judge(figures)
    tone = _TONES[verdict]
    return (
        Cell(name),
        Cell(write_share(figures.returned, figures.closed, text)),
        Cell(write_decimal(figures.expected)),
        Cell(write_excess(figures), tone),
        Cell(text.number(figures.watched_days)),
        Cell(write_decimal(figures.likely)),
        Cell(text(VERDICTS[verdict]), tone),
    )
