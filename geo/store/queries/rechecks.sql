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

-- name: list_due(community_id, categories, days, lapse_days, on_day)
-- Settled cases of which a look is due and neither done nor lapsed, and that are not back already: a look each. Who is to
-- look is whoever holds the building, else the staff member that had the case.
SELECT
    i.id, i.version, i.category_code, step.days, due.due_on, i.closed_at, i.building_id,
    coalesce(
        nullif(CASE WHEN starts_with(b.name, c.name) THEN b.name ELSE concat(c.name, b.name) END, ''), g.name) AS place,
    ST_X(i.geom) AS longitude, ST_Y(i.geom) AS latitude, who.id AS party_id, who.name AS party,
    i.parent_id IS NOT NULL OR EXISTS (SELECT FROM relapse AS r WHERE r.incident_id = i.id) AS came_back,
    (SELECT count(*)
     FROM incident AS before
     WHERE before.community_id = i.community_id AND before.category_code = i.category_code
        AND before.closed_at <= i.reported_at AND before.closed_at > year.began_at AND before.id <> i.id
        AND coalesce(
            before.building_id = i.building_id
            -- 50 m are never more than 0.0009 of a degree in the country: the ellipsoid is asked of few.
            OR (before.geom && ST_Expand(i.geom, 0.0009)
                AND ST_DWithin(CAST(before.geom AS geography), CAST(i.geom AS geography), 50)), false)) AS earlier
FROM unnest(CAST(:days AS int[])) AS step (days)
CROSS JOIN unnest(CAST(:categories AS text[])) AS wanted (code)
JOIN mapped_category AS k ON k.code = wanted.code
JOIN incident AS i
    ON i.community_id = :community_id AND i.category_code = wanted.code AND i.sensitivity <> 'S3'
    AND i.closed_at >= CAST(CAST(:on_day AS date) - step.days - :lapse_days AS timestamp) AT TIME ZONE 'Asia/Shanghai'
    AND i.closed_at < CAST(CAST(:on_day AS date) - step.days + 1 AS timestamp) AT TIME ZONE 'Asia/Shanghai'
    -- What was passed on or could not be solved was not settled here.
    AND coalesce(i.outcome, 'resolved') NOT IN ('transferred', 'unresolvable')
CROSS JOIN LATERAL (
    SELECT CAST(i.closed_at AT TIME ZONE 'Asia/Shanghai' AS date) + step.days AS due_on OFFSET 0) AS due
CROSS JOIN LATERAL (SELECT i.reported_at - interval '365 days' AS began_at OFFSET 0) AS year
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
            AND e.at >= CAST(due.due_on AS timestamp) AT TIME ZONE 'Asia/Shanghai')
    AND NOT EXISTS (
        SELECT FROM incident AS again
        WHERE again.community_id = i.community_id AND again.category_code = i.category_code
            AND again.reported_at >= i.closed_at AND again.id <> i.id AND again.state NOT IN ('voided', 'rejected')
            AND coalesce(
                again.building_id = i.building_id
                OR (again.geom && ST_Expand(i.geom, 0.0009)
                    AND ST_DWithin(CAST(again.geom AS geography), CAST(i.geom AS geography), 50)), false))
ORDER BY due.due_on, i.id;

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
