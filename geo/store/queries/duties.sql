-- The duty matrix of a community, as it stands on a day, and what it asks of a place.

-- name: list_rules(community_id, on_day)
-- Its rules in order, and whether the parties they name are there on the day.
SELECT
    rule.id, rule.position, rule.category_code, rule.place_type, rule.lead_kind,
    rule.lead_party_id, rule.supervisor_party_id, rule.helper_party_id,
    rule.deadline_amount, rule.deadline_unit, rule.legal_basis,
    coalesce(daterange(lead.active_from, lead.active_to) @> CAST(:on_day AS date), true),
    coalesce(daterange(supervisor.active_from, supervisor.active_to) @> CAST(:on_day AS date), true),
    coalesce(daterange(helper.active_from, helper.active_to) @> CAST(:on_day AS date), true)
FROM duty_rule AS rule
LEFT JOIN party AS lead ON lead.id = rule.lead_party_id
LEFT JOIN party AS supervisor ON supervisor.id = rule.supervisor_party_id
LEFT JOIN party AS helper ON helper.id = rule.helper_party_id
WHERE rule.community_id = :community_id AND rule.position IS NOT NULL
ORDER BY rule.position;

-- name: get_rule(rule_id, on_day)^
-- One rule, though it was withdrawn.
SELECT
    rule.id, coalesce(rule.position, 0), rule.category_code, rule.place_type, rule.lead_kind,
    rule.lead_party_id, rule.supervisor_party_id, rule.helper_party_id,
    rule.deadline_amount, rule.deadline_unit, rule.legal_basis,
    coalesce(daterange(lead.active_from, lead.active_to) @> CAST(:on_day AS date), true),
    coalesce(daterange(supervisor.active_from, supervisor.active_to) @> CAST(:on_day AS date), true),
    coalesce(daterange(helper.active_from, helper.active_to) @> CAST(:on_day AS date), true)
FROM duty_rule AS rule
LEFT JOIN party AS lead ON lead.id = rule.lead_party_id
LEFT JOIN party AS supervisor ON supervisor.id = rule.supervisor_party_id
LEFT JOIN party AS helper ON helper.id = rule.helper_party_id
WHERE rule.id = :rule_id;

-- name: list_rule_parties(community_id, on_day)
-- Those whom a rule may name, and those whom one names still; whether they are there on the day.
SELECT p.id, p.name, daterange(p.active_from, p.active_to) @> CAST(:on_day AS date)
FROM party AS p
WHERE p.community_id = :community_id
    AND (
        daterange(p.active_from, p.active_to) @> CAST(:on_day AS date)
        AND p.kind IN ('staff', 'property_company', 'department', 'residents_committee', 'social_organisation', 'party_branch')
        OR EXISTS (
            SELECT FROM duty_rule AS rule
            WHERE rule.community_id = :community_id AND rule.position IS NOT NULL
                AND p.id IN (rule.lead_party_id, rule.supervisor_party_id, rule.helper_party_id)))
ORDER BY array_position(
    ARRAY['residents_committee', 'department', 'property_company', 'staff', 'party_branch'], p.kind), p.code;

-- name: lock_rules(community_id)$
-- One who changes the rules of a community after the other.
SELECT 1 FROM pg_advisory_xact_lock(hashtextextended('duty_rule', :community_id));

-- name: insert_rule(community_id, category_code, place_type, lead_kind, lead_party_id, supervisor_party_id, helper_party_id, deadline_amount, deadline_unit, legal_basis)$
-- At the end.
INSERT INTO duty_rule (
    community_id, position, category_code, place_type, lead_kind, lead_party_id, supervisor_party_id, helper_party_id,
    deadline_amount, deadline_unit, legal_basis)
VALUES (
    :community_id,
    (SELECT coalesce(max(last.position), 0) + 10 FROM duty_rule AS last WHERE last.community_id = :community_id),
    :category_code, :place_type, :lead_kind, :lead_party_id, :supervisor_party_id, :helper_party_id,
    :deadline_amount, :deadline_unit, :legal_basis)
RETURNING id;

-- name: update_rule(rule_id, category_code, place_type, lead_kind, lead_party_id, supervisor_party_id, helper_party_id, deadline_amount, deadline_unit, legal_basis)!
UPDATE duty_rule
SET category_code = :category_code, place_type = :place_type, lead_kind = :lead_kind, lead_party_id = :lead_party_id,
    supervisor_party_id = :supervisor_party_id, helper_party_id = :helper_party_id,
    deadline_amount = :deadline_amount, deadline_unit = :deadline_unit, legal_basis = :legal_basis
WHERE id = :rule_id;

-- name: order_rules(rule_ids)!
-- With room for rules in between.
UPDATE duty_rule AS rule
SET position = 10 * wanted.nth
FROM unnest(CAST(:rule_ids AS bigint[])) WITH ORDINALITY AS wanted (id, nth)
WHERE rule.id = wanted.id AND rule.position <> 10 * wanted.nth;

-- name: withdraw_rule(rule_id)!
UPDATE duty_rule SET position = NULL WHERE id = :rule_id;

-- name: record_change(action, community_id, object_type, object_id, details)$
SELECT 1 FROM record_audit(:action, :community_id, :object_type, CAST(:object_id AS bigint), NULL, 1, CAST(:details AS jsonb));

-- name: find_fallback(community_id, on_day)^
-- Who takes what no rule gives to anybody: the residents' committee, else the secretary.
SELECT p.id, CASE p.kind WHEN 'residents_committee' THEN 'residents_committee' ELSE 'secretary' END
FROM party AS p
WHERE p.community_id = :community_id AND daterange(p.active_from, p.active_to) @> CAST(:on_day AS date)
    AND (p.kind = 'residents_committee' OR EXISTS (
        SELECT FROM post WHERE post.party_id = p.id AND post.title = 'secretary'
            AND daterange(post.valid_from, post.valid_to) @> CAST(:on_day AS date)))
ORDER BY p.kind <> 'residents_committee', p.active_from, p.id
LIMIT 1;

-- name: get_place_facts(community_id, on_day, merchant_id, compound_id, building_id, longitude, latitude)^
-- What is known of a place: the compound is the one named, else the one its building is in.
SELECT
    CAST(:merchant_id AS bigint) IS NOT NULL,
    c.id IS NOT NULL,
    coalesce(c.is_three_no, false),
    company.id,
    b.kind,
    EXISTS (
        SELECT FROM building_grid AS lies
        WHERE lies.building_id = :building_id AND lies.kind = 'exclusive'
    ) OR EXISTS (
        SELECT FROM grid AS g
        WHERE g.community_id = :community_id AND g.kind = 'exclusive' AND g.period @> CAST(:on_day AS date)
            AND ST_Intersects(g.geom, ST_SetSRID(ST_MakePoint(:longitude, :latitude), 4490))
    )
FROM (VALUES (1)) AS one
LEFT JOIN building AS b ON b.id = :building_id AND b.community_id = :community_id
LEFT JOIN compound AS c ON c.id = coalesce(:compound_id, b.compound_id) AND c.community_id = :community_id
LEFT JOIN party AS company ON company.id = c.property_company_id
    AND daterange(company.active_from, company.active_to) @> CAST(:on_day AS date);

-- name: list_parents()
-- Every category with the one above it.
SELECT code, parent_code FROM category ORDER BY parent_code, code;
