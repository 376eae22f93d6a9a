-- What makes a million rows land quickly.

-- A point is sound wherever it lies in the country: no shape to look into. A NaN is above every number.
ALTER TABLE incident DROP CONSTRAINT incident_geom_check;
ALTER TABLE incident ADD CONSTRAINT incident_geom_check CHECK (
    geom IS NULL OR (NOT ST_IsEmpty(geom) AND ST_X(geom) BETWEEN 73 AND 136 AND ST_Y(geom) BETWEEN 3 AND 54));

-- What the statement triggers of a table note of inserted rows, for a load too large to be collected for them.
CREATE PROCEDURE note_bulk_insert(loaded regclass, community bigint)
    LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO layer_touch (layer, community_id)
    -- A trigger's arguments are kept with a zero byte behind each.
    SELECT DISTINCT split_part(encode(tgargs, 'escape'), '\000', 1), community
    FROM pg_trigger
    WHERE tgrelid = loaded AND tgfoid = CAST('touch_layer' AS regproc)
    ON CONFLICT DO NOTHING;
    IF loaded = CAST('incident' AS regclass) THEN
        INSERT INTO incident_change (community_id) VALUES (community);
    END IF;
END $$;
