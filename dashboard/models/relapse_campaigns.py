"""What became of campaigns, and where what they won is being lost again, in the reader's words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final, Literal

import numpy as np

from dashboard.i18n import Text
from dashboard.maps import palette
from dashboard.models.incident_filters import Filters
from dashboard.models.map_state import PlaceKey
from dashboard.models.relapse_curve import write_config
from dashboard.models.relapse_table import NOTHING, Cell, Column, RelapseTable, Row, write_decimal
from geo.operations.campaign_outcomes import CampaignOutcome, Rebound
from geo.operations.relapses import Relapses
from geo.patterns.campaigns import Effect
from geo.patterns.rebound import CERTAINTY
from geo.rules.morning import find_day
from geo.settings import get_settings

Fate = Literal["running", "early", "rebounding", "lost", "holding", "worse", "unclear"]
FATES: Final[Mapping[Fate, str]] = {
    "running": "relapse.fate_running",
    "early": "relapse.fate_early",
    "rebounding": "relapse.fate_rebounding",
    "lost": "relapse.fate_lost",
    "holding": "relapse.fate_holding",
    "worse": "relapse.fate_worse",
    "unclear": "relapse.fate_unclear",
}
_TONES: Final[Mapping[Fate, str]] = {"rebounding": "up", "lost": "up", "worse": "up", "holding": "down"}
# Names are long: a line has as many characters as a phone has room for.
_LINE: Final = 11
# Half of what was won.
_HALF: Final = 0.5


@dataclass(frozen=True, slots=True)
class Alarm:
    """A place where a campaign's success is being lost just now.

    Attributes:
        key: of the campaign and the place.
        title: place and campaign.
        detail: since when, how sure, how many cases a week, how much is lost.
        cases: which cases it is about.
    """

    key: str
    title: str
    detail: str
    cases: Filters


def judge_fate(outcome: CampaignOutcome, today: date) -> Fate:
    """Return what became of a campaign, in a word.

    An alarm that stands comes first, then how much of what was won is lost, where anything surely was; then
    whether there is less, or more, than its places would have seen without it.

    Args:
        outcome: of the campaign.
        today: the day in China.
    """
    if outcome.ends_on >= today:
        return "running"
    if not outcome.rebounds:
        return "early"
    if any(is_alarm(rebound) for rebound in outcome.rebounds):
        return "rebounding"
    return _judge_index(outcome.rebounds[0]) or _judge_effect(outcome.effect) or "unclear"


def is_alarm(rebound: Rebound) -> bool:
    """Whether a rebound was named and is still as likely: one that has gone down again is over."""
    return rebound.named_on is not None and rebound.probability >= CERTAINTY


def list_alarms(
    found: Relapses, compounds: Mapping[int, str], text: Text, *, hides_few: bool
) -> tuple[Alarm, ...]:
    """Return where it is coming back just now, the surest first.

    Args:
        found: what came back.
        compounds: their names by id.
        text: the language.
        hides_few: whether counts of few cases are left out.
    """
    standing: list[tuple[Rebound, CampaignOutcome]] = []
    for campaign in found.campaigns:
        # All of the ground is named only where none of its parts is: those say more.
        parts = [rebound for rebound in campaign.rebounds if rebound.compound_id and is_alarm(rebound)]
        standing += [
            (rebound, campaign)
            for rebound in parts or [each for each in campaign.rebounds[:1] if is_alarm(each)]
        ]
    standing.sort(key=lambda each: -each[0].probability)
    return tuple(
        _write_alarm(campaign, rebound, compounds, text, hides_few=hides_few)
        for rebound, campaign in standing
    )


def tell_calm(found: Relapses, compounds: Mapping[int, str], text: Text) -> str:
    """Say that nothing is coming back: over how much, until when, and what is likeliest to be next."""
    followed = [
        (rebound.probability, campaign, rebound)
        for campaign in found.campaigns
        for rebound in campaign.rebounds
        if rebound.compound_id is not None
    ]
    if not followed:
        return text("relapse.no_campaigns")
    probability, campaign, rebound = max(followed, key=lambda each: each[0])
    return text(
        "relapse.calm",
        campaigns=len({each.id for _, each, _ in followed}),
        places=len(followed),
        until=text.day(found.until),
        percent=f"{100 * probability:.0f}",
        place=_name_place(rebound, compounds, text),
        campaign=campaign.name,
    )


def build_campaigns(found: Relapses, is_open: int | None, text: Text, *, hides_few: bool) -> RelapseTable:
    """Return the campaigns, the latest first: before and after beside what was to be expected."""
    today = find_day(found.until)
    rows = []
    for campaign in found.campaigns:
        fate = judge_fate(campaign, today)
        words = _write_effect(campaign, text, hides_few=hides_few)
        rows.append(
            Row(
                (
                    Cell(campaign.name, help=_tell_days(campaign)),
                    Cell(text(FATES[fate]), _TONES.get(fate, "quiet")),
                    *(Cell(word) for word in words),
                    Cell(_tell_days(campaign)),
                ),
                str(campaign.id),
                campaign.id == is_open,
            )
        )
    return RelapseTable(
        columns=(
            Column(text("relapse.campaign"), "words"),
            Column(text("relapse.fate"), "words", text("relapse.fate_help")),
            Column(text("relapse.before_after"), help=text("relapse.before_after_help")),
            Column(text("relapse.expected_after"), "wide", text("relapse.expected_after_help")),
            Column(text("relapse.ratio"), help=text("relapse.ratio_help")),
            Column(text("relapse.index"), "wide", text("relapse.index_help")),
            Column(text("relapse.places"), "wide", text("relapse.places_help")),
            Column(text("relapse.when"), "wide"),
        ),
        rows=tuple(rows),
        empty=text("relapse.no_campaigns"),
        hint=text("relapse.hint_campaign"),
    )


def build_places(
    campaign: CampaignOutcome, compounds: Mapping[int, str], text: Text, *, hides_few: bool
) -> RelapseTable:
    """Return the compounds of a campaign: cases since, and how likely they are coming back."""
    return RelapseTable(
        columns=(
            Column(text("column.place"), "words"),
            Column(text("relapse.cases_since"), help=text("relapse.cases_since_help")),
            Column(text("relapse.probability"), help=text("relapse.probability_help")),
            Column(text("relapse.began"), help=text("relapse.began_help")),
            Column(text("relapse.index"), help=text("relapse.index_help")),
        ),
        rows=tuple(
            Row(
                (
                    Cell(_name_place(rebound, compounds, text)),
                    Cell(_write_count(sum(rebound.weekly), text, hides_few=hides_few)),
                    Cell(f"{100 * rebound.probability:.0f} %", "up" if is_alarm(rebound) else ""),
                    Cell(rebound.began_on.isoformat() if rebound.began_on else NOTHING),
                    Cell(_write_index(rebound)),
                ),
                str(rebound.compound_id or ""),
            )
            for rebound in campaign.rebounds
        ),
        empty=text("relapse.fate_early"),
        hint=text("relapse.hint_place"),
    )


def find_cases(campaign: CampaignOutcome, compound_id: int | None) -> Filters:
    """Return which cases a campaign's compound has had since; without one, those of its categories."""
    return Filters(
        status="all",
        categories=campaign.category_codes,
        place=PlaceKey("compounds", compound_id) if compound_id else None,
        since=(campaign.ends_on + timedelta(days=1)).isoformat(),
        sort="newest",
    )


def draw_timeline(found: Relapses, text: Text, *, hides_few: bool) -> dict[str, Any]:
    """Return the chart for Vega-Lite: each campaign's days as a bar, each week since as a disc by its cases.

    Where few cases are not told, weeks are not told.
    """
    spans, weeks, named = [], [], []
    begin = min((campaign.starts_on for campaign in found.campaigns), default=found.until.date())
    known = [begin.isoformat(), find_day(found.until).isoformat()]
    for campaign in found.campaigns:
        name = _break_lines(campaign.name)
        spans.append({
            "name": name, "from": campaign.starts_on.isoformat(),
            "to": (campaign.ends_on + timedelta(days=1)).isoformat(),
        })  # fmt: skip
        for rebound in campaign.rebounds[:1]:
            if not hides_few:
                weeks += [
                    {
                        "name": name, "n": count,
                        "on": (campaign.ends_on + timedelta(days=7 * week + 4)).isoformat(),
                    }
                    for week, count in enumerate(rebound.weekly)
                    if count
                ]  # fmt: skip
        named += [
            {"name": name, "on": rebound.began_on.isoformat()}
            for rebound in campaign.rebounds
            if rebound.began_on is not None
        ]
    row = {
        "field": "name", "type": "nominal", "title": None, "sort": None,
        "axis": {
            "labelExpr": "split(datum.label, '\\n')", "labelLimit": 0, "grid": True, "ticks": False,
            "domain": False,
        },
    }  # fmt: skip

    def when(field: str) -> dict[str, Any]:
        axis = {"format": "%m-%d", "tickCount": 8, "grid": False}
        scale = {"domain": known}
        return {"field": field, "type": "temporal", "title": None, "axis": axis, "scale": scale}

    return {
        "height": 56 * max(len(spans), 1),
        "layer": [
            {
                "data": {"values": spans},
                "mark": {"type": "bar", "height": 14, "color": palette.ACCENT, "minBandSize": 6},
                "encoding": {"y": row, "x": when("from"), "x2": {"field": "to"}},
            },
            {
                "data": {"values": weeks},
                "mark": {"type": "circle", "color": palette.QUIET_TEXT, "opacity": 0.75},
                "encoding": {
                    "y": row,
                    "x": when("on"),
                    "size": {
                        "field": "n", "type": "quantitative", "scale": {"domain": [0, 10], "range": [0, 400]},
                        "legend": None,
                    },
                    "tooltip": [
                        {
                            "field": "on", "type": "temporal", "format": "%m-%d",
                            "title": text("relapse.week_of"),
                        },
                        {"field": "n", "type": "quantitative", "title": text("relapse.cases")},
                    ],
                },
            },
            {
                "data": {"values": named},
                "mark": {"type": "point", "shape": "triangle-up", "size": 160, "filled": True,
                         "color": palette.OVERDUE},
                "encoding": {"y": row, "x": when("on")},
            },
        ],
        "config": write_config(),
    }  # fmt: skip


def _judge_index(whole: Rebound) -> Fate | None:
    if whole.low is None or whole.high is None or whole.low <= _HALF <= whole.high:
        return None
    return "lost" if whole.low > _HALF else "holding"


def _judge_effect(effect: Effect | None) -> Fate | None:
    if effect is None or effect.is_few:
        return None
    if effect.high < 1:
        return "holding"
    # An interval that is not known is on neither side.
    return "worse" if effect.low > 1 else None


def _write_alarm(
    campaign: CampaignOutcome, rebound: Rebound, compounds: Mapping[int, str], text: Text, *, hides_few: bool
) -> Alarm:
    began = rebound.began_on or campaign.ends_on
    weeks = max((began - campaign.ends_on).days // 7, 0)
    since = sum(rebound.weekly[weeks:])
    told = [
        text("relapse.alarm_since", began=began.isoformat(), named=str(rebound.named_on)),
        text("relapse.alarm_sure", percent=f"{100 * rebound.probability:.0f}"),
        text(
            "relapse.alarm_cases",
            count=_write_count(since, text, hides_few=hides_few),
            weeks=len(rebound.weekly[weeks:]),
        ),
    ]
    if rebound.index is not None:
        told.append(text("relapse.alarm_index", index=_write_index(rebound)))
    return Alarm(
        key=f"{campaign.id}_{rebound.compound_id or 0}",
        title=f"{_name_place(rebound, compounds, text)} · {campaign.name}",
        detail=text.join(told),
        cases=find_cases(campaign, rebound.compound_id),
    )


def _write_effect(
    campaign: CampaignOutcome, text: Text, *, hides_few: bool
) -> tuple[str, str, str, str, str]:
    effect = campaign.effect
    index = _write_index(campaign.rebounds[0]) if campaign.rebounds else NOTHING
    if effect is None:
        return NOTHING, NOTHING, NOTHING, index, text.number(campaign.buildings)
    both = " → ".join(
        _write_count(count, text, hides_few=hides_few) for count in (effect.before, effect.after)
    )
    both = text("relapse.in_days", both=both, days=campaign.days)
    told = hides_few and min(effect.before, effect.after) < get_settings().least_shown
    ratio = NOTHING
    if np.isfinite(effect.ratio) and not told:
        # With so few expected the numbers are told, and no verdict.
        ratio = (
            text("relapse.too_few")
            if effect.is_few
            else f"{effect.ratio:.2f} ({effect.low:.2f} – {effect.high:.2f})"
        )
    expected = write_decimal(effect.expected) if np.isfinite(effect.expected) else NOTHING
    places = text("relapse.places_peers", places=effect.places, peers=effect.peers)
    return both, expected, ratio, index, places


def _write_count(count: int, text: Text, *, hides_few: bool) -> str:
    least = get_settings().least_shown
    return f"<{least}" if hides_few and count < least else text.number(count)


def _write_index(rebound: Rebound) -> str:
    if rebound.index is None or rebound.low is None or rebound.high is None:
        return NOTHING
    return f"{rebound.index:.2f} ({rebound.low:.2f} – {rebound.high:.2f})".replace("-", "\u2212")


def _name_place(rebound: Rebound, compounds: Mapping[int, str], text: Text) -> str:
    if rebound.compound_id is None:
        return text("relapse.whole_ground")
    return compounds.get(rebound.compound_id) or text("relapse.other_place")


def _break_lines(name: str) -> str:
    """Break a name into lines, none of which begins with a comma."""
    lines: list[str] = []
    while name:
        end = _LINE + (name[_LINE : _LINE + 1] in "、，·")
        lines.append(name[:end])
        name = name[end:]
    return "\n".join(lines)


def _tell_days(campaign: CampaignOutcome) -> str:
    return f"{campaign.starts_on.isoformat()} – {campaign.ends_on.isoformat()}"
