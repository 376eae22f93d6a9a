"""Row-level security leaves the indexes of use: what it cannot look behind, it would make a reader scan."""

import pytest

from geo.model.actor import ROLES
from tests.trust import Session, Worlds

# What is asked, and the condition that an index must answer.
LOOK_UPS = {
    "SELECT state FROM incident WHERE id = 1": "(id = 1)",
    "SELECT 1 FROM incident WHERE community_id = 1 AND is_open ORDER BY due_at LIMIT 9": "(community_id = 1)",
    "SELECT id FROM incident WHERE building_id = 1 ORDER BY reported_at DESC": "(building_id = 1)",
    "SELECT id FROM incident WHERE party_id = 1 ORDER BY due_at": "(party_id = 1)",
    "SELECT id FROM incident WHERE geom && ST_MakeEnvelope(120, 32, 120.001, 32.001, 4490)": "(geom && ",
    "SELECT id FROM shown_incident WHERE id = 1": "(id = 1)",
    "SELECT id FROM shown_incident WHERE community_id = 1 ORDER BY reported_at LIMIT 9": "(community_id = 1)",
    "SELECT title FROM case_words WHERE incident_id = 1": "(id = 1)",
    "SELECT at FROM incident_event WHERE incident_id = 1": "(incident_id = 1)",
    "SELECT id FROM building WHERE id = 1": "(id = 1)",
    "SELECT max(at) FROM visit WHERE building_id = 1": "(building_id = 1)",
}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("look_up", LOOK_UPS)
def test_an_index_answers(look_up: str, role: str, worlds: Worlds, session: Session) -> None:
    session.tell(worlds.a.settings(role))
    # The few rows here would be read as fast without an index.
    for way in ("seqscan", "bitmapscan", "sort"):
        session.ask(f"SET LOCAL enable_{way} = off")
    plan = session.column(f"EXPLAIN {look_up}")
    conditions = [line for line in plan if "Index Cond:" in line]
    assert any(LOOK_UPS[look_up] in line for line in conditions), "\n".join(plan)
    assert not any("Seq Scan on incident " in line for line in plan), "\n".join(plan)
    # The first nine come in the index's order, not after all have been gathered.
    assert not any("Sort" in line for line in plan if "LIMIT" in look_up), "\n".join(plan)


def test_what_the_policies_ask_is_planned_once_a_session(session: Session) -> None:
    # In SQL it would be planned with each call, for it asks as the owner: thirty times the work.
    asked = "'app_buildings', 'app_compounds', 'sealed_categories'"
    languages = session.column(
        "SELECT l.lanname FROM pg_proc AS p JOIN pg_language AS l ON l.oid = p.prolang "
        f"WHERE p.proname IN ({asked}) AND p.prosecdef"
    )
    assert languages == ["plpgsql"] * 3
