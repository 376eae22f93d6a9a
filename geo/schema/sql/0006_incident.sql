-- Incidents with their history, visits and campaigns, and the duty rules that route them.

CREATE TABLE duty_rule (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    community_id bigint NOT NULL REFERENCES community ON DELETE CASCADE,
    position integer NOT NULL,
    category_code text REFERENCES category,
    place_type text CHECK (place_type IN ('managed_compound', 'three_no_compound', 'street', 'merchant', 'unit')),
    lead_party_id bigint NOT NULL,
    supervisor_party_id bigint,
    helper_party_id bigint,
    deadline_amount numeric CHECK (deadline_amount > 0),
    deadline_unit text CHECK (deadline_unit IN ('working_hour', 'working_day', 'hour', 'day')),
    legal_basis text,
    UNIQUE (community_id, position),
    UNIQUE (id, community_id),
    FOREIGN KEY (lead_party_id, community_id) REFERENCES party (id, community_id),
    FOREIGN KEY (supervisor_party_id, community_id) REFERENCES party (id, community_id),
    FOREIGN KEY (helper_party_id, community_id) REFERENCES party (id, community_id),
    CHECK ((deadline_amount IS NULL) = (deadline_unit IS NULL))
);

-- A clean-up (整治) or a screening (排查): where, what, from when to when.
CREATE TABLE campaign (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    community_id bigint NOT NULL REFERENCES community ON DELETE CASCADE,
    kind text NOT NULL CHECK (kind IN ('clean_up', 'screening')),
    code text NOT NULL CHECK (code <> ''),
    name text NOT NULL CHECK (name <> ''),
    category_codes text[] NOT NULL DEFAULT '{}',
    starts_on date NOT NULL,
    ends_on date NOT NULL,
    geom geometry(MultiPolygon, 4490) NOT NULL CHECK (is_sound(geom)),
    UNIQUE (community_id, code),
    UNIQUE (id, community_id),
    CONSTRAINT campaign_dates_in_order CHECK (ends_on >= starts_on)
);

CREATE TABLE incident (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    community_id bigint NOT NULL REFERENCES community ON DELETE CASCADE,
    category_code text NOT NULL REFERENCES category,
    source text NOT NULL CHECK (source IN (
        'patrol', 'walk_in', 'phone', 'hotline_12345', 'wechat_group', 'courier', 'property', 'superior', 'other')),
    request_kind text CHECK (request_kind IN ('help', 'enquiry', 'complaint')),
    -- The number another system knows the case by, and that system.
    source_system text NOT NULL DEFAULT 'wangge',
    external_id text,
    national_code_system text,
    national_code_kind text,
    national_code text,
    severity text NOT NULL DEFAULT 'normal' CHECK (severity IN ('low', 'normal', 'high', 'urgent')),
    sensitivity text NOT NULL DEFAULT 'S1' CHECK (sensitivity IN ('S1', 'S2', 'S3')),
    state text NOT NULL DEFAULT 'reported' CHECK (state IN (
        'reported', 'accepted', 'registered', 'dispatched', 'returned', 'handling', 'suspended', 'verifying',
        'closed', 'rated', 'rejected', 'voided')),
    is_open boolean NOT NULL GENERATED ALWAYS AS (state NOT IN ('closed', 'rated', 'rejected', 'voided')) STORED,
    title text,
    description text,
    address text,
    geom geometry(Point, 4490) CHECK (is_sound(geom)),
    geocode_quality text NOT NULL DEFAULT 'none' CHECK (geocode_quality IN (
        'dwelling', 'building', 'compound', 'street', 'manual', 'none')),
    building_id bigint,
    compound_id bigint,
    grid_id bigint,
    merchant_id bigint,
    party_id bigint,
    parent_id bigint,
    duty_rule_id bigint,
    campaign_id bigint,
    reported_at timestamptz NOT NULL,
    first_response_at timestamptz,
    due_at timestamptz,
    original_due_at timestamptz,
    handled_at timestamptz,
    closed_at timestamptz,
    outcome text CHECK (outcome IN (
        'resolved', 'partly_resolved', 'persuaded', 'mediated', 'negotiated', 'transferred', 'unresolvable')),
    is_proactive boolean NOT NULL GENERATED ALWAYS AS (source = 'patrol') STORED,
    import_batch_id bigint REFERENCES import_batch,
    changed_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (id, community_id),
    FOREIGN KEY (building_id, community_id) REFERENCES building (id, community_id),
    FOREIGN KEY (compound_id, community_id) REFERENCES compound (id, community_id),
    FOREIGN KEY (grid_id, community_id) REFERENCES grid (id, community_id),
    FOREIGN KEY (merchant_id, community_id) REFERENCES merchant (id, community_id),
    FOREIGN KEY (party_id, community_id) REFERENCES party (id, community_id),
    FOREIGN KEY (parent_id, community_id) REFERENCES incident (id, community_id),
    FOREIGN KEY (duty_rule_id, community_id) REFERENCES duty_rule (id, community_id),
    FOREIGN KEY (campaign_id, community_id) REFERENCES campaign (id, community_id),
    FOREIGN KEY (national_code_system, national_code_kind, national_code) REFERENCES national_code,
    CONSTRAINT incident_national_code_whole CHECK (num_nulls(national_code_system, national_code_kind, national_code) IN (0, 3)),
    CONSTRAINT incident_place_matches_quality CHECK ((geom IS NULL) = (geocode_quality = 'none')),
    CONSTRAINT incident_dates_in_order CHECK (
        first_response_at >= reported_at AND due_at >= reported_at AND original_due_at >= reported_at
        AND handled_at >= reported_at AND closed_at >= coalesce(handled_at, reported_at)),
    CONSTRAINT incident_time_plausible CHECK (reported_at >= TIMESTAMPTZ '1950-01-01 00:00+08'),
    CONSTRAINT incident_closed_has_time CHECK ((state IN ('closed', 'rated')) = (closed_at IS NOT NULL)),
    CONSTRAINT incident_not_its_own_parent CHECK (parent_id <> id)
);
CREATE UNIQUE INDEX incident_external_id ON incident (community_id, source_system, external_id);
CREATE INDEX incident_geom ON incident USING gist (geom);
CREATE INDEX incident_reported ON incident (community_id, reported_at);
CREATE INDEX incident_open ON incident (community_id, due_at) WHERE is_open;
CREATE INDEX incident_building ON incident (building_id, reported_at) WHERE building_id IS NOT NULL;
CREATE INDEX incident_parent ON incident (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX incident_grid ON incident (grid_id, reported_at) WHERE grid_id IS NOT NULL;
CREATE INDEX incident_compound ON incident (compound_id, reported_at) WHERE compound_id IS NOT NULL;
CREATE INDEX incident_party ON incident (party_id, due_at) WHERE party_id IS NOT NULL;
CREATE INDEX incident_merchant ON incident (merchant_id) WHERE merchant_id IS NOT NULL;
CREATE INDEX incident_campaign ON incident (campaign_id) WHERE campaign_id IS NOT NULL;
CREATE INDEX incident_duty_rule ON incident (duty_rule_id) WHERE duty_rule_id IS NOT NULL;

-- Append-only: a correction is a new event.
CREATE TABLE incident_event (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    community_id bigint NOT NULL,
    incident_id bigint NOT NULL,
    at timestamptz NOT NULL,
    actor_party_id bigint,
    kind text NOT NULL CHECK (kind IN (
        'moved', 'extended', 'supervised', 'whistled', 'escalated', 'co_assigned', 'rework', 'reopened',
        'relapse_linked', 'noted')),
    from_state text,
    to_state text,
    reason text,
    note text,
    suggested_party_id bigint,
    evidence jsonb,
    FOREIGN KEY (incident_id, community_id) REFERENCES incident (id, community_id) ON DELETE CASCADE,
    -- Judged at commit, for a community goes with all its parties and incidents at once.
    FOREIGN KEY (actor_party_id, community_id) REFERENCES party (id, community_id) DEFERRABLE INITIALLY DEFERRED,
    FOREIGN KEY (suggested_party_id, community_id) REFERENCES party (id, community_id) DEFERRABLE INITIALLY DEFERRED,
    CHECK (kind <> 'moved' OR to_state IS NOT NULL),
    -- No silent bounce: whoever returns a case says why.
    CONSTRAINT return_has_reason CHECK (to_state IS DISTINCT FROM 'returned' OR reason IS NOT NULL)
);
CREATE FUNCTION refuse_rewriting() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what has happened to an incident is not rewritten: add an event that corrects it'
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'incident_event_append_only', TABLE = 'incident_event';
END $$;
CREATE TRIGGER refuse_rewriting BEFORE UPDATE ON incident_event FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
CREATE INDEX incident_event_incident ON incident_event (incident_id, at);
CREATE INDEX incident_event_actor ON incident_event (actor_party_id);
CREATE INDEX incident_event_suggested ON incident_event (suggested_party_id) WHERE suggested_party_id IS NOT NULL;

CREATE TABLE visit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    community_id bigint NOT NULL REFERENCES community ON DELETE CASCADE,
    kind text NOT NULL CHECK (kind IN ('patrol', 'home_visit', 'merchant_check', 'campaign_call', 'recheck')),
    at timestamptz NOT NULL,
    party_id bigint,
    building_id bigint,
    merchant_id bigint,
    incident_id bigint,
    campaign_id bigint,
    outcome text NOT NULL CHECK (outcome IN (
        'checked', 'met', 'no_answer', 'refused', 'vacant', 'tenant_changed', 'problem_found')),
    note text,
    FOREIGN KEY (party_id, community_id) REFERENCES party (id, community_id),
    FOREIGN KEY (building_id, community_id) REFERENCES building (id, community_id) ON DELETE CASCADE,
    FOREIGN KEY (merchant_id, community_id) REFERENCES merchant (id, community_id) ON DELETE CASCADE,
    FOREIGN KEY (incident_id, community_id) REFERENCES incident (id, community_id) ON DELETE CASCADE,
    FOREIGN KEY (campaign_id, community_id) REFERENCES campaign (id, community_id),
    CHECK (building_id IS NOT NULL OR merchant_id IS NOT NULL)
);
CREATE INDEX visit_building ON visit (building_id, at);
CREATE INDEX visit_community ON visit (community_id, at);
CREATE INDEX visit_party ON visit (party_id);
CREATE INDEX visit_merchant ON visit (merchant_id) WHERE merchant_id IS NOT NULL;
CREATE INDEX visit_incident ON visit (incident_id) WHERE incident_id IS NOT NULL;
CREATE INDEX visit_campaign ON visit (campaign_id) WHERE campaign_id IS NOT NULL;

CREATE TRIGGER stamp_change BEFORE UPDATE ON incident FOR EACH ROW EXECUTE FUNCTION stamp_change();

CALL watch_layer('incident', 'incidents');
