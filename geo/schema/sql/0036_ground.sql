-- The ground of the map from files: known by code or external id, and undone with its batch, as other places.
ALTER TABLE ground_feature
    ADD COLUMN code text CHECK (code <> ''),
    ADD COLUMN external_id text CHECK (external_id <> ''),
    ADD COLUMN import_batch_id bigint REFERENCES import_batch,
    ADD COLUMN changed_at timestamptz NOT NULL DEFAULT now(),
    ADD UNIQUE (community_id, code);
CREATE UNIQUE INDEX ground_feature_external_id ON ground_feature (community_id, external_id);
CREATE TRIGGER stamp_change BEFORE UPDATE ON ground_feature FOR EACH ROW EXECUTE FUNCTION stamp_change();
