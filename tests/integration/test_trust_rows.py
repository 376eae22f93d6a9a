"""What the application's role reads and writes: relation by relation, role by role, from one table.

A relation that is not in the table fails the test: decide who may see it, and write that down here.
"""

from dataclasses import dataclass

import psycopg2
import psycopg2.errors
import pytest

from geo.model.actor import ROLES
from tests.trust import Session, World, Worlds

Rows = tuple[int, int, int, int, int, int]
# By the order of ROLES: secretary, grid worker, leader, property company, wall, administrator.
NOBODY: Rows = (0, 0, 0, 0, 0, 0)
CASES: Rows = (8, 5, 4, 1, 0, 4)
WORDS: Rows = (4, 3, 0, 1, 0, 0)
# Names and numbers that belong to no community.
PUBLIC = "public"


def everybody(rows: int) -> Rows:
    """All but whatever hangs on a wall, which reads nothing."""
    return (rows, rows, rows, rows, 0, rows)


@dataclass(frozen=True)
class Rule:
    """Who may do what with a relation.

    Attributes:
        rows: how many of the rows of their own community each role sees; of another's nobody sees any.
        hidden: columns that nobody reads.
        inserts: columns that can be given in an INSERT, subject to the row rules tested further down.
        updates: columns that can be changed, subject to the same.
        is_kept: whether rows are updated and deleted too.
    """

    rows: Rows | str
    hidden: frozenset[str] = frozenset()
    inserts: frozenset[str] = frozenset()
    updates: frozenset[str] = frozenset()
    is_kept: bool = False


def hide(names: str) -> frozenset[str]:
    return frozenset(names.split())


ALL = hide("*")
DUTY = hide(
    "position category_code place_type lead_kind lead_party_id supervisor_party_id helper_party_id "
    "deadline_amount deadline_unit legal_basis"
)

RULES = {
    # Places
    "community": Rule(everybody(1), updates=hide("supervision_phone")),
    "ground_feature": Rule(everybody(1)),
    "grid": Rule(everybody(2)),
    "compound": Rule((2, 2, 2, 1, 0, 2)),
    "building": Rule((2, 2, 2, 1, 0, 2)),
    "building_grid": Rule((2, 2, 2, 1, 0, 2)),
    "merchant": Rule((2, 2, 2, 1, 0, 2)),
    "merchant_offer": Rule((2, 2, 2, 1, 0, 2)),
    "building_hexagon": Rule((2, 2, 2, 0, 0, 2)),
    # Parties: party members and volunteers are nobody's business outside.
    "party": Rule((7, 7, 7, 6, 0, 7)),
    "post": Rule((1, 1, 1, 0, 0, 1)),
    "membership": Rule((1, 1, 1, 0, 0, 1)),
    "party_contact": Rule(NOBODY, ALL),
    "party_card": Rule((3, 3, 3, 2, 0, 3)),
    # Responsibility
    "zone_plan": Rule((2, 1, 1, 1, 0, 1), inserts=ALL, is_kept=True),
    "zone": Rule((3, 2, 2, 2, 0, 2), inserts=ALL, is_kept=True),
    "zone_party": Rule((3, 2, 2, 2, 0, 2), inserts=ALL, is_kept=True),
    "zone_unit": Rule((3, 2, 2, 1, 0, 2), inserts=ALL, is_kept=True),
    "zone_gap": Rule((2, 1, 1, 1, 0, 1), inserts=ALL, is_kept=True),
    "zone_step": Rule((1, 0, 0, 0, 0, 0), inserts=ALL, updates=ALL),
    "absence": Rule(
        everybody(1),
        hide("reason note created_by created_at"),
        hide("community_id party_id valid_from valid_to reason note stand_in_id"),
        hide("valid_to"),
    ),
    "absence_cover": Rule((1, 1, 1, 0, 0, 1), inserts=ALL),
    "absence_card": Rule((1, 0, 0, 0, 0, 0)),
    "absence_case": Rule((1, 0, 1, 0, 0, 0), inserts=ALL, is_kept=True),
    "duty_rule": Rule(everybody(1), inserts=DUTY | hide("community_id"), updates=DUTY),
    "community_calendar": Rule(everybody(1), inserts=ALL, is_kept=True),
    "calendar_day": Rule(everybody(1), inserts=ALL, is_kept=True),
    "community_category": Rule(everybody(1), inserts=ALL, is_kept=True),
    "chat_group": Rule((1, 1, 1, 0, 0, 1), inserts=ALL, is_kept=True),
    "workload_weight": Rule((1, 1, 1, 0, 0, 1), inserts=ALL, is_kept=True),
    "recheck_setting": Rule((1, 1, 1, 0, 0, 1), inserts=ALL, is_kept=True),
    "score_template": Rule((1, 1, 1, 0, 0, 1), inserts=ALL, is_kept=True),
    "place_alias": Rule((1, 1, 1, 0, 0, 1), inserts=ALL, is_kept=True),
    "category_weight": Rule((1, 1, 1, 0, 0, 1), inserts=ALL, is_kept=True),
    # Cases
    "incident": Rule(
        CASES,
        hide("title description address import_batch_id"),
        hide(
            "community_id category_code source request_kind severity sensitivity title description address "
            "geom geocode_quality building_id compound_id grid_id merchant_id party_id duty_rule_id "
            "reported_at due_at client_id"
        ),
    ),
    "counted_case": Rule((4, 4, 4, 1, 0, 4)),
    "shown_incident": Rule((4, 4, 4, 1, 0, 4)),
    "case_words": Rule(WORDS),
    "incident_event": Rule(
        (17, 11, 9, 2, 0, 9),
        hide("note evidence payload expected_version"),
        hide(
            "incident_id move expected_version reason note to_party_id suggested_party_id due_at "
            "original_due_at outcome rating payload"
        ),
    ),
    "case_notes": Rule((9, 7, 0, 2, 0, 0)),
    "case_corrections": Rule((1, 1, 0, 0, 0, 0)),
    "incident_photo": Rule(WORDS),
    "incident_requester": Rule(NOBODY, ALL, ALL),
    "requester_card": Rule((4, 3, 0, 0, 0, 0)),
    "incident_hexagon": Rule((2, 2, 2, 0, 0, 2)),
    "relapse": Rule(NOBODY),
    "bounce": Rule((8, 5, 4, 1, 0, 4)),
    "unanswered_whistle": Rule((8, 5, 4, 1, 0, 4)),
    "visit": Rule((1, 1, 1, 0, 0, 1), hide("note"), ALL),
    "inspection_template": Rule((1, 1, 1, 0, 0, 1), inserts=ALL, is_kept=True),
    "campaign": Rule(everybody(1)),
    "saved_view": Rule(everybody(1), inserts=ALL, is_kept=True),
    # Accounts
    "account": Rule((1, 1, 1, 1, 1, 6), hide("password_hash failed_attempts oidc_subject last_grant_id")),
    "role_grant": Rule((1, 1, 1, 1, 1, 6)),
    "sign_in": Rule(NOBODY, ALL),
    "access_token": Rule(NOBODY, ALL),
    "audit_log": Rule((0, 0, 0, 0, 0, 1)),
    # Imports
    "import_batch": Rule((1, 0, 0, 0, 0, 1)),
    "import_history": Rule((1, 0, 0, 0, 0, 1)),
    "import_job": Rule(
        (1, 0, 0, 0, 0, 1),
        inserts=hide("id community_id account_id file_name state options"),
        updates=hide("state options problem progress changed_at"),
    ),
    "import_source": Rule(NOBODY, ALL),
    "import_rejection": Rule(NOBODY, ALL),
    "import_change": Rule(NOBODY, ALL),
    # The owner's own
    **dict.fromkeys(
        (
            "seen_incident", "mapped_incident", "grant_in_force", "access_token_in_force", "layer_touch",
            "incident_change",
        ),
        Rule(NOBODY, ALL),
    ),
    # Words and numbers that name nobody and no place
    **dict.fromkeys(
        (
            "category", "category_national_code", "national_code", "mapped_category", "workflow_move",
            "alembic_version", "layer_version", "hexagon_version",
        ),
        Rule(PUBLIC),
    ),
}  # fmt: skip

_OURS = "NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.objid = o.oid AND d.deptype = 'e')"


def list_columns(owner: Session, relation: str, right: str) -> set[str]:
    """Return the columns of a relation on which the application has a right, generated ones included."""
    return set(
        owner.column(
            "SELECT attname FROM pg_attribute WHERE attrelid = CAST(%s AS regclass) AND attnum > 0 "
            "AND NOT attisdropped AND has_column_privilege('wangge_app', attrelid, attnum, %s)",
            f"public.{relation}",
            right,
        )
    )


def spell(columns: frozenset[str], every: set[str]) -> set[str]:
    return every if columns == ALL else set(columns)


def test_every_relation_is_decided_upon(owner: Session) -> None:
    found = owner.column(
        f"SELECT relname FROM pg_class AS o WHERE relnamespace = CAST('public' AS regnamespace) "
        f"AND relkind IN ('r', 'v', 'm', 'p', 'f') AND {_OURS}"
    )
    assert set(found) == set(RULES), "decide in RULES who may see what of a new table or view"
    sequences = owner.column(
        "SELECT relname FROM pg_class WHERE relkind = 'S' "
        "AND CASE relkind WHEN 'S' THEN has_sequence_privilege('wangge_app', oid, 'USAGE,SELECT,UPDATE') END"
    )
    assert sequences == []


@pytest.mark.parametrize("relation", RULES)
def test_rights_are_those_of_the_table(relation: str, owner: Session) -> None:
    rule = RULES[relation]
    every = set(
        owner.column(
            "SELECT attname FROM pg_attribute WHERE attrelid = CAST(%s AS regclass) "
            "AND attnum > 0 AND NOT attisdropped",
            f"public.{relation}",
        )
    )
    assert every - list_columns(owner, relation, "SELECT") == spell(rule.hidden, every)
    assert list_columns(owner, relation, "INSERT") == spell(rule.inserts, every)
    assert list_columns(owner, relation, "UPDATE") == (every if rule.is_kept else spell(rule.updates, every))
    assert list_columns(owner, relation, "REFERENCES") == set()
    for right, is_held in (("DELETE", rule.is_kept), ("TRUNCATE", False), ("TRIGGER", False)):
        held = owner.column("SELECT has_table_privilege('wangge_app', %s, %s)", f"public.{relation}", right)
        assert held == [is_held], right
    for right in ("SELECT", "INSERT", "UPDATE", "DELETE"):
        held = owner.column("SELECT has_table_privilege('public', %s, %s)", f"public.{relation}", right)
        assert held == [False], right


def count_rows(session: Session, relation: str, worlds: Worlds) -> tuple[int, int]:
    """Return how many rows of A and of B a session sees."""
    if RULES[relation].hidden == ALL:
        return 0, 0
    key = {"community": "id", "account": "id", "saved_view": "account_id"}.get(relation, "community_id")
    here, there = (
        session.column(
            f"SELECT count(*) FROM {relation} WHERE {key} = ANY (%s)",
            list(world.accounts.values()) if relation in {"account", "saved_view"} else [world.id],
        )[0]
        for world in (worlds.a, worlds.b)
    )
    return here, there


@pytest.mark.parametrize("role", ROLES)
def test_each_role_sees_its_rows_and_no_others(role: str, worlds: Worlds, session: Session) -> None:
    session.tell(worlds.a.settings(role))
    wanted = {name: (rule.rows[ROLES.index(role)], 0) for name, rule in RULES.items() if rule.rows != PUBLIC}
    assert {name: count_rows(session, name, worlds) for name in wanted} == wanted
    for name, rule in RULES.items():
        if rule.hidden == ALL:
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                session.ask(f"SELECT FROM {name}")


def test_the_fixture_has_rows_in_everything(worlds: Worlds, owner: Session) -> None:
    """Otherwise the test above would be content with a table that nobody guards."""
    for relation, rule in RULES.items():
        options = owner.column("SELECT reloptions FROM pg_class WHERE relname = %s", relation)
        # Views that ask who acts show the owner nothing either.
        is_asking = options == [["security_barrier=true"]]
        if rule.hidden != ALL and rule.rows not in (PUBLIC, NOBODY) and not is_asking:
            here, there = count_rows(owner, relation, worlds)
            assert here == there > 0, relation


@pytest.mark.parametrize(
    "forged",
    [
        {},
        {"account": "", "role": "", "communities": "", "party": "", "grids": ""},
        {"role": "", "communities": "{%(a)s,%(b)s}"},
        {"role": "owner", "communities": "{%(a)s}"},
        {"role": "Secretary", "communities": "{%(a)s}"},
        {"role": "secretary' OR true --", "communities": "{%(a)s}"},
        {"role": "secretary", "communities": "{}"},
        {"role": "secretary", "communities": "{NULL}"},
        {"role": "secretary", "communities": "{0,-1,9223372036854775807}"},
        {"role": "grid_worker", "communities": "", "grids": "{1,2,3,4}", "party": "1"},
        {"role": "property_company", "communities": "{}", "party": "3"},
    ],
)  # fmt: skip
def test_forged_and_missing_settings_show_nothing(
    forged: dict[str, str], worlds: Worlds, session: Session
) -> None:
    ids = {"a": worlds.a.id, "b": worlds.b.id}
    session.tell({name: value % ids for name, value in forged.items()})
    wanted = {name: (0, 0) for name, rule in RULES.items() if rule.rows != PUBLIC}
    assert {name: count_rows(session, name, worlds) for name in wanted} == wanted


@pytest.mark.parametrize("communities", ["{", "A", "{1,x}", "{1} OR true", "1", "{{1},{2}}x"])
def test_settings_that_make_no_sense_are_errors(communities: str, worlds: Worlds, session: Session) -> None:
    session.tell({"role": "secretary", "communities": communities})
    with pytest.raises(psycopg2.DataError):
        session.ask("SELECT count(*) FROM incident")


def test_what_one_transaction_was_told_the_next_does_not_know(worlds: Worlds, session: Session) -> None:
    session.tell(worlds.a.settings("secretary"))
    assert session.ask("SELECT count(*) FROM incident") == [(8,)]
    session.connection.commit()
    assert session.ask("SELECT count(*) FROM incident") == [(0,)]


def read_titles(session: Session, relation: str, world: World) -> set[str]:
    ids = {case: title for title, case in world.cases.items()}
    key = "incident_id" if relation in {"case_words", "requester_card", "case_notes"} else "id"
    return {ids[case] for case in session.column(f"SELECT {key} FROM {relation}")}


MAPPED = {"plain", "neighbours", "company", "other company"}


@pytest.mark.parametrize(
    ("role", "cases", "words"),
    [
        ("secretary", {*MAPPED, "sensitive of mine", "sensitive", "sealed", "hidden"}, MAPPED),
        ("grid_worker", {*MAPPED, "sensitive of mine"}, {"plain", "other company", "sensitive of mine"}),
        ("leader", MAPPED, set()),
        ("administrator", MAPPED, set()),
        ("property_company", {"company"}, {"company"}),
        ("wall", set(), set()),
    ],
)
def test_which_cases_and_whose_words(
    role: str, cases: set[str], words: set[str], worlds: Worlds, session: Session
) -> None:
    session.tell(worlds.a.settings(role))
    assert read_titles(session, "incident", worlds.a) == cases
    assert read_titles(session, "case_words", worlds.a) == words
    assert read_titles(session, "case_notes", worlds.a) == words
    mapped = MAPPED & cases
    assert read_titles(session, "shown_incident", worlds.a) == mapped
    asked = words if role in {"secretary", "grid_worker"} else set()
    assert read_titles(session, "requester_card", worlds.a) == asked


def test_a_grant_for_a_grid_opens_what_lies_in_it(worlds: Worlds, session: Session) -> None:
    session.tell(worlds.a.settings("grid_worker") | {"grids": f"{{{worlds.a.grids[1]}}}"})
    assert "sensitive" in read_titles(session, "incident", worlds.a)
    assert {"neighbours", "sensitive", "company"} <= read_titles(session, "case_words", worlds.a)
    assert "sealed" not in read_titles(session, "incident", worlds.a)
    # A grid of somewhere else opens nothing there.
    session.tell(worlds.a.settings("grid_worker") | {"grids": f"{{{worlds.b.grids[0]}}}"})
    assert session.ask("SELECT count(*) FROM incident WHERE community_id = %s", worlds.b.id) == [(0,)]


def test_above_several_communities(worlds: Worlds, session: Session) -> None:
    session.tell(worlds.a.settings("leader") | {"communities": f"{{{worlds.a.id},{worlds.b.id}}}"})
    assert session.ask("SELECT count(*), count(DISTINCT community_id) FROM incident") == [(8, 2)]
