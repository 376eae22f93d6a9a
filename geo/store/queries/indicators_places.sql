-- What the figures of coverage are counted from: how the places stood on the last day of each period, today in one that is
-- not over. As in indicators.sql each query gives numerators and denominators by number of the period and key of the level.
-- The day is that of ends_at, less a moment, or of due_until where that is earlier: from its first moment on it is today.
-- A place counts once, whatever lies over it; who is away or gone is nobody; what was looked at too long ago was not.

-- name: measure_areas(community_id, level, ends, dues_until)
-- Square metres on the ellipsoid. Grids may reach over the border and over each other: land counts once, and only inside.
-- Grids seldom change, so that the same ones in force are laid over the land once for all periods.
WITH asked AS MATERIALIZED (
    SELECT p.number, ARRAY(
        SELECT g.id FROM grid AS g
        WHERE g.community_id = :community_id AND g.kind IN ('community', 'exclusive') AND g.period @> d.on_day
            AND is_sound(g.geom)
        ORDER BY g.id) AS grid_ids
    FROM unnest(CAST(:ends AS timestamptz[]), CAST(:dues_until AS timestamptz[]))
        WITH ORDINALITY AS p (ends_at, until, number)
    CROSS JOIN LATERAL (
        SELECT least(
            CAST(p.until AT TIME ZONE 'Asia/Shanghai' AS date),
            CAST((p.ends_at - interval '1 microsecond') AT TIME ZONE 'Asia/Shanghai' AS date)) AS on_day) AS d
    WHERE CAST(:level AS text) = 'community'
), measured AS MATERIALIZED (
    SELECT once.grid_ids, c.geom, ST_Intersection(c.geom, (
        SELECT ST_Union(g.geom) FROM grid AS g WHERE g.id = ANY (once.grid_ids))) AS covered
    FROM (SELECT DISTINCT grid_ids FROM asked) AS once
    JOIN community AS c ON c.id = :community_id
)
SELECT
    a.number, '' AS key,
    coalesce(ST_Area(CAST(m.covered AS geography)), 0) AS grid_coverage_area_numerator,
    ST_Area(CAST(m.geom AS geography)) AS grid_coverage_area_denominator
FROM asked AS a
JOIN measured AS m ON m.grid_ids = a.grid_ids;

-- name: measure_buildings(community_id, level, ends, dues_until, patrol_days, home_visit_days, silent_days, record_days)
-- Holders are those of the plans in force; where a kind has none, there is nothing to hold. Property companies hold what is
-- in compounds. What is sealed or sensitive is no word of a building. Members of a group are reckoned as whole households,
-- so that what they reach is rather too little than too much.
WITH asked AS MATERIALIZED (
    SELECT p.number, d.on_day, day.start
    FROM unnest(CAST(:ends AS timestamptz[]), CAST(:dues_until AS timestamptz[]))
        WITH ORDINALITY AS p (ends_at, until, number)
    CROSS JOIN LATERAL (
        SELECT least(
            CAST(p.until AT TIME ZONE 'Asia/Shanghai' AS date),
            CAST((p.ends_at - interval '1 microsecond') AT TIME ZONE 'Asia/Shanghai' AS date)) AS on_day) AS d
    CROSS JOIN LATERAL (SELECT CAST(d.on_day AS timestamp) AT TIME ZONE 'Asia/Shanghai' AS start) AS day
), planned AS MATERIALIZED (
    SELECT a.number, array_agg(plan.kind) AS kinds
    FROM asked AS a
    JOIN zone_plan AS plan ON plan.community_id = :community_id AND plan.state <> 'draft'
        AND daterange(plan.valid_from, plan.valid_to) @> a.on_day
    GROUP BY a.number
), held AS MATERIALIZED (
    SELECT a.number, h.building_id, array_agg(h.kind) AS kinds
    FROM asked AS a
    CROSS JOIN LATERAL building_holder(a.on_day) AS h
    WHERE h.community_id = :community_id
    GROUP BY a.number, h.building_id
), zoned AS MATERIALIZED (
    SELECT a.number, unit.building_id, unit.zone_id
    FROM asked AS a
    JOIN zone_plan AS plan ON plan.community_id = :community_id AND plan.kind = 'grid_worker' AND plan.state <> 'draft'
        AND daterange(plan.valid_from, plan.valid_to) @> a.on_day
    JOIN zone_unit AS unit ON unit.plan_id = plan.id
), reached AS MATERIALIZED (
    SELECT b.id AS building_id, least(b.households, members.own * b.households / nullif(b.residents, 0)) AS households
    FROM building AS b
    CROSS JOIN LATERAL (
        SELECT
            coalesce((SELECT sum(g.members) FROM chat_group AS g WHERE g.building_id = b.id), 0)
            + coalesce((SELECT sum(g.members) FROM chat_group AS g WHERE g.compound_id = b.compound_id), 0)
                * CAST(b.residents AS double precision)
                / nullif((SELECT sum(o.residents) FROM building AS o WHERE o.compound_id = b.compound_id), 0) AS own
    ) AS members
    WHERE b.community_id = :community_id
)
SELECT
    a.number, key,
    count(*) FILTER (WHERE in_grid) AS grid_coverage_buildings_numerator,
    count(*) AS grid_coverage_buildings_denominator,
    sum(b.households) FILTER (WHERE in_grid) AS grid_coverage_households_numerator,
    sum(b.households) AS grid_coverage_households_denominator,
    count(*) FILTER (WHERE 'grid_worker' = ANY (held.kinds)) AS held_by_grid_worker_numerator,
    count(*) FILTER (WHERE 'grid_worker' = ANY (planned.kinds)) AS held_by_grid_worker_denominator,
    count(*) FILTER (WHERE 'party_branch' = ANY (held.kinds)) AS held_by_party_branch_numerator,
    count(*) FILTER (WHERE 'party_branch' = ANY (planned.kinds)) AS held_by_party_branch_denominator,
    count(*) FILTER (WHERE 'volunteer' = ANY (held.kinds)) AS held_by_volunteer_numerator,
    count(*) FILTER (WHERE 'volunteer' = ANY (planned.kinds)) AS held_by_volunteer_denominator,
    count(*) FILTER (WHERE 'inspection' = ANY (held.kinds)) AS held_by_inspection_numerator,
    count(*) FILTER (WHERE 'inspection' = ANY (planned.kinds)) AS held_by_inspection_denominator,
    count(*) FILTER (WHERE b.compound_id IS NOT NULL AND 'property' = ANY (held.kinds)) AS held_by_property_numerator,
    count(*) FILTER (WHERE b.compound_id IS NOT NULL AND 'property' = ANY (planned.kinds)) AS held_by_property_denominator,
    count(*) FILTER (WHERE was_patrolled) AS patrol_coverage_numerator,
    count(*) AS patrol_coverage_denominator,
    count(*) FILTER (WHERE b.households > 0 AND was_called_on) AS home_visit_coverage_numerator,
    count(*) FILTER (WHERE b.households > 0) AS home_visit_coverage_denominator,
    count(*) FILTER (WHERE NOT was_looked_at AND NOT was_reported) AS silent_share_numerator,
    count(*) AS silent_share_denominator,
    count(*) FILTER (WHERE was_looked_at AND NOT was_reported) AS calm_share_numerator,
    count(*) AS calm_share_denominator,
    sum(reached.households) AS group_reach_numerator,
    sum(b.households) AS group_reach_denominator,
    sum(record.filled) AS completeness_numerator,
    sum(record.fields) AS completeness_denominator,
    count(*) FILTER (WHERE b.verified_on > a.on_day - :record_days AND b.verified_on <= a.on_day) AS record_freshness_numerator,
    count(*) AS record_freshness_denominator
FROM asked AS a
JOIN building AS b ON b.community_id = :community_id
LEFT JOIN planned ON planned.number = a.number
LEFT JOIN held ON held.number = a.number AND held.building_id = b.id
LEFT JOIN zoned ON zoned.number = a.number AND zoned.building_id = b.id
LEFT JOIN reached ON reached.building_id = b.id
LEFT JOIN LATERAL (
    SELECT bg.grid_id FROM building_grid AS bg
    WHERE bg.building_id = b.id AND bg.kind IN ('community', 'exclusive') AND bg.period @> a.on_day
    ORDER BY bg.kind LIMIT 1
) AS gridded ON true
CROSS JOIN LATERAL (
    SELECT
        gridded.grid_id IS NOT NULL AS in_grid,
        EXISTS (
            SELECT FROM visit AS v
            WHERE v.building_id = b.id AND v.kind = 'patrol'
                AND v.at >= a.start - (:patrol_days - 1) * interval '1 day' AND v.at < a.start + interval '1 day') AS was_patrolled,
        EXISTS (
            SELECT FROM visit AS v
            WHERE v.building_id = b.id AND v.kind = 'home_visit' AND v.outcome = 'met'
                AND v.at >= a.start - (:home_visit_days - 1) * interval '1 day' AND v.at < a.start + interval '1 day') AS was_called_on,
        EXISTS (
            SELECT FROM visit AS v
            WHERE v.building_id = b.id AND v.at >= a.start - :silent_days * interval '1 day' AND v.at < a.start + interval '1 day')
        OR EXISTS (
            SELECT FROM merchant AS m JOIN visit AS v ON v.merchant_id = m.id
            WHERE m.building_id = b.id
                AND v.at >= a.start - :silent_days * interval '1 day' AND v.at < a.start + interval '1 day') AS was_looked_at,
        EXISTS (
            SELECT FROM incident AS i
            WHERE i.building_id = b.id AND i.sensitivity <> 'S3'
                AND i.category_code <> ALL (CAST((SELECT sealed_categories()) AS text[]))
                AND i.reported_at >= a.start - :silent_days * interval '1 day'
                AND i.reported_at < a.start + interval '1 day') AS was_reported
) AS looked
CROSS JOIN LATERAL (
    SELECT
        num_nonnulls(b.address, b.floors, b.entrances, b.built_year)
            + CASE WHEN is_lived_in THEN CAST(b.households > 0 AS integer) + CAST(b.residents > 0 AS integer) ELSE 0 END AS filled,
        CASE WHEN is_lived_in THEN 6 ELSE 4 END AS fields
    FROM (SELECT b.kind IN ('residential', 'mixed') AS is_lived_in) AS use
) AS record
CROSS JOIN LATERAL unnest(figure_keys(
    :level, gridded.grid_id, zoned.zone_id, b.compound_id, NULL, NULL, NULL)) AS key
WHERE key IS NOT NULL
GROUP BY a.number, key;

-- name: list_freshness(community_id, level, ends, dues_until)
-- How many days ago the middle one of the verified records was verified, and how many were. What was verified since then
-- looks as if it had never been: only the last time is kept.
SELECT
    p.number, key, percentile_cont(0.5) WITHIN GROUP (ORDER BY d.on_day - b.verified_on), count(*)
FROM unnest(CAST(:ends AS timestamptz[]), CAST(:dues_until AS timestamptz[]))
        WITH ORDINALITY AS p (ends_at, until, number)
CROSS JOIN LATERAL (
    SELECT least(
            CAST(p.until AT TIME ZONE 'Asia/Shanghai' AS date),
            CAST((p.ends_at - interval '1 microsecond') AT TIME ZONE 'Asia/Shanghai' AS date)) AS on_day) AS d
JOIN building AS b ON b.community_id = :community_id AND b.verified_on <= d.on_day
LEFT JOIN building_grid AS bg ON bg.building_id = b.id AND bg.kind = 'community' AND bg.period @> d.on_day
CROSS JOIN LATERAL unnest(figure_keys(
    :level, bg.grid_id, NULL, b.compound_id, NULL, NULL, NULL)) AS key
WHERE key IS NOT NULL
GROUP BY p.number, key;

-- name: measure_grids(community_id, level, ends, dues_until)
-- Grids in which buildings stand; who is away or gone is nobody.
SELECT
    p.number, '' AS key,
    count(*) FILTER (WHERE EXISTS (
        SELECT FROM building_grid AS bg
        WHERE bg.grid_id = g.id AND bg.building_id IN (
            SELECT h.building_id FROM building_holder(d.on_day) AS h
            WHERE h.community_id = :community_id AND h.kind = 'grid_worker'))) AS assignment_rate_numerator,
    count(*) AS assignment_rate_denominator
FROM unnest(CAST(:ends AS timestamptz[]), CAST(:dues_until AS timestamptz[]))
        WITH ORDINALITY AS p (ends_at, until, number)
CROSS JOIN LATERAL (
    SELECT least(
            CAST(p.until AT TIME ZONE 'Asia/Shanghai' AS date),
            CAST((p.ends_at - interval '1 microsecond') AT TIME ZONE 'Asia/Shanghai' AS date)) AS on_day) AS d
JOIN grid AS g ON g.community_id = :community_id AND g.kind IN ('community', 'exclusive') AND g.period @> d.on_day
WHERE CAST(:level AS text) = 'community' AND EXISTS (SELECT FROM building_grid AS bg WHERE bg.grid_id = g.id)
GROUP BY p.number;

-- name: measure_merchants(community_id, level, ends, dues_until, merchant_check_days)
-- Premises, not licences. One in a building is where that is.
SELECT
    p.number, key,
    count(*) FILTER (WHERE EXISTS (
        SELECT FROM visit AS v
        WHERE v.merchant_id = m.id AND v.kind = 'merchant_check'
            AND v.at >= day.start - (:merchant_check_days - 1) * interval '1 day' AND v.at < day.start + interval '1 day'))
        AS merchant_inspection_rate_numerator,
    count(*) AS merchant_inspection_rate_denominator,
    count(*) FILTER (WHERE m.partner_since <= d.on_day) AS partner_rate_numerator,
    count(*) AS partner_rate_denominator
FROM unnest(CAST(:ends AS timestamptz[]), CAST(:dues_until AS timestamptz[]))
        WITH ORDINALITY AS p (ends_at, until, number)
CROSS JOIN LATERAL (
    SELECT least(
            CAST(p.until AT TIME ZONE 'Asia/Shanghai' AS date),
            CAST((p.ends_at - interval '1 microsecond') AT TIME ZONE 'Asia/Shanghai' AS date)) AS on_day) AS d
CROSS JOIN LATERAL (SELECT CAST(d.on_day AS timestamp) AT TIME ZONE 'Asia/Shanghai' AS start) AS day
JOIN merchant AS m ON m.community_id = :community_id
LEFT JOIN building AS b ON b.id = m.building_id
LEFT JOIN building_grid AS bg ON bg.building_id = b.id AND bg.kind = 'community' AND bg.period @> d.on_day
CROSS JOIN LATERAL unnest(figure_keys(
    :level, bg.grid_id, NULL, b.compound_id, NULL, NULL, NULL)) AS key
WHERE key IS NOT NULL
GROUP BY p.number, key;

-- name: measure_compounds(community_id, level, ends, dues_until)
-- As they are recorded today; only a committee whose term is over by then is none any more. What nobody has reviewed has
-- neither.
SELECT
    p.number, '' AS key,
    count(*) FILTER (WHERE c.has_property_management) AS property_coverage_numerator,
    count(*) AS property_coverage_denominator,
    count(*) FILTER (WHERE c.has_owners_committee AND coalesce(c.owners_committee_until, 'infinity') > d.on_day)
        AS committee_coverage_numerator,
    count(*) AS committee_coverage_denominator,
    count(*) FILTER (WHERE c.is_three_no) AS three_no_share_numerator,
    count(*) AS three_no_share_denominator
FROM unnest(CAST(:ends AS timestamptz[]), CAST(:dues_until AS timestamptz[]))
        WITH ORDINALITY AS p (ends_at, until, number)
CROSS JOIN LATERAL (
    SELECT least(
            CAST(p.until AT TIME ZONE 'Asia/Shanghai' AS date),
            CAST((p.ends_at - interval '1 microsecond') AT TIME ZONE 'Asia/Shanghai' AS date)) AS on_day) AS d
JOIN compound AS c ON c.community_id = :community_id
WHERE CAST(:level AS text) = 'community'
GROUP BY p.number;

-- name: measure_doors(community_id, level, starts, ends)
-- Doors knocked on in the period, and those behind which somebody was met.
SELECT
    p.number, key,
    count(*) FILTER (WHERE v.outcome = 'met') AS effective_visit_rate_numerator,
    count(*) AS effective_visit_rate_denominator
FROM unnest(CAST(:starts AS timestamptz[]), CAST(:ends AS timestamptz[])) WITH ORDINALITY AS p (starts_at, ends_at, number)
JOIN visit AS v ON v.community_id = :community_id AND v.kind = 'home_visit' AND v.at >= p.starts_at AND v.at < p.ends_at
LEFT JOIN building AS b ON b.id = v.building_id
LEFT JOIN building_grid AS bg ON bg.building_id = b.id AND bg.kind = 'community'
    AND bg.period @> CAST(v.at AT TIME ZONE 'Asia/Shanghai' AS date)
CROSS JOIN LATERAL unnest(figure_keys(
    :level, bg.grid_id, NULL, b.compound_id, v.party_id, NULL, NULL)) AS key
WHERE key IS NOT NULL
GROUP BY p.number, key;
