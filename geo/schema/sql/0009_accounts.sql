-- Signing in, and whom a token stands for. The application reaches accounts by these functions alone, so that no query
-- can list hashes or tokens. Whether a password was right it says itself: the database does not compute argon2.

-- Today where all communities are.
CREATE FUNCTION app_today() RETURNS date
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CAST(now() AT TIME ZONE 'Asia/Shanghai' AS date);

-- Demo accounts, whose passwords everybody reads, are good only where nothing is real.
CREATE FUNCTION is_demo_installation() RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
    RETURN EXISTS (SELECT FROM community) AND NOT EXISTS (SELECT FROM community WHERE NOT is_demo);

CREATE VIEW grant_in_force AS
    SELECT g.*
    FROM role_grant AS g
    JOIN account AS a ON a.id = g.account_id
    WHERE a.disabled_at IS NULL AND daterange(g.valid_from, g.valid_to) @> app_today()
        AND (NOT a.is_demo OR is_demo_installation());

-- Tokens that still open something.
CREATE VIEW access_token_in_force AS
    SELECT t.* FROM access_token AS t
    WHERE t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > now());

CREATE TYPE actor AS (
    account_id bigint,
    role text,
    community_ids bigint[],
    party_id bigint,
    grid_ids bigint[],
    name text,
    must_change_password boolean
);

-- Whoever holds a grant today. Grants that differ only in their grid are one post, which covers all of these.
CREATE FUNCTION describe_actor(of_grant bigint) RETURNS SETOF actor
    LANGUAGE sql STABLE
    BEGIN ATOMIC
        SELECT
            g.account_id, g.role,
            ARRAY(SELECT c.id FROM community AS c WHERE g.community_id IS NULL OR c.id = g.community_id ORDER BY c.id),
            g.party_id, post.grid_ids, a.display_name, a.must_change_password
        FROM grant_in_force AS g
        JOIN account AS a ON a.id = g.account_id
        CROSS JOIN LATERAL (
            SELECT
                CASE WHEN bool_and(alike.grid_id IS NOT NULL)
                    THEN array_agg(DISTINCT part.id ORDER BY part.id) FILTER (WHERE part.id IS NOT NULL)
                    ELSE '{}' END AS grid_ids
            FROM grant_in_force AS alike
            LEFT JOIN grid AS part ON alike.grid_id IN (part.id, part.parent_id)
            WHERE alike.account_id = g.account_id AND alike.role = g.role
                AND alike.community_id IS NOT DISTINCT FROM g.community_id
                AND alike.party_id IS NOT DISTINCT FROM g.party_id
        ) AS post
        WHERE g.id = of_grant;
    END;

CREATE FUNCTION find_actor(by_hash bytea) RETURNS SETOF actor
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
    BEGIN ATOMIC
        SELECT who.*
        FROM sign_in AS s
        CROSS JOIN LATERAL describe_actor(s.grant_id) AS who
        WHERE s.token_hash = by_hash AND s.expires_at > now()
            AND (s.access_token_id IS NULL OR s.access_token_id IN (SELECT t.id FROM access_token_in_force AS t));
    END;

-- Programs send their key with every request and sign in nowhere.
CREATE FUNCTION find_api_actor(by_hash bytea) RETURNS SETOF actor
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
    BEGIN ATOMIC
        SELECT who.*
        FROM access_token_in_force AS t
        CROSS JOIN LATERAL describe_actor(
            (SELECT min(g.id) FROM grant_in_force AS g WHERE g.account_id = t.account_id)) AS who
        WHERE t.token_hash = by_hash AND t.purpose = 'open311';
    END;

-- The hash to hold a password against. Whoever asks for it has used up one attempt, so that neither guesses made all at
-- once nor a reader of hashes get more than the limit. Nothing where there is no such account or it must wait.
CREATE FUNCTION begin_sign_in(by_login text, most_attempts integer, lock_seconds integer)
    RETURNS TABLE (account_id bigint, password_hash text)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    this account;
    attempts integer;
BEGIN
    SELECT * INTO this FROM account AS a WHERE a.login = by_login FOR NO KEY UPDATE;
    IF NOT FOUND OR this.password_hash IS NULL OR this.disabled_at IS NOT NULL
        OR this.locked_until > clock_timestamp() OR (this.is_demo AND NOT is_demo_installation())
    THEN
        RETURN;
    END IF;
    attempts := CASE WHEN this.locked_until IS NULL THEN this.failed_attempts ELSE 0 END + 1;
    UPDATE account SET
        failed_attempts = attempts,
        locked_until = CASE WHEN attempts >= most_attempts THEN clock_timestamp() + make_interval(secs => lock_seconds) END
    WHERE id = this.id;
    RETURN QUERY SELECT this.id, this.password_hash;
END $$;

-- The password was wrong. What was typed is not kept: people type passwords into the wrong field.
CREATE FUNCTION fail_sign_in(of_account bigint) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
    BEGIN ATOMIC
        INSERT INTO audit_log (account_id, action)
        SELECT
            of_account,
            CASE WHEN EXISTS (SELECT FROM account AS a WHERE a.id = of_account AND a.locked_until > clock_timestamp())
                THEN 'locked' ELSE 'sign_in_failed' END;
    END;

-- The password was right, or the organisation's sign-on says so. Returns the grant that is acted under; nothing where
-- none is in force.
CREATE FUNCTION open_sign_in(of_account bigint, with_hash bytea, valid_seconds integer) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    post role_grant;
BEGIN
    UPDATE account SET failed_attempts = 0, locked_until = NULL WHERE id = of_account;
    DELETE FROM sign_in WHERE expires_at <= now();
    SELECT g.* INTO post FROM grant_in_force AS g WHERE g.account_id = of_account ORDER BY g.id LIMIT 1;
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

-- A wall's token, changed for a sign-in; it lasts no longer than the token does.
CREATE FUNCTION open_wall(by_hash bytea, with_hash bytea, valid_seconds integer) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    opened bigint;
BEGIN
    INSERT INTO sign_in (token_hash, account_id, grant_id, access_token_id, expires_at)
    SELECT with_hash, g.account_id, g.id, t.id, least(t.expires_at, now() + make_interval(secs => valid_seconds))
    FROM access_token_in_force AS t
    JOIN grant_in_force AS g ON g.account_id = t.account_id AND g.role = 'wall'
    WHERE t.token_hash = by_hash AND t.purpose = 'wall'
    ORDER BY g.id
    LIMIT 1
    RETURNING grant_id INTO opened;
    INSERT INTO audit_log (account_id, role, community_id, action)
    SELECT g.account_id, g.role, g.community_id, 'sign_in' FROM role_grant AS g WHERE g.id = opened;
    RETURN opened;
END $$;

-- The account that the organisation's sign-on speaks of. The first time it is one that an administrator prepared: this
-- login expected from this issuer, and no password. Nobody else gets in, and no rights come with it.
CREATE FUNCTION link_oidc(issuer text, subject text, by_login text, called text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    found_id bigint;
BEGIN
    SELECT a.id INTO found_id FROM account AS a WHERE a.oidc_issuer = issuer AND a.oidc_subject = subject;
    IF NOT FOUND THEN
        UPDATE account AS a
        SET oidc_subject = subject, must_change_password = false, display_name = coalesce(nullif(called, ''), display_name)
        WHERE a.login = by_login AND a.oidc_issuer = issuer AND a.oidc_subject IS NULL AND a.password_hash IS NULL
            AND a.disabled_at IS NULL
        RETURNING a.id INTO found_id;
        IF FOUND THEN
            INSERT INTO audit_log (account_id, action, reason)
            VALUES (found_id, 'account_changed', 'linked to the sign-on of the organisation');
        END IF;
    END IF;
    RETURN found_id;
END $$;

-- The posts of whoever holds the token.
CREATE FUNCTION list_grants(by_hash bytea)
    RETURNS TABLE (
        grant_id bigint, role text, community_id bigint, community_name text, party_name text, is_current boolean)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
    BEGIN ATOMIC
        SELECT min(g.id), g.role, g.community_id, c.name, p.name, bool_or(g.id = s.grant_id)
        FROM sign_in AS s
        JOIN grant_in_force AS g ON g.account_id = s.account_id
        LEFT JOIN community AS c ON c.id = g.community_id
        LEFT JOIN party AS p ON p.id = g.party_id
        WHERE s.token_hash = by_hash AND s.expires_at > now() AND (s.access_token_id IS NULL OR g.id = s.grant_id)
        GROUP BY g.role, g.community_id, c.name, g.party_id, p.name
        ORDER BY min(g.id);
    END;

CREATE FUNCTION switch_grant(by_hash bytea, to_grant bigint) RETURNS boolean
    LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
    BEGIN ATOMIC
        WITH switched AS (
            UPDATE sign_in AS s SET grant_id = g.id
            FROM grant_in_force AS g
            WHERE s.token_hash = by_hash AND s.expires_at > now() AND s.access_token_id IS NULL
                AND g.id = to_grant AND g.account_id = s.account_id
            RETURNING g.account_id, g.role, g.community_id
        ), noted AS (
            INSERT INTO audit_log (account_id, role, community_id, action)
            SELECT w.account_id, w.role, w.community_id, 'sign_in' FROM switched AS w
        )
        SELECT EXISTS (SELECT FROM switched);
    END;

CREATE FUNCTION close_sign_in(by_hash bytea, everywhere boolean) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
    BEGIN ATOMIC
        WITH closed AS (
            DELETE FROM sign_in AS s USING sign_in AS this
            WHERE this.token_hash = by_hash
                AND (s.token_hash = this.token_hash OR (everywhere AND s.account_id = this.account_id))
            RETURNING s.account_id
        )
        INSERT INTO audit_log (account_id, action, row_count)
        SELECT account_id, 'sign_out', count(*) FROM closed GROUP BY account_id;
    END;

-- The login of whoever may change the password: signed in, and not by a token that hangs on a wall.
CREATE FUNCTION find_own_login(by_hash bytea) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
    BEGIN ATOMIC
        SELECT a.login FROM sign_in AS s JOIN account AS a ON a.id = s.account_id
        WHERE s.token_hash = by_hash AND s.expires_at > now() AND s.access_token_id IS NULL AND a.disabled_at IS NULL;
    END;

-- The old password was right. All other sign-ins of the account end: whoever had the old one is out.
CREATE FUNCTION replace_password(by_hash bytea, new_hash text) RETURNS boolean
    LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
    BEGIN ATOMIC
        WITH changed AS (
            UPDATE account AS a
            SET password_hash = new_hash, must_change_password = false, failed_attempts = 0, locked_until = NULL
            FROM sign_in AS s
            WHERE s.token_hash = by_hash AND s.expires_at > now() AND s.access_token_id IS NULL AND a.id = s.account_id
                AND a.password_hash IS NOT NULL AND NOT a.is_demo
            RETURNING a.id
        ), closed AS (
            DELETE FROM sign_in AS s USING changed AS c WHERE s.account_id = c.id AND s.token_hash <> by_hash
        ), noted AS (
            INSERT INTO audit_log (account_id, action) SELECT c.id, 'password_changed' FROM changed AS c
        )
        SELECT EXISTS (SELECT FROM changed);
    END;

-- For the login page of a demo.
CREATE FUNCTION list_demo_accounts() RETURNS TABLE (login text, role text, name text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
    BEGIN ATOMIC
        SELECT a.login, (array_agg(g.role ORDER BY g.id))[1], a.display_name
        FROM grant_in_force AS g
        JOIN account AS a ON a.id = g.account_id
        WHERE a.is_demo AND a.password_hash IS NOT NULL
        GROUP BY a.id
        ORDER BY min(g.id);
    END;

-- Functions that act as the owner are for the application alone, for nobody else with a login on this server has business
-- with them; and they must not take a temporary table for one of ours. Called at the end of every revision that makes one.
CREATE PROCEDURE close_functions()
    LANGUAGE plpgsql AS $$
DECLARE
    this record;
BEGIN
    FOR this IN
        SELECT CAST(p.oid AS regprocedure) AS name, p.prorettype = CAST('trigger' AS regtype) AS is_trigger
        FROM pg_proc AS p
        WHERE p.pronamespace = CAST('public' AS regnamespace) AND p.prosecdef
            AND has_function_privilege('public', p.oid, 'EXECUTE')
            AND NOT EXISTS (
                SELECT FROM pg_depend AS d
                WHERE d.classid = CAST('pg_proc' AS regclass) AND d.objid = p.oid AND d.deptype = 'e')
    LOOP
        EXECUTE format('ALTER ROUTINE %s SET search_path = public, pg_temp', this.name);
        EXECUTE format('REVOKE ALL ON ROUTINE %s FROM PUBLIC', this.name);
        IF NOT this.is_trigger THEN
            EXECUTE format('GRANT EXECUTE ON ROUTINE %s TO wangge_app', this.name);
        END IF;
    END LOOP;
END $$;
CALL close_functions();
