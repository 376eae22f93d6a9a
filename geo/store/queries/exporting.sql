-- name: record_export(community_id, object_type, row_count, details)^
SELECT record_audit('export', :community_id, :object_type, NULL, NULL, :row_count, CAST(:details AS jsonb));
