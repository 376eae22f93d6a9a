-- Whoever may make temporary objects may make functions, and try them on rows before a rule that is no barrier does.
-- By default everybody may; the application needs none, and imports run as the owner.
DO $$
BEGIN
    EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO CURRENT_USER', current_database());
EXCEPTION WHEN insufficient_privilege THEN
    RAISE NOTICE 'let the owner of the database run REVOKE TEMPORARY ON DATABASE % FROM PUBLIC', current_database();
END $$;
