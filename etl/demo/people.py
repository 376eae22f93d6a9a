"""Parties: staff, party branches and their members, companies, departments; and who holds what."""

from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np

from etl.demo.names import PROPERTY_WORDS, draw_names, draw_people
from etl.demo.town.town import Town
from geo.zoning.colouring import HUES, pair_neighbours, settle_colours
from geo.zoning.problem import NO_ZONE

_NUMERALS = "一二三四五六七八九十"
DEPARTMENTS = {
    # code: (name, what the duty matrix calls it)
    "CG": ("城市管理执法中队", "城"),
    "JD": ("街道办事处", "街"),
    "PC": ("派出所", "警"),
    "XF": ("消防救援站", "消"),
    "HW": ("环境卫生所", "环卫"),
    "GD": ("公用事业服务所", "专"),
}


@dataclass(frozen=True)
class Party:
    """One party; members carry the position of their organisation, -1 for none."""

    kind: str
    code: str
    name: str
    full_name: str = ""
    titles: tuple[str, ...] = ()
    organisation: int = -1
    role: str = "member"


@dataclass(frozen=True)
class Zone:
    """One zone of a plan: the buildings in it and the party that leads it, until when if no longer."""

    kind: str
    code: str
    name: str
    colour: str
    buildings: tuple[int, ...]
    lead: int
    backup: int = -1
    lead_until: date | None = None


@dataclass(frozen=True)
class People:
    """All parties and zones; positions refer to the town's lists and to ``parties``."""

    parties: list[Party]
    zones: list[Zone]
    company_of: dict[int, int]
    staff_of: dict[int, int]
    unheld: tuple[int, ...]

    def find(self, code: str) -> int:
        """Return the position of the party with this code."""
        return next(i for i, party in enumerate(self.parties) if party.code == code)

    @property
    def staff(self) -> list[int]:
        """Positions of the staff."""
        return [i for i, party in enumerate(self.parties) if party.kind == "staff"]


def _number(n: int) -> str:
    if n <= 10:
        return _NUMERALS[n - 1]
    return ("" if n < 20 else _NUMERALS[n // 10 - 1]) + "十" + (_NUMERALS[n % 10 - 1] if n % 10 else "")


def gather_people(town: Town, as_of: date) -> People:
    """Return the community's parties and its zone plans on a day."""
    site, program = town.site, town.site.program
    rng = site.make_rng("people")
    code = site.code
    parties = [Party("residents_committee", f"{code}-RC", f"{code}社区居民委员会")]
    names = draw_people(program.staff + program.party_members, rng)
    for n in range(1, program.staff + 1):
        titles = ("officer", "grid_worker") + (("secretary",) if n == 1 else ("grid_lead",) if n <= 4 else ())
        parties.append(Party("staff", f"{code}-S{n:02d}", f"专干兼网格员{n:02d}", names[n - 1], titles))
    branches = []
    for n in range(1, program.party_branches + 1):
        branches.append(len(parties))
        parties.append(Party("party_branch", f"{code}-B{n:02d}", f"第{_number(n)}党支部"))
    for n in range(program.party_members):
        branch, place = n % program.party_branches, n // program.party_branches
        parties.append(
            Party(
                "party_member",
                f"{code}-PM{n + 1:03d}",
                f"党员{n + 1:03d}",
                names[program.staff + n],
                organisation=branches[branch],
                role="lead" if place == 0 else "deputy" if place == 1 else "member",
            )
        )
    managed = [i for i, compound in enumerate(town.compounds) if not compound.program.is_three_no]
    company_of = {}
    companies = draw_names(PROPERTY_WORDS, len(managed), rng)
    for n, (compound, name) in enumerate(zip(managed, companies, strict=True), start=1):
        company_of[compound] = len(parties)
        parties.append(Party("property_company", f"{code}-W{n:02d}", name))
    parties += [Party("department", f"{code}-{key}", name) for key, (name, _) in DEPARTMENTS.items()]
    teams = ("楼道驿站志愿队", "夜间巡逻志愿队", "助老志愿队", "环境劝导志愿队")
    parties += [Party("volunteer_team", f"{code}-V{n}", name) for n, name in enumerate(teams, start=1)]
    societies = ("邻里互助会", "助老服务中心")
    parties += [
        Party("social_organisation", f"{code}-O{n}", name) for n, name in enumerate(societies, start=1)
    ]
    return _share_zones(town, as_of, parties, branches, company_of, rng)


def _share_zones(
    town: Town,
    as_of: date,
    parties: list[Party],
    branches: list[int],
    company_of: dict[int, int],
    rng: np.random.Generator,
) -> People:
    """Share the buildings among staff, branches and companies, leaving the planted ones with nobody."""
    code = town.site.code
    staff = [i for i, party in enumerate(parties) if party.kind == "staff"]
    vacant, left_out = _choose_unheld(town, rng)
    vacant_homes = town.grid_plan.grids[vacant].buildings
    unheld = tuple(sorted({*vacant_homes, *left_out}))
    shares = _share_grids(town, len(staff), vacant)
    zones: list[Zone] = []
    staff_of: dict[int, int] = {}
    for n, share in enumerate(shares):
        mine = tuple(b for b in share if b not in left_out)
        staff_of |= dict.fromkeys(share, staff[n])
        zones.append(
            Zone(
                "grid_worker", f"{code}-Z{n + 1:02d}", f"第{n + 1}责任区", HUES[n % 12], mine,
                staff[n], staff[(n + 1) % len(staff)],
            )
        )  # fmt: skip
    # The worker of this zone went to another grid and nobody came after.
    ended = as_of - timedelta(days=41)
    gone = staff[-1]
    n = len(shares) + 1
    zones.append(
        Zone(
            "grid_worker", f"{code}-Z{n:02d}", f"第{n}责任区", HUES[(n - 1) % 12], vacant_homes,
            gone, lead_until=ended,
        )
    )  # fmt: skip
    staff_of |= dict.fromkeys(vacant_homes, gone)
    for n, share in enumerate(_share_grids(town, len(branches), vacant)):
        mine = tuple(b for b in share if b not in unheld)
        zones.append(
            Zone(
                "party_branch",
                f"{code}-DZ{n + 1:02d}",
                f"第{_number(n + 1)}党员责任区",
                HUES[n % 12],
                mine,
                branches[n],
            )
        )
    for n, (compound, company) in enumerate(company_of.items()):
        mine = tuple(i for i, b in enumerate(town.buildings) if b.compound == compound and i not in unheld)
        name = f"{town.compounds[compound].name}物业区"
        zones.append(Zone("property", f"{code}-WZ{n + 1:02d}", name, HUES[n % 12], mine, company))
    return People(parties, _part_colours(town, zones), company_of, staff_of, unheld)


def _part_colours(town: Town, zones: list[Zone]) -> list[Zone]:
    """Give zones of a kind that lie side by side different colours."""
    points = np.asarray([building.footprint.centroid.coords[0] for building in town.buildings])
    colours: dict[int, str] = {}
    for kind in {zone.kind for zone in zones}:
        drawn = {n: zone for n, zone in enumerate(zones) if zone.kind == kind}
        holder = np.full(len(points), NO_ZONE, np.int64)
        for n, zone in drawn.items():
            holder[list(zone.buildings)] = n
        neighbours = pair_neighbours(points, holder)
        colours |= settle_colours({n: zone.colour for n, zone in drawn.items()}, neighbours)
    return [replace(zone, colour=colours.get(n, zone.colour)) for n, zone in enumerate(zones)]


def _choose_unheld(town: Town, rng: np.random.Generator) -> tuple[int, set[int]]:
    """Return the grid whose worker has left, and the buildings that were forgotten elsewhere."""
    grids = town.grid_plan.grids
    parents = {g.parent for g in grids if g.parent >= 0}
    special = {b for g in grids if g.kind == "exclusive" for b in g.buildings}
    community = [
        i for i, g in enumerate(grids)
        if g.kind == "community" and i not in parents and not special & set(g.buildings)
    ]  # fmt: skip
    vacant = min(community, key=lambda i: (len(grids[i].buildings), i))
    elsewhere = [
        b for i in community if i != vacant for b in grids[i].buildings if town.buildings[b].use == "compound"
    ]
    left_out = rng.choice(np.array(elsewhere), town.site.program.left_out_buildings, replace=False)
    return vacant, set(left_out.tolist())


def _share_grids(town: Town, parts: int, vacant: int) -> list[list[int]]:
    """Share the grids' buildings in ``parts`` runs along the grids' numbers, even by households.

    Buildings without a grid go with the grid nearest to them: somebody knows them although no map does.
    """
    grids = [g for i, g in enumerate(town.grid_plan.grids) if g.kind == "community" and i != vacant]
    members = [list(g.buildings) for g in grids]
    for b in town.grid_plan.uncovered:
        here = town.buildings[b].footprint
        members[int(np.argmin([g.shape.distance(here) for g in grids]))].append(b)
    homes = np.array([sum(town.buildings[b].households for b in m) for m in members], dtype=float)
    middle = (np.cumsum(homes) - homes / 2) / homes.sum()
    part = np.minimum((middle * parts).astype(int), parts - 1)
    # Nobody goes without: an empty part takes the nearest grid of a part that has two.
    for p in range(parts):
        if not (part == p).any():
            spare = [i for i in range(len(part)) if (part == part[i]).sum() > 1]
            part[min(spare, key=lambda i: abs(i / len(part) - p / parts))] = p
    return [sorted(b for i in np.flatnonzero(part == p) for b in members[i]) for p in range(parts)]
