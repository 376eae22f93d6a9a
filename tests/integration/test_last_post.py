"""Whoever has several posts finds the one taken last first."""

from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from geo.model.actor import NOBODY
from geo.operations.accounts import find_actor, list_grants, sign_in, sign_out, switch_grant
from geo.store.engine import acting_as
from tests.office import PASSWORD, add_account, add_post
from tests.town import Town


def test_the_post_taken_last_comes_first_at_the_next_sign_in(connection: PostgresConnection) -> None:
    town = Town(connection)
    account = add_account(town, "wang", "secretary")
    worker = add_post(town, account, "grid_worker")
    other = add_account(town, "li", "secretary")
    add_post(town, other, "grid_worker")
    connection.commit()
    with acting_as(NOBODY):
        token = sign_in("wang", PASSWORD)
        assert [grant.role for grant in list_grants(token)] == ["secretary", "grid_worker"]
        switch_grant(token, worker)
        sign_out(token)
        token = sign_in("wang", PASSWORD)
        assert [(g.role, g.is_current) for g in list_grants(token)] == [
            ("grid_worker", True),
            ("secretary", False),
        ]
        theirs = list_grants(sign_in("li", PASSWORD))
        assert [grant.role for grant in theirs] == ["secretary", "grid_worker"], "one's own choice alone"
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE role_grant SET valid_from = '2020-01-01', valid_to = current_date WHERE id = %s", [worker]
        )
    connection.commit()
    with acting_as(NOBODY):
        actor = find_actor(sign_in("wang", PASSWORD))
        assert actor is not None
        assert actor.role == "secretary", "a post that has ended is not come back to"
