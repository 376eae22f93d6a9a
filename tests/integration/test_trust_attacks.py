"""Ways round the rules that somebody with a session of the application's role might try."""

import psycopg2
import psycopg2.errors
import pytest

from geo.cluster import Cluster
from geo.model.actor import ROLES
from tests.trust import Session, Worlds, open_session

# Functions that act as the owner and may be called by the application; all others may not.
FUNCTIONS = {
    # Signing in
    "begin_sign_in", "close_sign_in", "fail_sign_in", "find_actor", "find_api_actor", "find_own_login",
    "is_demo_installation", "link_oidc", "list_demo_accounts", "list_grants", "open_sign_in", "open_wall",
    "replace_password", "switch_grant",
    # What row-level security asks
    "app_buildings", "app_compounds", "sealed_categories", "is_own_case",
    "has_reported", "is_withheld",
    # What is written down, and what is told for a reason
    "record_audit", "unmask_requester", "unseal_case", "attach_photo", "find_report",
    # What lies nowhere yet, and where it is
    "list_waiting", "place_waiting",
    # What the secretary does to what nobody else touches
    "end_service",
    # Derived, or told as far as the reader may see it
    "cases_saying", "list_border_cases", "list_case_marks", "list_community_codes", "refresh_hexagons",
}  # fmt: skip

_OURS = "NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.objid = o.oid AND d.deptype = 'e')"
_IN_PUBLIC = "pronamespace = CAST('public' AS regnamespace)"


def test_the_role_owns_nothing_and_is_nobody_special(owner: Session) -> None:
    role = owner.ask(
        "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication, rolinherit FROM pg_roles "
        "WHERE rolname = 'wangge_app'"
    )
    assert role == [(False,) * 6]
    for catalogue, column in (
        ("pg_class", "relowner"),
        ("pg_proc", "proowner"),
        ("pg_namespace", "nspowner"),
    ):
        owned = owner.ask(f"SELECT FROM {catalogue} WHERE {column} = CAST('wangge_app' AS regrole)")
        assert owned == []
    member_of = "SELECT FROM pg_auth_members WHERE member = CAST('wangge_app' AS regrole)"
    assert owner.ask(member_of) == []


@pytest.mark.parametrize(
    "statement",
    [
        "SET ROLE wangge",
        "SET SESSION AUTHORIZATION wangge",
        "SET LOCAL ROLE wangge",
        "SET session_replication_role = replica",
        "CREATE TABLE public.mine (x int)",
        "CREATE FUNCTION public.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE SCHEMA mine",
        "CREATE EXTENSION dblink",
        "CREATE ROLE mine",
        "ALTER ROLE wangge_app SUPERUSER",
        "ALTER TABLE incident DISABLE ROW LEVEL SECURITY",
        "DROP POLICY area ON incident",
        "CREATE POLICY mine ON incident USING (true)",
        "CREATE TRIGGER mine BEFORE INSERT ON incident EXECUTE FUNCTION touch_layer()",
        "CREATE RULE mine AS ON INSERT TO visit DO ALSO SELECT 1",
        "GRANT SELECT ON sign_in TO wangge_app",
        "ALTER FUNCTION mask_name OWNER TO wangge_app",
        "ALTER FUNCTION app_role() RENAME TO other",
        "COPY incident_event TO STDOUT",
        "COPY (SELECT 1) TO '/tmp/x'",
        "COPY (SELECT 1) TO PROGRAM 'cat'",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT pg_ls_dir('.')",
        "SELECT * FROM pg_authid",
        "LOCK TABLE incident_event IN ACCESS EXCLUSIVE MODE",
        "SELECT * FROM incident FOR UPDATE",
        "SELECT nextval('incident_id_seq')",
        "SELECT currval('incident_id_seq')",
        "SELECT setval('incident_id_seq', 1)",
        "SELECT last_value FROM incident_id_seq",
        "CALL note_bulk_insert('incident', 1)",
        "SELECT title FROM incident",
        "SELECT incident FROM incident",
        "SELECT * FROM incident",
        "SELECT to_jsonb(i) FROM incident AS i",
        "SELECT password_hash FROM account",
        "INSERT INTO audit_log (action) VALUES ('export')",
        "INSERT INTO incident (id, community_id) OVERRIDING SYSTEM VALUE VALUES (1, 1)",
        "INSERT INTO incident (state) VALUES ('closed')",
        "INSERT INTO incident_event (incident_id, kind, to_state) VALUES (1, 'moved', 'closed')",
        "INSERT INTO incident_event (incident_id, move, account_id) VALUES (1, 'note', 1)",
        "INSERT INTO role_grant (account_id, role) VALUES (1, 'administrator')",
        "INSERT INTO account (login) VALUES ('me')",
        "UPDATE incident SET party_id = NULL",
        "DELETE FROM incident",
        "UPDATE layer_version SET version = 0",
        "WITH gone AS (DELETE FROM incident_requester RETURNING *) SELECT * FROM gone",
        "MERGE INTO incident AS i USING (SELECT 1) AS x ON true WHEN MATCHED THEN DELETE",
    ],
)
def test_what_the_role_may_not_do(statement: str, worlds: Worlds, session: Session) -> None:
    for role in ("administrator", "secretary"):
        session.tell(worlds.a.settings(role))
        # 42501 insufficient privilege, 0A000 and 55000: refused before it came to rights.
        with pytest.raises(psycopg2.Error) as refusal:
            session.ask(statement)
        assert refusal.value.pgcode == "42501", refusal.value


@pytest.mark.parametrize("table", ["incident_event", "audit_log"])
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE {} SET at = now()",
        "UPDATE {} SET reason = 'x' WHERE id = 1",
        "DELETE FROM {}",
        "DELETE FROM {} WHERE false",
        "TRUNCATE {}",
        "TRUNCATE {} CASCADE",
        "INSERT INTO {} (id) OVERRIDING SYSTEM VALUE VALUES (1) ON CONFLICT (id) DO UPDATE SET reason = 'x'",
        "ALTER TABLE {} DISABLE TRIGGER ALL",
    ],
)
def test_nobody_rewrites_what_has_happened(
    table: str, statement: str, worlds: Worlds, session: Session
) -> None:
    for role in ROLES:
        session.tell(worlds.a.settings(role))
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            session.ask(statement.replace("{}", table))


def test_not_even_the_owner_rewrites_the_log_by_accident(owner: Session) -> None:
    for statement in ("UPDATE audit_log SET reason = 'x'", "DELETE FROM audit_log", "TRUNCATE audit_log"):
        with pytest.raises(psycopg2.errors.RestrictViolation):
            owner.ask(statement)
    for statement in ("UPDATE incident_event SET reason = 'x'", "TRUNCATE incident_event CASCADE"):
        with pytest.raises(psycopg2.errors.RestrictViolation):
            owner.ask(statement)


def test_functions_of_the_owner_are_closed(owner: Session) -> None:
    found = owner.ask(
        "SELECT proname, has_function_privilege('public', o.oid, 'EXECUTE'), "
        "has_function_privilege('wangge_app', o.oid, 'EXECUTE'), proconfig "
        f"FROM pg_proc AS o WHERE {_IN_PUBLIC} AND prosecdef AND {_OURS}"
    )
    assert {name for name, _, by_application, _ in found if by_application} == FUNCTIONS
    assert [name for name, by_anybody, _, _ in found if by_anybody] == []
    # A temporary table goes before one of ours wherever pg_temp is not named as the last place to look.
    assert [name for name, _, _, path in found if "search_path=public, pg_temp" not in (path or [])] == []


def test_views_for_the_application_let_no_condition_in_before_their_own(owner: Session) -> None:
    """Otherwise a condition that fails on a value would tell that value of rows that are not shown."""
    views = owner.ask(
        "SELECT relname, reloptions FROM pg_class AS o WHERE relkind = 'v' "
        f"AND relnamespace = CAST('public' AS regnamespace) AND {_OURS} "
        "AND has_any_column_privilege('wangge_app', o.oid, 'SELECT') AND relname <> 'mapped_category'"
    )
    assert len(views) >= 8
    guarded = (["security_barrier=true"], ["security_invoker=true"])
    assert [name for name, options in views if options not in guarded] == []


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TEMPORARY TABLE mine (what text)",
        "CREATE TEMPORARY VIEW mine AS SELECT 1",
        "CREATE TEMPORARY SEQUENCE mine",
        "CREATE FUNCTION pg_temp.mine(text) RETURNS boolean LANGUAGE sql AS 'SELECT true'",
        "CREATE DOMAIN pg_temp.mine AS text",
    ],
)
def test_the_role_makes_nothing_temporary(cluster: Cluster, migrated_template: str, statement: str) -> None:
    """Tried in the migrated database itself: its copies let everybody, as every new database does."""
    with (
        open_session(cluster.url(migrated_template)) as session,
        pytest.raises(psycopg2.errors.InsufficientPrivilege),
    ):
        session.ask(statement)


def test_a_temporary_table_is_not_taken_for_ours(worlds: Worlds, session: Session) -> None:
    """Functions of the owner would fill it, and run the triggers of whoever made it, as the owner.

    It holds even where somebody has given the role the right to make one.
    """
    session.tell(worlds.a.settings("secretary"))
    session.ask("CREATE TEMPORARY TABLE spied (who text)")
    session.ask("GRANT ALL ON spied TO PUBLIC")
    session.ask(
        "CREATE FUNCTION pg_temp.spy() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN INSERT INTO pg_temp.spied VALUES (current_user); RETURN NEW; END'"
    )
    for table in ("layer_touch", "incident_change", "incident_event", "audit_log", "community", "party"):
        columns = {"layer_touch": "transaction_id xid8, layer text"}.get(table, "id bigint, geom geometry")
        session.ask(f"CREATE TEMPORARY TABLE {table} (community_id bigint, {columns})")
        session.ask(f"GRANT ALL ON pg_temp.{table} TO PUBLIC")
        session.ask(
            f"CREATE TRIGGER spy BEFORE INSERT ON pg_temp.{table} FOR EACH ROW EXECUTE FUNCTION pg_temp.spy()"
        )
    session.ask(
        "INSERT INTO public.incident (community_id, category_code, source, party_id, reported_at) "
        "VALUES (%s, 'E101', 'patrol', %s, now())",
        worlds.a.id,
        worlds.a.parties["RC"],
    )
    session.ask("SELECT record_audit('export', NULL, NULL, NULL, NULL, 1, NULL)")
    session.ask("SET CONSTRAINTS ALL IMMEDIATE")
    assert session.ask("SELECT * FROM spied") == []
    session.connection.rollback()


@pytest.mark.parametrize("role", ROLES)
def hear(session: Session, query: str) -> str:
    """Return what the server says of a statement that may fail on a value."""
    try:
        session.ask(query)
    except psycopg2.Error as failure:
        return str(failure)
    return ""


@pytest.mark.parametrize("role", ROLES)
def test_errors_tell_nothing_of_hidden_rows(role: str, worlds: Worlds, session: Session) -> None:
    session.tell(worlds.a.settings(role))
    seen = set(session.column("SELECT client_id FROM incident"))
    hidden = {f"{code} {case}" for code in "AB" for case in worlds.a.cases} - seen
    for type_name in ("integer", "date", "jsonb", "interval"):
        said = hear(session, f"SELECT FROM incident WHERE CAST(client_id AS {type_name}) IS NOT NULL")
        assert bool(said) == bool(seen)
        assert not any(f'"{client}"' in said for client in hidden)
        for view, column in (
            ("case_words", "title"),
            ("case_notes", "note"),
            ("requester_card", "name"),
            ("party_card", "full_name"),
        ):
            said = hear(session, f"SELECT FROM {view} WHERE CAST({column} AS {type_name}) IS NOT NULL")
            assert "13812341234" not in said
            assert bool(said) == bool(session.ask(f"SELECT 1 FROM {view} WHERE {column} IS NOT NULL"))


def test_a_function_of_ones_own_sees_no_more(worlds: Worlds, session: Session) -> None:
    """A cheap condition is tried first, unless the rule is a barrier."""
    session.tell(worlds.a.settings("property_company"))
    session.ask("CREATE TEMPORARY TABLE leaked (what text)")
    session.ask(
        "CREATE FUNCTION pg_temp.leak(text) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS "
        "'BEGIN INSERT INTO leaked VALUES ($1); RETURN true; END'"
    )
    for source in (
        "case_words WHERE pg_temp.leak(title)",
        "incident WHERE pg_temp.leak(client_id)",
        "shown_incident WHERE pg_temp.leak(CAST(id AS text))",
        "case_notes WHERE pg_temp.leak(note)",
        "party_card WHERE pg_temp.leak(full_name)",
    ):
        session.ask(f"SELECT FROM {source}")
    leaked = session.column("SELECT DISTINCT what FROM leaked WHERE what IS NOT NULL")
    assert any(what.startswith("company ") for what in leaked)
    for what in leaked:
        assert "13812341234" not in what
        assert not what.startswith(("plain", "sealed", "A plain", "B ")), what
    session.connection.rollback()


def test_statistics_tell_nothing(worlds: Worlds, session: Session) -> None:
    session.tell(worlds.a.settings("secretary"))
    told = session.ask(
        "SELECT tablename, attname, most_common_vals FROM pg_stats WHERE schemaname = 'public' "
        "AND tablename IN ('incident', 'incident_event', 'incident_requester', 'party_contact', 'account', "
        "'sign_in', 'access_token', 'audit_log', 'visit', 'import_change', 'import_rejection')"
    )
    assert told == []
    assert session.column("SELECT last_value FROM pg_sequences WHERE last_value IS NOT NULL") == []


@pytest.mark.parametrize(
    ("role", "changes", "is_let"),
    [
        ("grid_worker", {}, True),
        ("grid_worker", {"party_id": "li"}, False),
        ("grid_worker", {"world": "b"}, False),
        # Elsewhere in the community only the secretary goes for others.
        ("grid_worker", {"place": "building 1"}, False),
        ("grid_worker", {"place": "merchant 0"}, True),
        ("grid_worker", {"place": "merchant 1"}, False),
        ("grid_worker", {"place": "compound 0"}, True),
        ("grid_worker", {"place": "compound 1"}, False),
        ("property_company", {"party_id": "P1"}, False),
        ("leader", {}, False),
        ("wall", {}, False),
        ("administrator", {}, False),
    ],
)
def test_whose_visits_are_entered(
    role: str, changes: dict[str, str], is_let: bool, worlds: Worlds, session: Session
) -> None:
    world = worlds.b if changes.get("world") else worlds.a
    session.tell(worlds.a.settings(role))
    place, number = changes.get("place", "building 0").split()
    at = {"building": world.buildings, "merchant": world.merchants, "compound": world.compounds}[place]
    statement = (
        f"INSERT INTO visit (community_id, kind, at, party_id, {place}_id, outcome) "
        "VALUES (%s, 'patrol', now(), %s, %s, 'checked')"
    )
    values = world.id, world.parties[changes.get("party_id", "wang")], at[int(number)]
    if is_let:
        session.ask(statement, *values)
    else:
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            session.ask(statement, *values)
    session.connection.rollback()


@pytest.mark.parametrize("role", ROLES)
def test_who_keeps_the_calendar(role: str, worlds: Worlds, session: Session) -> None:
    session.tell(worlds.a.settings(role))
    statement = "INSERT INTO calendar_day VALUES (%s, '2030-01-01', true)"
    if role in {"secretary", "administrator"}:
        session.ask(statement, worlds.a.id)
    else:
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            session.ask(statement, worlds.a.id)
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        session.ask(statement, worlds.b.id)
    changed = session.ask(
        "UPDATE calendar_day SET is_workday = true WHERE community_id = %s RETURNING 1", worlds.b.id
    )
    assert changed == []
    session.connection.rollback()


@pytest.mark.parametrize("role", ROLES)
def test_saved_views_are_ones_own(role: str, worlds: Worlds, session: Session) -> None:
    session.tell(worlds.a.settings(role))
    other = worlds.a.accounts["leader" if role != "leader" else "wall"]
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        session.ask("INSERT INTO saved_view (account_id, name, params) VALUES (%s, 'y', '{}')", other)
    assert session.ask("DELETE FROM saved_view WHERE account_id = %s RETURNING 1", other) == []
    session.connection.rollback()
