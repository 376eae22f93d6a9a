-- What the shared map may show, and the hexagons it shows instead of single places at low zooms.

-- A community's code and name are part of what maps show.
CREATE FUNCTION touch_community() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO layer_touch (layer, community_id)
    SELECT 'communities', id FROM changed
    ON CONFLICT DO NOTHING;
    IF TG_OP = 'DELETE' THEN
        DELETE FROM incident_change WHERE community_id IN (SELECT id FROM changed);
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER touch_community_on_insert AFTER INSERT ON community
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION touch_community();
CREATE TRIGGER touch_community_on_update AFTER UPDATE ON community
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION touch_community();
CREATE TRIGGER touch_community_on_delete AFTER DELETE ON community
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION touch_community();

-- A zone is held only while its lead is in office.
CALL watch_layer('party', 'zones');

-- Categories that anybody may see incidents of: not sealed and not sensitive, nor below one that is.
CREATE VIEW mapped_category AS
    SELECT c.code, c.parent_code, c.name
    FROM category AS c
    LEFT JOIN category AS above ON above.code = c.parent_code
    WHERE NOT c.is_sealed AND c.sensitivity <> 'S3'
        AND above.is_sealed IS NOT TRUE AND above.sensitivity IS DISTINCT FROM 'S3';

-- What anybody may see of an incident: neither words nor address.
CREATE VIEW mapped_incident AS
    SELECT
        i.id, i.community_id, i.category_code, c.parent_code, c.name AS category_name,
        i.state, i.is_open, i.reported_at, i.due_at, i.geom
    FROM incident AS i
    JOIN mapped_category AS c ON c.code = i.category_code
    WHERE i.geom IS NOT NULL AND i.sensitivity <> 'S3';

-- GeoJSON of at most that many features; one more than that tells that there are others.
CREATE FUNCTION feature_collection(features text[], most integer) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN concat(
        '{"type":"FeatureCollection","truncated":', to_json(coalesce(cardinality(features), 0) > most),
        ',"features":[', array_to_string(features[1:most], ','), ']}');

-- The box of a tile in degrees, wider by a margin in tile widths. Written out, for PROJ would take 50 ms to set up the
-- same formula on every new connection.
CREATE FUNCTION tile_box(z integer, x integer, y integer, margin double precision) RETURNS geometry
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ST_MakeEnvelope(
        (x - margin) / 2 ^ z * 360 - 180, degrees(atan(sinh(pi() * (1 - 2 * (y + 1 + margin) / 2 ^ z)))),
        (x + 1 + margin) / 2 ^ z * 360 - 180, degrees(atan(sinh(pi() * (1 - 2 * (y - margin) / 2 ^ z)))),
        4490);

-- A shape in a tile's own units, 4096 wide. From zoom 12 on the Mercator plane within one tile differs from a plain
-- stretching of degrees by less than one unit, an eighth of a pixel, and by nothing at the tile's edges: no need to
-- project. (In the middle of a tile by sin(latitude) · π · 1024 / 2^z units.)
CREATE FUNCTION tile_shape(shape geometry, z integer, x integer, y integer) RETURNS geometry
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE
        WHEN z >= 12 THEN ST_AsMVTGeom(shape, CAST(tile_box(z, x, y, 0) AS box2d), 4096, 64)
        ELSE ST_AsMVTGeom(ST_Transform(shape, 3857), CAST(ST_TileEnvelope(z, x, y) AS box2d), 4096, 64)
    END;

-- Hexagons in the Web Mercator plane. Centres are at (across / 2 · width, up / 2 · width · √3) from (0°, 0°), both
-- numbers even or both odd; the width at a level is a 32nd of a tile of that zoom.
CREATE FUNCTION hexagon_width_m(level integer) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN 40075016.68557849 / 32 / 2 ^ level;

-- The hexagon that a point lies in; x_m and y_m are metres of that plane. The lattice is a grid of even centres, √3
-- times as high as wide, and the same grid of odd centres in the middle between; the nearer centre wins.
CREATE FUNCTION hexagon_at(x_m double precision, y_m double precision, level integer)
    RETURNS TABLE (up integer, across integer)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    BEGIN ATOMIC
        SELECT
            CAST(CASE WHEN is_even THEN 2 * round(v) ELSE 2 * floor(v) + 1 END AS integer),
            CAST(CASE WHEN is_even THEN 2 * round(u) ELSE 2 * floor(u) + 1 END AS integer)
        FROM (
            SELECT u, v, abs(u - round(u)) + 3 * abs(v - round(v)) <= 1 AS is_even
            FROM (
                SELECT x_m / hexagon_width_m(level) AS u, y_m / (hexagon_width_m(level) * sqrt(3)) AS v
            ) AS place
        ) AS nearest;
    END;

-- A hexagon in a tile's own units, whole even where it reaches over the edge: maps cut tiles off there themselves.
CREATE FUNCTION hexagon_shape(up integer, across integer, level integer, z integer, x integer, y integer)
    RETURNS geometry
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ST_Affine(
        CAST('POLYGON((0 2, 1.7320508 1, 1.7320508 -1, 0 -2, -1.7320508 -1, -1.7320508 1, 0 2))' AS geometry),
        64 * 2 ^ (z - level) / sqrt(3), 0, 0, 64 * 2 ^ (z - level) / sqrt(3),
        4096 * (2 ^ (z - 1) - x) + across * 64 * 2 ^ (z - level),
        4096 * (2 ^ (z - 1) - y) - up * 64 * sqrt(3) * 2 ^ (z - level));

-- The level whose hexagons are counted; all coarser ones are sums of these.
CREATE FUNCTION finest_hexagon_level() RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN 14;

CREATE FUNCTION finest_hexagon_of(place geometry) RETURNS TABLE (up integer, across integer)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    BEGIN ATOMIC
        SELECT h.up, h.across
        FROM (
            SELECT
                6378137 * radians(ST_X(place)) AS x_m,
                6378137 * ln(tan(radians(45 + ST_Y(place) / 2))) AS y_m
            OFFSET 0 -- Once a row, not once for each time that it is named.
        ) AS mercator
        CROSS JOIN LATERAL hexagon_at(mercator.x_m, mercator.y_m, finest_hexagon_level()) AS h;
    END;

-- The hexagon of a level that a finest one is counted in: where its centre lies.
CREATE FUNCTION hexagon_above(finest_up integer, finest_across integer, level integer)
    RETURNS TABLE (up integer, across integer)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    BEGIN ATOMIC
        SELECT h.up, h.across
        FROM hexagon_at(
            finest_across * hexagon_width_m(finest_hexagon_level()) / 2,
            finest_up * hexagon_width_m(finest_hexagon_level()) * sqrt(3) / 2, level) AS h;
    END;

-- How many places lie in each hexagon, and of what weight. Derived for the tiles, community by community, when a tile
-- is asked for and the layer has moved since.
CREATE TABLE building_hexagon (
    level smallint NOT NULL,
    up integer NOT NULL,
    across integer NOT NULL,
    community_id bigint NOT NULL REFERENCES community ON DELETE CASCADE,
    buildings integer NOT NULL,
    households integer NOT NULL,
    PRIMARY KEY (level, up, across, community_id)
);
CREATE INDEX building_hexagon_community ON building_hexagon (community_id);

CREATE TABLE incident_hexagon (
    level smallint NOT NULL,
    up integer NOT NULL,
    across integer NOT NULL,
    community_id bigint NOT NULL REFERENCES community ON DELETE CASCADE,
    incidents integer NOT NULL,
    open_incidents integer NOT NULL,
    PRIMARY KEY (level, up, across, community_id)
);
CREATE INDEX incident_hexagon_community ON incident_hexagon (community_id);

-- The layer's version that a community's hexagons were derived from.
CREATE TABLE hexagon_version (
    layer text NOT NULL CHECK (layer IN ('buildings', 'incidents')),
    community_id bigint NOT NULL REFERENCES community ON DELETE CASCADE,
    version bigint NOT NULL,
    PRIMARY KEY (layer, community_id)
);

-- Hexagons of incidents are kept by what has changed since they were derived, so that one edit among a million costs
-- as little as one among ten: by how many more or less lie in a finest hexagon. A row without a category stands for
-- too many changes to note, and for changes of the categories themselves: that community is counted anew.
CREATE TABLE incident_change (
    community_id bigint NOT NULL,
    category_code text,
    up integer,
    across integer,
    incidents integer,
    open_incidents integer
);
CREATE INDEX incident_change_community ON incident_change (community_id);

-- A community that is being deleted needs no note: its hexagons go with it.
CREATE FUNCTION note_incident_changes() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT count(*) FROM (SELECT FROM changed LIMIT 1001) AS first_ones) > 1000 THEN
        INSERT INTO incident_change (community_id)
        SELECT DISTINCT i.community_id FROM changed AS i JOIN community AS n ON n.id = i.community_id;
    ELSE
        INSERT INTO incident_change (community_id, category_code, up, across, incidents, open_incidents)
        SELECT
            i.community_id, i.category_code, h.up, h.across,
            CAST(TG_ARGV[0] AS integer) * count(*),
            CAST(TG_ARGV[0] AS integer) * count(*) FILTER (WHERE i.is_open)
        FROM changed AS i
        JOIN community AS n ON n.id = i.community_id
        CROSS JOIN LATERAL finest_hexagon_of(i.geom) AS h
        WHERE i.geom IS NOT NULL AND i.sensitivity <> 'S3'
        GROUP BY i.community_id, i.category_code, h.up, h.across;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER note_incident_changes_on_insert AFTER INSERT ON incident
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION note_incident_changes('1');
CREATE TRIGGER note_incident_changes_on_update_new AFTER UPDATE ON incident
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION note_incident_changes('1');
CREATE TRIGGER note_incident_changes_on_update_old AFTER UPDATE ON incident
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION note_incident_changes('-1');
CREATE TRIGGER note_incident_changes_on_delete AFTER DELETE ON incident
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION note_incident_changes('-1');

-- A category's words and seal are part of what maps show of every incident.
CREATE FUNCTION touch_all_incidents() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO layer_touch (layer, community_id)
    SELECT 'incidents', id FROM community
    ON CONFLICT DO NOTHING;
    INSERT INTO incident_change (community_id) SELECT id FROM community;
    RETURN NULL;
END $$;

CREATE TRIGGER touch_all_incidents AFTER INSERT OR UPDATE OR DELETE ON category
    FOR EACH STATEMENT EXECUTE FUNCTION touch_all_incidents();
