-- What the forms and filters of a community offer to choose from.

-- name: list_categories()
-- Both levels, those below each after it.
SELECT code, parent_code, name, name_en, call_first, is_sealed, sensitivity = 'S3'
FROM category
ORDER BY length(coalesce(parent_code, code)), coalesce(parent_code, code), parent_code NULLS FIRST, code;

-- name: list_parties(community_id, on_day)
-- Those in office on a day who can be given a case.
SELECT id, name, kind
FROM party
WHERE community_id = :community_id AND daterange(active_from, active_to) @> CAST(:on_day AS date)
    AND kind IN ('staff', 'property_company', 'department', 'residents_committee', 'social_organisation', 'party_branch')
ORDER BY array_position(
    ARRAY['staff', 'property_company', 'residents_committee', 'department', 'party_branch'], kind), code;

-- name: list_areas(community_id, on_day)
SELECT 'grids' AS layer, id, name, code FROM grid
WHERE community_id = :community_id AND kind <> 'micro' AND period @> CAST(:on_day AS date)
UNION ALL
SELECT 'compounds', id, name, code FROM compound WHERE community_id = :community_id
ORDER BY layer, code;

-- name: list_building_names(community_id)
SELECT b.id, CASE WHEN starts_with(b.name, c.name) THEN b.name ELSE concat(c.name, b.name) END, ST_X(b.anchor), ST_Y(b.anchor)
FROM building AS b
LEFT JOIN compound AS c ON c.id = b.compound_id
WHERE b.community_id = :community_id
ORDER BY c.code NULLS LAST, lpad(b.code, 40);
