-- What a building asks of whoever holds it: the chat groups he keeps, and what a community counts as how much work.

-- Groups of residents, of a building or of a compound; not a word of what is said in them.
CREATE TABLE chat_group (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    community_id bigint NOT NULL REFERENCES community ON DELETE CASCADE,
    code text NOT NULL CHECK (code <> ''),
    name text NOT NULL CHECK (name <> ''),
    compound_id bigint,
    building_id bigint,
    members integer NOT NULL DEFAULT 0 CHECK (members >= 0),
    UNIQUE (community_id, code),
    FOREIGN KEY (compound_id, community_id) REFERENCES compound (id, community_id) ON DELETE CASCADE,
    FOREIGN KEY (building_id, community_id) REFERENCES building (id, community_id) ON DELETE CASCADE,
    CONSTRAINT chat_group_of_one_place CHECK (num_nonnulls(compound_id, building_id) = 1)
);
CREATE INDEX chat_group_compound ON chat_group (compound_id) WHERE compound_id IS NOT NULL;
CREATE INDEX chat_group_building ON chat_group (building_id) WHERE building_id IS NOT NULL;

-- What a community counts otherwise than usual; without a row the usual weight holds.
CREATE TABLE workload_weight (
    community_id bigint NOT NULL REFERENCES community ON DELETE CASCADE,
    item text NOT NULL CHECK (item IN (
        'household', 'resident', 'incident', 'merchant', 'three_no_household', 'elderly_resident', 'chat_group',
        'elderly_share')),
    weight double precision NOT NULL CHECK (weight BETWEEN 0 AND 1000),
    PRIMARY KEY (community_id, item)
);
CREATE TABLE category_weight (
    community_id bigint NOT NULL REFERENCES community ON DELETE CASCADE,
    category_code text NOT NULL REFERENCES category,
    weight double precision NOT NULL CHECK (weight BETWEEN 0 AND 1000),
    PRIMARY KEY (community_id, category_code)
);

DO $$
DECLARE
    restricted text;
BEGIN
    FOREACH restricted IN ARRAY ARRAY['chat_group', 'workload_weight', 'category_weight']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', restricted);
        EXECUTE format(
            'CREATE POLICY area ON %I FOR SELECT TO wangge_app '
            'USING (community_id = ANY (CAST((SELECT app_communities()) AS bigint[])) '
            'AND (SELECT app_role()) IN (''secretary'', ''grid_worker'', ''leader'', ''administrator''))', restricted);
        EXECUTE format(
            'CREATE POLICY keepers ON %I TO wangge_app '
            'USING (community_id = ANY (CAST((SELECT app_communities()) AS bigint[])) '
            'AND (SELECT app_role()) IN (''secretary'', ''administrator''))', restricted);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO wangge_app', restricted);
        EXECUTE format('CALL watch_layer(%L, ''zones'')', restricted);
    END LOOP;
END $$;

ALTER TABLE audit_log
    DROP CONSTRAINT audit_log_action_check,
    ADD CONSTRAINT audit_log_action_check CHECK (action IN (
        'sign_in', 'sign_in_failed', 'locked', 'sign_out', 'password_changed', 'account_changed', 'unmask', 'unseal',
        'export', 'import', 'move', 'duty_changed', 'calendar_changed', 'workload_changed'));
