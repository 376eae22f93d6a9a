-- A community's own working time and its own clocks; and duty rules whose lead is whoever manages the compound.

-- When people are at work on a working day. Without a row: 08:30 to 12:00 and 14:30 to 18:00.
CREATE TABLE community_calendar (
    community_id bigint NOT NULL REFERENCES community ON DELETE CASCADE,
    opens time NOT NULL,
    closes time NOT NULL,
    PRIMARY KEY (community_id, opens),
    CONSTRAINT community_calendar_hours_in_order CHECK (closes > opens),
    CONSTRAINT community_calendar_whole_minutes CHECK (extract(second FROM opens) = 0 AND extract(second FROM closes) = 0),
    CONSTRAINT community_calendar_hours_apart EXCLUDE USING gist (
        community_id WITH =, numrange(extract(epoch FROM opens), extract(epoch FROM closes)) WITH &&)
);

-- Days a community works or rests against the yearly notice, or before that is known (调休).
CREATE TABLE calendar_day (
    community_id bigint NOT NULL REFERENCES community ON DELETE CASCADE,
    day date NOT NULL,
    is_workday boolean NOT NULL,
    note text,
    PRIMARY KEY (community_id, day)
);

-- A community's own times for a category; what is NULL stays as the category has it.
CREATE TABLE community_category (
    community_id bigint NOT NULL REFERENCES community ON DELETE CASCADE,
    category_code text NOT NULL REFERENCES category,
    response_amount numeric CHECK (response_amount > 0),
    response_unit text CHECK (response_unit IN ('working_hour', 'working_day', 'hour', 'day')),
    deadline_amount numeric CHECK (deadline_amount > 0),
    deadline_unit text CHECK (deadline_unit IN ('working_hour', 'working_day', 'hour', 'day')),
    PRIMARY KEY (community_id, category_code),
    CHECK ((response_amount IS NULL) = (response_unit IS NULL)),
    CHECK ((deadline_amount IS NULL) = (deadline_unit IS NULL)),
    CONSTRAINT community_category_sets_something CHECK (num_nonnulls(response_amount, deadline_amount) > 0)
);

-- The property companies of a community are many: a rule for managed compounds means the one of the compound.
ALTER TABLE duty_rule
    ALTER COLUMN lead_party_id DROP NOT NULL,
    ADD COLUMN lead_kind text NOT NULL DEFAULT 'party' CHECK (lead_kind IN ('party', 'compound_property_company')),
    ADD CONSTRAINT duty_rule_lead_told_once CHECK ((lead_kind = 'party') = (lead_party_id IS NOT NULL));

DO $$
DECLARE
    restricted text;
BEGIN
    FOREACH restricted IN ARRAY ARRAY['community_calendar', 'calendar_day', 'community_category']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', restricted);
        EXECUTE format(
            'CREATE POLICY area ON %I FOR SELECT TO wangge_app '
            'USING (community_id = ANY (CAST((SELECT app_communities()) AS bigint[])))', restricted);
        EXECUTE format(
            'CREATE POLICY keepers ON %I TO wangge_app '
            'USING (community_id = ANY (CAST((SELECT app_communities()) AS bigint[])) '
            'AND (SELECT app_role()) IN (''secretary'', ''administrator''))', restricted);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO wangge_app', restricted);
    END LOOP;
END $$;
