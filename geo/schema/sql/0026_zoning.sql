-- Zone plans as the secretary draws and publishes them: drafts with a journal, published plans that stay as they are.

ALTER TABLE zone_plan
    ADD COLUMN based_on bigint REFERENCES zone_plan ON DELETE SET NULL,
    -- Rises by one with every change of a draft.
    ADD COLUMN revision bigint NOT NULL DEFAULT 0,
    ADD COLUMN created_by bigint,
    ADD COLUMN created_at timestamptz NOT NULL DEFAULT now(),
    -- From then on nothing of the plan changes but its end. A plan that was in force before it came into this database
    -- is laid in first and sealed after.
    ADD COLUMN published_at timestamptz,
    ADD COLUMN published_by bigint,
    ADD CONSTRAINT drafts_are_not_published CHECK (state <> 'draft' OR published_at IS NULL),
    -- Judged at the end of a publication, in the midst of which two plans are in force.
    DROP CONSTRAINT one_plan_in_force,
    ADD CONSTRAINT one_plan_in_force EXCLUDE USING gist (
        community_id WITH =, kind WITH =, daterange(valid_from, valid_to) WITH &&) WHERE (state <> 'draft') DEFERRABLE;
CREATE INDEX zone_plan_based_on ON zone_plan (based_on);
UPDATE zone_plan SET published_at = valid_from WHERE state <> 'draft';

-- It neither gives nor takes buildings; it stays in its zone.
ALTER TABLE zone ADD COLUMN is_locked boolean NOT NULL DEFAULT false;
ALTER TABLE zone_unit ADD COLUMN is_locked boolean NOT NULL DEFAULT false;

-- A building that nobody is to hold, on purpose, and why.
CREATE TABLE zone_gap (
    plan_id bigint NOT NULL,
    building_id bigint NOT NULL,
    community_id bigint NOT NULL,
    reason text NOT NULL CHECK (reason ~ '\S'),
    PRIMARY KEY (plan_id, building_id),
    FOREIGN KEY (plan_id, community_id) REFERENCES zone_plan (id, community_id) ON DELETE CASCADE,
    FOREIGN KEY (building_id, community_id) REFERENCES building (id, community_id) ON DELETE CASCADE
);
CREATE INDEX zone_gap_building ON zone_gap (building_id);

-- The journal of a draft: what each step changed, from what to what, so that it can be taken back.
CREATE TABLE zone_step (
    plan_id bigint NOT NULL,
    number integer NOT NULL,
    community_id bigint NOT NULL,
    account_id bigint,
    at timestamptz NOT NULL DEFAULT now(),
    label text NOT NULL,
    changes jsonb NOT NULL,
    -- Of the plan, after the step was made, taken back or made again, whichever was last.
    revision bigint NOT NULL,
    undone_at timestamptz,
    PRIMARY KEY (plan_id, number),
    FOREIGN KEY (plan_id, community_id) REFERENCES zone_plan (id, community_id) ON DELETE CASCADE
);

-- Published plans stay as they are, whoever asks.
CREATE FUNCTION refuse_rewriting_plans() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        -- A community goes with all its plans.
        IF OLD.published_at IS NULL OR NOT EXISTS (SELECT FROM community AS c WHERE c.id = OLD.community_id) THEN
            RETURN OLD;
        END IF;
    ELSIF OLD.published_at IS NULL THEN
        IF OLD.state <> 'draft' OR NEW.state = 'draft' OR NEW.published_at IS NOT NULL THEN
            RETURN NEW;
        END IF;
    ELSIF to_jsonb(NEW) - 'based_on' = to_jsonb(OLD) - 'based_on' THEN
        RETURN NEW; -- The draft that it was a copy of is gone.
    ELSIF OLD.state = 'published' AND NEW.state = 'superseded' AND OLD.valid_to IS NULL
        AND to_jsonb(NEW) - ARRAY['state', 'valid_to'] = to_jsonb(OLD) - ARRAY['state', 'valid_to']
        AND EXISTS (
            SELECT FROM zone_plan AS p
            WHERE p.community_id = OLD.community_id AND p.kind = OLD.kind AND p.state <> 'draft'
                AND p.valid_from = NEW.valid_to)
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a published plan stays as it is'
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'published_plans_stay', TABLE = TG_TABLE_NAME;
END $$;
CREATE TRIGGER refuse_rewriting BEFORE UPDATE OR DELETE ON zone_plan
    FOR EACH ROW EXECUTE FUNCTION refuse_rewriting_plans();

-- What belongs to a published plan goes only with the plan, or with the building.
CREATE FUNCTION refuse_rewriting_zones() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (
        SELECT FROM changed AS c
        JOIN zone_plan AS p ON p.id = c.plan_id
        WHERE p.published_at IS NOT NULL
            AND (TG_OP <> 'DELETE' OR TG_ARGV[0] <> 'building'
                OR EXISTS (SELECT FROM building AS b WHERE b.id = CAST(to_jsonb(c) ->> 'building_id' AS bigint))))
    THEN
        RAISE EXCEPTION 'a published plan stays as it is'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'published_plans_stay', TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END $$;

-- People come and go while a plan is in force; who held what until yesterday is history.
CREATE FUNCTION refuse_rewriting_appointments() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    today constant date := CAST(now() AT TIME ZONE 'Asia/Shanghai' AS date);
    is_rewritten boolean;
BEGIN
    CASE TG_OP
        WHEN 'INSERT' THEN
            is_rewritten := EXISTS (
                SELECT FROM changed AS c JOIN zone_plan AS p ON p.id = c.plan_id
                WHERE p.published_at IS NOT NULL AND c.valid_from < today);
        WHEN 'DELETE' THEN
            is_rewritten := EXISTS (
                SELECT FROM was AS o JOIN zone_plan AS p ON p.id = o.plan_id
                WHERE p.published_at IS NOT NULL AND o.valid_from < today);
        ELSE
            is_rewritten := EXISTS (
                SELECT FROM was AS o
                LEFT JOIN changed AS c ON c.id = o.id
                LEFT JOIN zone_plan AS p ON p.id = o.plan_id AND p.published_at IS NOT NULL
                LEFT JOIN zone_plan AS q ON q.id = c.plan_id AND q.published_at IS NOT NULL
                WHERE (p.id IS NOT NULL OR q.id IS NOT NULL)
                    AND (c.id IS NULL OR p.id IS DISTINCT FROM q.id
                        OR least(o.valid_from, c.valid_from) < today
                            AND (o.zone_id, o.party_id, o.role, o.valid_from) <> (c.zone_id, c.party_id, c.role, c.valid_from)
                        OR o.valid_to IS DISTINCT FROM c.valid_to
                            AND least(coalesce(o.valid_to, 'infinity'), coalesce(c.valid_to, 'infinity')) < today));
    END CASE;
    IF is_rewritten THEN
        RAISE EXCEPTION 'who held a zone until yesterday is history'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'past_appointments_stay', TABLE = 'zone_party';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER refuse_rewriting_insert AFTER INSERT ON zone_party REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting_appointments();
CREATE TRIGGER refuse_rewriting_update AFTER UPDATE ON zone_party REFERENCING OLD TABLE AS was NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting_appointments();
CREATE TRIGGER refuse_rewriting_delete AFTER DELETE ON zone_party REFERENCING OLD TABLE AS was
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting_appointments();

-- A draft is on nobody's map: only what was published raises the layer.
CREATE FUNCTION touch_shown_plans() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO layer_touch (layer, community_id)
    SELECT DISTINCT 'zones', c.community_id FROM changed AS c WHERE c.state <> 'draft'
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE FUNCTION touch_shown_zones() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO layer_touch (layer, community_id)
    SELECT DISTINCT 'zones', c.community_id FROM changed AS c JOIN zone_plan AS p ON p.id = c.plan_id
    WHERE p.state <> 'draft'
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;

DO $$
DECLARE
    change record;
BEGIN
    FOR change IN
        SELECT t.*, c.*
        FROM (VALUES
            ('zone_plan', 'touch_shown_plans()', NULL),
            ('zone', 'touch_shown_zones()', 'refuse_rewriting_zones(''zone'')'),
            ('zone_party', 'touch_shown_zones()', NULL),
            ('zone_unit', 'touch_shown_zones()', 'refuse_rewriting_zones(''building'')'),
            ('zone_gap', 'touch_shown_zones()', 'refuse_rewriting_zones(''building'')'),
            ('zone_step', NULL, 'refuse_rewriting_zones(''zone'')')) AS t (name, touch, guard)
        CROSS JOIN (VALUES ('insert', 'new'), ('update', 'new'), ('update', 'old'), ('delete', 'old')) AS c (event, side)
    LOOP
        EXECUTE format('DROP TRIGGER IF EXISTS touch_layer_on_%s_%s ON %I', change.event, change.side, change.name);
        IF change.touch IS NOT NULL THEN
            EXECUTE format(
                'CREATE TRIGGER touch_layer_on_%s_%s AFTER %s ON %I REFERENCING %s TABLE AS changed '
                'FOR EACH STATEMENT EXECUTE FUNCTION %s',
                change.event, change.side, change.event, change.name, change.side, change.touch);
        END IF;
        IF change.guard IS NOT NULL THEN
            EXECUTE format(
                'CREATE TRIGGER refuse_rewriting_%s_%s AFTER %s ON %I REFERENCING %s TABLE AS changed '
                'FOR EACH STATEMENT EXECUTE FUNCTION %s',
                change.event, change.side, change.event, change.name, change.side, change.guard);
        END IF;
    END LOOP;
END $$;

-- Drafts are the secretary's; everybody else sees what was published. She draws in her own communities.
DO $$
DECLARE
    here constant text := 'community_id = ANY (CAST((SELECT app_communities()) AS bigint[]))';
    by_secretary constant text := here || ' AND (SELECT app_role()) = ''secretary''';
    in_seen_plan constant text := here
        || ' AND ((SELECT app_role()) = ''secretary'' OR plan_id IN (SELECT p.id FROM zone_plan AS p))';
    of_seen_building constant text := in_seen_plan
        || ' AND ((SELECT app_role()) <> ''property_company'' OR building_id IN (SELECT b.id FROM building AS b))';
    name text;
BEGIN
    ALTER TABLE zone_gap ENABLE ROW LEVEL SECURITY;
    ALTER TABLE zone_step ENABLE ROW LEVEL SECURITY;
    EXECUTE format(
        'ALTER POLICY area ON zone_plan USING (%s AND (state <> ''draft'' OR (SELECT app_role()) = ''secretary''))', here);
    EXECUTE format('ALTER POLICY area ON zone USING (%s)', in_seen_plan);
    EXECUTE format('ALTER POLICY area ON zone_party USING (%s)', in_seen_plan);
    EXECUTE format('ALTER POLICY area ON zone_unit USING (%s)', of_seen_building);
    EXECUTE format('CREATE POLICY area ON zone_gap FOR SELECT TO wangge_app USING (%s)', of_seen_building);
    EXECUTE format('CREATE POLICY secretary ON zone_step FOR SELECT TO wangge_app USING (%s)', by_secretary);
    FOREACH name IN ARRAY ARRAY['zone_plan', 'zone', 'zone_party', 'zone_unit', 'zone_gap', 'zone_step'] LOOP
        EXECUTE format('CREATE POLICY secretary_adds ON %I FOR INSERT TO wangge_app WITH CHECK (%s)', name, by_secretary);
        EXECUTE format(
            'CREATE POLICY secretary_changes ON %I FOR UPDATE TO wangge_app USING (%s) WITH CHECK (%s)',
            name, by_secretary, by_secretary);
        EXECUTE format('CREATE POLICY secretary_removes ON %I FOR DELETE TO wangge_app USING (%s)', name, by_secretary);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO wangge_app', name);
    END LOOP;
END $$;
REVOKE DELETE ON zone_step FROM wangge_app;
DROP POLICY secretary_removes ON zone_step;

ALTER TABLE audit_log
    DROP CONSTRAINT audit_log_action_check,
    ADD CONSTRAINT audit_log_action_check CHECK (action IN (
        'sign_in', 'sign_in_failed', 'locked', 'sign_out', 'password_changed', 'account_changed', 'unmask', 'unseal',
        'export', 'import', 'move', 'duty_changed', 'calendar_changed', 'workload_changed', 'plan_published', 'plan_discarded'));

CALL close_functions();
