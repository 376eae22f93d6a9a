-- What the shared map may show, and the hexagons it shows instead of single places at low zooms.

-- A category's words and seal, and a community's code, are part of what maps show of every row below them.
CREATE FUNCTION touch_all_incidents() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO layer_touch (layer, community_id)
    SELECT 'incidents', id FROM community
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;

CREATE TRIGGER touch_all_incidents AFTER INSERT OR UPDATE OR DELETE ON category
    FOR EACH STATEMENT EXECUTE FUNCTION touch_all_incidents();

CREATE FUNCTION touch_community() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO layer_touch (layer, community_id)
    SELECT 'communities', id FROM changed
    ON CONFLICT DO NOTHING;
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

-- What anybody may see of an incident: neither words nor address, and nothing sealed or sensitive at all,
-- whether the case, its category or the category above it says so.
CREATE VIEW mapped_incident AS
    SELECT
        i.id, i.community_id, i.category_code, c.parent_code, c.name AS category_name,
        i.state, i.is_open, i.reported_at, i.due_at, i.geom
    FROM incident AS i
    JOIN category AS c ON c.code = i.category_code
    LEFT JOIN category AS above ON above.code = c.parent_code
    WHERE i.geom IS NOT NULL
        AND i.sensitivity <> 'S3'
        AND NOT c.is_sealed AND c.sensitivity <> 'S3'
        AND above.is_sealed IS NOT TRUE AND above.sensitivity IS DISTINCT FROM 'S3';

-- GeoJSON of at most that many features; one more than that tells that there are others.
CREATE FUNCTION feature_collection(features text[], most integer) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN concat(
        '{"type":"FeatureCollection","truncated":', to_json(coalesce(cardinality(features), 0) > most),
        ',"features":[', array_to_string(features[1:most], ','), ']}');

-- The hexagon that a point of the Web Mercator plane (x, y in its metres) lies in. Centres are at
-- (across / 2 · width, up / 2 · width · √3) with both numbers even or both odd; a level's width is a 32nd of a tile's.
CREATE FUNCTION hexagon_width(level integer) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN 40075016.68557849 / 32 / 2 ^ level;

CREATE FUNCTION hexagon_at(x double precision, y double precision, level integer)
    RETURNS TABLE (across integer, up integer)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    BEGIN ATOMIC
        SELECT
            CASE WHEN is_even THEN 2 * even_across ELSE 2 * odd_across + 1 END,
            CASE WHEN is_even THEN 2 * even_up ELSE 2 * odd_up + 1 END
        FROM (
            SELECT
                even_across, even_up, odd_across, odd_up,
                (u - even_across) ^ 2 + 3 * (v - even_up) ^ 2
                    <= (u - odd_across - 0.5) ^ 2 + 3 * (v - odd_up - 0.5) ^ 2 AS is_even
            FROM (
                SELECT
                    u, v,
                    CAST(round(u) AS integer) AS even_across, CAST(round(v) AS integer) AS even_up,
                    CAST(floor(u) AS integer) AS odd_across, CAST(floor(v) AS integer) AS odd_up
                FROM (
                    SELECT x / hexagon_width(level) AS u, y / (hexagon_width(level) * sqrt(3)) AS v
                ) AS place
            ) AS candidate
        ) AS nearest;
    END;

CREATE FUNCTION hexagon_shape(across integer, up integer, level integer) RETURNS geometry
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ST_Translate(
        ST_Scale(
            ST_GeomFromText('POLYGON((0 2, 1.7320508075688772 1, 1.7320508075688772 -1, 0 -2, -1.7320508075688772 -1, -1.7320508075688772 1, 0 2))', 3857),
            hexagon_width(level) / sqrt(12), hexagon_width(level) / sqrt(12)),
        across * hexagon_width(level) / 2, up * hexagon_width(level) * sqrt(3) / 2);

-- How much lies in each hexagon: features are buildings or incidents, weight is households or open incidents.
-- Derived for the tiles, community by community, when one is asked for and the layer has moved since.
CREATE TABLE hexagon (
    layer text NOT NULL CHECK (layer IN ('buildings', 'incidents')),
    level smallint NOT NULL,
    across integer NOT NULL,
    up integer NOT NULL,
    community_id bigint NOT NULL REFERENCES community ON DELETE CASCADE,
    features integer NOT NULL CHECK (features > 0),
    weight integer NOT NULL CHECK (weight >= 0),
    geom geometry(Polygon, 3857) NOT NULL GENERATED ALWAYS AS (hexagon_shape(across, up, level)) STORED,
    PRIMARY KEY (layer, community_id, level, across, up)
);
CREATE INDEX hexagon_geom ON hexagon USING gist (layer, level, geom);

-- The layer's version that a community's hexagons were derived from.
CREATE TABLE hexagon_version (
    layer text NOT NULL CHECK (layer IN ('buildings', 'incidents')),
    community_id bigint NOT NULL REFERENCES community ON DELETE CASCADE,
    version bigint NOT NULL,
    PRIMARY KEY (layer, community_id)
);
