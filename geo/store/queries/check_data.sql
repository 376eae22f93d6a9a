-- What `wangge check data` asks: do the rows agree with each other and with the map?
-- Each query is named for its check and answers with
-- community, place, code, name, longitude, latitude, area_m2, value, details.
-- Areas and distances are geodesic; what `value` counts is said at each query.

-- name: merchants_without_building(community_ids)
-- How many merchants of a community nobody has linked to a building.
SELECT c.code, 'community', c.code, c.name, ST_X(at.point), ST_Y(at.point), NULL, loose.merchants,
    jsonb_build_object('of', loose.of, 'unplaced', loose.unplaced, 'examples', loose.examples)
FROM community AS c
CROSS JOIN LATERAL (SELECT ST_Centroid(ST_Envelope(c.geom)) AS point) AS at
CROSS JOIN LATERAL (
    SELECT count(*) AS of,
        count(*) FILTER (WHERE m.building_id IS NULL) AS merchants,
        count(*) FILTER (WHERE m.building_id IS NULL AND m.geom IS NULL) AS unplaced,
        (array_agg(m.code ORDER BY m.geom IS NOT NULL, m.code) FILTER (WHERE m.building_id IS NULL))[1 : 5] AS examples
    FROM merchant AS m WHERE m.community_id = c.id
) AS loose
WHERE c.id = ANY(:community_ids) AND loose.merchants > 0
ORDER BY c.code;

-- name: merchant_outside(community_ids)
-- Merchants outside their community; the value is how far in metres.
SELECT c.code, 'merchant', m.code, m.name, ST_X(m.geom), ST_Y(m.geom), NULL,
    ST_Distance(CAST(m.geom AS geography), CAST(c.geom AS geography)), jsonb_build_object()
FROM community AS c
CROSS JOIN LATERAL (
    SELECT * FROM merchant WHERE merchant.community_id = c.id AND NOT ST_Intersects(c.geom, merchant.geom) OFFSET 0
) AS m
WHERE c.id = ANY(:community_ids) AND is_sound(c.geom)
ORDER BY c.code, m.code;

-- name: incidents_unplaced(community_ids, day_end)
-- How many incidents of a community have no place on the map.
SELECT c.code, 'community', c.code, c.name, ST_X(at.point), ST_Y(at.point), NULL, lost.incidents,
    jsonb_build_object('of', lost.of)
FROM community AS c
CROSS JOIN LATERAL (SELECT ST_Centroid(ST_Envelope(c.geom)) AS point) AS at
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE i.geom IS NULL) AS incidents, count(*) AS of
    FROM incident AS i WHERE i.community_id = c.id AND i.reported_at < :day_end
) AS lost
WHERE c.id = ANY(:community_ids) AND lost.incidents > 0
ORDER BY c.code;

-- name: incidents_outside(community_ids, day_end)
-- How many incidents of a community lie outside it; the anchor is the farthest one.
SELECT c.code, 'community', c.code, c.name, ST_X(stray.farthest), ST_Y(stray.farthest), NULL, stray.incidents,
    jsonb_build_object(
        'distance_m', round(ST_Distance(CAST(stray.farthest AS geography), CAST(c.geom AS geography))),
        'examples', stray.examples)
FROM community AS c
CROSS JOIN LATERAL (
    SELECT count(*) AS incidents,
        (array_agg(outside.geom ORDER BY outside.geom <-> c.geom DESC, outside.id))[1] AS farthest,
        (array_agg(coalesce(outside.external_id, CAST(outside.id AS text)) ORDER BY outside.id))[1 : 5] AS examples
    FROM (
        SELECT i.id, i.external_id, i.geom FROM incident AS i
        WHERE i.community_id = c.id AND i.reported_at < :day_end AND NOT ST_Intersects(c.geom, i.geom)
        OFFSET 0
    ) AS outside
) AS stray
WHERE c.id = ANY(:community_ids) AND is_sound(c.geom) AND stray.incidents > 0
ORDER BY c.code;

-- name: building_outside(community_ids)
-- Buildings whose anchor is outside their community; the value is how far in metres.
SELECT c.code, 'building', b.code, b.name, ST_X(b.anchor), ST_Y(b.anchor), NULL,
    ST_Distance(CAST(b.anchor AS geography), CAST(c.geom AS geography)), jsonb_build_object()
FROM community AS c
CROSS JOIN LATERAL (
    SELECT * FROM building WHERE building.community_id = c.id AND NOT ST_Intersects(c.geom, building.anchor) OFFSET 0
) AS b
WHERE c.id = ANY(:community_ids) AND is_sound(c.geom)
ORDER BY c.code, b.code;

-- name: building_outside_compound(community_ids)
-- Buildings whose anchor is outside the compound they belong to; the value is how far in metres.
SELECT c.code, 'building', b.code, b.name, ST_X(b.anchor), ST_Y(b.anchor), NULL,
    ST_Distance(CAST(b.anchor AS geography), CAST(compound.geom AS geography)),
    jsonb_build_object('compound', compound.name)
FROM compound
JOIN community AS c ON c.id = compound.community_id
CROSS JOIN LATERAL (
    SELECT * FROM building
    WHERE building.compound_id = compound.id AND NOT ST_Intersects(compound.geom, building.anchor)
    OFFSET 0
) AS b
WHERE compound.community_id = ANY(:community_ids) AND is_sound(compound.geom)
ORDER BY c.code, b.code;

-- name: building_without_households(community_ids)
-- Buildings to live in without a household.
SELECT c.code, 'building', b.code, b.name, ST_X(b.anchor), ST_Y(b.anchor), NULL, b.residents,
    jsonb_build_object('compound', compound.name)
FROM building AS b
JOIN community AS c ON c.id = b.community_id
LEFT JOIN compound ON compound.id = b.compound_id
WHERE b.community_id = ANY(:community_ids) AND b.kind IN ('residential', 'mixed') AND b.households = 0
ORDER BY c.code, b.code;

-- name: member_totals(community_ids, on_day)
-- Communities where party members counted by person differ from members counted by branch; the value is the
-- difference. A person of any kind whom a branch counts is on the roster; who has left is not.
WITH roster AS (
    SELECT p.id, p.community_id, daterange(p.active_from, p.active_to) @> CAST(:on_day AS date) AS is_active,
        p.kind = 'party_member' AS is_member, count(m.id) AS branches
    FROM party AS p
    LEFT JOIN (
        membership AS m
        JOIN party AS branch ON branch.id = m.organisation_id AND branch.kind = 'party_branch'
    ) ON m.member_id = p.id AND daterange(m.valid_from, m.valid_to) @> CAST(:on_day AS date)
    WHERE p.community_id = ANY(:community_ids)
    GROUP BY p.id
)
SELECT c.code, 'community', c.code, c.name, ST_X(at.point), ST_Y(at.point), NULL, total.counted - total.persons,
    jsonb_build_object('persons', total.persons, 'counted', total.counted, 'in_none', total.in_none,
        'in_several', total.in_several, 'gone', total.gone)
FROM (
    SELECT community_id,
        count(*) FILTER (WHERE is_active AND (is_member OR branches > 0)) AS persons,
        sum(branches) AS counted,
        count(*) FILTER (WHERE is_active AND is_member AND branches = 0) AS in_none,
        count(*) FILTER (WHERE is_active AND branches > 1) AS in_several,
        count(*) FILTER (WHERE NOT is_active AND branches > 0) AS gone
    FROM roster GROUP BY community_id
) AS total
JOIN community AS c ON c.id = total.community_id
CROSS JOIN LATERAL (SELECT ST_Centroid(ST_Envelope(c.geom)) AS point) AS at
WHERE total.in_none + total.in_several + total.gone > 0
    -- Nobody has entered the branches yet: there is no second total to differ from.
    AND total.counted > 0
ORDER BY c.code;

-- name: duplicate_name(community_ids, on_day)
-- Names that two places would answer to: compounds and grids of a kind in a community, buildings in a compound or
-- with the same address, merchants at one address of a building, organisations of a kind. Spaces, width and case do
-- not tell apart.
WITH named AS (
    SELECT community_id, 'compound' AS place, '' AS within, code, name, ST_PointOnSurface(geom) AS point FROM compound
    UNION ALL
    SELECT community_id, 'grid', kind, code, name, ST_PointOnSurface(geom) FROM grid
    WHERE period @> CAST(:on_day AS date)
    UNION ALL
    SELECT community_id, 'building', coalesce(CAST(compound_id AS text), 'at ' || coalesce(address, '')), code, name,
        anchor
    FROM building
    UNION ALL
    SELECT community_id, 'merchant', concat_ws(' ', building_id, address), code, name, geom FROM merchant
    WHERE num_nonnulls(building_id, address) > 0
    UNION ALL
    SELECT community_id, 'party', kind, code, name, NULL FROM party
    WHERE kind NOT IN ('staff', 'party_member', 'volunteer')
        AND daterange(active_from, active_to) @> CAST(:on_day AS date)
)
SELECT c.code, same.place, same.codes[1], same.name, ST_X(same.point), ST_Y(same.point), NULL,
    cardinality(same.codes), jsonb_build_object('others', same.codes[2 : ])
FROM (
    SELECT community_id, place, array_agg(code ORDER BY code) AS codes, (array_agg(name ORDER BY code))[1] AS name,
        (array_agg(point ORDER BY code))[1] AS point
    FROM named
    WHERE community_id = ANY(:community_ids)
    GROUP BY community_id, place, within, lower(regexp_replace(normalize(name, NFKC), '\s', '', 'g'))
    HAVING count(*) > 1
) AS same
JOIN community AS c ON c.id = same.community_id
ORDER BY c.code, same.place, same.codes[1];

-- name: zone_lead_gone(community_ids, on_day)
-- Leads of zones in force whose party has left, or whose post as grid worker has ended without a new one.
SELECT c.code, 'party', p.code, p.name, NULL, NULL, NULL, NULL,
    jsonb_build_object('zone', z.code, 'zone_name', z.name, 'ended', gone.on_day)
FROM zone_plan AS plan
JOIN community AS c ON c.id = plan.community_id
JOIN zone AS z ON z.plan_id = plan.id
JOIN zone_party AS lead ON lead.zone_id = z.id AND lead.role = 'lead'
    AND daterange(lead.valid_from, lead.valid_to) @> CAST(:on_day AS date)
JOIN party AS p ON p.id = lead.party_id
CROSS JOIN LATERAL (
    SELECT least(p.active_to, (
        SELECT max(ended.valid_to) FROM post AS ended
        WHERE ended.party_id = p.id AND plan.kind = 'grid_worker' AND ended.title IN ('grid_worker', 'grid_lead')
        -- An open end, or one still to come, means that a post is held.
        HAVING bool_and(coalesce(ended.valid_to <= CAST(:on_day AS date), false))
    )) AS on_day
) AS gone
WHERE plan.community_id = ANY(:community_ids) AND plan.state <> 'draft'
    AND daterange(plan.valid_from, plan.valid_to) @> CAST(:on_day AS date)
    AND gone.on_day <= CAST(:on_day AS date)
ORDER BY c.code, p.code, z.code;

-- name: organisation_lead_gone(community_ids, on_day)
-- Leads of organisations at work who have left.
SELECT c.code, 'party', p.code, p.name, NULL, NULL, NULL, NULL,
    jsonb_build_object('organisation', o.name, 'ended', p.active_to)
FROM membership AS m
JOIN party AS p ON p.id = m.member_id AND p.active_to <= CAST(:on_day AS date)
JOIN party AS o ON o.id = m.organisation_id AND daterange(o.active_from, o.active_to) @> CAST(:on_day AS date)
JOIN community AS c ON c.id = m.community_id
WHERE m.community_id = ANY(:community_ids) AND m.role = 'lead'
    AND daterange(m.valid_from, m.valid_to) @> CAST(:on_day AS date)
ORDER BY c.code, p.code, o.code;

-- name: other_share(community_ids, month_start, day_end, least_month_incidents, most_other_share)
-- Months from month_start to the day in which too many incidents are filed as "other"; the value is their share.
SELECT c.code, 'community', c.code, c.name, ST_X(at.point), ST_Y(at.point), NULL,
    round(CAST(filed.other AS numeric) / filed.of, 3),
    jsonb_build_object('month', filed.month, 'other', filed.other, 'of', filed.of)
FROM community AS c
CROSS JOIN LATERAL (SELECT ST_Centroid(ST_Envelope(c.geom)) AS point) AS at
CROSS JOIN LATERAL (
    SELECT to_char(i.reported_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM') AS month,
        count(*) FILTER (WHERE i.category_code = 'E1299') AS other, count(*) AS of
    FROM incident AS i
    WHERE i.community_id = c.id AND i.reported_at >= :month_start AND i.reported_at < :day_end
    GROUP BY 1
) AS filed
WHERE c.id = ANY(:community_ids) AND filed.of >= :least_month_incidents
    AND filed.other > :most_other_share * filed.of
ORDER BY c.code, filed.month;

-- name: duty_rule_without_lead(community_ids, on_day)
-- Duty rules whose lead has left, so that they route nothing any more; the value is the rule's position.
SELECT c.code, 'party', p.code, p.name, NULL, NULL, NULL, rule.position,
    jsonb_build_object('category', rule.category_code, 'place_type', rule.place_type, 'ended', p.active_to)
FROM duty_rule AS rule
JOIN community AS c ON c.id = rule.community_id
JOIN party AS p ON p.id = rule.lead_party_id AND p.active_to <= CAST(:on_day AS date)
WHERE rule.community_id = ANY(:community_ids) AND rule.position IS NOT NULL
ORDER BY c.code, rule.position;

-- name: duty_rule_without_helper(community_ids, on_day)
-- Duty rules whose supervisor or helper has left; the value is the rule's position.
SELECT c.code, 'party', p.code, p.name, NULL, NULL, NULL, rule.position,
    jsonb_build_object('role', named.role, 'ended', p.active_to)
FROM duty_rule AS rule
JOIN community AS c ON c.id = rule.community_id
CROSS JOIN LATERAL (
    VALUES ('supervisor', rule.supervisor_party_id), ('helper', rule.helper_party_id)
) AS named (role, party_id)
JOIN party AS p ON p.id = named.party_id AND p.active_to <= CAST(:on_day AS date)
WHERE rule.community_id = ANY(:community_ids) AND rule.position IS NOT NULL
ORDER BY c.code, rule.position, named.role;

-- name: duty_fallback_missing(community_ids, on_day)
-- Communities where nobody would take a case for which there is no duty rule.
SELECT c.code, 'community', c.code, c.name, ST_X(at.point), ST_Y(at.point), NULL, NULL, jsonb_build_object()
FROM community AS c
CROSS JOIN LATERAL (SELECT ST_Centroid(ST_Envelope(c.geom)) AS point) AS at
WHERE c.id = ANY(:community_ids) AND NOT EXISTS (
    SELECT FROM party AS p
    WHERE p.community_id = c.id AND daterange(p.active_from, p.active_to) @> CAST(:on_day AS date)
        AND (p.kind = 'residents_committee' OR EXISTS (
            SELECT FROM post WHERE post.party_id = p.id AND post.title = 'secretary'
                AND daterange(post.valid_from, post.valid_to) @> CAST(:on_day AS date))))
ORDER BY c.code;

-- name: property_company_gone(community_ids, on_day)
-- Compounds whose property company has left.
SELECT c.code, 'compound', compound.code, compound.name, ST_X(at.point), ST_Y(at.point), NULL, NULL,
    jsonb_build_object('company', company.name, 'ended', company.active_to)
FROM compound
JOIN community AS c ON c.id = compound.community_id
JOIN party AS company ON company.id = compound.property_company_id
    AND company.active_to <= CAST(:on_day AS date)
CROSS JOIN LATERAL (SELECT ST_PointOnSurface(compound.geom) AS point) AS at
WHERE compound.community_id = ANY(:community_ids)
ORDER BY c.code, compound.code;
