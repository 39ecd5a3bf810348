"""The ledger's own check: at commit, each entry has postings, and they sum to nought in each unit."""

from django.db import migrations

CHECK = """
CREATE OR REPLACE FUNCTION purser_balanced() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  checked uuid;
  wrong record;
BEGIN
  IF TG_TABLE_NAME = 'ledger_entry' THEN checked := NEW.id; ELSE checked := NEW.entry_id; END IF;
  IF NOT EXISTS (SELECT 1 FROM ledger_posting p WHERE p.tenant_id = NEW.tenant_id AND p.entry_id = checked) THEN
    RAISE EXCEPTION 'entry % has no postings', checked USING ERRCODE = 'check_violation';
  END IF;
  SELECT p.unit, sum(p.amount) AS total INTO wrong
    FROM ledger_posting p WHERE p.tenant_id = NEW.tenant_id AND p.entry_id = checked
   GROUP BY p.unit HAVING sum(p.amount) <> 0 LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'entry % is off by % in %', checked, wrong.total, wrong.unit USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER purser_balanced AFTER INSERT ON ledger_posting
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION purser_balanced();
CREATE CONSTRAINT TRIGGER purser_balanced AFTER INSERT ON ledger_entry
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION purser_balanced();

CREATE OR REPLACE FUNCTION purser_posting_unit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.unit <> (SELECT a.unit FROM ledger_account a WHERE a.tenant_id = NEW.tenant_id AND a.id = NEW.account_id) THEN
    RAISE EXCEPTION 'a posting in % cannot stand on an account of another unit', NEW.unit USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER purser_posting_unit BEFORE INSERT ON ledger_posting FOR EACH ROW EXECUTE FUNCTION purser_posting_unit();
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial")]
    operations = [migrations.RunSQL(CHECK, migrations.RunSQL.noop)]
