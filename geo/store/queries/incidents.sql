-- One case: where it is, taking it in, acting on it, reading it. Runs as whoever acts.

-- name: place_report(community_id, longitude, latitude, building_id, compound_id, merchant_id, day)^
-- Where a report lies: whether what it names is there, its point and what that is worth, and what it lies in.
WITH named AS (
    SELECT
        c.id AS community_id,
        b.id AS building_id, b.anchor, coalesce(k.id, b.compound_id) AS compound_id, k.geom AS compound_geom,
        m.id AS merchant_id, m.geom AS merchant_geom, m.building_id AS merchant_building_id,
        CASE
            WHEN CAST(:longitude AS float) IS NOT NULL
                THEN ST_SetSRID(ST_MakePoint(CAST(:longitude AS float), CAST(:latitude AS float)), 4490)
        END AS point
    FROM community AS c
    LEFT JOIN merchant AS m ON m.id = CAST(:merchant_id AS bigint) AND m.community_id = c.id
    LEFT JOIN building AS b ON b.id = coalesce(CAST(:building_id AS bigint), m.building_id) AND b.community_id = c.id
    LEFT JOIN compound AS k ON k.id = CAST(:compound_id AS bigint) AND k.community_id = c.id
    WHERE c.id = :community_id
), placed AS (
    SELECT
        *,
        coalesce(point, merchant_geom, anchor, ST_PointOnSurface(compound_geom)) AS geom,
        CASE
            WHEN point IS NOT NULL THEN 'manual'
            WHEN merchant_geom IS NOT NULL OR anchor IS NOT NULL THEN 'building'
            WHEN compound_geom IS NOT NULL THEN 'compound'
            ELSE 'none'
        END AS geocode_quality
    FROM named
), found AS (
    SELECT
        placed.*,
        coalesce(placed.building_id, (
            SELECT b.id FROM building AS b
            WHERE b.community_id = placed.community_id AND ST_Covers(b.geom, placed.point) ORDER BY b.id LIMIT 1
        )) AS in_building_id
    FROM placed
)
SELECT
    ST_AsEWKT(found.geom) AS geom, found.geocode_quality, found.in_building_id,
    coalesce(
        found.compound_id,
        (SELECT b.compound_id FROM building AS b WHERE b.id = found.in_building_id),
        (SELECT k.id FROM compound AS k
         WHERE k.community_id = found.community_id AND ST_Covers(k.geom, found.point) ORDER BY k.id LIMIT 1)),
    (SELECT g.id FROM grid AS g
     WHERE g.community_id = found.community_id AND g.kind = 'community' AND g.period @> CAST(:day AS date)
        AND ST_Covers(g.geom, found.geom) ORDER BY g.id LIMIT 1),
    found.merchant_id,
    found.building_id IS NOT NULL OR CAST(:building_id AS bigint) IS NULL,
    found.compound_geom IS NOT NULL OR CAST(:compound_id AS bigint) IS NULL,
    found.merchant_id IS NOT NULL OR CAST(:merchant_id AS bigint) IS NULL,
    found.geom IS NULL OR ST_Covers(c.geom, found.geom)
FROM found
JOIN community AS c ON c.id = found.community_id;

-- name: insert_report(community_id, category_code, source, request_kind, severity, title, description, address, geom, geocode_quality, building_id, compound_id, grid_id, merchant_id, party_id, duty_rule_id, reported_at, due_at, client_id)!
-- Without RETURNING: whoever takes in a sealed case may not see it.
INSERT INTO incident (
    community_id, category_code, source, request_kind, severity, title, description, address, geom, geocode_quality,
    building_id, compound_id, grid_id, merchant_id, party_id, duty_rule_id, reported_at, due_at, client_id)
VALUES (
    :community_id, :category_code, :source, :request_kind, :severity, :title, :description, :address,
    CAST(CAST(:geom AS text) AS geometry), :geocode_quality, :building_id, :compound_id, :grid_id, :merchant_id,
    :party_id, :duty_rule_id, :reported_at, :due_at, :client_id);

-- name: find_report(community_id, client_id)$
SELECT find_report(:community_id, CAST(:client_id AS text));

-- name: has_category(code)$
SELECT EXISTS (SELECT FROM category WHERE code = CAST(:code AS text));

-- name: insert_requester(incident_id, community_id, name, phone, room, wants_secrecy)!
INSERT INTO incident_requester (incident_id, community_id, name, phone, room, wants_secrecy)
VALUES (:incident_id, :community_id, :name, :phone, :room, :wants_secrecy);

-- name: insert_event(incident_id, move, version, reason, note, to_party_id, suggested_party_id, due_at, original_due_at, outcome, rating, payload)!
INSERT INTO incident_event (
    incident_id, move, expected_version, reason, note, to_party_id, suggested_party_id, due_at, original_due_at, outcome,
    rating, payload)
VALUES (
    :incident_id, :move, :version, :reason, :note, :to_party_id, :suggested_party_id, :due_at, :original_due_at,
    :outcome, :rating, CAST(:payload AS jsonb));

-- name: get_clock_facts(incident_id)^
-- What the clock of a case goes by.
SELECT community_id, category_code, state, party_id, duty_rule_id, reported_at, due_at, original_due_at, version,
    building_id, compound_id, merchant_id, ST_X(geom), ST_Y(geom)
FROM incident WHERE id = :incident_id;

-- name: find_pause_start(incident_id)$
-- Since when a suspended case is suspended.
SELECT min(e.at) FROM incident_event AS e
WHERE e.incident_id = :incident_id AND e.to_state = 'suspended' AND e.at >= coalesce((
    SELECT max(other.at) FROM incident_event AS other
    WHERE other.incident_id = :incident_id AND other.from_state = 'suspended' AND other.to_state <> 'suspended'), '-infinity');

-- name: find_sending(incident_id)$
-- Whether the case has been sent to somebody before.
SELECT EXISTS (SELECT FROM incident_event WHERE incident_id = :incident_id AND to_state = 'dispatched');

-- name: find_asked_due(incident_id)$
-- The time that was last asked for in an extension.
SELECT due_at FROM incident_event
WHERE incident_id = :incident_id AND move = 'request_extension' ORDER BY version DESC LIMIT 1;

-- name: list_changes_since(incident_id, version)
-- What has happened since a version, and who did it.
SELECT coalesce(p.name, replace(e.role, '_', ' ')), e.move, e.at
FROM incident_event AS e
LEFT JOIN party AS p ON p.id = e.actor_party_id
WHERE e.incident_id = :incident_id AND e.version > :version
ORDER BY e.version;

-- name: get_case(incident_id)^
SELECT
    i.id, i.version, i.community_id, i.category_code, c.name, c.name_en, c.call_first, i.source, i.request_kind,
    i.severity, i.sensitivity, i.state, i.is_open, i.external_id, ST_X(i.geom), ST_Y(i.geom), i.geocode_quality,
    i.building_id, b.name, i.compound_id, k.name, i.grid_id, g.name, i.merchant_id, m.name, i.party_id, p.name,
    i.parent_id, i.duty_rule_id, i.reported_at, i.first_response_at, i.due_at, i.original_due_at, i.handled_at,
    i.closed_at, i.outcome, is_own_case(i.id),
    (SELECT count(*) FROM incident_event AS e WHERE e.incident_id = i.id AND e.to_state = 'returned')
FROM incident AS i
JOIN category AS c ON c.code = i.category_code
LEFT JOIN building AS b ON b.id = i.building_id
LEFT JOIN compound AS k ON k.id = i.compound_id
LEFT JOIN grid AS g ON g.id = i.grid_id
LEFT JOIN merchant AS m ON m.id = i.merchant_id
LEFT JOIN party AS p ON p.id = i.party_id
WHERE i.id = :incident_id;

-- name: get_words(incident_id)^
SELECT title, description, address FROM case_words WHERE incident_id = :incident_id;

-- name: get_requester(incident_id)^
SELECT name, phone, wants_secrecy FROM requester_card WHERE incident_id = :incident_id;

-- name: list_events(incident_id)
-- In the order they happened; of history told by an import, in the order of its times.
SELECT
    e.at, e.kind, e.move, e.version, e.from_state, e.to_state, e.role, e.actor_party_id, actor.name, e.to_party_id,
    target.name, e.suggested_party_id, suggested.name, e.reason, e.due_at, e.original_due_at, e.outcome, e.rating,
    n.note, k.correction, e.id
FROM incident_event AS e
-- Each view is asked for the one case: joined by the event alone, it would be worked out for all of them.
LEFT JOIN case_notes AS n ON n.event_id = e.id AND n.incident_id = :incident_id
LEFT JOIN case_corrections AS k ON k.event_id = e.id AND k.incident_id = :incident_id
LEFT JOIN party AS actor ON actor.id = e.actor_party_id
LEFT JOIN party AS target ON target.id = e.to_party_id
LEFT JOIN party AS suggested ON suggested.id = e.suggested_party_id
WHERE e.incident_id = :incident_id
ORDER BY e.version NULLS FIRST, e.at, e.id;

-- name: list_photos(incident_id)
SELECT id, event_id, media_type, width_px, height_px FROM incident_photo
WHERE incident_id = :incident_id ORDER BY event_id, position;

-- name: unseal_case(incident_id, reason)^
SELECT title, description, address, photos FROM unseal_case(:incident_id, :reason);

-- name: unmask_requester(incident_id, reason)^
SELECT name, phone, room FROM unmask_requester(:incident_id, :reason);

-- name: attach_photo(incident_id, version, position, sha256, media_type, width_px, height_px)$
SELECT attach_photo(
    :incident_id, :version, CAST(:position AS smallint), :sha256, :media_type, :width_px, :height_px);

-- name: get_photo(photo_id)^
SELECT sha256, media_type FROM incident_photo WHERE id = :photo_id;

-- name: find_hand(party_id, building_id, category_code, day)$
-- Who of the residents' committee holds a building; nothing where the party is another, or the case is sealed to him.
SELECT h.party_id
FROM building_holder(CAST(:day AS date)) AS h
JOIN party AS committee ON committee.id = :party_id AND committee.kind = 'residents_committee'
WHERE h.building_id = CAST(:building_id AS bigint) AND h.kind = 'grid_worker'
    AND h.community_id = committee.community_id
    AND CAST(:category_code AS text) <> ALL (sealed_categories());

-- name: is_withheld(party_id, category_code)$
-- Whether a party may not see cases of a category.
SELECT is_withheld(:party_id, CAST(:category_code AS text), NULL);

-- name: is_asked(incident_id, request)$
-- Whether a request is open: asked, and not answered since.
SELECT coalesce((
    SELECT e.move = :request FROM incident_event AS e
    WHERE e.incident_id = :incident_id
        AND (e.move = :request OR e.move IN (SELECT name FROM workflow_move WHERE answers = :request))
    ORDER BY e.version DESC LIMIT 1), false);
