-- What the figures are counted from. Each query gives, by number of the period and key of the level, numerators and
-- denominators of its indicators; the view counted_case says what a case is here, and what never counts.
-- A period is from starts_at to before ends_at; due times count to before due_until, which is now in one that is not over.
-- Asked by case, the same query gives each case by itself: what a figure opens down to is what it was counted from.

-- name: measure_dues(community_id, level, starts, ends, dues_until, by_case)
-- What was to be handled: due in the period, or handled in it. What was to be closed likewise.
SELECT
    p.number, key, CASE WHEN CAST(:by_case AS boolean) THEN c.id END AS case_id,
    count(*) FILTER (WHERE is_to_handle AND c.handled_at < p.ends_at) AS handle_rate_numerator,
    count(*) FILTER (WHERE is_to_handle) AS handle_rate_denominator,
    count(*) FILTER (WHERE is_to_handle AND c.handled_at < p.ends_at AND (c.handled_at <= c.due_at OR c.due_at IS NULL))
        AS on_time_rate_numerator,
    count(*) FILTER (WHERE is_to_handle) AS on_time_rate_denominator,
    count(*) FILTER (WHERE is_due AND (c.handled_at IS NULL OR c.handled_at >= p.ends_at)) AS overdue_open_rate_numerator,
    count(*) FILTER (WHERE is_to_handle) AS overdue_open_rate_denominator,
    count(*) FILTER (WHERE is_to_handle AND c.extended_at < p.ends_at) AS extension_rate_numerator,
    count(*) FILTER (WHERE is_to_handle) AS extension_rate_denominator,
    count(*) FILTER (WHERE is_to_close AND c.reworked_at < p.ends_at) AS rework_rate_numerator,
    count(*) FILTER (WHERE is_to_close) AS rework_rate_denominator
FROM unnest(CAST(:starts AS timestamptz[]), CAST(:ends AS timestamptz[]), CAST(:dues_until AS timestamptz[]))
    WITH ORDINALITY AS p (starts_at, ends_at, due_until, number)
JOIN counted_case AS c
    ON c.community_id = :community_id AND c.is_valid
    AND (c.due_at >= p.starts_at AND c.due_at < p.due_until
        OR c.handled_at >= p.starts_at AND c.handled_at < p.ends_at
        OR c.closed_at >= p.starts_at AND c.closed_at < p.ends_at)
CROSS JOIN LATERAL (
    SELECT coalesce(c.due_at >= p.starts_at AND c.due_at < p.due_until, false) AS is_due) AS due
CROSS JOIN LATERAL (
    SELECT
        is_due OR coalesce(c.handled_at >= p.starts_at AND c.handled_at < p.ends_at, false) AS is_to_handle,
        is_due OR coalesce(c.closed_at >= p.starts_at AND c.closed_at < p.ends_at, false) AS is_to_close) AS asked
CROSS JOIN LATERAL unnest(CASE CAST(:level AS text)
    WHEN 'community' THEN ARRAY['']
    WHEN 'grid' THEN ARRAY[CAST(c.grid_id AS text)]
    WHEN 'zone' THEN ARRAY[CAST(c.zone_id AS text)]
    WHEN 'compound' THEN ARRAY[CAST(c.compound_id AS text)]
    WHEN 'party' THEN ARRAY[CAST(c.party_id AS text)]
    WHEN 'category' THEN ARRAY[c.category_code, c.parent_code] END) AS key
WHERE key IS NOT NULL
GROUP BY p.number, key, case_id;

-- name: measure_calls(community_id, level, starts, ends, by_case)
-- Cases that were called back in the period, each once: whom nobody reached three times was called back once.
SELECT
    p.number, key, CASE WHEN CAST(:by_case AS boolean) THEN c.id END AS case_id,
    count(*) FILTER (WHERE called.rating >= 4) AS satisfaction_rate_numerator,
    count(*) FILTER (WHERE called.rating IS NOT NULL) AS satisfaction_rate_denominator
FROM unnest(CAST(:starts AS timestamptz[]), CAST(:ends AS timestamptz[]))
    WITH ORDINALITY AS p (starts_at, ends_at, number)
CROSS JOIN LATERAL (
    SELECT
        e.incident_id,
        (array_agg(e.rating ORDER BY e.at DESC, e.id DESC) FILTER (WHERE e.rating IS NOT NULL))[1] AS rating,
        bool_or(e.to_state = 'rated') AS is_reached
    FROM incident_event AS e
    WHERE e.community_id = :community_id AND (e.kind = 'called_back' OR e.to_state = 'rated')
        AND e.at >= p.starts_at AND e.at < p.ends_at
    GROUP BY e.incident_id) AS called
JOIN counted_case AS c ON c.id = called.incident_id AND c.is_valid
CROSS JOIN LATERAL unnest(CASE CAST(:level AS text)
    WHEN 'community' THEN ARRAY['']
    WHEN 'grid' THEN ARRAY[CAST(c.grid_id AS text)]
    WHEN 'zone' THEN ARRAY[CAST(c.zone_id AS text)]
    WHEN 'compound' THEN ARRAY[CAST(c.compound_id AS text)]
    WHEN 'party' THEN ARRAY[CAST(c.party_id AS text)]
    WHEN 'category' THEN ARRAY[c.category_code, c.parent_code] END) AS key
WHERE key IS NOT NULL
GROUP BY p.number, key, case_id;

-- name: measure_reports(community_id, level, starts, ends, by_case)
-- What was reported in the period, and for how many people.
WITH people AS (
    SELECT key, sum(b.residents) AS residents
    FROM building AS b
    LEFT JOIN building_grid AS g
        ON g.building_id = b.id AND g.kind = 'community' AND g.period @> app_today()
    LEFT JOIN (zone_unit AS u JOIN zone_plan AS z
        ON z.id = u.plan_id AND z.kind = 'grid_worker' AND z.state <> 'draft'
        AND daterange(z.valid_from, z.valid_to) @> app_today()) ON u.building_id = b.id
    CROSS JOIN LATERAL (SELECT CASE CAST(:level AS text)
        WHEN 'community' THEN ''
        WHEN 'grid' THEN CAST(g.grid_id AS text)
        WHEN 'zone' THEN CAST(u.zone_id AS text)
        WHEN 'compound' THEN CAST(b.compound_id AS text) END AS key) AS place
    WHERE b.community_id = :community_id AND key IS NOT NULL
    GROUP BY key
), reported AS (
    SELECT
        p.number, key, CASE WHEN CAST(:by_case AS boolean) THEN c.id END AS case_id,
        count(*) FILTER (WHERE c.is_valid) AS valid
    FROM unnest(CAST(:starts AS timestamptz[]), CAST(:ends AS timestamptz[]))
        WITH ORDINALITY AS p (starts_at, ends_at, number)
    JOIN counted_case AS c
        ON c.community_id = :community_id AND c.reported_at >= p.starts_at AND c.reported_at < p.ends_at
    CROSS JOIN LATERAL unnest(CASE CAST(:level AS text)
        WHEN 'community' THEN ARRAY['']
        WHEN 'grid' THEN ARRAY[CAST(c.grid_id AS text)]
        WHEN 'zone' THEN ARRAY[CAST(c.zone_id AS text)]
        WHEN 'compound' THEN ARRAY[CAST(c.compound_id AS text)]
        WHEN 'party' THEN ARRAY[CAST(c.party_id AS text)]
        WHEN 'category' THEN ARRAY[c.category_code, c.parent_code] END) AS key
    WHERE key IS NOT NULL
    GROUP BY p.number, key, case_id
)
SELECT
    number, key, r.case_id,
    r.valid AS incidents_per_10k_numerator, people.residents AS incidents_per_10k_denominator
FROM (people CROSS JOIN generate_series(1, cardinality(CAST(:starts AS timestamptz[]))) AS number)
FULL JOIN reported AS r USING (number, key);

-- name: measure_closings(community_id, level, starts, ends, by_case)
-- What was closed in the period, and what of it came back, as the view relapse says.
SELECT
    p.number, key, CASE WHEN CAST(:by_case AS boolean) THEN c.id END AS case_id,
    count(*) FILTER (WHERE came_back) AS relapse_rate_numerator, count(*) AS relapse_rate_denominator
FROM unnest(CAST(:starts AS timestamptz[]), CAST(:ends AS timestamptz[]))
    WITH ORDINALITY AS p (starts_at, ends_at, number)
JOIN counted_case AS c
    ON c.community_id = :community_id AND c.closed_at >= p.starts_at AND c.closed_at < p.ends_at
    AND c.parent_code NOT IN ('E10', 'E12')
CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM relapse AS r WHERE r.earlier_id = c.id) AS came_back) AS back
CROSS JOIN LATERAL unnest(CASE CAST(:level AS text)
    WHEN 'community' THEN ARRAY['']
    WHEN 'grid' THEN ARRAY[CAST(c.grid_id AS text)]
    WHEN 'zone' THEN ARRAY[CAST(c.zone_id AS text)]
    WHEN 'compound' THEN ARRAY[CAST(c.compound_id AS text)]
    WHEN 'party' THEN ARRAY[CAST(c.party_id AS text)]
    WHEN 'category' THEN ARRAY[c.category_code, c.parent_code] END) AS key
WHERE key IS NOT NULL
GROUP BY p.number, key, case_id;

-- name: measure_opens(community_id, level, ends, dues_until, by_case)
-- What was open when the period ended.
SELECT
    p.number, key, CASE WHEN CAST(:by_case AS boolean) THEN c.id END AS case_id,
    count(*) AS open_cases_numerator,
    count(*) FILTER (WHERE c.due_at < p.due_until AND (c.handled_at IS NULL OR c.handled_at >= p.ends_at))
        AS overdue_open_cases_numerator
FROM unnest(CAST(:ends AS timestamptz[]), CAST(:dues_until AS timestamptz[]))
    WITH ORDINALITY AS p (ends_at, due_until, number)
JOIN counted_case AS c
    ON c.community_id = :community_id AND c.is_valid
    AND c.reported_at < p.ends_at AND (c.closed_at IS NULL OR c.closed_at >= p.ends_at)
CROSS JOIN LATERAL unnest(CASE CAST(:level AS text)
    WHEN 'community' THEN ARRAY['']
    WHEN 'grid' THEN ARRAY[CAST(c.grid_id AS text)]
    WHEN 'zone' THEN ARRAY[CAST(c.zone_id AS text)]
    WHEN 'compound' THEN ARRAY[CAST(c.compound_id AS text)]
    WHEN 'party' THEN ARRAY[CAST(c.party_id AS text)]
    WHEN 'category' THEN ARRAY[c.category_code, c.parent_code] END) AS key
WHERE key IS NOT NULL
GROUP BY p.number, key, case_id;

-- name: find_counted_community(community_id)$
SELECT name FROM community WHERE id = :community_id;

-- name: list_grid_keys(community_id)
SELECT CAST(id AS text), name FROM grid
WHERE community_id = :community_id AND kind = 'community' AND period @> app_today()
ORDER BY code, id;

-- name: list_zone_keys(community_id)
SELECT CAST(z.id AS text), z.name
FROM zone AS z JOIN zone_plan AS p ON p.id = z.plan_id
WHERE z.community_id = :community_id AND p.kind = 'grid_worker' AND p.state <> 'draft'
    AND daterange(p.valid_from, p.valid_to) @> app_today()
ORDER BY z.code, z.id;

-- name: list_compound_keys(community_id)
SELECT CAST(id AS text), name FROM compound WHERE community_id = :community_id ORDER BY code, id;

-- name: list_party_keys(community_id)
SELECT CAST(id AS text), name FROM party WHERE community_id = :community_id ORDER BY kind, code, id;

-- name: list_category_keys()
-- Of both levels, each group before its own.
SELECT code, name FROM mapped_category ORDER BY CAST(substr(coalesce(parent_code, code), 2) AS integer), code;
