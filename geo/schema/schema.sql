-- The schema as the migrations leave it, for reading: change the migrations, then run `make schema`.

-- Procedures name tables that come further down.
SET check_function_bodies = false;


CREATE EXTENSION IF NOT EXISTS btree_gist WITH SCHEMA public;

CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;

CREATE EXTENSION IF NOT EXISTS postgis WITH SCHEMA public;

CREATE TYPE public.actor AS (
	account_id bigint,
	role text,
	community_ids bigint[],
	party_id bigint,
	grid_ids bigint[],
	name text,
	must_change_password boolean
);

CREATE FUNCTION public.app_account() RETURNS bigint
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (NULLIF(current_setting('wangge.account'::text, true), ''::text))::bigint;

CREATE TABLE public.absence (
    id bigint NOT NULL,
    community_id bigint NOT NULL,
    party_id bigint NOT NULL,
    valid_from date NOT NULL,
    valid_to date,
    reason text NOT NULL,
    note text,
    stand_in_id bigint,
    created_by bigint DEFAULT public.app_account(),
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT absence_check CHECK ((stand_in_id <> party_id)),
    CONSTRAINT absence_dates_in_order CHECK ((valid_to >= valid_from)),
    CONSTRAINT absence_note_check CHECK ((length(note) <= 400)),
    CONSTRAINT absence_reason_check CHECK ((reason = ANY (ARRAY['leave'::text, 'sick'::text, 'training'::text, 'secondment'::text, 'other'::text])))
);

CREATE TABLE public.party (
    id bigint NOT NULL,
    community_id bigint NOT NULL,
    kind text NOT NULL,
    code text NOT NULL,
    name text NOT NULL,
    active_from date NOT NULL,
    active_to date,
    CONSTRAINT party_code_check CHECK ((code <> ''::text)),
    CONSTRAINT party_dates_in_order CHECK ((active_to > active_from)),
    CONSTRAINT party_kind_check CHECK ((kind = ANY (ARRAY['staff'::text, 'party_member'::text, 'volunteer'::text, 'property_company'::text, 'party_branch'::text, 'volunteer_team'::text, 'social_organisation'::text, 'department'::text, 'residents_committee'::text, 'merchant'::text]))),
    CONSTRAINT party_name_check CHECK ((name <> ''::text))
);

CREATE TABLE public.zone (
    id bigint NOT NULL,
    community_id bigint NOT NULL,
    plan_id bigint NOT NULL,
    code text NOT NULL,
    name text NOT NULL,
    colour text,
    is_locked boolean DEFAULT false NOT NULL,
    CONSTRAINT zone_code_check CHECK ((code <> ''::text)),
    CONSTRAINT zone_colour_check CHECK ((colour ~ '^#[0-9A-F]{6}$'::text)),
    CONSTRAINT zone_name_check CHECK ((name <> ''::text))
);

CREATE TABLE public.zone_party (
    id bigint NOT NULL,
    community_id bigint NOT NULL,
    plan_id bigint NOT NULL,
    zone_id bigint NOT NULL,
    party_id bigint NOT NULL,
    role text NOT NULL,
    valid_from date NOT NULL,
    valid_to date,
    CONSTRAINT zone_party_dates_in_order CHECK ((valid_to > valid_from)),
    CONSTRAINT zone_party_role_check CHECK ((role = ANY (ARRAY['lead'::text, 'backup'::text])))
);

CREATE TABLE public.zone_plan (
    id bigint NOT NULL,
    community_id bigint NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    state text DEFAULT 'draft'::text NOT NULL,
    valid_from date,
    valid_to date,
    based_on bigint,
    revision bigint DEFAULT 0 NOT NULL,
    created_by bigint,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    published_at timestamp with time zone,
    published_by bigint,
    CONSTRAINT drafts_are_not_published CHECK (((state <> 'draft'::text) OR (published_at IS NULL))),
    CONSTRAINT zone_plan_check CHECK (((state = 'draft'::text) OR (valid_from IS NOT NULL))),
    CONSTRAINT zone_plan_check1 CHECK (((state <> 'superseded'::text) OR (valid_to IS NOT NULL))),
    CONSTRAINT zone_plan_dates_in_order CHECK ((valid_to > valid_from)),
    CONSTRAINT zone_plan_kind_check CHECK ((kind = ANY (ARRAY['grid_worker'::text, 'party_branch'::text, 'volunteer'::text, 'property'::text, 'inspection'::text]))),
    CONSTRAINT zone_plan_name_check CHECK ((name <> ''::text)),
    CONSTRAINT zone_plan_state_check CHECK ((state = ANY (ARRAY['draft'::text, 'published'::text, 'superseded'::text])))
);

CREATE FUNCTION public.zone_duty(on_day date) RETURNS TABLE(zone_id bigint, plan_id bigint, community_id bigint, kind text, lead_party_id bigint, party_id bigint)
    LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT z.id,
     plan.id,
     plan.community_id,
     plan.kind,
     lead.party_id,
     acting.party_id
    FROM (((public.zone_plan plan
      JOIN public.zone z ON ((z.plan_id = plan.id)))
      LEFT JOIN public.zone_party lead ON (((lead.zone_id = z.id) AND (lead.role = 'lead'::text) AND (lead.valid_from <= zone_duty.on_day) AND (COALESCE(lead.valid_to, 'infinity'::date) > zone_duty.on_day))))
      LEFT JOIN LATERAL ( SELECT post.party_id
            FROM (public.zone_party post
              JOIN public.party holder ON (((holder.id = post.party_id) AND (holder.active_from <= zone_duty.on_day) AND (COALESCE(holder.active_to, 'infinity'::date) > zone_duty.on_day))))
           WHERE ((post.zone_id = z.id) AND (post.valid_from <= zone_duty.on_day) AND (COALESCE(post.valid_to, 'infinity'::date) > zone_duty.on_day) AND (NOT (EXISTS ( SELECT
                    FROM public.absence away
                   WHERE ((away.party_id = post.party_id) AND (daterange(away.valid_from, away.valid_to) @> zone_duty.on_day))))))
           ORDER BY (post.role <> 'lead'::text), post.valid_from, post.id
          LIMIT 1) acting ON (true))
   WHERE ((plan.state <> 'draft'::text) AND (plan.valid_from <= zone_duty.on_day) AND (COALESCE(plan.valid_to, 'infinity'::date) > zone_duty.on_day));
END;

CREATE TABLE public.absence_cover (
    absence_id bigint NOT NULL,
    community_id bigint NOT NULL,
    building_id bigint NOT NULL,
    kind text NOT NULL,
    party_id bigint NOT NULL,
    CONSTRAINT absence_cover_kind_check CHECK ((kind = ANY (ARRAY['grid_worker'::text, 'party_branch'::text, 'volunteer'::text, 'property'::text, 'inspection'::text])))
);

CREATE TABLE public.zone_unit (
    plan_id bigint NOT NULL,
    building_id bigint NOT NULL,
    zone_id bigint NOT NULL,
    community_id bigint NOT NULL,
    is_locked boolean DEFAULT false NOT NULL
);

CREATE FUNCTION public.building_duty(on_day date) RETURNS TABLE(building_id bigint, community_id bigint, kind text, zone_id bigint, lead_party_id bigint, party_id bigint)
    LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT unit.building_id,
     unit.community_id,
     duty.kind,
     unit.zone_id,
     duty.lead_party_id,
     COALESCE(duty.party_id, ( SELECT cover.party_id
            FROM ((public.absence_cover cover
              JOIN public.absence cause ON (((cause.id = cover.absence_id) AND (daterange(cause.valid_from, cause.valid_to) @> building_duty.on_day))))
              JOIN public.party taker ON (((taker.id = cover.party_id) AND (daterange(taker.active_from, taker.active_to) @> building_duty.on_day))))
           WHERE ((cover.building_id = unit.building_id) AND (cover.kind = duty.kind) AND (NOT (EXISTS ( SELECT
                    FROM public.absence away
                   WHERE ((away.party_id = cover.party_id) AND (daterange(away.valid_from, away.valid_to) @> building_duty.on_day))))))
           ORDER BY cover.absence_id DESC, cover.party_id
          LIMIT 1)) AS "coalesce"
    FROM (public.zone_duty(building_duty.on_day) duty(zone_id, plan_id, community_id, kind, lead_party_id, party_id)
      JOIN public.zone_unit unit ON ((unit.zone_id = duty.zone_id)));
END;

CREATE FUNCTION public.acting_party(party bigint, building bigint, on_day date) RETURNS bigint
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (SELECT CASE WHEN ((daterange(p.active_from, p.active_to) @> acting_party.on_day) AND (away.id IS NULL)) THEN p.id ELSE COALESCE((SELECT d.party_id FROM public.building_duty(acting_party.on_day) d(building_id, community_id, kind, zone_id, lead_party_id, party_id) WHERE ((d.building_id = acting_party.building) AND (d.kind = 'grid_worker'::text) AND (p.kind = 'staff'::text))), (SELECT s.id FROM public.party s WHERE ((s.id = away.stand_in_id) AND (daterange(s.active_from, s.active_to) @> acting_party.on_day) AND (NOT (EXISTS (SELECT FROM public.absence his WHERE ((his.party_id = s.id) AND (daterange(his.valid_from, his.valid_to) @> acting_party.on_day)))))))) END AS "coalesce" FROM (public.party p LEFT JOIN public.absence away ON (((away.party_id = p.id) AND (daterange(away.valid_from, away.valid_to) @> acting_party.on_day)))) WHERE (p.id = acting_party.party));

CREATE FUNCTION public.app_buildings() RETURNS bigint[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
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

CREATE FUNCTION public.app_role() RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN COALESCE(current_setting('wangge.role'::text, true), ''::text);

CREATE FUNCTION public.app_communities() RETURNS bigint[]
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CASE WHEN (public.app_role() = ANY (ARRAY['secretary'::text, 'grid_worker'::text, 'leader'::text, 'property_company'::text, 'administrator'::text])) THEN (COALESCE(NULLIF(current_setting('wangge.communities'::text, true), ''::text), '{}'::text))::bigint[] ELSE '{}'::bigint[] END;

CREATE FUNCTION public.app_compounds() RETURNS bigint[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
BEGIN
    RETURN (
        SELECT coalesce(array_agg(c.id), '{}') FROM compound AS c WHERE c.property_company_id = app_party());
END $$;

CREATE FUNCTION public.app_grids() RETURNS bigint[]
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (COALESCE(NULLIF(current_setting('wangge.grids'::text, true), ''::text), '{}'::text))::bigint[];

CREATE FUNCTION public.app_party() RETURNS bigint
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (NULLIF(current_setting('wangge.party'::text, true), ''::text))::bigint;

CREATE FUNCTION public.app_today() RETURNS date
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN ((now() AT TIME ZONE 'Asia/Shanghai'::text))::date;

CREATE FUNCTION public.apply_incident_changes(communities bigint[], coarsest integer) RETURNS bigint[]
    LANGUAGE plpgsql
    AS $$
DECLARE
    incomplete bigint[];
BEGIN
    IF communities = '{}' THEN
        RETURN communities;
    END IF;
    WITH taken AS (
        DELETE FROM incident_change WHERE community_id = ANY (communities) RETURNING *
    ), change AS (
        SELECT t.community_id, t.up, t.across, sum(t.incidents) AS incidents, sum(t.open_incidents) AS open_incidents
        FROM taken AS t
        JOIN mapped_category AS c ON c.code = t.category_code
        GROUP BY t.community_id, t.up, t.across
        HAVING sum(t.incidents) <> 0 OR sum(t.open_incidents) <> 0
    ), added AS (
        INSERT INTO incident_hexagon AS present (level, up, across, community_id, incidents, open_incidents)
        SELECT level, h.up, h.across, c.community_id, sum(c.incidents), sum(c.open_incidents)
        FROM change AS c
        CROSS JOIN generate_series(coarsest, finest_hexagon_level()) AS level
        CROSS JOIN LATERAL hexagon_above(c.up, c.across, level) AS h
        GROUP BY level, h.up, h.across, c.community_id
        ON CONFLICT (level, up, across, community_id) DO UPDATE SET
            incidents = present.incidents + excluded.incidents,
            open_incidents = present.open_incidents + excluded.open_incidents
    )
    SELECT coalesce(array_agg(DISTINCT community_id), '{}') INTO incomplete FROM taken WHERE category_code IS NULL;
    DELETE FROM incident_hexagon WHERE community_id = ANY (communities) AND incidents = 0;
    RETURN incomplete;
END $$;

CREATE FUNCTION public.apply_move() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
DECLARE
    held incident;
    after incident;
    step workflow_move;
    own boolean;
    handler record;
    pending boolean;
    field text;
BEGIN
    IF NOT EXISTS (SELECT FROM workflow_move WHERE name = NEW.move AND name <> 'report') THEN
        RAISE EXCEPTION 'there is no move called %', NEW.move USING ERRCODE = 'WG003';
    END IF;
    IF NOT EXISTS (SELECT FROM workflow_move WHERE name = NEW.move AND app_role() = ANY (roles || own_roles)) THEN
        RAISE EXCEPTION 'a % may not % a case', replace(coalesce(nullif(app_role(), ''), 'visitor'), '_', ' '), replace(NEW.move, '_', ' ') USING ERRCODE = 'WG002';
    END IF;
    SELECT * INTO held FROM incident WHERE id = NEW.incident_id FOR NO KEY UPDATE;
    IF NOT EXISTS (SELECT FROM seen_incident AS s WHERE s.id = NEW.incident_id) THEN
        RAISE EXCEPTION 'there is no case % that you can see', NEW.incident_id USING ERRCODE = 'WG004';
    END IF;
    IF NEW.expected_version IS DISTINCT FROM held.version THEN
        RAISE EXCEPTION 'somebody was faster: the case has changed since you looked at it' USING ERRCODE = 'WG001';
    END IF;
    SELECT * INTO step FROM workflow_move WHERE name = NEW.move AND held.state = ANY (from_states);
    IF NOT FOUND THEN
        RAISE EXCEPTION 'a case that is % does not take “%”: it takes %', held.state, replace(NEW.move, '_', ' '),
            coalesce((SELECT string_agg(replace(name, '_', ' '), ', ' ORDER BY name) FROM workflow_move
                WHERE held.state = ANY (from_states) AND app_role() = ANY (roles || own_roles)), 'nothing any more')
            USING ERRCODE = 'WG003';
    END IF;
    own := is_own_case(held.id);
    IF app_role() <> ALL (step.roles) AND NOT (app_role() = ANY (step.own_roles) AND own) THEN
        RAISE EXCEPTION 'a % may % only his own cases', replace(app_role(), '_', ' '), replace(NEW.move, '_', ' ') USING ERRCODE = 'WG002';
    END IF;
    IF step.by_other THEN
        SELECT e.account_id, e.actor_party_id INTO handler FROM incident_event AS e
        WHERE e.incident_id = held.id AND e.to_state = 'verifying' ORDER BY e.version DESC NULLS LAST, e.at DESC, e.id DESC LIMIT 1;
        IF handler.account_id = app_account() OR handler.actor_party_id = app_party() THEN
            RAISE EXCEPTION 'somebody other than whoever handled the case must look at it' USING ERRCODE = 'WG002';
        END IF;
    END IF;

    NEW.community_id := held.community_id;
    NEW.at := clock_timestamp();
    NEW.account_id := app_account();
    NEW.role := app_role();
    NEW.actor_party_id := app_party();
    NEW.kind := step.kind;
    NEW.from_state := held.state;
    NEW.to_state := step.to_state;
    NEW.note := nullif(btrim(NEW.note, E' \n'), '');
    NEW.evidence := NULL;
    FOREACH field IN ARRAY step.required LOOP
        IF NULLIF(CASE field
            WHEN 'to_party' THEN CAST(NEW.to_party_id AS text)
            WHEN 'suggested_party' THEN CAST(NEW.suggested_party_id AS text)
            WHEN 'due_at' THEN CAST(NEW.due_at AS text)
            WHEN 'rating' THEN CAST(NEW.rating AS text)
            WHEN 'correction' THEN CAST(NULLIF(NEW.payload, '{}') AS text)
            WHEN 'parent' THEN NEW.payload ->> 'parent_id'
            WHEN 'reason' THEN NEW.reason
            WHEN 'note' THEN NEW.note
            WHEN 'outcome' THEN NEW.outcome END, '') IS NULL
        THEN
            RAISE EXCEPTION 'to % a case, say %', replace(NEW.move, '_', ' '), CASE field
                WHEN 'to_party' THEN 'whom it goes to'
                WHEN 'suggested_party' THEN 'whose you think it is'
                WHEN 'due_at' THEN 'until when'
                WHEN 'rating' THEN 'how satisfied they were, from 1 to 5'
                WHEN 'correction' THEN 'what is corrected'
                WHEN 'parent' THEN 'which case it goes back to'
                WHEN 'reason' THEN 'why'
                WHEN 'note' THEN 'in a few words what there is to know'
                WHEN 'outcome' THEN 'how it ended' END USING ERRCODE = 'WG003';
        END IF;
    END LOOP;
    IF NEW.reason IS NOT NULL AND NEW.reason <> ALL (step.reasons) THEN
        RAISE EXCEPTION '“%” is no reason to % a case: %', NEW.reason, replace(NEW.move, '_', ' '),
            coalesce('choose ' || nullif(array_to_string(step.reasons, ', '), ''), 'write it into the note') USING ERRCODE = 'WG003';
    END IF;
    IF NEW.reason = 'other' AND NEW.note IS NULL THEN
        RAISE EXCEPTION 'another reason than those of the list is said in the note' USING ERRCODE = 'WG003';
    END IF;
    -- What the move does not ask for is not kept.
    IF 'to_party' <> ALL (step.required) THEN NEW.to_party_id := NULL; END IF;
    IF 'suggested_party' <> ALL (step.required) THEN NEW.suggested_party_id := NULL; END IF;
    IF 'outcome' <> ALL (step.required) THEN NEW.outcome := NULL; END IF;
    IF 'rating' <> ALL (step.required) THEN NEW.rating := NULL; END IF;
    IF NOT step.required && CAST('{correction,parent}' AS text[]) THEN NEW.payload := NULL; END IF;
    IF NOT ('clock' = ANY (step.effects)) THEN NEW.original_due_at := NULL; END IF;
    IF 'due_at' <> ALL (step.required) AND NOT step.effects && CAST('{party,own_party,due,due_if_none,clock}' AS text[]) THEN
        NEW.due_at := NULL;
    END IF;

    IF NEW.to_party_id IS NOT NULL OR NEW.suggested_party_id IS NOT NULL THEN
        IF EXISTS (
            SELECT FROM unnest(ARRAY[NEW.to_party_id, NEW.suggested_party_id]) AS named (id)
            WHERE named.id IS NOT NULL AND NOT EXISTS (
                SELECT FROM party AS p WHERE p.id = named.id AND p.community_id = held.community_id
                    AND daterange(p.active_from, p.active_to) @> CAST(now() AT TIME ZONE 'Asia/Shanghai' AS date)))
        THEN
            RAISE EXCEPTION 'whoever is named is not active in this community: choose somebody else' USING ERRCODE = 'WG003';
        END IF;
    END IF;
    IF NEW.suggested_party_id = held.party_id THEN
        RAISE EXCEPTION 'whoever returns a case suggests somebody else than its present holder' USING ERRCODE = 'WG003';
    END IF;
    IF NEW.move = 'dispatch' AND NEW.to_party_id = held.party_id AND held.state IN ('dispatched', 'handling') THEN
        RAISE EXCEPTION 'whoever is named has the case already: choose somebody else' USING ERRCODE = 'WG003';
    END IF;
    IF 'due_at' = ANY (step.required) THEN
        IF NEW.due_at <= NEW.at THEN
            RAISE EXCEPTION 'the time given has passed already: give a later one' USING ERRCODE = 'WG003';
        END IF;
        IF NEW.move IN ('request_extension', 'approve_extension') AND NEW.due_at <= held.due_at THEN
            RAISE EXCEPTION 'an extension ends later than the time the case has now' USING ERRCODE = 'WG003';
        END IF;
        IF NEW.due_at > NEW.at + make_interval(days => coalesce(step.most_days, 3660)) THEN
            RAISE EXCEPTION 'to % a case, at most % days are given: look at it again then', replace(NEW.move, '_', ' '),
                coalesce(step.most_days, 3660) USING ERRCODE = 'WG003';
        END IF;
    END IF;

    SELECT e.move = coalesce(step.answers, step.name) INTO pending
    FROM incident_event AS e
    WHERE e.incident_id = held.id AND e.to_party_id IS NOT DISTINCT FROM NEW.to_party_id
        AND (e.move = coalesce(step.answers, step.name)
            OR e.move IN (SELECT name FROM workflow_move WHERE answers = coalesce(step.answers, step.name)))
        -- Whoever gets the case next asks for more time himself.
        AND (coalesce(step.answers, step.name) <> 'request_extension' OR e.version > coalesce(
            (SELECT max(sent.version) FROM incident_event AS sent
                WHERE sent.incident_id = held.id AND sent.to_state = 'dispatched'), 0))
    ORDER BY e.version DESC LIMIT 1;
    IF step.answers IS NOT NULL AND pending IS NOT TRUE THEN
        RAISE EXCEPTION 'nothing to answer: there is no open %', replace(step.answers, '_', ' ') USING ERRCODE = 'WG003';
    END IF;
    IF pending AND step.answers IS NULL AND EXISTS (SELECT FROM workflow_move WHERE answers = step.name) THEN
        RAISE EXCEPTION 'that has been asked already and is not answered yet' USING ERRCODE = 'WG003';
    END IF;

    after := held;
    after.version := held.version + 1;
    after.state := coalesce(step.to_state, held.state);
    after.party_id := CASE
        WHEN 'party' = ANY (step.effects) THEN NEW.to_party_id
        WHEN 'own_party' = ANY (step.effects) THEN coalesce(app_party(), held.party_id)
        WHEN 'desk' = ANY (step.effects) THEN find_desk(held)
        ELSE held.party_id END;
    IF after.party_id IS NULL AND after.state NOT IN ('reported', 'accepted', 'rejected', 'voided') THEN
        after.party_id := find_desk(held);
        IF after.party_id IS NULL THEN
            RAISE EXCEPTION 'nobody is there to take the case: enter the residents'' committee as a party' USING ERRCODE = 'WG003';
        END IF;
    END IF;
    IF after.party_id IS DISTINCT FROM held.party_id OR step.effects && CAST('{party,own_party,desk}' AS text[]) THEN
        NEW.to_party_id := after.party_id;
    END IF;
    IF 'due' = ANY (step.effects) THEN
        after.due_at := coalesce(NEW.due_at, held.due_at);
        after.original_due_at := coalesce(held.original_due_at, after.due_at);
    ELSIF 'due_if_none' = ANY (step.effects) THEN
        after.due_at := coalesce(held.due_at, NEW.due_at);
        after.original_due_at := coalesce(held.original_due_at, after.due_at);
    ELSIF 'clock' = ANY (step.effects) THEN
        after.due_at := coalesce(NEW.due_at, held.due_at);
        after.original_due_at := coalesce(NEW.original_due_at, held.original_due_at);
    END IF;
    IF 'respond' = ANY (step.effects) THEN after.first_response_at := coalesce(held.first_response_at, NEW.at); END IF;
    IF 'handled' = ANY (step.effects) THEN after.handled_at := NEW.at; END IF;
    IF 'unhandled' = ANY (step.effects) THEN after.handled_at := NULL; END IF;
    IF 'closed' = ANY (step.effects) THEN
        after.handled_at := coalesce(held.handled_at, NEW.at);
        after.closed_at := NEW.at;
        after.outcome := NEW.outcome;
    END IF;
    IF 'opened' = ANY (step.effects) THEN
        after.handled_at := NULL;
        after.closed_at := NULL;
        after.outcome := NULL;
    END IF;
    IF 'corrected' = ANY (step.effects) THEN
        IF EXISTS (SELECT FROM jsonb_object_keys(NEW.payload) AS key WHERE key NOT IN (
            'category_code', 'title', 'description', 'address', 'geom', 'geocode_quality', 'building_id', 'compound_id',
            'grid_id', 'merchant_id'))
        THEN
            RAISE EXCEPTION 'only category, place and words of a case are corrected' USING ERRCODE = 'WG003';
        END IF;
        after := jsonb_populate_record(after, NEW.payload);
        IF NOT EXISTS (SELECT FROM category WHERE code = after.category_code) THEN
            RAISE EXCEPTION 'there is no category %: choose one of the list', after.category_code USING ERRCODE = 'WG003';
        END IF;
        IF after.geom IS NOT NULL AND NOT (SELECT ST_Covers(c.geom, after.geom) FROM community AS c WHERE c.id = held.community_id) THEN
            RAISE EXCEPTION 'the place lies outside the community: choose one inside its boundary' USING ERRCODE = 'WG003';
        END IF;
        SELECT greatest(held.sensitivity, c.sensitivity, above.sensitivity) INTO after.sensitivity
        FROM category AS c LEFT JOIN category AS above ON above.code = c.parent_code WHERE c.code = after.category_code;
        NEW.payload := jsonb_build_object('to', NEW.payload, 'from', (
            SELECT jsonb_object_agg(key, CASE key WHEN 'geom' THEN to_jsonb(ST_AsEWKT(held.geom)) ELSE to_jsonb(held) -> key END)
            FROM jsonb_object_keys(NEW.payload) AS key));
    END IF;
    IF 'parent' = ANY (step.effects) THEN
        after.parent_id := CAST(NEW.payload ->> 'parent_id' AS bigint);
        IF NOT EXISTS (SELECT FROM seen_incident AS s WHERE s.id = after.parent_id AND s.community_id = held.community_id) THEN
            RAISE EXCEPTION 'there is no case % that you can see', after.parent_id USING ERRCODE = 'WG004';
        END IF;
        IF EXISTS (
            WITH RECURSIVE above (id, parent_id) AS (
                SELECT i.id, i.parent_id FROM incident AS i WHERE i.id = after.parent_id
                UNION SELECT i.id, i.parent_id FROM incident AS i JOIN above ON i.id = above.parent_id)
            SELECT FROM above WHERE id = held.id)
        THEN
            RAISE EXCEPTION 'a case does not come back before it was there: choose an earlier one' USING ERRCODE = 'WG003';
        END IF;
    END IF;

    IF (after.party_id, after.category_code) IS DISTINCT FROM (held.party_id, held.category_code)
        AND is_withheld(after.party_id, after.category_code, after.sensitivity)
    THEN
        RAISE EXCEPTION 'a property company is not shown such a case: give it to somebody else' USING ERRCODE = 'WG003';
    END IF;

    UPDATE incident SET
        version = after.version, state = after.state, party_id = after.party_id, due_at = after.due_at,
        original_due_at = after.original_due_at, first_response_at = after.first_response_at,
        handled_at = after.handled_at, closed_at = after.closed_at, outcome = after.outcome,
        category_code = after.category_code, sensitivity = after.sensitivity, title = after.title,
        description = after.description, address = after.address, geom = after.geom,
        geocode_quality = after.geocode_quality, building_id = after.building_id, compound_id = after.compound_id,
        grid_id = after.grid_id, merchant_id = after.merchant_id, parent_id = after.parent_id
    WHERE id = held.id;
    RETURN NEW;
END $$;

CREATE PROCEDURE public.assign_building_grids(IN of_community bigint)
    LANGUAGE sql
    SET work_mem TO '128MB'
    AS $$
    -- Driven from the grids, each of which is then prepared once for all its buildings. Of how many rows come of it
    -- the planner has no idea: windows and full joins take no longer than the rows deserve, whatever it believes.
    WITH covering AS (
        SELECT
            b.id AS building_id, g.id AS grid_id, g.community_id, g.kind, g.period,
            g.period && range_agg(g.period) OVER (
                PARTITION BY b.id, g.kind ORDER BY g.code, g.id
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS is_taken
        FROM grid AS g
        CROSS JOIN LATERAL (
            SELECT building.id FROM building
            WHERE building.community_id = g.community_id AND building.geom && g.geom
                AND ST_Intersects(g.geom, building.anchor)
            OFFSET 0
        ) AS b
        WHERE g.community_id = of_community
    ),
    -- An anchor on a shared edge belongs to the grid with the lower code.
    chosen AS (SELECT * FROM covering WHERE is_taken IS NOT TRUE),
    differing AS MATERIALIZED (
        SELECT building_id, grid_id, c.community_id, c.kind, c.period, c.grid_id IS NULL AS is_gone
        FROM chosen AS c
        FULL JOIN (SELECT bg.building_id, bg.grid_id FROM building_grid AS bg WHERE bg.community_id = of_community) AS bg
            USING (building_id, grid_id)
        WHERE c.grid_id IS NULL OR bg.grid_id IS NULL
    ),
    gone AS (
        DELETE FROM building_grid AS bg USING differing AS d
        WHERE d.is_gone AND bg.building_id = d.building_id AND bg.grid_id = d.grid_id
    )
    INSERT INTO building_grid (building_id, grid_id, community_id, kind, period)
    SELECT building_id, grid_id, community_id, kind, period FROM differing WHERE NOT is_gone
    ON CONFLICT DO NOTHING;
$$;

CREATE FUNCTION public.attach_photo(incident bigint, case_version integer, place smallint, hash text, media_type text, width_px integer, height_px integer) RETURNS bigint
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $_$
    INSERT INTO incident_photo (
        community_id, incident_id, event_id, position, sha256, media_type, width_px, height_px, account_id)
    SELECT e.community_id, e.incident_id, e.id, $3, $4, $5, $6, $7, app_account()
    FROM incident_event AS e
    WHERE e.incident_id = $1 AND e.version = $2 AND e.account_id = app_account()
    RETURNING id;
$_$;

CREATE FUNCTION public.begin_sign_in(by_login text, most_attempts integer, lock_seconds integer) RETURNS TABLE(account_id bigint, password_hash text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

CREATE FUNCTION public.building_holder(on_day date) RETURNS TABLE(building_id bigint, community_id bigint, kind text, zone_id bigint, party_id bigint)
    LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT duty.building_id,
     duty.community_id,
     duty.kind,
     duty.zone_id,
     duty.party_id
    FROM public.building_duty(building_holder.on_day) duty(building_id, community_id, kind, zone_id, lead_party_id, party_id)
   WHERE (duty.party_id IS NOT NULL);
END;

CREATE FUNCTION public.mask_people(words text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN regexp_replace(regexp_replace(words, '((?:联系人|诉求人|投诉人|来电人|反映人|举报人|报修人|当事人|住户|业主|居民|租户|房东|户主|姓名)(?:是|为|[:： ])\s*)[一-鿿·]{2,10}'::text, '\1**'::text, 'g'::text), '(?:欧阳|上官|司马|诸葛|皇甫|司徒|令狐|[王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文覃韦蓝莫农])[一-鿿]{0,2}?(先生|女士|小姐|阿姨|叔叔|大爷|大妈|大叔|大姐|大哥|奶奶|爷爷|婆婆|老人|老太|师傅|同志|老师|医生)'::text, '某\1'::text, 'g'::text);

CREATE FUNCTION public.narrow_digits(words text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN translate(words, '０１２３４５６７８９Ｘｘ－'::text, '0123456789Xx-'::text);

CREATE FUNCTION public.mask_words(words text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN (words ~ '[0-9０-９@＠]'::text) THEN regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(public.narrow_digits(words), '(?<![0-9])[0-9](?:[ -]?[0-9]){10,14}[ -]?((?:[0-9][ -]?){3}[0-9Xx])(?![0-9Xx])'::text, '**************\1'::text, 'g'::text), '(?<![0-9])(1[3-9][0-9])[ -]?[0-9]{4}[ -]?([0-9]{4})(?![0-9])'::text, '\1****\2'::text, 'g'::text), '(?<![0-9])(\+?86[ -]?)(1[3-9][0-9])[ -]?[0-9]{4}[ -]?([0-9]{4})(?![0-9])'::text, '\1\2****\3'::text, 'g'::text), '(?<![0-9])0[0-9]{2,3}[) -]{0,2}[0-9]{3,4}[ -]?([0-9]{4})(?![0-9])'::text, '****\1'::text, 'g'::text), '([京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-Za-z])[·•・. -]?[A-Za-z0-9]{3,4}([A-Za-z0-9]{2}|[A-Za-z0-9][挂学警港澳使领])(?![A-Za-z0-9])'::text, '\1·***\2'::text, 'g'::text), '(?<![0-9])[0-9]{3,4}( ?[室房])'::text, '***\1'::text, 'g'::text), '((?:单元|栋|幢|座|号楼|[0-9][-－][0-9]{1,2})[ -]?)[0-9]{3,4}(?![0-9年月日号栋幢])'::text, '\1***'::text, 'g'::text), '[A-Za-z0-9._%+-]+[@＠]([A-Za-z0-9.-]+)'::text, '***@\1'::text, 'g'::text) ELSE words END;

CREATE FUNCTION public.sealed_categories() RETURNS text[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'public', 'pg_temp'
    AS $$
BEGIN
    RETURN (
        SELECT coalesce(array_agg(c.code), '{}')
        FROM category AS c
        LEFT JOIN category AS above ON above.code = c.parent_code
        WHERE c.is_sealed OR above.is_sealed);
END $$;

CREATE TABLE public.incident (
    id bigint NOT NULL,
    community_id bigint NOT NULL,
    category_code text NOT NULL,
    source text NOT NULL,
    request_kind text,
    source_system text DEFAULT 'wangge'::text NOT NULL,
    external_id text,
    national_code_system text,
    national_code_kind text,
    national_code text,
    severity text DEFAULT 'normal'::text NOT NULL,
    sensitivity text DEFAULT 'S1'::text NOT NULL,
    state text DEFAULT 'reported'::text NOT NULL,
    is_open boolean GENERATED ALWAYS AS ((state <> ALL (ARRAY['closed'::text, 'rated'::text, 'rejected'::text, 'voided'::text]))) STORED NOT NULL,
    title text,
    description text,
    address text,
    geom public.geometry(Point,4490),
    geocode_quality text DEFAULT 'none'::text NOT NULL,
    building_id bigint,
    compound_id bigint,
    grid_id bigint,
    merchant_id bigint,
    party_id bigint,
    parent_id bigint,
    duty_rule_id bigint,
    campaign_id bigint,
    reported_at timestamp with time zone NOT NULL,
    first_response_at timestamp with time zone,
    due_at timestamp with time zone,
    original_due_at timestamp with time zone,
    handled_at timestamp with time zone,
    closed_at timestamp with time zone,
    outcome text,
    is_proactive boolean GENERATED ALWAYS AS ((source = 'patrol'::text)) STORED NOT NULL,
    import_batch_id bigint,
    changed_at timestamp with time zone DEFAULT now() NOT NULL,
    version integer DEFAULT 0 NOT NULL,
    client_id text,
    CONSTRAINT incident_client_id_check CHECK (((length(client_id) >= 1) AND (length(client_id) <= 200))),
    CONSTRAINT incident_closed_has_time CHECK (((state = ANY (ARRAY['closed'::text, 'rated'::text])) = (closed_at IS NOT NULL))),
    CONSTRAINT incident_dates_in_order CHECK (((first_response_at >= reported_at) AND (due_at >= reported_at) AND (original_due_at >= reported_at) AND (handled_at >= reported_at) AND (closed_at >= COALESCE(handled_at, reported_at)))),
    CONSTRAINT incident_geocode_quality_check CHECK ((geocode_quality = ANY (ARRAY['dwelling'::text, 'building'::text, 'compound'::text, 'street'::text, 'manual'::text, 'none'::text]))),
    CONSTRAINT incident_geom_check CHECK (((geom IS NULL) OR ((NOT public.st_isempty(geom)) AND ((public.st_x(geom) >= (73)::double precision) AND (public.st_x(geom) <= (136)::double precision)) AND ((public.st_y(geom) >= (3)::double precision) AND (public.st_y(geom) <= (54)::double precision))))),
    CONSTRAINT incident_national_code_whole CHECK ((num_nulls(national_code_system, national_code_kind, national_code) = ANY (ARRAY[0, 3]))),
    CONSTRAINT incident_not_its_own_parent CHECK ((parent_id <> id)),
    CONSTRAINT incident_outcome_check CHECK ((outcome = ANY (ARRAY['resolved'::text, 'partly_resolved'::text, 'persuaded'::text, 'mediated'::text, 'negotiated'::text, 'transferred'::text, 'unresolvable'::text]))),
    CONSTRAINT incident_place_matches_quality CHECK (
CASE
    WHEN (geom IS NULL) THEN ((geocode_quality = 'none'::text) OR ((geocode_quality = 'compound'::text) AND (compound_id IS NOT NULL)))
    ELSE (geocode_quality <> 'none'::text)
END),
    CONSTRAINT incident_request_kind_check CHECK ((request_kind = ANY (ARRAY['help'::text, 'enquiry'::text, 'complaint'::text]))),
    CONSTRAINT incident_sensitivity_check CHECK ((sensitivity = ANY (ARRAY['S1'::text, 'S2'::text, 'S3'::text]))),
    CONSTRAINT incident_severity_check CHECK ((severity = ANY (ARRAY['low'::text, 'normal'::text, 'high'::text, 'urgent'::text]))),
    CONSTRAINT incident_source_check CHECK ((source = ANY (ARRAY['patrol'::text, 'walk_in'::text, 'phone'::text, 'hotline_12345'::text, 'wechat_group'::text, 'courier'::text, 'property'::text, 'superior'::text, 'other'::text]))),
    CONSTRAINT incident_state_check CHECK ((state = ANY (ARRAY['reported'::text, 'accepted'::text, 'registered'::text, 'dispatched'::text, 'returned'::text, 'handling'::text, 'suspended'::text, 'verifying'::text, 'closed'::text, 'rated'::text, 'rejected'::text, 'voided'::text]))),
    CONSTRAINT incident_time_plausible CHECK ((reported_at >= '1949-12-31 16:00:00+00'::timestamp with time zone))
);

CREATE TABLE public.incident_event (
    id bigint NOT NULL,
    community_id bigint NOT NULL,
    incident_id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    actor_party_id bigint,
    kind text NOT NULL,
    from_state text,
    to_state text,
    reason text,
    note text,
    suggested_party_id bigint,
    evidence jsonb,
    move text,
    expected_version integer,
    version integer GENERATED ALWAYS AS ((expected_version + 1)) STORED,
    account_id bigint,
    role text,
    to_party_id bigint,
    due_at timestamp with time zone,
    original_due_at timestamp with time zone,
    outcome text,
    rating smallint,
    payload jsonb,
    import_batch_id bigint,
    CONSTRAINT incident_event_check CHECK (((kind <> 'moved'::text) OR (to_state IS NOT NULL))),
    CONSTRAINT incident_event_kind_check CHECK ((kind = ANY (ARRAY['moved'::text, 'extended'::text, 'supervised'::text, 'whistled'::text, 'escalated'::text, 'co_assigned'::text, 'rework'::text, 'reopened'::text, 'relapse_linked'::text, 'noted'::text, 'arrived'::text, 'extension_requested'::text, 'extension_refused'::text, 'reopen_requested'::text, 'reopen_refused'::text, 'corrected'::text, 'called_back'::text, 'handed_over'::text, 'rechecked'::text]))),
    CONSTRAINT incident_event_rating_check CHECK (((rating >= 1) AND (rating <= 5))),
    CONSTRAINT move_is_signed CHECK (((move IS NULL) OR ((expected_version IS NOT NULL) AND (account_id IS NOT NULL) AND (role IS NOT NULL)))),
    CONSTRAINT note_not_endless CHECK (((move IS NULL) OR (length(note) <= 4000))),
    CONSTRAINT return_has_reason CHECK (((to_state IS DISTINCT FROM 'returned'::text) OR (reason IS NOT NULL)))
);

CREATE VIEW public.seen_incident AS
 SELECT incident.id,
    incident.community_id,
    incident.category_code,
    incident.source,
    incident.request_kind,
    incident.source_system,
    incident.external_id,
    incident.national_code_system,
    incident.national_code_kind,
    incident.national_code,
    incident.severity,
    incident.sensitivity,
    incident.state,
    incident.is_open,
    incident.title,
    incident.description,
    incident.address,
    incident.geom,
    incident.geocode_quality,
    incident.building_id,
    incident.compound_id,
    incident.grid_id,
    incident.merchant_id,
    incident.party_id,
    incident.parent_id,
    incident.duty_rule_id,
    incident.campaign_id,
    incident.reported_at,
    incident.first_response_at,
    incident.due_at,
    incident.original_due_at,
    incident.handled_at,
    incident.closed_at,
    incident.outcome,
    incident.is_proactive,
    incident.import_batch_id,
    incident.changed_at,
    (COALESCE((incident.party_id = ( SELECT public.app_party() AS app_party)), false) OR COALESCE((incident.grid_id = ANY (( SELECT public.app_grids() AS app_grids)::bigint[])), false) OR COALESCE((incident.building_id = ANY (( SELECT public.app_buildings() AS app_buildings)::bigint[])), false) OR (EXISTS ( SELECT
           FROM public.incident_event e
          WHERE ((e.incident_id = incident.id) AND (e.actor_party_id = ( SELECT public.app_party() AS app_party)))))) AS is_own
   FROM public.incident
  WHERE ((incident.community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND
        CASE ( SELECT public.app_role() AS app_role)
            WHEN 'secretary'::text THEN true
            WHEN 'grid_worker'::text THEN ((incident.category_code <> ALL (( SELECT public.sealed_categories() AS sealed_categories)::text[])) AND ((incident.sensitivity <> 'S3'::text) OR (incident.party_id = ( SELECT public.app_party() AS app_party)) OR (incident.grid_id = ANY (( SELECT public.app_grids() AS app_grids)::bigint[])) OR (incident.building_id = ANY (( SELECT public.app_buildings() AS app_buildings)::bigint[]))))
            WHEN 'wall'::text THEN ((incident.sensitivity <> 'S3'::text) AND (incident.category_code <> ALL (( SELECT public.sealed_categories() AS sealed_categories)::text[])))
            WHEN 'leader'::text THEN ((incident.sensitivity <> 'S3'::text) AND (incident.category_code <> ALL (( SELECT public.sealed_categories() AS sealed_categories)::text[])))
            WHEN 'administrator'::text THEN ((incident.sensitivity <> 'S3'::text) AND (incident.category_code <> ALL (( SELECT public.sealed_categories() AS sealed_categories)::text[])))
            WHEN 'property_company'::text THEN ((incident.party_id = ( SELECT public.app_party() AS app_party)) AND (incident.sensitivity <> 'S3'::text) AND (incident.category_code <> ALL (( SELECT public.sealed_categories() AS sealed_categories)::text[])))
            ELSE false
        END);

CREATE VIEW public.case_words WITH (security_barrier='true') AS
 SELECT i.id AS incident_id,
    i.community_id,
        CASE
            WHEN who.is_outside THEN public.mask_people(public.mask_words(i.title))
            ELSE public.mask_words(i.title)
        END AS title,
        CASE
            WHEN who.is_outside THEN public.mask_people(public.mask_words(i.description))
            ELSE public.mask_words(i.description)
        END AS description,
    public.mask_words(i.address) AS address
   FROM (public.seen_incident i
     CROSS JOIN ( SELECT (public.app_role() = 'property_company'::text) AS is_outside) who)
  WHERE
        CASE ( SELECT public.app_role() AS app_role)
            WHEN 'grid_worker'::text THEN i.is_own
            WHEN 'property_company'::text THEN true
            WHEN 'secretary'::text THEN ((i.sensitivity <> 'S3'::text) AND (i.category_code <> ALL (( SELECT public.sealed_categories() AS sealed_categories)::text[])))
            ELSE false
        END;

CREATE FUNCTION public.cases_saying(candidates bigint[], patterns text[]) RETURNS TABLE(incident_id bigint)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    BEGIN ATOMIC
 WITH likely AS MATERIALIZED (
          SELECT i.id
            FROM (unnest(cases_saying.candidates) candidate(id)
              JOIN public.incident i ON ((i.id = candidate.id)))
           WHERE (concat_ws(' '::text, i.title, i.address, i.description) ~~* ALL (cases_saying.patterns))
         )
  SELECT w.incident_id
    FROM (likely
      CROSS JOIN LATERAL ( SELECT k.incident_id,
             k.community_id,
             k.title,
             k.description,
             k.address
            FROM public.case_words k
           WHERE (k.incident_id = likely.id)
          OFFSET 0) w)
   WHERE (concat_ws(' '::text, w.title, w.address, w.description) ~~* ALL (cases_saying.patterns));
END;

CREATE PROCEDURE public.close_functions()
    LANGUAGE plpgsql
    AS $$
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

CREATE TABLE public.audit_log (
    id bigint NOT NULL,
    at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    account_id bigint,
    role text,
    community_id bigint,
    action text NOT NULL,
    object_type text,
    object_id bigint,
    reason text,
    row_count bigint,
    details jsonb,
    CONSTRAINT audit_log_action_check CHECK ((action = ANY (ARRAY['sign_in'::text, 'sign_in_failed'::text, 'locked'::text, 'sign_out'::text, 'password_changed'::text, 'account_changed'::text, 'unmask'::text, 'unseal'::text, 'export'::text, 'import'::text, 'move'::text, 'duty_changed'::text, 'calendar_changed'::text, 'workload_changed'::text, 'plan_published'::text, 'plan_discarded'::text, 'absence_changed'::text, 'service_ended'::text, 'community_changed'::text])))
);

CREATE TABLE public.sign_in (
    token_hash bytea NOT NULL,
    account_id bigint NOT NULL,
    grant_id bigint NOT NULL,
    access_token_id bigint,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL
);

CREATE FUNCTION public.close_sign_in(by_hash bytea, everywhere boolean) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    BEGIN ATOMIC
 WITH closed AS (
          DELETE FROM public.sign_in s
            USING public.sign_in this
           WHERE ((this.token_hash = close_sign_in.by_hash) AND ((s.token_hash = this.token_hash) OR (close_sign_in.everywhere AND (s.account_id = this.account_id))))
           RETURNING s.account_id
         )
  INSERT INTO public.audit_log (account_id, action, row_count)  SELECT closed.account_id,
             'sign_out',
             count(*) AS count
            FROM closed
           GROUP BY closed.account_id;
END;

CREATE FUNCTION public.count_building_hexagons(communities bigint[], coarsest integer) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF communities = '{}' THEN
        RETURN;
    END IF;
    DELETE FROM building_hexagon WHERE community_id = ANY (communities);
    WITH finest AS (
        SELECT b.community_id, h.up, h.across, count(*) AS buildings, sum(b.households) AS households
        FROM building AS b
        CROSS JOIN LATERAL finest_hexagon_of(b.anchor) AS h
        WHERE b.community_id = ANY (communities)
        GROUP BY b.community_id, h.up, h.across
    )
    INSERT INTO building_hexagon (level, up, across, community_id, buildings, households)
    SELECT level, h.up, h.across, f.community_id, sum(f.buildings), sum(f.households)
    FROM finest AS f
    CROSS JOIN generate_series(coarsest, finest_hexagon_level()) AS level
    CROSS JOIN LATERAL hexagon_above(f.up, f.across, level) AS h
    GROUP BY level, h.up, h.across, f.community_id;
END $$;

CREATE FUNCTION public.count_incident_hexagons(communities bigint[], coarsest integer) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF communities = '{}' THEN
        RETURN;
    END IF;
    DELETE FROM incident_hexagon WHERE community_id = ANY (communities);
    -- In one statement, so that a change is either counted or still noted, never both.
    WITH finest AS (
        SELECT
            i.community_id, h.up, h.across,
            count(*) AS incidents, count(*) FILTER (WHERE i.is_open) AS open_incidents
        FROM mapped_incident AS i
        CROSS JOIN LATERAL finest_hexagon_of(i.geom) AS h
        WHERE i.community_id = ANY (communities)
        GROUP BY i.community_id, h.up, h.across
    ), counted AS (
        DELETE FROM incident_change WHERE community_id = ANY (communities)
    )
    INSERT INTO incident_hexagon (level, up, across, community_id, incidents, open_incidents)
    SELECT level, h.up, h.across, f.community_id, sum(f.incidents), sum(f.open_incidents)
    FROM finest AS f
    CROSS JOIN generate_series(coarsest, finest_hexagon_level()) AS level
    CROSS JOIN LATERAL hexagon_above(f.up, f.across, level) AS h
    GROUP BY level, h.up, h.across, f.community_id;
END $$;

CREATE FUNCTION public.is_sound(shape public.geometry) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ((shape IS NULL) OR ((shape OPERATOR(public.@) public.st_makeenvelope((73)::double precision, (3)::double precision, (136)::double precision, (54)::double precision, 4490)) AND public.st_isvalid(shape)));

CREATE TABLE public.community (
    id bigint NOT NULL,
    code text NOT NULL,
    name text NOT NULL,
    subdistrict text,
    official_code text,
    is_demo boolean DEFAULT false NOT NULL,
    metric_epsg integer NOT NULL,
    geom public.geometry(MultiPolygon,4490) NOT NULL,
    supervision_phone text DEFAULT '12345'::text NOT NULL,
    CONSTRAINT community_code_check CHECK ((code <> ''::text)),
    CONSTRAINT community_geom_check CHECK (public.is_sound(geom)),
    CONSTRAINT community_metric_epsg_check CHECK (((metric_epsg >= 4513) AND (metric_epsg <= 4554))),
    CONSTRAINT community_name_check CHECK ((name <> ''::text)),
    CONSTRAINT community_official_code_check CHECK ((official_code ~ '^\d{12}$'::text)),
    CONSTRAINT supervision_phone_is_a_number CHECK ((supervision_phone ~ '^[0-9][0-9 -]{2,19}$'::text))
);

CREATE FUNCTION public.is_demo_installation() RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    RETURN ((EXISTS (SELECT FROM public.community)) AND (NOT (EXISTS (SELECT FROM public.community WHERE (NOT community.is_demo)))));

CREATE TABLE public.account (
    id bigint NOT NULL,
    login text NOT NULL,
    display_name text NOT NULL,
    password_hash text,
    must_change_password boolean DEFAULT true NOT NULL,
    failed_attempts integer DEFAULT 0 NOT NULL,
    locked_until timestamp with time zone,
    oidc_issuer text,
    oidc_subject text,
    is_demo boolean DEFAULT false NOT NULL,
    disabled_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    last_grant_id bigint,
    CONSTRAINT account_check CHECK (((oidc_subject IS NULL) OR (oidc_issuer IS NOT NULL))),
    CONSTRAINT account_display_name_check CHECK ((display_name <> ''::text)),
    CONSTRAINT account_failed_attempts_check CHECK ((failed_attempts >= 0)),
    CONSTRAINT account_login_check CHECK (((login = lower(login)) AND (login !~ '\s'::text) AND ((length(login) >= 2) AND (length(login) <= 64))))
);

CREATE TABLE public.role_grant (
    id bigint NOT NULL,
    account_id bigint NOT NULL,
    role text NOT NULL,
    community_id bigint,
    grid_id bigint,
    party_id bigint,
    valid_from date DEFAULT CURRENT_DATE NOT NULL,
    valid_to date,
    CONSTRAINT role_grant_check CHECK (((role <> 'property_company'::text) OR (party_id IS NOT NULL))),
    CONSTRAINT role_grant_dates_in_order CHECK ((valid_to > valid_from)),
    CONSTRAINT role_grant_role_check CHECK ((role = ANY (ARRAY['secretary'::text, 'grid_worker'::text, 'leader'::text, 'property_company'::text, 'wall'::text, 'administrator'::text]))),
    CONSTRAINT whole_installation_for_those_above CHECK (((community_id IS NOT NULL) OR (role = ANY (ARRAY['leader'::text, 'administrator'::text, 'wall'::text]))))
);

CREATE VIEW public.grant_in_force AS
 SELECT g.id,
    g.account_id,
    g.role,
    g.community_id,
    g.grid_id,
    g.party_id,
    g.valid_from,
    g.valid_to
   FROM (public.role_grant g
     JOIN public.account a ON ((a.id = g.account_id)))
  WHERE ((a.disabled_at IS NULL) AND (daterange(g.valid_from, g.valid_to) @> public.app_today()) AND ((NOT a.is_demo) OR public.is_demo_installation()));

CREATE TABLE public.grid (
    id bigint NOT NULL,
    community_id bigint NOT NULL,
    kind text NOT NULL,
    parent_id bigint,
    code text NOT NULL,
    name text NOT NULL,
    official_code text,
    external_id text,
    valid_from date NOT NULL,
    valid_to date,
    period daterange GENERATED ALWAYS AS (daterange(valid_from, valid_to)) STORED NOT NULL,
    geom public.geometry(MultiPolygon,4490) NOT NULL,
    import_batch_id bigint,
    changed_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT grid_check CHECK (((kind = 'micro'::text) = (parent_id IS NOT NULL))),
    CONSTRAINT grid_code_check CHECK ((code <> ''::text)),
    CONSTRAINT grid_dates_in_order CHECK ((valid_to > valid_from)),
    CONSTRAINT grid_geom_check CHECK (public.is_sound(geom)),
    CONSTRAINT grid_kind_check CHECK ((kind = ANY (ARRAY['community'::text, 'micro'::text, 'exclusive'::text]))),
    CONSTRAINT grid_name_check CHECK ((name <> ''::text))
);

CREATE FUNCTION public.describe_actor(of_grant bigint) RETURNS SETOF public.actor
    LANGUAGE sql STABLE
    BEGIN ATOMIC
 SELECT g.account_id,
     g.role,
     ARRAY( SELECT c.id
            FROM public.community c
           WHERE ((g.community_id IS NULL) OR (c.id = g.community_id))
           ORDER BY c.id) AS "array",
     g.party_id,
     post.grid_ids,
     a.display_name,
     a.must_change_password
    FROM ((public.grant_in_force g
      JOIN public.account a ON ((a.id = g.account_id)))
      CROSS JOIN LATERAL ( SELECT
                 CASE
                     WHEN bool_and((alike.grid_id IS NOT NULL)) THEN array_agg(DISTINCT part.id ORDER BY part.id) FILTER (WHERE (part.id IS NOT NULL))
                     ELSE '{}'::bigint[]
                 END AS grid_ids
            FROM (public.grant_in_force alike
              LEFT JOIN public.grid part ON (((alike.grid_id = part.id) OR (alike.grid_id = part.parent_id))))
           WHERE ((alike.account_id = g.account_id) AND (alike.role = g.role) AND (NOT (alike.community_id IS DISTINCT FROM g.community_id)) AND (NOT (alike.party_id IS DISTINCT FROM g.party_id)))) post)
   WHERE (g.id = describe_actor.of_grant);
END;

CREATE FUNCTION public.due_when_suspended(incident bigint, due_at timestamp with time zone) RETURNS timestamp with time zone
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CASE WHEN (due_at <= (SELECT max(e.at) AS max FROM public.incident_event e WHERE ((e.incident_id = due_when_suspended.incident) AND (e.to_state = 'suspended'::text) AND (e.from_state IS DISTINCT FROM 'suspended'::text)))) THEN due_at ELSE NULL::timestamp with time zone END;

CREATE FUNCTION public.end_service(party bigint, last_day date) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

CREATE FUNCTION public.fail_sign_in(of_account bigint) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    BEGIN ATOMIC
 INSERT INTO public.audit_log (account_id, action)  SELECT fail_sign_in.of_account AS of_account,
                 CASE
                     WHEN (EXISTS ( SELECT
                        FROM public.account a
                       WHERE ((a.id = fail_sign_in.of_account) AND (a.locked_until > clock_timestamp())))) THEN 'locked'::text
                     ELSE 'sign_in_failed'::text
                 END AS "case";
END;

CREATE FUNCTION public.feature_collection(features text[], most integer) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN concat('{"type":"FeatureCollection","truncated":', to_json((COALESCE(cardinality(features), 0) > most)), ',"features":[', array_to_string((features)[1:most], ','::text), ']}');

CREATE FUNCTION public.figure_keys(level text, grid_id bigint, zone_id bigint, compound_id bigint, party_id bigint, category_code text, parent_code text) RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE level WHEN 'community'::text THEN ARRAY[''::text] WHEN 'grid'::text THEN ARRAY[(grid_id)::text] WHEN 'zone'::text THEN ARRAY[(zone_id)::text] WHEN 'compound'::text THEN ARRAY[(compound_id)::text] WHEN 'party'::text THEN ARRAY[(party_id)::text] WHEN 'category'::text THEN ARRAY[category_code, parent_code] ELSE NULL::text[] END;

CREATE TABLE public.access_token (
    id bigint NOT NULL,
    account_id bigint NOT NULL,
    purpose text NOT NULL,
    name text NOT NULL,
    token_hash bytea NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone,
    revoked_at timestamp with time zone,
    CONSTRAINT access_token_purpose_check CHECK ((purpose = ANY (ARRAY['wall'::text, 'open311'::text])))
);

CREATE VIEW public.access_token_in_force AS
 SELECT t.id,
    t.account_id,
    t.purpose,
    t.name,
    t.token_hash,
    t.created_at,
    t.expires_at,
    t.revoked_at
   FROM public.access_token t
  WHERE ((t.revoked_at IS NULL) AND ((t.expires_at IS NULL) OR (t.expires_at > now())));

CREATE FUNCTION public.find_actor(by_hash bytea) RETURNS SETOF public.actor
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    BEGIN ATOMIC
 SELECT who.account_id,
     who.role,
     who.community_ids,
     who.party_id,
     who.grid_ids,
     who.name,
     who.must_change_password
    FROM (public.sign_in s
      CROSS JOIN LATERAL public.describe_actor(s.grant_id) who(account_id, role, community_ids, party_id, grid_ids, name, must_change_password))
   WHERE ((s.token_hash = find_actor.by_hash) AND (s.expires_at > now()) AND ((s.access_token_id IS NULL) OR (s.access_token_id IN ( SELECT t.id
            FROM public.access_token_in_force t))));
END;

CREATE FUNCTION public.find_api_actor(by_hash bytea) RETURNS SETOF public.actor
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    BEGIN ATOMIC
 SELECT who.account_id,
     who.role,
     who.community_ids,
     who.party_id,
     who.grid_ids,
     who.name,
     who.must_change_password
    FROM (public.access_token_in_force t
      CROSS JOIN LATERAL public.describe_actor(( SELECT min(g.id) AS min
            FROM public.grant_in_force g
           WHERE (g.account_id = t.account_id))) who(account_id, role, community_ids, party_id, grid_ids, name, must_change_password))
   WHERE ((t.token_hash = find_api_actor.by_hash) AND (t.purpose = 'open311'::text));
END;

CREATE TABLE public.post (
    id bigint NOT NULL,
    community_id bigint NOT NULL,
    party_id bigint NOT NULL,
    title text NOT NULL,
    valid_from date NOT NULL,
    valid_to date,
    CONSTRAINT post_dates_in_order CHECK ((valid_to > valid_from)),
    CONSTRAINT post_title_check CHECK ((title = ANY (ARRAY['secretary'::text, 'officer'::text, 'grid_lead'::text, 'grid_worker'::text, 'building_steward'::text, 'dwelling_steward'::text])))
);

CREATE FUNCTION public.find_desk(held public.incident) RETURNS bigint
    LANGUAGE sql STABLE
    SET search_path TO '$user', 'public'
    RETURN (SELECT desk.id FROM ((public.party desk LEFT JOIN public.absence away ON (((away.party_id = desk.id) AND (daterange(away.valid_from, away.valid_to) @> ((now() AT TIME ZONE 'Asia/Shanghai'::text))::date)))) LEFT JOIN LATERAL (SELECT e.actor_party_id FROM public.incident_event e WHERE ((e.incident_id = (find_desk.held).id) AND (e.to_state = 'dispatched'::text)) ORDER BY e.at DESC, e.id DESC LIMIT 1) sender ON (true)) WHERE ((desk.community_id = (find_desk.held).community_id) AND (daterange(desk.active_from, desk.active_to) @> ((now() AT TIME ZONE 'Asia/Shanghai'::text))::date) AND (((desk.id = sender.actor_party_id) AND (desk.id IS DISTINCT FROM (find_desk.held).party_id)) OR (desk.kind = 'residents_committee'::text) OR (EXISTS (SELECT FROM public.post p WHERE ((p.party_id = desk.id) AND (p.title = 'secretary'::text) AND (daterange(p.valid_from, p.valid_to) @> ((now() AT TIME ZONE 'Asia/Shanghai'::text))::date)))))) ORDER BY (away.id IS NOT NULL), ((desk.id = sender.actor_party_id) AND (desk.id IS DISTINCT FROM (find_desk.held).party_id)) DESC NULLS LAST, (desk.kind <> 'residents_committee'::text), desk.active_from, desk.id LIMIT 1);

CREATE FUNCTION public.find_own_login(by_hash bytea) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    BEGIN ATOMIC
 SELECT a.login
    FROM (public.sign_in s
      JOIN public.account a ON ((a.id = s.account_id)))
   WHERE ((s.token_hash = find_own_login.by_hash) AND (s.expires_at > now()) AND (s.access_token_id IS NULL) AND (a.disabled_at IS NULL));
END;

CREATE FUNCTION public.find_report(community bigint, client text) RETURNS bigint
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    RETURN (SELECT i.id FROM (public.incident i JOIN public.incident_event e ON (((e.incident_id = i.id) AND (e.version = 1) AND (e.move = 'report'::text)))) WHERE ((i.community_id = find_report.community) AND (i.client_id = find_report.client) AND (e.account_id = public.app_account())));

CREATE FUNCTION public.finest_hexagon_level() RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN 14;

CREATE FUNCTION public.hexagon_width_m(level integer) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (((40075016.68557849 / (32)::numeric))::double precision / ((2)::double precision ^ (level)::double precision));

CREATE FUNCTION public.hexagon_at(x_m double precision, y_m double precision, level integer) RETURNS TABLE(up integer, across integer)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT (
         CASE
             WHEN nearest.is_even THEN ((2)::double precision * round(nearest.v))
             ELSE (((2)::double precision * floor(nearest.v)) + (1)::double precision)
         END)::integer AS int4,
     (
         CASE
             WHEN nearest.is_even THEN ((2)::double precision * round(nearest.u))
             ELSE (((2)::double precision * floor(nearest.u)) + (1)::double precision)
         END)::integer AS int4
    FROM ( SELECT place.u,
             place.v,
             ((abs((place.u - round(place.u))) + ((3)::double precision * abs((place.v - round(place.v))))) <= (1)::double precision) AS is_even
            FROM ( SELECT (hexagon_at.x_m / public.hexagon_width_m(hexagon_at.level)) AS u,
                     (hexagon_at.y_m / (public.hexagon_width_m(hexagon_at.level) * sqrt((3)::double precision))) AS v) place) nearest;
END;

CREATE FUNCTION public.finest_hexagon_of(place public.geometry) RETURNS TABLE(up integer, across integer)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT h.up,
     h.across
    FROM (( SELECT ((6378137)::double precision * radians(public.st_x(finest_hexagon_of.place))) AS x_m,
             ((6378137)::double precision * ln(tan(radians(((45)::double precision + (public.st_y(finest_hexagon_of.place) / (2)::double precision)))))) AS y_m
          OFFSET 0) mercator
      CROSS JOIN LATERAL public.hexagon_at(mercator.x_m, mercator.y_m, public.finest_hexagon_level()) h(up, across));
END;

CREATE FUNCTION public.has_reported(incident bigint) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    RETURN (EXISTS (SELECT FROM public.incident_event e WHERE ((e.incident_id = has_reported.incident) AND (e.version = 1) AND (e.move = 'report'::text) AND (e.account_id = public.app_account()))));

CREATE FUNCTION public.hexagon_above(finest_up integer, finest_across integer, level integer) RETURNS TABLE(up integer, across integer)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT h.up,
     h.across
    FROM public.hexagon_at((((hexagon_above.finest_across)::double precision * public.hexagon_width_m(public.finest_hexagon_level())) / (2)::double precision), ((((hexagon_above.finest_up)::double precision * public.hexagon_width_m(public.finest_hexagon_level())) * sqrt((3)::double precision)) / (2)::double precision), hexagon_above.level) h(up, across);
END;

CREATE FUNCTION public.hexagon_shape(up integer, across integer, level integer, z integer, x integer, y integer) RETURNS public.geometry
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN public.st_affine('0103000000010000000700000000000000000000000000000000000040912B50E67AB6FB3F000000000000F03F912B50E67AB6FB3F000000000000F0BF000000000000000000000000000000C0912B50E67AB6FBBF000000000000F0BF912B50E67AB6FBBF000000000000F03F00000000000000000000000000000040'::public.geometry, (((64)::double precision * ((2)::double precision ^ ((z - level))::double precision)) / sqrt((3)::double precision)), (0)::double precision, (0)::double precision, (((64)::double precision * ((2)::double precision ^ ((z - level))::double precision)) / sqrt((3)::double precision)), (((4096)::double precision * (((2)::double precision ^ ((z - 1))::double precision) - (x)::double precision)) + (((across * 64))::double precision * ((2)::double precision ^ ((z - level))::double precision))), (((4096)::double precision * (((2)::double precision ^ ((z - 1))::double precision) - (y)::double precision)) - ((((up * 64))::double precision * sqrt((3)::double precision)) * ((2)::double precision ^ ((z - level))::double precision))));

CREATE FUNCTION public.is_own_case(incident bigint) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    RETURN (EXISTS (SELECT FROM public.incident i WHERE ((i.id = is_own_case.incident) AND ((i.party_id = public.app_party()) OR ((public.app_role() = 'grid_worker'::text) AND ((i.grid_id = ANY (public.app_grids())) OR (i.building_id = ANY (public.app_buildings())) OR public.has_reported(i.id)))))));

CREATE TABLE public.category (
    code text NOT NULL,
    parent_code text,
    name text NOT NULL,
    name_en text NOT NULL,
    identifier text NOT NULL,
    sensitivity text DEFAULT 'S1'::text NOT NULL,
    is_sealed boolean DEFAULT false NOT NULL,
    response_amount numeric,
    response_unit text,
    deadline_amount numeric,
    deadline_unit text,
    default_leads text[] DEFAULT '{}'::text[] NOT NULL,
    call_first text,
    CONSTRAINT category_check CHECK (((response_amount IS NULL) = (response_unit IS NULL))),
    CONSTRAINT category_check1 CHECK (((deadline_amount IS NULL) = (deadline_unit IS NULL))),
    CONSTRAINT category_code_check CHECK ((code ~ '^E\d{1,4}$'::text)),
    CONSTRAINT category_deadline_amount_check CHECK ((deadline_amount > (0)::numeric)),
    CONSTRAINT category_deadline_unit_check CHECK ((deadline_unit = ANY (ARRAY['working_hour'::text, 'working_day'::text, 'hour'::text, 'day'::text]))),
    CONSTRAINT category_identifier_check CHECK ((identifier ~ '^[a-z_]+$'::text)),
    CONSTRAINT category_response_amount_check CHECK ((response_amount > (0)::numeric)),
    CONSTRAINT category_response_unit_check CHECK ((response_unit = ANY (ARRAY['working_hour'::text, 'working_day'::text, 'hour'::text, 'day'::text]))),
    CONSTRAINT category_sensitivity_check CHECK ((sensitivity = ANY (ARRAY['S1'::text, 'S2'::text, 'S3'::text])))
);

CREATE FUNCTION public.is_withheld(party bigint, category text, sensitivity text) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    RETURN ((EXISTS (SELECT FROM public.party p WHERE ((p.id = is_withheld.party) AND (p.kind = 'property_company'::text)))) AND ((category = ANY (public.sealed_categories())) OR (sensitivity = 'S3'::text) OR (EXISTS (SELECT FROM (public.category c LEFT JOIN public.category above ON ((above.code = c.parent_code))) WHERE ((c.code = is_withheld.category) AND (('S3'::text = c.sensitivity) OR ('S3'::text = above.sensitivity)))))));

CREATE FUNCTION public.keep_moved_case() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    NEW.version := OLD.version;
    NEW.state := OLD.state;
    NEW.party_id := OLD.party_id;
    NEW.due_at := OLD.due_at;
    NEW.original_due_at := OLD.original_due_at;
    NEW.first_response_at := OLD.first_response_at;
    NEW.handled_at := OLD.handled_at;
    NEW.closed_at := OLD.closed_at;
    NEW.outcome := OLD.outcome;
    RETURN NEW;
END $$;

CREATE FUNCTION public.link_oidc(issuer text, subject text, by_login text, called text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

CREATE TABLE public.building (
    id bigint NOT NULL,
    community_id bigint NOT NULL,
    compound_id bigint,
    code text NOT NULL,
    name text NOT NULL,
    external_id text,
    kind text DEFAULT 'residential'::text NOT NULL,
    address text,
    floors integer,
    entrances integer,
    households integer DEFAULT 0 NOT NULL,
    residents integer DEFAULT 0 NOT NULL,
    elderly integer DEFAULT 0 NOT NULL,
    built_year integer,
    geom public.geometry(MultiPolygon,4490) NOT NULL,
    anchor public.geometry(Point,4490) GENERATED ALWAYS AS (public.st_pointonsurface(geom)) STORED NOT NULL,
    import_batch_id bigint,
    changed_at timestamp with time zone DEFAULT now() NOT NULL,
    verified_on date,
    CONSTRAINT building_built_year_check CHECK (((built_year >= 1800) AND (built_year <= 2200))),
    CONSTRAINT building_check CHECK (((elderly >= 0) AND (elderly <= residents))),
    CONSTRAINT building_code_check CHECK ((code <> ''::text)),
    CONSTRAINT building_entrances_check CHECK ((entrances >= 0)),
    CONSTRAINT building_floors_check CHECK (((floors >= 1) AND (floors <= 200))),
    CONSTRAINT building_geom_check CHECK (public.is_sound(geom)),
    CONSTRAINT building_households_check CHECK ((households >= 0)),
    CONSTRAINT building_kind_check CHECK ((kind = ANY (ARRAY['residential'::text, 'mixed'::text, 'commercial'::text, 'public'::text, 'industrial'::text]))),
    CONSTRAINT building_name_check CHECK ((name <> ''::text)),
    CONSTRAINT building_residents_check CHECK ((residents >= 0))
);

CREATE FUNCTION public.list_border_cases(community bigint, buildings bigint[], reach_m double precision) RETURNS TABLE(incident_id bigint)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    BEGIN ATOMIC
 SELECT DISTINCT i.id
    FROM (public.building b
      JOIN public.seen_incident i ON (((i.community_id = list_border_cases.community) AND i.is_open AND (i.geom OPERATOR(public.&&) public.st_expand(b.geom, (list_border_cases.reach_m / (50000.0)::double precision))) AND public.st_dwithin((i.geom)::public.geography, (b.geom)::public.geography, list_border_cases.reach_m))))
   WHERE ((b.id = ANY (list_border_cases.buildings)) AND ((i.building_id IS NULL) OR (i.building_id <> ALL (list_border_cases.buildings))));
END;

CREATE VIEW public.relapse WITH (security_invoker='true') AS
 SELECT again.id AS incident_id,
    again.community_id,
    before.id AS earlier_id,
    before.closed_at AS earlier_closed_at
   FROM (((public.incident again
     JOIN public.category kind ON (((kind.code = again.category_code) AND (kind.parent_code <> ALL (ARRAY['E10'::text, 'E12'::text])))))
     CROSS JOIN LATERAL ( SELECT (again.reported_at - '30 days'::interval) AS began_at
         OFFSET 0) days)
     JOIN public.incident before ON (((before.community_id = again.community_id) AND (before.category_code = again.category_code) AND (before.closed_at <= again.reported_at) AND (before.closed_at > days.began_at) AND (before.id <> again.id) AND COALESCE(((before.building_id = again.building_id) OR ((before.geom OPERATOR(public.&&) public.st_expand(again.geom, (0.0009)::double precision)) AND public.st_dwithin((before.geom)::public.geography, (again.geom)::public.geography, (50)::double precision))), false))))
UNION
 SELECT again.id AS incident_id,
    again.community_id,
    before.id AS earlier_id,
    before.closed_at AS earlier_closed_at
   FROM (public.incident again
     JOIN public.incident before ON ((before.id = again.parent_id)));

CREATE VIEW public.unanswered_whistle WITH (security_invoker='true') AS
 SELECT call.incident_id,
    call.community_id,
    call.at,
    call.to_party_id
   FROM (public.incident_event call
     JOIN public.incident i ON (((i.id = call.incident_id) AND i.is_open)))
  WHERE ((call.kind = 'whistled'::text) AND (NOT (EXISTS ( SELECT
           FROM public.incident_event arrival
          WHERE ((arrival.incident_id = call.incident_id) AND (arrival.kind = 'arrived'::text) AND (ROW(arrival.at, arrival.id) > ROW(call.at, call.id)) AND (NOT (arrival.to_party_id IS DISTINCT FROM call.to_party_id)))))));

CREATE FUNCTION public.list_case_marks(community bigint) RETURNS TABLE(incident_id bigint, returns bigint, is_relapse boolean, is_whistled boolean)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    BEGIN ATOMIC
 SELECT m.id,
     m.returns,
     m.is_relapse,
     m.is_whistled
    FROM ( SELECT i.id,
             ( SELECT count(*) AS count
                    FROM public.incident_event e
                   WHERE ((e.incident_id = i.id) AND (e.to_state = 'returned'::text))) AS returns,
             (EXISTS ( SELECT
                    FROM public.relapse r
                   WHERE (r.incident_id = i.id))) AS is_relapse,
             (EXISTS ( SELECT
                    FROM public.unanswered_whistle w
                   WHERE (w.incident_id = i.id))) AS is_whistled
            FROM public.seen_incident i
           WHERE ((i.community_id = list_case_marks.community) AND i.is_open)) m
   WHERE ((m.returns > 0) OR m.is_relapse OR m.is_whistled);
END;

CREATE FUNCTION public.list_community_codes() RETURNS TABLE(code text, id bigint)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    BEGIN ATOMIC
 SELECT c.code,
     c.id
    FROM public.community c;
END;

CREATE FUNCTION public.list_grants(by_hash bytea) RETURNS TABLE(grant_id bigint, role text, community_id bigint, community_name text, party_name text, is_current boolean)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    BEGIN ATOMIC
 SELECT min(g.id) AS min,
     g.role,
     g.community_id,
     c.name,
     p.name,
     bool_or((g.id = s.grant_id)) AS bool_or
    FROM (((public.sign_in s
      JOIN public.grant_in_force g ON ((g.account_id = s.account_id)))
      LEFT JOIN public.community c ON ((c.id = g.community_id)))
      LEFT JOIN public.party p ON ((p.id = g.party_id)))
   WHERE ((s.token_hash = list_grants.by_hash) AND (s.expires_at > now()) AND ((s.access_token_id IS NULL) OR (g.id = s.grant_id)))
   GROUP BY g.role, g.community_id, c.name, g.party_id, p.name
   ORDER BY (min(g.id));
END;

CREATE FUNCTION public.list_waiting(community bigint, most integer) RETURNS TABLE(kind text, address text, compound_id bigint, waiting bigint, still_open bigint, latest timestamp with time zone)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $_$
    WITH said AS MATERIALIZED (
        SELECT 'incident' AS kind, i.address, i.compound_id, count(*) AS waiting, count(*) FILTER (WHERE i.is_open) AS still_open,
            max(i.reported_at) AS latest
        FROM incident AS i
        WHERE i.community_id = $1 AND i.geom IS NULL
            AND i.sensitivity <> 'S3' AND i.category_code <> ALL (CAST((SELECT sealed_categories()) AS text[]))
            AND (SELECT app_role() IN ('secretary', 'grid_worker', 'administrator') AND $1 = ANY (app_communities()))
        GROUP BY i.address, i.compound_id
        UNION ALL
        SELECT 'merchant', m.address, NULL, count(*), count(*), max(m.changed_at)
        FROM merchant AS m
        WHERE m.community_id = $1 AND m.geom IS NULL
            AND (SELECT app_role() IN ('secretary', 'grid_worker', 'administrator') AND $1 = ANY (app_communities()))
        GROUP BY m.address
        ORDER BY waiting DESC, latest DESC
        LIMIT $2
    )
    SELECT kind, mask_words(address), compound_id, CAST(sum(waiting) AS bigint), CAST(sum(still_open) AS bigint), max(latest)
    FROM said
    GROUP BY 1, 2, 3
    ORDER BY 4 DESC, 6 DESC, 2;
$_$;

CREATE PROCEDURE public.lock_touched_places()
    LANGUAGE sql
    AS $$
    SELECT pg_advisory_xact_lock(hashtextextended('places', touched.community_id))
    FROM (
        SELECT DISTINCT community_id FROM layer_touch
        WHERE transaction_id = pg_current_xact_id() AND layer IN ('grids', 'buildings')
        ORDER BY community_id
    ) AS touched;
$$;

CREATE FUNCTION public.mask_name(name text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN (btrim(name) ~ '^(欧阳|太史|端木|上官|司马|东方|独孤|南宫|万俟|闻人|夏侯|诸葛|尉迟|公羊|赫连|澹台|皇甫|宗政|濮阳|公冶|太叔|申屠|公孙|慕容|仲孙|钟离|长孙|宇文|司徒|鲜于|司空|令狐)[^·•・.]{0,2}$'::text) THEN ("left"(btrim(name), 2) || repeat('*'::text, GREATEST((length(btrim(name)) - 2), 1))) ELSE ("left"(btrim(name), 1) || repeat('*'::text, LEAST(GREATEST((length(btrim(name)) - 1), 1), 2))) END;

CREATE FUNCTION public.mask_phone(phone text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (SELECT CASE WHEN (d.digits ~ '^1\d{10}$'::text) THEN (("left"(d.digits, 3) || '****'::text) || "right"(d.digits, 4)) WHEN (length(d.digits) > 6) THEN (repeat('*'::text, LEAST((length(d.digits) - 4), 8)) || "right"(d.digits, 4)) ELSE repeat('*'::text, length(d.digits)) END AS repeat FROM (SELECT regexp_replace(regexp_replace(public.narrow_digits(mask_phone.phone), '^\s*(\+|00)\s*86'::text, ''::text), '\D'::text, ''::text, 'g'::text) AS digits) d);

CREATE PROCEDURE public.note_bulk_insert(IN loaded regclass, IN community bigint)
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO layer_touch (layer, community_id)
    -- A trigger's arguments are kept with a zero byte behind each.
    SELECT DISTINCT split_part(encode(tgargs, 'escape'), '\000', 1), community
    FROM pg_trigger
    WHERE tgrelid = loaded AND tgfoid = CAST('touch_layer' AS regproc)
    ON CONFLICT DO NOTHING;
    IF loaded = CAST('incident' AS regclass) THEN
        INSERT INTO incident_change (community_id) VALUES (community);
    END IF;
END $$;

CREATE FUNCTION public.note_incident_changes() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
BEGIN
    IF (SELECT count(*) FROM (SELECT FROM changed LIMIT 1001) AS first_ones) > 1000 THEN
        INSERT INTO incident_change (community_id)
        SELECT DISTINCT i.community_id FROM changed AS i JOIN community AS n ON n.id = i.community_id;
    ELSE
        INSERT INTO incident_change (community_id, category_code, up, across, incidents, open_incidents)
        SELECT
            i.community_id, i.category_code, h.up, h.across,
            CAST(TG_ARGV[0] AS integer) * count(*),
            CAST(TG_ARGV[0] AS integer) * count(*) FILTER (WHERE i.is_open)
        FROM changed AS i
        JOIN community AS n ON n.id = i.community_id
        CROSS JOIN LATERAL finest_hexagon_of(i.geom) AS h
        WHERE i.geom IS NOT NULL AND i.sensitivity <> 'S3'
        GROUP BY i.community_id, i.category_code, h.up, h.across;
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION public.note_report() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
BEGIN
    INSERT INTO incident_event (
        community_id, incident_id, at, actor_party_id, kind, to_state, move, expected_version, account_id, role,
        to_party_id, due_at, original_due_at)
    VALUES (
        NEW.community_id, NEW.id, NEW.reported_at, app_party(), 'moved', 'reported', 'report', 0, app_account(), app_role(),
        NEW.party_id, NEW.due_at, NEW.original_due_at);
    RETURN NULL;
END $$;

CREATE FUNCTION public.open_sign_in(of_account bigint, with_hash bytea, valid_seconds integer) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

CREATE FUNCTION public.open_wall(by_hash bytea, with_hash bytea, valid_seconds integer) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

CREATE FUNCTION public.place_waiting(community bigint, addresses text[], qualities text[], in_building bigint, in_compound bigint, longitude double precision, latitude double precision) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
DECLARE
    spot geometry;
    placed bigint;
    others bigint;
BEGIN
    IF app_role() NOT IN ('secretary', 'grid_worker', 'administrator') OR NOT community = ANY (app_communities()) THEN
        RAISE EXCEPTION 'your role may not say where a case is' USING ERRCODE = 'WG002';
    END IF;
    IF longitude IS NOT NULL THEN
        spot := ST_SetSRID(ST_MakePoint(longitude, latitude), 4490);
    END IF;
    IF in_building IS NOT NULL THEN
        SELECT b.compound_id, coalesce(spot, b.anchor) INTO in_compound, spot
        FROM building AS b WHERE b.id = in_building AND b.community_id = community;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'there is no such building in this community: choose one of the list' USING ERRCODE = 'WG004';
        END IF;
    ELSIF in_compound IS NOT NULL AND NOT EXISTS (
        SELECT FROM compound AS k WHERE k.id = in_compound AND k.community_id = community)
    THEN
        RAISE EXCEPTION 'there is no such compound in this community: choose one of the list' USING ERRCODE = 'WG004';
    END IF;
    IF spot IS NOT NULL AND NOT (SELECT ST_Covers(c.geom, spot) FROM community AS c WHERE c.id = community) THEN
        RAISE EXCEPTION 'the place lies outside the community: choose one inside its boundary' USING ERRCODE = 'WG003';
    END IF;

    -- Masking is dear: each address once, however many cases say it.
    WITH meant AS MATERIALIZED (
        SELECT written.address, said.quality
        FROM (
            SELECT DISTINCT i.address FROM incident AS i WHERE i.community_id = community AND i.geom IS NULL
        ) AS written
        JOIN unnest(addresses, qualities) AS said (address, quality) ON said.address = mask_words(written.address)
    ), waiting AS MATERIALIZED (
        SELECT i.id, i.community_id, meant.quality,
            (SELECT g.id FROM grid AS g
             WHERE g.community_id = i.community_id AND g.kind = 'community'
                AND g.period @> CAST(i.reported_at AT TIME ZONE 'Asia/Shanghai' AS date) AND ST_Covers(g.geom, spot)
             ORDER BY g.id LIMIT 1) AS grid_id
        FROM incident AS i
        JOIN meant ON meant.address = i.address
        WHERE i.community_id = community AND i.geom IS NULL
            AND i.sensitivity <> 'S3' AND i.category_code <> ALL (CAST((SELECT sealed_categories()) AS text[]))
            AND NOT (spot IS NULL AND i.compound_id IS NOT DISTINCT FROM in_compound)
        FOR NO KEY UPDATE OF i
    ), told AS (
        INSERT INTO incident_event (community_id, incident_id, at, actor_party_id, kind, account_id, role, payload)
        SELECT w.community_id, w.id, clock_timestamp(), app_party(), 'corrected', app_account(), app_role(),
            jsonb_build_object('to', jsonb_build_object(
                'geom', ST_AsEWKT(spot), 'geocode_quality', w.quality, 'building_id', in_building,
                'compound_id', in_compound, 'grid_id', w.grid_id))
        FROM waiting AS w
    )
    UPDATE incident AS i
    SET geom = spot, geocode_quality = w.quality, building_id = in_building, compound_id = in_compound, grid_id = w.grid_id
    FROM waiting AS w WHERE w.id = i.id;
    GET DIAGNOSTICS placed = ROW_COUNT;

    IF spot IS NOT NULL THEN
        UPDATE merchant AS m SET geom = spot, building_id = in_building
        WHERE m.community_id = community AND m.geom IS NULL AND mask_words(m.address) = ANY (addresses);
        GET DIAGNOSTICS others = ROW_COUNT;
    END IF;
    RETURN placed + coalesce(others, 0);
END $$;

CREATE FUNCTION public.publish_touched_layers() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
DECLARE
    place record;
BEGIN
    CALL lock_touched_places();
    FOR place IN
        SELECT DISTINCT community_id FROM layer_touch
        WHERE transaction_id = pg_current_xact_id() AND layer IN ('grids', 'buildings')
        ORDER BY community_id
    LOOP
        CALL assign_building_grids(place.community_id);
    END LOOP;

    WITH touched AS (
        DELETE FROM layer_touch WHERE transaction_id = pg_current_xact_id() RETURNING layer, community_id
    ), raised AS (
        INSERT INTO layer_version AS current (layer, community_id)
        SELECT layer, community_id FROM touched ORDER BY layer, community_id
        ON CONFLICT (layer, community_id) DO UPDATE SET version = current.version + 1, changed_at = now()
        RETURNING layer
    )
    SELECT count(pg_notify('layer_version', layer)) INTO place FROM (SELECT DISTINCT layer FROM raised) AS r;
    RETURN NULL;
END $$;

CREATE FUNCTION public.record_audit(action text, community bigint, object_type text, object_id bigint, reason text, row_count bigint, details jsonb) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $_$
    INSERT INTO audit_log (account_id, role, community_id, action, object_type, object_id, reason, row_count, details)
    VALUES (app_account(), nullif(app_role(), ''), $2, $1, $3, $4, $5, $6, $7);
$_$;

CREATE FUNCTION public.refresh_hexagons(of_layer text, of_community bigint, coarsest integer) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
DECLARE
    kept bigint[];
    stale bigint[];
    versions bigint[];
    anew bigint[];
    incomplete bigint[];
BEGIN
    -- One derives at a time; whoever waited finds the work done.
    PERFORM pg_advisory_xact_lock(hashtext('hexagons ' || of_layer));
    -- A community that is counted stays until that is done; one that is going is waited for, and then not there.
    kept := ARRAY(
        SELECT n.id FROM community AS n
        WHERE (of_community IS NULL OR n.id = of_community) AND EXISTS (
            SELECT FROM layer_version AS v
            LEFT JOIN hexagon_version AS h ON h.layer = v.layer AND h.community_id = v.community_id
            WHERE v.layer = of_layer AND v.community_id = n.id AND h.version IS DISTINCT FROM v.version)
        ORDER BY n.id FOR KEY SHARE);
    -- Read before the counting: what is committed in between makes the next tile look again.
    SELECT
        coalesce(array_agg(v.community_id), '{}'), coalesce(array_agg(v.version), '{}'),
        coalesce(array_agg(v.community_id) FILTER (WHERE h.version IS NULL), '{}')
    INTO stale, versions, anew
    FROM layer_version AS v
    LEFT JOIN hexagon_version AS h ON h.layer = v.layer AND h.community_id = v.community_id
    WHERE v.layer = of_layer AND h.version IS DISTINCT FROM v.version AND v.community_id = ANY (kept);
    IF of_layer = 'buildings' THEN
        PERFORM count_building_hexagons(stale, coarsest);
    ELSE
        incomplete := apply_incident_changes(
            ARRAY(SELECT s FROM unnest(stale) AS s WHERE s <> ALL (anew)), coarsest);
        PERFORM count_incident_hexagons(anew || incomplete, coarsest);
    END IF;
    INSERT INTO hexagon_version (layer, community_id, version)
    SELECT of_layer, s.community_id, s.version FROM unnest(stale, versions) AS s (community_id, version)
    ON CONFLICT (layer, community_id) DO UPDATE SET version = excluded.version;
END $$;

CREATE FUNCTION public.refuse_changing_the_log() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION 'the log is not rewritten' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'audit_log_append_only', TABLE = 'audit_log';
END $$;

CREATE FUNCTION public.refuse_grid_overlap() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
    this grid;
    clash record;
BEGIN
    SELECT * INTO this FROM grid WHERE id = NEW.id;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    CALL lock_touched_places();
    -- Not yet among the touched where somebody has set the constraint immediate.
    PERFORM pg_advisory_xact_lock(hashtextextended('places', this.community_id));
    SELECT other.code, overlap.area_m2 INTO clash
    FROM grid AS other
    CROSS JOIN LATERAL (
        SELECT ST_Area(CAST(ST_CollectionExtract(ST_Intersection(other.geom, this.geom), 3) AS geography)) AS area_m2
    ) AS overlap
    WHERE other.community_id = this.community_id
        AND other.kind = this.kind
        AND other.id <> this.id
        AND other.period && this.period
        AND other.geom && this.geom
        AND overlap.area_m2 > 1
    ORDER BY overlap.area_m2 DESC
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'grid % overlaps grid % by % m²', this.code, clash.code, round(CAST(clash.area_m2 AS numeric), 1)
            USING ERRCODE = 'exclusion_violation', CONSTRAINT = 'grid_overlap', TABLE = 'grid';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION public.refuse_rewriting() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION 'what has happened to an incident is not rewritten: add an event that corrects it'
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'incident_event_append_only', TABLE = 'incident_event';
END $$;

CREATE FUNCTION public.refuse_rewriting_appointments() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

CREATE FUNCTION public.refuse_rewriting_plans() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

CREATE FUNCTION public.refuse_rewriting_zones() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

CREATE FUNCTION public.refuse_second_grid() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    CALL lock_touched_places();
    -- Not yet among the touched where somebody has set the constraint immediate.
    PERFORM pg_advisory_xact_lock(hashtextextended('places', NEW.community_id));
    IF EXISTS (
        SELECT FROM building_grid AS own
        JOIN building_grid AS other USING (building_id, kind)
        WHERE own.building_id = NEW.building_id AND own.grid_id = NEW.grid_id
            AND other.grid_id <> own.grid_id AND other.period && own.period)
    THEN
        RAISE EXCEPTION 'building % violates "building_in_one_grid_of_a_kind"', NEW.building_id
            USING ERRCODE = 'exclusion_violation', CONSTRAINT = 'building_in_one_grid_of_a_kind', TABLE = 'building_grid';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION public.replace_password(by_hash bytea, new_hash text) RETURNS boolean
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    BEGIN ATOMIC
 WITH changed AS (
          UPDATE public.account a SET password_hash = replace_password.new_hash, must_change_password = false, failed_attempts = 0, locked_until = NULL::timestamp with time zone
            FROM public.sign_in s
           WHERE ((s.token_hash = replace_password.by_hash) AND (s.expires_at > now()) AND (s.access_token_id IS NULL) AND (a.id = s.account_id) AND (a.password_hash IS NOT NULL) AND (NOT a.is_demo))
           RETURNING a.id
         ), closed AS (
          DELETE FROM public.sign_in s
            USING changed c
           WHERE ((s.account_id = c.id) AND (s.token_hash <> replace_password.by_hash))
         ), noted AS (
          INSERT INTO public.audit_log (account_id, action)  SELECT c.id,
                     'password_changed'
                    FROM changed c
         )
  SELECT (EXISTS ( SELECT
            FROM changed)) AS "exists";
END;

CREATE FUNCTION public.stamp_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF NEW.changed_at = OLD.changed_at THEN
        NEW.changed_at := now();
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION public.switch_grant(by_hash bytea, to_grant bigint) RETURNS boolean
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    BEGIN ATOMIC
 WITH switched AS (
          UPDATE public.sign_in s SET grant_id = g.id
            FROM public.grant_in_force g
           WHERE ((s.token_hash = switch_grant.by_hash) AND (s.expires_at > now()) AND (s.access_token_id IS NULL) AND (g.id = switch_grant.to_grant) AND (g.account_id = s.account_id))
           RETURNING g.account_id,
             g.role,
             g.community_id
         ), kept AS (
          UPDATE public.account a SET last_grant_id = switch_grant.to_grant
            FROM switched w
           WHERE (a.id = w.account_id)
         ), noted AS (
          INSERT INTO public.audit_log (account_id, role, community_id, action)  SELECT w.account_id,
                     w.role,
                     w.community_id,
                     'sign_in'
                    FROM switched w
         )
  SELECT (EXISTS ( SELECT
            FROM switched)) AS "exists";
END;

CREATE FUNCTION public.take_report() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
DECLARE
    kind category;
    above category;
BEGIN
    IF app_role() <> ALL (SELECT unnest(roles) FROM workflow_move WHERE name = 'report') THEN
        RAISE EXCEPTION 'a % does not report cases', replace(app_role(), '_', ' ') USING ERRCODE = 'WG002';
    END IF;
    SELECT * INTO kind FROM category WHERE code = NEW.category_code;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no category %: choose one of the list', coalesce(NEW.category_code, '') USING ERRCODE = 'WG003';
    END IF;
    SELECT * INTO above FROM category WHERE code = kind.parent_code;
    IF NEW.reported_at > clock_timestamp() THEN
        RAISE EXCEPTION 'the case is reported for a time that is yet to come: give when it was reported' USING ERRCODE = 'WG003';
    END IF;
    IF NEW.geom IS NOT NULL AND NOT (SELECT ST_Covers(c.geom, NEW.geom) FROM community AS c WHERE c.id = NEW.community_id) THEN
        RAISE EXCEPTION 'the place lies outside the community: choose one inside its boundary' USING ERRCODE = 'WG003';
    END IF;
    IF NEW.party_id IS NULL THEN
        RAISE EXCEPTION 'nobody is there to take the case: enter the residents'' committee as a party' USING ERRCODE = 'WG003';
    END IF;
    NEW.state := 'reported';
    NEW.version := 1;
    NEW.sensitivity := greatest(NEW.sensitivity, kind.sensitivity, above.sensitivity);
    NEW.original_due_at := NEW.due_at;
    RETURN NEW;
END $$;

CREATE FUNCTION public.tile_box(z integer, x integer, y integer, margin double precision) RETURNS public.geometry
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN public.st_makeenvelope((((((x)::double precision - margin) / ((2)::double precision ^ (z)::double precision)) * (360)::double precision) - (180)::double precision), degrees(atan(sinh((pi() * ((1)::double precision - (((2)::double precision * (((y + 1))::double precision + margin)) / ((2)::double precision ^ (z)::double precision))))))), ((((((x + 1))::double precision + margin) / ((2)::double precision ^ (z)::double precision)) * (360)::double precision) - (180)::double precision), degrees(atan(sinh((pi() * ((1)::double precision - (((2)::double precision * ((y)::double precision - margin)) / ((2)::double precision ^ (z)::double precision))))))), 4490);

CREATE FUNCTION public.tile_shape(shape public.geometry, z integer, x integer, y integer) RETURNS public.geometry
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN (z >= 12) THEN public.st_asmvtgeom(shape, (public.tile_box(z, x, y, (0)::double precision))::public.box2d, 4096, 64) ELSE public.st_asmvtgeom(public.st_transform(shape, 3857), (public.st_tileenvelope(z, x, y))::public.box2d, 4096, 64) END;

CREATE FUNCTION public.touch_all_incidents() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO layer_touch (layer, community_id)
    SELECT 'incidents', id FROM community
    ON CONFLICT DO NOTHING;
    INSERT INTO incident_change (community_id) SELECT id FROM community;
    RETURN NULL;
END $$;

CREATE FUNCTION public.touch_community() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
BEGIN
    INSERT INTO layer_touch (layer, community_id)
    SELECT 'communities', id FROM changed
    ON CONFLICT DO NOTHING;
    IF TG_OP = 'DELETE' THEN
        DELETE FROM incident_change WHERE community_id IN (SELECT id FROM changed);
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION public.touch_layer() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
BEGIN
    INSERT INTO layer_touch (layer, community_id)
    SELECT DISTINCT TG_ARGV[0], community_id FROM changed
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;

CREATE FUNCTION public.touch_shown_plans() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
BEGIN
    INSERT INTO layer_touch (layer, community_id)
    SELECT DISTINCT 'zones', c.community_id FROM changed AS c WHERE c.state <> 'draft'
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;

CREATE FUNCTION public.touch_shown_zones() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
BEGIN
    INSERT INTO layer_touch (layer, community_id)
    SELECT DISTINCT 'zones', c.community_id FROM changed AS c JOIN zone_plan AS p ON p.id = c.plan_id
    WHERE p.state <> 'draft'
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;

CREATE FUNCTION public.unmask_requester(incident bigint, reason text) RETURNS TABLE(name text, phone text, room text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

CREATE FUNCTION public.unseal_case(incident bigint, reason text) RETURNS TABLE(title text, description text, address text, photos jsonb)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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
    RETURN QUERY SELECT seen.title, seen.description, seen.address, coalesce((
        SELECT jsonb_agg(jsonb_build_array(p.sha256, p.media_type) ORDER BY p.event_id, p.position)
        FROM incident_photo AS p WHERE p.incident_id = seen.id), '[]');
END $$;

CREATE PROCEDURE public.watch_layer(IN watched regclass, IN layer text)
    LANGUAGE plpgsql
    AS $$
DECLARE
    change record;
BEGIN
    FOR change IN
        SELECT * FROM (VALUES ('insert', 'NEW'), ('update', 'NEW'), ('update', 'OLD'), ('delete', 'OLD')) AS c (event, side)
    LOOP
        EXECUTE format(
            'CREATE TRIGGER touch_layer_on_%s_%s AFTER %s ON %s REFERENCING %s TABLE AS changed '
            'FOR EACH STATEMENT EXECUTE FUNCTION touch_layer(%L)',
            change.event, lower(change.side), change.event, watched, change.side, layer);
    END LOOP;
END $$;

CREATE VIEW public.absence_card WITH (security_barrier='true') AS
 SELECT a.id AS absence_id,
    a.community_id,
    a.reason,
    a.note
   FROM public.absence a
  WHERE ((a.community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND ((( SELECT public.app_role() AS app_role) = 'secretary'::text) OR (a.party_id = ( SELECT public.app_party() AS app_party))));

CREATE TABLE public.absence_case (
    incident_id bigint NOT NULL,
    "position" integer NOT NULL,
    community_id bigint NOT NULL,
    party_id bigint NOT NULL,
    version integer NOT NULL,
    CONSTRAINT absence_case_position_check CHECK (("position" >= 1))
);

ALTER TABLE public.absence ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.absence_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

ALTER TABLE public.access_token ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.access_token_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

ALTER TABLE public.account ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.account_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);

ALTER TABLE public.audit_log ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.audit_log_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE VIEW public.bounce WITH (security_invoker='true') AS
 SELECT incident_event.incident_id,
    incident_event.community_id,
    count(*) AS returns
   FROM public.incident_event
  WHERE (incident_event.to_state = 'returned'::text)
  GROUP BY incident_event.incident_id, incident_event.community_id;

CREATE TABLE public.building_grid (
    building_id bigint NOT NULL,
    grid_id bigint NOT NULL,
    community_id bigint NOT NULL,
    kind text NOT NULL,
    period daterange NOT NULL
);

CREATE TABLE public.building_hexagon (
    level smallint NOT NULL,
    up integer NOT NULL,
    across integer NOT NULL,
    community_id bigint NOT NULL,
    buildings integer NOT NULL,
    households integer NOT NULL
);

ALTER TABLE public.building ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.building_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.calendar_day (
    community_id bigint NOT NULL,
    day date NOT NULL,
    is_workday boolean NOT NULL,
    note text
);

CREATE TABLE public.campaign (
    id bigint NOT NULL,
    community_id bigint NOT NULL,
    kind text NOT NULL,
    code text NOT NULL,
    name text NOT NULL,
    category_codes text[] DEFAULT '{}'::text[] NOT NULL,
    starts_on date NOT NULL,
    ends_on date NOT NULL,
    geom public.geometry(MultiPolygon,4490) NOT NULL,
    CONSTRAINT campaign_code_check CHECK ((code <> ''::text)),
    CONSTRAINT campaign_dates_in_order CHECK ((ends_on >= starts_on)),
    CONSTRAINT campaign_geom_check CHECK (public.is_sound(geom)),
    CONSTRAINT campaign_kind_check CHECK ((kind = ANY (ARRAY['clean_up'::text, 'screening'::text]))),
    CONSTRAINT campaign_name_check CHECK ((name <> ''::text))
);

ALTER TABLE public.campaign ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.campaign_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE VIEW public.case_corrections WITH (security_barrier='true') AS
 SELECT e.id AS event_id,
    e.incident_id,
    e.community_id,
    (
        CASE
            WHEN (public.app_role() = 'property_company'::text) THEN public.mask_people(public.mask_words(told.words))
            ELSE public.mask_words(told.words)
        END)::jsonb AS correction
   FROM ((public.incident_event e
     JOIN public.case_words w ON ((w.incident_id = e.incident_id)))
     CROSS JOIN LATERAL ( SELECT (jsonb_build_object('from', ((e.payload -> 'from'::text) - '{geom,geocode_quality,building_id,compound_id,grid_id,merchant_id}'::text[]), 'to', ((e.payload -> 'to'::text) - '{geom,geocode_quality,building_id,compound_id,grid_id,merchant_id}'::text[]), 'is_moved', ((e.payload -> 'to'::text) ? 'geom'::text)))::text AS words) told)
  WHERE (e.move = 'correct'::text);

CREATE VIEW public.case_notes WITH (security_barrier='true') AS
 SELECT e.id AS event_id,
    e.incident_id,
    e.community_id,
        CASE
            WHEN (public.app_role() = 'property_company'::text) THEN public.mask_people(public.mask_words(e.note))
            ELSE public.mask_words(e.note)
        END AS note
   FROM (public.incident_event e
     JOIN public.case_words w ON ((w.incident_id = e.incident_id)));

CREATE TABLE public.category_national_code (
    category_code text NOT NULL,
    code_system text NOT NULL,
    kind text NOT NULL,
    code text NOT NULL
);

CREATE TABLE public.category_weight (
    community_id bigint NOT NULL,
    category_code text NOT NULL,
    weight double precision NOT NULL,
    CONSTRAINT category_weight_weight_check CHECK (((weight >= (0)::double precision) AND (weight <= (1000)::double precision)))
);

CREATE TABLE public.chat_group (
    id bigint NOT NULL,
    community_id bigint NOT NULL,
    code text NOT NULL,
    name text NOT NULL,
    compound_id bigint,
    building_id bigint,
    members integer DEFAULT 0 NOT NULL,
    CONSTRAINT chat_group_code_check CHECK ((code <> ''::text)),
    CONSTRAINT chat_group_members_check CHECK ((members >= 0)),
    CONSTRAINT chat_group_name_check CHECK ((name <> ''::text)),
    CONSTRAINT chat_group_of_one_place CHECK ((num_nonnulls(compound_id, building_id) = 1))
);

ALTER TABLE public.chat_group ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.chat_group_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.community_calendar (
    community_id bigint NOT NULL,
    opens time without time zone NOT NULL,
    closes time without time zone NOT NULL,
    CONSTRAINT community_calendar_hours_in_order CHECK ((closes > opens)),
    CONSTRAINT community_calendar_whole_minutes CHECK (((EXTRACT(second FROM opens) = (0)::numeric) AND (EXTRACT(second FROM closes) = (0)::numeric)))
);

CREATE TABLE public.community_category (
    community_id bigint NOT NULL,
    category_code text NOT NULL,
    response_amount numeric,
    response_unit text,
    deadline_amount numeric,
    deadline_unit text,
    CONSTRAINT community_category_check CHECK (((response_amount IS NULL) = (response_unit IS NULL))),
    CONSTRAINT community_category_check1 CHECK (((deadline_amount IS NULL) = (deadline_unit IS NULL))),
    CONSTRAINT community_category_deadline_amount_check CHECK ((deadline_amount > (0)::numeric)),
    CONSTRAINT community_category_deadline_unit_check CHECK ((deadline_unit = ANY (ARRAY['working_hour'::text, 'working_day'::text, 'hour'::text, 'day'::text]))),
    CONSTRAINT community_category_response_amount_check CHECK ((response_amount > (0)::numeric)),
    CONSTRAINT community_category_response_unit_check CHECK ((response_unit = ANY (ARRAY['working_hour'::text, 'working_day'::text, 'hour'::text, 'day'::text]))),
    CONSTRAINT community_category_sets_something CHECK ((num_nonnulls(response_amount, deadline_amount) > 0))
);

ALTER TABLE public.community ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.community_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.compound (
    id bigint NOT NULL,
    community_id bigint NOT NULL,
    code text NOT NULL,
    name text NOT NULL,
    aliases text[] DEFAULT '{}'::text[] NOT NULL,
    external_id text,
    type text,
    management text,
    address text,
    has_property_management boolean,
    has_responsible_unit boolean,
    has_security boolean,
    three_no_definition text,
    three_no_reviewed_on date,
    is_three_no boolean GENERATED ALWAYS AS (((three_no_reviewed_on IS NOT NULL) AND (has_property_management IS FALSE) AND (has_responsible_unit IS FALSE) AND (has_security IS FALSE))) STORED NOT NULL,
    geom public.geometry(MultiPolygon,4490) NOT NULL,
    import_batch_id bigint,
    changed_at timestamp with time zone DEFAULT now() NOT NULL,
    property_company_id bigint,
    has_owners_committee boolean,
    owners_committee_until date,
    CONSTRAINT compound_check CHECK (((three_no_reviewed_on IS NULL) OR (three_no_definition IS NOT NULL))),
    CONSTRAINT compound_code_check CHECK ((code <> ''::text)),
    CONSTRAINT compound_geom_check CHECK (public.is_sound(geom)),
    CONSTRAINT compound_management_check CHECK ((management = ANY (ARRAY['property_company'::text, 'interim_committee'::text, 'self_managed'::text, 'none'::text]))),
    CONSTRAINT compound_name_check CHECK ((name <> ''::text)),
    CONSTRAINT compound_type_check CHECK ((type = ANY (ARRAY['commodity'::text, 'resettlement'::text, 'relocation'::text, 'urban_village'::text, 'old'::text, 'unit_housing'::text])))
);

ALTER TABLE public.compound ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.compound_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE VIEW public.mapped_category AS
 SELECT c.code,
    c.parent_code,
    c.name
   FROM (public.category c
     LEFT JOIN public.category above ON ((above.code = c.parent_code)))
  WHERE ((NOT c.is_sealed) AND (c.sensitivity <> 'S3'::text) AND (above.is_sealed IS NOT TRUE) AND (above.sensitivity IS DISTINCT FROM 'S3'::text));

CREATE VIEW public.counted_case WITH (security_invoker='true') AS
 SELECT i.id,
    i.community_id,
    i.category_code,
    k.parent_code,
    i.source,
    i.is_proactive,
    i.state,
    i.is_open,
    i.outcome,
    i.party_id,
    i.building_id,
    COALESCE(( SELECT g.grid_id
           FROM public.building_grid g
          WHERE ((g.building_id = i.building_id) AND (g.kind = 'community'::text) AND (g.period @> public.app_today()))
         LIMIT 1), i.grid_id) AS grid_id,
    COALESCE(( SELECT b.compound_id
           FROM public.building b
          WHERE (b.id = i.building_id)), i.compound_id) AS compound_id,
    ( SELECT u.zone_id
           FROM (public.zone_unit u
             JOIN public.zone_plan z ON ((z.id = u.plan_id)))
          WHERE ((u.building_id = i.building_id) AND (z.kind = 'grid_worker'::text) AND (z.state <> 'draft'::text) AND (daterange(z.valid_from, z.valid_to) @> public.app_today()))
         LIMIT 1) AS zone_id,
    (i.state <> ALL (ARRAY['rejected'::text, 'voided'::text])) AS is_valid,
    i.reported_at,
    i.first_response_at,
    i.original_due_at,
    i.due_at AS noted_due_at,
    i.handled_at AS noted_handled_at,
        CASE
            WHEN (i.state = 'suspended'::text) THEN public.due_when_suspended(i.id, i.due_at)
            ELSE i.due_at
        END AS due_at,
    COALESCE(i.handled_at, i.closed_at) AS handled_at,
    i.closed_at,
    ( SELECT min(e.at) AS min
           FROM public.incident_event e
          WHERE ((e.incident_id = i.id) AND (e.kind = 'rework'::text))) AS reworked_at,
    ( SELECT min(e.at) AS min
           FROM public.incident_event e
          WHERE ((e.incident_id = i.id) AND (e.kind = 'extended'::text))) AS extended_at
   FROM (public.incident i
     JOIN public.mapped_category k ON ((k.code = i.category_code)))
  WHERE (i.sensitivity <> 'S3'::text);

CREATE TABLE public.duty_rule (
    id bigint NOT NULL,
    community_id bigint NOT NULL,
    "position" integer,
    category_code text,
    place_type text,
    lead_party_id bigint,
    supervisor_party_id bigint,
    helper_party_id bigint,
    deadline_amount numeric,
    deadline_unit text,
    legal_basis text,
    lead_kind text DEFAULT 'party'::text NOT NULL,
    CONSTRAINT duty_rule_check CHECK (((deadline_amount IS NULL) = (deadline_unit IS NULL))),
    CONSTRAINT duty_rule_deadline_amount_check CHECK ((deadline_amount > (0)::numeric)),
    CONSTRAINT duty_rule_deadline_unit_check CHECK ((deadline_unit = ANY (ARRAY['working_hour'::text, 'working_day'::text, 'hour'::text, 'day'::text]))),
    CONSTRAINT duty_rule_lead_kind_check CHECK ((lead_kind = ANY (ARRAY['party'::text, 'compound_property_company'::text]))),
    CONSTRAINT duty_rule_lead_told_once CHECK (((lead_kind = 'party'::text) = (lead_party_id IS NOT NULL))),
    CONSTRAINT duty_rule_place_type_check CHECK ((place_type = ANY (ARRAY['managed_compound'::text, 'three_no_compound'::text, 'street'::text, 'merchant'::text, 'unit'::text])))
);

ALTER TABLE public.duty_rule ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.duty_rule_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

ALTER TABLE public.grid ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.grid_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.ground_feature (
    id bigint NOT NULL,
    community_id bigint NOT NULL,
    kind text NOT NULL,
    name text,
    width_m real,
    geom public.geometry(Geometry,4490) NOT NULL,
    code text,
    external_id text,
    import_batch_id bigint,
    changed_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ground_feature_code_check CHECK ((code <> ''::text)),
    CONSTRAINT ground_feature_external_id_check CHECK ((external_id <> ''::text)),
    CONSTRAINT ground_feature_geom_check CHECK (public.is_sound(geom)),
    CONSTRAINT ground_feature_kind_check CHECK ((kind = ANY (ARRAY['water'::text, 'road'::text, 'green'::text, 'square'::text, 'rail'::text]))),
    CONSTRAINT ground_feature_width_m_check CHECK ((width_m > (0)::double precision))
);

ALTER TABLE public.ground_feature ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.ground_feature_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.hexagon_version (
    layer text NOT NULL,
    community_id bigint NOT NULL,
    version bigint NOT NULL,
    CONSTRAINT hexagon_version_layer_check CHECK ((layer = ANY (ARRAY['buildings'::text, 'incidents'::text])))
);

CREATE TABLE public.import_batch (
    id bigint NOT NULL,
    community_id bigint,
    layer text NOT NULL,
    file_name text NOT NULL,
    file_sha256 text NOT NULL,
    source_crs text,
    encoding text,
    mapping jsonb DEFAULT '{}'::jsonb NOT NULL,
    rows_total integer DEFAULT 0 NOT NULL,
    rows_inserted integer DEFAULT 0 NOT NULL,
    rows_updated integer DEFAULT 0 NOT NULL,
    rows_unchanged integer DEFAULT 0 NOT NULL,
    rows_rejected integer DEFAULT 0 NOT NULL,
    imported_at timestamp with time zone DEFAULT now() NOT NULL,
    undone_at timestamp with time zone,
    account_id bigint,
    CONSTRAINT import_batch_check CHECK ((rows_total = (((rows_inserted + rows_updated) + rows_unchanged) + rows_rejected))),
    CONSTRAINT import_batch_check1 CHECK ((undone_at >= imported_at)),
    CONSTRAINT import_batch_file_sha256_check CHECK ((file_sha256 ~ '^[0-9a-f]{64}$'::text))
);

ALTER TABLE public.import_batch ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.import_batch_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.import_change (
    batch_id bigint NOT NULL,
    row_id bigint NOT NULL,
    before jsonb NOT NULL
);

CREATE VIEW public.import_history WITH (security_barrier='true') AS
 SELECT b.id,
    b.community_id,
    b.layer,
    b.file_name,
    b.source_crs,
    b.encoding,
    b.rows_total,
    b.rows_inserted,
    b.rows_updated,
    b.rows_unchanged,
    b.rows_rejected,
    b.imported_at,
    b.undone_at,
    a.display_name AS imported_by
   FROM (public.import_batch b
     LEFT JOIN public.account a ON ((a.id = b.account_id)))
  WHERE ((b.community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND (( SELECT public.app_role() AS app_role) = ANY (ARRAY['secretary'::text, 'administrator'::text])));

CREATE TABLE public.import_job (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    community_id bigint NOT NULL,
    account_id bigint NOT NULL,
    file_name text NOT NULL,
    state text DEFAULT 'waiting'::text NOT NULL,
    options jsonb DEFAULT '{}'::jsonb NOT NULL,
    look jsonb,
    preview jsonb,
    report jsonb,
    problem text,
    progress jsonb,
    batch_id bigint,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    changed_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT import_job_file_name_check CHECK (((length(file_name) >= 1) AND (length(file_name) <= 200) AND (file_name !~ '[/\\[:cntrl:]]'::text))),
    CONSTRAINT import_job_options_check CHECK (((jsonb_typeof(options) = 'object'::text) AND (length((options)::text) <= 100000))),
    CONSTRAINT import_job_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'looking'::text, 'looked'::text, 'trying'::text, 'tried'::text, 'committing'::text, 'committed'::text, 'undoing'::text, 'undone'::text, 'failed'::text, 'discarded'::text])))
);

CREATE TABLE public.import_rejection (
    batch_id bigint NOT NULL,
    row_number integer NOT NULL,
    column_name text,
    reason text NOT NULL
);

CREATE TABLE public.import_source (
    community_id bigint NOT NULL,
    layer text NOT NULL,
    kind text NOT NULL,
    fingerprint text NOT NULL,
    crs text,
    mapping jsonb DEFAULT '{}'::jsonb NOT NULL,
    used_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT import_source_fingerprint_check CHECK ((fingerprint ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT import_source_mapping_check CHECK ((jsonb_typeof(mapping) = 'object'::text))
);

CREATE TABLE public.incident_change (
    community_id bigint NOT NULL,
    category_code text,
    up integer,
    across integer,
    incidents integer,
    open_incidents integer
);

ALTER TABLE public.incident_event ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.incident_event_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.incident_hexagon (
    level smallint NOT NULL,
    up integer NOT NULL,
    across integer NOT NULL,
    community_id bigint NOT NULL,
    incidents integer NOT NULL,
    open_incidents integer NOT NULL
);

ALTER TABLE public.incident ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.incident_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.incident_photo (
    id bigint NOT NULL,
    community_id bigint NOT NULL,
    incident_id bigint NOT NULL,
    event_id bigint NOT NULL,
    "position" smallint NOT NULL,
    sha256 text NOT NULL,
    media_type text NOT NULL,
    width_px integer NOT NULL,
    height_px integer NOT NULL,
    account_id bigint NOT NULL,
    CONSTRAINT incident_photo_height_px_check CHECK ((height_px > 0)),
    CONSTRAINT incident_photo_media_type_check CHECK ((media_type = ANY (ARRAY['image/jpeg'::text, 'image/png'::text, 'image/webp'::text]))),
    CONSTRAINT incident_photo_position_check CHECK ((("position" >= 1) AND ("position" <= 9))),
    CONSTRAINT incident_photo_sha256_check CHECK ((sha256 ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT incident_photo_width_px_check CHECK ((width_px > 0))
);

ALTER TABLE public.incident_photo ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.incident_photo_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.incident_requester (
    incident_id bigint NOT NULL,
    community_id bigint NOT NULL,
    name text,
    phone text,
    room text,
    wants_secrecy boolean DEFAULT false NOT NULL
);

CREATE TABLE public.inspection_template (
    community_id bigint NOT NULL,
    "position" smallint NOT NULL,
    name text NOT NULL,
    cadence text NOT NULL,
    subject text NOT NULL,
    zone_kind text DEFAULT 'grid_worker'::text NOT NULL,
    items text[] DEFAULT '{}'::text[] NOT NULL,
    weight smallint DEFAULT 0 NOT NULL,
    is_on boolean DEFAULT true NOT NULL,
    CONSTRAINT inspection_template_cadence_check CHECK ((cadence = ANY (ARRAY['day'::text, 'week'::text, 'month'::text]))),
    CONSTRAINT inspection_template_items_check CHECK ((cardinality(items) <= 20)),
    CONSTRAINT inspection_template_name_check CHECK (((name ~ '\S'::text) AND (length(name) <= 40))),
    CONSTRAINT inspection_template_position_check CHECK ((("position" >= 1) AND ("position" <= 20))),
    CONSTRAINT inspection_template_subject_check CHECK ((subject = ANY (ARRAY['three_no'::text, 'building'::text, 'home'::text, 'merchant'::text]))),
    CONSTRAINT inspection_template_weight_check CHECK (((weight >= 0) AND (weight <= 100))),
    CONSTRAINT inspection_template_zone_kind_check CHECK ((zone_kind = ANY (ARRAY['grid_worker'::text, 'party_branch'::text, 'volunteer'::text, 'property'::text, 'inspection'::text])))
);

CREATE TABLE public.layer_touch (
    transaction_id xid8 DEFAULT pg_current_xact_id() NOT NULL,
    layer text NOT NULL,
    community_id bigint NOT NULL
);

CREATE TABLE public.layer_version (
    layer text NOT NULL,
    community_id bigint NOT NULL,
    version bigint DEFAULT 1 NOT NULL,
    changed_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE VIEW public.mapped_incident AS
 SELECT i.id,
    i.community_id,
    i.category_code,
    c.parent_code,
    c.name AS category_name,
    i.state,
    i.is_open,
    i.reported_at,
    i.due_at,
    i.geom
   FROM (public.incident i
     JOIN public.mapped_category c ON ((c.code = i.category_code)))
  WHERE ((i.geom IS NOT NULL) AND (i.sensitivity <> 'S3'::text));

CREATE TABLE public.membership (
    id bigint NOT NULL,
    community_id bigint NOT NULL,
    member_id bigint NOT NULL,
    organisation_id bigint NOT NULL,
    role text DEFAULT 'member'::text NOT NULL,
    valid_from date NOT NULL,
    valid_to date,
    CONSTRAINT membership_check CHECK ((organisation_id <> member_id)),
    CONSTRAINT membership_dates_in_order CHECK ((valid_to > valid_from)),
    CONSTRAINT membership_role_check CHECK ((role = ANY (ARRAY['member'::text, 'lead'::text, 'deputy'::text])))
);

ALTER TABLE public.membership ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.membership_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.merchant (
    id bigint NOT NULL,
    community_id bigint NOT NULL,
    building_id bigint,
    code text NOT NULL,
    name text NOT NULL,
    external_id text,
    category text DEFAULT 'other'::text NOT NULL,
    address text,
    partner_since date,
    is_partner boolean GENERATED ALWAYS AS ((partner_since IS NOT NULL)) STORED NOT NULL,
    geom public.geometry(Point,4490),
    import_batch_id bigint,
    changed_at timestamp with time zone DEFAULT now() NOT NULL,
    geocode_quality text GENERATED ALWAYS AS (
CASE
    WHEN (geom IS NULL) THEN 'none'::text
    WHEN (building_id IS NULL) THEN 'street'::text
    ELSE 'building'::text
END) STORED NOT NULL,
    CONSTRAINT merchant_code_check CHECK ((code <> ''::text)),
    CONSTRAINT merchant_geom_check CHECK (public.is_sound(geom)),
    CONSTRAINT merchant_name_check CHECK ((name <> ''::text))
);

ALTER TABLE public.merchant ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.merchant_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.merchant_offer (
    id bigint NOT NULL,
    community_id bigint NOT NULL,
    merchant_id bigint NOT NULL,
    title text NOT NULL,
    day_of_month integer,
    capacity integer,
    CONSTRAINT merchant_offer_capacity_check CHECK ((capacity > 0)),
    CONSTRAINT merchant_offer_day_of_month_check CHECK (((day_of_month >= 1) AND (day_of_month <= 31))),
    CONSTRAINT merchant_offer_title_check CHECK ((title <> ''::text))
);

ALTER TABLE public.merchant_offer ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.merchant_offer_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.national_code (
    code_system text NOT NULL,
    kind text NOT NULL,
    code text NOT NULL,
    name text,
    CONSTRAINT national_code_code_system_check CHECK ((code_system = ANY (ARRAY['cjt214'::text, 'gbt30428'::text, 'gbt47678'::text]))),
    CONSTRAINT national_code_kind_check CHECK ((kind = ANY (ARRAY['matter'::text, 'component'::text])))
);

CREATE TABLE public.party_contact (
    party_id bigint NOT NULL,
    community_id bigint NOT NULL,
    full_name text,
    work_phone text,
    mobile_phone text
);

CREATE VIEW public.party_card WITH (security_barrier='true') AS
 SELECT p.id AS party_id,
    p.community_id,
        CASE
            WHEN (p.kind = ANY (ARRAY['staff'::text, 'property_company'::text, 'department'::text, 'residents_committee'::text])) THEN k.full_name
            ELSE public.mask_name(k.full_name)
        END AS full_name,
        CASE
            WHEN (p.kind = ANY (ARRAY['staff'::text, 'property_company'::text, 'department'::text, 'residents_committee'::text])) THEN k.work_phone
            ELSE public.mask_phone(k.work_phone)
        END AS work_phone,
    public.mask_phone(k.mobile_phone) AS mobile_phone
   FROM (public.party p
     JOIN public.party_contact k ON ((k.party_id = p.id)))
  WHERE ((p.community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND
        CASE ( SELECT public.app_role() AS app_role)
            WHEN 'wall'::text THEN false
            WHEN 'property_company'::text THEN (p.kind <> ALL (ARRAY['party_member'::text, 'volunteer'::text]))
            ELSE true
        END);

ALTER TABLE public.party ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.party_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.place_alias (
    id bigint NOT NULL,
    community_id bigint NOT NULL,
    words text NOT NULL,
    building_id bigint,
    compound_id bigint,
    geom public.geometry(Point,4490),
    is_elsewhere boolean DEFAULT false NOT NULL,
    made_by bigint,
    made_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT place_alias_geom_check CHECK (public.is_sound(geom)),
    CONSTRAINT place_alias_means_something CHECK ((is_elsewhere = (num_nonnulls(building_id, compound_id, geom) = 0))),
    CONSTRAINT place_alias_words_check CHECK (((length(words) >= 2) AND (length(words) <= 200)))
);

ALTER TABLE public.place_alias ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.place_alias_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

ALTER TABLE public.post ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.post_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.recheck_setting (
    community_id bigint NOT NULL,
    is_on boolean DEFAULT true NOT NULL,
    days smallint[] DEFAULT '{7,30,90}'::smallint[] NOT NULL,
    lapse_days smallint DEFAULT 14 NOT NULL,
    share_percent smallint DEFAULT 10 NOT NULL,
    most_a_day smallint DEFAULT 2 NOT NULL,
    categories text[],
    CONSTRAINT recheck_days_ascend CHECK (((array_ndims(days) = 1) AND ((cardinality(days) >= 1) AND (cardinality(days) <= 5)) AND (array_position(days, NULL::smallint) IS NULL) AND (days[1] >= 1) AND (days[cardinality(days)] <= 365) AND ((cardinality(days) < 2) OR (days[1] < days[2])) AND ((cardinality(days) < 3) OR (days[2] < days[3])) AND ((cardinality(days) < 4) OR (days[3] < days[4])) AND ((cardinality(days) < 5) OR (days[4] < days[5])))),
    CONSTRAINT recheck_setting_categories_check CHECK ((cardinality(categories) <= 200)),
    CONSTRAINT recheck_setting_lapse_days_check CHECK (((lapse_days >= 1) AND (lapse_days <= 60))),
    CONSTRAINT recheck_setting_most_a_day_check CHECK (((most_a_day >= 1) AND (most_a_day <= 50))),
    CONSTRAINT recheck_setting_share_percent_check CHECK (((share_percent >= 0) AND (share_percent <= 100)))
);

CREATE VIEW public.requester_card WITH (security_barrier='true') AS
 SELECT r.incident_id,
    r.community_id,
    public.mask_name(r.name) AS name,
    public.mask_phone(r.phone) AS phone,
    r.wants_secrecy
   FROM (public.incident_requester r
     JOIN public.case_words w ON ((w.incident_id = r.incident_id)))
  WHERE (( SELECT public.app_role() AS app_role) = ANY (ARRAY['secretary'::text, 'grid_worker'::text]));

ALTER TABLE public.role_grant ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.role_grant_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.saved_view (
    id bigint NOT NULL,
    account_id bigint NOT NULL,
    name text NOT NULL,
    params jsonb NOT NULL,
    CONSTRAINT saved_view_name_check CHECK (((length(name) >= 1) AND (length(name) <= 40))),
    CONSTRAINT saved_view_params_check CHECK (((jsonb_typeof(params) = 'object'::text) AND (length((params)::text) <= 2000)))
);

ALTER TABLE public.saved_view ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.saved_view_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.score_template (
    community_id bigint NOT NULL,
    indicator_id text NOT NULL,
    weight double precision NOT NULL,
    CONSTRAINT score_template_indicator_id_check CHECK ((indicator_id ~ '^[a-z][a-z0-9_]*$'::text)),
    CONSTRAINT score_template_weight_check CHECK (((weight > (0)::double precision) AND (weight <= (100)::double precision)))
);

CREATE VIEW public.shown_incident WITH (security_invoker='true') AS
 SELECT i.id,
    i.community_id,
    i.category_code,
    c.parent_code,
    c.name AS category_name,
    i.state,
    i.is_open,
    i.reported_at,
    i.due_at,
    i.geom,
    i.building_id,
    i.compound_id,
    i.grid_id,
    i.merchant_id,
    i.party_id
   FROM (public.incident i
     JOIN public.mapped_category c ON ((c.code = i.category_code)))
  WHERE ((i.geom IS NOT NULL) AND (i.sensitivity <> 'S3'::text));

CREATE TABLE public.visit (
    id bigint NOT NULL,
    community_id bigint NOT NULL,
    kind text NOT NULL,
    at timestamp with time zone NOT NULL,
    party_id bigint,
    building_id bigint,
    merchant_id bigint,
    incident_id bigint,
    campaign_id bigint,
    outcome text NOT NULL,
    note text,
    compound_id bigint,
    CONSTRAINT visit_is_somewhere CHECK ((num_nonnulls(building_id, merchant_id, compound_id) > 0)),
    CONSTRAINT visit_kind_check CHECK ((kind = ANY (ARRAY['patrol'::text, 'home_visit'::text, 'merchant_check'::text, 'campaign_call'::text, 'recheck'::text]))),
    CONSTRAINT visit_outcome_check CHECK ((outcome = ANY (ARRAY['checked'::text, 'met'::text, 'no_answer'::text, 'refused'::text, 'vacant'::text, 'tenant_changed'::text, 'problem_found'::text])))
);

ALTER TABLE public.visit ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.visit_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.workflow_move (
    name text NOT NULL,
    from_states text[] NOT NULL,
    to_state text,
    kind text NOT NULL,
    roles text[] NOT NULL,
    own_roles text[] NOT NULL,
    required text[] NOT NULL,
    reasons text[] NOT NULL,
    effects text[] NOT NULL,
    answers text,
    by_other boolean NOT NULL,
    most_days integer,
    CONSTRAINT workflow_move_effects_check CHECK ((effects <@ '{party,own_party,desk,due,due_if_none,clock,respond,handled,unhandled,closed,opened,corrected,parent}'::text[])),
    CONSTRAINT workflow_move_required_check CHECK ((required <@ '{to_party,suggested_party,reason,note,due_at,outcome,rating,correction,parent}'::text[]))
);

CREATE TABLE public.workload_weight (
    community_id bigint NOT NULL,
    item text NOT NULL,
    weight double precision NOT NULL,
    CONSTRAINT workload_weight_item_check CHECK ((item = ANY (ARRAY['household'::text, 'resident'::text, 'incident'::text, 'merchant'::text, 'three_no_household'::text, 'elderly_resident'::text, 'chat_group'::text, 'elderly_share'::text]))),
    CONSTRAINT workload_weight_weight_check CHECK (((weight >= (0)::double precision) AND (weight <= (1000)::double precision)))
);

CREATE TABLE public.zone_gap (
    plan_id bigint NOT NULL,
    building_id bigint NOT NULL,
    community_id bigint NOT NULL,
    reason text NOT NULL,
    CONSTRAINT zone_gap_reason_check CHECK ((reason ~ '\S'::text))
);

ALTER TABLE public.zone ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.zone_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

ALTER TABLE public.zone_party ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.zone_party_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

ALTER TABLE public.zone_plan ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.zone_plan_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.zone_step (
    plan_id bigint NOT NULL,
    number integer NOT NULL,
    community_id bigint NOT NULL,
    account_id bigint,
    at timestamp with time zone DEFAULT now() NOT NULL,
    label text NOT NULL,
    changes jsonb NOT NULL,
    revision bigint NOT NULL,
    undone_at timestamp with time zone
);

ALTER TABLE ONLY public.account
    ADD CONSTRAINT account_pkey PRIMARY KEY (id);

CREATE FUNCTION public.list_demo_accounts() RETURNS TABLE(login text, role text, name text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    BEGIN ATOMIC
 SELECT a.login,
     (array_agg(g.role ORDER BY g.id))[1] AS array_agg,
     a.display_name
    FROM (public.grant_in_force g
      JOIN public.account a ON ((a.id = g.account_id)))
   WHERE (a.is_demo AND (a.password_hash IS NOT NULL))
   GROUP BY a.id
   ORDER BY (min(g.id));
END;

ALTER TABLE ONLY public.absence_case
    ADD CONSTRAINT absence_case_pkey PRIMARY KEY (incident_id, "position");

ALTER TABLE ONLY public.absence_cover
    ADD CONSTRAINT absence_cover_pkey PRIMARY KEY (building_id, kind, absence_id, party_id);

ALTER TABLE ONLY public.absence
    ADD CONSTRAINT absence_id_community_id_key UNIQUE (id, community_id);

ALTER TABLE ONLY public.absence
    ADD CONSTRAINT absence_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.absence
    ADD CONSTRAINT absent_once_at_a_time EXCLUDE USING gist (party_id WITH =, daterange(valid_from, valid_to) WITH &&);

ALTER TABLE ONLY public.access_token
    ADD CONSTRAINT access_token_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.access_token
    ADD CONSTRAINT access_token_token_hash_key UNIQUE (token_hash);

ALTER TABLE ONLY public.account
    ADD CONSTRAINT account_login_key UNIQUE (login);

ALTER TABLE ONLY public.account
    ADD CONSTRAINT account_oidc_issuer_oidc_subject_key UNIQUE (oidc_issuer, oidc_subject);

ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);

ALTER TABLE ONLY public.audit_log
    ADD CONSTRAINT audit_log_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.building
    ADD CONSTRAINT building_community_id_code_key UNIQUE (community_id, code);

ALTER TABLE ONLY public.building_grid
    ADD CONSTRAINT building_grid_pkey PRIMARY KEY (building_id, grid_id);

ALTER TABLE ONLY public.building_hexagon
    ADD CONSTRAINT building_hexagon_pkey PRIMARY KEY (level, up, across, community_id);

ALTER TABLE ONLY public.building
    ADD CONSTRAINT building_id_community_id_key UNIQUE (id, community_id);

ALTER TABLE ONLY public.building
    ADD CONSTRAINT building_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.calendar_day
    ADD CONSTRAINT calendar_day_pkey PRIMARY KEY (community_id, day);

ALTER TABLE ONLY public.campaign
    ADD CONSTRAINT campaign_community_id_code_key UNIQUE (community_id, code);

ALTER TABLE ONLY public.campaign
    ADD CONSTRAINT campaign_id_community_id_key UNIQUE (id, community_id);

ALTER TABLE ONLY public.campaign
    ADD CONSTRAINT campaign_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.category_national_code
    ADD CONSTRAINT category_national_code_pkey PRIMARY KEY (category_code, code_system, kind, code);

ALTER TABLE ONLY public.category
    ADD CONSTRAINT category_parent_code_identifier_key UNIQUE NULLS NOT DISTINCT (parent_code, identifier);

ALTER TABLE ONLY public.category
    ADD CONSTRAINT category_pkey PRIMARY KEY (code);

ALTER TABLE ONLY public.category_weight
    ADD CONSTRAINT category_weight_pkey PRIMARY KEY (community_id, category_code);

ALTER TABLE ONLY public.chat_group
    ADD CONSTRAINT chat_group_community_id_code_key UNIQUE (community_id, code);

ALTER TABLE ONLY public.chat_group
    ADD CONSTRAINT chat_group_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.community_calendar
    ADD CONSTRAINT community_calendar_hours_apart EXCLUDE USING gist (community_id WITH =, numrange(EXTRACT(epoch FROM opens), EXTRACT(epoch FROM closes)) WITH &&);

ALTER TABLE ONLY public.community_calendar
    ADD CONSTRAINT community_calendar_pkey PRIMARY KEY (community_id, opens);

ALTER TABLE ONLY public.community_category
    ADD CONSTRAINT community_category_pkey PRIMARY KEY (community_id, category_code);

ALTER TABLE ONLY public.community
    ADD CONSTRAINT community_code_key UNIQUE (code);

ALTER TABLE ONLY public.community
    ADD CONSTRAINT community_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.compound
    ADD CONSTRAINT compound_community_id_code_key UNIQUE (community_id, code);

ALTER TABLE ONLY public.compound
    ADD CONSTRAINT compound_id_community_id_key UNIQUE (id, community_id);

ALTER TABLE ONLY public.compound
    ADD CONSTRAINT compound_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.duty_rule
    ADD CONSTRAINT duty_rule_id_community_id_key UNIQUE (id, community_id);

ALTER TABLE ONLY public.duty_rule
    ADD CONSTRAINT duty_rule_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.duty_rule
    ADD CONSTRAINT duty_rule_position UNIQUE (community_id, "position") DEFERRABLE;

ALTER TABLE ONLY public.grid
    ADD CONSTRAINT grid_code_once_at_a_time EXCLUDE USING gist (community_id WITH =, kind WITH =, code WITH =, period WITH &&);

ALTER TABLE ONLY public.grid
    ADD CONSTRAINT grid_id_community_id_key UNIQUE (id, community_id);

ALTER TABLE ONLY public.grid
    ADD CONSTRAINT grid_id_kind_period_key UNIQUE (id, kind, period);

ALTER TABLE ONLY public.grid
    ADD CONSTRAINT grid_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.ground_feature
    ADD CONSTRAINT ground_feature_community_id_code_key UNIQUE (community_id, code);

ALTER TABLE ONLY public.ground_feature
    ADD CONSTRAINT ground_feature_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.hexagon_version
    ADD CONSTRAINT hexagon_version_pkey PRIMARY KEY (layer, community_id);

ALTER TABLE ONLY public.import_batch
    ADD CONSTRAINT import_batch_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.import_change
    ADD CONSTRAINT import_change_pkey PRIMARY KEY (batch_id, row_id);

ALTER TABLE ONLY public.import_job
    ADD CONSTRAINT import_job_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.import_source
    ADD CONSTRAINT import_source_pkey PRIMARY KEY (community_id, layer, kind, fingerprint);

ALTER TABLE ONLY public.incident_event
    ADD CONSTRAINT incident_event_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.incident_hexagon
    ADD CONSTRAINT incident_hexagon_pkey PRIMARY KEY (level, up, across, community_id);

ALTER TABLE ONLY public.incident
    ADD CONSTRAINT incident_id_community_id_key UNIQUE (id, community_id);

ALTER TABLE ONLY public.incident_photo
    ADD CONSTRAINT incident_photo_event_id_position_key UNIQUE (event_id, "position");

ALTER TABLE ONLY public.incident_photo
    ADD CONSTRAINT incident_photo_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.incident
    ADD CONSTRAINT incident_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.incident_requester
    ADD CONSTRAINT incident_requester_pkey PRIMARY KEY (incident_id);

ALTER TABLE ONLY public.inspection_template
    ADD CONSTRAINT inspection_template_pkey PRIMARY KEY (community_id, "position");

ALTER TABLE ONLY public.layer_touch
    ADD CONSTRAINT layer_touch_pkey PRIMARY KEY (transaction_id, layer, community_id);

ALTER TABLE ONLY public.layer_version
    ADD CONSTRAINT layer_version_pkey PRIMARY KEY (layer, community_id);

ALTER TABLE ONLY public.membership
    ADD CONSTRAINT membership_member_id_organisation_id_daterange_excl EXCLUDE USING gist (member_id WITH =, organisation_id WITH =, daterange(valid_from, valid_to) WITH &&);

ALTER TABLE ONLY public.membership
    ADD CONSTRAINT membership_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.merchant
    ADD CONSTRAINT merchant_community_id_code_key UNIQUE (community_id, code);

ALTER TABLE ONLY public.merchant
    ADD CONSTRAINT merchant_id_community_id_key UNIQUE (id, community_id);

ALTER TABLE ONLY public.merchant_offer
    ADD CONSTRAINT merchant_offer_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.merchant
    ADD CONSTRAINT merchant_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.national_code
    ADD CONSTRAINT national_code_pkey PRIMARY KEY (code_system, kind, code);

ALTER TABLE ONLY public.zone_party
    ADD CONSTRAINT one_lead_at_a_time EXCLUDE USING gist (zone_id WITH =, daterange(valid_from, valid_to) WITH &&) WHERE ((role = 'lead'::text));

ALTER TABLE ONLY public.zone_plan
    ADD CONSTRAINT one_plan_in_force EXCLUDE USING gist (community_id WITH =, kind WITH =, daterange(valid_from, valid_to) WITH &&) WHERE ((state <> 'draft'::text)) DEFERRABLE;

ALTER TABLE ONLY public.party
    ADD CONSTRAINT party_community_id_code_key UNIQUE (community_id, code);

ALTER TABLE ONLY public.party_contact
    ADD CONSTRAINT party_contact_pkey PRIMARY KEY (party_id);

ALTER TABLE ONLY public.party
    ADD CONSTRAINT party_id_community_id_key UNIQUE (id, community_id);

ALTER TABLE ONLY public.party
    ADD CONSTRAINT party_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.place_alias
    ADD CONSTRAINT place_alias_means_one_place UNIQUE (community_id, words);

ALTER TABLE ONLY public.place_alias
    ADD CONSTRAINT place_alias_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.post
    ADD CONSTRAINT post_party_id_title_daterange_excl EXCLUDE USING gist (party_id WITH =, title WITH =, daterange(valid_from, valid_to) WITH &&);

ALTER TABLE ONLY public.post
    ADD CONSTRAINT post_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.recheck_setting
    ADD CONSTRAINT recheck_setting_pkey PRIMARY KEY (community_id);

ALTER TABLE ONLY public.role_grant
    ADD CONSTRAINT role_grant_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.saved_view
    ADD CONSTRAINT saved_view_account_id_name_key UNIQUE (account_id, name);

ALTER TABLE ONLY public.saved_view
    ADD CONSTRAINT saved_view_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.score_template
    ADD CONSTRAINT score_template_pkey PRIMARY KEY (community_id, indicator_id);

ALTER TABLE ONLY public.sign_in
    ADD CONSTRAINT sign_in_pkey PRIMARY KEY (token_hash);

ALTER TABLE ONLY public.visit
    ADD CONSTRAINT visit_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.workflow_move
    ADD CONSTRAINT workflow_move_pkey PRIMARY KEY (name, from_states);

ALTER TABLE ONLY public.workload_weight
    ADD CONSTRAINT workload_weight_pkey PRIMARY KEY (community_id, item);

ALTER TABLE ONLY public.zone_gap
    ADD CONSTRAINT zone_gap_pkey PRIMARY KEY (plan_id, building_id);

ALTER TABLE ONLY public.zone
    ADD CONSTRAINT zone_id_plan_id_community_id_key UNIQUE (id, plan_id, community_id);

ALTER TABLE ONLY public.zone_party
    ADD CONSTRAINT zone_party_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.zone
    ADD CONSTRAINT zone_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.zone
    ADD CONSTRAINT zone_plan_id_code_key UNIQUE (plan_id, code);

ALTER TABLE ONLY public.zone_plan
    ADD CONSTRAINT zone_plan_id_community_id_key UNIQUE (id, community_id);

ALTER TABLE ONLY public.zone_plan
    ADD CONSTRAINT zone_plan_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.zone_step
    ADD CONSTRAINT zone_step_pkey PRIMARY KEY (plan_id, number);

ALTER TABLE ONLY public.zone_unit
    ADD CONSTRAINT zone_unit_pkey PRIMARY KEY (plan_id, building_id);

CREATE INDEX absence_case_community ON public.absence_case USING btree (community_id);

CREATE INDEX absence_case_party ON public.absence_case USING btree (party_id);

CREATE INDEX absence_community ON public.absence USING btree (community_id, valid_from);

CREATE INDEX absence_cover_absence ON public.absence_cover USING btree (absence_id);

CREATE INDEX absence_cover_party ON public.absence_cover USING btree (party_id);

CREATE INDEX absence_stand_in ON public.absence USING btree (stand_in_id) WHERE (stand_in_id IS NOT NULL);

CREATE INDEX audit_log_account ON public.audit_log USING btree (account_id, at);

CREATE INDEX audit_log_community ON public.audit_log USING btree (community_id, at);

CREATE INDEX building_compound ON public.building USING btree (compound_id) WHERE (compound_id IS NOT NULL);

CREATE UNIQUE INDEX building_external_id ON public.building USING btree (community_id, external_id) WHERE (external_id IS NOT NULL);

CREATE INDEX building_geom ON public.building USING gist (geom);

CREATE INDEX building_grid_grid ON public.building_grid USING btree (grid_id);

CREATE INDEX building_hexagon_community ON public.building_hexagon USING btree (community_id);

CREATE INDEX building_name ON public.building USING gin (name public.gin_trgm_ops, address public.gin_trgm_ops);

CREATE INDEX chat_group_building ON public.chat_group USING btree (building_id) WHERE (building_id IS NOT NULL);

CREATE INDEX chat_group_compound ON public.chat_group USING btree (compound_id) WHERE (compound_id IS NOT NULL);

CREATE INDEX community_geom ON public.community USING gist (geom);

CREATE UNIQUE INDEX compound_external_id ON public.compound USING btree (community_id, external_id) WHERE (external_id IS NOT NULL);

CREATE INDEX compound_geom ON public.compound USING gist (geom);

CREATE INDEX compound_name ON public.compound USING gin (name public.gin_trgm_ops);

CREATE UNIQUE INDEX grid_external_id ON public.grid USING btree (community_id, external_id, valid_from);

CREATE INDEX grid_geom ON public.grid USING gist (geom);

CREATE INDEX ground_feature_community ON public.ground_feature USING btree (community_id);

CREATE UNIQUE INDEX ground_feature_external_id ON public.ground_feature USING btree (community_id, external_id) WHERE (external_id IS NOT NULL);

CREATE INDEX import_job_batch ON public.import_job USING btree (batch_id) WHERE (batch_id IS NOT NULL);

CREATE INDEX import_job_community ON public.import_job USING btree (community_id);

CREATE INDEX import_rejection_batch ON public.import_rejection USING btree (batch_id);

CREATE INDEX incident_building ON public.incident USING btree (building_id, reported_at) WHERE (building_id IS NOT NULL);

CREATE INDEX incident_campaign ON public.incident USING btree (campaign_id) WHERE (campaign_id IS NOT NULL);

CREATE INDEX incident_category ON public.incident USING btree (community_id, category_code, reported_at);

CREATE INDEX incident_change_community ON public.incident_change USING btree (community_id);

CREATE UNIQUE INDEX incident_client_id ON public.incident USING btree (community_id, client_id) WHERE (client_id IS NOT NULL);

CREATE INDEX incident_closed ON public.incident USING btree (community_id, closed_at) WHERE (closed_at IS NOT NULL);

CREATE INDEX incident_compound ON public.incident USING btree (compound_id, reported_at) WHERE (compound_id IS NOT NULL);

CREATE INDEX incident_due ON public.incident USING btree (community_id, due_at) WHERE (NOT is_open);

CREATE INDEX incident_duty_rule ON public.incident USING btree (duty_rule_id) WHERE (duty_rule_id IS NOT NULL);

CREATE INDEX incident_event_actor ON public.incident_event USING btree (actor_party_id);

CREATE INDEX incident_event_batch ON public.incident_event USING btree (import_batch_id) WHERE (import_batch_id IS NOT NULL);

CREATE INDEX incident_event_counted ON public.incident_event USING btree (community_id, at) WHERE ((to_state = ANY (ARRAY['dispatched'::text, 'returned'::text, 'rated'::text])) OR (kind = ANY (ARRAY['called_back'::text, 'whistled'::text])));

CREATE INDEX incident_event_incident ON public.incident_event USING btree (incident_id, at);

CREATE INDEX incident_event_judged ON public.incident_event USING btree (incident_id, kind, at) WHERE (kind = ANY (ARRAY['rework'::text, 'extended'::text]));

CREATE INDEX incident_event_move ON public.incident_event USING btree (community_id, move, at) WHERE (move IS NOT NULL);

CREATE INDEX incident_event_returned ON public.incident_event USING btree (incident_id) WHERE (to_state = 'returned'::text);

CREATE INDEX incident_event_suggested ON public.incident_event USING btree (suggested_party_id) WHERE (suggested_party_id IS NOT NULL);

CREATE INDEX incident_event_to_party ON public.incident_event USING btree (to_party_id) WHERE (to_party_id IS NOT NULL);

CREATE UNIQUE INDEX incident_event_version ON public.incident_event USING btree (incident_id, version) WHERE (version IS NOT NULL);

CREATE INDEX incident_event_watched ON public.incident_event USING btree (incident_id, kind) WHERE (kind = ANY (ARRAY['supervised'::text, 'whistled'::text]));

CREATE UNIQUE INDEX incident_external_id ON public.incident USING btree (community_id, source_system, external_id);

CREATE INDEX incident_first_due ON public.incident USING btree (community_id, original_due_at) WHERE (original_due_at <> due_at);

CREATE INDEX incident_geom ON public.incident USING gist (geom);

CREATE INDEX incident_grid ON public.incident USING btree (grid_id, reported_at) WHERE (grid_id IS NOT NULL);

CREATE INDEX incident_handled ON public.incident USING btree (community_id, handled_at) WHERE (handled_at IS NOT NULL);

CREATE INDEX incident_hexagon_community ON public.incident_hexagon USING btree (community_id);

CREATE INDEX incident_merchant ON public.incident USING btree (merchant_id) WHERE (merchant_id IS NOT NULL);

CREATE INDEX incident_open ON public.incident USING btree (community_id, due_at) WHERE is_open;

CREATE INDEX incident_parent ON public.incident USING btree (parent_id) WHERE (parent_id IS NOT NULL);

CREATE INDEX incident_party ON public.incident USING btree (party_id, due_at) WHERE (party_id IS NOT NULL);

CREATE INDEX incident_photo_incident ON public.incident_photo USING btree (incident_id);

CREATE INDEX incident_reported ON public.incident USING btree (community_id, reported_at);

CREATE INDEX incident_responded ON public.incident USING btree (community_id, first_response_at) WHERE (first_response_at IS NOT NULL);

CREATE INDEX incident_settled ON public.incident USING btree (community_id, category_code, closed_at) WHERE (closed_at IS NOT NULL);

CREATE INDEX merchant_building ON public.merchant USING btree (building_id) WHERE (building_id IS NOT NULL);

CREATE UNIQUE INDEX merchant_external_id ON public.merchant USING btree (community_id, external_id) WHERE (external_id IS NOT NULL);

CREATE INDEX merchant_geom ON public.merchant USING gist (geom);

CREATE INDEX merchant_name ON public.merchant USING gin (name public.gin_trgm_ops, address public.gin_trgm_ops);

CREATE INDEX place_alias_building ON public.place_alias USING btree (building_id) WHERE (building_id IS NOT NULL);

CREATE INDEX place_alias_compound ON public.place_alias USING btree (compound_id) WHERE (compound_id IS NOT NULL);

CREATE INDEX role_grant_account ON public.role_grant USING btree (account_id);

CREATE INDEX sign_in_account ON public.sign_in USING btree (account_id);

CREATE INDEX visit_building ON public.visit USING btree (building_id, at);

CREATE INDEX visit_campaign ON public.visit USING btree (campaign_id) WHERE (campaign_id IS NOT NULL);

CREATE INDEX visit_community ON public.visit USING btree (community_id, at);

CREATE INDEX visit_compound ON public.visit USING btree (compound_id, at) WHERE (compound_id IS NOT NULL);

CREATE INDEX visit_incident ON public.visit USING btree (incident_id) WHERE (incident_id IS NOT NULL);

CREATE INDEX visit_merchant ON public.visit USING btree (merchant_id) WHERE (merchant_id IS NOT NULL);

CREATE INDEX visit_party ON public.visit USING btree (party_id);

CREATE INDEX zone_gap_building ON public.zone_gap USING btree (building_id);

CREATE INDEX zone_party_party ON public.zone_party USING btree (party_id);

CREATE INDEX zone_party_zone ON public.zone_party USING btree (zone_id);

CREATE INDEX zone_plan_based_on ON public.zone_plan USING btree (based_on);

CREATE INDEX zone_unit_building ON public.zone_unit USING btree (building_id);

CREATE INDEX zone_unit_zone ON public.zone_unit USING btree (zone_id);

CREATE TRIGGER apply_move BEFORE INSERT ON public.incident_event FOR EACH ROW WHEN (((new.move IS NOT NULL) AND (new.move <> 'report'::text))) EXECUTE FUNCTION public.apply_move();

CREATE CONSTRAINT TRIGGER building_in_one_grid_of_a_kind AFTER INSERT OR UPDATE ON public.building_grid DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN ((pg_trigger_depth() = 0)) EXECUTE FUNCTION public.refuse_second_grid();

CREATE CONSTRAINT TRIGGER grid_overlap AFTER INSERT OR UPDATE OF geom, valid_from, valid_to, kind, community_id ON public.grid DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.refuse_grid_overlap();

CREATE TRIGGER keep_moved_case BEFORE UPDATE ON public.incident FOR EACH ROW WHEN (((old.version > 0) AND (new.version <= old.version))) EXECUTE FUNCTION public.keep_moved_case();

CREATE TRIGGER note_incident_changes_on_delete AFTER DELETE ON public.incident REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.note_incident_changes('-1');

CREATE TRIGGER note_incident_changes_on_insert AFTER INSERT ON public.incident REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.note_incident_changes('1');

CREATE TRIGGER note_incident_changes_on_update_new AFTER UPDATE ON public.incident REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.note_incident_changes('1');

CREATE TRIGGER note_incident_changes_on_update_old AFTER UPDATE ON public.incident REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.note_incident_changes('-1');

CREATE TRIGGER note_report AFTER INSERT ON public.incident FOR EACH ROW WHEN ((public.app_role() <> ''::text)) EXECUTE FUNCTION public.note_report();

CREATE CONSTRAINT TRIGGER publish_touched_layers AFTER INSERT ON public.layer_touch DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.publish_touched_layers();

CREATE TRIGGER refuse_changing BEFORE DELETE OR UPDATE OR TRUNCATE ON public.audit_log FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_changing_the_log();

CREATE TRIGGER refuse_deleting BEFORE TRUNCATE ON public.incident_event FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_rewriting();

CREATE TRIGGER refuse_rewriting BEFORE UPDATE ON public.incident_event FOR EACH ROW EXECUTE FUNCTION public.refuse_rewriting();

CREATE TRIGGER refuse_rewriting BEFORE DELETE OR UPDATE ON public.zone_plan FOR EACH ROW EXECUTE FUNCTION public.refuse_rewriting_plans();

CREATE TRIGGER refuse_rewriting_delete AFTER DELETE ON public.zone_party REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_rewriting_appointments();

CREATE TRIGGER refuse_rewriting_delete_old AFTER DELETE ON public.zone REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_rewriting_zones('zone');

CREATE TRIGGER refuse_rewriting_delete_old AFTER DELETE ON public.zone_gap REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_rewriting_zones('building');

CREATE TRIGGER refuse_rewriting_delete_old AFTER DELETE ON public.zone_step REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_rewriting_zones('zone');

CREATE TRIGGER refuse_rewriting_delete_old AFTER DELETE ON public.zone_unit REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_rewriting_zones('building');

CREATE TRIGGER refuse_rewriting_insert AFTER INSERT ON public.zone_party REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_rewriting_appointments();

CREATE TRIGGER refuse_rewriting_insert_new AFTER INSERT ON public.zone REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_rewriting_zones('zone');

CREATE TRIGGER refuse_rewriting_insert_new AFTER INSERT ON public.zone_gap REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_rewriting_zones('building');

CREATE TRIGGER refuse_rewriting_insert_new AFTER INSERT ON public.zone_step REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_rewriting_zones('zone');

CREATE TRIGGER refuse_rewriting_insert_new AFTER INSERT ON public.zone_unit REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_rewriting_zones('building');

CREATE TRIGGER refuse_rewriting_update AFTER UPDATE ON public.zone_party REFERENCING OLD TABLE AS was NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_rewriting_appointments();

CREATE TRIGGER refuse_rewriting_update_new AFTER UPDATE ON public.zone REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_rewriting_zones('zone');

CREATE TRIGGER refuse_rewriting_update_new AFTER UPDATE ON public.zone_gap REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_rewriting_zones('building');

CREATE TRIGGER refuse_rewriting_update_new AFTER UPDATE ON public.zone_step REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_rewriting_zones('zone');

CREATE TRIGGER refuse_rewriting_update_new AFTER UPDATE ON public.zone_unit REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_rewriting_zones('building');

CREATE TRIGGER refuse_rewriting_update_old AFTER UPDATE ON public.zone REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_rewriting_zones('zone');

CREATE TRIGGER refuse_rewriting_update_old AFTER UPDATE ON public.zone_gap REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_rewriting_zones('building');

CREATE TRIGGER refuse_rewriting_update_old AFTER UPDATE ON public.zone_step REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_rewriting_zones('zone');

CREATE TRIGGER refuse_rewriting_update_old AFTER UPDATE ON public.zone_unit REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_rewriting_zones('building');

CREATE TRIGGER stamp_change BEFORE UPDATE ON public.building FOR EACH ROW EXECUTE FUNCTION public.stamp_change();

CREATE TRIGGER stamp_change BEFORE UPDATE ON public.compound FOR EACH ROW EXECUTE FUNCTION public.stamp_change();

CREATE TRIGGER stamp_change BEFORE UPDATE ON public.grid FOR EACH ROW EXECUTE FUNCTION public.stamp_change();

CREATE TRIGGER stamp_change BEFORE UPDATE ON public.ground_feature FOR EACH ROW EXECUTE FUNCTION public.stamp_change();

CREATE TRIGGER stamp_change BEFORE UPDATE ON public.incident FOR EACH ROW EXECUTE FUNCTION public.stamp_change();

CREATE TRIGGER stamp_change BEFORE UPDATE ON public.merchant FOR EACH ROW EXECUTE FUNCTION public.stamp_change();

CREATE TRIGGER take_report BEFORE INSERT ON public.incident FOR EACH ROW WHEN ((public.app_role() <> ''::text)) EXECUTE FUNCTION public.take_report();

CREATE TRIGGER touch_all_incidents AFTER INSERT OR DELETE OR UPDATE ON public.category FOR EACH STATEMENT EXECUTE FUNCTION public.touch_all_incidents();

CREATE TRIGGER touch_community_on_delete AFTER DELETE ON public.community REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_community();

CREATE TRIGGER touch_community_on_insert AFTER INSERT ON public.community REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_community();

CREATE TRIGGER touch_community_on_update AFTER UPDATE ON public.community REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_community();

CREATE TRIGGER touch_layer_on_delete_old AFTER DELETE ON public.absence REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_layer('zones');

CREATE TRIGGER touch_layer_on_delete_old AFTER DELETE ON public.absence_cover REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_layer('zones');

CREATE TRIGGER touch_layer_on_delete_old AFTER DELETE ON public.building REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_layer('buildings');

CREATE TRIGGER touch_layer_on_delete_old AFTER DELETE ON public.building_grid REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_layer('buildings');

CREATE TRIGGER touch_layer_on_delete_old AFTER DELETE ON public.category_weight REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_layer('zones');

CREATE TRIGGER touch_layer_on_delete_old AFTER DELETE ON public.chat_group REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_layer('zones');

CREATE TRIGGER touch_layer_on_delete_old AFTER DELETE ON public.compound REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_layer('compounds');

CREATE TRIGGER touch_layer_on_delete_old AFTER DELETE ON public.grid REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_layer('grids');

CREATE TRIGGER touch_layer_on_delete_old AFTER DELETE ON public.ground_feature REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_layer('ground');

CREATE TRIGGER touch_layer_on_delete_old AFTER DELETE ON public.incident REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_layer('incidents');

CREATE TRIGGER touch_layer_on_delete_old AFTER DELETE ON public.merchant REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_layer('merchants');

CREATE TRIGGER touch_layer_on_delete_old AFTER DELETE ON public.party REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_layer('zones');

CREATE TRIGGER touch_layer_on_delete_old AFTER DELETE ON public.visit REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_layer('visits');

CREATE TRIGGER touch_layer_on_delete_old AFTER DELETE ON public.workload_weight REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_layer('zones');

CREATE TRIGGER touch_layer_on_delete_old AFTER DELETE ON public.zone REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_shown_zones();

CREATE TRIGGER touch_layer_on_delete_old AFTER DELETE ON public.zone_gap REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_shown_zones();

CREATE TRIGGER touch_layer_on_delete_old AFTER DELETE ON public.zone_party REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_shown_zones();

CREATE TRIGGER touch_layer_on_delete_old AFTER DELETE ON public.zone_plan REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_shown_plans();

CREATE TRIGGER touch_layer_on_delete_old AFTER DELETE ON public.zone_unit REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_shown_zones();

CREATE TRIGGER touch_layer_on_insert_new AFTER INSERT ON public.absence REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_layer('zones');

CREATE TRIGGER touch_layer_on_insert_new AFTER INSERT ON public.absence_cover REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_layer('zones');

CREATE TRIGGER touch_layer_on_insert_new AFTER INSERT ON public.building REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_layer('buildings');

CREATE TRIGGER touch_layer_on_insert_new AFTER INSERT ON public.building_grid REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_layer('buildings');

CREATE TRIGGER touch_layer_on_insert_new AFTER INSERT ON public.category_weight REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_layer('zones');

CREATE TRIGGER touch_layer_on_insert_new AFTER INSERT ON public.chat_group REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_layer('zones');

CREATE TRIGGER touch_layer_on_insert_new AFTER INSERT ON public.compound REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_layer('compounds');

CREATE TRIGGER touch_layer_on_insert_new AFTER INSERT ON public.grid REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_layer('grids');

CREATE TRIGGER touch_layer_on_insert_new AFTER INSERT ON public.ground_feature REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_layer('ground');

CREATE TRIGGER touch_layer_on_insert_new AFTER INSERT ON public.incident REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_layer('incidents');

CREATE TRIGGER touch_layer_on_insert_new AFTER INSERT ON public.merchant REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_layer('merchants');

CREATE TRIGGER touch_layer_on_insert_new AFTER INSERT ON public.party REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_layer('zones');

CREATE TRIGGER touch_layer_on_insert_new AFTER INSERT ON public.visit REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_layer('visits');

CREATE TRIGGER touch_layer_on_insert_new AFTER INSERT ON public.workload_weight REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_layer('zones');

CREATE TRIGGER touch_layer_on_insert_new AFTER INSERT ON public.zone REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_shown_zones();

CREATE TRIGGER touch_layer_on_insert_new AFTER INSERT ON public.zone_gap REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_shown_zones();

CREATE TRIGGER touch_layer_on_insert_new AFTER INSERT ON public.zone_party REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_shown_zones();

CREATE TRIGGER touch_layer_on_insert_new AFTER INSERT ON public.zone_plan REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_shown_plans();

CREATE TRIGGER touch_layer_on_insert_new AFTER INSERT ON public.zone_unit REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_shown_zones();

CREATE TRIGGER touch_layer_on_update_new AFTER UPDATE ON public.absence REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_layer('zones');

CREATE TRIGGER touch_layer_on_update_new AFTER UPDATE ON public.absence_cover REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_layer('zones');

CREATE TRIGGER touch_layer_on_update_new AFTER UPDATE ON public.building REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_layer('buildings');

CREATE TRIGGER touch_layer_on_update_new AFTER UPDATE ON public.building_grid REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_layer('buildings');

CREATE TRIGGER touch_layer_on_update_new AFTER UPDATE ON public.category_weight REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_layer('zones');

CREATE TRIGGER touch_layer_on_update_new AFTER UPDATE ON public.chat_group REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_layer('zones');

CREATE TRIGGER touch_layer_on_update_new AFTER UPDATE ON public.compound REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_layer('compounds');

CREATE TRIGGER touch_layer_on_update_new AFTER UPDATE ON public.grid REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_layer('grids');

CREATE TRIGGER touch_layer_on_update_new AFTER UPDATE ON public.ground_feature REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_layer('ground');

CREATE TRIGGER touch_layer_on_update_new AFTER UPDATE ON public.incident REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_layer('incidents');

CREATE TRIGGER touch_layer_on_update_new AFTER UPDATE ON public.merchant REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_layer('merchants');

CREATE TRIGGER touch_layer_on_update_new AFTER UPDATE ON public.party REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_layer('zones');

CREATE TRIGGER touch_layer_on_update_new AFTER UPDATE ON public.visit REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_layer('visits');

CREATE TRIGGER touch_layer_on_update_new AFTER UPDATE ON public.workload_weight REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_layer('zones');

CREATE TRIGGER touch_layer_on_update_new AFTER UPDATE ON public.zone REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_shown_zones();

CREATE TRIGGER touch_layer_on_update_new AFTER UPDATE ON public.zone_gap REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_shown_zones();

CREATE TRIGGER touch_layer_on_update_new AFTER UPDATE ON public.zone_party REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_shown_zones();

CREATE TRIGGER touch_layer_on_update_new AFTER UPDATE ON public.zone_plan REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_shown_plans();

CREATE TRIGGER touch_layer_on_update_new AFTER UPDATE ON public.zone_unit REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_shown_zones();

CREATE TRIGGER touch_layer_on_update_old AFTER UPDATE ON public.absence REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_layer('zones');

CREATE TRIGGER touch_layer_on_update_old AFTER UPDATE ON public.absence_cover REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_layer('zones');

CREATE TRIGGER touch_layer_on_update_old AFTER UPDATE ON public.building REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_layer('buildings');

CREATE TRIGGER touch_layer_on_update_old AFTER UPDATE ON public.building_grid REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_layer('buildings');

CREATE TRIGGER touch_layer_on_update_old AFTER UPDATE ON public.category_weight REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_layer('zones');

CREATE TRIGGER touch_layer_on_update_old AFTER UPDATE ON public.chat_group REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_layer('zones');

CREATE TRIGGER touch_layer_on_update_old AFTER UPDATE ON public.compound REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_layer('compounds');

CREATE TRIGGER touch_layer_on_update_old AFTER UPDATE ON public.grid REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_layer('grids');

CREATE TRIGGER touch_layer_on_update_old AFTER UPDATE ON public.ground_feature REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_layer('ground');

CREATE TRIGGER touch_layer_on_update_old AFTER UPDATE ON public.incident REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_layer('incidents');

CREATE TRIGGER touch_layer_on_update_old AFTER UPDATE ON public.merchant REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_layer('merchants');

CREATE TRIGGER touch_layer_on_update_old AFTER UPDATE ON public.party REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_layer('zones');

CREATE TRIGGER touch_layer_on_update_old AFTER UPDATE ON public.visit REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_layer('visits');

CREATE TRIGGER touch_layer_on_update_old AFTER UPDATE ON public.workload_weight REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_layer('zones');

CREATE TRIGGER touch_layer_on_update_old AFTER UPDATE ON public.zone REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_shown_zones();

CREATE TRIGGER touch_layer_on_update_old AFTER UPDATE ON public.zone_gap REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_shown_zones();

CREATE TRIGGER touch_layer_on_update_old AFTER UPDATE ON public.zone_party REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_shown_zones();

CREATE TRIGGER touch_layer_on_update_old AFTER UPDATE ON public.zone_plan REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_shown_plans();

CREATE TRIGGER touch_layer_on_update_old AFTER UPDATE ON public.zone_unit REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.touch_shown_zones();

ALTER TABLE ONLY public.absence_case
    ADD CONSTRAINT absence_case_incident_id_community_id_fkey FOREIGN KEY (incident_id, community_id) REFERENCES public.incident(id, community_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.absence_case
    ADD CONSTRAINT absence_case_party_id_community_id_fkey FOREIGN KEY (party_id, community_id) REFERENCES public.party(id, community_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.absence_cover
    ADD CONSTRAINT absence_cover_absence_id_community_id_fkey FOREIGN KEY (absence_id, community_id) REFERENCES public.absence(id, community_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.absence_cover
    ADD CONSTRAINT absence_cover_building_id_community_id_fkey FOREIGN KEY (building_id, community_id) REFERENCES public.building(id, community_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.absence_cover
    ADD CONSTRAINT absence_cover_party_id_community_id_fkey FOREIGN KEY (party_id, community_id) REFERENCES public.party(id, community_id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.absence
    ADD CONSTRAINT absence_party_id_community_id_fkey FOREIGN KEY (party_id, community_id) REFERENCES public.party(id, community_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.absence
    ADD CONSTRAINT absence_stand_in_id_community_id_fkey FOREIGN KEY (stand_in_id, community_id) REFERENCES public.party(id, community_id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.access_token
    ADD CONSTRAINT access_token_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.account(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.account
    ADD CONSTRAINT account_last_grant_id_fkey FOREIGN KEY (last_grant_id) REFERENCES public.role_grant(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.building
    ADD CONSTRAINT building_community_id_fkey FOREIGN KEY (community_id) REFERENCES public.community(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.building
    ADD CONSTRAINT building_compound_id_community_id_fkey FOREIGN KEY (compound_id, community_id) REFERENCES public.compound(id, community_id);

ALTER TABLE ONLY public.building_grid
    ADD CONSTRAINT building_grid_building_id_community_id_fkey FOREIGN KEY (building_id, community_id) REFERENCES public.building(id, community_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.building_grid
    ADD CONSTRAINT building_grid_grid_id_kind_period_fkey FOREIGN KEY (grid_id, kind, period) REFERENCES public.grid(id, kind, period) ON UPDATE CASCADE ON DELETE CASCADE;

ALTER TABLE ONLY public.building_hexagon
    ADD CONSTRAINT building_hexagon_community_id_fkey FOREIGN KEY (community_id) REFERENCES public.community(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.building
    ADD CONSTRAINT building_import_batch_id_fkey FOREIGN KEY (import_batch_id) REFERENCES public.import_batch(id);

ALTER TABLE ONLY public.calendar_day
    ADD CONSTRAINT calendar_day_community_id_fkey FOREIGN KEY (community_id) REFERENCES public.community(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.campaign
    ADD CONSTRAINT campaign_community_id_fkey FOREIGN KEY (community_id) REFERENCES public.community(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.category_national_code
    ADD CONSTRAINT category_national_code_category_code_fkey FOREIGN KEY (category_code) REFERENCES public.category(code);

ALTER TABLE ONLY public.category_national_code
    ADD CONSTRAINT category_national_code_code_system_kind_code_fkey FOREIGN KEY (code_system, kind, code) REFERENCES public.national_code(code_system, kind, code);

ALTER TABLE ONLY public.category
    ADD CONSTRAINT category_parent_code_fkey FOREIGN KEY (parent_code) REFERENCES public.category(code);

ALTER TABLE ONLY public.category_weight
    ADD CONSTRAINT category_weight_category_code_fkey FOREIGN KEY (category_code) REFERENCES public.category(code);

ALTER TABLE ONLY public.category_weight
    ADD CONSTRAINT category_weight_community_id_fkey FOREIGN KEY (community_id) REFERENCES public.community(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.chat_group
    ADD CONSTRAINT chat_group_building_id_community_id_fkey FOREIGN KEY (building_id, community_id) REFERENCES public.building(id, community_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.chat_group
    ADD CONSTRAINT chat_group_community_id_fkey FOREIGN KEY (community_id) REFERENCES public.community(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.chat_group
    ADD CONSTRAINT chat_group_compound_id_community_id_fkey FOREIGN KEY (compound_id, community_id) REFERENCES public.compound(id, community_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.community_calendar
    ADD CONSTRAINT community_calendar_community_id_fkey FOREIGN KEY (community_id) REFERENCES public.community(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.community_category
    ADD CONSTRAINT community_category_category_code_fkey FOREIGN KEY (category_code) REFERENCES public.category(code);

ALTER TABLE ONLY public.community_category
    ADD CONSTRAINT community_category_community_id_fkey FOREIGN KEY (community_id) REFERENCES public.community(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.compound
    ADD CONSTRAINT compound_community_id_fkey FOREIGN KEY (community_id) REFERENCES public.community(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.compound
    ADD CONSTRAINT compound_import_batch_id_fkey FOREIGN KEY (import_batch_id) REFERENCES public.import_batch(id);

ALTER TABLE ONLY public.compound
    ADD CONSTRAINT compound_property_company_id_community_id_fkey FOREIGN KEY (property_company_id, community_id) REFERENCES public.party(id, community_id);

ALTER TABLE ONLY public.duty_rule
    ADD CONSTRAINT duty_rule_category_code_fkey FOREIGN KEY (category_code) REFERENCES public.category(code);

ALTER TABLE ONLY public.duty_rule
    ADD CONSTRAINT duty_rule_community_id_fkey FOREIGN KEY (community_id) REFERENCES public.community(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.duty_rule
    ADD CONSTRAINT duty_rule_helper_party_id_community_id_fkey FOREIGN KEY (helper_party_id, community_id) REFERENCES public.party(id, community_id);

ALTER TABLE ONLY public.duty_rule
    ADD CONSTRAINT duty_rule_lead_party_id_community_id_fkey FOREIGN KEY (lead_party_id, community_id) REFERENCES public.party(id, community_id);

ALTER TABLE ONLY public.duty_rule
    ADD CONSTRAINT duty_rule_supervisor_party_id_community_id_fkey FOREIGN KEY (supervisor_party_id, community_id) REFERENCES public.party(id, community_id);

ALTER TABLE ONLY public.grid
    ADD CONSTRAINT grid_community_id_fkey FOREIGN KEY (community_id) REFERENCES public.community(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.grid
    ADD CONSTRAINT grid_import_batch_id_fkey FOREIGN KEY (import_batch_id) REFERENCES public.import_batch(id);

ALTER TABLE ONLY public.grid
    ADD CONSTRAINT grid_parent_id_community_id_fkey FOREIGN KEY (parent_id, community_id) REFERENCES public.grid(id, community_id);

ALTER TABLE ONLY public.ground_feature
    ADD CONSTRAINT ground_feature_community_id_fkey FOREIGN KEY (community_id) REFERENCES public.community(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.ground_feature
    ADD CONSTRAINT ground_feature_import_batch_id_fkey FOREIGN KEY (import_batch_id) REFERENCES public.import_batch(id);

ALTER TABLE ONLY public.hexagon_version
    ADD CONSTRAINT hexagon_version_community_id_fkey FOREIGN KEY (community_id) REFERENCES public.community(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.import_batch
    ADD CONSTRAINT import_batch_community_id_fkey FOREIGN KEY (community_id) REFERENCES public.community(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.import_change
    ADD CONSTRAINT import_change_batch_id_fkey FOREIGN KEY (batch_id) REFERENCES public.import_batch(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.import_job
    ADD CONSTRAINT import_job_batch_id_fkey FOREIGN KEY (batch_id) REFERENCES public.import_batch(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.import_job
    ADD CONSTRAINT import_job_community_id_fkey FOREIGN KEY (community_id) REFERENCES public.community(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.import_rejection
    ADD CONSTRAINT import_rejection_batch_id_fkey FOREIGN KEY (batch_id) REFERENCES public.import_batch(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.import_source
    ADD CONSTRAINT import_source_community_id_fkey FOREIGN KEY (community_id) REFERENCES public.community(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.incident
    ADD CONSTRAINT incident_building_id_community_id_fkey FOREIGN KEY (building_id, community_id) REFERENCES public.building(id, community_id);

ALTER TABLE ONLY public.incident
    ADD CONSTRAINT incident_campaign_id_community_id_fkey FOREIGN KEY (campaign_id, community_id) REFERENCES public.campaign(id, community_id);

ALTER TABLE ONLY public.incident
    ADD CONSTRAINT incident_category_code_fkey FOREIGN KEY (category_code) REFERENCES public.category(code);

ALTER TABLE ONLY public.incident
    ADD CONSTRAINT incident_community_id_fkey FOREIGN KEY (community_id) REFERENCES public.community(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.incident
    ADD CONSTRAINT incident_compound_id_community_id_fkey FOREIGN KEY (compound_id, community_id) REFERENCES public.compound(id, community_id);

ALTER TABLE ONLY public.incident
    ADD CONSTRAINT incident_duty_rule_id_community_id_fkey FOREIGN KEY (duty_rule_id, community_id) REFERENCES public.duty_rule(id, community_id);

ALTER TABLE ONLY public.incident_event
    ADD CONSTRAINT incident_event_actor_party_id_community_id_fkey FOREIGN KEY (actor_party_id, community_id) REFERENCES public.party(id, community_id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.incident_event
    ADD CONSTRAINT incident_event_import_batch_id_fkey FOREIGN KEY (import_batch_id) REFERENCES public.import_batch(id);

ALTER TABLE ONLY public.incident_event
    ADD CONSTRAINT incident_event_incident_id_community_id_fkey FOREIGN KEY (incident_id, community_id) REFERENCES public.incident(id, community_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.incident_event
    ADD CONSTRAINT incident_event_suggested_party_id_community_id_fkey FOREIGN KEY (suggested_party_id, community_id) REFERENCES public.party(id, community_id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.incident_event
    ADD CONSTRAINT incident_event_to_party_id_community_id_fkey FOREIGN KEY (to_party_id, community_id) REFERENCES public.party(id, community_id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.incident
    ADD CONSTRAINT incident_grid_id_community_id_fkey FOREIGN KEY (grid_id, community_id) REFERENCES public.grid(id, community_id);

ALTER TABLE ONLY public.incident_hexagon
    ADD CONSTRAINT incident_hexagon_community_id_fkey FOREIGN KEY (community_id) REFERENCES public.community(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.incident
    ADD CONSTRAINT incident_import_batch_id_fkey FOREIGN KEY (import_batch_id) REFERENCES public.import_batch(id);

ALTER TABLE ONLY public.incident
    ADD CONSTRAINT incident_merchant_id_community_id_fkey FOREIGN KEY (merchant_id, community_id) REFERENCES public.merchant(id, community_id);

ALTER TABLE ONLY public.incident
    ADD CONSTRAINT incident_national_code_system_national_code_kind_national__fkey FOREIGN KEY (national_code_system, national_code_kind, national_code) REFERENCES public.national_code(code_system, kind, code);

ALTER TABLE ONLY public.incident
    ADD CONSTRAINT incident_parent_id_community_id_fkey FOREIGN KEY (parent_id, community_id) REFERENCES public.incident(id, community_id);

ALTER TABLE ONLY public.incident
    ADD CONSTRAINT incident_party_id_community_id_fkey FOREIGN KEY (party_id, community_id) REFERENCES public.party(id, community_id);

ALTER TABLE ONLY public.incident_photo
    ADD CONSTRAINT incident_photo_event_id_fkey FOREIGN KEY (event_id) REFERENCES public.incident_event(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.incident_photo
    ADD CONSTRAINT incident_photo_incident_id_community_id_fkey FOREIGN KEY (incident_id, community_id) REFERENCES public.incident(id, community_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.incident_requester
    ADD CONSTRAINT incident_requester_incident_id_community_id_fkey FOREIGN KEY (incident_id, community_id) REFERENCES public.incident(id, community_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.inspection_template
    ADD CONSTRAINT inspection_template_community_id_fkey FOREIGN KEY (community_id) REFERENCES public.community(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.membership
    ADD CONSTRAINT membership_member_id_community_id_fkey FOREIGN KEY (member_id, community_id) REFERENCES public.party(id, community_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.membership
    ADD CONSTRAINT membership_organisation_id_community_id_fkey FOREIGN KEY (organisation_id, community_id) REFERENCES public.party(id, community_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.merchant
    ADD CONSTRAINT merchant_building_id_community_id_fkey FOREIGN KEY (building_id, community_id) REFERENCES public.building(id, community_id);

ALTER TABLE ONLY public.merchant
    ADD CONSTRAINT merchant_community_id_fkey FOREIGN KEY (community_id) REFERENCES public.community(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.merchant
    ADD CONSTRAINT merchant_import_batch_id_fkey FOREIGN KEY (import_batch_id) REFERENCES public.import_batch(id);

ALTER TABLE ONLY public.merchant_offer
    ADD CONSTRAINT merchant_offer_merchant_id_community_id_fkey FOREIGN KEY (merchant_id, community_id) REFERENCES public.merchant(id, community_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.party
    ADD CONSTRAINT party_community_id_fkey FOREIGN KEY (community_id) REFERENCES public.community(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.party_contact
    ADD CONSTRAINT party_contact_party_id_community_id_fkey FOREIGN KEY (party_id, community_id) REFERENCES public.party(id, community_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.place_alias
    ADD CONSTRAINT place_alias_building_id_community_id_fkey FOREIGN KEY (building_id, community_id) REFERENCES public.building(id, community_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.place_alias
    ADD CONSTRAINT place_alias_community_id_fkey FOREIGN KEY (community_id) REFERENCES public.community(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.place_alias
    ADD CONSTRAINT place_alias_compound_id_community_id_fkey FOREIGN KEY (compound_id, community_id) REFERENCES public.compound(id, community_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.place_alias
    ADD CONSTRAINT place_alias_made_by_fkey FOREIGN KEY (made_by) REFERENCES public.account(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.post
    ADD CONSTRAINT post_party_id_community_id_fkey FOREIGN KEY (party_id, community_id) REFERENCES public.party(id, community_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.recheck_setting
    ADD CONSTRAINT recheck_setting_community_id_fkey FOREIGN KEY (community_id) REFERENCES public.community(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.role_grant
    ADD CONSTRAINT role_grant_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.account(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.role_grant
    ADD CONSTRAINT role_grant_community_id_fkey FOREIGN KEY (community_id) REFERENCES public.community(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.role_grant
    ADD CONSTRAINT role_grant_grid_id_community_id_fkey FOREIGN KEY (grid_id, community_id) REFERENCES public.grid(id, community_id);

ALTER TABLE ONLY public.role_grant
    ADD CONSTRAINT role_grant_party_id_community_id_fkey FOREIGN KEY (party_id, community_id) REFERENCES public.party(id, community_id);

ALTER TABLE ONLY public.saved_view
    ADD CONSTRAINT saved_view_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.account(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.score_template
    ADD CONSTRAINT score_template_community_id_fkey FOREIGN KEY (community_id) REFERENCES public.community(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.sign_in
    ADD CONSTRAINT sign_in_access_token_id_fkey FOREIGN KEY (access_token_id) REFERENCES public.access_token(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.sign_in
    ADD CONSTRAINT sign_in_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.account(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.sign_in
    ADD CONSTRAINT sign_in_grant_id_fkey FOREIGN KEY (grant_id) REFERENCES public.role_grant(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.visit
    ADD CONSTRAINT visit_building_id_community_id_fkey FOREIGN KEY (building_id, community_id) REFERENCES public.building(id, community_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.visit
    ADD CONSTRAINT visit_campaign_id_community_id_fkey FOREIGN KEY (campaign_id, community_id) REFERENCES public.campaign(id, community_id);

ALTER TABLE ONLY public.visit
    ADD CONSTRAINT visit_community_id_fkey FOREIGN KEY (community_id) REFERENCES public.community(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.visit
    ADD CONSTRAINT visit_compound_id_community_id_fkey FOREIGN KEY (compound_id, community_id) REFERENCES public.compound(id, community_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.visit
    ADD CONSTRAINT visit_incident_id_community_id_fkey FOREIGN KEY (incident_id, community_id) REFERENCES public.incident(id, community_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.visit
    ADD CONSTRAINT visit_merchant_id_community_id_fkey FOREIGN KEY (merchant_id, community_id) REFERENCES public.merchant(id, community_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.visit
    ADD CONSTRAINT visit_party_id_community_id_fkey FOREIGN KEY (party_id, community_id) REFERENCES public.party(id, community_id);

ALTER TABLE ONLY public.workload_weight
    ADD CONSTRAINT workload_weight_community_id_fkey FOREIGN KEY (community_id) REFERENCES public.community(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.zone_gap
    ADD CONSTRAINT zone_gap_building_id_community_id_fkey FOREIGN KEY (building_id, community_id) REFERENCES public.building(id, community_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.zone_gap
    ADD CONSTRAINT zone_gap_plan_id_community_id_fkey FOREIGN KEY (plan_id, community_id) REFERENCES public.zone_plan(id, community_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.zone_party
    ADD CONSTRAINT zone_party_party_id_community_id_fkey FOREIGN KEY (party_id, community_id) REFERENCES public.party(id, community_id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.zone_party
    ADD CONSTRAINT zone_party_zone_id_plan_id_community_id_fkey FOREIGN KEY (zone_id, plan_id, community_id) REFERENCES public.zone(id, plan_id, community_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.zone_plan
    ADD CONSTRAINT zone_plan_based_on_fkey FOREIGN KEY (based_on) REFERENCES public.zone_plan(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.zone_plan
    ADD CONSTRAINT zone_plan_community_id_fkey FOREIGN KEY (community_id) REFERENCES public.community(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.zone
    ADD CONSTRAINT zone_plan_id_community_id_fkey FOREIGN KEY (plan_id, community_id) REFERENCES public.zone_plan(id, community_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.zone_step
    ADD CONSTRAINT zone_step_plan_id_community_id_fkey FOREIGN KEY (plan_id, community_id) REFERENCES public.zone_plan(id, community_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.zone_unit
    ADD CONSTRAINT zone_unit_building_id_community_id_fkey FOREIGN KEY (building_id, community_id) REFERENCES public.building(id, community_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.zone_unit
    ADD CONSTRAINT zone_unit_zone_id_plan_id_community_id_fkey FOREIGN KEY (zone_id, plan_id, community_id) REFERENCES public.zone(id, plan_id, community_id) ON DELETE CASCADE;

ALTER TABLE public.absence ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.absence_case ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.absence_cover ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.access_token ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.account ENABLE ROW LEVEL SECURITY;

CREATE POLICY administrators ON public.account FOR SELECT TO wangge_app USING (((id = ( SELECT public.app_account() AS app_account)) OR ((( SELECT public.app_role() AS app_role) = 'administrator'::text) AND (id IN ( SELECT g.account_id
   FROM public.role_grant g)))));

CREATE POLICY administrators ON public.audit_log FOR SELECT TO wangge_app USING (((( SELECT public.app_role() AS app_role) = 'administrator'::text) AND ((community_id IS NULL) OR (community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])))));

CREATE POLICY administrators ON public.role_grant FOR SELECT TO wangge_app USING (((account_id = ( SELECT public.app_account() AS app_account)) OR ((( SELECT public.app_role() AS app_role) = 'administrator'::text) AND (community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])))));

CREATE POLICY area ON public.absence FOR SELECT TO wangge_app USING ((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])));

CREATE POLICY area ON public.absence_cover FOR SELECT TO wangge_app USING (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND ((( SELECT public.app_role() AS app_role) <> 'property_company'::text) OR (building_id IN ( SELECT b.id
   FROM public.building b)))));

CREATE POLICY area ON public.building FOR SELECT TO wangge_app USING (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND ((( SELECT public.app_role() AS app_role) <> 'property_company'::text) OR (compound_id = ANY (( SELECT public.app_compounds() AS app_compounds)::bigint[])))));

CREATE POLICY area ON public.building_grid FOR SELECT TO wangge_app USING (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND ((( SELECT public.app_role() AS app_role) <> 'property_company'::text) OR (building_id IN ( SELECT b.id
   FROM public.building b)))));

CREATE POLICY area ON public.building_hexagon FOR SELECT TO wangge_app USING (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND (( SELECT public.app_role() AS app_role) <> 'property_company'::text)));

CREATE POLICY area ON public.calendar_day FOR SELECT TO wangge_app USING ((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])));

CREATE POLICY area ON public.campaign FOR SELECT TO wangge_app USING (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND true));

CREATE POLICY area ON public.category_weight FOR SELECT TO wangge_app USING (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND (( SELECT public.app_role() AS app_role) = ANY (ARRAY['secretary'::text, 'grid_worker'::text, 'leader'::text, 'administrator'::text]))));

CREATE POLICY area ON public.chat_group FOR SELECT TO wangge_app USING (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND (( SELECT public.app_role() AS app_role) = ANY (ARRAY['secretary'::text, 'grid_worker'::text, 'leader'::text, 'administrator'::text]))));

CREATE POLICY area ON public.community FOR SELECT TO wangge_app USING ((id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])));

CREATE POLICY area ON public.community_calendar FOR SELECT TO wangge_app USING ((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])));

CREATE POLICY area ON public.community_category FOR SELECT TO wangge_app USING ((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])));

CREATE POLICY area ON public.compound FOR SELECT TO wangge_app USING (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND ((( SELECT public.app_role() AS app_role) <> 'property_company'::text) OR (id = ANY (( SELECT public.app_compounds() AS app_compounds)::bigint[])))));

CREATE POLICY area ON public.duty_rule FOR SELECT TO wangge_app USING (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND true));

CREATE POLICY area ON public.grid FOR SELECT TO wangge_app USING (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND true));

CREATE POLICY area ON public.ground_feature FOR SELECT TO wangge_app USING (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND true));

CREATE POLICY area ON public.import_batch FOR SELECT TO wangge_app USING (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND (( SELECT public.app_role() AS app_role) = ANY (ARRAY['secretary'::text, 'administrator'::text]))));

CREATE POLICY area ON public.incident FOR SELECT TO wangge_app USING (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND
CASE ( SELECT public.app_role() AS app_role)
    WHEN 'secretary'::text THEN true
    WHEN 'grid_worker'::text THEN ((category_code <> ALL (( SELECT public.sealed_categories() AS sealed_categories)::text[])) AND ((sensitivity <> 'S3'::text) OR (party_id = ( SELECT public.app_party() AS app_party)) OR (grid_id = ANY (( SELECT public.app_grids() AS app_grids)::bigint[])) OR (building_id = ANY (( SELECT public.app_buildings() AS app_buildings)::bigint[]))))
    WHEN 'wall'::text THEN ((sensitivity <> 'S3'::text) AND (category_code <> ALL (( SELECT public.sealed_categories() AS sealed_categories)::text[])))
    WHEN 'leader'::text THEN ((sensitivity <> 'S3'::text) AND (category_code <> ALL (( SELECT public.sealed_categories() AS sealed_categories)::text[])))
    WHEN 'administrator'::text THEN ((sensitivity <> 'S3'::text) AND (category_code <> ALL (( SELECT public.sealed_categories() AS sealed_categories)::text[])))
    WHEN 'property_company'::text THEN ((party_id = ( SELECT public.app_party() AS app_party)) AND (sensitivity <> 'S3'::text) AND (category_code <> ALL (( SELECT public.sealed_categories() AS sealed_categories)::text[])))
    ELSE false
END));

CREATE POLICY area ON public.incident_hexagon FOR SELECT TO wangge_app USING (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND (( SELECT public.app_role() AS app_role) <> 'property_company'::text)));

CREATE POLICY area ON public.inspection_template FOR SELECT TO wangge_app USING (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND (( SELECT public.app_role() AS app_role) = ANY (ARRAY['secretary'::text, 'grid_worker'::text, 'leader'::text, 'administrator'::text]))));

CREATE POLICY area ON public.membership FOR SELECT TO wangge_app USING (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND (( SELECT public.app_role() AS app_role) <> ALL (ARRAY['property_company'::text, 'wall'::text]))));

CREATE POLICY area ON public.merchant FOR SELECT TO wangge_app USING (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND ((( SELECT public.app_role() AS app_role) <> 'property_company'::text) OR (building_id IN ( SELECT b.id
   FROM public.building b)))));

CREATE POLICY area ON public.merchant_offer FOR SELECT TO wangge_app USING (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND ((( SELECT public.app_role() AS app_role) <> 'property_company'::text) OR (merchant_id IN ( SELECT m.id
   FROM public.merchant m)))));

CREATE POLICY area ON public.party FOR SELECT TO wangge_app USING (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND ((( SELECT public.app_role() AS app_role) <> ALL (ARRAY['property_company'::text, 'wall'::text])) OR (kind <> ALL (ARRAY['party_member'::text, 'volunteer'::text])))));

CREATE POLICY area ON public.place_alias FOR SELECT TO wangge_app USING (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND (( SELECT public.app_role() AS app_role) = ANY (ARRAY['secretary'::text, 'grid_worker'::text, 'leader'::text, 'administrator'::text]))));

CREATE POLICY area ON public.post FOR SELECT TO wangge_app USING (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND (( SELECT public.app_role() AS app_role) <> ALL (ARRAY['property_company'::text, 'wall'::text]))));

CREATE POLICY area ON public.recheck_setting FOR SELECT TO wangge_app USING (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND (( SELECT public.app_role() AS app_role) = ANY (ARRAY['secretary'::text, 'grid_worker'::text, 'leader'::text, 'administrator'::text]))));

CREATE POLICY area ON public.score_template FOR SELECT TO wangge_app USING (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND (( SELECT public.app_role() AS app_role) = ANY (ARRAY['secretary'::text, 'grid_worker'::text, 'leader'::text, 'administrator'::text]))));

CREATE POLICY area ON public.visit FOR SELECT TO wangge_app USING (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND (( SELECT public.app_role() AS app_role) = ANY (ARRAY['secretary'::text, 'grid_worker'::text, 'leader'::text, 'administrator'::text]))));

CREATE POLICY area ON public.workload_weight FOR SELECT TO wangge_app USING (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND (( SELECT public.app_role() AS app_role) = ANY (ARRAY['secretary'::text, 'grid_worker'::text, 'leader'::text, 'administrator'::text]))));

CREATE POLICY area ON public.zone FOR SELECT TO wangge_app USING (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND ((( SELECT public.app_role() AS app_role) = 'secretary'::text) OR (plan_id IN ( SELECT p.id
   FROM public.zone_plan p)))));

CREATE POLICY area ON public.zone_gap FOR SELECT TO wangge_app USING (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND ((( SELECT public.app_role() AS app_role) = 'secretary'::text) OR (plan_id IN ( SELECT p.id
   FROM public.zone_plan p))) AND ((( SELECT public.app_role() AS app_role) <> 'property_company'::text) OR (building_id IN ( SELECT b.id
   FROM public.building b)))));

CREATE POLICY area ON public.zone_party FOR SELECT TO wangge_app USING (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND ((( SELECT public.app_role() AS app_role) = 'secretary'::text) OR (plan_id IN ( SELECT p.id
   FROM public.zone_plan p)))));

CREATE POLICY area ON public.zone_plan FOR SELECT TO wangge_app USING (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND ((state <> 'draft'::text) OR (( SELECT public.app_role() AS app_role) = 'secretary'::text))));

CREATE POLICY area ON public.zone_unit FOR SELECT TO wangge_app USING (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND ((( SELECT public.app_role() AS app_role) = 'secretary'::text) OR (plan_id IN ( SELECT p.id
   FROM public.zone_plan p))) AND ((( SELECT public.app_role() AS app_role) <> 'property_company'::text) OR (building_id IN ( SELECT b.id
   FROM public.building b)))));

ALTER TABLE public.audit_log ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.building ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.building_grid ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.building_hexagon ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.calendar_day ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.campaign ENABLE ROW LEVEL SECURITY;

CREATE POLICY case_read ON public.incident_photo FOR SELECT TO wangge_app USING (((EXISTS ( SELECT
   FROM public.case_words w
  WHERE (w.incident_id = incident_photo.incident_id)
 OFFSET 0)) AND ((( SELECT public.app_role() AS app_role) <> 'property_company'::text) OR (EXISTS ( SELECT
   FROM (public.incident_event e
     JOIN public.incident i ON ((i.id = e.incident_id)))
  WHERE ((e.id = incident_photo.event_id) AND ((e.actor_party_id = ( SELECT public.app_party() AS app_party)) OR (e.to_state = 'dispatched'::text) OR i.is_proactive))
 OFFSET 0)))));

CREATE POLICY case_seen ON public.incident_event FOR SELECT TO wangge_app USING (((( SELECT public.app_role() AS app_role) <> 'wall'::text) AND (EXISTS ( SELECT
   FROM public.incident i
  WHERE (i.id = incident_event.incident_id)
 OFFSET 0))));

ALTER TABLE public.category_weight ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.chat_group ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.community ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.community_calendar ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.community_category ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.compound ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.duty_rule ENABLE ROW LEVEL SECURITY;

CREATE POLICY forgetters ON public.place_alias FOR DELETE TO wangge_app USING (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND (( SELECT public.app_role() AS app_role) = ANY (ARRAY['secretary'::text, 'grid_worker'::text, 'administrator'::text]))));

ALTER TABLE public.grid ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.ground_feature ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.import_batch ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.import_job ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.import_source ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.incident ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.incident_event ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.incident_hexagon ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.incident_photo ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.incident_requester ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.inspection_template ENABLE ROW LEVEL SECURITY;

CREATE POLICY keepers ON public.calendar_day TO wangge_app USING (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND (( SELECT public.app_role() AS app_role) = ANY (ARRAY['secretary'::text, 'administrator'::text]))));

CREATE POLICY keepers ON public.category_weight TO wangge_app USING (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND (( SELECT public.app_role() AS app_role) = ANY (ARRAY['secretary'::text, 'administrator'::text]))));

CREATE POLICY keepers ON public.chat_group TO wangge_app USING (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND (( SELECT public.app_role() AS app_role) = ANY (ARRAY['secretary'::text, 'administrator'::text]))));

CREATE POLICY keepers ON public.community FOR UPDATE TO wangge_app USING (((id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND (( SELECT public.app_role() AS app_role) = ANY (ARRAY['secretary'::text, 'administrator'::text]))));

CREATE POLICY keepers ON public.community_calendar TO wangge_app USING (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND (( SELECT public.app_role() AS app_role) = ANY (ARRAY['secretary'::text, 'administrator'::text]))));

CREATE POLICY keepers ON public.community_category TO wangge_app USING (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND (( SELECT public.app_role() AS app_role) = ANY (ARRAY['secretary'::text, 'administrator'::text]))));

CREATE POLICY keepers ON public.inspection_template TO wangge_app USING (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND (( SELECT public.app_role() AS app_role) = ANY (ARRAY['secretary'::text, 'administrator'::text]))));

CREATE POLICY keepers ON public.recheck_setting TO wangge_app USING (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND (( SELECT public.app_role() AS app_role) = ANY (ARRAY['secretary'::text, 'administrator'::text]))));

CREATE POLICY keepers ON public.score_template TO wangge_app USING (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND (( SELECT public.app_role() AS app_role) = ANY (ARRAY['secretary'::text, 'administrator'::text]))));

CREATE POLICY keepers ON public.workload_weight TO wangge_app USING (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND (( SELECT public.app_role() AS app_role) = ANY (ARRAY['secretary'::text, 'administrator'::text]))));

CREATE POLICY keepers_add ON public.duty_rule FOR INSERT TO wangge_app WITH CHECK (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND (( SELECT public.app_role() AS app_role) = ANY (ARRAY['secretary'::text, 'administrator'::text]))));

CREATE POLICY keepers_change ON public.duty_rule FOR UPDATE TO wangge_app USING (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND (( SELECT public.app_role() AS app_role) = ANY (ARRAY['secretary'::text, 'administrator'::text])) AND ("position" IS NOT NULL))) WITH CHECK (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND (( SELECT public.app_role() AS app_role) = ANY (ARRAY['secretary'::text, 'administrator'::text]))));

CREATE POLICY leader ON public.absence_case FOR SELECT TO wangge_app USING (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND (( SELECT public.app_role() AS app_role) = 'leader'::text)));

CREATE POLICY makers ON public.place_alias FOR INSERT TO wangge_app WITH CHECK (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND (( SELECT public.app_role() AS app_role) = ANY (ARRAY['secretary'::text, 'grid_worker'::text, 'administrator'::text])) AND (made_by = ( SELECT public.app_account() AS app_account))));

ALTER TABLE public.membership ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.merchant ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.merchant_offer ENABLE ROW LEVEL SECURITY;

CREATE POLICY own ON public.import_job TO wangge_app USING (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND (account_id = ( SELECT public.app_account() AS app_account)) AND (( SELECT public.app_role() AS app_role) = ANY (ARRAY['secretary'::text, 'administrator'::text])))) WITH CHECK (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND (account_id = ( SELECT public.app_account() AS app_account)) AND (( SELECT public.app_role() AS app_role) = ANY (ARRAY['secretary'::text, 'administrator'::text]))));

CREATE POLICY own ON public.saved_view TO wangge_app USING (((account_id = ( SELECT public.app_account() AS app_account)) AND (( SELECT public.app_role() AS app_role) <> 'wall'::text))) WITH CHECK (((account_id = ( SELECT public.app_account() AS app_account)) AND (( SELECT public.app_role() AS app_role) <> 'wall'::text)));

CREATE POLICY own_move ON public.incident_event FOR INSERT TO wangge_app WITH CHECK (((move IS NOT NULL) AND (move <> 'report'::text) AND (account_id = ( SELECT public.app_account() AS app_account)) AND (role = ( SELECT public.app_role() AS app_role)) AND (community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[]))));

CREATE POLICY own_report ON public.incident_requester FOR INSERT TO wangge_app WITH CHECK (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND public.has_reported(incident_id)));

CREATE POLICY own_work ON public.visit FOR INSERT TO wangge_app WITH CHECK (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND (party_id = ( SELECT public.app_party() AS app_party)) AND
CASE ( SELECT public.app_role() AS app_role)
    WHEN 'secretary'::text THEN true
    WHEN 'grid_worker'::text THEN (((building_id IS NULL) OR ((building_id = ANY (( SELECT public.app_buildings() AS app_buildings)::bigint[])) OR (EXISTS ( SELECT
       FROM public.building_grid bg
      WHERE ((bg.building_id = visit.building_id) AND (bg.grid_id = ANY (( SELECT public.app_grids() AS app_grids)::bigint[]))))))) AND ((merchant_id IS NULL) OR (EXISTS ( SELECT
       FROM public.merchant m
      WHERE ((m.id = visit.merchant_id) AND ((m.building_id IS NULL) OR ((m.building_id = ANY (( SELECT public.app_buildings() AS app_buildings)::bigint[])) OR (EXISTS ( SELECT
               FROM public.building_grid bg
              WHERE ((bg.building_id = m.building_id) AND (bg.grid_id = ANY (( SELECT public.app_grids() AS app_grids)::bigint[]))))))))))) AND ((compound_id IS NULL) OR (EXISTS ( SELECT
       FROM public.building b
      WHERE ((b.compound_id = visit.compound_id) AND ((b.id = ANY (( SELECT public.app_buildings() AS app_buildings)::bigint[])) OR (EXISTS ( SELECT
               FROM public.building_grid bg
              WHERE ((bg.building_id = b.id) AND (bg.grid_id = ANY (( SELECT public.app_grids() AS app_grids)::bigint[])))))))))))
    ELSE false
END));

ALTER TABLE public.party ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.party_contact ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.place_alias ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.post ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.recheck_setting ENABLE ROW LEVEL SECURITY;

CREATE POLICY report ON public.incident FOR INSERT TO wangge_app WITH CHECK (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND (( SELECT public.app_account() AS app_account) IS NOT NULL) AND (( SELECT public.app_role() AS app_role) = ANY (ARRAY['secretary'::text, 'grid_worker'::text]))));

ALTER TABLE public.role_grant ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.saved_view ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.score_template ENABLE ROW LEVEL SECURITY;

CREATE POLICY secretary ON public.absence_case TO wangge_app USING (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND (( SELECT public.app_role() AS app_role) = 'secretary'::text)));

CREATE POLICY secretary ON public.zone_step FOR SELECT TO wangge_app USING (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND (( SELECT public.app_role() AS app_role) = 'secretary'::text)));

CREATE POLICY secretary_adds ON public.absence FOR INSERT TO wangge_app WITH CHECK (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND (( SELECT public.app_role() AS app_role) = 'secretary'::text)));

CREATE POLICY secretary_adds ON public.absence_cover FOR INSERT TO wangge_app WITH CHECK (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND (( SELECT public.app_role() AS app_role) = 'secretary'::text)));

CREATE POLICY secretary_adds ON public.zone FOR INSERT TO wangge_app WITH CHECK (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND (( SELECT public.app_role() AS app_role) = 'secretary'::text)));

CREATE POLICY secretary_adds ON public.zone_gap FOR INSERT TO wangge_app WITH CHECK (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND (( SELECT public.app_role() AS app_role) = 'secretary'::text)));

CREATE POLICY secretary_adds ON public.zone_party FOR INSERT TO wangge_app WITH CHECK (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND (( SELECT public.app_role() AS app_role) = 'secretary'::text)));

CREATE POLICY secretary_adds ON public.zone_plan FOR INSERT TO wangge_app WITH CHECK (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND (( SELECT public.app_role() AS app_role) = 'secretary'::text)));

CREATE POLICY secretary_adds ON public.zone_step FOR INSERT TO wangge_app WITH CHECK (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND (( SELECT public.app_role() AS app_role) = 'secretary'::text)));

CREATE POLICY secretary_adds ON public.zone_unit FOR INSERT TO wangge_app WITH CHECK (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND (( SELECT public.app_role() AS app_role) = 'secretary'::text)));

CREATE POLICY secretary_changes ON public.zone FOR UPDATE TO wangge_app USING (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND (( SELECT public.app_role() AS app_role) = 'secretary'::text))) WITH CHECK (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND (( SELECT public.app_role() AS app_role) = 'secretary'::text)));

CREATE POLICY secretary_changes ON public.zone_gap FOR UPDATE TO wangge_app USING (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND (( SELECT public.app_role() AS app_role) = 'secretary'::text))) WITH CHECK (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND (( SELECT public.app_role() AS app_role) = 'secretary'::text)));

CREATE POLICY secretary_changes ON public.zone_party FOR UPDATE TO wangge_app USING (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND (( SELECT public.app_role() AS app_role) = 'secretary'::text))) WITH CHECK (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND (( SELECT public.app_role() AS app_role) = 'secretary'::text)));

CREATE POLICY secretary_changes ON public.zone_plan FOR UPDATE TO wangge_app USING (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND (( SELECT public.app_role() AS app_role) = 'secretary'::text))) WITH CHECK (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND (( SELECT public.app_role() AS app_role) = 'secretary'::text)));

CREATE POLICY secretary_changes ON public.zone_step FOR UPDATE TO wangge_app USING (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND (( SELECT public.app_role() AS app_role) = 'secretary'::text))) WITH CHECK (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND (( SELECT public.app_role() AS app_role) = 'secretary'::text)));

CREATE POLICY secretary_changes ON public.zone_unit FOR UPDATE TO wangge_app USING (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND (( SELECT public.app_role() AS app_role) = 'secretary'::text))) WITH CHECK (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND (( SELECT public.app_role() AS app_role) = 'secretary'::text)));

CREATE POLICY secretary_ends ON public.absence FOR UPDATE TO wangge_app USING (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND (( SELECT public.app_role() AS app_role) = 'secretary'::text) AND (COALESCE(valid_to, 'infinity'::date) > ((now() AT TIME ZONE 'Asia/Shanghai'::text))::date))) WITH CHECK (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND (( SELECT public.app_role() AS app_role) = 'secretary'::text) AND (COALESCE(valid_to, 'infinity'::date) >= ((now() AT TIME ZONE 'Asia/Shanghai'::text))::date)));

CREATE POLICY secretary_removes ON public.zone FOR DELETE TO wangge_app USING (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND (( SELECT public.app_role() AS app_role) = 'secretary'::text)));

CREATE POLICY secretary_removes ON public.zone_gap FOR DELETE TO wangge_app USING (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND (( SELECT public.app_role() AS app_role) = 'secretary'::text)));

CREATE POLICY secretary_removes ON public.zone_party FOR DELETE TO wangge_app USING (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND (( SELECT public.app_role() AS app_role) = 'secretary'::text)));

CREATE POLICY secretary_removes ON public.zone_plan FOR DELETE TO wangge_app USING (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND (( SELECT public.app_role() AS app_role) = 'secretary'::text)));

CREATE POLICY secretary_removes ON public.zone_unit FOR DELETE TO wangge_app USING (((community_id = ANY (( SELECT public.app_communities() AS app_communities)::bigint[])) AND (( SELECT public.app_role() AS app_role) = 'secretary'::text)));

ALTER TABLE public.sign_in ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.visit ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.workload_weight ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.zone ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.zone_gap ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.zone_party ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.zone_plan ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.zone_step ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.zone_unit ENABLE ROW LEVEL SECURITY;
