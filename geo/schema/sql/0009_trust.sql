-- Who may see what. The application connects as wangge_app, which owns nothing; every transaction says who acts.

-- Roles belong to the server: another database of it, or whoever may create roles, may have made this one.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'wangge_app') THEN
        CREATE ROLE wangge_app LOGIN NOINHERIT;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL; -- A moment ago.
END $$;

-- Who acts, as the transaction was told. Nobody is told: nothing is seen.
CREATE FUNCTION app_account() RETURNS bigint
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CAST(nullif(current_setting('wangge.account', true), '') AS bigint);
CREATE FUNCTION app_role() RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN coalesce(current_setting('wangge.role', true), '');
CREATE FUNCTION app_party() RETURNS bigint
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CAST(nullif(current_setting('wangge.party', true), '') AS bigint);
-- None where no role is told: every policy below goes by this.
CREATE FUNCTION app_communities() RETURNS bigint[]
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CASE
        WHEN app_role() IN ('secretary', 'grid_worker', 'leader', 'property_company', 'wall', 'administrator')
            THEN CAST(coalesce(nullif(current_setting('wangge.communities', true), ''), '{}') AS bigint[])
        ELSE '{}' END;
-- The grids a grant is limited to; none where it is for whole communities.
CREATE FUNCTION app_grids() RETURNS bigint[]
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CAST(coalesce(nullif(current_setting('wangge.grids', true), ''), '{}') AS bigint[]);

CREATE TABLE account (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    login text NOT NULL UNIQUE CHECK (login = lower(login) AND login !~ '\s' AND length(login) BETWEEN 2 AND 64),
    display_name text NOT NULL CHECK (display_name <> ''),
    -- argon2; none for those who come through the organisation's own sign-on.
    password_hash text,
    must_change_password boolean NOT NULL DEFAULT true,
    -- Passwords tried since the last right one. At the limit the account waits until locked_until.
    failed_attempts integer NOT NULL DEFAULT 0 CHECK (failed_attempts >= 0),
    locked_until timestamptz,
    -- An issuer without a subject: an administrator expects this login from there, and its first sign-in fills the subject.
    oidc_issuer text,
    oidc_subject text,
    is_demo boolean NOT NULL DEFAULT false,
    disabled_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (oidc_issuer, oidc_subject),
    CHECK (oidc_subject IS NULL OR oidc_issuer IS NOT NULL)
);

CREATE TABLE role_grant (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES account ON DELETE CASCADE,
    role text NOT NULL CHECK (role IN (
        'secretary', 'grid_worker', 'leader', 'property_company', 'wall', 'administrator')),
    -- None: all communities of the installation, for those above them.
    community_id bigint REFERENCES community ON DELETE CASCADE,
    grid_id bigint,
    -- Whom the account acts for: a worker's own party, a property company.
    party_id bigint,
    valid_from date NOT NULL DEFAULT current_date,
    valid_to date,
    FOREIGN KEY (grid_id, community_id) REFERENCES grid (id, community_id),
    FOREIGN KEY (party_id, community_id) REFERENCES party (id, community_id),
    CONSTRAINT role_grant_dates_in_order CHECK (valid_to > valid_from),
    CONSTRAINT whole_installation_for_those_above CHECK (
        community_id IS NOT NULL OR role IN ('leader', 'administrator', 'wall')),
    CHECK (role <> 'property_company' OR party_id IS NOT NULL)
);
CREATE INDEX role_grant_account ON role_grant (account_id);

-- Tokens of screens and programs, which have no password: a wall's address, the key of an Open311 client.
CREATE TABLE access_token (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES account ON DELETE CASCADE,
    purpose text NOT NULL CHECK (purpose IN ('wall', 'open311')),
    name text NOT NULL,
    token_hash bytea NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    revoked_at timestamptz
);

-- A sign-in: the cookie holds the token, the database only its hash. Signing out deletes the row.
CREATE TABLE sign_in (
    token_hash bytea PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES account ON DELETE CASCADE,
    grant_id bigint NOT NULL REFERENCES role_grant ON DELETE CASCADE,
    -- Came in by this token, and goes with it.
    access_token_id bigint REFERENCES access_token ON DELETE CASCADE,
    started_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
);
CREATE INDEX sign_in_account ON sign_in (account_id);

-- Who did, saw or took out what, and why. Never the personal values themselves.
CREATE TABLE audit_log (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    account_id bigint,
    role text,
    community_id bigint,
    action text NOT NULL CHECK (action IN (
        'sign_in', 'sign_in_failed', 'locked', 'sign_out', 'password_changed', 'account_changed', 'unmask', 'unseal',
        'export', 'import', 'move')),
    object_type text,
    object_id bigint,
    reason text,
    row_count bigint,
    details jsonb
);
CREATE INDEX audit_log_community ON audit_log (community_id, at);
CREATE INDEX audit_log_account ON audit_log (account_id, at);

CREATE FUNCTION refuse_changing_the_log() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the log is not rewritten' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'audit_log_append_only', TABLE = 'audit_log';
END $$;
CREATE TRIGGER refuse_changing BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_changing_the_log();

CREATE FUNCTION record_audit(
    action text, community bigint, object_type text, object_id bigint, reason text, row_count bigint, details jsonb)
    RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    INSERT INTO audit_log (account_id, role, community_id, action, object_type, object_id, reason, row_count, details)
    VALUES (app_account(), nullif(app_role(), ''), $2, $1, $3, $4, $5, $6, $7);
$$;

-- Who asked, apart from what was asked: nobody's business but those who call back.
CREATE TABLE incident_requester (
    incident_id bigint PRIMARY KEY,
    community_id bigint NOT NULL,
    name text,
    phone text,
    room text,
    wants_secrecy boolean NOT NULL DEFAULT false,
    FOREIGN KEY (incident_id, community_id) REFERENCES incident (id, community_id) ON DELETE CASCADE
);

-- Categories sealed by role; sensitive ones are those the incident itself says.
CREATE FUNCTION sealed_categories() RETURNS text[]
    LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = public, pg_temp
    RETURN (SELECT coalesce(array_agg(c.code), '{}') FROM category AS c
        LEFT JOIN category AS above ON above.code = c.parent_code
        WHERE c.is_sealed OR above.is_sealed);

-- The buildings that the acting party leads today.
CREATE FUNCTION app_buildings() RETURNS bigint[]
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
    RETURN (SELECT coalesce(array_agg(h.building_id), '{}')
        FROM building_holder(CAST(now() AT TIME ZONE 'Asia/Shanghai' AS date)) AS h WHERE h.party_id = app_party());

-- The compounds a property company manages.
CREATE FUNCTION app_compounds() RETURNS bigint[]
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
    RETURN (SELECT coalesce(array_agg(c.id), '{}') FROM compound AS c WHERE c.property_company_id = app_party());

-- Every table with rows of a community: seen by those whose area it is in. A property company knows its own compounds and
-- what is in them; who belongs to which organisation is nothing to it, nor to a screen on a wall.
DO $$
DECLARE
    own record;
BEGIN
    FOR own IN SELECT * FROM (VALUES
        ('ground_feature', NULL), ('grid', NULL), ('zone_plan', NULL), ('zone', NULL), ('zone_party', NULL),
        ('duty_rule', NULL), ('campaign', NULL),
        ('compound', '(SELECT app_role()) <> ''property_company'' OR id = ANY (CAST((SELECT app_compounds()) AS bigint[]))'),
        ('building', '(SELECT app_role()) <> ''property_company'' OR compound_id = ANY (CAST((SELECT app_compounds()) AS bigint[]))'),
        ('building_grid', '(SELECT app_role()) <> ''property_company'' OR building_id IN (SELECT b.id FROM building AS b)'),
        ('zone_unit', '(SELECT app_role()) <> ''property_company'' OR building_id IN (SELECT b.id FROM building AS b)'),
        ('merchant', '(SELECT app_role()) <> ''property_company'' OR building_id IN (SELECT b.id FROM building AS b)'),
        ('merchant_offer', '(SELECT app_role()) <> ''property_company'' OR merchant_id IN (SELECT m.id FROM merchant AS m)'),
        ('party', '(SELECT app_role()) NOT IN (''property_company'', ''wall'') OR kind NOT IN (''party_member'', ''volunteer'')'),
        ('post', '(SELECT app_role()) NOT IN (''property_company'', ''wall'')'),
        ('membership', '(SELECT app_role()) NOT IN (''property_company'', ''wall'')')
    ) AS o (name, condition)
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', own.name);
        EXECUTE format(
            'CREATE POLICY area ON %I FOR SELECT TO wangge_app '
            'USING (community_id = ANY (CAST((SELECT app_communities()) AS bigint[])) AND (%s))',
            own.name, coalesce(own.condition, 'true'));
        EXECUTE format('GRANT SELECT ON %I TO wangge_app', own.name);
    END LOOP;
END $$;

ALTER TABLE community ENABLE ROW LEVEL SECURITY;
CREATE POLICY area ON community FOR SELECT TO wangge_app
    USING (id = ANY (CAST((SELECT app_communities()) AS bigint[])));
-- Codes in addresses lead somewhere before anybody has signed in; they say no more than that there is such a community.
CREATE FUNCTION list_community_codes() RETURNS TABLE (code text, id bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
    BEGIN ATOMIC
        SELECT c.code, c.id FROM community AS c;
    END;
GRANT SELECT ON community, category, category_national_code, national_code, layer_version, alembic_version TO wangge_app;

-- What the acting role may see of incidents: one condition, for the table and for the views on it. Written out in both,
-- for a function that is told who acts would not be folded into the query, and no index would serve it.
ALTER TABLE incident ENABLE ROW LEVEL SECURITY;
DO $$
DECLARE
    is_seen constant text := $condition$
        community_id = ANY (CAST((SELECT app_communities()) AS bigint[]))
        AND CASE (SELECT app_role())
            WHEN 'secretary' THEN true
            WHEN 'grid_worker' THEN category_code <> ALL (CAST((SELECT sealed_categories()) AS text[]))
                AND (sensitivity <> 'S3' OR party_id = (SELECT app_party())
                    OR grid_id = ANY (CAST((SELECT app_grids()) AS bigint[]))
                    OR building_id = ANY (CAST((SELECT app_buildings()) AS bigint[])))
            WHEN 'wall' THEN sensitivity <> 'S3' AND category_code <> ALL (CAST((SELECT sealed_categories()) AS text[]))
            WHEN 'leader' THEN sensitivity <> 'S3' AND category_code <> ALL (CAST((SELECT sealed_categories()) AS text[]))
            WHEN 'administrator' THEN sensitivity <> 'S3' AND category_code <> ALL (CAST((SELECT sealed_categories()) AS text[]))
            WHEN 'property_company' THEN party_id = (SELECT app_party())
                AND sensitivity <> 'S3' AND category_code <> ALL (CAST((SELECT sealed_categories()) AS text[]))
            ELSE false
        END $condition$;
BEGIN
    EXECUTE 'CREATE POLICY area ON incident FOR SELECT TO wangge_app USING (' || is_seen || ')';
    -- For the views and functions below, which run as their owner. Not for the application.
    -- Whose words a grid worker reads: of cases that are his, in his area, or that he had a hand in.
    EXECUTE $view$
        CREATE VIEW seen_incident AS
        SELECT
            incident.*,
            coalesce(party_id = (SELECT app_party()), false)
            OR coalesce(grid_id = ANY (CAST((SELECT app_grids()) AS bigint[])), false)
            OR coalesce(building_id = ANY (CAST((SELECT app_buildings()) AS bigint[])), false)
            OR EXISTS (
                SELECT FROM incident_event AS e
                WHERE e.incident_id = incident.id AND e.actor_party_id = (SELECT app_party())) AS is_own
        FROM incident WHERE $view$ || is_seen;
END $$;
-- All but what people wrote: title, description and address are read, masked, from case_words.
GRANT SELECT (
    id, community_id, category_code, source, request_kind, source_system, external_id, national_code_system,
    national_code_kind, national_code, severity, sensitivity, state, is_open, geom, geocode_quality, building_id,
    compound_id, grid_id, merchant_id, party_id, parent_id, duty_rule_id, campaign_id, reported_at, first_response_at,
    due_at, original_due_at, handled_at, closed_at, outcome, is_proactive, changed_at)
    ON incident TO wangge_app;

-- The words of the cases one may see, with what names a person masked: a grid worker's own, for of his neighbours' cases
-- he sees the facts; a property company's own, without who complained. Of sealed ones the secretary reads them after
-- giving a reason (unseal_case). Leaders and administrators read facts, not words.
CREATE VIEW case_words WITH (security_barrier) AS
    SELECT
        i.id AS incident_id, i.community_id,
        CASE WHEN who.is_outside THEN mask_people(mask_words(i.title)) ELSE mask_words(i.title) END AS title,
        CASE WHEN who.is_outside THEN mask_people(mask_words(i.description)) ELSE mask_words(i.description) END AS description,
        mask_words(i.address) AS address
    FROM seen_incident AS i
    CROSS JOIN (SELECT app_role() = 'property_company' AS is_outside) AS who
    WHERE CASE (SELECT app_role())
        WHEN 'grid_worker' THEN i.is_own
        WHEN 'property_company' THEN true
        WHEN 'secretary' THEN i.sensitivity <> 'S3' AND i.category_code <> ALL (CAST((SELECT sealed_categories()) AS text[]))
        ELSE false
    END;

-- The words of one case as they were written, for a reason that is kept.
CREATE FUNCTION unseal_case(incident bigint, reason text)
    RETURNS TABLE (title text, description text, address text)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    seen seen_incident;
BEGIN
    IF unseal_case.reason IS NULL OR unseal_case.reason !~ '\S' THEN
        RAISE EXCEPTION 'a reason is needed to see this' USING ERRCODE = 'check_violation', CONSTRAINT = 'unseal_has_reason';
    END IF;
    SELECT i.* INTO seen FROM seen_incident AS i
    WHERE i.id = unseal_case.incident AND (app_role() = 'secretary' OR app_role() = 'grid_worker' AND i.is_own);
    IF NOT FOUND THEN
        RETURN;
    END IF;
    PERFORM record_audit('unseal', seen.community_id, 'incident', seen.id, unseal_case.reason, 1, NULL);
    RETURN QUERY SELECT seen.title, seen.description, seen.address;
END $$;

-- What anybody of an area may see of incidents on the map; wall screens too. Runs as whoever asks: as the owner it would
-- have to be a barrier, behind which no index gives the newest first.
CREATE VIEW shown_incident WITH (security_invoker) AS
    SELECT
        i.id, i.community_id, i.category_code, c.parent_code, c.name AS category_name,
        i.state, i.is_open, i.reported_at, i.due_at, i.geom,
        i.building_id, i.compound_id, i.grid_id, i.merchant_id, i.party_id
    FROM incident AS i
    JOIN mapped_category AS c ON c.code = i.category_code
    WHERE i.geom IS NOT NULL AND i.sensitivity <> 'S3';
GRANT SELECT ON case_words, shown_incident, mapped_category TO wangge_app;

-- Events are seen with their case, by the same rule; their notes masked. OFFSET 0 has each event look its case up: else
-- all cases that can be seen would be gathered first, a million of them to read one history.
ALTER TABLE incident_event ENABLE ROW LEVEL SECURITY;
CREATE POLICY case_seen ON incident_event FOR SELECT TO wangge_app
    USING ((SELECT app_role()) <> 'wall' AND EXISTS (SELECT FROM incident AS i WHERE i.id = incident_id OFFSET 0));
GRANT SELECT (id, community_id, incident_id, at, actor_party_id, kind, from_state, to_state, reason, suggested_party_id)
    ON incident_event TO wangge_app;
CREATE VIEW case_notes WITH (security_barrier) AS
    SELECT e.id AS event_id, e.incident_id, e.community_id, CASE WHEN app_role() = 'property_company' THEN mask_people(mask_words(e.note)) ELSE mask_words(e.note) END AS note
    FROM incident_event AS e
    JOIN case_words AS w ON w.incident_id = e.incident_id;
GRANT SELECT ON case_notes TO wangge_app;
CREATE TRIGGER refuse_deleting BEFORE TRUNCATE ON incident_event FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();

ALTER TABLE visit ENABLE ROW LEVEL SECURITY;
CREATE POLICY area ON visit FOR SELECT TO wangge_app USING (
    community_id = ANY (CAST((SELECT app_communities()) AS bigint[]))
    AND (SELECT app_role()) IN ('secretary', 'grid_worker', 'leader'));
CREATE POLICY own_work ON visit FOR INSERT TO wangge_app WITH CHECK (
    community_id = ANY (CAST((SELECT app_communities()) AS bigint[]))
    AND (SELECT app_role()) IN ('secretary', 'grid_worker') AND party_id = (SELECT app_party()));
-- Notes of visits tell what is behind people's doors: nobody reads them in a list.
GRANT SELECT (id, community_id, kind, at, party_id, building_id, merchant_id, incident_id, campaign_id, outcome), INSERT
    ON visit TO wangge_app;

-- Names and numbers of people: whoever works for the community is named, as the grid's public card names him; others
-- are masked.
ALTER TABLE party_contact ENABLE ROW LEVEL SECURITY;
CREATE VIEW party_card WITH (security_barrier) AS
    SELECT
        p.id AS party_id, p.community_id,
        CASE WHEN p.kind IN ('staff', 'property_company', 'department', 'residents_committee') THEN k.full_name
            ELSE mask_name(k.full_name) END AS full_name,
        CASE WHEN p.kind IN ('staff', 'property_company', 'department', 'residents_committee') THEN k.work_phone
            ELSE mask_phone(k.work_phone) END AS work_phone,
        mask_phone(k.mobile_phone) AS mobile_phone
    FROM party AS p
    JOIN party_contact AS k ON k.party_id = p.id
    WHERE p.community_id = ANY (CAST((SELECT app_communities()) AS bigint[]))
        AND CASE (SELECT app_role())
            WHEN 'wall' THEN false
            WHEN 'property_company' THEN p.kind NOT IN ('party_member', 'volunteer')
            ELSE true END;

ALTER TABLE incident_requester ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_report ON incident_requester FOR INSERT TO wangge_app WITH CHECK (
    community_id = ANY (CAST((SELECT app_communities()) AS bigint[]))
    AND (SELECT app_role()) IN ('secretary', 'grid_worker'));
GRANT INSERT ON incident_requester TO wangge_app;
CREATE VIEW requester_card WITH (security_barrier) AS
    SELECT r.incident_id, r.community_id, mask_name(r.name) AS name, mask_phone(r.phone) AS phone, r.wants_secrecy
    FROM incident_requester AS r
    JOIN case_words AS w ON w.incident_id = r.incident_id
    WHERE (SELECT app_role()) IN ('secretary', 'grid_worker');
GRANT SELECT ON party_card, requester_card TO wangge_app;

CREATE FUNCTION unmask_requester(incident bigint, reason text)
    RETURNS TABLE (name text, phone text, room text)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    seen incident_requester;
BEGIN
    IF unmask_requester.reason IS NULL OR unmask_requester.reason !~ '\S' THEN
        RAISE EXCEPTION 'a reason is needed to see this' USING ERRCODE = 'check_violation', CONSTRAINT = 'unmask_has_reason';
    END IF;
    SELECT r.* INTO seen FROM incident_requester AS r
    JOIN seen_incident AS i ON i.id = r.incident_id
    WHERE r.incident_id = unmask_requester.incident
        AND (app_role() = 'secretary' OR app_role() = 'grid_worker' AND i.is_own);
    IF NOT FOUND THEN
        RETURN;
    END IF;
    PERFORM record_audit('unmask', seen.community_id, 'incident', seen.incident_id, unmask_requester.reason, 1, NULL);
    RETURN QUERY SELECT seen.name, seen.phone, seen.room;
END $$;

-- The log is read by administrators; it is written by record_audit alone.
ALTER TABLE audit_log ENABLE ROW LEVEL SECURITY;
CREATE POLICY administrators ON audit_log FOR SELECT TO wangge_app USING (
    (SELECT app_role()) = 'administrator'
    AND (community_id IS NULL OR community_id = ANY (CAST((SELECT app_communities()) AS bigint[]))));
GRANT SELECT ON audit_log TO wangge_app;

ALTER TABLE import_batch ENABLE ROW LEVEL SECURITY;
CREATE POLICY area ON import_batch FOR SELECT TO wangge_app USING (
    community_id = ANY (CAST((SELECT app_communities()) AS bigint[]))
    AND (SELECT app_role()) IN ('secretary', 'administrator'));
GRANT SELECT ON import_batch TO wangge_app;

-- Accounts are reached by these functions alone, so that no query can list hashes or tokens.
ALTER TABLE account ENABLE ROW LEVEL SECURITY;
ALTER TABLE role_grant ENABLE ROW LEVEL SECURITY;
ALTER TABLE sign_in ENABLE ROW LEVEL SECURITY;
ALTER TABLE access_token ENABLE ROW LEVEL SECURITY;
CREATE POLICY administrators ON role_grant FOR SELECT TO wangge_app
    USING (account_id = (SELECT app_account())
        OR (SELECT app_role()) = 'administrator' AND community_id = ANY (CAST((SELECT app_communities()) AS bigint[])));
CREATE POLICY administrators ON account FOR SELECT TO wangge_app
    USING (id = (SELECT app_account())
        OR (SELECT app_role()) = 'administrator' AND id IN (SELECT g.account_id FROM role_grant AS g));
GRANT SELECT (id, login, display_name, must_change_password, locked_until, oidc_issuer, is_demo, disabled_at, created_at)
    ON account TO wangge_app;
GRANT SELECT ON role_grant TO wangge_app;

-- Whose rows these may see, 0015 says.
GRANT SELECT ON building_hexagon, incident_hexagon, hexagon_version TO wangge_app;

-- Indexes on places stay of use under row-level security only where the operator cannot tell what it saw.
DO $$
BEGIN
    ALTER FUNCTION geometry_overlaps(geometry, geometry) LEAKPROOF;
EXCEPTION WHEN insufficient_privilege THEN
    RAISE NOTICE 'tiles are slower: let a superuser run ALTER FUNCTION geometry_overlaps(geometry, geometry) LEAKPROOF';
END $$;
