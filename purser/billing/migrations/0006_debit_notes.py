from django.db import migrations, models

KINDS = [("quote", "Quote"), ("receipt", "Receipt"), ("credit", "Credit note"), ("debit", "Debit note")]


class Migration(migrations.Migration):
    dependencies = [("billing", "0005_units_of_purchases_wide")]

    operations = [
        migrations.RemoveConstraint(model_name="document", name="document_kind_known"),
        migrations.AlterField(
            model_name="document", name="kind", field=models.CharField(choices=KINDS, max_length=7)
        ),
        migrations.AddConstraint(
            model_name="document",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", [kind for kind, _ in KINDS])), name="document_kind_known"
            ),
        ),
    ]
