-- name: find_actor(token_hash)^
SELECT account_id, role, community_ids, party_id, grid_ids, name, must_change_password
FROM find_actor(CAST(:token_hash AS bytea));

-- name: find_api_actor(token_hash)^
SELECT account_id, role, community_ids, party_id, grid_ids, name, must_change_password
FROM find_api_actor(CAST(:token_hash AS bytea));

-- name: begin_sign_in(login, most_attempts, lock_s)^
SELECT account_id, password_hash FROM begin_sign_in(:login, :most_attempts, :lock_s);

-- name: fail_sign_in(account_id)$
SELECT fail_sign_in(:account_id);

-- name: open_sign_in(account_id, token_hash, valid_s)$
SELECT open_sign_in(:account_id, CAST(:token_hash AS bytea), :valid_s);

-- name: open_wall(wall_hash, token_hash, valid_s)$
SELECT open_wall(CAST(:wall_hash AS bytea), CAST(:token_hash AS bytea), :valid_s);

-- name: link_oidc(issuer, subject, login, name)$
SELECT link_oidc(:issuer, :subject, :login, :name);

-- name: list_grants(token_hash)
SELECT grant_id, role, community_id, community_name, party_name, is_current
FROM list_grants(CAST(:token_hash AS bytea));

-- name: switch_grant(token_hash, grant_id)$
SELECT switch_grant(CAST(:token_hash AS bytea), :grant_id);

-- name: close_sign_in(token_hash, everywhere)$
SELECT close_sign_in(CAST(:token_hash AS bytea), :everywhere);

-- name: find_own_login(token_hash)$
SELECT find_own_login(CAST(:token_hash AS bytea));

-- name: replace_password(token_hash, password_hash)$
SELECT replace_password(CAST(:token_hash AS bytea), :password_hash);

-- name: list_demo_accounts()
SELECT login, role, name FROM list_demo_accounts();
