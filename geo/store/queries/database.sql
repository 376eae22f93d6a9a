-- name: get_postgis_versions()^
-- What this database has and what the server could give it; no row where PostGIS is not installed.
SELECT installed_version, default_version FROM pg_available_extensions WHERE name = 'postgis';

-- name: count_tables()$
-- How many tables and views there are that no extension brought.
SELECT count(*)
FROM pg_class
JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE relkind IN ('r', 'p', 'v', 'm')
  AND nspname <> 'information_schema'
  AND nspname !~ '^pg_'
  AND NOT EXISTS (
      SELECT FROM pg_depend
      WHERE classid = CAST('pg_class' AS regclass) AND objid = pg_class.oid AND deptype = 'e'
  );

-- name: has_table(name)$
SELECT to_regclass('public.' || :name) IS NOT NULL;

-- name: list_versions()
SELECT layer, community_id, version FROM layer_version;

-- name: raise_version(layer, community_id, version)*!
-- Beyond every number under which somebody may have cached the data of before, edits during the restore included.
INSERT INTO layer_version AS restored (layer, community_id, version)
VALUES (:layer, :community_id, :version + 1000)
ON CONFLICT (layer, community_id) DO UPDATE
SET version = greatest(restored.version, excluded.version), changed_at = now();

-- name: terminate_connections(name)
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = :name;

-- name: make_application_role()#
-- As the migrations make it; a backup grants rights to it, and a new server has none yet.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'wangge_app') THEN
        CREATE ROLE wangge_app LOGIN NOINHERIT;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL; -- Somebody made it a moment ago.
END $$;

-- name: make_overlaps_leakproof()#
-- As the migrations do, so that tiles use their indexes; backups do not say so of functions that an extension brings.
DO $$
BEGIN
    ALTER FUNCTION geometry_overlaps(geometry, geometry) LEAKPROOF;
EXCEPTION WHEN insufficient_privilege THEN
    RAISE NOTICE 'tiles are slower: let a superuser run ALTER FUNCTION geometry_overlaps(geometry, geometry) LEAKPROOF';
END $$;

-- name: close_temporary_objects()#
-- As the migrations do; backups do not say what may be done with the database itself.
DO $$
BEGIN
    EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO CURRENT_USER', current_database());
EXCEPTION WHEN insufficient_privilege THEN
    RAISE NOTICE 'let the owner of the database run REVOKE TEMPORARY ON DATABASE % FROM PUBLIC', current_database();
END $$;

-- name: find_excess_rights()$
-- What the present role could do that the application must not; nothing where it is as it should be.
SELECT CASE
    WHEN r.rolsuper THEN 'is a superuser'
    WHEN r.rolbypassrls THEN 'bypasses row-level security'
    WHEN r.rolcreaterole THEN 'may create roles'
    WHEN pg_has_role(current_user, c.relowner, 'member') THEN 'is, or may become, the owner of the tables'
END
FROM pg_roles AS r, pg_class AS c
WHERE r.rolname = current_user AND c.oid = CAST('incident' AS regclass);

-- name: describe_database()$
SELECT jsonb_build_object(
    'database', current_database(),
    'size_bytes', pg_database_size(current_database()),
    'postgresql', current_setting('server_version'),
    'postgis', (SELECT extversion FROM pg_extension WHERE extname = 'postgis')
);

-- name: has_community()$
SELECT EXISTS (SELECT FROM community);
