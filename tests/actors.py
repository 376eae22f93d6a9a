"""Who acts in a test, without signing in: somebody of a role in some communities."""

from contextlib import closing

import psycopg2

from geo.model.actor import Actor, Role


def make_actor(*community_ids: int, role: Role = "secretary", party_id: int | None = None) -> Actor:
    """Return somebody who may see these communities."""
    return Actor(
        account_id=1, role=role, community_ids=tuple(sorted(community_ids)), party_id=party_id, name="王"
    )


def find_secretary(url: str) -> Actor:
    """Return a secretary of every community that a database has now."""
    try:
        with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT id FROM community")
            return make_actor(*(place for (place,) in cursor.fetchall()))
    except psycopg2.OperationalError:
        return make_actor()
