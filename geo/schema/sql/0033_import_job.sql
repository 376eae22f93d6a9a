-- Files on their way in. The server never reads an upload: it makes a job, and a process beside it, which acts as the
-- owner, reads the file and writes here how far it is and what it found.

CREATE TABLE import_job (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    community_id bigint NOT NULL REFERENCES community ON DELETE CASCADE,
    account_id bigint NOT NULL,
    file_name text NOT NULL CHECK (length(file_name) >= 1 AND length(file_name) <= 200 AND file_name !~ '[/\\[:cntrl:]]'),
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN (
        'waiting', 'looking', 'looked', 'trying', 'tried', 'committing', 'committed', 'undoing', 'undone', 'failed',
        'discarded')),
    -- What was chosen: layer, source_layer, crs, mapping; of an undoing, the batch.
    options jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(options) = 'object' AND length(CAST(options AS text)) <= 100000),
    -- What the process found at each step. Values of personal columns are blotted out before they come here.
    look jsonb,
    preview jsonb,
    report jsonb,
    -- One sentence, where the step failed.
    problem text,
    progress jsonb,
    batch_id bigint REFERENCES import_batch ON DELETE SET NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    changed_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX import_job_community ON import_job (community_id);
CREATE INDEX import_job_batch ON import_job (batch_id) WHERE batch_id IS NOT NULL;

-- Whoever may bring files in sees his own: what a preview shows is of the file that he brought.
ALTER TABLE import_job ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON import_job TO wangge_app
    USING (
        community_id = ANY (CAST((SELECT app_communities()) AS bigint[]))
        AND account_id = (SELECT app_account()) AND (SELECT app_role()) IN ('secretary', 'administrator'))
    WITH CHECK (
        community_id = ANY (CAST((SELECT app_communities()) AS bigint[]))
        AND account_id = (SELECT app_account()) AND (SELECT app_role()) IN ('secretary', 'administrator'));
GRANT SELECT, INSERT (id, community_id, account_id, file_name, state, options), UPDATE (state, options, problem, progress, changed_at)
    ON import_job TO wangge_app;

-- What was chosen for a file of these columns the last time, so that it need not be chosen again.
CREATE TABLE import_source (
    community_id bigint NOT NULL REFERENCES community ON DELETE CASCADE,
    layer text NOT NULL,
    -- The ending of the file's name, and a hash of its headers in any order.
    kind text NOT NULL,
    fingerprint text NOT NULL CHECK (fingerprint ~ '^[0-9a-f]{64}$'),
    crs text,
    mapping jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(mapping) = 'object'),
    used_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (community_id, layer, kind, fingerprint)
);
ALTER TABLE import_source ENABLE ROW LEVEL SECURITY;

-- Who brought it in; none from the command line.
ALTER TABLE import_batch ADD COLUMN account_id bigint;

-- The history of imports, with the name of whoever brought each in.
CREATE VIEW import_history WITH (security_barrier) AS
    SELECT
        b.id, b.community_id, b.layer, b.file_name, b.source_crs, b.encoding, b.rows_total, b.rows_inserted,
        b.rows_updated, b.rows_unchanged, b.rows_rejected, b.imported_at, b.undone_at, a.display_name AS imported_by
    FROM import_batch AS b
    LEFT JOIN account AS a ON a.id = b.account_id
    WHERE b.community_id = ANY (CAST((SELECT app_communities()) AS bigint[]))
        AND (SELECT app_role()) IN ('secretary', 'administrator');
GRANT SELECT ON import_history TO wangge_app;

CALL close_functions();
