-- Zone plans: reading them, and writing what a step of a draft changes.

-- name: list_plans(community_id, kind)
-- The newest first, of those that whoever asks may see.
SELECT
    p.id, p.community_id, p.kind, p.name, p.state, p.valid_from, p.valid_to, p.based_on, p.revision,
    p.created_by, p.created_at, p.published_by, p.published_at,
    (SELECT count(*) FROM zone AS z WHERE z.plan_id = p.id),
    (SELECT count(*) FROM zone_unit AS u WHERE u.plan_id = p.id)
FROM zone_plan AS p
WHERE p.community_id = :community_id AND (CAST(:kind AS text) IS NULL OR p.kind = :kind)
ORDER BY p.state <> 'draft', p.valid_from DESC NULLS FIRST, p.id DESC;

-- name: get_plan(plan_id)^
SELECT
    p.id, p.community_id, p.kind, p.name, p.state, p.valid_from, p.valid_to, p.based_on, p.revision,
    p.created_by, p.created_at, p.published_by, p.published_at,
    (SELECT count(*) FROM zone AS z WHERE z.plan_id = p.id),
    (SELECT count(*) FROM zone_unit AS u WHERE u.plan_id = p.id)
FROM zone_plan AS p
WHERE p.id = :plan_id;

-- name: find_plan_in_force(community_id, kind, on_day)$
SELECT p.id
FROM zone_plan AS p
WHERE p.community_id = :community_id AND p.kind = :kind AND p.state <> 'draft'
    AND daterange(p.valid_from, p.valid_to) @> CAST(:on_day AS date);

-- name: lock_plan(plan_id)$
-- One who changes a plan after the other.
SELECT p.id FROM zone_plan AS p WHERE p.id = :plan_id FOR UPDATE;

-- name: list_zones(plan_id)
SELECT z.id, z.code, z.name, z.colour, z.is_locked FROM zone AS z WHERE z.plan_id = :plan_id ORDER BY z.code;

-- name: list_appointments(plan_id)
SELECT a.zone_id, a.party_id, a.role, a.valid_from, a.valid_to, coalesce(p.name, '')
FROM zone_party AS a
LEFT JOIN party AS p ON p.id = a.party_id
WHERE a.plan_id = :plan_id;

-- name: list_units(plan_id)
SELECT u.building_id, u.zone_id, u.is_locked FROM zone_unit AS u WHERE u.plan_id = :plan_id;

-- name: list_gaps(plan_id)
SELECT g.building_id, g.reason FROM zone_gap AS g WHERE g.plan_id = :plan_id;

-- name: find_missing(community_id, building_ids)
-- Which of some buildings the community does not have, or not any more.
SELECT wanted.id
FROM unnest(CAST(:building_ids AS bigint[])) AS wanted (id)
WHERE NOT EXISTS (SELECT FROM building AS b WHERE b.id = wanted.id AND b.community_id = :community_id);

-- name: locate_buildings(plan_id)
-- A point on each building of the plan: id, longitude, latitude.
SELECT u.building_id, ST_X(b.anchor), ST_Y(b.anchor)
FROM zone_unit AS u
JOIN building AS b ON b.id = u.building_id
WHERE u.plan_id = :plan_id;

-- name: insert_plan(community_id, kind, name, based_on, account_id)$
INSERT INTO zone_plan (community_id, kind, name, based_on, created_by)
VALUES (:community_id, :kind, :name, :based_on, :account_id)
RETURNING id;

-- name: copy_zones(plan_id, based_on)!
INSERT INTO zone (community_id, plan_id, code, name, colour)
SELECT z.community_id, :plan_id, z.code, z.name, z.colour FROM zone AS z WHERE z.plan_id = :based_on ORDER BY z.code;

-- name: copy_appointments(plan_id, based_on, on_day)!
-- Those that are over stay behind.
INSERT INTO zone_party (community_id, plan_id, zone_id, party_id, role, valid_from, valid_to)
SELECT z.community_id, z.plan_id, z.id, a.party_id, a.role, a.valid_from, a.valid_to
FROM zone AS z
JOIN zone AS origin ON origin.plan_id = :based_on AND origin.code = z.code
JOIN zone_party AS a ON a.zone_id = origin.id
WHERE z.plan_id = :plan_id AND (a.valid_to IS NULL OR a.valid_to > CAST(:on_day AS date));

-- name: copy_units(plan_id, based_on)!
INSERT INTO zone_unit (plan_id, building_id, zone_id, community_id)
SELECT z.plan_id, u.building_id, z.id, z.community_id
FROM zone AS z
JOIN zone AS origin ON origin.plan_id = :based_on AND origin.code = z.code
JOIN zone_unit AS u ON u.zone_id = origin.id
WHERE z.plan_id = :plan_id;

-- name: copy_gaps(plan_id, based_on)!
INSERT INTO zone_gap (plan_id, building_id, community_id, reason)
SELECT :plan_id, g.building_id, g.community_id, g.reason FROM zone_gap AS g WHERE g.plan_id = :based_on;

-- name: rename_plan(plan_id, name)!
UPDATE zone_plan SET name = :name, revision = revision + 1 WHERE id = :plan_id;

-- name: delete_plan(plan_id)!
DELETE FROM zone_plan WHERE id = :plan_id;

-- name: insert_zone(plan_id, community_id, code, name)$
INSERT INTO zone (plan_id, community_id, code, name) VALUES (:plan_id, :community_id, :code, :name) RETURNING id;

-- name: write_zones(plan_id, community_id, ids, codes, names, colours, locks)!
-- Zones as given, those that come back under the ids they had.
INSERT INTO zone (id, plan_id, community_id, code, name, colour, is_locked)
    OVERRIDING SYSTEM VALUE
SELECT w.id, :plan_id, :community_id, w.code, w.name, w.colour, w.is_locked
FROM unnest(
    CAST(:ids AS bigint[]), CAST(:codes AS text[]), CAST(:names AS text[]), CAST(:colours AS text[]),
    CAST(:locks AS boolean[])) AS w (id, code, name, colour, is_locked)
ON CONFLICT (id) DO UPDATE
SET code = excluded.code, name = excluded.name, colour = excluded.colour, is_locked = excluded.is_locked;

-- name: delete_zones(plan_id, ids)!
DELETE FROM zone WHERE plan_id = :plan_id AND id = ANY (CAST(:ids AS bigint[]));

-- name: delete_appointments(plan_id, ids)!
DELETE FROM zone_party WHERE plan_id = :plan_id AND zone_id = ANY (CAST(:ids AS bigint[]));

-- name: insert_appointments(plan_id, community_id, ids, parties, roles, starts, ends)!
INSERT INTO zone_party (plan_id, community_id, zone_id, party_id, role, valid_from, valid_to)
SELECT :plan_id, :community_id, w.*
FROM unnest(
    CAST(:ids AS bigint[]), CAST(:parties AS bigint[]), CAST(:roles AS text[]), CAST(:starts AS date[]),
    CAST(:ends AS date[])) AS w (zone_id, party_id, role, valid_from, valid_to);

-- name: write_units(plan_id, community_id, buildings, zones, locks)!
INSERT INTO zone_unit (plan_id, community_id, building_id, zone_id, is_locked)
SELECT :plan_id, :community_id, w.*
FROM unnest(CAST(:buildings AS bigint[]), CAST(:zones AS bigint[]), CAST(:locks AS boolean[])) AS w (building_id, zone_id, is_locked)
ON CONFLICT (plan_id, building_id) DO UPDATE SET zone_id = excluded.zone_id, is_locked = excluded.is_locked;

-- name: delete_units(plan_id, buildings)!
DELETE FROM zone_unit WHERE plan_id = :plan_id AND building_id = ANY (CAST(:buildings AS bigint[]));

-- name: write_gaps(plan_id, community_id, buildings, reasons)!
INSERT INTO zone_gap (plan_id, community_id, building_id, reason)
SELECT :plan_id, :community_id, w.*
FROM unnest(CAST(:buildings AS bigint[]), CAST(:reasons AS text[])) AS w (building_id, reason)
ON CONFLICT (plan_id, building_id) DO UPDATE SET reason = excluded.reason;

-- name: delete_gaps(plan_id, buildings)!
DELETE FROM zone_gap WHERE plan_id = :plan_id AND building_id = ANY (CAST(:buildings AS bigint[]));

-- name: paint_zones(plan_id, ids, colours)!
UPDATE zone AS z SET colour = w.colour
FROM unnest(CAST(:ids AS bigint[]), CAST(:colours AS text[])) AS w (id, colour)
WHERE z.plan_id = :plan_id AND z.id = w.id;

-- name: raise_revision(plan_id)$
UPDATE zone_plan SET revision = revision + 1 WHERE id = :plan_id RETURNING revision;

-- name: insert_step(plan_id, community_id, account_id, label, changes, revision)!
INSERT INTO zone_step (plan_id, community_id, number, account_id, label, changes, revision)
VALUES (
    :plan_id, :community_id,
    (SELECT coalesce(max(s.number), 0) + 1 FROM zone_step AS s WHERE s.plan_id = :plan_id),
    :account_id, :label, CAST(:changes AS jsonb), :revision);

-- name: mark_step(plan_id, number, revision, is_undone)!
UPDATE zone_step
SET revision = :revision, undone_at = CASE WHEN CAST(:is_undone AS boolean) THEN now() END
WHERE plan_id = :plan_id AND number = :number;

-- name: list_steps(plan_id, most)
-- The last ones, the last first.
SELECT s.number, s.account_id, s.at, s.label, s.revision, s.changes, s.undone_at IS NOT NULL
FROM zone_step AS s
WHERE s.plan_id = :plan_id
ORDER BY s.number DESC
LIMIT :most;

-- name: list_steps_since(plan_id, since)
-- What has been made, taken back or made again since a revision.
SELECT s.number, s.account_id, s.at, s.label, s.revision, s.changes, s.undone_at IS NOT NULL
FROM zone_step AS s
WHERE s.plan_id = :plan_id AND s.revision > :since;

-- name: find_undoable(plan_id, account_id)^
-- The last step of an account that it has not taken back.
SELECT s.number, s.account_id, s.at, s.label, s.revision, s.changes, false
FROM zone_step AS s
WHERE s.plan_id = :plan_id AND s.account_id IS NOT DISTINCT FROM :account_id AND s.undone_at IS NULL
ORDER BY s.number DESC
LIMIT 1;

-- name: find_redoable(plan_id, account_id)^
-- The first step that an account has taken back and after which it has made no new one: whoever goes another way has left
-- what he took back before. A step's revision is when it was last made or taken back.
SELECT s.number, s.account_id, s.at, s.label, s.revision, s.changes, true
FROM zone_step AS s
WHERE s.plan_id = :plan_id AND s.account_id IS NOT DISTINCT FROM :account_id
    AND s.undone_at IS NOT NULL
    AND NOT EXISTS (
        SELECT FROM zone_step AS later
        WHERE later.plan_id = :plan_id AND later.account_id IS NOT DISTINCT FROM :account_id
            AND later.number > s.number AND later.revision > s.revision)
ORDER BY s.number
LIMIT 1;

-- name: list_candidates(community_id, kinds, on_day)
-- Whom zones may be given to: those of some kinds who are there on the day.
SELECT p.id, p.name
FROM party AS p
WHERE p.community_id = :community_id AND p.kind = ANY (CAST(:kinds AS text[]))
    AND daterange(p.active_from, p.active_to) @> CAST(:on_day AS date)
ORDER BY p.code;

-- name: list_active(community_id, party_ids, on_day)
-- Which of some parties are there on a day.
SELECT p.id
FROM party AS p
WHERE p.community_id = :community_id AND p.id = ANY (CAST(:party_ids AS bigint[]))
    AND daterange(p.active_from, p.active_to) @> CAST(:on_day AS date);

-- name: list_unassigned(plan_id)
-- Buildings of the community that the plan neither puts into a zone nor says why not.
SELECT b.id, b.name
FROM zone_plan AS p
JOIN building AS b ON b.community_id = p.community_id
WHERE p.id = :plan_id
    AND b.id NOT IN (SELECT u.building_id FROM zone_unit AS u WHERE u.plan_id = :plan_id)
    AND b.id NOT IN (SELECT g.building_id FROM zone_gap AS g WHERE g.plan_id = :plan_id)
ORDER BY b.code;

-- name: lock_kind(community_id, kind)$
-- One who publishes a plan of a kind after the other.
SELECT 1 FROM pg_advisory_xact_lock(hashtextextended('zone_plan ' || :kind, :community_id));

-- name: find_last_plan(community_id, kind)^
-- The plan of a kind that begins last: id, name, first day.
SELECT p.id, p.name, p.valid_from
FROM zone_plan AS p
WHERE p.community_id = :community_id AND p.kind = :kind AND p.state <> 'draft'
ORDER BY p.valid_from DESC
LIMIT 1;

-- name: put_off_plan_check()#
-- Until the end of the transaction two plans may be in force at once.
SET CONSTRAINTS one_plan_in_force DEFERRED;

-- name: publish_plan(plan_id, valid_from, account_id)!
UPDATE zone_plan
SET state = 'published', valid_from = :valid_from, valid_to = NULL, revision = revision + 1,
    published_at = now(), published_by = :account_id
WHERE id = :plan_id;

-- name: supersede_plan(plan_id, valid_to)!
UPDATE zone_plan SET state = 'superseded', valid_to = :valid_to
WHERE id = :plan_id AND state = 'published' AND valid_to IS NULL;
