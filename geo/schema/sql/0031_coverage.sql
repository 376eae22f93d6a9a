-- What coverage is counted from: how old a building's record is, whether a compound has an owners' committee, who looked
-- where; and what a community inspects how often (日查、周巡、月评).

-- The day somebody last saw to it that the record is right.
ALTER TABLE building ADD COLUMN verified_on date;

-- Whether the owners have a committee in office, and the day its term ends; not reviewed, nothing is known.
ALTER TABLE compound
    ADD COLUMN has_owners_committee boolean,
    ADD COLUMN owners_committee_until date;

-- A round through a compound is a visit to it and to none of its buildings.
ALTER TABLE visit
    ADD COLUMN compound_id bigint,
    ADD FOREIGN KEY (compound_id, community_id) REFERENCES compound (id, community_id) ON DELETE CASCADE,
    DROP CONSTRAINT visit_check,
    ADD CONSTRAINT visit_is_somewhere CHECK (num_nonnulls(building_id, merchant_id, compound_id) > 0);
CREATE INDEX visit_compound ON visit (compound_id, at) WHERE compound_id IS NOT NULL;
CALL watch_layer('visit', 'visits');

-- Administrators count visits too. A grid worker records his own, of places that are his or his neighbours' to nobody:
-- his buildings, those of his grids, the shops and compounds there, and shops in no building.
DROP POLICY area ON visit;
CREATE POLICY area ON visit FOR SELECT TO wangge_app USING (
    community_id = ANY (CAST((SELECT app_communities()) AS bigint[]))
    AND (SELECT app_role()) IN ('secretary', 'grid_worker', 'leader', 'administrator'));
DROP POLICY own_work ON visit;
DO $$
DECLARE
    is_own constant text :=
        '(%1$s = ANY (CAST((SELECT app_buildings()) AS bigint[])) OR EXISTS (SELECT FROM building_grid AS bg '
        'WHERE bg.building_id = %1$s AND bg.grid_id = ANY (CAST((SELECT app_grids()) AS bigint[]))))';
BEGIN
    EXECUTE 'CREATE POLICY own_work ON visit FOR INSERT TO wangge_app WITH CHECK ('
        'community_id = ANY (CAST((SELECT app_communities()) AS bigint[])) AND party_id = (SELECT app_party()) '
        'AND CASE (SELECT app_role()) WHEN ''secretary'' THEN true WHEN ''grid_worker'' THEN '
        '(building_id IS NULL OR ' || format(is_own, 'visit.building_id') || ') '
        'AND (merchant_id IS NULL OR EXISTS (SELECT FROM merchant AS m WHERE m.id = visit.merchant_id '
        'AND (m.building_id IS NULL OR ' || format(is_own, 'm.building_id') || '))) '
        'AND (compound_id IS NULL OR EXISTS (SELECT FROM building AS b WHERE b.compound_id = visit.compound_id '
        'AND ' || format(is_own, 'b.id') || ')) ELSE false END)';
END $$;
GRANT SELECT (compound_id) ON visit TO wangge_app;

-- What is looked at how often by whom. A community that keeps none of its own has the usual ones.
CREATE TABLE inspection_template (
    community_id bigint NOT NULL REFERENCES community ON DELETE CASCADE,
    position smallint NOT NULL CHECK (position BETWEEN 1 AND 20),
    name text NOT NULL CHECK (name ~ '\S' AND length(name) <= 40),
    cadence text NOT NULL CHECK (cadence IN ('day', 'week', 'month')),
    subject text NOT NULL CHECK (subject IN ('three_no', 'building', 'home', 'merchant')),
    zone_kind text NOT NULL DEFAULT 'grid_worker' CHECK (
        zone_kind IN ('grid_worker', 'party_branch', 'volunteer', 'property', 'inspection')),
    -- What is looked at there, word by word.
    items text[] NOT NULL DEFAULT '{}' CHECK (cardinality(items) <= 20),
    -- Its part of the month's score.
    weight smallint NOT NULL DEFAULT 0 CHECK (weight BETWEEN 0 AND 100),
    is_on boolean NOT NULL DEFAULT true,
    PRIMARY KEY (community_id, position)
);
ALTER TABLE inspection_template ENABLE ROW LEVEL SECURITY;
CREATE POLICY area ON inspection_template FOR SELECT TO wangge_app
    USING (community_id = ANY (CAST((SELECT app_communities()) AS bigint[]))
        AND (SELECT app_role()) IN ('secretary', 'grid_worker', 'leader', 'administrator'));
CREATE POLICY keepers ON inspection_template TO wangge_app
    USING (community_id = ANY (CAST((SELECT app_communities()) AS bigint[]))
        AND (SELECT app_role()) IN ('secretary', 'administrator'));
GRANT SELECT, INSERT, UPDATE, DELETE ON inspection_template TO wangge_app;

CALL close_functions();
