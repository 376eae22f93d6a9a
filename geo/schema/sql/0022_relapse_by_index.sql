-- What came back is looked for among what was settled in the thirty days before, also for those who see some rows only.
-- The view as 0016 made it, with the beginning of these days as a value of its own: row-level security lets an index
-- compare values, not work them out. Where it was is asked of those few, for the index of places finds thousands.
CREATE OR REPLACE VIEW relapse WITH (security_invoker = true) AS
    SELECT
        again.id AS incident_id, again.community_id, before.id AS earlier_id, before.closed_at AS earlier_closed_at
    FROM incident AS again
    JOIN category AS kind ON kind.code = again.category_code AND kind.parent_code NOT IN ('E10', 'E12')
    CROSS JOIN LATERAL (SELECT again.reported_at - interval '30 days' AS began_at OFFSET 0) AS days
    JOIN incident AS before
        ON before.community_id = again.community_id
        AND before.category_code = again.category_code
        AND before.closed_at <= again.reported_at
        AND before.closed_at > days.began_at
        AND before.id <> again.id
        AND coalesce(
            before.building_id = again.building_id
            -- 50 m are never more than 0.0009 of a degree in the country: the ellipsoid is asked of few.
            OR (before.geom && ST_Expand(again.geom, 0.0009)
                AND ST_DWithin(CAST(before.geom AS geography), CAST(again.geom AS geography), 50)), false)
    UNION
    SELECT again.id, again.community_id, before.id, before.closed_at
    FROM incident AS again
    JOIN incident AS before ON before.id = again.parent_id;
