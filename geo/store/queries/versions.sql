-- name: sum_versions()$
-- One number that rises with every change of any layer in any community.
SELECT coalesce(sum(version), 0) FROM layer_version;

-- name: list_versions()
SELECT layer, community_id, version, changed_at FROM layer_version;

-- name: look_everywhere()!
-- For as long as the connection lasts, the codes of all communities are to be read.
SELECT set_config('wangge.communities', CAST(coalesce(array_agg(DISTINCT community_id), '{}') AS text), false)
FROM layer_version;

-- name: list_community_codes()
SELECT code, id FROM community;

-- name: read_revision()$
-- The schema revision; none where no migration has run.
SELECT version_num FROM alembic_version;
