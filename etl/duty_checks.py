"""Checks of duties and clocks that take more than a query: idle rules, cases without one, unknown years."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Final

from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from geo.model.duty import DutyRule, PlaceType
from geo.rules.calendar import KNOWN_YEARS
from geo.rules.routing import HiddenRule, RuleFindings, find_rule_conflicts
from geo.store.calendars import load_working_time
from geo.store.checks import CommunityAnchor, Observation, locate_communities
from geo.store.duties import load_category_parents, load_duty_rules

DUTY_CHECKS: Final = (
    "duty_rule_conflict", "duty_rule_dead", "categories_without_duty", "year_without_notice",
)  # fmt: skip
# The longest deadlines are fifteen working days, so that due times fall into the days ahead.
_AHEAD: Final = timedelta(days=30)
_MOST_EXAMPLES: Final = 5


def observe_duties(
    connection: PostgresConnection, community_ids: Sequence[int], on_day: date
) -> dict[str, list[Observation]]:
    """Return what :data:`DUTY_CHECKS` find in the rules in force on a day, each in order of community."""
    parents = load_category_parents(connection)
    leaves = sum(parent is not None for parent in parents.values())
    seen: dict[str, list[Observation]] = {check: [] for check in DUTY_CHECKS}
    for community in locate_communities(connection, community_ids):
        rules = load_duty_rules(connection, community.id, on_day)
        found = find_rule_conflicts(rules, parents)
        seen["duty_rule_conflict"] += _tell_hidden(community, found.conflicting)
        seen["duty_rule_dead"] += _tell_hidden(community, found.dead)
        seen["categories_without_duty"] += _tell_unanswered(community, found, leaves)
        overrides = load_working_time(connection, community.id).overrides
        seen["year_without_notice"] += _tell_unknown_year(community, on_day + _AHEAD, overrides)
    return seen


def _tell_hidden(community: CommunityAnchor, hidden: Iterable[HiddenRule]) -> Iterator[Observation]:
    for each in hidden:
        rule = each.rule
        yield Observation(
            community=community.code,
            place="duty_rule",
            code=str(rule.position),
            name=_describe(rule),
            longitude=None,
            latitude=None,
            area_m2=None,
            value=float(rule.position),
            details={
                "category": rule.category_code,
                "place_type": rule.place_type,
                "others": [str(other.position) for other in each.hidden_by],
            },
        )


def _describe(rule: DutyRule) -> str:
    place = "every place" if rule.place_type is None else rule.place_type.replace("_", " ")
    return f"({rule.category_code or 'every category'}, {place})"


def _tell_unanswered(
    community: CommunityAnchor, found: RuleFindings, categories: int
) -> Iterator[Observation]:
    if not found.unanswered:
        return
    details = {
        "of": categories,
        "examples": list(_list_examples(found.unanswered))[:_MOST_EXAMPLES],
        "categories": list(found.unanswered),
    }
    yield _observe_community(community, len(found.unanswered), details)


def _observe_community(
    community: CommunityAnchor, value: float, details: Mapping[str, object]
) -> Observation:
    return Observation(
        community=community.code,
        place="community",
        code=community.code,
        name=community.name,
        longitude=community.longitude,
        latitude=community.latitude,
        area_m2=None,
        value=float(value),
        details=details,
    )


def _tell_unknown_year(
    community: CommunityAnchor, day: date, overrides: Mapping[date, bool]
) -> Iterator[Observation]:
    if day.year in KNOWN_YEARS or any(own.year == day.year for own in overrides):
        return
    yield _observe_community(community, day.year, {"year": str(day.year)})


def _list_examples(unanswered: Mapping[str, tuple[PlaceType, ...]]) -> Iterator[str]:
    for code, places in unanswered.items():
        where = "" if len(places) == len(PlaceType) else f" ({' and '.join(places)})".replace("_", " ")
        yield f"{code}{where}"
