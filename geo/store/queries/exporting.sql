-- name: record_export(community_id, row_count, details)^
SELECT record_audit('export', :community_id, 'incident', NULL, NULL, :row_count, CAST(:details AS jsonb));
