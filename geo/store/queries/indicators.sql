-- What the figures are counted from. Each query gives, by number of the period and key of the level, numerators and
-- denominators of its indicators; the view counted_case says what a case is here, and what never counts.
-- A period is from starts_at to before ends_at; due times count to before due_until, which is now in one that is not over.
-- Asked by case, the same query gives each case by itself: what a figure opens down to is what it was counted from.

-- name: measure_dues(community_id, level, starts, ends, dues_until, by_case)
-- What was to be handled: due in the period, or handled in it. What was to be closed likewise. What has no limit is never late.
SELECT
    p.number, key, CASE WHEN CAST(:by_case AS boolean) THEN c.id END AS case_id,
    count(*) FILTER (WHERE is_to_handle AND is_handled) AS handle_rate_numerator,
    count(*) FILTER (WHERE is_to_handle) AS handle_rate_denominator,
    count(*) FILTER (WHERE is_to_handle AND is_handled AND coalesce(c.handled_at <= c.due_at, true)) AS on_time_rate_numerator,
    count(*) FILTER (WHERE is_to_handle) AS on_time_rate_denominator,
    count(*) FILTER (WHERE is_first_to_handle AND is_handled AND coalesce(c.handled_at <= c.original_due_at, true))
        AS on_time_original_rate_numerator,
    count(*) FILTER (WHERE is_first_to_handle) AS on_time_original_rate_denominator,
    count(*) FILTER (WHERE is_to_handle AND is_due AND NOT is_handled) AS overdue_open_rate_numerator,
    count(*) FILTER (WHERE is_to_handle) AS overdue_open_rate_denominator,
    count(*) FILTER (WHERE is_to_handle AND c.extended_at < p.ends_at) AS extension_rate_numerator,
    count(*) FILTER (WHERE is_to_handle) AS extension_rate_denominator,
    count(*) FILTER (WHERE is_to_close AND is_closed) AS closure_rate_numerator,
    count(*) FILTER (WHERE is_to_close) AS closure_rate_denominator,
    count(*) FILTER (WHERE is_to_close AND is_closed AND coalesce(c.closed_at <= c.due_at, true))
        AS on_time_closure_rate_numerator,
    count(*) FILTER (WHERE is_to_close) AS on_time_closure_rate_denominator,
    count(*) FILTER (WHERE is_to_close AND c.reworked_at < p.ends_at) AS rework_rate_numerator,
    count(*) FILTER (WHERE is_to_close) AS rework_rate_denominator
FROM unnest(CAST(:starts AS timestamptz[]), CAST(:ends AS timestamptz[]), CAST(:dues_until AS timestamptz[]))
    WITH ORDINALITY AS p (starts_at, ends_at, due_until, number)
JOIN counted_case AS c
    ON c.community_id = :community_id AND c.is_valid
    -- Said twice, for what is open has an index of its own.
    AND (c.is_open AND c.noted_due_at >= p.starts_at AND c.noted_due_at < p.due_until
        OR NOT c.is_open AND c.noted_due_at >= p.starts_at AND c.noted_due_at < p.due_until
        OR c.original_due_at >= p.starts_at AND c.original_due_at < p.due_until AND c.original_due_at <> c.noted_due_at
        OR c.noted_handled_at >= p.starts_at AND c.noted_handled_at < p.ends_at
        OR c.closed_at >= p.starts_at AND c.closed_at < p.ends_at)
CROSS JOIN LATERAL (
    SELECT
        coalesce(c.due_at >= p.starts_at AND c.due_at < p.due_until, false) AS is_due,
        coalesce(c.original_due_at >= p.starts_at AND c.original_due_at < p.due_until, false) AS is_first_due,
        coalesce(c.handled_at < p.ends_at, false) AS is_handled,
        coalesce(c.closed_at < p.ends_at, false) AS is_closed) AS so_far
CROSS JOIN LATERAL (
    SELECT
        is_due OR is_handled AND c.handled_at >= p.starts_at AS is_to_handle,
        is_first_due OR is_handled AND c.handled_at >= p.starts_at AS is_first_to_handle,
        is_due OR is_closed AND c.closed_at >= p.starts_at AS is_to_close) AS asked
CROSS JOIN LATERAL unnest(figure_keys(
    :level, c.grid_id, c.zone_id, c.compound_id, c.party_id, c.category_code, c.parent_code)) AS key
WHERE key IS NOT NULL
GROUP BY p.number, key, case_id;

-- name: measure_opens(community_id, level, ends, dues_until, first_end, by_case)
-- What was open when the period ended. What was closed before the first of them ended was not.
SELECT
    p.number, key, CASE WHEN CAST(:by_case AS boolean) THEN c.id END AS case_id,
    count(*) AS open_cases_numerator,
    count(*) FILTER (WHERE c.due_at < p.due_until AND coalesce(c.handled_at >= p.ends_at, true))
        AS overdue_open_cases_numerator
FROM unnest(CAST(:ends AS timestamptz[]), CAST(:dues_until AS timestamptz[]))
    WITH ORDINALITY AS p (ends_at, due_until, number)
-- Over a year of months, going through the cases once is twenty times as fast as looking them up for each.
JOIN counted_case AS c
    ON c.community_id = :community_id AND c.is_valid AND c.reported_at < p.ends_at
    AND (c.is_open OR c.closed_at >= CAST(:first_end AS timestamptz)) AND (c.is_open OR c.closed_at >= p.ends_at)
CROSS JOIN LATERAL unnest(figure_keys(
    :level, c.grid_id, c.zone_id, c.compound_id, c.party_id, c.category_code, c.parent_code)) AS key
WHERE key IS NOT NULL
GROUP BY p.number, key, case_id;

-- name: measure_reports(community_id, level, starts, ends, by_case)
-- What was reported in the period, and for how many people as they are recorded today. Only here does count what was void.
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
        count(*) AS reported, count(*) FILTER (WHERE c.is_valid) AS valid,
        count(*) FILTER (WHERE c.is_valid AND c.is_proactive) AS proactive
    FROM unnest(CAST(:starts AS timestamptz[]), CAST(:ends AS timestamptz[]))
        WITH ORDINALITY AS p (starts_at, ends_at, number)
    JOIN counted_case AS c
        ON c.community_id = :community_id AND c.reported_at >= p.starts_at AND c.reported_at < p.ends_at
    CROSS JOIN LATERAL unnest(figure_keys(
    :level, c.grid_id, c.zone_id, c.compound_id, c.party_id, c.category_code, c.parent_code)) AS key
    WHERE key IS NOT NULL
    GROUP BY p.number, key, case_id
)
SELECT
    number, key, r.case_id,
    r.valid AS reported_cases_numerator,
    r.valid AS incidents_per_10k_numerator, people.residents AS incidents_per_10k_denominator,
    r.valid AS valid_report_rate_numerator, r.reported AS valid_report_rate_denominator,
    r.proactive AS proactive_rate_numerator, r.valid AS proactive_rate_denominator
FROM (people CROSS JOIN generate_series(1, cardinality(CAST(:starts AS timestamptz[]))) AS number)
FULL JOIN reported AS r USING (number, key);

-- name: measure_dispatches(community_id, level, starts, ends, by_case)
-- Cases sent to somebody for the first time in the period, each once however often it came back; and those registered in
-- it that still wait to be sent.
WITH sent AS (
    SELECT p.number, p.ends_at, e.incident_id, true AS is_sent
    FROM unnest(CAST(:starts AS timestamptz[]), CAST(:ends AS timestamptz[]))
        WITH ORDINALITY AS p (starts_at, ends_at, number)
    -- Each period by itself, and each case: joined, all events there are would be read.
    CROSS JOIN LATERAL (
        SELECT e.id, e.incident_id FROM incident_event AS e
        WHERE e.community_id = :community_id AND e.to_state = 'dispatched' AND e.at >= p.starts_at AND e.at < p.ends_at
        OFFSET 0
    ) AS e
    WHERE e.id = (
        SELECT first.id FROM incident_event AS first
        WHERE first.incident_id = e.incident_id AND first.to_state = 'dispatched'
        ORDER BY first.at, first.id LIMIT 1)
    UNION ALL
    SELECT p.number, p.ends_at, w.id, false
    FROM unnest(CAST(:starts AS timestamptz[]), CAST(:ends AS timestamptz[]))
        WITH ORDINALITY AS p (starts_at, ends_at, number)
    JOIN counted_case AS w ON w.community_id = :community_id AND w.is_open AND w.state = 'registered'
    WHERE EXISTS (
        SELECT FROM incident_event AS e
        WHERE e.incident_id = w.id AND e.to_state = 'registered' AND e.at >= p.starts_at AND e.at < p.ends_at)
)
SELECT
    p.number, key, CASE WHEN CAST(:by_case AS boolean) THEN c.id END AS case_id,
    count(*) FILTER (WHERE p.is_sent AND NOT is_returned) AS accurate_dispatch_rate_numerator,
    count(*) AS accurate_dispatch_rate_denominator,
    count(*) FILTER (WHERE p.is_sent AND is_returned) AS bounce_rate_numerator,
    count(*) FILTER (WHERE p.is_sent) AS bounce_rate_denominator
FROM sent AS p
JOIN counted_case AS c ON c.id = p.incident_id AND c.is_valid
CROSS JOIN LATERAL (
    SELECT EXISTS (
        SELECT FROM incident_event AS e
        WHERE e.incident_id = c.id AND e.to_state = 'returned' AND e.at < p.ends_at) AS is_returned) AS back
CROSS JOIN LATERAL unnest(figure_keys(
    :level, c.grid_id, c.zone_id, c.compound_id, c.party_id, c.category_code, c.parent_code)) AS key
WHERE key IS NOT NULL
GROUP BY p.number, key, case_id;

-- name: measure_bounces(community_id, level, starts, ends, by_case)
-- How often cases were returned in the period, one case as often as it was.
SELECT
    p.number, key, CASE WHEN CAST(:by_case AS boolean) THEN c.id END AS case_id,
    count(*) AS bounces_numerator
FROM unnest(CAST(:starts AS timestamptz[]), CAST(:ends AS timestamptz[]))
    WITH ORDINALITY AS p (starts_at, ends_at, number)
JOIN incident_event AS e
    ON e.community_id = :community_id AND e.to_state = 'returned' AND e.at >= p.starts_at AND e.at < p.ends_at
JOIN counted_case AS c ON c.id = e.incident_id AND c.is_valid
CROSS JOIN LATERAL unnest(figure_keys(
    :level, c.grid_id, c.zone_id, c.compound_id, c.party_id, c.category_code, c.parent_code)) AS key
WHERE key IS NOT NULL
GROUP BY p.number, key, case_id;

-- name: measure_whistles(community_id, level, starts, ends, by_case)
-- Calls for a department in the period, and those it followed before the period ended; one call is one, by whom it called.
SELECT
    p.number, key, CASE WHEN CAST(:by_case AS boolean) THEN c.id END AS case_id,
    count(*) FILTER (WHERE has_arrived) AS whistle_response_rate_numerator,
    count(*) AS whistle_response_rate_denominator
FROM unnest(CAST(:starts AS timestamptz[]), CAST(:ends AS timestamptz[]))
    WITH ORDINALITY AS p (starts_at, ends_at, number)
JOIN incident_event AS e
    ON e.community_id = :community_id AND e.kind = 'whistled' AND e.at >= p.starts_at AND e.at < p.ends_at
CROSS JOIN LATERAL (
    SELECT EXISTS (
        SELECT FROM incident_event AS arrival
        WHERE arrival.incident_id = e.incident_id AND arrival.kind = 'arrived'
            AND arrival.to_party_id IS NOT DISTINCT FROM e.to_party_id
            AND arrival.at >= e.at AND arrival.at < p.ends_at) AS has_arrived) AS answer
JOIN counted_case AS c ON c.id = e.incident_id AND c.is_valid
CROSS JOIN LATERAL unnest(figure_keys(
    :level, c.grid_id, c.zone_id, c.compound_id, e.to_party_id, c.category_code, c.parent_code)) AS key
WHERE key IS NOT NULL
GROUP BY p.number, key, case_id;

-- name: measure_calls(community_id, level, starts, ends, by_case)
-- Cases whose people were called in the period, each once: whom nobody reached three times was called once.
SELECT
    p.number, key, CASE WHEN CAST(:by_case AS boolean) THEN c.id END AS case_id,
    count(*) FILTER (WHERE called.is_reached) AS contact_rate_numerator,
    count(*) AS contact_rate_denominator,
    count(*) FILTER (WHERE called.is_reached AND c.outcome IN ('resolved', 'persuaded', 'mediated', 'negotiated'))
        AS resolved_rate_numerator,
    count(*) FILTER (WHERE called.is_reached) AS resolved_rate_denominator,
    count(*) FILTER (WHERE called.rating >= 4) AS satisfaction_rate_numerator,
    count(*) FILTER (WHERE called.rating IS NOT NULL) AS satisfaction_rate_denominator
FROM unnest(CAST(:starts AS timestamptz[]), CAST(:ends AS timestamptz[]))
    WITH ORDINALITY AS p (starts_at, ends_at, number)
CROSS JOIN LATERAL (
    SELECT
        e.incident_id, bool_or(e.to_state IS NOT DISTINCT FROM 'rated') AS is_reached,
        (array_agg(e.rating ORDER BY e.at DESC, e.id DESC) FILTER (WHERE e.rating IS NOT NULL))[1] AS rating
    FROM incident_event AS e
    WHERE e.community_id = :community_id AND (e.kind = 'called_back' OR e.to_state = 'rated')
        AND e.at >= p.starts_at AND e.at < p.ends_at
    GROUP BY e.incident_id) AS called
JOIN counted_case AS c ON c.id = called.incident_id AND c.is_valid
CROSS JOIN LATERAL unnest(figure_keys(
    :level, c.grid_id, c.zone_id, c.compound_id, c.party_id, c.category_code, c.parent_code)) AS key
WHERE key IS NOT NULL
GROUP BY p.number, key, case_id;

-- name: measure_closings(community_id, level, starts, ends, by_case)
-- What was closed in the period. What a patrol found has nobody to call.
SELECT
    p.number, key, CASE WHEN CAST(:by_case AS boolean) THEN c.id END AS case_id,
    count(*) AS closed_cases_numerator,
    count(*) FILTER (WHERE NOT c.is_proactive AND EXISTS (
        SELECT FROM incident_event AS e
        WHERE e.incident_id = c.id AND (e.kind = 'called_back' OR e.to_state = 'rated')
            AND e.at >= c.closed_at AND e.at < p.ends_at)) AS callback_rate_numerator,
    count(*) FILTER (WHERE NOT c.is_proactive) AS callback_rate_denominator
FROM unnest(CAST(:starts AS timestamptz[]), CAST(:ends AS timestamptz[]))
    WITH ORDINALITY AS p (starts_at, ends_at, number)
JOIN counted_case AS c
    ON c.community_id = :community_id AND c.closed_at >= p.starts_at AND c.closed_at < p.ends_at
CROSS JOIN LATERAL unnest(figure_keys(
    :level, c.grid_id, c.zone_id, c.compound_id, c.party_id, c.category_code, c.parent_code)) AS key
WHERE key IS NOT NULL
GROUP BY p.number, key, case_id;

-- name: list_closings(community_id, level, starts, ends)
-- What was closed in the periods, for whether it came back; errands and enquiries come back and nobody calls it that.
SELECT p.number, key, c.id
FROM unnest(CAST(:starts AS timestamptz[]), CAST(:ends AS timestamptz[]))
    WITH ORDINALITY AS p (starts_at, ends_at, number)
JOIN counted_case AS c
    ON c.community_id = :community_id AND c.closed_at >= p.starts_at AND c.closed_at < p.ends_at
    AND c.parent_code NOT IN ('E10', 'E12')
CROSS JOIN LATERAL unnest(figure_keys(
    :level, c.grid_id, c.zone_id, c.compound_id, c.party_id, c.category_code, c.parent_code)) AS key
WHERE key IS NOT NULL;

-- name: list_followable(community_id, since, until)
-- What was closed from one moment to before another, and what may have followed it within thirty days. Where it is known,
-- in metres of the community's own system.
SELECT
    i.id, ST_X(place.m), ST_Y(place.m), coalesce(i.building_id, 0), coalesce(i.parent_id, 0),
    CAST(CASE WHEN k.parent_code IN ('E10', 'E12') THEN '-1' ELSE substr(i.category_code, 2) END AS integer),
    CAST(extract(epoch FROM i.reported_at) * 1000000 AS bigint), CAST(extract(epoch FROM i.closed_at) * 1000000 AS bigint)
FROM incident AS i
JOIN mapped_category AS k ON k.code = i.category_code
JOIN community AS n ON n.id = i.community_id
CROSS JOIN LATERAL (SELECT ST_Transform(i.geom, n.metric_epsg) AS m) AS place
WHERE i.community_id = :community_id AND i.sensitivity <> 'S3'
    AND (i.closed_at >= CAST(:since AS timestamptz) AND i.closed_at < CAST(:until AS timestamptz)
        OR i.reported_at >= CAST(:since AS timestamptz)
            AND i.reported_at < CAST(:until AS timestamptz) + interval '30 days')
ORDER BY i.reported_at, i.id;

-- name: list_responses(community_id, level, starts, ends)
-- What somebody first looked after in the period: from the report on, in microseconds since 1970.
SELECT
    p.number, key, c.id, CAST(extract(epoch FROM c.reported_at) * 1000000 AS bigint),
    CAST(extract(epoch FROM c.first_response_at) * 1000000 AS bigint)
FROM unnest(CAST(:starts AS timestamptz[]), CAST(:ends AS timestamptz[]))
    WITH ORDINALITY AS p (starts_at, ends_at, number)
JOIN counted_case AS c
    ON c.community_id = :community_id AND c.is_valid
    AND c.first_response_at >= p.starts_at AND c.first_response_at < p.ends_at
CROSS JOIN LATERAL unnest(figure_keys(
    :level, c.grid_id, c.zone_id, c.compound_id, c.party_id, c.category_code, c.parent_code)) AS key
WHERE key IS NOT NULL;

-- name: list_handlings(community_id, level, starts, ends)
-- What was handled in the period: from the report on, in microseconds since 1970.
SELECT
    p.number, key, c.id, CAST(extract(epoch FROM c.reported_at) * 1000000 AS bigint),
    CAST(extract(epoch FROM c.handled_at) * 1000000 AS bigint)
FROM unnest(CAST(:starts AS timestamptz[]), CAST(:ends AS timestamptz[]))
    WITH ORDINALITY AS p (starts_at, ends_at, number)
JOIN counted_case AS c
    ON c.community_id = :community_id AND c.is_valid AND c.handled_at >= p.starts_at AND c.handled_at < p.ends_at
    AND (c.noted_handled_at >= p.starts_at AND c.noted_handled_at < p.ends_at
        OR c.closed_at >= p.starts_at AND c.closed_at < p.ends_at)
CROSS JOIN LATERAL unnest(figure_keys(
    :level, c.grid_id, c.zone_id, c.compound_id, c.party_id, c.category_code, c.parent_code)) AS key
WHERE key IS NOT NULL;

-- name: list_suspensions(community_id, ids)
-- When the clocks of cases began to stand, and when they went on; in order.
SELECT e.incident_id, CAST(extract(epoch FROM e.at) * 1000000 AS bigint), e.to_state = 'suspended'
FROM incident_event AS e
WHERE e.community_id = :community_id AND e.incident_id = ANY (CAST(:ids AS bigint[]))
    AND e.to_state IS DISTINCT FROM e.from_state AND e.to_state IS NOT NULL
    AND (e.to_state = 'suspended' OR e.from_state = 'suspended')
ORDER BY e.incident_id, e.at, e.id;

-- name: list_workers(community_id, dues_until)
-- Who does a grid worker's work on the last day of each period, and the chat groups there are of his buildings; a group of a
-- compound is shared by its buildings.
WITH shared AS (
    SELECT
        b.id AS building_id,
        (SELECT count(*) FROM chat_group AS g WHERE g.building_id = b.id)
        + (SELECT count(*) FROM chat_group AS g WHERE g.compound_id = b.compound_id)
            / CAST(count(*) OVER (PARTITION BY b.compound_id) AS double precision) AS groups
    FROM building AS b
    WHERE b.community_id = :community_id
)
SELECT p.number, CAST(duty.party_id AS text), coalesce(sum(shared.groups), 0)
FROM unnest(CAST(:dues_until AS timestamptz[])) WITH ORDINALITY AS p (until, number)
CROSS JOIN LATERAL zone_duty(
    CAST((p.until - interval '1 microsecond') AT TIME ZONE 'Asia/Shanghai' AS date)) AS duty
LEFT JOIN zone_unit AS u ON u.zone_id = duty.zone_id
LEFT JOIN shared ON shared.building_id = u.building_id
WHERE duty.community_id = :community_id AND duty.kind = 'grid_worker' AND duty.party_id IS NOT NULL
GROUP BY p.number, duty.party_id;

-- name: list_prints(community_id, moments)
-- What tells whether anything has changed of the cases reported before each moment and not before the one ahead of it: how
-- many there are, and when each was last changed, mixed with its id so that no change hides another.
SELECT
    width_bucket(i.reported_at, CAST(:moments AS timestamptz[])), count(*),
    bit_xor(timestamp_hash_extended(i.changed_at AT TIME ZONE 'UTC', i.id))
FROM incident AS i
WHERE i.community_id = :community_id AND i.sensitivity <> 'S3'
    AND i.category_code <> ALL (CAST((SELECT sealed_categories()) AS text[]))
GROUP BY 1;

-- name: read_elsewhere(community_id)$
-- What the figures of a whole community take from elsewhere than its cases.
SELECT concat_ws(
    ' ', c.metric_epsg, (SELECT sum(b.residents) FROM building AS b WHERE b.community_id = c.id),
    (SELECT string_agg(k.code || coalesce(k.parent_code, ''), ' ' ORDER BY k.code) FROM mapped_category AS k))
FROM community AS c
WHERE c.id = :community_id;

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
