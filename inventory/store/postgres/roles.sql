-- The roles of an inventory on PostgreSQL. Run it in the inventory's database,
-- as its owner and somebody who may create roles; it can be repeated:
--
--   hwmfa inventory roles | psql --set ON_ERROR_STOP=1 inventory
--
-- hwmfa_custodian  moves and counts: reads all; declares and moves keys, makes
--                  places, writes bags, parcels, deliveries, artifacts and
--                  stocktakes; records audits; adds events.
-- hwmfa_manager    all that, and who is who and who may what: people, rules of
--                  places, accounts, bindings, exceptions, trusted roots; enrolls.
-- hwmfa_auditor    reads all and writes nothing.
--
-- Nobody but the owner may change or remove an event or evidence, or touch the
-- schema, and triggers refuse the owner too until they are disabled. An event's
-- actor is the login that writes it. Give each person a login of their own and
-- one of the roles:
--
--   CREATE ROLE anna LOGIN;
--   \password anna
--   GRANT hwmfa_custodian TO anna;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['hwmfa_custodian', 'hwmfa_manager', 'hwmfa_auditor'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', name);
        END IF;
    END LOOP;
END $$;

-- Each newer version of the schema does this by itself.
SELECT hwmfa.grant_roles();
