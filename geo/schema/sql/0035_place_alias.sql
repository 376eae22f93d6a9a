-- What places are called besides their names, and cases that nobody could place: see docs/decisions/0024.

-- What somebody has confirmed: these words mean this building, this compound, this spot, or nothing of ours.
CREATE TABLE place_alias (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    community_id bigint NOT NULL REFERENCES community ON DELETE CASCADE,
    -- As matching writes an address, without entrance, floor and room.
    words text NOT NULL CHECK (length(words) BETWEEN 2 AND 200),
    building_id bigint,
    compound_id bigint,
    geom geometry(Point, 4490) CHECK (is_sound(geom)),
    is_elsewhere boolean NOT NULL DEFAULT false,
    made_by bigint REFERENCES account ON DELETE SET NULL,
    made_at timestamptz NOT NULL DEFAULT now(),
    -- One meaning for one spelling: a second is refused, not laid over the first.
    CONSTRAINT place_alias_means_one_place UNIQUE (community_id, words),
    -- What is known of a place goes with it.
    FOREIGN KEY (building_id, community_id) REFERENCES building (id, community_id) ON DELETE CASCADE,
    FOREIGN KEY (compound_id, community_id) REFERENCES compound (id, community_id) ON DELETE CASCADE,
    CONSTRAINT place_alias_means_something CHECK (is_elsewhere = (num_nonnulls(building_id, compound_id, geom) = 0))
);
CREATE INDEX place_alias_building ON place_alias (building_id) WHERE building_id IS NOT NULL;
CREATE INDEX place_alias_compound ON place_alias (compound_id) WHERE compound_id IS NOT NULL;

ALTER TABLE place_alias ENABLE ROW LEVEL SECURITY;
CREATE POLICY area ON place_alias FOR SELECT TO wangge_app USING (
    community_id = ANY (CAST((SELECT app_communities()) AS bigint[]))
    AND (SELECT app_role()) IN ('secretary', 'grid_worker', 'leader', 'administrator'));
CREATE POLICY makers ON place_alias FOR INSERT TO wangge_app WITH CHECK (
    community_id = ANY (CAST((SELECT app_communities()) AS bigint[]))
    AND (SELECT app_role()) IN ('secretary', 'grid_worker', 'administrator')
    AND made_by = (SELECT app_account()));
CREATE POLICY forgetters ON place_alias FOR DELETE TO wangge_app USING (
    community_id = ANY (CAST((SELECT app_communities()) AS bigint[]))
    AND (SELECT app_role()) IN ('secretary', 'grid_worker', 'administrator'));
-- No policy lets anybody change what a spelling means: it is forgotten, and said anew.
GRANT SELECT, INSERT, UPDATE, DELETE ON place_alias TO wangge_app;

-- Of an address that names a compound and no more the compound is known, but no point: none is made up.
ALTER TABLE incident
    DROP CONSTRAINT incident_place_matches_quality,
    ADD CONSTRAINT incident_place_matches_quality CHECK (
        CASE WHEN geom IS NULL THEN geocode_quality = 'none' OR (geocode_quality = 'compound' AND compound_id IS NOT NULL)
            ELSE geocode_quality <> 'none' END);

-- Merchants say how well their place is known, as cases do.
ALTER TABLE merchant ADD COLUMN geocode_quality text NOT NULL GENERATED ALWAYS AS (
    CASE WHEN geom IS NULL THEN 'none' WHEN building_id IS NULL THEN 'street' ELSE 'building' END) STORED;

-- What waits for a place, by what it says of one, the rooms masked, most first. It lies in nobody's area yet, so everybody
-- who works here may say where it is, and reads of it no more than this. Sealed and sensitive cases are not among them:
-- theirs is put right case by case, by those who may read it.
CREATE FUNCTION list_waiting(community bigint, most integer)
    RETURNS TABLE (kind text, address text, compound_id bigint, waiting bigint, still_open bigint, latest timestamptz)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    WITH said AS MATERIALIZED (
        SELECT 'incident' AS kind, i.address, i.compound_id, count(*) AS waiting, count(*) FILTER (WHERE i.is_open) AS still_open,
            max(i.reported_at) AS latest
        FROM incident AS i
        WHERE i.community_id = $1 AND i.geom IS NULL
            AND i.sensitivity <> 'S3' AND i.category_code <> ALL (CAST((SELECT sealed_categories()) AS text[]))
            AND (SELECT app_role() IN ('secretary', 'grid_worker', 'administrator') AND $1 = ANY (app_communities()))
        GROUP BY i.address, i.compound_id
        UNION ALL
        SELECT 'merchant', m.address, NULL, count(*), count(*), max(m.changed_at)
        FROM merchant AS m
        WHERE m.community_id = $1 AND m.geom IS NULL
            AND (SELECT app_role() IN ('secretary', 'grid_worker', 'administrator') AND $1 = ANY (app_communities()))
        GROUP BY m.address
        ORDER BY waiting DESC, latest DESC
        LIMIT $2
    )
    SELECT kind, mask_words(address), compound_id, CAST(sum(waiting) AS bigint), CAST(sum(still_open) AS bigint), max(latest)
    FROM said
    GROUP BY 1, 2, 3
    ORDER BY 4 DESC, 6 DESC, 2;
$$;

-- Gives everything that waits and says one of these addresses, rooms masked as above, its place, and returns how much that
-- was. Of each case the history says so. The version stays: what a list from elsewhere says of the case still counts.
CREATE FUNCTION place_waiting(
    community bigint, addresses text[], qualities text[], in_building bigint, in_compound bigint, longitude float, latitude float)
    RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    spot geometry;
    placed bigint;
    others bigint;
BEGIN
    IF app_role() NOT IN ('secretary', 'grid_worker', 'administrator') OR NOT community = ANY (app_communities()) THEN
        RAISE EXCEPTION 'your role may not say where a case is' USING ERRCODE = 'WG002';
    END IF;
    IF longitude IS NOT NULL THEN
        spot := ST_SetSRID(ST_MakePoint(longitude, latitude), 4490);
    END IF;
    IF in_building IS NOT NULL THEN
        SELECT b.compound_id, coalesce(spot, b.anchor) INTO in_compound, spot
        FROM building AS b WHERE b.id = in_building AND b.community_id = community;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'there is no such building in this community: choose one of the list' USING ERRCODE = 'WG004';
        END IF;
    ELSIF in_compound IS NOT NULL AND NOT EXISTS (
        SELECT FROM compound AS k WHERE k.id = in_compound AND k.community_id = community)
    THEN
        RAISE EXCEPTION 'there is no such compound in this community: choose one of the list' USING ERRCODE = 'WG004';
    END IF;
    IF spot IS NOT NULL AND NOT (SELECT ST_Covers(c.geom, spot) FROM community AS c WHERE c.id = community) THEN
        RAISE EXCEPTION 'the place lies outside the community: choose one inside its boundary' USING ERRCODE = 'WG003';
    END IF;

    -- Masking is dear: each address once, however many cases say it.
    WITH meant AS MATERIALIZED (
        SELECT written.address, said.quality
        FROM (
            SELECT DISTINCT i.address FROM incident AS i WHERE i.community_id = community AND i.geom IS NULL
        ) AS written
        JOIN unnest(addresses, qualities) AS said (address, quality) ON said.address = mask_words(written.address)
    ), waiting AS MATERIALIZED (
        SELECT i.id, i.community_id, meant.quality,
            (SELECT g.id FROM grid AS g
             WHERE g.community_id = i.community_id AND g.kind = 'community'
                AND g.period @> CAST(i.reported_at AT TIME ZONE 'Asia/Shanghai' AS date) AND ST_Covers(g.geom, spot)
             ORDER BY g.id LIMIT 1) AS grid_id
        FROM incident AS i
        JOIN meant ON meant.address = i.address
        WHERE i.community_id = community AND i.geom IS NULL
            AND i.sensitivity <> 'S3' AND i.category_code <> ALL (CAST((SELECT sealed_categories()) AS text[]))
            AND NOT (spot IS NULL AND i.compound_id IS NOT DISTINCT FROM in_compound)
        FOR NO KEY UPDATE OF i
    ), told AS (
        INSERT INTO incident_event (community_id, incident_id, at, actor_party_id, kind, account_id, role, payload)
        SELECT w.community_id, w.id, clock_timestamp(), app_party(), 'corrected', app_account(), app_role(),
            jsonb_build_object('to', jsonb_build_object(
                'geom', ST_AsEWKT(spot), 'geocode_quality', w.quality, 'building_id', in_building,
                'compound_id', in_compound, 'grid_id', w.grid_id))
        FROM waiting AS w
    )
    UPDATE incident AS i
    SET geom = spot, geocode_quality = w.quality, building_id = in_building, compound_id = in_compound, grid_id = w.grid_id
    FROM waiting AS w WHERE w.id = i.id;
    GET DIAGNOSTICS placed = ROW_COUNT;

    IF spot IS NOT NULL THEN
        UPDATE merchant AS m SET geom = spot, building_id = in_building
        WHERE m.community_id = community AND m.geom IS NULL AND mask_words(m.address) = ANY (addresses);
        GET DIAGNOSTICS others = ROW_COUNT;
    END IF;
    RETURN placed + coalesce(others, 0);
END $$;

CALL close_functions();
