-- Files on their way in. Row-level security knows whose jobs; the process that reads the files acts as the owner.

-- name: open_job(job_id, community_id, file_name, state, options)!
INSERT INTO import_job (id, community_id, account_id, file_name, state, options)
VALUES (CAST(:job_id AS uuid), :community_id, app_account(), :file_name, :state, CAST(:options AS jsonb));

-- name: read_job(job_id, grace)^
-- Whether its process lives is told by the lock that it holds: whoever reads gets it only where it does not.
SELECT
    id, community_id, file_name, state, options, look, preview, report, problem, progress, batch_id, created_at, changed_at,
    state IN ('looking', 'trying', 'committing', 'undoing') AND changed_at < now() - CAST(:grace AS interval)
        AND pg_try_advisory_xact_lock_shared(hashtextextended('import job ' || id, 0))
FROM import_job WHERE id = CAST(:job_id AS uuid);

-- name: list_jobs(community_id)
-- Those that are not over, the last one first.
SELECT id FROM import_job
WHERE community_id = :community_id AND account_id = app_account() AND state NOT IN ('committed', 'undone', 'discarded')
ORDER BY changed_at DESC;

-- name: start_step(job_id, state, options)!
-- Only of a job that rests.
UPDATE import_job
SET state = :state, options = CAST(:options AS jsonb), problem = NULL, progress = NULL, changed_at = clock_timestamp()
WHERE id = CAST(:job_id AS uuid) AND state IN ('waiting', 'looked', 'tried', 'failed');

-- name: fail_step(job_id, problem)!
UPDATE import_job SET state = 'failed', problem = :problem, progress = NULL, changed_at = clock_timestamp()
WHERE id = CAST(:job_id AS uuid) AND state IN ('looking', 'trying', 'committing', 'undoing');

-- name: discard_job(job_id)!
UPDATE import_job SET state = 'discarded', progress = NULL, changed_at = clock_timestamp()
WHERE id = CAST(:job_id AS uuid) AND state NOT IN ('committed', 'undone', 'discarded');

-- name: list_batches(community_id, most)
SELECT
    id, layer, file_name, source_crs, encoding, rows_total, rows_inserted, rows_updated, rows_unchanged, rows_rejected,
    imported_at, undone_at, imported_by
FROM import_history WHERE community_id = :community_id ORDER BY id DESC LIMIT :most;

-- The rest is for the process beside the server and for commands, which act as the owner.

-- name: claim_job(job_id)$
-- Held until the connection ends.
SELECT pg_try_advisory_lock(hashtextextended('import job ' || :job_id, 0));

-- name: get_order(job_id)^
SELECT j.community_id, c.code, j.account_id, j.file_name, j.state, j.options
FROM import_job AS j JOIN community AS c ON c.id = j.community_id
WHERE j.id = CAST(:job_id AS uuid);

-- name: tell_progress(job_id, state, progress)!
UPDATE import_job SET progress = CAST(:progress AS jsonb), changed_at = clock_timestamp()
WHERE id = CAST(:job_id AS uuid) AND state = :state;

-- name: finish_step(job_id, before, state, look, preview, report, batch_id)!
UPDATE import_job
SET state = :state, look = coalesce(CAST(:look AS jsonb), look), preview = coalesce(CAST(:preview AS jsonb), preview),
    report = coalesce(CAST(:report AS jsonb), report), batch_id = :batch_id, progress = NULL, changed_at = clock_timestamp()
WHERE id = CAST(:job_id AS uuid) AND state = :before;

-- name: forget_jobs(before)!
DELETE FROM import_job WHERE changed_at < :before;

-- name: find_sources(community_id, kind, fingerprint)
SELECT layer, crs, mapping FROM import_source
WHERE community_id = :community_id AND kind = :kind AND fingerprint = :fingerprint
ORDER BY used_at DESC;

-- name: remember_source(community_id, layer, kind, fingerprint, crs, mapping)!
INSERT INTO import_source (community_id, layer, kind, fingerprint, crs, mapping)
VALUES (:community_id, :layer, :kind, :fingerprint, :crs, CAST(:mapping AS jsonb))
ON CONFLICT (community_id, layer, kind, fingerprint)
    DO UPDATE SET crs = excluded.crs, mapping = excluded.mapping, used_at = now();
