-- Absences, who stands in, and what somebody has in hand. Runs as whoever acts.

-- name: list_absences(community_id, on_day)
-- Those in force on a day and those to come, with how many open cases are still with each.
SELECT
    a.id, a.party_id, p.name, a.valid_from, a.valid_to, a.stand_in_id, s.name, card.reason, card.note,
    (SELECT count(*) FROM incident AS i WHERE i.party_id = a.party_id AND i.is_open)
FROM absence AS a
JOIN party AS p ON p.id = a.party_id
LEFT JOIN party AS s ON s.id = a.stand_in_id
LEFT JOIN absence_card AS card ON card.absence_id = a.id
WHERE a.community_id = :community_id AND coalesce(a.valid_to, 'infinity') > CAST(:on_day AS date)
    AND a.valid_to IS DISTINCT FROM a.valid_from
ORDER BY a.valid_from, p.code;

-- name: list_substitutes(community_id, on_day)
-- Who holds the buildings of leads who are away or gone: lead, whoever holds them, buildings. No holder: nobody.
SELECT d.lead_party_id, d.party_id, p.name, count(DISTINCT d.building_id)
FROM building_duty(CAST(:on_day AS date)) AS d
LEFT JOIN party AS p ON p.id = d.party_id
WHERE d.community_id = :community_id AND d.lead_party_id IS DISTINCT FROM d.party_id AND d.lead_party_id IS NOT NULL
GROUP BY d.lead_party_id, d.party_id, p.name
ORDER BY count(DISTINCT d.building_id) DESC, p.name;

-- name: get_party(party_id)^
SELECT community_id, kind, name, active_from, active_to FROM party WHERE id = :party_id;

-- name: insert_absence(community_id, party_id, valid_from, valid_to, reason, note, stand_in_id)$
INSERT INTO absence (community_id, party_id, valid_from, valid_to, reason, note, stand_in_id)
VALUES (:community_id, :party_id, :valid_from, :valid_to, :reason, :note, :stand_in_id)
RETURNING id;

-- name: find_overlapping(party_id, valid_from, valid_to)$
SELECT a.valid_from FROM absence AS a
WHERE a.party_id = :party_id
    AND daterange(a.valid_from, a.valid_to) && daterange(CAST(:valid_from AS date), CAST(:valid_to AS date))
ORDER BY a.valid_from LIMIT 1;

-- name: get_absence(absence_id)^
SELECT community_id, party_id, valid_from, valid_to FROM absence WHERE id = :absence_id;

-- name: lock_absences(community_id)$
-- One who enters absences of a community after the other, so that both see who is there.
SELECT 1 FROM pg_advisory_xact_lock(hashtextextended('absence', :community_id));

-- name: end_absence(absence_id, valid_to)!
UPDATE absence SET valid_to = :valid_to WHERE id = :absence_id;

-- name: list_turning_days(community_id, valid_from, valid_to)
-- The days in a time on which somebody else goes away, a plan comes into force, or an appointment ends.
SELECT turn.day FROM (
    SELECT a.valid_from AS day FROM absence AS a WHERE a.community_id = :community_id
    UNION SELECT p.valid_from FROM zone_plan AS p WHERE p.community_id = :community_id AND p.state <> 'draft'
    UNION SELECT z.valid_to FROM zone_party AS z WHERE z.community_id = :community_id
    UNION SELECT t.active_to FROM party AS t WHERE t.community_id = :community_id AND t.kind = 'staff'
) AS turn
WHERE daterange(CAST(:valid_from AS date), CAST(:valid_to AS date)) @> turn.day
ORDER BY turn.day;

-- name: list_gaps(party_id, on_day)
-- Buildings that nobody holds on a day because a party is away: kind and building.
SELECT d.kind, d.building_id
FROM building_duty(CAST(:on_day AS date)) AS d
WHERE d.party_id IS NULL AND (
    EXISTS (
        SELECT FROM zone_party AS post
        WHERE post.zone_id = d.zone_id AND post.party_id = :party_id
            AND daterange(post.valid_from, post.valid_to) @> CAST(:on_day AS date))
    OR EXISTS (
        SELECT FROM absence_cover AS cover
        JOIN absence AS cause ON cause.id = cover.absence_id
            AND daterange(cause.valid_from, cause.valid_to) @> CAST(:on_day AS date)
        WHERE cover.building_id = d.building_id AND cover.kind = d.kind AND cover.party_id = :party_id))
ORDER BY d.kind, d.building_id;

-- name: list_held(community_id, kind, on_day)
-- Who holds which building.
SELECT h.building_id, h.party_id FROM building_holder(CAST(:on_day AS date)) AS h
WHERE h.community_id = :community_id AND h.kind = :kind;

-- name: list_takers(community_id, kind, on_day)
-- Who is there to take buildings: those appointed in the plan of the kind and not away; where it has nobody else,
-- whoever of the staff holds a post.
WITH present AS (
    SELECT p.id, p.kind, p.code
    FROM party AS p
    WHERE p.community_id = :community_id AND daterange(p.active_from, p.active_to) @> CAST(:on_day AS date)
        AND NOT EXISTS (
            SELECT FROM absence AS away
            WHERE away.party_id = p.id AND daterange(away.valid_from, away.valid_to) @> CAST(:on_day AS date))
), colleagues AS (
    SELECT p.id FROM present AS p
    WHERE EXISTS (
        SELECT FROM zone_duty(CAST(:on_day AS date)) AS d
        JOIN zone_party AS post ON post.zone_id = d.zone_id AND post.party_id = p.id
            AND daterange(post.valid_from, post.valid_to) @> CAST(:on_day AS date)
        WHERE d.community_id = :community_id AND d.kind = :kind)
)
SELECT c.id FROM colleagues AS c
UNION
SELECT p.id FROM present AS p
WHERE NOT EXISTS (SELECT FROM colleagues) AND :kind IN ('grid_worker', 'inspection') AND EXISTS (
    SELECT FROM post AS o
    WHERE o.party_id = p.id AND daterange(o.valid_from, o.valid_to) @> CAST(:on_day AS date))
ORDER BY 1;

-- name: insert_cover(absence_id, community_id, building_id, kind, party_id)!
INSERT INTO absence_cover (absence_id, community_id, building_id, kind, party_id)
VALUES (:absence_id, :community_id, :building_id, :kind, :party_id)
ON CONFLICT DO NOTHING;

-- name: list_stranded_cases(community_id, on_day)
-- Open cases of those who are away or gone: case, version, its party, and who does that party's work. Nobody where grid
-- workers do not see such cases.
SELECT i.id, i.version, i.party_id,
    CASE WHEN i.category_code <> ALL (CAST((SELECT sealed_categories()) AS text[]))
        THEN acting_party(i.party_id, i.building_id, CAST(:on_day AS date)) END
FROM incident AS i
JOIN party AS p ON p.id = i.party_id
WHERE i.community_id = :community_id AND i.is_open AND (
    NOT daterange(p.active_from, p.active_to) @> CAST(:on_day AS date)
    OR EXISTS (
        SELECT FROM absence AS away
        WHERE away.party_id = p.id AND daterange(away.valid_from, away.valid_to) @> CAST(:on_day AS date)))
ORDER BY i.id;

-- name: forget_awaiting(incident_id, version, position)!
-- Those to whom a case does not come back: everybody where it has been worked on since, and from a position on.
DELETE FROM absence_case
WHERE incident_id = :incident_id AND (version <> :version OR position >= CAST(:position AS integer));

-- name: raise_awaiting(incident_id, version)!
-- The case goes on by itself, to its next version.
UPDATE absence_case SET version = :version + 1 WHERE incident_id = :incident_id;

-- name: insert_awaiting(incident_id, community_id, party_id, version)!
INSERT INTO absence_case (incident_id, position, community_id, party_id, version)
SELECT :incident_id, coalesce(max(c.position), 0) + 1, :community_id, :party_id, :version + 1
FROM absence_case AS c WHERE c.incident_id = :incident_id;

-- name: list_awaited_cases(community_id, on_day)
-- Open cases that went on because somebody was away and are as they were then, where somebody of those they were with is
-- there: case, version, the first of those, and where he stands among them.
SELECT i.id, i.version, home.party_id, home.position
FROM incident AS i
JOIN LATERAL (
    SELECT c.party_id, c.position
    FROM absence_case AS c
    JOIN party AS p ON p.id = c.party_id AND daterange(p.active_from, p.active_to) @> CAST(:on_day AS date)
    WHERE c.incident_id = i.id AND c.version = i.version
        AND NOT EXISTS (
            SELECT FROM absence AS away
            WHERE away.party_id = c.party_id AND daterange(away.valid_from, away.valid_to) @> CAST(:on_day AS date))
    ORDER BY c.position LIMIT 1
) AS home ON home.party_id <> i.party_id
WHERE i.is_open
    AND i.id IN (SELECT c.incident_id FROM absence_case AS c WHERE c.community_id = :community_id)
ORDER BY i.id;

-- name: list_returns(community_id, since, on_day)
-- Who has come back after a day and until another: name, day, cases that came back, cases that stay with whoever has
-- begun them.
SELECT
    p.name, a.valid_to,
    (SELECT count(DISTINCT e.incident_id) FROM incident_event AS e
     WHERE e.to_party_id = a.party_id AND e.move = 'hand_over' AND e.reason = 'holder_back'
        AND e.at >= CAST(a.valid_to AS timestamp) AT TIME ZONE 'Asia/Shanghai'),
    (SELECT count(*) FROM incident AS i
     WHERE i.is_open AND i.party_id <> a.party_id
        AND i.id IN (SELECT c.incident_id FROM absence_case AS c WHERE c.party_id = a.party_id))
FROM absence AS a
JOIN party AS p ON p.id = a.party_id
WHERE a.community_id = :community_id AND a.valid_to > a.valid_from
    AND a.valid_to > CAST(:since AS date) AND a.valid_to <= CAST(:on_day AS date)
ORDER BY a.valid_to, p.code;

-- name: find_acting(party_id, building_id, on_day)$
SELECT acting_party(:party_id, CAST(:building_id AS bigint), CAST(:on_day AS date));

-- name: end_service(party_id, last_day)$
SELECT end_service(:party_id, CAST(:last_day AS date));

-- name: list_duties(party_id, on_day)
-- What a party is and has on a day, and who has it from the next on if nobody does anything.
SELECT duty.kind, duty.id, duty.name, duty.count, duty.successor FROM (
    SELECT 1 AS nth, 'post' AS kind, o.id, o.title AS name, 0 AS count, CAST(NULL AS text) AS successor
    FROM post AS o
    WHERE o.party_id = :party_id AND daterange(o.valid_from, o.valid_to) @> CAST(:on_day AS date)
    UNION ALL
    SELECT 2, 'zone_' || a.role, z.id, z.name,
        (SELECT count(*) FROM zone_unit AS u WHERE u.zone_id = z.id),
        CASE a.role WHEN 'lead' THEN (
            SELECT p.name FROM zone_party AS b
            JOIN party AS p ON p.id = b.party_id
                AND daterange(p.active_from, p.active_to) @> CAST(:on_day AS date) + 1
            WHERE b.zone_id = z.id AND b.party_id <> a.party_id
                AND daterange(b.valid_from, b.valid_to) @> CAST(:on_day AS date) + 1
            ORDER BY b.role <> 'lead', b.valid_from, b.id LIMIT 1) END
    FROM zone_party AS a
    JOIN zone AS z ON z.id = a.zone_id
    JOIN zone_plan AS plan ON plan.id = z.plan_id
    WHERE a.party_id = :party_id AND daterange(a.valid_from, a.valid_to) @> CAST(:on_day AS date)
        AND plan.state <> 'draft' AND coalesce(plan.valid_to, 'infinity') > CAST(:on_day AS date)
    UNION ALL
    SELECT 3, 'duty_rule', rule.id, coalesce(k.name, ''), 0, NULL
    FROM duty_rule AS rule
    LEFT JOIN category AS k ON k.code = rule.category_code
    WHERE rule.position IS NOT NULL
        AND :party_id IN (rule.lead_party_id, rule.supervisor_party_id, rule.helper_party_id)
    UNION ALL
    SELECT 4, 'organisation', o.id, o.name, 0, NULL
    FROM membership AS m
    JOIN party AS o ON o.id = m.organisation_id
    WHERE m.member_id = :party_id AND m.role <> 'member'
        AND daterange(m.valid_from, m.valid_to) @> CAST(:on_day AS date)
    UNION ALL
    SELECT 5, 'compound', c.id, c.name, (SELECT count(*) FROM building AS b WHERE b.compound_id = c.id), NULL
    FROM compound AS c WHERE c.property_company_id = :party_id
    UNION ALL
    SELECT 6, 'stand_in', a.id, p.name, 0, NULL
    FROM absence AS a
    JOIN party AS p ON p.id = a.party_id
    WHERE coalesce(a.valid_to, 'infinity') > CAST(:on_day AS date) + 1
        AND a.valid_to IS DISTINCT FROM a.valid_from AND (
        a.stand_in_id = :party_id OR EXISTS (
            SELECT FROM absence_cover AS c WHERE c.absence_id = a.id AND c.party_id = :party_id))
    UNION ALL
    SELECT 7, 'open_cases', NULL, '', count(*), NULL
    FROM incident AS i WHERE i.party_id = :party_id AND i.is_open
    HAVING count(*) > 0
) AS duty
ORDER BY duty.nth, duty.count DESC, duty.name;

-- name: list_handed_cases(party_id, on_day)
-- The open cases of a party and of the buildings it leads, with the last that was done: those due first at the front.
SELECT
    i.id, i.category_code, i.state, i.severity,
    coalesce(nullif(CASE WHEN starts_with(b.name, c.name) THEN b.name ELSE concat(c.name, b.name) END, ''), g.name),
    words.title, now_with.name, i.reported_at, i.due_at,
    last.at, last.kind, last.move, last.to_state, actor.name, notes.note
FROM incident AS i
LEFT JOIN building AS b ON b.id = i.building_id
LEFT JOIN compound AS c ON c.id = coalesce(b.compound_id, i.compound_id)
LEFT JOIN grid AS g ON g.id = i.grid_id
LEFT JOIN party AS now_with ON now_with.id = i.party_id
LEFT JOIN LATERAL (
    SELECT k.title FROM case_words AS k WHERE k.incident_id = i.id OFFSET 0) AS words ON true
-- Going to whoever stands in is not what was done about the case.
LEFT JOIN LATERAL (
    SELECT e.id, e.at, e.kind, e.move, e.to_state, e.actor_party_id
    FROM incident_event AS e WHERE e.incident_id = i.id AND e.kind <> 'handed_over'
    ORDER BY e.at DESC, e.id DESC LIMIT 1) AS last ON true
LEFT JOIN LATERAL (
    SELECT n.note FROM case_notes AS n WHERE n.incident_id = i.id AND n.event_id = last.id OFFSET 0) AS notes ON true
LEFT JOIN party AS actor ON actor.id = last.actor_party_id
WHERE i.is_open AND i.community_id = (SELECT p.community_id FROM party AS p WHERE p.id = :party_id) AND (
    i.party_id = :party_id OR i.building_id IN (
        SELECT d.building_id FROM building_duty(CAST(:on_day AS date)) AS d
        WHERE d.lead_party_id = :party_id AND d.kind = 'grid_worker'))
ORDER BY i.due_at NULLS LAST, i.reported_at, i.id;

-- name: list_handed_buildings(party_id, on_day)
-- The buildings a party leads, with who holds them now and the last visit; those visited longest ago first.
SELECT
    b.id, CASE WHEN starts_with(b.name, c.name) THEN b.name ELSE concat(c.name, b.name) END, b.households, holder.name,
    (SELECT max(v.at) FROM visit AS v WHERE v.building_id = b.id) AS visited_at
FROM building_duty(CAST(:on_day AS date)) AS d
JOIN building AS b ON b.id = d.building_id
LEFT JOIN compound AS c ON c.id = b.compound_id
LEFT JOIN party AS holder ON holder.id = d.party_id
WHERE d.lead_party_id = :party_id AND d.kind = 'grid_worker'
ORDER BY visited_at NULLS FIRST, b.code;
