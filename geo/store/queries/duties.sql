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
WHERE rule.community_id = :community_id
ORDER BY rule.position;

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
