-- What every table below stands on: extensions, the test of a sound geometry, and layer versions.

CREATE EXTENSION IF NOT EXISTS postgis;
CREATE EXTENSION IF NOT EXISTS btree_gist;
CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- Coordinates are EPSG:4490, longitude first. The envelope of China catches swapped axes, projected metres and (0, 0).
CREATE FUNCTION is_sound(shape geometry) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN shape IS NULL OR (
        NOT ST_IsEmpty(shape)
        AND ST_XMin(shape) >= 73 AND ST_XMax(shape) <= 136
        AND ST_YMin(shape) >= 3 AND ST_YMax(shape) <= 54
        AND ST_IsValid(shape)
    );

-- When a row last changed; a writer that restores an earlier state gives the earlier time itself.
CREATE FUNCTION stamp_change() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.changed_at = OLD.changed_at THEN
        NEW.changed_at := now();
    END IF;
    RETURN NEW;
END $$;

-- One number a layer and community, raised once by each transaction that changed it. Map URLs carry it, caches are keyed by it.
-- No foreign key: the version of a deleted community must still rise.
CREATE TABLE layer_version (
    layer text NOT NULL,
    community_id bigint NOT NULL,
    version bigint NOT NULL DEFAULT 1,
    changed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (layer, community_id)
);

-- Touches are collected while a transaction runs and published as it commits, so that a long import
-- does not hold the version row that everybody else needs.
CREATE TABLE layer_touch (
    transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
    layer text NOT NULL,
    community_id bigint NOT NULL,
    PRIMARY KEY (transaction_id, layer, community_id)
);

CREATE FUNCTION touch_layer() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO layer_touch (layer, community_id)
    SELECT DISTINCT TG_ARGV[0], community_id FROM changed
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;

-- Watch a table that has a community_id: every statement that changes its rows touches the layer,
-- in both communities where a row moves from one to the other.
CREATE PROCEDURE watch_layer(watched regclass, layer text)
    LANGUAGE plpgsql AS $$
DECLARE
    change record;
BEGIN
    FOR change IN
        SELECT * FROM (VALUES ('insert', 'NEW'), ('update', 'NEW'), ('update', 'OLD'), ('delete', 'OLD')) AS c (event, side)
    LOOP
        EXECUTE format(
            'CREATE TRIGGER touch_layer_on_%s_%s AFTER %s ON %s REFERENCING %s TABLE AS changed '
            'FOR EACH STATEMENT EXECUTE FUNCTION touch_layer(%L)',
            change.event, lower(change.side), change.event, watched, change.side, layer);
    END LOOP;
END $$;
