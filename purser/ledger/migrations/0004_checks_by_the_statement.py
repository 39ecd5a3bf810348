"""What the database keeps of law 4, in place of 0002's check for each row.

Postings are checked as they come, a statement at a time: their unit and date, that their entry is not complete already, and that
no balance was asserted up to their date. At commit each new entry is checked once: it has the postings it says, they sum to
nought in each unit, and a reversal mirrors its entry. Together: nothing can be added to an entry after its commit.
"""

from django.db import migrations

# The plans are cached, and made while the tables may be small: what they look up, they look up row by row, by an index. A join
# could read the new rows again for each row of the table.
BY_INDEX = "SET enable_seqscan = off"

CHECKS = f"""
DROP TRIGGER purser_balanced ON ledger_posting;
DROP TRIGGER purser_balanced ON ledger_entry;
DROP TRIGGER purser_posting_unit ON ledger_posting;
DROP FUNCTION purser_posting_unit();

-- Who posts holds it shared, who asserts a balance alone: so an assertion knows of all that was posted before.
CREATE FUNCTION purser_books_lock(tenant uuid, alone boolean) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF alone THEN PERFORM pg_advisory_xact_lock(hashtextextended('books ' || tenant, 0));
  ELSE PERFORM pg_advisory_xact_lock_shared(hashtextextended('books ' || tenant, 0));
  END IF;
END $$;

CREATE FUNCTION purser_postings_fit() RETURNS trigger LANGUAGE plpgsql {BY_INDEX} AS $$
DECLARE
  wrong record;
BEGIN
  PERFORM purser_books_lock(n.tenant_id, false) FROM (SELECT DISTINCT tenant_id FROM new_rows) n;
  SELECT * INTO wrong FROM (
    SELECT t.*,
           (SELECT a.unit FROM ledger_account a WHERE a.tenant_id = t.tenant_id AND a.id = t.account_id) AS held,
           (SELECT max(s."on") FROM ledger_assertion s WHERE s.tenant_id = t.tenant_id AND s.account_id = t.account_id) AS until
      FROM (SELECT tenant_id, account_id, unit, min("on") AS first FROM new_rows GROUP BY tenant_id, account_id, unit) t) a
   WHERE unit <> held OR first <= until LIMIT 1;
  IF FOUND THEN
    IF wrong.unit <> wrong.held THEN
      RAISE EXCEPTION 'a posting in % cannot stand on an account of another unit', wrong.unit USING ERRCODE = 'check_violation';
    END IF;
    RAISE EXCEPTION 'a posting of % comes too late: the balance is asserted to the end of %', wrong.first, wrong.until
      USING ERRCODE = 'check_violation';
  END IF;
  SELECT * INTO wrong FROM (
    SELECT t.*, e."on", e.lines,
           (SELECT count(*) FROM ledger_posting p WHERE p.tenant_id = t.tenant_id AND p.entry_id = t.entry_id) AS n
      FROM (SELECT tenant_id, entry_id, min("on") AS first, max("on") AS last FROM new_rows GROUP BY tenant_id, entry_id) t
     CROSS JOIN LATERAL (SELECT * FROM ledger_entry e WHERE e.tenant_id = t.tenant_id AND e.id = t.entry_id OFFSET 0) e) a
   WHERE n > lines OR first <> "on" OR last <> "on" LIMIT 1;
  IF FOUND THEN
    IF wrong.n > wrong.lines THEN
      RAISE EXCEPTION 'entry % is complete with % postings: % would be too many', wrong.entry_id, wrong.lines, wrong.n
        USING ERRCODE = 'check_violation';
    END IF;
    RAISE EXCEPTION 'a posting of % to % cannot stand in entry % of %', wrong.first, wrong.last, wrong.entry_id, wrong."on"
      USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER purser_balanced AFTER INSERT ON ledger_posting REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION purser_postings_fit();

CREATE OR REPLACE FUNCTION purser_balanced() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  told record;
BEGIN
  SELECT count(*) AS n, sum(p.amount) AS total, min(p.unit)::text AS unit, max(p.unit)::text AS other INTO told
    FROM ledger_posting p WHERE p.tenant_id = NEW.tenant_id AND p.entry_id = NEW.id;
  IF told.n = 0 THEN
    RAISE EXCEPTION 'entry % has no postings', NEW.id USING ERRCODE = 'check_violation';
  END IF;
  IF told.unit <> told.other THEN
    SELECT told.n AS n, sum(p.amount) AS total, p.unit::text AS unit INTO told
      FROM ledger_posting p WHERE p.tenant_id = NEW.tenant_id AND p.entry_id = NEW.id
     GROUP BY p.unit ORDER BY sum(p.amount) = 0 LIMIT 1;
  END IF;
  IF told.total <> 0 THEN
    RAISE EXCEPTION 'entry % is off by % in %', NEW.id, told.total, told.unit USING ERRCODE = 'check_violation';
  END IF;
  IF told.n <> NEW.lines THEN
    RAISE EXCEPTION 'entry % says % postings and has %', NEW.id, NEW.lines, told.n USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.reverses_id IS NULL THEN RETURN NULL; END IF;
  SELECT e.reverses_id, e."on" INTO told FROM ledger_entry e WHERE e.tenant_id = NEW.tenant_id AND e.id = NEW.reverses_id;
  IF told.reverses_id IS NOT NULL OR told."on" > NEW."on" THEN
    RAISE EXCEPTION 'entry % reverses %, which is a reversal itself or of a later day', NEW.id, NEW.reverses_id
      USING ERRCODE = 'check_violation';
  END IF;
  IF EXISTS (
    SELECT FROM ledger_posting p WHERE p.tenant_id = NEW.tenant_id AND p.entry_id IN (NEW.id, NEW.reverses_id)
     GROUP BY p.account_id HAVING sum(p.amount) <> 0) THEN
    RAISE EXCEPTION 'entry % does not mirror the entry % that it reverses', NEW.id, NEW.reverses_id
      USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER purser_balanced AFTER INSERT ON ledger_entry
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION purser_balanced();

CREATE FUNCTION purser_asserted() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  held numeric;
BEGIN
  PERFORM purser_books_lock(NEW.tenant_id, true);
  SELECT coalesce(sum(p.amount), 0) INTO held FROM ledger_posting p
   WHERE p.tenant_id = NEW.tenant_id AND p.account_id = NEW.account_id AND p."on" <= NEW."on";
  IF held <> NEW.amount THEN
    RAISE EXCEPTION 'at the end of % the account held %, not %', NEW."on", held, NEW.amount USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER purser_asserted AFTER INSERT ON ledger_assertion FOR EACH ROW EXECUTE FUNCTION purser_asserted();
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0003_sealed_entries_and_assertions")]
    operations = [migrations.RunSQL(CHECKS, migrations.RunSQL.noop)]
