-- Where only some rows have a number of another system, or a place above them, only those are worth an entry.

DROP INDEX building_external_id, building_compound, compound_external_id, ground_feature_external_id,
    merchant_external_id, merchant_building;

CREATE UNIQUE INDEX building_external_id ON building (community_id, external_id) WHERE external_id IS NOT NULL;
CREATE INDEX building_compound ON building (compound_id) WHERE compound_id IS NOT NULL;
CREATE UNIQUE INDEX compound_external_id ON compound (community_id, external_id) WHERE external_id IS NOT NULL;
CREATE UNIQUE INDEX ground_feature_external_id ON ground_feature (community_id, external_id) WHERE external_id IS NOT NULL;
CREATE UNIQUE INDEX merchant_external_id ON merchant (community_id, external_id) WHERE external_id IS NOT NULL;
CREATE INDEX merchant_building ON merchant (building_id) WHERE building_id IS NOT NULL;

-- As before, what is empty, out of China's envelope or not finite is not sound; the frame is compared once.
CREATE OR REPLACE FUNCTION is_sound(shape geometry) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN shape IS NULL OR (shape @ ST_MakeEnvelope(73, 3, 136, 54, 4490) AND ST_IsValid(shape));
