-- Whoever has several posts finds the one taken last first at the next sign-in. Kept with the account, not in the browser.
ALTER TABLE account ADD COLUMN last_grant_id bigint REFERENCES role_grant ON DELETE SET NULL;

CREATE OR REPLACE FUNCTION open_sign_in(of_account bigint, with_hash bytea, valid_seconds integer) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    post role_grant;
BEGIN
    UPDATE account SET failed_attempts = 0, locked_until = NULL WHERE id = of_account;
    DELETE FROM sign_in WHERE expires_at <= now();
    SELECT g.* INTO post
    FROM grant_in_force AS g JOIN account AS a ON a.id = g.account_id
    WHERE g.account_id = of_account
    ORDER BY g.id IS DISTINCT FROM a.last_grant_id, g.id
    LIMIT 1;
    IF NOT FOUND THEN
        INSERT INTO audit_log (account_id, action, reason) VALUES (of_account, 'sign_in_failed', 'no grant in force');
        RETURN NULL;
    END IF;
    INSERT INTO sign_in (token_hash, account_id, grant_id, expires_at)
    VALUES (with_hash, of_account, post.id, now() + make_interval(secs => valid_seconds));
    INSERT INTO audit_log (account_id, role, community_id, action)
    VALUES (of_account, post.role, post.community_id, 'sign_in');
    RETURN post.id;
END $$;

CREATE OR REPLACE FUNCTION switch_grant(by_hash bytea, to_grant bigint) RETURNS boolean
    LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
    BEGIN ATOMIC
        WITH switched AS (
            UPDATE sign_in AS s SET grant_id = g.id
            FROM grant_in_force AS g
            WHERE s.token_hash = by_hash AND s.expires_at > now() AND s.access_token_id IS NULL
                AND g.id = to_grant AND g.account_id = s.account_id
            RETURNING g.account_id, g.role, g.community_id
        ), kept AS (
            UPDATE account AS a SET last_grant_id = to_grant FROM switched AS w WHERE a.id = w.account_id
        ), noted AS (
            INSERT INTO audit_log (account_id, role, community_id, action)
            SELECT w.account_id, w.role, w.community_id, 'sign_in' FROM switched AS w
        )
        SELECT EXISTS (SELECT FROM switched);
    END;
CALL close_functions();
