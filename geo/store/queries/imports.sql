-- name: list_column_types(table)
-- Columns of a table and what PostgreSQL calls their types.
SELECT attname, format_type(atttypid, NULL)
FROM pg_attribute
WHERE attrelid = CAST(:table AS regclass) AND attnum > 0 AND NOT attisdropped;

-- name: list_writable_columns(table)
-- Columns a writer gives a value to, in their order: all but the identity and the generated ones.
SELECT attname, format_type(atttypid, NULL)
FROM pg_attribute
WHERE attrelid = CAST(:table AS regclass) AND attnum > 0 AND NOT attisdropped
    AND attgenerated = '' AND attidentity = ''
ORDER BY attnum;

-- name: list_foreign_keys(table)
-- Foreign keys that leave a table or arrive at it: name, the table that has it, the table it names, definition.
SELECT conname, CAST(CAST(conrelid AS regclass) AS text), CAST(CAST(confrelid AS regclass) AS text), pg_get_constraintdef(oid)
FROM pg_constraint
WHERE contype = 'f' AND CAST(:table AS regclass) IN (conrelid, confrelid)
ORDER BY conname;

-- name: list_unique_constraints(table)
-- Primary key and unique constraints, with their definitions.
SELECT conname, pg_get_constraintdef(oid)
FROM pg_constraint
WHERE contype IN ('p', 'u') AND conrelid = CAST(:table AS regclass)
ORDER BY contype, conname;

-- name: list_plain_indexes(table)
-- Indexes that no constraint stands on: name, definition, and the column without which a row is not in it.
SELECT
    c.relname, pg_get_indexdef(i.indexrelid),
    substring(pg_get_expr(i.indpred, i.indrelid) FROM '^\((\w+) IS NOT NULL\)$')
FROM pg_index AS i
JOIN pg_class AS c ON c.oid = i.indexrelid
WHERE i.indrelid = CAST(:table AS regclass)
    AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = i.indexrelid AND conrelid = i.indrelid)
ORDER BY c.relname;

-- name: list_costly_triggers(table)
-- Triggers in the way of many rows, with their definitions: statement triggers that collect every inserted row,
-- which is collected for them even while they are disabled; and triggers of every row that only the application's
-- roles fire, where none of them acts. One that comes before the row, even if it never fires, keeps COPY from
-- writing rows by the page.
SELECT tgname, pg_get_triggerdef(oid)
FROM pg_trigger
WHERE tgrelid = CAST(:table AS regclass) AND tgtype & 4 <> 0 AND tgenabled = 'O'
    AND (
        tgnewtable IS NOT NULL
        OR tgtype & 1 = 1 AND app_role() = '' AND strpos(pg_get_triggerdef(oid), 'WHEN ((app_role() <> ') > 0)
ORDER BY tgname;

-- name: never_held_rows(table)$
-- Whether a table's file is empty, which it is even for those who do not see every row.
SELECT pg_relation_size(CAST(:table AS regclass)) = 0;

-- name: note_bulk_insert(table, community_id)!
CALL note_bulk_insert(CAST(:table AS regclass), :community_id);

-- name: lock_imports()!
-- One import at a time in an installation: the second waits here, before it has read anything.
SELECT pg_advisory_xact_lock(hashtextextended('import', 0));

-- name: list_communities()
-- All communities with their boundaries.
SELECT id, code, name, ST_AsBinary(geom) FROM community ORDER BY code;

-- name: list_grids(community_id)
SELECT id, code, name, kind, valid_from, valid_to, ST_AsBinary(geom)
FROM grid WHERE community_id = :community_id ORDER BY code, id;

-- name: list_compounds(community_id)
SELECT id, code, name, aliases, ST_AsBinary(geom)
FROM compound WHERE community_id = :community_id ORDER BY code;

-- name: list_buildings(community_id)
SELECT id, code, compound_id, residents, elderly, ST_AsBinary(geom)
FROM building WHERE community_id = :community_id ORDER BY code;

-- name: mask_texts(texts)
-- Each text without what names a person, in its order.
SELECT mask_people(mask_words(word)) FROM unnest(CAST(:texts AS text[])) WITH ORDINALITY AS given (word, position)
ORDER BY position;

-- name: list_categories()
-- Categories with their national codes as an array of {system, kind, code, name}.
SELECT
    c.code, c.parent_code, c.name, c.name_en, c.identifier, c.sensitivity,
    coalesce(
        (SELECT jsonb_agg(jsonb_build_object('system', code_system, 'kind', kind, 'code', code, 'name', n.name))
         FROM category_national_code JOIN national_code AS n USING (code_system, kind, code)
         WHERE category_code = c.code), '[]')
FROM category AS c
ORDER BY c.code;

-- name: open_batch(community_id, layer, file_name, file_sha256, source_crs, encoding, mapping, account)^
-- A batch with no rows yet.
INSERT INTO import_batch (community_id, layer, file_name, file_sha256, source_crs, encoding, mapping, account_id)
VALUES (:community_id, :layer, :file_name, :file_sha256, :source_crs, :encoding, CAST(:mapping AS jsonb), :account)
RETURNING id;

-- name: note_import(batch, account, row_count)!
-- As what whoever brought it in acts today; from the command line as nobody.
INSERT INTO audit_log (account_id, role, community_id, action, object_type, object_id, row_count, details)
SELECT
    :account,
    (SELECT min(g.role) FROM grant_in_force AS g
     WHERE g.account_id = :account AND coalesce(g.community_id, b.community_id) = b.community_id
         AND g.role IN ('secretary', 'administrator')),
    b.community_id, 'import', 'import_batch', b.id, :row_count,
    jsonb_build_object('layer', b.layer, 'is_undone', b.undone_at IS NOT NULL)
FROM import_batch AS b WHERE b.id = :batch;

-- name: tell_events(batch)!
-- What a batch found to have happened to cases elsewhere: states they came to, and times that were put off. Each is told
-- for when it happened, as far as that is known, and never before what is told already.
INSERT INTO incident_event (
    community_id, incident_id, at, kind, from_state, to_state, reason, due_at, account_id, import_batch_id)
SELECT
    i.community_id, i.id,
    greatest(told.at, (SELECT max(e.at) FROM incident_event AS e WHERE e.incident_id = i.id)),
    told.kind, told.from_state, told.to_state, told.reason, told.due_at, b.account_id, b.id
FROM import_change AS c
JOIN import_batch AS b ON b.id = c.batch_id
JOIN incident AS i ON i.id = c.row_id
CROSS JOIN LATERAL (SELECT c.before ->> 'state', CAST(c.before ->> 'due_at' AS timestamptz)) AS before (state, due_at)
CROSS JOIN LATERAL (
    SELECT
        CASE
            WHEN i.state IN ('closed', 'rated') THEN i.closed_at
            WHEN i.state = 'verifying' THEN coalesce(i.handled_at, b.imported_at)
            ELSE b.imported_at END,
        CASE WHEN i.is_open AND before.state IN ('closed', 'rated') THEN 'reopened' ELSE 'moved' END,
        before.state, i.state,
        -- Why, the other system keeps to itself.
        CASE WHEN i.state = 'returned' THEN 'other' END,
        CAST(NULL AS timestamptz)
    WHERE before.state <> i.state
    UNION ALL
    SELECT b.imported_at, 'extended', NULL, NULL, NULL, i.due_at
    WHERE i.is_open AND i.due_at > before.due_at
) AS told (at, kind, from_state, to_state, reason, due_at)
WHERE c.batch_id = :batch;

-- name: forget_events(batch)!
DELETE FROM incident_event WHERE import_batch_id = :batch;

-- name: close_batch(batch, total, inserted, updated, unchanged, rejected)!
UPDATE import_batch
SET rows_total = :total, rows_inserted = :inserted, rows_updated = :updated, rows_unchanged = :unchanged,
    rows_rejected = :rejected
WHERE id = :batch;

-- name: find_same(community_id, file_sha256, arrived_at)$
-- The batch that a file of this content was, if nothing newer has come to its layer since, or if it was imported after
-- the file arrived: then bringing it in again would change nothing, or undo what is newer.
SELECT b.id
FROM import_batch AS b
WHERE b.community_id = :community_id AND b.file_sha256 = :file_sha256 AND b.undone_at IS NULL
    AND (b.imported_at > :arrived_at
        OR NOT EXISTS (
            SELECT FROM import_batch AS later
            WHERE later.community_id = b.community_id AND later.layer = b.layer AND later.id > b.id
                AND later.undone_at IS NULL))
ORDER BY b.id DESC LIMIT 1;

-- name: find_batch(batch, community)^
-- A batch, locked against a second undoing; of a community, where one is named.
SELECT layer, file_name, imported_at, undone_at, rows_inserted
FROM import_batch
WHERE id = :batch
    AND (:community IS NULL OR community_id = (SELECT c.id FROM community AS c WHERE c.code = :community))
FOR UPDATE;

-- name: list_later_batches(batch)
-- Batches not undone that changed rows this batch had written.
SELECT DISTINCT c.batch_id
FROM import_change AS c
JOIN import_batch AS b ON b.id = c.batch_id AND b.undone_at IS NULL
JOIN import_batch AS own ON own.id = :batch AND own.layer = b.layer
WHERE c.batch_id > :batch AND CAST(c.before ->> 'import_batch_id' AS bigint) = :batch
ORDER BY c.batch_id;

-- name: list_references(table)
-- Who may refer to rows of a table: the other table, and its column that holds our id.
SELECT CAST(CAST(c.conrelid AS regclass) AS text), a.attname
FROM pg_constraint AS c
CROSS JOIN LATERAL unnest(c.conkey, c.confkey) AS k (theirs, ours)
JOIN pg_attribute AS a ON a.attrelid = c.conrelid AND a.attnum = k.theirs
JOIN pg_attribute AS id ON id.attrelid = c.confrelid AND id.attnum = k.ours AND id.attname = 'id'
WHERE c.contype = 'f' AND c.confrelid = CAST(:table AS regclass)
ORDER BY 1, 2;

-- name: forget_choices(batch)!
-- What was chosen for a file that should not have come in is asked for anew: it was kept in the batch's own transaction.
DELETE FROM import_source AS s USING import_batch AS b
WHERE b.id = :batch AND s.community_id = b.community_id AND s.layer = b.layer AND s.used_at = b.imported_at;

-- name: forget_changes(batch)!
-- No one can undo a batch twice: what rows were before it is known by the rows again.
DELETE FROM import_change WHERE batch_id = :batch;

-- name: mark_undone(batch)!
UPDATE import_batch SET undone_at = now() WHERE id = :batch;
