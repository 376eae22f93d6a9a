-- Looking again at what was settled. What the reader may not see, row-level security leaves out.

-- name: get_setting(community_id)^
SELECT is_on, days, lapse_days, share_percent, most_a_day, categories
FROM recheck_setting WHERE community_id = :community_id;

-- name: put_setting(community_id, is_on, days, lapse_days, share_percent, most_a_day, categories)!
INSERT INTO recheck_setting (community_id, is_on, days, lapse_days, share_percent, most_a_day, categories)
VALUES (
    :community_id, :is_on, CAST(:days AS smallint[]), :lapse_days, :share_percent, :most_a_day,
    CAST(:categories AS text[]))
ON CONFLICT (community_id) DO UPDATE SET
    is_on = excluded.is_on, days = excluded.days, lapse_days = excluded.lapse_days,
    share_percent = excluded.share_percent, most_a_day = excluded.most_a_day, categories = excluded.categories;

-- name: list_due(community_id, categories, days, lapse_days, on_day, most)
-- Settled cases of which a look is due and neither done nor lapsed, and that are not back already: a look each. Who is to
-- look is whoever holds the building, else the staff member that had the case. Of each category and look at most so many,
-- what lapses first. Every piece finds its rows by one index: what is compared with one is a value when it is asked for.
-- By category as well, places would be found eight times as fast at a million cases, and built five times as slowly.
WITH due AS MATERIALIZED (
    SELECT step.days, settled.*
    FROM unnest(CAST(:days AS int[])) AS step (days)
    CROSS JOIN LATERAL (
        SELECT
            CAST(CAST(:on_day AS date) - step.days - :lapse_days AS timestamp) AT TIME ZONE 'Asia/Shanghai' AS since,
            CAST(CAST(:on_day AS date) - step.days + 1 AS timestamp) AT TIME ZONE 'Asia/Shanghai' AS until
        OFFSET 0) AS mine
    JOIN mapped_category AS k ON k.code = ANY (CAST(:categories AS text[]))
    CROSS JOIN LATERAL (
        SELECT
            i.id, i.version, i.category_code, i.reported_at, i.closed_at, i.building_id, i.compound_id, i.grid_id,
            i.party_id, i.geom, i.parent_id IS NOT NULL AS is_linked, k.parent_code NOT IN ('E10', 'E12') AS is_counted
        FROM incident AS i
        WHERE i.community_id = :community_id AND i.category_code = k.code AND i.sensitivity <> 'S3'
            AND i.closed_at >= mine.since AND i.closed_at < mine.until
            -- What was passed on or could not be solved was not settled here.
            AND coalesce(i.outcome, 'resolved') NOT IN ('transferred', 'unresolvable')
        ORDER BY i.closed_at, i.id
        LIMIT :most) AS settled)
SELECT
    i.id, i.version, i.category_code, i.days, look.due_on, i.closed_at, i.building_id,
    coalesce(
        nullif(CASE WHEN starts_with(b.name, c.name) THEN b.name ELSE concat(c.name, b.name) END, ''), g.name) AS place,
    ST_X(i.geom) AS longitude, ST_Y(i.geom) AS latitude, who.id AS party_id, who.name AS party,
    i.is_linked OR i.is_counted AND past.came_back AS came_back, past.earlier
FROM due AS i
CROSS JOIN LATERAL (
    SELECT
        CAST(i.closed_at AT TIME ZONE 'Asia/Shanghai' AS date) + i.days AS due_on,
        i.reported_at - interval '365 days' AS year_began_at, i.reported_at - interval '30 days' AS month_began_at,
        -- All that is within 50 m, and a little more: the ellipsoid is asked of few.
        ST_Expand(i.geom, 0.00046 / cos(radians(ST_Y(i.geom))), 0.00046) AS around
    OFFSET 0) AS look
CROSS JOIN LATERAL (
    SELECT count(*) AS earlier, coalesce(bool_or(before.closed_at > look.month_began_at), false) AS came_back
    FROM (
        SELECT housed.id, housed.community_id, housed.category_code, housed.closed_at
        FROM incident AS housed
        WHERE housed.building_id = i.building_id
        UNION ALL
        SELECT near.id, near.community_id, near.category_code, near.closed_at
        FROM incident AS near
        WHERE near.geom && look.around AND near.category_code = i.category_code
            AND (near.building_id = i.building_id) IS NOT TRUE
            AND ST_DWithin(CAST(near.geom AS geography), CAST(i.geom AS geography), 50)
        OFFSET 0) AS before
    WHERE before.community_id = :community_id AND before.category_code = i.category_code
        AND before.closed_at <= i.reported_at AND before.closed_at > look.year_began_at AND before.id <> i.id) AS past
LEFT JOIN building AS b ON b.id = i.building_id
LEFT JOIN compound AS c ON c.id = coalesce(b.compound_id, i.compound_id)
LEFT JOIN grid AS g ON g.id = i.grid_id
LEFT JOIN building_holder(CAST(:on_day AS date)) AS held ON held.building_id = i.building_id AND held.kind = 'grid_worker'
LEFT JOIN party AS lead ON lead.id = i.party_id AND lead.kind = 'staff'
    AND daterange(lead.active_from, lead.active_to) @> CAST(:on_day AS date)
LEFT JOIN party AS who ON who.id = coalesce(held.party_id, lead.id)
WHERE NOT EXISTS (
        SELECT FROM incident_event AS e
        WHERE e.incident_id = i.id AND e.kind = 'rechecked'
            AND e.at >= CAST(look.due_on AS timestamp) AT TIME ZONE 'Asia/Shanghai')
    AND NOT EXISTS (
        SELECT FROM (
            SELECT housed.id, housed.community_id, housed.category_code, housed.state
            FROM incident AS housed
            WHERE housed.building_id = i.building_id AND housed.reported_at >= i.closed_at
            OFFSET 0) AS again
        WHERE again.community_id = :community_id AND again.category_code = i.category_code
            AND again.id <> i.id AND again.state NOT IN ('voided', 'rejected'))
    AND NOT EXISTS (
        SELECT FROM (
            SELECT near.id, near.community_id, near.state
            FROM incident AS near
            WHERE near.geom && look.around AND near.category_code = i.category_code AND near.reported_at >= i.closed_at
                AND ST_DWithin(CAST(near.geom AS geography), CAST(i.geom AS geography), 50)
            OFFSET 0) AS again
        WHERE again.community_id = :community_id
            AND again.id <> i.id AND again.state NOT IN ('voided', 'rejected'))
ORDER BY look.due_on, i.id;

-- name: count_done(community_id, since)
-- Looks since a moment, by who took them.
SELECT e.actor_party_id, count(*)
FROM incident_event AS e
WHERE e.community_id = :community_id AND e.move = 'recheck' AND e.at >= CAST(:since AS timestamptz)
GROUP BY e.actor_party_id;

-- name: count_found(community_id, since)
-- What looks since a moment have found, by reason.
SELECT e.reason, count(*)
FROM incident_event AS e
WHERE e.community_id = :community_id AND e.move = 'recheck' AND e.at >= CAST(:since AS timestamptz)
GROUP BY e.reason;
