-- Cases go on as an absence begins and come back as it ends, without anybody's click; and by which number residents
-- complain about whoever answers for a zone.

-- To whom open cases come back that went on because somebody was away: those of one case in the order in which it went
-- on, for whoever stands in may fall ill too.
CREATE TABLE absence_case (
    incident_id bigint NOT NULL,
    position integer NOT NULL CHECK (position >= 1),
    community_id bigint NOT NULL,
    party_id bigint NOT NULL,
    -- Of the case as it went on last. Where the case has another by now somebody has worked on it, and it stays.
    version integer NOT NULL,
    PRIMARY KEY (incident_id, position),
    FOREIGN KEY (incident_id, community_id) REFERENCES incident (id, community_id) ON DELETE CASCADE,
    FOREIGN KEY (party_id, community_id) REFERENCES party (id, community_id) ON DELETE CASCADE
);
CREATE INDEX absence_case_community ON absence_case (community_id);
CREATE INDEX absence_case_party ON absence_case (party_id);

ALTER TABLE absence_case ENABLE ROW LEVEL SECURITY;
CREATE POLICY secretary ON absence_case TO wangge_app
    USING (community_id = ANY (CAST((SELECT app_communities()) AS bigint[])) AND (SELECT app_role()) = 'secretary');
CREATE POLICY leader ON absence_case FOR SELECT TO wangge_app
    USING (community_id = ANY (CAST((SELECT app_communities()) AS bigint[])) AND (SELECT app_role()) = 'leader');
GRANT SELECT, INSERT, UPDATE, DELETE ON absence_case TO wangge_app;

-- Why a case went on is said where it went by itself.
UPDATE workflow_move SET reasons = '{holder_away,holder_back}' WHERE name = 'hand_over';

-- The public card of a zone names it.
ALTER TABLE community ADD COLUMN supervision_phone text NOT NULL DEFAULT '12345'
    CONSTRAINT supervision_phone_is_a_number CHECK (supervision_phone ~ '^[0-9][0-9 -]{2,19}$');
CREATE POLICY keepers ON community FOR UPDATE TO wangge_app
    USING (
        id = ANY (CAST((SELECT app_communities()) AS bigint[]))
        AND (SELECT app_role()) IN ('secretary', 'administrator'));
GRANT UPDATE (supervision_phone) ON community TO wangge_app;
-- The application may not write down itself what has changed on the map.
ALTER FUNCTION touch_community() SECURITY DEFINER SET search_path = public, pg_temp;

ALTER TABLE audit_log
    DROP CONSTRAINT audit_log_action_check,
    ADD CONSTRAINT audit_log_action_check CHECK (action IN (
        'sign_in', 'sign_in_failed', 'locked', 'sign_out', 'password_changed', 'account_changed', 'unmask', 'unseal',
        'export', 'import', 'move', 'duty_changed', 'calendar_changed', 'workload_changed', 'plan_published',
        'plan_discarded', 'absence_changed', 'service_ended', 'community_changed'));

CALL close_functions();
