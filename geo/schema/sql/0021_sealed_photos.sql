-- A sealed case is opened whole: its photos with its words, for one reason that is kept.
DROP FUNCTION unseal_case(bigint, text);
CREATE FUNCTION unseal_case(incident bigint, reason text)
    RETURNS TABLE (title text, description text, address text, photos jsonb)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    seen seen_incident;
BEGIN
    IF unseal_case.reason IS NULL OR unseal_case.reason !~ '\S' THEN
        RAISE EXCEPTION 'a reason is needed to see this' USING ERRCODE = 'check_violation', CONSTRAINT = 'unseal_has_reason';
    END IF;
    SELECT i.* INTO seen FROM seen_incident AS i
    WHERE i.id = unseal_case.incident AND (app_role() = 'secretary' OR app_role() = 'grid_worker' AND i.is_own);
    IF NOT FOUND THEN
        RETURN;
    END IF;
    PERFORM record_audit('unseal', seen.community_id, 'incident', seen.id, unseal_case.reason, 1, NULL);
    RETURN QUERY SELECT seen.title, seen.description, seen.address, coalesce((
        SELECT jsonb_agg(jsonb_build_array(p.sha256, p.media_type) ORDER BY p.event_id, p.position)
        FROM incident_photo AS p WHERE p.incident_id = seen.id), '[]');
END $$;
CALL close_functions();
