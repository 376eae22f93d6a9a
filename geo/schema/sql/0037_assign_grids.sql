-- Which grid a building is in, found without comparing every building with every other.
CREATE OR REPLACE PROCEDURE assign_building_grids(of_community bigint)
LANGUAGE sql AS $$
    -- Driven from the grids, each of which is then prepared once for all its buildings.
    WITH covering AS MATERIALIZED (
        SELECT
            b.id AS building_id, g.id AS grid_id, g.community_id, g.kind, g.period, g.code,
            count(*) OVER (PARTITION BY b.id, g.kind) AS claims
        FROM grid AS g
        CROSS JOIN LATERAL (
            SELECT building.id FROM building
            WHERE building.community_id = g.community_id AND building.geom && g.geom
                AND ST_Intersects(g.geom, building.anchor)
            OFFSET 0
        ) AS b
        WHERE g.community_id = of_community
    ),
    -- An anchor on a shared edge belongs to the grid with the lower code. Nearly all lie in one grid only, and rivals
    -- are looked for among the others alone: of how many those are the planner has no idea, and would compare all.
    contested AS MATERIALIZED (SELECT * FROM covering WHERE claims > 1),
    chosen AS MATERIALIZED (
        SELECT c.* FROM covering AS c
        WHERE c.claims = 1 OR NOT EXISTS (
            SELECT FROM contested AS rival
            WHERE rival.building_id = c.building_id AND rival.kind = c.kind AND rival.period && c.period
                AND (rival.code, rival.grid_id) < (c.code, c.grid_id))
    ),
    gone AS (
        DELETE FROM building_grid AS bg
        WHERE bg.community_id = of_community
            AND (bg.building_id, bg.grid_id) NOT IN (SELECT c.building_id, c.grid_id FROM chosen AS c)
    )
    INSERT INTO building_grid (building_id, grid_id, community_id, kind, period)
    SELECT building_id, grid_id, community_id, kind, period FROM chosen AS c
    WHERE (c.building_id, c.grid_id) NOT IN (
        SELECT bg.building_id, bg.grid_id FROM building_grid AS bg WHERE bg.community_id = of_community)
    ON CONFLICT (building_id, grid_id) DO NOTHING;
$$;
