-- What the forms and filters of a community offer to choose from.

-- name: list_categories()
-- Both levels, those below each after it.
SELECT code, parent_code, name, name_en, call_first, is_sealed, sensitivity = 'S3'
FROM category
ORDER BY length(coalesce(parent_code, code)), coalesce(parent_code, code), parent_code NULLS FIRST, code;

-- name: list_parties(community_id, on_day)
-- Those in office on a day who can be given a case, whether they are away and when they are back.
SELECT p.id, p.name, p.kind, away.id IS NOT NULL, away.valid_to
FROM party AS p
LEFT JOIN absence AS away ON away.party_id = p.id
    AND daterange(away.valid_from, away.valid_to) @> CAST(:on_day AS date)
WHERE p.community_id = :community_id AND daterange(p.active_from, p.active_to) @> CAST(:on_day AS date)
    AND p.kind IN ('staff', 'property_company', 'department', 'residents_committee', 'social_organisation', 'party_branch')
ORDER BY array_position(
    ARRAY['staff', 'property_company', 'residents_committee', 'department', 'party_branch'], p.kind), p.code;

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

-- name: list_area_buildings(community_id, on_day)
-- Which buildings stand in each compound, and in each grid in force.
SELECT 'compounds' AS layer, compound_id, array_agg(id)
FROM building WHERE community_id = :community_id AND compound_id IS NOT NULL
GROUP BY compound_id
UNION ALL
SELECT 'grids', bg.grid_id, array_agg(bg.building_id)
FROM building_grid AS bg
WHERE bg.community_id = :community_id AND bg.kind <> 'micro' AND bg.period @> CAST(:on_day AS date)
    AND bg.building_id IN (SELECT b.id FROM building AS b)
GROUP BY bg.grid_id;

-- name: list_party_cards(community_id)
SELECT party_id, full_name, work_phone FROM party_card WHERE community_id = :community_id;
