-- A newer list tells how cases went on elsewhere: events that are the import's, and go with it when it is undone.
ALTER TABLE incident_event ADD COLUMN import_batch_id bigint REFERENCES import_batch;
CREATE INDEX incident_event_batch ON incident_event (import_batch_id) WHERE import_batch_id IS NOT NULL;
GRANT SELECT (import_batch_id) ON incident_event TO wangge_app;
