"""What is planted in the year's incidents: hot spots, relapses after campaigns, bounced cases."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from shapely import Polygon

from etl.demo.clock import DAY_S, HOUR_S, find_midnight
from etl.demo.incidents import KIND_AT, YEAR_DAYS, Reports, draw_times, make_reports
from etl.demo.mixture import KINDS
from etl.demo.spots import Pool
from etl.demo.town import Town

# Plant numbers in ``Reports.plant``.
HOTSPOT, CAMPAIGN, RETURNED, BOUNCED = 0, 1_000, 2_000, 3_000
_RADIUS_M = 75.0
# Category, where it likes to be, cases over so many last days in a community of 9,600 cases a year.
_HOTSPOTS: tuple[tuple[str, tuple[str, ...], int, int], ...] = (
    ("E403", ("resettlement", "relocation"), 46, 150),
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
_CAMPAIGN_DAYS = 12
_BOUNCED = 5


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
    """One clean-up, and the compound it was in."""

    code: str
    name: str
    category: str
    starts_on: date
    ends_on: date
    shape: Polygon
    compound: int


@dataclass(frozen=True)
class Plants:
    """Everything planted in the incidents; ``Reports.plant`` says which case belongs to what.

    The n-th returned case has the plant number ``RETURNED + n`` and answers the clean-up case
    ``CAMPAIGN + 100 * campaign + k`` given by ``came_back[n]``.
    """

    hotspots: list[Hotspot]
    campaigns: list[Campaign]
    came_back: list[int]
    bounced: int


def _choose_compound(town: Town, wanted: tuple[str, ...], taken: set[int], rng: np.random.Generator) -> int:
    for word in wanted:
        fitting = [
            i for i, c in enumerate(town.compounds)
            if i not in taken and (c.program.type == word or (word == "three_no" and c.program.is_three_no))
        ]  # fmt: skip
        if fitting:
            chosen = int(rng.choice(np.array(fitting)))
            taken.add(chosen)
            return chosen
    return next(i for i in range(len(town.compounds)) if i not in taken)


def plant_cases(
    town: Town, pools: dict[str, Pool], as_of: date, rng: np.random.Generator
) -> tuple[Reports, Plants]:
    """Return the planted cases and what they are."""
    taken: set[int] = set()
    share = town.site.program.incidents_per_year / 9_600
    cases: list[Reports] = []
    campaigns, came_back = [], []
    for n, (code, word, wanted, days_ago, cleaned, returned) in enumerate(_CAMPAIGNS):
        compound = _choose_compound(town, wanted, taken, rng)
        start = as_of - timedelta(days=days_ago)
        place = town.compounds[compound]
        campaigns.append(
            Campaign(
                f"{town.site.code}-ZZ{n + 1}", f"{place.name}{word}整治", code, start,
                start + timedelta(days=_CAMPAIGN_DAYS - 1), place.wall, compound,
            )
        )  # fmt: skip
        size = min(1.0, 2 * share)
        counts = max(2, round(cleaned * size)), max(1, round(returned * size))
        before, after, links = _clean_up(n, code, compound, pools, start, counts, rng)
        came_back += links
        cases += [before, after]
    hotspots = []
    for n, (code, liked, planted, days) in enumerate(_HOTSPOTS):
        hotspot, reports = _heat(
            town, pools, code, liked, max(9, round(planted * share)), days, taken, as_of, rng
        )
        reports.plant[:] = HOTSPOT + n
        hotspots.append(hotspot)
        cases.append(reports)
    cases.append(_bounce(pools, as_of, rng))
    planted_cases = cases[0]
    for more in cases[1:]:
        planted_cases = planted_cases.add(more)
    counter = np.cumsum((planted_cases.plant >= RETURNED) & (planted_cases.plant < BOUNCED)) - 1
    is_returned = (planted_cases.plant >= RETURNED) & (planted_cases.plant < BOUNCED)
    planted_cases.plant[is_returned] = RETURNED + counter[is_returned]
    return planted_cases, Plants(hotspots, campaigns, came_back, _BOUNCED)


def _clean_up(
    number: int, code: str, compound: int, pools: dict[str, Pool], start: date,
    counts: tuple[int, int], rng: np.random.Generator,
) -> tuple[Reports, Reports, list[int]]:  # fmt: skip
    """Return what a campaign settled, what came back within a month, and what each of these repeats."""
    kind = KIND_AT[code]
    pool = pools[KINDS[kind].place]
    cleaned, returned = counts
    inside = np.flatnonzero(pool.compound == compound)
    # Far from each other, so that one clean-up is not the relapse of another.
    chosen = _pick_apart(pool, inside, cleaned, rng)
    cleaned, returned = len(chosen), min(returned, len(chosen))
    day = rng.integers(0, _CAMPAIGN_DAYS, cleaned)
    at = (
        find_midnight(start)
        + day * DAY_S
        + rng.choice([9.0, 9.5, 10.0, 10.6, 15.0, 15.5, 16.2], cleaned) * HOUR_S
    )
    at += rng.integers(0, 1500, cleaned)
    before = make_reports(np.full(cleaned, kind), chosen, at)
    before.plant = CAMPAIGN + 100 * number + np.arange(cleaned)
    before.settled_on_spot[:] = True
    # Two hours cover the settling itself: the relapse is counted from the closing.
    later = at[:returned] + 2 * HOUR_S + rng.uniform(4, 27, returned) * DAY_S
    later += (9.5 + rng.uniform(0, 8, returned)) * HOUR_S - (later + 8 * HOUR_S) % DAY_S
    near = np.array([_pick_near(pool, int(spot), rng) for spot in chosen[:returned]])
    after = make_reports(np.full(returned, kind), near, later, plant=RETURNED)
    return before, after, before.plant[:returned].tolist()


def _pick_apart(pool: Pool, inside: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Return up to ``count`` points no two of which are within 50 m, or nearer in a narrow compound."""
    order = rng.permutation(inside)
    for apart_m in (55.0, 0.5):
        chosen: list[int] = []
        for spot in order.tolist():
            if all(np.hypot(pool.x[spot] - pool.x[c], pool.y[spot] - pool.y[c]) > apart_m for c in chosen):
                chosen.append(spot)
        if len(chosen) >= 2:
            break
    return np.array(chosen[:count])


def _pick_near(pool: Pool, spot: int, rng: np.random.Generator) -> int:
    """Return a point of the same building within 40 m."""
    away = np.hypot(pool.x - pool.x[spot], pool.y - pool.y[spot])
    return int(rng.choice(np.flatnonzero((pool.building == pool.building[spot]) & (away < 40))))


def _heat(
    town: Town, pools: dict[str, Pool], code: str, wanted: tuple[str, ...], planted: int, days: int,
    taken: set[int], as_of: date, rng: np.random.Generator,
) -> tuple[Hotspot, Reports]:  # fmt: skip
    """Return a hot spot and its cases, drawn around one point in the rhythm of their category."""
    kind = KIND_AT[code]
    pool = pools[KINDS[kind].place]
    likely = pool.weigh(KINDS[kind])
    if wanted == ("street",):
        market = next(b.footprint.centroid for b in town.buildings if b.use == "market")
        centre = int(np.argmin(np.hypot(pool.x - market.x, pool.y - market.y)))
    else:
        compound = _choose_compound(town, wanted, taken, rng)
        middle = town.compounds[compound].wall.centroid
        mine = np.flatnonzero(pool.compound == compound)
        centre = int(mine[np.argmin(np.hypot(pool.x[mine] - middle.x, pool.y[mine] - middle.y))])
    x, y = float(pool.x[centre]), float(pool.y[centre])
    around = np.flatnonzero(np.hypot(pool.x - x, pool.y - y) <= _RADIUS_M)
    spot = rng.choice(around, planted, p=likely[around] / likely[around].sum())
    at = draw_times(KINDS[kind], planted, as_of, rng, days=days)
    weights = sum(k.walk_in + k.other for k in KINDS)
    yearly = town.site.program.incidents_per_year * (KINDS[kind].walk_in + KINDS[kind].other) / weights
    expected = float(yearly * likely[around].sum() * days / YEAR_DAYS)
    return Hotspot(code, x, y, _RADIUS_M, days, planted, expected), make_reports(
        np.full(planted, kind), spot, at
    )


def _bounce(pools: dict[str, Pool], as_of: date, rng: np.random.Generator) -> Reports:
    """Return the cases that nobody wanted: returned twice, some of them only last week."""
    codes = ["E604", "E602", "E608", "E401", "E603"][:_BOUNCED]
    kind = np.array([KIND_AT[code] for code in codes])
    spot = np.array(
        [rng.choice(len(pools[KINDS[k].place].x), p=pools[KINDS[k].place].weigh(KINDS[k])) for k in kind]
    )
    days_ago = np.array([12, 33, 75, 150, 260][:_BOUNCED])
    # Reported on a working morning, so that both returns come before the end of the history.
    at = np.array([
        find_midnight(as_of - timedelta(days=int(d))) + (9 + rng.uniform(0, 2)) * HOUR_S for d in days_ago
    ])  # fmt: skip
    reports = make_reports(kind, spot, at, returns=2)
    reports.plant = BOUNCED + np.arange(len(kind))
    return reports


def mark_campaigns(reports: Reports) -> np.ndarray:
    """Return the position of the campaign each case was settled in, -1 for none."""
    inside = (reports.plant >= CAMPAIGN) & (reports.plant < RETURNED)
    return np.where(inside, (reports.plant - CAMPAIGN) // 100, -1)
