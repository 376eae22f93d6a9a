-- Responsibility: who holds which building, and who owes which kind of work.

CREATE TABLE zone_plan (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    community_id bigint NOT NULL REFERENCES community ON DELETE CASCADE,
    kind text NOT NULL CHECK (kind IN ('grid_worker', 'party_branch', 'volunteer', 'property', 'inspection')),
    name text NOT NULL CHECK (name <> ''),
    state text NOT NULL DEFAULT 'draft' CHECK (state IN ('draft', 'published', 'superseded')),
    valid_from date,
    valid_to date,
    UNIQUE (id, community_id),
    CONSTRAINT zone_plan_dates_in_order CHECK (valid_to > valid_from),
    CHECK (state = 'draft' OR valid_from IS NOT NULL),
    CHECK (state <> 'superseded' OR valid_to IS NOT NULL),
    CONSTRAINT one_plan_in_force EXCLUDE USING gist (
        community_id WITH =, kind WITH =, daterange(valid_from, valid_to) WITH &&) WHERE (state <> 'draft')
);

CREATE TABLE zone (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    community_id bigint NOT NULL,
    plan_id bigint NOT NULL,
    code text NOT NULL CHECK (code <> ''),
    name text NOT NULL CHECK (name <> ''),
    colour text CHECK (colour ~ '^#[0-9A-F]{6}$'),
    UNIQUE (plan_id, code),
    UNIQUE (id, plan_id, community_id),
    FOREIGN KEY (plan_id, community_id) REFERENCES zone_plan (id, community_id) ON DELETE CASCADE
);

CREATE TABLE zone_party (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    community_id bigint NOT NULL,
    plan_id bigint NOT NULL,
    zone_id bigint NOT NULL,
    party_id bigint NOT NULL,
    role text NOT NULL CHECK (role IN ('lead', 'backup')),
    valid_from date NOT NULL,
    valid_to date,
    FOREIGN KEY (zone_id, plan_id, community_id) REFERENCES zone (id, plan_id, community_id) ON DELETE CASCADE,
    -- Judged at commit, for a community goes with all its parties and zones at once.
    FOREIGN KEY (party_id, community_id) REFERENCES party (id, community_id) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT zone_party_dates_in_order CHECK (valid_to > valid_from),
    CONSTRAINT one_lead_at_a_time EXCLUDE USING gist (
        zone_id WITH =, daterange(valid_from, valid_to) WITH &&) WHERE (role = 'lead')
);

-- Buildings are the atoms: in one plan a building is in one zone or in none.
CREATE TABLE zone_unit (
    plan_id bigint NOT NULL,
    building_id bigint NOT NULL,
    zone_id bigint NOT NULL,
    community_id bigint NOT NULL,
    PRIMARY KEY (plan_id, building_id),
    FOREIGN KEY (zone_id, plan_id, community_id) REFERENCES zone (id, plan_id, community_id) ON DELETE CASCADE,
    FOREIGN KEY (building_id, community_id) REFERENCES building (id, community_id) ON DELETE CASCADE
);
CREATE INDEX zone_unit_zone ON zone_unit (zone_id);
CREATE INDEX zone_unit_building ON zone_unit (building_id);

-- Who held a building on a day, by the plan in force and the lead in office on that day.
CREATE FUNCTION building_holder(on_day date)
    RETURNS TABLE (building_id bigint, community_id bigint, kind text, zone_id bigint, party_id bigint)
    LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
        SELECT unit.building_id, unit.community_id, plan.kind, unit.zone_id, lead.party_id
        FROM zone_plan AS plan
        JOIN zone_unit AS unit ON unit.plan_id = plan.id
        JOIN zone_party AS lead ON lead.zone_id = unit.zone_id AND lead.role = 'lead'
            AND daterange(lead.valid_from, lead.valid_to) @> on_day
        JOIN party AS holder ON holder.id = lead.party_id
            AND daterange(holder.active_from, holder.active_to) @> on_day
        WHERE plan.state <> 'draft' AND daterange(plan.valid_from, plan.valid_to) @> on_day;
    END;

CALL watch_layer('zone_plan', 'zones');
CALL watch_layer('zone', 'zones');
CALL watch_layer('zone_party', 'zones');
CALL watch_layer('zone_unit', 'zones');
