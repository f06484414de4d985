-- What SQLite's triggers of the same number do, and two things more that only a
-- server can: an event is written under the login of the one who writes it, and
-- its hash and form have to be right, so that nobody who may write can break the
-- chain, or end it with what nobody can read.
CREATE FUNCTION journal_refuse() RETURNS trigger LANGUAGE plpgsql SET search_path = hwmfa, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'the journal is append-only' USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE FUNCTION journal_append() RETURNS trigger LANGUAGE plpgsql SET search_path = hwmfa, pg_temp AS $$
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

CREATE TRIGGER events_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON events
    FOR EACH STATEMENT EXECUTE FUNCTION journal_refuse();

CREATE TRIGGER events_in_order BEFORE INSERT ON events
    FOR EACH ROW EXECUTE FUNCTION journal_append();

CREATE TRIGGER attestations_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON attestations
    FOR EACH STATEMENT EXECUTE FUNCTION journal_refuse();
