-- What loading the demo asks the database: whose a code is, and what there is after loading.

-- name: lock_demo(code)$
-- Wait until nobody else loads a demo community with the code.
SELECT CAST(pg_advisory_xact_lock(hashtextextended('demo ' || :code, 0)) AS text);

-- name: find_real(codes)^
-- The first real community with one of the codes.
SELECT code, name FROM community WHERE code = ANY(:codes) AND NOT is_demo ORDER BY code LIMIT 1;

-- name: list_demo(program, codes)
-- Demo communities of a programme, numbered or not, that are not among the codes.
SELECT code FROM community WHERE is_demo AND code ~ ('^' || :program || '[0-9]*$') AND code <> ALL(:codes) ORDER BY code;

-- name: find_demo(code)$
-- The id of the demo community with a code.
SELECT id FROM community WHERE code = :code AND is_demo;

-- name: count_totals(codes)
-- What lies in the communities with these codes, by name.
WITH mine AS (SELECT id FROM community WHERE code = ANY(:codes)),
lived_in AS (SELECT sum(households) AS households, sum(residents) AS residents, count(*) AS buildings
    FROM building WHERE community_id IN (TABLE mine)),
walled AS (SELECT count(*) AS compounds, count(*) FILTER (WHERE is_three_no) AS three_no
    FROM compound WHERE community_id IN (TABLE mine)),
organised AS (SELECT
        count(*) FILTER (WHERE kind = 'staff') AS staff,
        count(*) FILTER (WHERE kind = 'party_member') AS party_members,
        count(*) FILTER (WHERE kind = 'party_branch') AS party_branches
    FROM party WHERE community_id IN (TABLE mine)),
trading AS (SELECT count(*) AS merchants, count(*) FILTER (WHERE is_partner) AS partners
    FROM merchant WHERE community_id IN (TABLE mine)),
drawn AS (SELECT count(*) AS grids FROM grid WHERE community_id IN (TABLE mine) AND kind = 'community'),
reported AS (SELECT count(*) AS incidents FROM incident WHERE community_id IN (TABLE mine))
SELECT total.key, CAST(total.value AS bigint)
FROM lived_in, walled, organised, trading, drawn, reported,
    jsonb_each_text(to_jsonb(lived_in) || to_jsonb(walled) || to_jsonb(drawn) || to_jsonb(organised)
        || to_jsonb(trading) || to_jsonb(reported)) AS total;

-- name: put_account(login, name, password_hash)$
-- The demo account's id; nothing where a real account has the login.
WITH put AS (
    INSERT INTO account (login, display_name, password_hash, must_change_password, is_demo)
    VALUES (:login, :name, :password_hash, false, true)
    ON CONFLICT (login) DO UPDATE SET
        display_name = excluded.display_name, password_hash = excluded.password_hash, failed_attempts = 0,
        locked_until = NULL, disabled_at = NULL
    WHERE account.is_demo
    RETURNING id
)
SELECT id FROM put;

-- name: put_grant(account_id, role, community_id, party)!
INSERT INTO role_grant (account_id, role, community_id, party_id, valid_from)
SELECT
    :account_id, :role, :community_id,
    (SELECT id FROM party WHERE community_id = :community_id AND code = :party), DATE '2000-01-01'
WHERE NOT EXISTS (
    SELECT FROM role_grant AS g
    WHERE g.account_id = :account_id AND g.role = :role AND g.community_id IS NOT DISTINCT FROM :community_id);
