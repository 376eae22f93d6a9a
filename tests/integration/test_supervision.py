"""The supervision phone: one for each community, set by its keepers, noted in the log."""

import psycopg2.errors
import pytest

from geo.errors import Forbidden, InputRefused, NotFound
from geo.model.actor import Actor, Role
from geo.operations.supervision import read_supervision_phone, set_supervision_phone
from geo.store.engine import acting_as, transaction
from tests.plan_town import PlanTown


@pytest.fixture
def town(database_url: str) -> PlanTown:
    return PlanTown(database_url)


@pytest.mark.parametrize("role", ["secretary", "administrator"])
def test_a_community_has_its_own_number_and_the_log_says_who_set_it(town: PlanTown, role: Role) -> None:
    with acting_as(town.actor(role=role)):
        assert read_supervision_phone(town.id) == "12345"
        set_supervision_phone(town.id, "  0571-8888 1234 ")
        assert read_supervision_phone(town.id) == "0571-8888 1234"
    assert town.run("SELECT supervision_phone FROM community WHERE id = %s", town.elsewhere) == [("12345",)]
    (log,) = town.run("SELECT account_id, details FROM audit_log WHERE action = 'community_changed'")
    assert log == (1, {"supervision_phone": {"from": "12345", "to": "0571-8888 1234"}})


@pytest.mark.parametrize("phone", ["", "12", "call us", "12345; <b>", "1" * 21, "１２３４５"])
def test_what_is_no_number_is_refused(town: PlanTown, phone: str) -> None:
    with acting_as(town.actor()), pytest.raises(InputRefused):
        set_supervision_phone(town.id, phone)
    assert town.run("SELECT DISTINCT supervision_phone FROM community") == [("12345",)]


def test_nobody_else_sets_it(town: PlanTown) -> None:
    for role in ("grid_worker", "leader"):
        with acting_as(town.actor(role=role)), pytest.raises(Forbidden):
            set_supervision_phone(town.id, "110")
    elsewhere = Actor(account_id=1, role="secretary", community_ids=(town.elsewhere,))
    with acting_as(elsewhere), pytest.raises(NotFound):
        set_supervision_phone(town.id, "110")
    # Past the operation, the database refuses too: other rows, and other columns.
    for actor in (town.actor(role="grid_worker"), elsewhere):
        with acting_as(actor), transaction() as connection, connection.cursor() as cursor:
            cursor.execute("UPDATE community SET supervision_phone = '110' WHERE id = %s", (town.id,))
            assert cursor.rowcount == 0, actor.role
    with (
        acting_as(town.actor()),
        pytest.raises(psycopg2.errors.InsufficientPrivilege),
        transaction() as connection,
    ):
        connection.cursor().execute("UPDATE community SET name = 'mine'")
