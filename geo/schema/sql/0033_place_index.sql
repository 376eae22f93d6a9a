-- What lies near a place and is of one category is found by one index, which finds what lies near whatever it is as well:
-- looking again at what was settled asks for it some thousand times.
DROP INDEX incident_geom;
CREATE INDEX incident_geom ON incident USING gist (geom, category_code);
