-- Carried out by the owner after every migration, so that tables that a
-- migration adds are treated like all others. It can be repeated.

-- Lists have the same order on every server, and as on SQLite: by code point. A
-- database whose own order that is needs nothing.
DO $$
DECLARE
    tab  regclass;
    list text;
BEGIN
    FOR tab, list IN
        SELECT c.oid::regclass, string_agg(format('ALTER COLUMN %I TYPE text COLLATE "C"', a.attname), ', ' ORDER BY a.attnum)
        FROM pg_class c
        JOIN pg_attribute a ON a.attrelid = c.oid
        JOIN pg_collation o ON o.oid = a.attcollation
        WHERE c.relnamespace = 'hwmfa'::regnamespace AND c.relkind = 'r' AND a.atttypid = 'text'::regtype
          AND a.attnum > 0 AND NOT a.attisdropped AND o.collname <> 'C'
          AND NOT EXISTS (SELECT FROM pg_database d WHERE datname = current_database() AND datcollate = 'C'
                          AND COALESCE(to_jsonb(d) ->> 'datlocprovider', 'c') = 'c') -- no such column before 15
        GROUP BY c.oid
    LOOP
        EXECUTE format('ALTER TABLE %s %s', tab, list);
    END LOOP;
END $$;

-- Writers lock this table, one after the other. It has no rows.
CREATE TABLE IF NOT EXISTS write_turn ();

-- What each role may do; roles.sql says it in words. A table that is not named
-- in here, one that was added since, is for the custodian and the manager to
-- write.
CREATE OR REPLACE FUNCTION grant_roles() RETURNS void
LANGUAGE plpgsql SET search_path = hwmfa, pg_temp AS $$
DECLARE
    -- Who is who, what is trusted and what guards what decide what a custodian may do.
    for_managers CONSTANT text[] := ARRAY['accounts', 'anchors', 'bindings', 'exceptions', 'metadata', 'credentials', 'place_access',
                                          'people', 'attestations'];
    append_only  CONSTANT text[] := ARRAY['events', 'attestations', 'audit_runs'];
    never_gone   CONSTANT text[] := ARRAY['keys', 'places', 'people', 'accounts', 'credentials', 'metadata'];
    grantee text;
    tab     text;
    allowed text;
BEGIN
    FOREACH grantee IN ARRAY ARRAY['hwmfa_custodian', 'hwmfa_manager', 'hwmfa_auditor'] LOOP
        CONTINUE WHEN NOT EXISTS (SELECT FROM pg_roles WHERE rolname = grantee);
        EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA hwmfa FROM %I', grantee);
        EXECUTE format('GRANT USAGE ON SCHEMA hwmfa TO %I', grantee);
        EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA hwmfa TO %I', grantee);
        CONTINUE WHEN grantee = 'hwmfa_auditor';
        FOR tab IN SELECT relname FROM pg_class WHERE relnamespace = 'hwmfa'::regnamespace AND relkind = 'r' LOOP
            allowed := CASE
                WHEN tab = 'goose_db_version' THEN NULL
                WHEN tab = 'write_turn' THEN 'UPDATE' -- what it takes to lock it
                WHEN tab = ANY (for_managers) AND grantee = 'hwmfa_custodian' THEN NULL
                -- A new place is made on the way; whether one takes two people is a rule.
                WHEN tab = 'places' AND grantee = 'hwmfa_custodian' THEN 'INSERT'
                WHEN tab = ANY (append_only) THEN 'INSERT'
                WHEN tab = ANY (never_gone) THEN 'INSERT, UPDATE'
                ELSE 'INSERT, UPDATE, DELETE'
            END;
            IF allowed IS NOT NULL THEN
                EXECUTE format('GRANT %s ON %I TO %I', allowed, tab, grantee);
            END IF;
        END LOOP;
    END LOOP;
END $$;
REVOKE ALL ON FUNCTION grant_roles() FROM PUBLIC;

SELECT grant_roles();
