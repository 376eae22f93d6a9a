-- What hangs on a wall reads nothing: whoever takes its address along finds no row of any community with it. What it shows,
-- the server makes once for all screens, and only what visitors may see.
CREATE OR REPLACE FUNCTION app_communities() RETURNS bigint[]
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CASE
        WHEN app_role() IN ('secretary', 'grid_worker', 'leader', 'property_company', 'administrator')
            THEN CAST(coalesce(nullif(current_setting('wangge.communities', true), ''), '{}') AS bigint[])
        ELSE '{}' END;
-- Nor does it keep anything there.
DROP POLICY own ON saved_view;
CREATE POLICY own ON saved_view TO wangge_app
    USING (account_id = (SELECT app_account()) AND (SELECT app_role()) <> 'wall')
    WITH CHECK (account_id = (SELECT app_account()) AND (SELECT app_role()) <> 'wall');

CALL close_functions();
