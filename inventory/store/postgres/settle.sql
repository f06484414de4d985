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

-- What SQLite's triggers do, and two things more that only a
-- server can: an event is written under the login of the one who writes it, and
-- its hash and form have to be right, so that nobody who may write can break the
-- chain, or end it with what nobody can read.
CREATE OR REPLACE FUNCTION journal_refuse() RETURNS trigger LANGUAGE plpgsql SET search_path = hwmfa, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'the journal is append-only' USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE OR REPLACE FUNCTION journal_append() RETURNS trigger LANGUAGE plpgsql SET search_path = hwmfa, pg_temp AS $$
DECLARE
    last   events%ROWTYPE;
    hashed bytea;
    piece  text;
BEGIN
    SELECT * INTO last FROM events ORDER BY seq DESC LIMIT 1;
    IF NEW.seq <> COALESCE(last.seq, 0) + 1 OR NEW.prev_hash <> COALESCE(last.hash, repeat('0', 64)) THEN
        RAISE EXCEPTION 'the journal is append-only' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    -- docs/journal.md lays down what is hashed.
    hashed := convert_to('hwmfa.journal/v1', 'UTF8') || '\x00'::bytea || int8send(NEW.seq);
    FOREACH piece IN ARRAY ARRAY[NEW.at, NEW.actor, NEW.kind, NEW.subject, NEW.payload] LOOP
        hashed := hashed || int8send(octet_length(piece)) || convert_to(piece, 'UTF8');
    END LOOP;
    IF NEW.hash <> encode(sha256(hashed || decode(NEW.prev_hash, 'hex')), 'hex') THEN
        RAISE EXCEPTION 'the event does not give its hash' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    -- What is no time or no JSON gives an error of its own.
    IF NEW.at !~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[.][0-9]{6}Z$'
       OR to_char(NEW.at::timestamptz AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') <> NEW.at
       OR NEW.kind || NEW.subject ~ '[[:cntrl:]]' OR json_typeof(NEW.payload::json) <> 'object' THEN
        RAISE EXCEPTION 'the event is not of the form of one' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    -- Only the owner, copying a whole journal, writes the events of others.
    IF NEW.actor <> session_user
       AND NOT (COALESCE(current_setting('hwmfa.copying', true), '') = 'yes'
                AND pg_has_role(session_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'MEMBER')) THEN
        RAISE EXCEPTION 'actor % is not the login %', NEW.actor, session_user USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;

DROP TRIGGER IF EXISTS events_no_change ON events;
CREATE TRIGGER events_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON events
    FOR EACH STATEMENT EXECUTE FUNCTION journal_refuse();

DROP TRIGGER IF EXISTS events_in_order ON events;
CREATE TRIGGER events_in_order BEFORE INSERT ON events
    FOR EACH ROW EXECUTE FUNCTION journal_append();

DROP TRIGGER IF EXISTS attestations_no_change ON attestations;
CREATE TRIGGER attestations_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON attestations
    FOR EACH STATEMENT EXECUTE FUNCTION journal_refuse();
