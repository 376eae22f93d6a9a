"""What is planted in the year's incidents: hot spots, relapses and a rebound after campaigns, bounces."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import reduce

import numpy as np
from shapely import MultiPolygon

from etl.demo.town.town import Town
from etl.demo.year.clock import DAY_S, HOUR_S, find_midnight, go_back
from etl.demo.year.incidents import KIND_AT, YEAR_DAYS, Reports, draw_times, make_reports
from etl.demo.year.mixture import KINDS
from etl.demo.year.rebounds import let_rebound
from etl.demo.year.spots import Pool

# Plant numbers in ``Reports.plant``.
HOTSPOT, CAMPAIGN, RETURNED, BOUNCED, REBOUND = 0, 1_000, 2_000, 3_000, 4_000
_RADIUS_M = 75.0
# Category, where it likes to be, cases over so many last days in a community of 9,600 cases a year. None of
# these is cleaned up by a campaign, whose relapses it would hide.
_HOTSPOTS: tuple[tuple[str, tuple[str, ...], int, int], ...] = (
    ("E401", ("resettlement", "relocation"), 46, 150),
    ("E102", ("old", "resettlement"), 44, 240),
    ("E402", ("old", "commodity"), 38, 120),
    ("E202", ("street",), 52, 180),
)
# Category, where, how many days ago it began, cleaned-up cases, and how many of them came back.
_CAMPAIGNS: tuple[tuple[str, str, tuple[str, ...], int, int, int], ...] = (
    ("E403", "飞线充电", ("urban_village", "old"), 210, 12, 6),
    ("E104", "楼道脏乱", ("three_no", "old"), 140, 12, 5),
    ("E207", "乱堆杂物", ("old", "resettlement"), 62, 10, 5),
)
# Which of them is being lost again.
_LOST = 0
_CAMPAIGN_DAYS = 12
_CAMPAIGN_COMPOUNDS = 3
_CAMPAIGN_HOURS = np.array([9.0, 9.5, 10.0, 10.6, 15.0, 15.5, 16.2])
# Farther than the 50 m within which a case counts as a relapse.
_APART_M = 65.0
# What is planted as hot is ten times the usual, and enough to be told of at all: under ten, figures are given
# neither a colour nor a rank.
_LEAST_RATIO = 10.0
_LEAST_CASES = 10
# Category, and how many working days ago it was reported; the first takes long and is mostly still open.
_BOUNCED = (("E501", 5), ("E602", 24), ("E608", 54), ("E405", 107), ("E603", 186))


@dataclass(frozen=True)
class Hotspot:
    """One hot spot: ``planted`` cases beside the ``expected`` ones of the same place and time."""

    code: str
    x: float
    y: float
    radius_m: float
    days: int
    planted: int
    expected: float


@dataclass(frozen=True)
class Campaign:
    """One clean-up, and the compounds it was in."""

    code: str
    name: str
    category: str
    starts_on: date
    ends_on: date
    shape: MultiPolygon


@dataclass(frozen=True)
class Rebound:
    """The campaign whose success is being lost, and since when."""

    campaign: Campaign
    since: date


@dataclass(frozen=True)
class Plants:
    """Everything planted in the incidents; ``Reports.plant`` says which case belongs to what.

    The n-th returned case has the plant number ``RETURNED + n`` and answers the clean-up case
    ``CAMPAIGN + 100 * campaign + k`` given by ``came_back[n]``. A small community has no rebound.
    """

    hotspots: list[Hotspot]
    campaigns: list[Campaign]
    came_back: list[int]
    rebound: Rebound | None


def _choose_compounds(
    town: Town, wanted: tuple[str, ...], count: int, taken: set[int], rng: np.random.Generator
) -> list[int]:
    """Choose compounds of the wanted kinds, the first kinds first, that no other plant has taken."""
    fitting: list[int] = []
    for word in (*wanted, ""):
        mine = [
            i
            for i, c in enumerate(town.compounds)
            if i not in taken and i not in fitting
            and (word in ("", c.program.type) or (word == "three_no" and c.program.is_three_no))
        ]  # fmt: skip
        fitting += rng.permutation(np.array(mine, dtype=np.int64)).tolist()
    chosen = fitting[:count]
    taken.update(chosen)
    return chosen


def plant_cases(
    town: Town, pools: dict[str, Pool], as_of: date, rng: np.random.Generator
) -> tuple[Reports, Plants]:
    """Return the planted cases and what they are."""
    taken: set[int] = set()
    cases: list[Reports] = []
    campaigns: list[Campaign] = []
    came_back: list[int] = []
    grounds: list[list[int]] = []
    for n, (code, word, wanted, days_ago, cleaned, returned) in enumerate(_CAMPAIGNS):
        compounds = _choose_compounds(town, wanted, _CAMPAIGN_COMPOUNDS, taken, rng)
        grounds.append(compounds)
        start = as_of - timedelta(days=days_ago)
        end = start + timedelta(days=_CAMPAIGN_DAYS - 1)
        names = "、".join(town.compounds[i].name for i in compounds)
        area = MultiPolygon([town.compounds[i].wall for i in compounds])
        campaigns.append(
            Campaign(f"{town.site.code}-ZZ{n + 1}", f"{names}{word}整治", code, start, end, area)
        )
        before, after = _clean_up(code, compounds, pools, start, (cleaned, returned), rng)
        before.plant = CAMPAIGN + 100 * n + np.arange(len(before))
        after.plant = RETURNED + len(came_back) + np.arange(len(after))
        came_back += before.plant[: len(after)].tolist()
        cases += [before, after]
    lost, rebound = campaigns[_LOST], None
    regained = let_rebound(
        KIND_AT[lost.category], grounds[_LOST], pools, lost.starts_on, as_of, town.site.make_rng("rebound")
    )
    if regained is not None:
        since, reports = regained
        reports.plant[:] = REBOUND
        cases.append(reports)
        rebound = Rebound(lost, since)
    hotspots = []
    for n, (code, liked, planted, days) in enumerate(_HOTSPOTS):
        hotspot, reports = _heat(town, pools, code, liked, planted, days, taken, as_of, rng)
        reports.plant[:] = HOTSPOT + n
        hotspots.append(hotspot)
        cases.append(reports)
    cases.append(_bounce(pools, as_of, rng))
    return reduce(Reports.add, cases), Plants(hotspots, campaigns, came_back, rebound)


def _clean_up(
    code: str, compounds: list[int], pools: dict[str, Pool], start: date,
    counts: tuple[int, int], rng: np.random.Generator,
) -> tuple[Reports, Reports]:  # fmt: skip
    """Return what a campaign settled, and what came back of the first of these within a month."""
    kind = KIND_AT[code]
    pool = pools[KINDS[kind].place]
    chosen = _pick_apart(pool, np.flatnonzero(np.isin(pool.compound, compounds)), counts[0], rng)
    cleaned, returned = len(chosen), min(counts[1], len(chosen) - 1)
    day = rng.integers(0, _CAMPAIGN_DAYS, cleaned)
    at = find_midnight(start) + day * DAY_S + rng.choice(_CAMPAIGN_HOURS, cleaned) * HOUR_S
    at += rng.integers(0, 1500, cleaned)
    before = make_reports(np.full(cleaned, kind), chosen, at)
    before.settled_on_spot[:] = True
    # Two hours cover the settling itself: the relapse is counted from the closing.
    later = at[:returned] + 2 * HOUR_S + rng.uniform(4, 27, returned) * DAY_S
    later += (9.5 + rng.uniform(0, 8, returned)) * HOUR_S - (later + 8 * HOUR_S) % DAY_S
    return before, make_reports(np.full(returned, kind), chosen[:returned], later)


def _pick_apart(pool: Pool, inside: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Return up to ``count`` points, so far apart that none is the relapse of another."""
    chosen: list[int] = []
    for spot in rng.permutation(inside).tolist():
        away = np.hypot(pool.x[chosen] - pool.x[spot], pool.y[chosen] - pool.y[spot])
        if (away > _APART_M).all() and pool.building[spot] not in pool.building[chosen]:
            chosen.append(spot)
    return np.array(chosen[:count])


def _heat(
    town: Town, pools: dict[str, Pool], code: str, liked: tuple[str, ...], planted: int, days: int,
    taken: set[int], as_of: date, rng: np.random.Generator,
) -> tuple[Hotspot, Reports]:  # fmt: skip
    """Return a hot spot and its cases, drawn around one point in the rhythm of their category."""
    kind = KIND_AT[code]
    pool = pools[KINDS[kind].place]
    likely = pool.weigh(KINDS[kind])
    if liked == ("street",):
        market = next(b.footprint.centroid for b in town.buildings if b.use == "market")
        centre = int(np.argmin(np.hypot(pool.x - market.x, pool.y - market.y)))
    else:
        compound = _choose_compounds(town, liked, 1, taken, rng)[0]
        middle = town.compounds[compound].wall.centroid
        mine = np.flatnonzero(pool.compound == compound)
        centre = int(mine[np.argmin(np.hypot(pool.x[mine] - middle.x, pool.y[mine] - middle.y))])
    x, y = float(pool.x[centre]), float(pool.y[centre])
    around = np.flatnonzero(np.hypot(pool.x - x, pool.y - y) <= _RADIUS_M)
    program = town.site.program
    share = program.incidents_per_year * days / YEAR_DAYS / sum(k.walk_in + k.other for k in KINDS)
    expected = float((KINDS[kind].walk_in + KINDS[kind].other) * share * likely[around].sum())
    # In a small community a few houses are much of the whole: there it takes more to stand out.
    scaled = round(planted * min(1.0, program.incidents_per_year / 9_600))
    count = max(scaled, int(np.ceil(_LEAST_RATIO * expected)), _LEAST_CASES)
    spot = rng.choice(around, count, p=likely[around] / likely[around].sum())
    at = draw_times(KINDS[kind], count, as_of, rng, days=days)
    return Hotspot(code, x, y, _RADIUS_M, days, count, expected), make_reports(np.full(count, kind), spot, at)


def _bounce(pools: dict[str, Pool], as_of: date, rng: np.random.Generator) -> Reports:
    """Return the cases that nobody wanted, reported on a morning so that both returns are in the history."""
    kind = np.array([KIND_AT[code] for code, _ in _BOUNCED])
    places = [pools[KINDS[k].place] for k in kind]
    spot = np.array([rng.choice(len(p.x), p=p.weigh(KINDS[k])) for p, k in zip(places, kind, strict=True)])
    days = [go_back(as_of, working_days) for _, working_days in _BOUNCED]
    at = np.array([find_midnight(day) + (9 + rng.uniform(0, 2)) * HOUR_S for day in days])
    reports = make_reports(kind, spot, at, returns=2)
    reports.plant = BOUNCED + np.arange(len(kind))
    return reports


def mark_campaigns(reports: Reports) -> np.ndarray:
    """Return the position of the campaign each case was settled in, -1 for none."""
    inside = (reports.plant >= CAMPAIGN) & (reports.plant < RETURNED)
    return np.where(inside, (reports.plant - CAMPAIGN) // 100, -1)
