-- What row-level security asks with every query, several times in most: planned once by each session. A function in
-- SQL that may not be inlined, as these that ask as the owner, is planned anew each time it is called, which takes
-- thirty times as long as the answer.

CREATE OR REPLACE FUNCTION sealed_categories() RETURNS text[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE SET search_path = public, pg_temp AS $$
BEGIN
    RETURN (
        SELECT coalesce(array_agg(c.code), '{}')
        FROM category AS c
        LEFT JOIN category AS above ON above.code = c.parent_code
        WHERE c.is_sealed OR above.is_sealed);
END $$;

CREATE OR REPLACE FUNCTION app_buildings() RETURNS bigint[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN (
        SELECT coalesce(array_agg(h.building_id), '{}')
        FROM building_holder(CAST(now() AT TIME ZONE 'Asia/Shanghai' AS date)) AS h
        WHERE h.party_id = app_party());
END $$;

CREATE OR REPLACE FUNCTION app_compounds() RETURNS bigint[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN (
        SELECT coalesce(array_agg(c.id), '{}') FROM compound AS c WHERE c.property_company_id = app_party());
END $$;

CALL close_functions();
