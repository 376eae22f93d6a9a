-- What a morning asks of the cases: which came back, which nobody wanted, who was called and has not come.

-- Earlier cases of the same kind at the same place, by when they were settled.
CREATE INDEX incident_settled ON incident (community_id, category_code, closed_at) WHERE closed_at IS NOT NULL;
CREATE INDEX incident_event_returned ON incident_event (incident_id) WHERE to_state = 'returned';
CREATE INDEX incident_event_watched ON incident_event (incident_id, kind) WHERE kind IN ('supervised', 'whistled');

-- 回潮: the same category again at the same building, or within 50 m, within 30 days after it was settled. What people
-- come and ask for is not a nuisance that came back: care (E10) and enquiries (E12) do not count. And what somebody has
-- linked by hand. One row for each earlier case, seen by those who see both.
CREATE VIEW relapse WITH (security_invoker = true) AS
    SELECT
        again.id AS incident_id, again.community_id, before.id AS earlier_id, before.closed_at AS earlier_closed_at
    FROM incident AS again
    JOIN category AS kind ON kind.code = again.category_code AND kind.parent_code NOT IN ('E10', 'E12')
    JOIN incident AS before
        ON before.community_id = again.community_id
        AND before.category_code = again.category_code
        AND before.closed_at <= again.reported_at
        AND before.closed_at > again.reported_at - interval '30 days'
        AND before.id <> again.id
        AND (
            before.building_id = again.building_id
            -- 50 m are never more than 0.0009 of a degree in the country: the ellipsoid is asked of few.
            OR (before.geom && ST_Expand(again.geom, 0.0009)
                AND ST_DWithin(CAST(before.geom AS geography), CAST(again.geom AS geography), 50)))
    UNION
    SELECT again.id, again.community_id, before.id, before.closed_at
    FROM incident AS again
    JOIN incident AS before ON before.id = again.parent_id;

-- Cases sent back, and how often.
CREATE VIEW bounce WITH (security_invoker = true) AS
    SELECT incident_id, community_id, count(*) AS returns
    FROM incident_event
    WHERE to_state = 'returned'
    GROUP BY incident_id, community_id;

-- 吹哨: a party was called to an open case and has not arrived since.
CREATE VIEW unanswered_whistle WITH (security_invoker = true) AS
    SELECT call.incident_id, call.community_id, call.at, call.to_party_id
    FROM incident_event AS call
    JOIN incident AS i ON i.id = call.incident_id AND i.is_open
    WHERE call.kind = 'whistled'
        AND NOT EXISTS (
            SELECT FROM incident_event AS arrival
            WHERE arrival.incident_id = call.incident_id AND arrival.kind = 'arrived'
                AND (arrival.at, arrival.id) > (call.at, call.id)
                AND arrival.to_party_id IS NOT DISTINCT FROM call.to_party_id);

GRANT SELECT ON relapse, bounce, unanswered_whistle TO wangge_app;
