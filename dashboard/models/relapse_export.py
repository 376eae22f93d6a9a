"""The relapse page's tables to take out: where others look on, what is told of few cases is left out."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from dashboard.i18n import Text
from dashboard.models.incident_words import name_category
from dashboard.models.relapse import tell_period
from dashboard.models.relapse_rates import VERDICTS, By, list_rates
from dashboard.models.relapse_table import judge, write_decimal
from geo.operations.relapses import Figures, Relapses
from geo.settings import get_settings
from geo.store.choices import Category

# Who closed what goes round nowhere: it would be read as a league of people.
_TAKEN: Sequence[tuple[By, str]] = (
    ("categories", "month.by_category"),
    ("compounds", "month.by_compound"),
    ("campaigns", "relapse.campaigns"),
)


def list_columns(text: Text) -> list[str]:
    """Return the titles of the columns of the file."""
    return [
        text("month.table"), text("relapse.what"), text("relapse.closed"), text("relapse.back"),
        text("relapse.by_chance"), text("relapse.excess"), text("month.low"), text("month.high"),
        text("relapse.watched"), text("relapse.likely"), text("relapse.verdict"),
    ]  # fmt: skip


def list_rows(
    found: Relapses, categories: Mapping[str, Category], compounds: Mapping[int, str], text: Text
) -> list[list[str]]:
    """Return all closings together, then by category, compound and campaign, then places, as rows of text."""
    rows = [[text("relapse.all"), text("relapse.all"), *_write(found.total, text)]]
    for by, title in _TAKEN:
        for _, name, figures in list_rates(found, by, categories, compounds, text, is_shared=True):
            rows.append([text(title), name, *_write(figures, text)])
    least = get_settings().least_shown
    for row in found.back:
        if row.is_relapse and row.category_code in categories and row.figures.closed >= least:
            kind = name_category(categories[row.category_code], text)
            where = row.place or text("month.street")
            rows.append([text("relapse.list"), f"{where} {kind}", *_write(row.figures, text)])
    return rows


def write_watermark(name: str, community: str, found: Relapses, now: datetime, text: Text) -> dict[str, str]:
    """Return who takes out what and when, as labels and values."""
    return {
        text("watermark.who"): name,
        text("watermark.when"): text.moment(now),
        text("watermark.what"): text.join([community, tell_period(found, text), text("relapse.left_out")]),
        text("month.hidden_title"): text("relapse.hidden", least=get_settings().least_shown),
        text("watermark.note_title"): text("watermark.note"),
    }


def _write(figures: Figures, text: Text) -> list[str]:
    return [
        text.number(figures.closed), text.number(figures.returned), write_decimal(figures.expected),
        *(f"{number:.1f}" for number in (figures.excess, figures.low, figures.high)),
        text.number(figures.watched_days), write_decimal(figures.likely),
        text(VERDICTS[judge(figures)]),
    ]  # fmt: skip
