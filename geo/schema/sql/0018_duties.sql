-- Who keeps the duty matrix: the secretary and the administrator, each in his communities.

-- A rule that was withdrawn has no position: it gives no case to anybody any more, and those it gave still name it. The
-- order is written anew in one statement, in the midst of which two rules may stand in the same place.
ALTER TABLE duty_rule
    ALTER COLUMN position DROP NOT NULL,
    DROP CONSTRAINT duty_rule_community_id_position_key,
    ADD CONSTRAINT duty_rule_position UNIQUE (community_id, position) DEFERRABLE;

CREATE POLICY keepers_add ON duty_rule FOR INSERT TO wangge_app
    WITH CHECK (community_id = ANY (CAST((SELECT app_communities()) AS bigint[]))
        AND (SELECT app_role()) IN ('secretary', 'administrator'));
-- What was withdrawn stays as it was.
CREATE POLICY keepers_change ON duty_rule FOR UPDATE TO wangge_app
    USING (community_id = ANY (CAST((SELECT app_communities()) AS bigint[]))
        AND (SELECT app_role()) IN ('secretary', 'administrator') AND position IS NOT NULL)
    WITH CHECK (community_id = ANY (CAST((SELECT app_communities()) AS bigint[]))
        AND (SELECT app_role()) IN ('secretary', 'administrator'));
GRANT
    INSERT (
        community_id, position, category_code, place_type, lead_kind, lead_party_id, supervisor_party_id, helper_party_id,
        deadline_amount, deadline_unit, legal_basis),
    UPDATE (
        position, category_code, place_type, lead_kind, lead_party_id, supervisor_party_id, helper_party_id,
        deadline_amount, deadline_unit, legal_basis)
    ON duty_rule TO wangge_app;

ALTER TABLE audit_log
    DROP CONSTRAINT audit_log_action_check,
    ADD CONSTRAINT audit_log_action_check CHECK (action IN (
        'sign_in', 'sign_in_failed', 'locked', 'sign_out', 'password_changed', 'account_changed', 'unmask', 'unseal',
        'export', 'import', 'move', 'duty_changed', 'calendar_changed'));
