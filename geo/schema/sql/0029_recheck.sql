-- What was settled is looked at again after days: which cases, when and how many, a community may choose for itself.

CREATE TABLE recheck_setting (
    community_id bigint PRIMARY KEY REFERENCES community ON DELETE CASCADE,
    is_on boolean NOT NULL DEFAULT true,
    -- Days after closing.
    days smallint[] NOT NULL DEFAULT '{7,30,90}' CONSTRAINT recheck_days_ascend CHECK (
        array_ndims(days) = 1 AND cardinality(days) BETWEEN 1 AND 5 AND array_position(days, NULL) IS NULL
        AND days[1] >= 1 AND days[cardinality(days)] <= 365
        AND (cardinality(days) < 2 OR days[1] < days[2]) AND (cardinality(days) < 3 OR days[2] < days[3])
        AND (cardinality(days) < 4 OR days[3] < days[4]) AND (cardinality(days) < 5 OR days[4] < days[5])),
    -- What is not looked at for so many days after it was due is no longer asked for.
    lapse_days smallint NOT NULL DEFAULT 14 CHECK (lapse_days BETWEEN 1 AND 60),
    -- Of the cases for which nothing speaks, so many of a hundred are looked at all the same.
    share_percent smallint NOT NULL DEFAULT 10 CHECK (share_percent BETWEEN 0 AND 100),
    -- So many a day for one person.
    most_a_day smallint NOT NULL DEFAULT 2 CHECK (most_a_day BETWEEN 1 AND 50),
    -- None: the usual ones.
    categories text[] CHECK (cardinality(categories) <= 200)
);

ALTER TABLE recheck_setting ENABLE ROW LEVEL SECURITY;
CREATE POLICY area ON recheck_setting FOR SELECT TO wangge_app
    USING (community_id = ANY (CAST((SELECT app_communities()) AS bigint[]))
        AND (SELECT app_role()) IN ('secretary', 'grid_worker', 'leader', 'administrator'));
CREATE POLICY keepers ON recheck_setting TO wangge_app
    USING (community_id = ANY (CAST((SELECT app_communities()) AS bigint[]))
        AND (SELECT app_role()) IN ('secretary', 'administrator'));
GRANT SELECT, INSERT, UPDATE, DELETE ON recheck_setting TO wangge_app;

-- That somebody looked again, and what he found, is a step in the case's own history.
ALTER TABLE incident_event
    DROP CONSTRAINT incident_event_kind_check,
    ADD CONSTRAINT incident_event_kind_check CHECK (kind IN (
        'moved', 'extended', 'supervised', 'whistled', 'escalated', 'co_assigned', 'rework', 'reopened',
        'relapse_linked', 'noted', 'arrived', 'extension_requested', 'extension_refused', 'reopen_requested',
        'reopen_refused', 'corrected', 'called_back', 'handed_over', 'rechecked'));
-- A new database has it from the table's file.
INSERT INTO workflow_move
VALUES (
    'recheck', '{closed,rated}', NULL, 'rechecked', '{secretary,grid_worker}', '{}', '{reason}', '{stays_away,came_back}',
    '{}', NULL, false, NULL)
ON CONFLICT DO NOTHING;

CALL close_functions();
