"""Entries that bring their postings along are checked as a set, by the statement that writes both; others at commit, each.

An entry says with `at_once` which of the two it is. Nothing can be gained by saying it wrongly, as one of the two checks follows:
without its postings beside it an entry with `at_once` is refused there and then.
"""

import django.db.models.deletion
from django.db import migrations, models

import purser.postgres.tenancy

# See 0004: what is looked up, is looked up row by row, by an index; OFFSET 0 and LIMIT keep it so.
BY_INDEX = "SET enable_seqscan = off"

CHECKS = f"""
CREATE OR REPLACE FUNCTION purser_postings_fit() RETURNS trigger LANGUAGE plpgsql {BY_INDEX} AS $$
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
    SELECT t.*, e."on", e.lines, e.at_once,
           (SELECT count(*) FROM ledger_posting p WHERE p.tenant_id = t.tenant_id AND p.entry_id = t.entry_id) AS n
      FROM (SELECT tenant_id, entry_id, min(first) AS first, max(last) AS last, max(abs(total)) AS off
              FROM (SELECT tenant_id, entry_id, unit, min("on") AS first, max("on") AS last, sum(amount) AS total
                      FROM new_rows GROUP BY tenant_id, entry_id, unit) u
             GROUP BY tenant_id, entry_id) t
     CROSS JOIN LATERAL (
       SELECT "on", lines, at_once FROM ledger_entry e WHERE e.tenant_id = t.tenant_id AND e.id = t.entry_id OFFSET 0) e
    OFFSET 0) a
   WHERE n > lines OR first <> "on" OR last <> "on" OR at_once AND (n < lines OR off <> 0) LIMIT 1;
  IF FOUND THEN
    IF wrong.n > wrong.lines THEN
      RAISE EXCEPTION 'entry % is complete with % postings: % would be too many', wrong.entry_id, wrong.lines, wrong.n
        USING ERRCODE = 'check_violation';
    END IF;
    IF wrong.first <> wrong."on" OR wrong.last <> wrong."on" THEN
      RAISE EXCEPTION 'a posting of % to % cannot stand in entry % of %', wrong.first, wrong.last, wrong.entry_id, wrong."on"
        USING ERRCODE = 'check_violation';
    END IF;
    IF wrong.n < wrong.lines THEN
      RAISE EXCEPTION 'entry % says % postings and has %', wrong.entry_id, wrong.lines, wrong.n USING ERRCODE = 'check_violation';
    END IF;
    RAISE EXCEPTION 'entry % is off by %', wrong.entry_id, wrong.off USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$;

CREATE FUNCTION purser_whole() RETURNS trigger LANGUAGE plpgsql {BY_INDEX} AS $$
DECLARE
  empty uuid;
BEGIN
  SELECT e.id INTO empty FROM new_rows e
   WHERE e.at_once
     AND (SELECT p.id FROM ledger_posting p WHERE p.tenant_id = e.tenant_id AND p.entry_id = e.id LIMIT 1) IS NULL LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'entry % has no postings', empty USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER purser_whole AFTER INSERT ON ledger_entry REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION purser_whole();

DROP TRIGGER purser_balanced ON ledger_entry;
CREATE CONSTRAINT TRIGGER purser_balanced AFTER INSERT ON ledger_entry DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  WHEN (NOT NEW.at_once OR NEW.reverses_id IS NOT NULL) EXECUTE FUNCTION purser_balanced();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0004_checks_by_the_statement'),
        ('tenants', '0001_initial'),
    ]

    operations = [
        migrations.AddField('entry', 'at_once', models.BooleanField(db_default=False, default=False)),
        migrations.AlterField(
            model_name='entry',
            name='tenant',
            field=models.ForeignKey(db_constraint=False, db_index=False, default=purser.postgres.tenancy.tenant_of_new_row, editable=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='tenants.organisation'),
        ),
        migrations.RunSQL(CHECKS, migrations.RunSQL.noop),
    ]
