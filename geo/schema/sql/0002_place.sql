-- Places: communities and what lies in them.

CREATE TABLE community (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text NOT NULL UNIQUE CHECK (code <> ''),
    name text NOT NULL CHECK (name <> ''),
    subdistrict text,
    official_code text CHECK (official_code ~ '^\d{12}$'),
    is_demo boolean NOT NULL DEFAULT false,
    -- The community's Gauss-Krüger zone, for metric work.
    metric_epsg integer NOT NULL CHECK (metric_epsg BETWEEN 4513 AND 4554),
    geom geometry(MultiPolygon, 4490) NOT NULL CHECK (is_sound(geom))
);
CREATE INDEX community_geom ON community USING gist (geom);

-- The ground of a map without a base map: water, roads and green.
CREATE TABLE ground_feature (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    community_id bigint NOT NULL REFERENCES community ON DELETE CASCADE,
    kind text NOT NULL CHECK (kind IN ('water', 'road', 'green', 'square', 'rail')),
    name text,
    width_m real CHECK (width_m > 0),
    geom geometry(Geometry, 4490) NOT NULL CHECK (is_sound(geom))
);
CREATE INDEX ground_feature_community ON ground_feature (community_id);

CREATE TABLE import_batch (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    community_id bigint REFERENCES community ON DELETE CASCADE,
    layer text NOT NULL,
    file_name text NOT NULL,
    file_sha256 text NOT NULL CHECK (file_sha256 ~ '^[0-9a-f]{64}$'),
    source_crs text,
    encoding text,
    mapping jsonb NOT NULL DEFAULT '{}',
    rows_total integer NOT NULL DEFAULT 0,
    rows_inserted integer NOT NULL DEFAULT 0,
    rows_updated integer NOT NULL DEFAULT 0,
    rows_unchanged integer NOT NULL DEFAULT 0,
    rows_rejected integer NOT NULL DEFAULT 0,
    imported_at timestamptz NOT NULL DEFAULT now(),
    undone_at timestamptz,
    CHECK (rows_total = rows_inserted + rows_updated + rows_unchanged + rows_rejected),
    CHECK (undone_at >= imported_at)
);

CREATE TABLE import_rejection (
    batch_id bigint NOT NULL REFERENCES import_batch ON DELETE CASCADE,
    row_number integer NOT NULL,
    column_name text,
    reason text NOT NULL
);
CREATE INDEX import_rejection_batch ON import_rejection (batch_id);

-- The row as it was before a batch updated it. Rows that a batch inserted need none: undo deletes them.
CREATE TABLE import_change (
    batch_id bigint NOT NULL REFERENCES import_batch ON DELETE CASCADE,
    row_id bigint NOT NULL,
    before jsonb NOT NULL,
    PRIMARY KEY (batch_id, row_id)
);

CREATE TABLE grid (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    community_id bigint NOT NULL REFERENCES community ON DELETE CASCADE,
    kind text NOT NULL CHECK (kind IN ('community', 'micro', 'exclusive')),
    parent_id bigint,
    code text NOT NULL CHECK (code <> ''),
    name text NOT NULL CHECK (name <> ''),
    official_code text,
    external_id text,
    valid_from date NOT NULL,
    valid_to date,
    period daterange NOT NULL GENERATED ALWAYS AS (daterange(valid_from, valid_to)) STORED,
    geom geometry(MultiPolygon, 4490) NOT NULL CHECK (is_sound(geom)),
    import_batch_id bigint REFERENCES import_batch,
    changed_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (id, community_id),
    UNIQUE (id, kind, period),
    FOREIGN KEY (parent_id, community_id) REFERENCES grid (id, community_id),
    CHECK ((kind = 'micro') = (parent_id IS NOT NULL)),
    CONSTRAINT grid_dates_in_order CHECK (valid_to > valid_from),
    CONSTRAINT grid_code_once_at_a_time
        EXCLUDE USING gist (community_id WITH =, kind WITH =, code WITH =, period WITH &&)
);
CREATE UNIQUE INDEX grid_external_id ON grid (community_id, external_id, valid_from);
CREATE INDEX grid_geom ON grid USING gist (geom);

-- Those who change grids or buildings of a community commit one after the other: each must see what the other drew.
-- Communities are locked in one order, so that two commits never wait for each other.
CREATE PROCEDURE lock_touched_places()
    LANGUAGE sql AS $$
    SELECT pg_advisory_xact_lock(hashtextextended('places', touched.community_id))
    FROM (
        SELECT DISTINCT community_id FROM layer_touch
        WHERE transaction_id = pg_current_xact_id() AND layer IN ('grids', 'buildings')
        ORDER BY community_id
    ) AS touched;
$$;

-- Grids of one kind in one community and period may share an edge; 1 m² allows for the rounding of digitised borders.
-- Checked at commit, so that a redrawing of neighbours is judged as a whole, and one transaction at a time.
CREATE FUNCTION refuse_grid_overlap() RETURNS trigger
    LANGUAGE plpgsql AS $$
DECLARE
    this grid;
    clash record;
BEGIN
    SELECT * INTO this FROM grid WHERE id = NEW.id;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    CALL lock_touched_places();
    -- Not yet among the touched where somebody has set the constraint immediate.
    PERFORM pg_advisory_xact_lock(hashtextextended('places', this.community_id));
    SELECT other.code, overlap.area_m2 INTO clash
    FROM grid AS other
    CROSS JOIN LATERAL (
        SELECT ST_Area(CAST(ST_CollectionExtract(ST_Intersection(other.geom, this.geom), 3) AS geography)) AS area_m2
    ) AS overlap
    WHERE other.community_id = this.community_id
        AND other.kind = this.kind
        AND other.id <> this.id
        AND other.period && this.period
        AND other.geom && this.geom
        AND overlap.area_m2 > 1
    ORDER BY overlap.area_m2 DESC
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'grid % overlaps grid % by % m²', this.code, clash.code, round(CAST(clash.area_m2 AS numeric), 1)
            USING ERRCODE = 'exclusion_violation', CONSTRAINT = 'grid_overlap', TABLE = 'grid';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER grid_overlap
    AFTER INSERT OR UPDATE OF geom, valid_from, valid_to, kind, community_id ON grid
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION refuse_grid_overlap();

CREATE TABLE compound (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    community_id bigint NOT NULL REFERENCES community ON DELETE CASCADE,
    code text NOT NULL CHECK (code <> ''),
    name text NOT NULL CHECK (name <> ''),
    aliases text[] NOT NULL DEFAULT '{}',
    external_id text,
    type text CHECK (type IN ('commodity', 'resettlement', 'relocation', 'urban_village', 'old', 'unit_housing')),
    management text CHECK (management IN ('property_company', 'interim_committee', 'self_managed', 'none')),
    address text,
    -- Three-no (三无) has no national definition: the three facts, the local wording and the day of the review are kept,
    -- and the verdict follows from them. Unreviewed facts make nobody three-no.
    has_property_management boolean,
    has_responsible_unit boolean,
    has_security boolean,
    three_no_definition text,
    three_no_reviewed_on date,
    is_three_no boolean NOT NULL GENERATED ALWAYS AS (
        three_no_reviewed_on IS NOT NULL
        AND has_property_management IS FALSE AND has_responsible_unit IS FALSE AND has_security IS FALSE
    ) STORED,
    geom geometry(MultiPolygon, 4490) NOT NULL CHECK (is_sound(geom)),
    import_batch_id bigint REFERENCES import_batch,
    changed_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (community_id, code),
    UNIQUE (id, community_id),
    CHECK (three_no_reviewed_on IS NULL OR three_no_definition IS NOT NULL)
);
CREATE UNIQUE INDEX compound_external_id ON compound (community_id, external_id);
CREATE INDEX compound_geom ON compound USING gist (geom);
CREATE INDEX compound_name ON compound USING gin (name gin_trgm_ops);

CREATE TABLE building (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    community_id bigint NOT NULL REFERENCES community ON DELETE CASCADE,
    compound_id bigint,
    code text NOT NULL CHECK (code <> ''),
    name text NOT NULL CHECK (name <> ''),
    external_id text,
    kind text NOT NULL DEFAULT 'residential' CHECK (kind IN ('residential', 'mixed', 'commercial', 'public', 'industrial')),
    address text,
    floors integer CHECK (floors BETWEEN 1 AND 200),
    entrances integer CHECK (entrances >= 0),
    households integer NOT NULL DEFAULT 0 CHECK (households >= 0),
    residents integer NOT NULL DEFAULT 0 CHECK (residents >= 0),
    elderly integer NOT NULL DEFAULT 0 CHECK (elderly BETWEEN 0 AND residents),
    built_year integer CHECK (built_year BETWEEN 1800 AND 2200),
    geom geometry(MultiPolygon, 4490) NOT NULL CHECK (is_sound(geom)),
    -- Where the building is when it must be one point; never outside it, as a centroid may be.
    anchor geometry(Point, 4490) NOT NULL GENERATED ALWAYS AS (ST_PointOnSurface(geom)) STORED,
    import_batch_id bigint REFERENCES import_batch,
    changed_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (community_id, code),
    UNIQUE (id, community_id),
    FOREIGN KEY (compound_id, community_id) REFERENCES compound (id, community_id)
);
CREATE UNIQUE INDEX building_external_id ON building (community_id, external_id);
CREATE INDEX building_geom ON building USING gist (geom);
CREATE INDEX building_compound ON building (compound_id);
CREATE INDEX building_name ON building USING gin (name gin_trgm_ops, address gin_trgm_ops);

-- Which grid a building lies in, by its anchor: at most one of a kind at any time. Derived at commit, never written by hand.
CREATE TABLE building_grid (
    building_id bigint NOT NULL,
    grid_id bigint NOT NULL,
    community_id bigint NOT NULL,
    kind text NOT NULL,
    period daterange NOT NULL,
    PRIMARY KEY (building_id, grid_id),
    FOREIGN KEY (building_id, community_id) REFERENCES building (id, community_id) ON DELETE CASCADE,
    FOREIGN KEY (grid_id, kind, period) REFERENCES grid (id, kind, period) ON UPDATE CASCADE ON DELETE CASCADE,
    CONSTRAINT building_in_one_grid_of_a_kind
        EXCLUDE USING gist (building_id WITH =, kind WITH =, period WITH &&) DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX building_grid_grid ON building_grid (grid_id);

CREATE PROCEDURE assign_building_grids(of_community bigint)
    LANGUAGE sql AS $$
    -- Driven from the grids, each of which is then prepared once for all its buildings.
    WITH covering AS MATERIALIZED (
        SELECT b.id AS building_id, g.id AS grid_id, g.community_id, g.kind, g.period, g.code
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
    chosen AS MATERIALIZED (
        SELECT c.* FROM covering AS c
        WHERE NOT EXISTS (
            SELECT FROM covering AS rival
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

CREATE TABLE merchant (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    community_id bigint NOT NULL REFERENCES community ON DELETE CASCADE,
    building_id bigint,
    code text NOT NULL CHECK (code <> ''),
    name text NOT NULL CHECK (name <> ''),
    external_id text,
    category text NOT NULL DEFAULT 'other',
    address text,
    -- A partner (一刻钟合伙人) since this day.
    partner_since date,
    is_partner boolean NOT NULL GENERATED ALWAYS AS (partner_since IS NOT NULL) STORED,
    geom geometry(Point, 4490) CHECK (is_sound(geom)),
    import_batch_id bigint REFERENCES import_batch,
    changed_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (community_id, code),
    UNIQUE (id, community_id),
    FOREIGN KEY (building_id, community_id) REFERENCES building (id, community_id)
);
CREATE UNIQUE INDEX merchant_external_id ON merchant (community_id, external_id);
CREATE INDEX merchant_geom ON merchant USING gist (geom);
CREATE INDEX merchant_building ON merchant (building_id);
CREATE INDEX merchant_name ON merchant USING gin (name gin_trgm_ops, address gin_trgm_ops);

-- What a partner offers, such as free glasses repair on every 9th.
CREATE TABLE merchant_offer (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    community_id bigint NOT NULL,
    merchant_id bigint NOT NULL,
    title text NOT NULL CHECK (title <> ''),
    day_of_month integer CHECK (day_of_month BETWEEN 1 AND 31),
    capacity integer CHECK (capacity > 0),
    FOREIGN KEY (merchant_id, community_id) REFERENCES merchant (id, community_id) ON DELETE CASCADE
);

CREATE TRIGGER stamp_change BEFORE UPDATE ON grid FOR EACH ROW EXECUTE FUNCTION stamp_change();
CREATE TRIGGER stamp_change BEFORE UPDATE ON compound FOR EACH ROW EXECUTE FUNCTION stamp_change();
CREATE TRIGGER stamp_change BEFORE UPDATE ON building FOR EACH ROW EXECUTE FUNCTION stamp_change();
CREATE TRIGGER stamp_change BEFORE UPDATE ON merchant FOR EACH ROW EXECUTE FUNCTION stamp_change();

CALL watch_layer('ground_feature', 'ground');
CALL watch_layer('grid', 'grids');
CALL watch_layer('compound', 'compounds');
CALL watch_layer('building', 'buildings');
CALL watch_layer('building_grid', 'buildings');
CALL watch_layer('merchant', 'merchants');

-- As a transaction commits: derive what hangs on the touched places, then publish the new versions.
-- Rows are raised in one order, so that two commits never wait for each other.
CREATE FUNCTION publish_touched_layers() RETURNS trigger
    LANGUAGE plpgsql AS $$
DECLARE
    place record;
BEGIN
    CALL lock_touched_places();
    FOR place IN
        SELECT DISTINCT community_id FROM layer_touch
        WHERE transaction_id = pg_current_xact_id() AND layer IN ('grids', 'buildings')
        ORDER BY community_id
    LOOP
        CALL assign_building_grids(place.community_id);
    END LOOP;

    WITH touched AS (
        DELETE FROM layer_touch WHERE transaction_id = pg_current_xact_id() RETURNING layer, community_id
    ), raised AS (
        INSERT INTO layer_version AS current (layer, community_id)
        SELECT layer, community_id FROM touched ORDER BY layer, community_id
        ON CONFLICT (layer, community_id) DO UPDATE SET version = current.version + 1, changed_at = now()
        RETURNING layer
    )
    SELECT count(pg_notify('layer_version', layer)) INTO place FROM (SELECT DISTINCT layer FROM raised) AS r;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER publish_touched_layers
    AFTER INSERT ON layer_touch
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION publish_touched_layers();
