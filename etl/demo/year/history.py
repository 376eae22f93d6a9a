"""A year of a community: its incidents as they were reported, handled and described, and its visits."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from etl.demo.people import DEPARTMENTS, People
from etl.demo.town.merchants import Merchant
from etl.demo.town.town import Town
from etl.demo.year.clock import HOUR_S
from etl.demo.year.handling import Desk, Handling, handle_reports
from etl.demo.year.incidents import Floats, Ints, Reports, draw_reports, draw_sources, gather, spread_out
from etl.demo.year.mixture import KINDS, read_categories
from etl.demo.year.plants import Plants, mark_campaigns, plant_cases
from etl.demo.year.spots import gather_pools
from etl.demo.year.visits import Visits, make_visits

_DEPARTMENT_OF = {word: key for key, (_, word) in DEPARTMENTS.items()}
_URGENT = {"E406", "E1104", "E905", "E605"}
_HIGH = {"E401", "E403", "E404", "E405", "E502", "E601", "E608", "E1101", "E1102", "E1103", "E1105", "E1001"}


@dataclass(frozen=True)
class History:
    """Everything that happened, columns in order of reporting; positions refer to the town's lists."""

    reports: Reports
    external_id: NDArray[Any]
    source_system: NDArray[Any]
    source: NDArray[np.str_]
    request_kind: NDArray[Any]
    category: NDArray[Any]
    severity: NDArray[Any]
    sensitivity: NDArray[Any]
    title: NDArray[Any]
    address: NDArray[Any]
    quality: NDArray[Any]
    x: Floats
    y: Floats
    building: Ints
    compound: Ints
    grid: Ints
    merchant: Ints
    campaign: Ints
    handling: Handling
    visits: Visits
    plants: Plants


def live_through(
    town: Town, people: People, merchants: list[Merchant], silent: frozenset[int], as_of: date
) -> History:
    """Return the twelve months before a day."""
    site = town.site
    pools = gather_pools(town, merchants, silent)
    planted, plants = plant_cases(town, pools, as_of, site.make_rng("plants"))
    reports = draw_reports(site.program, pools, as_of, site.make_rng("reports")).add(planted)
    spread_out(reports, pools, site.make_rng("spread"))
    reports = reports.take(np.lexsort((reports.spot, reports.kind, reports.at)))
    source = draw_sources(reports, site.make_rng("sources"))
    code = np.array([kind.code for kind in KINDS])[reports.kind]
    columns: dict[str, Any] = {
        name: gather(reports, pools, name) for name in ("x", "y", "building", "compound", "grid", "merchant")
    }
    desk = _staff_desk(town, people, columns, code, source, site.make_rng("desk"))
    facts = read_categories()
    quality = np.array([pools[kind.place].quality for kind in KINDS], dtype=object)[reports.kind]
    address = gather(reports, pools, "address")
    return History(
        reports=reports,
        external_id=_number_cases(site.code, reports, source),
        source_system=np.where(source == "hotline_12345", "12345", "wangge").astype(object),
        source=source,
        request_kind=_ask_for(code, source),
        category=code.astype(object),
        severity=np.where(
            np.isin(code, list(_URGENT)), "urgent", np.where(np.isin(code, list(_HIGH)), "high", "normal")
        ).astype(object),
        sensitivity=np.array([facts[kind.code].sensitivity for kind in KINDS], dtype=object)[reports.kind],
        title=_write_titles(town, reports, columns),
        address=address,
        quality=quality,
        **columns,
        campaign=mark_campaigns(reports),
        handling=handle_reports(reports, desk, as_of, source, site.make_rng("handling")),
        visits=make_visits(town, people, len(merchants), silent, as_of),
        plants=plants,
    )


def _staff_desk(
    town: Town, people: People, columns: dict[str, Any], code: NDArray[np.str_], source: NDArray[np.str_],
    rng: np.random.Generator,
) -> Desk:  # fmt: skip
    """Say who found each case, who sits at the desk, whose job it is and who else it might be."""
    count = len(code)
    staff = np.array(people.staff)
    department = {word: people.find(f"{town.site.code}-{key}") for word, key in _DEPARTMENT_OF.items()}
    committee = people.find(f"{town.site.code}-RC")
    by_building = np.array([people.staff_of.get(i, -1) for i in range(len(town.buildings))] + [-1])
    of_grid = np.full(len(town.grid_plan.grids) + 1, -1)
    for g, grid in enumerate(town.grid_plan.grids):
        held = [people.staff_of[b] for b in grid.buildings if b in people.staff_of]
        of_grid[g] = max(set(held), key=lambda p: (held.count(p), -p)) if held else -1
    worker = np.where(
        by_building[columns["building"]] >= 0, by_building[columns["building"]], of_grid[columns["grid"]]
    )
    worker = np.where(worker >= 0, worker, rng.choice(staff, count))
    company_of = np.array([people.company_of.get(i, -1) for i in range(len(town.compounds))] + [-1])
    company = company_of[columns["compound"]]
    leads = [read_categories()[kind.code].leads or ("社",) for kind in KINDS]
    code_at = {kind.code: i for i, kind in enumerate(KINDS)}
    position = np.array([code_at[c] for c in code])

    def resolve(words: list[str]) -> Ints:
        named = np.array(words)[position]
        party = np.full(count, committee)
        for word, organisation in department.items():
            party[named == word] = organisation
        party = np.where(named == "社", worker, party)
        # Where there is no property company, sanitation or the worker does what it would do.
        instead = np.where((columns["compound"] < 0), department["环卫"], worker)
        return np.where(named == "物", np.where(company >= 0, company, instead), party)

    first = resolve([lead[0] for lead in leads])
    other = resolve([lead[1] if len(lead) > 1 else "街" for lead in leads])
    swap = rng.random(count) < 0.22
    lead, second = np.where(swap, other, first), np.where(swap, first, other)
    second = np.where(second == lead, department["街"], second)
    second = np.where(second == lead, committee, second)
    found_by_worker = np.isin(source, ("patrol", "wechat_group", "courier"))
    desk = rng.choice(staff[: max(2, len(staff) // 4)], count)
    finder = np.where(found_by_worker, worker, desk)
    finder = np.where(source == "walk_in", rng.choice(staff, count), finder)
    return Desk(finder, desk, lead, second, np.array(sorted(set(people.company_of.values()))))


def _number_cases(site_code: str, reports: Reports, source: NDArray[np.str_]) -> NDArray[Any]:
    """A case has its number from the system it came from: the day it was reported, and a running number."""
    days = [datetime.fromtimestamp(at + 8 * HOUR_S, UTC).strftime("%Y%m%d") for at in reports.at.tolist()]
    prefix = np.where(source == "hotline_12345", f"12345-{site_code}", site_code).tolist()
    return np.array(
        [f"{p}-{day}-{n:05d}" for n, (p, day) in enumerate(zip(prefix, days, strict=True), start=1)],
        dtype=object,
    )


def _ask_for(code: NDArray[np.str_], source: NDArray[np.str_]) -> NDArray[Any]:
    asked = np.where(
        np.isin(code, ("E1201", "E1202", "E1005", "E1203")), "enquiry",
        np.where(np.char.startswith(code, "E10") & (np.char.str_len(code) == 5), "help", "complaint"),
    ).astype(object)  # fmt: skip
    asked[source == "patrol"] = None
    return asked


def _write_titles(town: Town, reports: Reports, columns: dict[str, Any]) -> NDArray[Any]:
    names = np.array([b.name for b in town.buildings] + ["路段"], dtype=object)
    facts = read_categories()
    short = np.array([facts[kind.code].name.split("/")[0].split("、")[0] for kind in KINDS], dtype=object)
    # A sealed or sensitive case says nothing in its title that its category does not.
    quiet = np.array([facts[kind.code].sensitivity == "S3" for kind in KINDS])[reports.kind]
    return np.where(quiet, short[reports.kind], names[columns["building"]] + " " + short[reports.kind])
