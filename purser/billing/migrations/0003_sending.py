import django.db.models.deletion
import purser.postgres.ids
import purser.postgres.tenancy
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0002_quote_units_wide'),
    ]

    operations = [
        migrations.CreateModel(
            name='Sending',
            fields=[
                ('id', models.UUIDField(default=purser.postgres.ids.new, editable=False, primary_key=True, serialize=False)),
                ('email', models.EmailField(max_length=254)),
                ('asked_at', models.DateTimeField()),
                ('asked_by_name', models.CharField(blank=True, max_length=254)),
                ('sent_at', models.DateTimeField(null=True)),
                ('tries', models.IntegerField(default=0)),
                ('document', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='sendings', to='billing.document')),
                ('tenant', models.ForeignKey(db_index=False, default=purser.postgres.tenancy.tenant_of_new_row, editable=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='tenants.organisation')),
            ],
            options={
                'abstract': False,
                'base_manager_name': 'objects',
                'constraints': [models.UniqueConstraint(fields=('tenant', 'id'), name='billing_sending_key'), models.UniqueConstraint(condition=models.Q(('asked_by_name', '')), fields=('tenant', 'document'), name='sending_by_itself_once')],
            },
        ),
    ]
