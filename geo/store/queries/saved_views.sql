-- Views kept by name: row-level security knows whose.

-- name: list_views()
SELECT name, params FROM saved_view ORDER BY name;

-- name: save_view(name, params)!
INSERT INTO saved_view (account_id, name, params)
VALUES (app_account(), :name, CAST(:params AS jsonb))
ON CONFLICT (account_id, name) DO UPDATE SET params = excluded.params;

-- name: delete_view(name)!
DELETE FROM saved_view WHERE name = :name;

-- name: count_views()$
SELECT count(*) FROM saved_view;
