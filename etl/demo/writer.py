"""One community's rows, table by table, in the order their references ask for."""

from collections import Counter
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the driver names it so

from etl.demo.community import Community
from etl.demo.duties import list_duties
from etl.demo.history_rows import write_history
from etl.demo.people import Zone
from etl.demo.rows import Columns, copy_rows, pick, reserve_ids, write_list, write_shapes
from etl.demo.town.landscape import draw_landscape
from etl.demo.town.terrain import METRIC_EPSG

_THREE_NO = "无物业管理、无主管单位、无人防物防"
_HISTORY = timedelta(days=3 * 365)
# From so many households on a building has a chat group; of two in a home most are in it.
_HOUSEHOLDS_OF_A_GROUP = 20
_MEMBERS_PER_HOUSEHOLD = 1.7
# Shares of compounds with an owners' committee, and of buildings whose record was ever verified.
_COMMITTEES = 0.6
_VERIFIED = 0.85

Ids = NDArray[np.int64]


class Writer:
    """Writes one community into the open transaction of a cursor."""

    def __init__(self, cursor: Cursor, community: Community) -> None:
        self._cursor = cursor
        self._community = community
        self._town = community.town
        self._began = community.as_of - _HISTORY
        self._community_id = 0

    def write(self) -> None:
        """Write every row of the community."""
        self._write_community()
        self._write_ground()
        parties = self._write_parties()
        self._write_duties(parties)
        compounds = self._write_compounds(parties)
        buildings = self._write_buildings(compounds)
        self._write_chat_groups(buildings)
        grids = self._write_grids()
        self._write_zones(parties, buildings)
        merchants = self._write_merchants(buildings)
        ids = {
            "party": parties, "compound": compounds, "building": buildings, "grid": grids,
            "merchant": merchants, "campaign": self._write_campaigns(),
        }  # fmt: skip
        write_history(self._cursor, self._community_id, self._community, ids)

    def _copy(self, table: str, columns: Columns) -> Ids:
        """Write rows with ids of our own and return these."""
        count = len(next(iter(columns.values())))
        ids = reserve_ids(self._cursor, table, count)
        if count:
            copy_rows(
                self._cursor, table, {"id": ids, "community_id": [self._community_id] * count} | columns
            )
        return ids

    def _write_community(self) -> None:
        site = self._town.site
        self._cursor.execute(
            "INSERT INTO community (code, name, subdistrict, is_demo, metric_epsg, geom) "
            "VALUES (%s, %s, '演示街道', true, %s, CAST(%s AS geometry)) RETURNING id",
            (
                site.code, site.name, METRIC_EPSG,
                write_shapes([self._town.plan.extent], multi=True)[0],
            ),
        )  # fmt: skip
        row = self._cursor.fetchone()
        assert row is not None  # noqa: S101 - RETURNING gave one
        self._community_id = row[0]

    def _write_ground(self) -> None:
        features = draw_landscape(self._town)
        self._copy(
            "ground_feature",
            {
                "kind": [f.kind for f in features],
                "name": [f.name for f in features],
                "width_m": [f.width_m for f in features],
                "geom": write_shapes([f.shape for f in features]),
            },
        )

    def _write_parties(self) -> Ids:
        parties = self._community.people.parties
        began = [self._began] * len(parties)
        ids = self._copy(
            "party",
            {
                "kind": [p.kind for p in parties],
                "code": [p.code for p in parties],
                "name": [p.name for p in parties],
                "active_from": began,
            },
        )
        people = [i for i, p in enumerate(parties) if p.full_name]
        copy_rows(
            self._cursor,
            "party_contact",
            {
                "party_id": ids[people],
                "community_id": [self._community_id] * len(people),
                "full_name": [parties[i].full_name for i in people],
                "mobile_phone": [f"1000000{i:04d}" for i in people],
            },
        )
        posts = [(i, title) for i, p in enumerate(parties) for title in p.titles]
        self._copy(
            "post",
            {
                "party_id": ids[[i for i, _ in posts]],
                "title": [title for _, title in posts],
                "valid_from": [self._began] * len(posts),
            },
        )
        members = [i for i, p in enumerate(parties) if p.organisation >= 0]
        self._copy(
            "membership",
            {
                "member_id": ids[members],
                "organisation_id": ids[[parties[i].organisation for i in members]],
                "role": [parties[i].role for i in members],
                "valid_from": [self._began] * len(members),
            },
        )
        return ids

    def _write_duties(self, parties: Ids) -> None:
        duties = list_duties(self._community.people, self._town.site.code)
        self._copy(
            "duty_rule",
            {
                # With room for rules in between.
                "position": [10 * n for n in range(1, len(duties) + 1)],
                "category_code": [d.category for d in duties],
                "place_type": [d.place_type for d in duties],
                "lead_kind": [d.lead_kind for d in duties],
                "lead_party_id": pick(parties, [d.lead for d in duties]),
                "supervisor_party_id": pick(parties, [d.supervisor for d in duties]),
                "helper_party_id": pick(parties, [d.helper for d in duties]),
                "legal_basis": [d.basis for d in duties],
            },
        )

    def _write_compounds(self, parties: Ids) -> Ids:
        compounds = self._town.compounds
        company_of = self._community.people.company_of
        three_no = [c.program.is_three_no for c in compounds]
        return self._copy(
            "compound",
            {
                "code": [c.code for c in compounds],
                "name": [c.name for c in compounds],
                "type": [c.program.type for c in compounds],
                "management": ["none" if t else "property_company" for t in three_no],
                "address": [c.address for c in compounds],
                "has_property_management": [not t for t in three_no],
                "has_responsible_unit": [not t for t in three_no],
                "has_security": [not t for t in three_no],
                "three_no_definition": [_THREE_NO] * len(compounds),
                "three_no_reviewed_on": [self._community.as_of - timedelta(days=120)] * len(compounds),
                **self._list_committees(three_no),
                "property_company_id": pick(parties, [company_of.get(i, -1) for i in range(len(compounds))]),
                "geom": write_shapes([c.wall for c in compounds], multi=True),
            },
        )

    def _write_buildings(self, compounds: Ids) -> Ids:
        buildings = self._town.buildings
        return self._copy(
            "building",
            {
                "compound_id": pick(compounds, [b.compound for b in buildings]),
                "code": [b.code for b in buildings],
                "name": [b.name for b in buildings],
                "kind": [b.kind for b in buildings],
                "address": [b.address for b in buildings],
                "floors": [b.floors for b in buildings],
                "entrances": [b.entrances for b in buildings],
                "households": [b.households for b in buildings],
                "residents": [b.residents for b in buildings],
                "elderly": [b.elderly for b in buildings],
                "built_year": [b.built_year for b in buildings],
                "verified_on": self._list_verifications(len(buildings)),
                "geom": write_shapes([b.footprint for b in buildings], multi=True),
            },
        )

    def _list_committees(self, three_no: list[bool]) -> dict[str, list[object]]:
        """Return which compounds have an owners' committee and until when; every fourth term is over."""
        rng = self._town.site.make_rng("committees")
        has_one = [not bare and bool(rng.random() < _COMMITTEES) for bare in three_no]
        as_of = self._community.as_of
        until = [
            as_of + timedelta(days=(-200 if n % 4 == 3 else 90 * (n % 9 + 1))) if has else None
            for n, has in enumerate(has_one)
        ]
        return {"has_owners_committee": list(has_one), "owners_committee_until": list(until)}

    def _list_verifications(self, buildings: int) -> list[date | None]:
        """Return when each building's record was verified; of some nobody knows."""
        rng = self._town.site.make_rng("verifications")
        days = rng.integers(5, 420, buildings).tolist()
        known = (rng.random(buildings) < _VERIFIED).tolist()
        as_of = self._community.as_of
        return [
            as_of - timedelta(days=ago) if is_known else None
            for ago, is_known in zip(days, known, strict=True)
        ]

    def _write_chat_groups(self, buildings: Ids) -> None:
        built = self._town.buildings
        large = [n for n, b in enumerate(built) if b.households >= _HOUSEHOLDS_OF_A_GROUP]
        self._copy(
            "chat_group",
            {
                "code": [f"G{built[n].code}" for n in large],
                "name": [f"{built[n].name}邻里群" for n in large],
                "building_id": buildings[large],
                "members": [round(_MEMBERS_PER_HOUSEHOLD * built[n].households) for n in large],
            },
        )

    def _write_grids(self) -> Ids:
        grids = self._town.grid_plan.grids
        ids = reserve_ids(self._cursor, "grid", len(grids))
        copy_rows(
            self._cursor,
            "grid",
            {
                "id": ids,
                "community_id": [self._community_id] * len(grids),
                "kind": [g.kind for g in grids],
                "parent_id": pick(ids, [g.parent for g in grids]),
                "code": [g.code for g in grids],
                "name": [g.name for g in grids],
                "valid_from": [self._began] * len(grids),
                "geom": write_shapes([g.shape for g in grids], multi=True),
            },
        )
        return ids

    def _write_zones(self, parties: Ids, buildings: Ids) -> None:
        zones = self._community.people.zones
        kinds = list(Counter(zone.kind for zone in zones))
        since = self._community.as_of - timedelta(days=400)
        names = {
            "grid_worker": "网格员责任区方案",
            "party_branch": "党员责任区方案",
            "property": "物业管理区域",
        }
        plans = self._copy(
            "zone_plan",
            {
                "kind": kinds,
                "name": [names[k] for k in kinds],
                "state": ["published"] * len(kinds),
                "valid_from": [since] * len(kinds),
            },
        )
        plan_of = plans[[kinds.index(z.kind) for z in zones]]
        ids = self._copy(
            "zone",
            {
                "plan_id": plan_of,
                "code": [z.code for z in zones],
                "name": [z.name for z in zones],
                "colour": [z.colour for z in zones],
            },
        )
        holders = _list_holders(zones)
        self._copy(
            "zone_party",
            {
                "plan_id": plan_of[[n for n, *_ in holders]],
                "zone_id": ids[[n for n, *_ in holders]],
                "party_id": parties[[p for _, p, _, _ in holders]],
                "role": [role for _, _, role, _ in holders],
                "valid_from": [since] * len(holders),
                "valid_to": [until for _, _, _, until in holders],
            },
        )
        units = [(n, b) for n, zone in enumerate(zones) for b in zone.buildings]
        copy_rows(
            self._cursor,
            "zone_unit",
            {
                "plan_id": plan_of[[n for n, _ in units]],
                "building_id": buildings[[b for _, b in units]],
                "zone_id": ids[[n for n, _ in units]],
                "community_id": [self._community_id] * len(units),
            },
        )
        # From here on they stay as they are.
        self._cursor.execute(
            "UPDATE zone_plan SET published_at = valid_from WHERE community_id = %s", (self._community_id,)
        )

    def _write_merchants(self, buildings: Ids) -> Ids:
        merchants = self._community.merchants
        ids = self._copy(
            "merchant",
            {
                "building_id": pick(buildings, [m.building for m in merchants]),
                "code": [m.code for m in merchants],
                "name": [m.name for m in merchants],
                "category": [m.category for m in merchants],
                "address": [m.address for m in merchants],
                "partner_since": [m.partner_since for m in merchants],
                "geom": write_shapes([m.place for m in merchants]),
            },
        )
        offering = [i for i, m in enumerate(merchants) if m.offer]
        self._copy(
            "merchant_offer",
            {
                "merchant_id": ids[offering],
                "title": [merchants[i].offer for i in offering],
                "day_of_month": [9] * len(offering),
                "capacity": [20 + 5 * (i % 5) for i in offering],
            },
        )
        return ids

    def _write_campaigns(self) -> Ids:
        campaigns = self._community.history.plants.campaigns
        return self._copy(
            "campaign",
            {
                "kind": ["clean_up"] * len(campaigns),
                "code": [c.code for c in campaigns],
                "name": [c.name for c in campaigns],
                "category_codes": [write_list([c.category]) for c in campaigns],
                "starts_on": [c.starts_on for c in campaigns],
                "ends_on": [c.ends_on for c in campaigns],
                "geom": write_shapes([c.shape for c in campaigns], multi=True),
            },
        )


def _list_holders(zones: list[Zone]) -> list[tuple[int, int, str, date | None]]:
    """Return (zone, party, role, until) of every lead and backup."""
    holders: list[tuple[int, int, str, date | None]] = []
    for n, zone in enumerate(zones):
        holders.append((n, zone.lead, "lead", zone.lead_until))
        if zone.backup >= 0:
            holders.append((n, zone.backup, "backup", None))
    return holders
