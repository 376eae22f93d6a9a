-- What may happen to a case. The application adds events and reports; what they make of the case, the database works
-- out. Refusals have states of their own: WG001 somebody was faster, WG002 not allowed, WG003 not as it must be,
-- WG004 not there (or not to be seen).

-- The one table of moves. A move may have several rows, for states that are left by others or with other fields.
CREATE TABLE workflow_move (
    name text NOT NULL,
    from_states text[] NOT NULL,
    -- None: the case stays in its state.
    to_state text,
    kind text NOT NULL,
    roles text[] NOT NULL,
    -- Those who may only where the case is theirs: held by their party, in their area, or reported by them.
    own_roles text[] NOT NULL,
    required text[] NOT NULL CHECK (required <@ CAST('{to_party,suggested_party,reason,note,due_at,outcome,rating,correction,parent}' AS text[])),
    -- Codes of which a reason is one; words of one's own go into the note, which is masked.
    reasons text[] NOT NULL,
    effects text[] NOT NULL CHECK (effects <@ CAST('{party,own_party,desk,due,due_if_none,clock,respond,handled,unhandled,closed,opened,corrected,parent}' AS text[])),
    -- The request that this move answers, which must be pending.
    answers text,
    -- Only by somebody else than whoever handled the case.
    by_other boolean NOT NULL,
    most_days integer,
    PRIMARY KEY (name, from_states)
);
GRANT SELECT ON workflow_move TO wangge_app;

ALTER TABLE incident
    -- Counts the moves made here: a reader acts on the version he saw.
    ADD COLUMN version integer NOT NULL DEFAULT 0,
    -- Whoever reports gives each report a name of its own, so that one sent twice is one case.
    ADD COLUMN client_id text CHECK (length(client_id) BETWEEN 1 AND 200);
CREATE UNIQUE INDEX incident_client_id ON incident (community_id, client_id) WHERE client_id IS NOT NULL;
GRANT SELECT (version, client_id) ON incident TO wangge_app;

ALTER TABLE incident_event
    DROP CONSTRAINT incident_event_kind_check,
    ADD CONSTRAINT incident_event_kind_check CHECK (kind IN (
        'moved', 'extended', 'supervised', 'whistled', 'escalated', 'co_assigned', 'rework', 'reopened',
        'relapse_linked', 'noted', 'arrived', 'extension_requested', 'extension_refused', 'reopen_requested',
        'reopen_refused', 'corrected', 'called_back')),
    -- None for what was told by an import or the demo: history from elsewhere.
    ADD COLUMN move text,
    ADD COLUMN expected_version integer,
    ADD COLUMN version integer GENERATED ALWAYS AS (expected_version + 1) STORED,
    ADD COLUMN account_id bigint,
    ADD COLUMN role text,
    ADD COLUMN to_party_id bigint,
    ADD COLUMN due_at timestamptz,
    ADD COLUMN original_due_at timestamptz,
    ADD COLUMN outcome text,
    ADD COLUMN rating smallint CHECK (rating BETWEEN 1 AND 5),
    ADD COLUMN payload jsonb,
    ADD FOREIGN KEY (to_party_id, community_id) REFERENCES party (id, community_id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT move_is_signed CHECK (move IS NULL OR (expected_version IS NOT NULL AND account_id IS NOT NULL AND role IS NOT NULL)),
    ADD CONSTRAINT note_not_endless CHECK (move IS NULL OR length(note) <= 4000);
CREATE UNIQUE INDEX incident_event_version ON incident_event (incident_id, version) WHERE version IS NOT NULL;
CREATE INDEX incident_event_to_party ON incident_event (to_party_id) WHERE to_party_id IS NOT NULL;
CREATE INDEX incident_event_move ON incident_event (community_id, move, at) WHERE move IS NOT NULL;
GRANT SELECT (move, version, account_id, role, to_party_id, due_at, original_due_at, outcome, rating)
    ON incident_event TO wangge_app;

CREATE FUNCTION has_reported(incident bigint) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT
    RETURN EXISTS (
        SELECT FROM incident_event AS e
        WHERE e.incident_id = has_reported.incident AND e.version = 1 AND e.move = 'report' AND e.account_id = app_account());
-- Who asked is said by whoever takes the case in, and by nobody later.
ALTER POLICY own_report ON incident_requester WITH CHECK (
    community_id = ANY (CAST((SELECT app_communities()) AS bigint[])) AND has_reported(incident_id));

-- Whether a property company may not see a case, so that it would lie there in silence.
CREATE FUNCTION is_withheld(party bigint, category text, sensitivity text) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT
    RETURN EXISTS (SELECT FROM party AS p WHERE p.id = is_withheld.party AND p.kind = 'property_company')
        AND (is_withheld.category = ANY (sealed_categories()) OR is_withheld.sensitivity = 'S3' OR EXISTS (
            SELECT FROM category AS c LEFT JOIN category AS above ON above.code = c.parent_code
            WHERE c.code = is_withheld.category AND 'S3' IN (c.sensitivity, above.sensitivity)));

-- Whether a case is the acting one's own: held by his party, in his area, or taken in by him (首接负责).
CREATE FUNCTION is_own_case(incident bigint) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT
    RETURN EXISTS (
        SELECT FROM incident AS i
        WHERE i.id = is_own_case.incident AND (
            i.party_id = app_party()
            OR app_role() = 'grid_worker' AND (
                i.grid_id = ANY (app_grids())
                OR i.building_id = ANY (app_buildings())
                OR has_reported(i.id))));

-- To whom a case goes back: whoever sent it on, else the residents' committee, else the secretary.
CREATE FUNCTION find_desk(held incident) RETURNS bigint
    LANGUAGE sql STABLE SET search_path FROM CURRENT
    RETURN (
        SELECT desk.id
        FROM party AS desk
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
        ORDER BY desk.id = sender.actor_party_id AND desk.id IS DISTINCT FROM held.party_id DESC NULLS LAST,
            desk.kind <> 'residents_committee', desk.active_from, desk.id
        LIMIT 1);

-- What a report becomes: it is the trigger that says in which state, how sensitive and how new it is.
CREATE FUNCTION take_report() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
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

CREATE FUNCTION note_report() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO incident_event (
        community_id, incident_id, at, actor_party_id, kind, to_state, move, expected_version, account_id, role,
        to_party_id, due_at, original_due_at)
    VALUES (
        NEW.community_id, NEW.id, NEW.reported_at, app_party(), 'moved', 'reported', 'report', 0, app_account(), app_role(),
        NEW.party_id, NEW.due_at, NEW.original_due_at);
    RETURN NULL;
END $$;

CREATE TRIGGER take_report BEFORE INSERT ON incident FOR EACH ROW WHEN (app_role() <> '') EXECUTE FUNCTION take_report();
CREATE TRIGGER note_report AFTER INSERT ON incident FOR EACH ROW WHEN (app_role() <> '') EXECUTE FUNCTION note_report();

CREATE POLICY report ON incident FOR INSERT TO wangge_app WITH CHECK (
    community_id = ANY (CAST((SELECT app_communities()) AS bigint[]))
    AND (SELECT app_account()) IS NOT NULL
    AND (SELECT app_role()) IN ('secretary', 'grid_worker'));
GRANT INSERT (
    community_id, category_code, source, request_kind, severity, sensitivity, title, description, address, geom,
    geocode_quality, building_id, compound_id, grid_id, merchant_id, party_id, duty_rule_id, reported_at, due_at,
    client_id) ON incident TO wangge_app;

-- The case that the acting account reported by this name, seen or not: whoever takes in a sealed case may not read it.
CREATE FUNCTION find_report(community bigint, client text) RETURNS bigint
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT
    RETURN (
        SELECT i.id
        FROM incident AS i
        JOIN incident_event AS e ON e.incident_id = i.id AND e.version = 1 AND e.move = 'report'
        WHERE i.community_id = find_report.community AND i.client_id = find_report.client AND e.account_id = app_account());

-- A move: locks the case, so that of two who act at once one waits and then sees that the other was faster.
CREATE FUNCTION apply_move() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
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

CREATE TRIGGER apply_move BEFORE INSERT ON incident_event FOR EACH ROW
    WHEN (NEW.move IS NOT NULL AND NEW.move <> 'report') EXECUTE FUNCTION apply_move();

-- That the case is seen is checked in the trigger: after the move it may be somebody else's.
CREATE POLICY own_move ON incident_event FOR INSERT TO wangge_app WITH CHECK (
    move IS NOT NULL AND move <> 'report'
    AND account_id = (SELECT app_account()) AND role = (SELECT app_role())
    AND community_id = ANY (CAST((SELECT app_communities()) AS bigint[])));
GRANT INSERT (
    incident_id, move, expected_version, reason, note, to_party_id, suggested_party_id, due_at, original_due_at, outcome,
    rating, payload) ON incident_event TO wangge_app;

-- What was corrected, from what to what: words and category, masked; of the place only that it was.
CREATE VIEW case_corrections WITH (security_barrier) AS
    SELECT
        e.id AS event_id, e.incident_id, e.community_id,
        CAST(CASE WHEN app_role() = 'property_company' THEN mask_people(mask_words(told.words)) ELSE mask_words(told.words) END
            AS jsonb) AS correction
    FROM incident_event AS e
    JOIN case_words AS w ON w.incident_id = e.incident_id
    CROSS JOIN LATERAL (
        SELECT CAST(jsonb_build_object(
            'from', (e.payload -> 'from') - CAST('{geom,geocode_quality,building_id,compound_id,grid_id,merchant_id}' AS text[]),
            'to', (e.payload -> 'to') - CAST('{geom,geocode_quality,building_id,compound_id,grid_id,merchant_id}' AS text[]),
            'is_moved', (e.payload -> 'to') ? 'geom') AS text) AS words
    ) AS told
    WHERE e.move = 'correct';
GRANT SELECT ON case_corrections TO wangge_app;

-- What is known from elsewhere of a case that has been worked on here does not undo that work: the import of a newer
-- list brings its other columns.
CREATE FUNCTION keep_moved_case() RETURNS trigger
    LANGUAGE plpgsql AS $$
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
CREATE TRIGGER keep_moved_case BEFORE UPDATE ON incident FOR EACH ROW
    WHEN (OLD.version > 0 AND NEW.version <= OLD.version) EXECUTE FUNCTION keep_moved_case();

-- Photos: what is in the file is named by its hash; which case it belongs to is said here.
CREATE TABLE incident_photo (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    community_id bigint NOT NULL,
    incident_id bigint NOT NULL,
    event_id bigint NOT NULL REFERENCES incident_event ON DELETE CASCADE,
    position smallint NOT NULL CHECK (position BETWEEN 1 AND 9),
    sha256 text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    media_type text NOT NULL CHECK (media_type IN ('image/jpeg', 'image/png', 'image/webp')),
    width_px integer NOT NULL CHECK (width_px > 0),
    height_px integer NOT NULL CHECK (height_px > 0),
    account_id bigint NOT NULL,
    UNIQUE (event_id, position),
    FOREIGN KEY (incident_id, community_id) REFERENCES incident (id, community_id) ON DELETE CASCADE
);
CREATE INDEX incident_photo_incident ON incident_photo (incident_id);
ALTER TABLE incident_photo ENABLE ROW LEVEL SECURITY;
-- Seen by those who may read the words of the case. A property company sees what it took itself, what it was sent with
-- the order, and what a patrol took: never what a resident sent in.
CREATE POLICY case_read ON incident_photo FOR SELECT TO wangge_app USING (
    EXISTS (SELECT FROM case_words AS w WHERE w.incident_id = incident_photo.incident_id OFFSET 0)
    AND ((SELECT app_role()) <> 'property_company' OR EXISTS (
        SELECT FROM incident_event AS e
        JOIN incident AS i ON i.id = e.incident_id
        WHERE e.id = event_id AND (e.actor_party_id = (SELECT app_party()) OR e.to_state = 'dispatched' OR i.is_proactive)
        OFFSET 0)));
GRANT SELECT ON incident_photo TO wangge_app;

-- A photo goes with an event of one's own, also where the case has passed out of one's sight by it.
CREATE FUNCTION attach_photo(
    incident bigint, case_version integer, place smallint, hash text, media_type text, width_px integer, height_px integer)
    RETURNS bigint
    LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT AS $$
    INSERT INTO incident_photo (
        community_id, incident_id, event_id, position, sha256, media_type, width_px, height_px, account_id)
    SELECT e.community_id, e.incident_id, e.id, $3, $4, $5, $6, $7, app_account()
    FROM incident_event AS e
    WHERE e.incident_id = $1 AND e.version = $2 AND e.account_id = app_account()
    RETURNING id;
$$;

-- What follows from a report or a move is written as the owner: the application may not touch these tables.
ALTER FUNCTION touch_layer() SECURITY DEFINER SET search_path FROM CURRENT;
ALTER FUNCTION note_incident_changes() SECURITY DEFINER SET search_path FROM CURRENT;
ALTER FUNCTION publish_touched_layers() SECURITY DEFINER SET search_path FROM CURRENT;

CALL close_functions();
