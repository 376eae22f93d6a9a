-- name: find_actors(token_hashes)
SELECT given.token_hash, account_id, role, community_ids, party_id, grid_ids, name, must_change_password
FROM unnest(CAST(:token_hashes AS bytea[])) AS given (token_hash)
CROSS JOIN LATERAL find_actor(given.token_hash);

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
FROM list_grants(CAST(:token_hash AS bytea))
ORDER BY is_current DESC, grant_id;

-- name: switch_grant(token_hash, grant_id)$
SELECT switch_grant(CAST(:token_hash AS bytea), :grant_id);

-- name: close_sign_in(token_hash)$
SELECT close_sign_in(CAST(:token_hash AS bytea), everywhere => false);

-- name: find_own_login(token_hash)$
SELECT find_own_login(CAST(:token_hash AS bytea));

-- name: replace_password(token_hash, password_hash)$
SELECT replace_password(CAST(:token_hash AS bytea), :password_hash);

-- name: list_demo_accounts()
SELECT login, role, name FROM list_demo_accounts();

-- The rest is for commands, which act as the owner.

-- name: find_community(code)$
SELECT id FROM community WHERE code = :code;

-- name: find_grid(community_id, code)$
-- The one in force, a community grid before others of the same code.
SELECT id FROM grid
WHERE community_id = :community_id AND code = :code AND period @> app_today()
ORDER BY kind <> 'community', id
LIMIT 1;

-- name: find_party(community_id, code)$
SELECT id FROM party
WHERE community_id = :community_id AND code = :code AND daterange(active_from, active_to) @> app_today();

-- name: find_account(login)^
SELECT id, is_demo, oidc_issuer IS NOT NULL FROM account WHERE login = :login;

-- name: add_account(login, name, password_hash, must_change_password, oidc_issuer, oidc_subject)$
-- The new account's id; nothing where the login is taken.
INSERT INTO account (login, display_name, password_hash, must_change_password, oidc_issuer, oidc_subject)
VALUES (:login, :name, :password_hash, :must_change_password, :oidc_issuer, :oidc_subject)
ON CONFLICT (login) DO NOTHING
RETURNING id;

-- name: add_grant(account_id, role, community_id, grid_id, party_id, valid_from, valid_to)$
INSERT INTO role_grant (account_id, role, community_id, grid_id, party_id, valid_from, valid_to)
VALUES (:account_id, :role, :community_id, :grid_id, :party_id, coalesce(:valid_from, app_today()), :valid_to)
RETURNING id;

-- name: end_grant(grant_id, valid_to)$
-- The account it was of. One that has not begun yet goes.
WITH gone AS (
    DELETE FROM role_grant WHERE id = :grant_id AND valid_from >= :valid_to RETURNING account_id
), ended AS (
    UPDATE role_grant SET valid_to = :valid_to WHERE id = :grant_id AND valid_from < :valid_to RETURNING account_id
)
SELECT account_id FROM gone UNION ALL SELECT account_id FROM ended;

-- name: set_password(account_id, password_hash, must_change_password)!
UPDATE account SET
    password_hash = :password_hash, must_change_password = :must_change_password, failed_attempts = 0, locked_until = NULL
WHERE id = :account_id;

-- name: set_disabled(account_id, disabled)!
UPDATE account SET disabled_at = CASE WHEN :disabled THEN coalesce(disabled_at, now()) END WHERE id = :account_id;

-- name: end_sign_ins(account_id)!
DELETE FROM sign_in WHERE account_id = :account_id;

-- name: add_token(account_id, purpose, name, token_hash, expires_at)$
INSERT INTO access_token (account_id, purpose, name, token_hash, expires_at)
VALUES (:account_id, :purpose, :name, CAST(:token_hash AS bytea), :expires_at)
RETURNING id;

-- name: revoke_token(token_id)$
-- The account it was of.
UPDATE access_token SET revoked_at = coalesce(revoked_at, now()) WHERE id = :token_id RETURNING account_id;

-- name: note_change(account_id, what)!
INSERT INTO audit_log (account_id, action, object_type, object_id, reason)
VALUES (NULL, 'account_changed', 'account', :account_id, :what);

-- name: list_accounts()
SELECT jsonb_build_object(
    'id', a.id, 'login', a.login, 'name', a.display_name, 'is_demo', a.is_demo,
    'signs_in_by', CASE
        WHEN a.oidc_issuer IS NOT NULL THEN 'oidc' WHEN a.password_hash IS NOT NULL THEN 'password' ELSE 'token' END,
    'disabled', a.disabled_at IS NOT NULL, 'locked', coalesce(a.locked_until > now(), false),
    'grants', (
        SELECT coalesce(jsonb_agg(jsonb_build_object(
            'id', g.id, 'role', g.role, 'community', c.code, 'grid', d.code, 'party', p.code,
            'from', g.valid_from, 'until', g.valid_to - 1) ORDER BY g.id), '[]')
        FROM role_grant AS g
        LEFT JOIN community AS c ON c.id = g.community_id
        LEFT JOIN grid AS d ON d.id = g.grid_id
        LEFT JOIN party AS p ON p.id = g.party_id
        WHERE g.account_id = a.id),
    'tokens', (
        SELECT coalesce(jsonb_agg(jsonb_build_object('id', t.id, 'purpose', t.purpose, 'name', t.name) ORDER BY t.id), '[]')
        FROM access_token_in_force AS t WHERE t.account_id = a.id))
FROM account AS a
ORDER BY a.login;
