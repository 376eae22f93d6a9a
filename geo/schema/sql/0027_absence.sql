-- Who is away, who does his work meanwhile, and who leaves for good.

CREATE TABLE absence (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    community_id bigint NOT NULL,
    party_id bigint NOT NULL,
    valid_from date NOT NULL,
    -- The first day he is back; none: until further notice. The first day away: it was called off.
    valid_to date,
    reason text NOT NULL CHECK (reason IN ('leave', 'sick', 'training', 'secondment', 'other')),
    note text CHECK (length(note) <= 400),
    -- Who does what belongs to no building: duty rules that name him, cases in the street.
    stand_in_id bigint CHECK (stand_in_id <> party_id),
    created_by bigint DEFAULT app_account(),
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (id, community_id),
    FOREIGN KEY (party_id, community_id) REFERENCES party (id, community_id) ON DELETE CASCADE,
    FOREIGN KEY (stand_in_id, community_id) REFERENCES party (id, community_id) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT absence_dates_in_order CHECK (valid_to >= valid_from),
    CONSTRAINT absent_once_at_a_time EXCLUDE USING gist (party_id WITH =, daterange(valid_from, valid_to) WITH &&)
);
CREATE INDEX absence_community ON absence (community_id, valid_from);
CREATE INDEX absence_stand_in ON absence (stand_in_id) WHERE stand_in_id IS NOT NULL;

-- Who takes which building meanwhile, where the zone has no backup who is there.
CREATE TABLE absence_cover (
    absence_id bigint NOT NULL,
    community_id bigint NOT NULL,
    building_id bigint NOT NULL,
    kind text NOT NULL CHECK (kind IN ('grid_worker', 'party_branch', 'volunteer', 'property', 'inspection')),
    party_id bigint NOT NULL,
    PRIMARY KEY (building_id, kind, absence_id, party_id),
    FOREIGN KEY (absence_id, community_id) REFERENCES absence (id, community_id) ON DELETE CASCADE,
    FOREIGN KEY (building_id, community_id) REFERENCES building (id, community_id) ON DELETE CASCADE,
    FOREIGN KEY (party_id, community_id) REFERENCES party (id, community_id) DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX absence_cover_absence ON absence_cover (absence_id);
CREATE INDEX absence_cover_party ON absence_cover (party_id);

CALL watch_layer('absence', 'zones');
CALL watch_layer('absence_cover', 'zones');

CREATE INDEX zone_party_zone ON zone_party (zone_id);
CREATE INDEX zone_party_party ON zone_party (party_id);

-- Each zone of the plans in force on a day: who leads it, and who of those appointed does so in fact: the lead, or while
-- he is away or gone, the backup who is there. Days are compared, for of how many ranges contain a day the planner knows
-- nothing, and would look at each building of a city one by one.
CREATE FUNCTION zone_duty(on_day date)
    RETURNS TABLE (
        zone_id bigint, plan_id bigint, community_id bigint, kind text, lead_party_id bigint, party_id bigint)
    LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
        SELECT z.id, plan.id, plan.community_id, plan.kind, lead.party_id, acting.party_id
        FROM zone_plan AS plan
        JOIN zone AS z ON z.plan_id = plan.id
        LEFT JOIN zone_party AS lead ON lead.zone_id = z.id AND lead.role = 'lead'
            AND lead.valid_from <= on_day AND coalesce(lead.valid_to, 'infinity') > on_day
        LEFT JOIN LATERAL (
            SELECT post.party_id
            FROM zone_party AS post
            JOIN party AS holder ON holder.id = post.party_id
                AND holder.active_from <= on_day AND coalesce(holder.active_to, 'infinity') > on_day
            WHERE post.zone_id = z.id AND post.valid_from <= on_day AND coalesce(post.valid_to, 'infinity') > on_day
                AND NOT EXISTS (
                    SELECT FROM absence AS away
                    WHERE away.party_id = post.party_id AND daterange(away.valid_from, away.valid_to) @> on_day)
            ORDER BY post.role <> 'lead', post.valid_from, post.id
            LIMIT 1
        ) AS acting ON true
        WHERE plan.state <> 'draft' AND plan.valid_from <= on_day AND coalesce(plan.valid_to, 'infinity') > on_day;
    END;

-- The same of each building; where none of those appointed is there, whoever took the building over. No party: nobody.
CREATE FUNCTION building_duty(on_day date)
    RETURNS TABLE (
        building_id bigint, community_id bigint, kind text, zone_id bigint, lead_party_id bigint, party_id bigint)
    LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
        SELECT
            unit.building_id, unit.community_id, duty.kind, unit.zone_id, duty.lead_party_id,
            coalesce(duty.party_id, (
                SELECT cover.party_id
                FROM absence_cover AS cover
                JOIN absence AS cause ON cause.id = cover.absence_id
                    AND daterange(cause.valid_from, cause.valid_to) @> on_day
                JOIN party AS taker ON taker.id = cover.party_id
                    AND daterange(taker.active_from, taker.active_to) @> on_day
                WHERE cover.building_id = unit.building_id AND cover.kind = duty.kind
                    AND NOT EXISTS (
                        SELECT FROM absence AS away
                        WHERE away.party_id = cover.party_id AND daterange(away.valid_from, away.valid_to) @> on_day)
                ORDER BY cover.absence_id DESC, cover.party_id
                LIMIT 1))
        FROM zone_duty(on_day) AS duty
        JOIN zone_unit AS unit ON unit.zone_id = duty.zone_id;
    END;

CREATE OR REPLACE FUNCTION building_holder(on_day date)
    RETURNS TABLE (building_id bigint, community_id bigint, kind text, zone_id bigint, party_id bigint)
    LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
        SELECT duty.building_id, duty.community_id, duty.kind, duty.zone_id, duty.party_id
        FROM building_duty(on_day) AS duty
        WHERE duty.party_id IS NOT NULL;
    END;

-- The buildings that the acting party holds today. From its own zones and what it took over, for row-level security asks
-- this with every query, and the other zones of a city are none of its business.
CREATE OR REPLACE FUNCTION app_buildings() RETURNS bigint[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp
    -- Planned once: to plan it takes longer than to answer.
    SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    today constant date := CAST(now() AT TIME ZONE 'Asia/Shanghai' AS date);
    own constant bigint := app_party();
BEGIN
    RETURN (
        SELECT coalesce(array_agg(held.building_id), '{}')
        FROM (
            SELECT unit.building_id
            FROM zone_duty(today) AS duty
            JOIN zone_unit AS unit ON unit.zone_id = duty.zone_id
            WHERE duty.party_id = own
                AND duty.zone_id = ANY (ARRAY(SELECT post.zone_id FROM zone_party AS post WHERE post.party_id = own))
            UNION
            SELECT duty.building_id
            FROM building_duty(today) AS duty
            WHERE duty.party_id = own AND duty.building_id = ANY (
                ARRAY(SELECT cover.building_id FROM absence_cover AS cover WHERE cover.party_id = own))
        ) AS held);
END $$;

-- Who does the work of a party on a day: it itself, or while it is away or gone, whoever has the building, else whoever
-- was named to stand in. No party: nobody.
CREATE FUNCTION acting_party(party bigint, building bigint, on_day date) RETURNS bigint
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (
        SELECT CASE
            WHEN daterange(p.active_from, p.active_to) @> acting_party.on_day AND away.id IS NULL THEN p.id
            ELSE coalesce(
                (SELECT d.party_id FROM building_duty(acting_party.on_day) AS d
                 WHERE d.building_id = acting_party.building AND d.kind = 'grid_worker' AND p.kind = 'staff'),
                (SELECT s.id FROM party AS s
                 WHERE s.id = away.stand_in_id AND daterange(s.active_from, s.active_to) @> acting_party.on_day
                    AND NOT EXISTS (
                        SELECT FROM absence AS his
                        WHERE his.party_id = s.id AND daterange(his.valid_from, his.valid_to) @> acting_party.on_day)))
            END
        FROM party AS p
        LEFT JOIN absence AS away ON away.party_id = p.id
            AND daterange(away.valid_from, away.valid_to) @> acting_party.on_day
        WHERE p.id = acting_party.party);

-- That somebody is away and until when, everybody may know who asks for him; why, the secretary and he himself.
ALTER TABLE absence ENABLE ROW LEVEL SECURITY;
ALTER TABLE absence_cover ENABLE ROW LEVEL SECURITY;
DO $$
DECLARE
    here constant text := 'community_id = ANY (CAST((SELECT app_communities()) AS bigint[]))';
    by_secretary constant text := here || ' AND (SELECT app_role()) = ''secretary''';
    today constant text := 'CAST(now() AT TIME ZONE ''Asia/Shanghai'' AS date)';
BEGIN
    EXECUTE format('CREATE POLICY area ON absence FOR SELECT TO wangge_app USING (%s)', here);
    EXECUTE format('CREATE POLICY secretary_adds ON absence FOR INSERT TO wangge_app WITH CHECK (%s)', by_secretary);
    -- What is over is history: only its end changes, and not into the past.
    EXECUTE format(
        'CREATE POLICY secretary_ends ON absence FOR UPDATE TO wangge_app '
        'USING (%1$s AND coalesce(valid_to, ''infinity'') > %2$s) '
        'WITH CHECK (%1$s AND coalesce(valid_to, ''infinity'') >= %2$s)', by_secretary, today);
    EXECUTE format(
        'CREATE POLICY area ON absence_cover FOR SELECT TO wangge_app USING (%s '
        'AND ((SELECT app_role()) <> ''property_company'' OR building_id IN (SELECT b.id FROM building AS b)))', here);
    EXECUTE format(
        'CREATE POLICY secretary_adds ON absence_cover FOR INSERT TO wangge_app WITH CHECK (%s)', by_secretary);
END $$;
GRANT SELECT (id, community_id, party_id, valid_from, valid_to, stand_in_id),
    INSERT (community_id, party_id, valid_from, valid_to, reason, note, stand_in_id), UPDATE (valid_to)
    ON absence TO wangge_app;
GRANT SELECT, INSERT ON absence_cover TO wangge_app;

CREATE VIEW absence_card WITH (security_barrier) AS
    SELECT a.id AS absence_id, a.community_id, a.reason, a.note
    FROM absence AS a
    WHERE a.community_id = ANY (CAST((SELECT app_communities()) AS bigint[]))
        AND ((SELECT app_role()) = 'secretary' OR a.party_id = (SELECT app_party()));
GRANT SELECT ON absence_card TO wangge_app;

-- To whom a case goes back: whoever sent it on if he is there, else the residents' committee, else the secretary.
CREATE OR REPLACE FUNCTION find_desk(held incident) RETURNS bigint
    LANGUAGE sql STABLE SET search_path FROM CURRENT
    RETURN (
        SELECT desk.id
        FROM party AS desk
        LEFT JOIN absence AS away ON away.party_id = desk.id
            AND daterange(away.valid_from, away.valid_to) @> CAST(now() AT TIME ZONE 'Asia/Shanghai' AS date)
        LEFT JOIN LATERAL (
            SELECT e.actor_party_id FROM incident_event AS e
            WHERE e.incident_id = held.id AND e.to_state = 'dispatched'
            ORDER BY e.at DESC, e.id DESC LIMIT 1) AS sender ON true
        WHERE desk.community_id = held.community_id
            AND daterange(desk.active_from, desk.active_to) @> CAST(now() AT TIME ZONE 'Asia/Shanghai' AS date)
            AND (desk.id = sender.actor_party_id AND desk.id IS DISTINCT FROM held.party_id
                OR desk.kind = 'residents_committee'
                OR EXISTS (
                    SELECT FROM post AS p WHERE p.party_id = desk.id AND p.title = 'secretary'
                        AND daterange(p.valid_from, p.valid_to) @> CAST(now() AT TIME ZONE 'Asia/Shanghai' AS date)))
        ORDER BY away.id IS NOT NULL,
            desk.id = sender.actor_party_id AND desk.id IS DISTINCT FROM held.party_id DESC NULLS LAST,
            desk.kind <> 'residents_committee', desk.active_from, desk.id
        LIMIT 1);

-- Open cases of others, or of nobody, within reach of some buildings: whoever holds these is shown them too (相邻责任区),
-- as far as he may see them. Asked as the owner, for under row-level security no index would serve the places.
CREATE FUNCTION list_border_cases(community bigint, buildings bigint[], reach_m double precision)
    RETURNS TABLE (incident_id bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
    BEGIN ATOMIC
        SELECT DISTINCT i.id
        FROM building AS b
        JOIN seen_incident AS i
            ON i.community_id = list_border_cases.community AND i.is_open
            -- The box finds by the index, the distance on the ellipsoid decides.
            AND i.geom && ST_Expand(b.geom, list_border_cases.reach_m / 50000.0)
            AND ST_DWithin(CAST(i.geom AS geography), CAST(b.geom AS geography), list_border_cases.reach_m)
        WHERE b.id = ANY (list_border_cases.buildings)
            AND (i.building_id IS NULL OR i.building_id <> ALL (list_border_cases.buildings));
    END;

-- A case goes to somebody else as it stands: neither its state nor its clock changes.
ALTER TABLE incident_event
    DROP CONSTRAINT incident_event_kind_check,
    ADD CONSTRAINT incident_event_kind_check CHECK (kind IN (
        'moved', 'extended', 'supervised', 'whistled', 'escalated', 'co_assigned', 'rework', 'reopened',
        'relapse_linked', 'noted', 'arrived', 'extension_requested', 'extension_refused', 'reopen_requested',
        'reopen_refused', 'corrected', 'called_back', 'handed_over'));
-- A new database has it from the table's file.
INSERT INTO workflow_move
VALUES (
    'hand_over', '{reported,accepted,registered,dispatched,returned,handling,suspended,verifying}', NULL, 'handed_over',
    '{secretary}', '{}', '{to_party}', '{}', '{party}', NULL, false, NULL)
ON CONFLICT DO NOTHING;

-- Somebody leaves for good: whatever he is ends with his last day.
CREATE FUNCTION end_service(party bigint, last_day date) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    leaver party;
    gone_on constant date := end_service.last_day + 1;
BEGIN
    IF app_role() <> 'secretary' THEN
        RAISE EXCEPTION 'only the secretary ends somebody''s service' USING ERRCODE = 'insufficient_privilege';
    END IF;
    SELECT p.* INTO leaver FROM party AS p
    WHERE p.id = end_service.party AND p.community_id = ANY (app_communities()) FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no such party' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF end_service.last_day IS NULL OR end_service.last_day < CAST(now() AT TIME ZONE 'Asia/Shanghai' AS date)
        OR leaver.active_to <= gone_on
    THEN
        RAISE EXCEPTION 'who has left has left' USING ERRCODE = 'check_violation', CONSTRAINT = 'service_ends_from_today';
    END IF;
    UPDATE party SET active_to = gone_on WHERE id = leaver.id;
    DELETE FROM post WHERE party_id = leaver.id AND valid_from >= gone_on;
    UPDATE post SET valid_to = gone_on WHERE party_id = leaver.id AND coalesce(valid_to, 'infinity') > gone_on;
    DELETE FROM membership WHERE leaver.id IN (member_id, organisation_id) AND valid_from >= gone_on;
    UPDATE membership SET valid_to = gone_on
    WHERE leaver.id IN (member_id, organisation_id) AND coalesce(valid_to, 'infinity') > gone_on;
    DELETE FROM zone_party WHERE party_id = leaver.id AND valid_from >= gone_on;
    UPDATE zone_party SET valid_to = gone_on WHERE party_id = leaver.id AND coalesce(valid_to, 'infinity') > gone_on;
    DELETE FROM role_grant WHERE party_id = leaver.id AND valid_from >= gone_on;
    UPDATE role_grant SET valid_to = gone_on WHERE party_id = leaver.id AND coalesce(valid_to, 'infinity') > gone_on;
    DELETE FROM absence WHERE party_id = leaver.id AND valid_from >= gone_on;
    PERFORM record_audit('service_ended', leaver.community_id, 'party', leaver.id, NULL, 1,
        jsonb_build_object('last_day', end_service.last_day));
END $$;

ALTER TABLE audit_log
    DROP CONSTRAINT audit_log_action_check,
    ADD CONSTRAINT audit_log_action_check CHECK (action IN (
        'sign_in', 'sign_in_failed', 'locked', 'sign_out', 'password_changed', 'account_changed', 'unmask', 'unseal',
        'export', 'import', 'move', 'duty_changed', 'calendar_changed', 'workload_changed', 'plan_published',
        'plan_discarded', 'absence_changed', 'service_ended'));

CALL close_functions();
