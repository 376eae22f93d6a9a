"""``/print/relapse?community=CODE&lang=zh``: what was closed and came back, on paper.

The sheet goes round: what is told of few cases is left out, and so is who closed what.
"""

from collections.abc import Mapping
from typing import Any, Final

from starlette.routing import BaseRoute, Route

from dashboard.models.relapse import build_list, build_relapse_page
from dashboard.models.relapse_campaigns import build_campaigns, list_alarms, tell_calm
from dashboard.models.relapse_curve import tell_closings, tell_curve
from dashboard.models.relapse_rates import build_rates
from dashboard.routes.sheets import SheetRequest, make_sheet_endpoint
from geo.operations.relapses import gather_relapses
from geo.rules.morning import find_day
from geo.settings import get_settings
from geo.store.choices import list_areas, list_categories

_WORDS: Final = {
    "alarms": "relapse.alarms",
    "list": "relapse.list",
    "rates": "month.by_category",
    "compounds": "month.by_compound",
    "curve": "relapse.curve",
    "campaigns": "relapse.campaigns",
    "campaigns_note": "relapse.campaigns_note",
}


def routes() -> list[BaseRoute]:
    """Return ``/print/relapse``."""
    return [Route("/print/relapse", make_sheet_endpoint("print_relapse", "print_relapse.html", _fill))]


def _fill(asked: SheetRequest) -> Mapping[str, Any]:
    text, community = asked.text, asked.community
    found = gather_relapses(community.id, asked.now)
    categories = {category.code: category for category in list_categories()}
    areas = list_areas(community.id, find_day(asked.now))
    compounds = {area.id: area.name for area in areas if area.layer == "compounds"}
    alarms = list_alarms(found, compounds, text, hides_few=True)
    page = build_relapse_page(found, len(alarms), categories, text, hides_few=True)
    curve = found.survival
    return {
        "title": text("relapse.print_title", community=community.name),
        "counted": page.told,
        "page": page,
        "alarms": alarms,
        "calm": tell_calm(found, compounds, text),
        "spots": build_list(page, {}, None, text, can_open=False),
        "rates": build_rates(found, "categories", categories, compounds, text, is_shared=True),
        "compounds": build_rates(found, "compounds", categories, compounds, text, is_shared=True),
        "curve": tell_curve(curve, text) if curve else None,
        "curve_over": tell_closings(curve, text("relapse.all"), text) if curve else text("relapse.no_curve"),
        "campaigns": build_campaigns(found, None, text, hides_few=True),
        "hidden": text("relapse.hidden", least=get_settings().least_shown),
        "words": {name: text(key) for name, key in _WORDS.items()},
        "print_word": text("morning.print"),
        "note": text("watermark.note"),
    }
