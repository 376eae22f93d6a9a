-- name: sum_versions()$
-- One number that rises with every change of any layer in any community.
SELECT coalesce(sum(version), 0) FROM layer_version;

-- name: summarise_versions()^
-- The sum, and the time of the last change: a database restored from a backup counts through the same numbers again.
SELECT coalesce(sum(version), 0), max(changed_at) FROM layer_version;

-- name: list_versions()
SELECT layer, community_id, version, changed_at FROM layer_version;

-- name: list_community_codes()
SELECT code, id FROM list_community_codes();

-- name: read_revision()$
-- The schema revision; none where no migration has run.
SELECT version_num FROM alembic_version;
