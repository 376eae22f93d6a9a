"""Accounts to look at a demo as each role; their one password stands on the login page."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from argon2 import Type
from argon2.low_level import hash_secret
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from etl.demo.community import Community
from etl.demo.people import Party
from geo.model.actor import Role
from geo.operations.accounts import DEMO_PASSWORD
from geo.store.engine import load_queries

_WAITING: Final = ("dispatched", "handling")


@dataclass(frozen=True)
class _Post:
    """One post of the demo: whose login, as what, and the code of the party it acts for.

    ``party`` is empty for those above communities, who are granted all of them.
    """

    login: str
    role: Role
    name: str
    party: str = ""


def write_accounts(connection: PostgresConnection, program: str, community: Community) -> None:
    """Give one community of a programme its accounts, in place of the programme's accounts of before."""
    queries = load_queries("demo")
    code = community.town.site.code
    community_id = queries.find_demo(connection, code=code)
    for post in _list_posts(program.lower(), community):
        account_id = queries.put_account(
            connection, login=post.login, name=post.name, password_hash=_hash_alike(post.login)
        )
        if account_id is not None:
            queries.put_grant(
                connection,
                account_id=account_id,
                role=post.role,
                community_id=community_id if post.party else None,
                party=post.party or None,
            )


def find_busiest(community: Community, parties: Iterable[int]) -> list[Party]:
    """Return parties given by position, those first for whom the most is to be done on the day of the load.

    Of those for whom as much waits, the one with more cases handed in, then with more in the year, is first.
    """
    handling = community.history.handling
    state = handling.state.astype(str)
    waiting, handed_in, all_year = (
        Counter(handling.party[chosen].tolist())
        for chosen in (np.isin(state, _WAITING), state == "verifying", np.full(len(state), fill_value=True))
    )
    ranked = sorted(set(parties), key=lambda i: (-waiting[i], -handed_in[i], -all_year[i], i))
    return [community.people.parties[i] for i in ranked]


def _list_posts(prefix: str, community: Community) -> list[_Post]:
    people = community.people
    staff = [people.parties[i] for i in people.staff]
    leading = {zone.lead for zone in people.zones if zone.kind == "grid_worker" and zone.lead_until is None}
    workers = find_busiest(community, leading.intersection(people.staff[1:]))[:3]
    companies = find_busiest(community, people.company_of.values())[:2]
    return [
        _Post(f"{prefix}-secretary", "secretary", staff[0].full_name, staff[0].code),
        # One person, two posts, as is usual in a community.
        _Post(f"{prefix}-secretary", "grid_worker", staff[0].full_name, staff[0].code),
        *(
            _Post(f"{prefix}-worker{n}", "grid_worker", worker.full_name, worker.code)
            for n, worker in enumerate(workers, start=1)
        ),
        *(
            _Post(f"{prefix}-property{n}", "property_company", company.name, company.code)
            for n, company in enumerate(companies, start=1)
        ),
        _Post(f"{prefix}-leader", "leader", "街道领导"),
        _Post(f"{prefix}-admin", "administrator", "系统管理员"),
    ]


def _hash_alike(login: str) -> str:
    """Return the same hash at every load: a salt protects a password, and this one is no secret."""
    salt = login.encode().rjust(16, b"-")
    secret = DEMO_PASSWORD.encode()
    return hash_secret(
        secret, salt, time_cost=2, memory_cost=19 * 1024, parallelism=1, hash_len=32, type=Type.ID
    ).decode()
