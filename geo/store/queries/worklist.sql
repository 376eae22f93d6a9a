-- The list of cases that somebody works through. What the reader may not see, row-level security leaves out.
-- Every value stands in the query as a literal, so that conditions that are not asked for fold away and the planner
-- sees which index serves the rest.

-- name: list_cases(community_id, whose, own_party_id, own_building_ids, border_ids, place_layer, place_id, near, radius_m, categories, status, states, sources, unheld, due_before, since, until, patterns, most_searched, sort, after, after_walk, after_id, ids, most, most_counted, now)
WITH asked AS NOT MATERIALIZED (
    SELECT
        i.id, i.version, i.category_code, i.state, i.is_open, i.severity, i.source, i.reported_at, i.due_at,
        i.closed_at, i.building_id, i.compound_id, i.grid_id, i.party_id, i.parent_id, i.geom
    FROM incident AS i
    WHERE i.community_id = :community_id
        AND (CAST(:ids AS bigint[]) IS NULL OR i.id = ANY (CAST(:ids AS bigint[])))
        AND CASE :whose
            WHEN 'mine' THEN i.party_id = :own_party_id
            WHEN 'zones' THEN i.building_id = ANY (CAST(:own_building_ids AS bigint[]))
                OR i.id = ANY (CAST(:border_ids AS bigint[]))
            ELSE true
        END
        AND CASE :place_layer
            WHEN 'grids' THEN i.grid_id = :place_id
            WHEN 'compounds' THEN i.compound_id = :place_id
            WHEN 'buildings' THEN i.building_id = :place_id
            ELSE true
        END
        -- The box finds by the index, the distance on the ellipsoid decides.
        AND (CAST(:near AS text) IS NULL OR (
            i.geom && ST_Envelope(CAST(ST_Buffer(CAST(ST_GeomFromEWKT(:near) AS geography), :radius_m * 1.5) AS geometry))
            AND ST_DWithin(CAST(i.geom AS geography), CAST(ST_GeomFromEWKT(:near) AS geography), :radius_m)))
        AND (CAST(:categories AS text[]) IS NULL OR i.category_code = ANY (CAST(:categories AS text[])))
        AND CASE :status
            WHEN 'open' THEN i.is_open
            WHEN 'overdue' THEN i.is_open AND i.due_at < :now AND i.state <> 'suspended'
            -- Which of these are amber the clocks say, and the ids with them.
            WHEN 'amber' THEN i.is_open AND i.due_at >= :now AND i.state <> 'suspended'
            WHEN 'settled' THEN NOT i.is_open
            ELSE true
        END
        AND (CAST(:states AS text[]) IS NULL OR i.state = ANY (CAST(:states AS text[])))
        AND (CAST(:sources AS text[]) IS NULL OR i.source = ANY (CAST(:sources AS text[])))
        AND (NOT :unheld OR i.party_id IS NULL)
        AND (CAST(:due_before AS timestamptz) IS NULL OR i.due_at < :due_before)
        AND (CAST(:since AS timestamptz) IS NULL OR i.reported_at >= :since)
        AND (CAST(:until AS timestamptz) IS NULL OR i.reported_at < :until)
),
-- Words are looked for in the newest cases that meet everything else: no index finds two characters in a million texts.
said AS MATERIALIZED (
    SELECT s.incident_id
    FROM cases_saying(
        ARRAY(SELECT a.id FROM asked AS a ORDER BY a.reported_at DESC, a.id DESC LIMIT :most_searched),
        CAST(:patterns AS text[])) AS s
),
wanted AS NOT MATERIALIZED (
    SELECT a.* FROM asked AS a
    WHERE CAST(:patterns AS text[]) IS NULL OR a.id = ANY (ARRAY(SELECT s.incident_id FROM said AS s))
),
walk AS NOT MATERIALIZED (
    SELECT w.*, CASE :sort WHEN 'place' THEN concat(
            coalesce(lpad(c.code, 40), repeat('~', 40)), coalesce(lpad(b.code, 40), repeat('~', 40))) COLLATE "C" END AS walk
    FROM wanted AS w
    LEFT JOIN building AS b ON b.id = w.building_id
    LEFT JOIN compound AS c ON c.id = coalesce(b.compound_id, w.compound_id)
),
page AS MATERIALIZED (
    SELECT w.*, row_number() OVER () AS rank
    FROM (
        SELECT * FROM walk AS w
        WHERE CASE WHEN CAST(:after_id AS bigint) IS NULL THEN true ELSE
            CASE :sort
                WHEN 'place' THEN (w.walk, w.id) > (:after_walk, :after_id)
                WHEN 'newest' THEN (w.reported_at, w.id) < (CAST(:after AS timestamptz), :after_id)
                ELSE (coalesce(w.due_at, 'infinity'), w.id) > (coalesce(CAST(:after AS timestamptz), 'infinity'), :after_id)
            END END
        ORDER BY
            CASE :sort WHEN 'place' THEN w.walk END, CASE :sort WHEN 'newest' THEN w.reported_at END DESC,
            CASE :sort WHEN 'newest' THEN w.id END DESC, CASE :sort WHEN 'deadline' THEN w.due_at END, w.id
        LIMIT :most
    ) AS w
)
SELECT
    p.id, p.version, p.category_code, p.state, p.is_open, p.severity, p.source, p.reported_at, p.due_at,
    p.closed_at, words.title, coalesce(spot.name, CASE WHEN b.id IS NULL THEN words.address END, g.name) AS place,
    p.building_id, lead.name AS lead, p.party_id, p.parent_id,
    ST_X(p.geom) AS longitude, ST_Y(p.geom) AS latitude, p.id = ANY (CAST(:border_ids AS bigint[])) AS is_at_border,
    p.walk,
    (SELECT count(*) FROM (SELECT FROM wanted LIMIT :most_counted + 1) AS counted) AS total,
    CASE WHEN CAST(:patterns AS text[]) IS NULL THEN false ELSE
        (SELECT count(*) FROM (SELECT FROM asked LIMIT :most_searched + 1) AS searched) > :most_searched
    END AS was_cut
FROM page AS p
-- Each by its key: the view is a barrier, and joined it would be read as a whole. OFFSET keeps this from being a join.
LEFT JOIN LATERAL (
    SELECT k.title, k.address FROM case_words AS k WHERE k.incident_id = p.id OFFSET 0) AS words ON true
LEFT JOIN building AS b ON b.id = p.building_id
LEFT JOIN compound AS c ON c.id = coalesce(b.compound_id, p.compound_id)
LEFT JOIN grid AS g ON g.id = p.grid_id
LEFT JOIN party AS lead ON lead.id = p.party_id
CROSS JOIN LATERAL (
    SELECT nullif(CASE WHEN starts_with(b.name, c.name) THEN b.name ELSE concat(c.name, b.name) END, '') AS name
) AS spot
ORDER BY p.rank;

-- name: find_own(whose)^
-- Whose the reader's own cases are. They go into the list's query as values, for of what a function answers the
-- planner knows nothing, and would read years of cases to find that none is his.
SELECT app_party(), CASE :whose WHEN 'zones' THEN app_buildings() ELSE '{}' END;

-- name: list_border_cases(community_id, building_ids, reach_m)
SELECT incident_id FROM list_border_cases(:community_id, CAST(:building_ids AS bigint[]), :reach_m);

-- name: list_marks(community_id)
SELECT incident_id, returns, is_relapse, is_whistled FROM list_case_marks(:community_id);

-- name: list_similar(community_id, category_code, longitude, latitude, radius_m, since)
-- What may be the same: the category again, near by, of late.
SELECT i.id, i.state, i.reported_at, ST_Distance(CAST(i.geom AS geography), CAST(spot.geom AS geography)) AS metres
FROM ST_SetSRID(ST_MakePoint(:longitude, :latitude), 4490) AS spot (geom)
JOIN incident AS i
    ON i.community_id = :community_id AND i.category_code = :category_code AND i.reported_at >= :since
    AND ST_DWithin(CAST(i.geom AS geography), CAST(spot.geom AS geography), :radius_m)
WHERE i.state NOT IN ('voided', 'rejected')
ORDER BY metres, i.reported_at DESC
LIMIT 5;

-- name: list_earlier(incident_id, radius_m, most)
-- What may have come back in a case: settled before it was reported, at the same place. LATERAL, for a join would read
-- all cases of the community.
SELECT earlier.*
FROM incident AS again
CROSS JOIN LATERAL (
    SELECT
        before.id, before.closed_at, before.outcome,
        ST_Distance(CAST(before.geom AS geography), CAST(again.geom AS geography)) AS metres
    FROM incident AS before
    WHERE before.community_id = again.community_id AND before.category_code = again.category_code
        AND before.closed_at <= again.reported_at AND before.id <> again.id
        AND (
            before.building_id = again.building_id
            -- 1 m is never more than 1/50,000 of a degree in the country: the ellipsoid is asked of few.
            OR (before.geom && ST_Expand(again.geom, :radius_m / 50000.0)
                AND ST_DWithin(CAST(before.geom AS geography), CAST(again.geom AS geography), :radius_m)))
    ORDER BY before.closed_at DESC, before.id DESC
    LIMIT :most
) AS earlier
WHERE again.id = :incident_id
ORDER BY earlier.closed_at DESC, earlier.id DESC;

-- name: find_spot(community_id, longitude, latitude, reach_m)^
-- What somebody points at: whether it is in the community, and the building there or within reach.
SELECT
    ST_Covers(n.geom, spot.geom), near.id,
    CASE WHEN starts_with(near.name, near.compound) THEN near.name ELSE concat(near.compound, near.name) END
FROM ST_SetSRID(ST_MakePoint(:longitude, :latitude), 4490) AS spot (geom)
JOIN community AS n ON n.id = :community_id
LEFT JOIN LATERAL (
    SELECT b.id, b.name, c.name AS compound
    FROM building AS b
    LEFT JOIN compound AS c ON c.id = b.compound_id
    WHERE b.community_id = n.id AND b.geom && ST_Expand(spot.geom, :reach_m / 90000.0)
        AND ST_DWithin(CAST(b.geom AS geography), CAST(spot.geom AS geography), :reach_m)
    ORDER BY CAST(b.geom AS geography) <-> CAST(spot.geom AS geography), b.id
    LIMIT 1
) AS near ON true;
