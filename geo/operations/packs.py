"""What a property company is given for the quarterly meeting of households and companies (家物会).

Figures of its own compounds beside those of all compounds that a company manages, what is open there and
since when. Who complained is in none of it, nor is anything sensitive; of what others handle it is told only
in numbers that give nobody away.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from geo.errors import Forbidden, NotFound
from geo.model.actor import Actor
from geo.model.indicator import Indicator, Value
from geo.operations.indicators import Measured, measure
from geo.rules.indicators import INDICATORS, make_value
from geo.rules.morning import find_day, start_of_day
from geo.rules.periods import Period, go_back, is_kept, same_last_year
from geo.rules.repeats import THRESHOLDS
from geo.settings import get_settings
from geo.store import complaints
from geo.store import packs as store
from geo.store.engine import acting_as, connect, get_actor
from geo.store.packs import Company, OpenCase, Repeat

READERS: Final = frozenset({"secretary", "leader", "administrator"})
"""Who sees the packs of all companies; a company sees its own."""

PACK_IDS: Final = (
    "incidents_per_10k", "handle_rate", "on_time_rate", "overdue_open_rate", "rework_rate", "bounce_rate",
    "relapse_rate", "satisfaction_rate", "first_response_p50", "open_cases", "overdue_open_cases",
)  # fmt: skip
"""What a pack tells, in this order, as far as the registry has it by compound."""

LEAST_PEERS: Final = 4
"""A mean over fewer compounds than these would tell of single ones."""

# Nobody's account: what is measured for a company is measured as the office sees it.
_OFFICE: Final = -2


@dataclass(frozen=True, slots=True)
class PackFigure:
    """A figure of a company's compounds together.

    Attributes:
        now, before, year_before: of the quarter, the one before, and the same of last year; None where no
            case was kept yet.
        peers: of all compounds that a company manages together, of counts what as many as its own have on
            average; None where they are too few to tell.
    """

    indicator: Indicator
    now: Value
    before: Value | None
    year_before: Value | None
    peers: Value | None


@dataclass(frozen=True, slots=True)
class PackCategory:
    """Cases of a category in the quarter, the one before and last year's; without a code, the rest."""

    code: str | None
    now: int
    before: int
    year_before: int


@dataclass(frozen=True, slots=True)
class Pack:
    """What one company is told.

    Attributes:
        period, before, year_before: the quarter, and what it is compared with; None before
            cases were kept.
        figures: in the order of :data:`PACK_IDS`.
        by_compound: the same figures of the quarter, by name of the compound; only where there are several.
        categories: the most frequent first, and last what is of too few cases to be told.
        repeats: where the company had the same matter again and again.
        open: what it has itself and is open now, the oldest first.
        open_elsewhere: how many more are open in its compounds that others handle.
        as_of: when the figures were read.
    """

    company: Company
    period: Period
    before: Period | None
    year_before: Period | None
    figures: tuple[PackFigure, ...]
    by_compound: Mapping[str, tuple[Value, ...]]
    categories: tuple[PackCategory, ...]
    repeats: tuple[Repeat, ...]
    open: tuple[OpenCase, ...]
    open_elsewhere: int
    as_of: datetime


def list_companies(community_id: int) -> list[Company]:
    """Return the companies whose packs the actor may see, those first whose code is.

    Raises:
        DatabaseUnavailable: the database does not answer.
    """
    actor = get_actor()
    if actor is not None and actor.role not in READERS and actor.role != "property_company":
        return []
    with connect() as connection:
        companies = store.list_companies(connection, community_id)
    if actor is not None and actor.role == "property_company":
        return [company for company in companies if company.id == actor.party_id]
    return companies


def choose_companies(community_id: int, company_ids: Sequence[int] | None) -> list[Company]:
    """Return some companies, or all whose packs the actor may see.

    Raises:
        Forbidden: one of them is not the actor's.
        NotFound: nobody manages a compound here, or there is no such company.
        DatabaseUnavailable: the database does not answer.
    """
    companies = list_companies(community_id)
    wanted = [company for company in companies if company_ids is None or company.id in company_ids]
    if company_ids is not None and len(wanted) < len(set(company_ids)):
        actor = get_actor()
        if actor is not None and actor.role == "property_company":
            msg = "this is another company's pack: print your own"
            raise Forbidden(msg)
        msg = "there is no such property company: print from the page of figures"
        raise NotFound(msg)
    if not wanted:
        msg = "no property company manages a compound here: import compounds with their companies first"
        raise NotFound(msg)
    return wanted


def gather_packs(
    community_id: int, quarter: Period, company_ids: Sequence[int] | None, now: datetime
) -> list[Pack]:
    """Return the packs of some companies, or of all that the actor may see.

    Args:
        community_id: the community.
        quarter: a calendar quarter; one that still runs is told as far as it is.
        company_ids: whose; None for all.
        now: the moment of asking.

    Raises:
        Forbidden: one of the companies is not the actor's.
        NotFound: nobody manages a compound here, or there is no such company.
        DatabaseUnavailable: the database does not answer.
    """
    wanted = choose_companies(community_id, company_ids)
    # The database shows a company its own cases alone; its figures are the office's, like everybody's.
    office = Actor(account_id=_OFFICE, role="leader", community_ids=(community_id,))
    periods = (quarter, go_back(quarter, 1, "quarter"), same_last_year(quarter, "quarter"))
    bounds = [(start_of_day(period.first), start_of_day(period.end)) for period in periods]
    ids = [id_ for id_ in PACK_IDS if id_ in INDICATORS and "compound" in INDICATORS[id_].levels]
    with acting_as(office):
        measured = measure(community_id, periods, level="compound", ids=ids)
        with connect() as connection:
            everybody = store.list_companies(connection, community_id)
            first = complaints.find_first_report(connection, community_id)
            counts = store.count_cases(connection, community_id, bounds)
            opens = store.list_open(connection, community_id, now)
            repeats = store.list_repeats(connection, community_id, *bounds[0], THRESHOLDS[0])
    known = [is_kept(period, find_day(first or now)) for period in periods]
    managed = [str(compound) for company in everybody for compound in company.compound_ids]
    peers = {id_: _pool_peers(measured, id_, managed) for id_ in ids}
    return [
        Pack(
            company=company,
            period=quarter,
            before=periods[1] if known[1] else None,
            year_before=periods[2] if known[2] else None,
            figures=tuple(_sum_figure(measured, id_, company, peers[id_], known) for id_ in ids),
            by_compound=_part_by_compound(measured, ids, company),
            categories=_list_categories(
                [count for count in counts if count.company_id == company.id], get_settings().least_shown
            ),
            repeats=tuple(repeat for repeat in repeats if repeat.company_id == company.id),
            open=tuple(case for case in opens if case.company_id == company.id and case.is_own),
            open_elsewhere=sum(case.company_id == company.id and not case.is_own for case in opens),
            as_of=measured.as_of,
        )
        for company in wanted
    ]


def _sum_figure(
    measured: Measured, id_: str, company: Company, peers: Value | None, known: Sequence[bool]
) -> PackFigure:
    own = [str(compound) for compound in company.compound_ids]
    before, year_before = (_pool(measured, id_, own, number) if known[number] else None for number in (1, 2))
    if peers is not None and peers.amount is not None and INDICATORS[id_].unit == "count":
        # Beside as many compounds as its own.
        peers = Value(peers.amount * len(own), peers.n)
    return PackFigure(INDICATORS[id_], _pool(measured, id_, own, 0), before, year_before, peers)


def _pool_peers(measured: Measured, id_: str, compounds: Sequence[str]) -> Value | None:
    """Return the figure of all compounds together; of counts and times the mean of the compounds."""
    values = [value for key in compounds if (value := _find(measured, id_, key, 0)) is not None]
    if INDICATORS[id_].unit not in {"count", "hours", "days"}:
        return _pool(measured, id_, compounds, 0) if len(values) >= LEAST_PEERS else None
    amounts = [value.amount for value in values if value.amount is not None and not value.is_small]
    if len(amounts) < LEAST_PEERS:
        return None
    return Value(sum(amounts) / len(amounts), sum(value.n for value in values))


def _pool(measured: Measured, id_: str, keys: Iterable[str], number: int) -> Value:
    """Return the figure of several compounds together."""
    indicator = INDICATORS[id_]
    values = [value for key in keys if (value := _find(measured, id_, key, number)) is not None]
    if len(values) == 1:
        return values[0]
    if indicator.unit in {"hours", "days"}:
        # A median of medians is none.
        return Value(None, 0)
    return make_value(
        indicator,
        sum(value.numerator or 0 for value in values),
        sum(value.denominator or 0 for value in values),
    )


def _find(measured: Measured, id_: str, key: str, number: int) -> Value | None:
    values = measured.values[id_].get(key)
    return None if values is None else values[number]


def _part_by_compound(
    measured: Measured, ids: Sequence[str], company: Company
) -> dict[str, tuple[Value, ...]]:
    if len(company.compound_ids) < 2:
        return {}
    return {
        name: tuple(_find(measured, id_, str(key), 0) or make_value(INDICATORS[id_], 0, 0) for id_ in ids)
        for key, name in zip(company.compound_ids, company.compounds, strict=True)
    }


def _list_categories(counts: Sequence[store.CategoryCount], least: int) -> tuple[PackCategory, ...]:
    """Return the cases by category; of others' matters only numbers that give nobody away.

    What the company has itself it knows. The rest is told together.
    """
    cases: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    others: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for count in counts:
        cases[count.category_code][count.number] += count.cases
        others[count.category_code][count.number] += count.cases - count.own
    told = {
        code
        for code, totals in cases.items()
        if all(not foreign or total >= least for foreign, total in zip(others[code], totals, strict=True))
    }
    shown = sorted(
        (PackCategory(code, *cases[code]) for code in told),
        key=lambda category: (-category.now, -category.before, category.code or ""),
    )
    rest = [sum(cases[code][number] for code in cases if code not in told) for number in range(3)]
    return (*shown, PackCategory(None, *rest)) if any(rest) else tuple(shown)
