"""An entry says how many postings it has and is sealed by a digest, a posting bears its date, and balances are asserted."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F, Q

import purser.postgres.ids
import purser.postgres.tenancy
from purser.ledger import seal

# The rows that are there get what the new ones are made with: once, by the owner, past the walls (laid again after migrating).
OPEN = "ALTER TABLE {0} DISABLE TRIGGER USER, NO FORCE ROW LEVEL SECURITY"
TABLES = ("ledger_account", "ledger_entry", "ledger_posting")
CLOSE = "ALTER TABLE {0} ENABLE TRIGGER USER, FORCE ROW LEVEL SECURITY"


def fill(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(OPEN.format(table))
        cursor.execute('UPDATE ledger_posting p SET "on" = e."on" FROM ledger_entry e WHERE e.id = p.entry_id')
        cursor.execute(
            'SELECT e.id, e.kind, e."on", e.source, e.text, e.reverses_id, a.name, a.of, p.unit, p.amount '
            "FROM ledger_entry e JOIN ledger_posting p ON p.entry_id = e.id JOIN ledger_account a ON a.id = p.account_id"
        )
        said, legs = {}, {}
        for id, kind, on, source, text, reverses, *leg in cursor.fetchall():
            said[id] = {"kind": kind, "on": on, "source": source, "text": text, "reverses": reverses}
            legs.setdefault(id, []).append(seal.Leg(*leg))
        rows = [(len(legs[id]), seal.of(**said[id], legs=legs[id]), id) for id in said]
        cursor.executemany("UPDATE ledger_entry SET lines = %s, digest = %s WHERE id = %s", rows)
        for table in TABLES:
            cursor.execute(CLOSE.format(table))


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0002_balance'),
        ('tenants', '0001_initial'),
    ]

    operations = [
        migrations.AddField('entry', 'lines', models.IntegerField(default=0), preserve_default=False),
        migrations.AddField('entry', 'digest', models.CharField(default='', max_length=64), preserve_default=False),
        migrations.AddField('posting', 'on', models.DateField(default='1970-01-01'), preserve_default=False),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AlterField(
            model_name='posting',
            name='tenant',
            field=models.ForeignKey(db_constraint=False, db_index=False, default=purser.postgres.tenancy.tenant_of_new_row, editable=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='tenants.organisation'),
        ),
        migrations.RemoveIndex('posting', 'ledger_post_tenant__ff6027_idx'),
        migrations.AddIndex(
            model_name='posting',
            index=models.Index(fields=['tenant', 'account', 'on', 'id'], include=['amount'], name='ledger_posting_statement'),
        ),
        migrations.AddConstraint(
            model_name='entry',
            constraint=models.CheckConstraint(
                condition=(Q(kind='reversal') & Q(reverses__isnull=False) & ~Q(text=''))
                | (~Q(kind='reversal') & Q(reverses__isnull=True)),
                name='entry_reversed_with_reason',
            ),
        ),
        migrations.AddConstraint(
            model_name='entry',
            constraint=models.CheckConstraint(condition=~Q(reverses=F('id')), name='entry_reverses_another'),
        ),
        migrations.CreateModel(
            name='Assertion',
            fields=[
                ('id', models.UUIDField(default=purser.postgres.ids.new, editable=False, primary_key=True, serialize=False)),
                ('on', models.DateField()),
                ('amount', models.DecimalField(decimal_places=6, max_digits=24)),
                ('made_at', models.DateTimeField()),
                ('text', models.CharField(blank=True, max_length=300)),
                ('account', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='assertions', to='ledger.account')),
                ('tenant', models.ForeignKey(db_index=False, default=purser.postgres.tenancy.tenant_of_new_row, editable=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='tenants.organisation')),
            ],
            options={'abstract': False, 'base_manager_name': 'objects'},
        ),
        migrations.AddIndex(
            model_name='assertion',
            index=models.Index(fields=['tenant', 'on'], name='ledger_assertion_on'),
        ),
        migrations.AddConstraint(
            model_name='assertion',
            constraint=models.UniqueConstraint(fields=('tenant', 'id'), name='ledger_assertion_key'),
        ),
        migrations.AddConstraint(
            model_name='assertion',
            constraint=models.UniqueConstraint(fields=('tenant', 'account', 'on'), name='assertion_once'),
        ),
    ]
