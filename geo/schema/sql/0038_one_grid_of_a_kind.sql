-- A building in one grid of a kind at any time: whatever was written, the last word of every transaction that touches
-- grids, buildings or what lies in which is assign_building_grids, under the lock of their community. It picks one.

ALTER TABLE building_grid DROP CONSTRAINT building_in_one_grid_of_a_kind;

CREATE OR REPLACE PROCEDURE assign_building_grids(of_community bigint)
LANGUAGE sql
-- A million buildings are sorted in memory.
SET work_mem = '128MB' AS $$
    -- Driven from the grids, each of which is then prepared once for all its buildings. Of how many rows come of it
    -- the planner has no idea: windows and full joins take no longer than the rows deserve, whatever it believes.
    WITH covering AS (
        SELECT
            b.id AS building_id, g.id AS grid_id, g.community_id, g.kind, g.period,
            g.period && range_agg(g.period) OVER (
                PARTITION BY b.id, g.kind ORDER BY g.code, g.id
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS is_taken
        FROM grid AS g
        CROSS JOIN LATERAL (
            SELECT building.id FROM building
            WHERE building.community_id = g.community_id AND building.geom && g.geom
                AND ST_Intersects(g.geom, building.anchor)
            OFFSET 0
        ) AS b
        WHERE g.community_id = of_community
    ),
    -- An anchor on a shared edge belongs to the grid with the lower code.
    chosen AS (SELECT * FROM covering WHERE is_taken IS NOT TRUE),
    differing AS MATERIALIZED (
        SELECT building_id, grid_id, c.community_id, c.kind, c.period, c.grid_id IS NULL AS is_gone
        FROM chosen AS c
        FULL JOIN (SELECT bg.building_id, bg.grid_id FROM building_grid AS bg WHERE bg.community_id = of_community) AS bg
            USING (building_id, grid_id)
        WHERE c.grid_id IS NULL OR bg.grid_id IS NULL
    ),
    gone AS (
        DELETE FROM building_grid AS bg USING differing AS d
        WHERE d.is_gone AND bg.building_id = d.building_id AND bg.grid_id = d.grid_id
    )
    INSERT INTO building_grid (building_id, grid_id, community_id, kind, period)
    SELECT building_id, grid_id, community_id, kind, period FROM differing WHERE NOT is_gone
    ON CONFLICT DO NOTHING;
$$;

-- What somebody writes by hand is refused before it would be put right without a word.
CREATE FUNCTION refuse_second_grid() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    CALL lock_touched_places();
    -- Not yet among the touched where somebody has set the constraint immediate.
    PERFORM pg_advisory_xact_lock(hashtextextended('places', NEW.community_id));
    IF EXISTS (
        SELECT FROM building_grid AS own
        JOIN building_grid AS other USING (building_id, kind)
        WHERE own.building_id = NEW.building_id AND own.grid_id = NEW.grid_id
            AND other.grid_id <> own.grid_id AND other.period && own.period)
    THEN
        RAISE EXCEPTION 'building % violates "building_in_one_grid_of_a_kind"', NEW.building_id
            USING ERRCODE = 'exclusion_violation', CONSTRAINT = 'building_in_one_grid_of_a_kind', TABLE = 'building_grid';
    END IF;
    RETURN NULL;
END $$;

-- What triggers write need not be looked at row by row: the last word is spoken after them.
CREATE CONSTRAINT TRIGGER building_in_one_grid_of_a_kind
    AFTER INSERT OR UPDATE ON building_grid
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION refuse_second_grid();
