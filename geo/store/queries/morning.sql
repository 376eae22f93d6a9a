-- One community as it stands in the morning. What the reader may not see, row-level security leaves out.

-- name: list_open_cases(community_id, now, on_day)
-- Every open case with what makes it urgent. A building's zone is that of the grid workers' plan in force.
SELECT
    i.id, i.category_code, k.parent_code AS group_code, k.name AS category, k.name_en AS category_en,
    i.sensitivity = 'S3' OR i.category_code = ANY (CAST((SELECT sealed_categories()) AS text[])) AS is_sensitive,
    i.severity, i.state, i.reported_at, i.due_at, i.building_id,
    CASE WHEN starts_with(b.name, c.name) THEN b.name ELSE nullif(concat(c.name, b.name), '') END AS place,
    g.name AS grid, coalesce(c.is_three_no, false) AS is_three_no,
    CAST(b.elderly AS double precision) / nullif(b.residents, 0) AS elderly_share,
    ST_X(i.geom) AS longitude, ST_Y(i.geom) AS latitude, i.party_id, lead.name AS lead, held.zone_id,
    (SELECT count(*) FROM relapse AS r WHERE r.incident_id = i.id) AS relapses,
    coalesce((SELECT n.returns FROM bounce AS n WHERE n.incident_id = i.id), 0) AS returns,
    EXISTS (SELECT FROM incident_event AS e WHERE e.incident_id = i.id AND e.kind = 'supervised') AS is_supervised,
    EXISTS (SELECT FROM unanswered_whistle AS w WHERE w.incident_id = i.id) AS is_whistle_open,
    (SELECT count(*) FROM incident AS other
     WHERE other.building_id = i.building_id AND other.id <> i.id
        AND other.reported_at > CAST(:now AS timestamptz) - interval '30 days'
        AND other.category_code IN (SELECT same.code FROM category AS same WHERE same.parent_code = k.parent_code)
    ) AS same_place
FROM incident AS i
JOIN category AS k ON k.code = i.category_code
LEFT JOIN building AS b ON b.id = i.building_id
LEFT JOIN compound AS c ON c.id = coalesce(b.compound_id, i.compound_id)
LEFT JOIN grid AS g ON g.id = i.grid_id
LEFT JOIN party AS lead ON lead.id = i.party_id
LEFT JOIN LATERAL (
    SELECT u.zone_id
    FROM zone_unit AS u
    JOIN zone_plan AS p ON p.id = u.plan_id
    WHERE u.building_id = i.building_id AND p.kind = 'grid_worker' AND p.state <> 'draft'
        AND daterange(p.valid_from, p.valid_to) @> CAST(:on_day AS date)
) AS held ON true
WHERE i.community_id = :community_id AND i.is_open
ORDER BY i.due_at NULLS LAST, i.reported_at, i.id;

-- name: list_open_clocks(community_id)
-- What the clock of each open case goes by: when its time began, until when, and what it is counted in.
SELECT
    i.id, coalesce((
        SELECT max(e.at) FROM incident_event AS e WHERE e.incident_id = i.id AND e.kind = 'reopened'), i.reported_at),
    i.due_at, coalesce(rule.deadline_unit, own.deadline_unit, k.deadline_unit, 'working_day')
FROM incident AS i
JOIN category AS k ON k.code = i.category_code
LEFT JOIN community_category AS own ON own.community_id = i.community_id AND own.category_code = i.category_code
LEFT JOIN duty_rule AS rule ON rule.id = i.duty_rule_id
WHERE i.community_id = :community_id AND i.is_open
ORDER BY i.id;

-- name: list_open_pauses(community_id)
-- When the clocks of open cases stood: from each suspension to the next step that left it, if it was left.
SELECT p.incident_id, p.at, p.ended_at FROM (
    SELECT e.incident_id, e.at, e.from_state, e.to_state, (
        SELECT min(later.at) FROM incident_event AS later
        WHERE later.incident_id = e.incident_id AND later.at > e.at
            AND later.from_state = 'suspended' AND later.to_state <> 'suspended') AS ended_at
    FROM incident AS i
    JOIN incident_event AS e ON e.incident_id = i.id
    WHERE i.community_id = :community_id AND i.is_open
) AS p
WHERE p.to_state = 'suspended' AND p.from_state IS DISTINCT FROM 'suspended'
ORDER BY p.incident_id, p.at;

-- name: count_reported(community_id, since, until)$
SELECT count(*) FROM incident
WHERE community_id = :community_id AND reported_at >= CAST(:since AS timestamptz)
    AND reported_at < CAST(:until AS timestamptz);

-- name: count_settled(community_id, since, until)$
-- By category, as the index has them.
SELECT coalesce(sum(settled.cases), 0)
FROM category AS k
CROSS JOIN LATERAL (
    SELECT count(*) AS cases FROM incident AS i
    WHERE i.community_id = :community_id AND i.category_code = k.code
        AND i.closed_at >= CAST(:since AS timestamptz) AND i.closed_at < CAST(:until AS timestamptz)
) AS settled;

-- name: list_unheld_buildings(community_id, on_day)
-- Those that the plan in force leaves to nobody on purpose, and says why, are not among them.
SELECT b.id, CASE WHEN starts_with(b.name, c.name) THEN b.name ELSE concat(c.name, b.name) END, b.households
FROM building AS b
LEFT JOIN compound AS c ON c.id = b.compound_id
WHERE b.community_id = :community_id AND b.id NOT IN (
    SELECT h.building_id FROM building_holder(CAST(:on_day AS date)) AS h
    WHERE h.community_id = :community_id AND h.kind = 'grid_worker'
    UNION ALL
    SELECT g.building_id
    FROM zone_plan AS p
    JOIN zone_gap AS g ON g.plan_id = p.id
    WHERE p.community_id = :community_id AND p.kind = 'grid_worker' AND p.state <> 'draft'
        AND daterange(p.valid_from, p.valid_to) @> CAST(:on_day AS date))
ORDER BY b.households DESC, b.code;

-- name: list_unknown_buildings(community_id, since)
-- Neither an incident nor a visit since then, to the building or a shop in it: nobody has looked, which is not calm. As
-- in coverage, what is sealed or sensitive is no word of a building, so that everybody reads the same number.
SELECT
    b.id, CASE WHEN starts_with(b.name, c.name) THEN b.name ELSE concat(c.name, b.name) END, b.households
FROM building AS b
LEFT JOIN compound AS c ON c.id = b.compound_id
WHERE b.community_id = :community_id
    AND NOT EXISTS (
        SELECT FROM incident AS i
        WHERE i.building_id = b.id AND i.reported_at >= CAST(:since AS timestamptz) AND i.sensitivity <> 'S3'
            AND i.category_code <> ALL (CAST((SELECT sealed_categories()) AS text[])) OFFSET 0)
    AND NOT EXISTS (
        SELECT FROM visit AS v WHERE v.building_id = b.id AND v.at >= CAST(:since AS timestamptz) OFFSET 0)
    AND NOT EXISTS (
        SELECT FROM merchant AS m
        JOIN visit AS v ON v.merchant_id = m.id
        WHERE m.building_id = b.id AND v.at >= CAST(:since AS timestamptz) OFFSET 0)
ORDER BY b.households DESC, b.code;

-- name: list_zones(community_id, on_day)
-- Those of the grid workers' plan in force, with whoever leads it that day, or those who share it meanwhile, if any.
SELECT z.id, z.name, coalesce(holder.name, sharing.names), count(u.building_id), coalesce(sum(b.households), 0)
FROM zone_duty(CAST(:on_day AS date)) AS d
JOIN zone AS z ON z.id = d.zone_id
LEFT JOIN party AS holder ON holder.id = d.party_id
LEFT JOIN LATERAL (
    SELECT string_agg(DISTINCT p.name, '、') AS names
    FROM building_duty(CAST(:on_day AS date)) AS shared
    JOIN party AS p ON p.id = shared.party_id
    WHERE d.party_id IS NULL AND shared.zone_id = d.zone_id
) AS sharing ON true
LEFT JOIN zone_unit AS u ON u.zone_id = z.id
LEFT JOIN building AS b ON b.id = u.building_id
WHERE d.community_id = :community_id AND d.kind = 'grid_worker'
GROUP BY z.id, z.code, z.name, holder.name, sharing.names
ORDER BY z.code;

-- name: list_staff(community_id, on_day)
-- Whoever holds a post on the day and is still there.
SELECT p.id, p.name
FROM party AS p
WHERE p.community_id = :community_id AND daterange(p.active_from, p.active_to) @> CAST(:on_day AS date)
    AND EXISTS (
        SELECT FROM post AS o
        WHERE o.party_id = p.id AND daterange(o.valid_from, o.valid_to) @> CAST(:on_day AS date))
ORDER BY p.code;

-- name: has_history(community_id)$
SELECT EXISTS (SELECT FROM incident WHERE community_id = :community_id)
    OR EXISTS (SELECT FROM visit WHERE community_id = :community_id);
