from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('links', '0003_mapping_walks_an_index'),
    ]

    operations = [
        migrations.AddField(
            model_name='link',
            name='aside',
            field=models.CharField(blank=True, default='', max_length=500),
            preserve_default=False,
        ),
    ]
