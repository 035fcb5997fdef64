import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('continuity', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='DutyRow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('place', models.PositiveSmallIntegerField()),
                ('text', models.JSONField()),
                ('ended_at', models.DateTimeField()),
                ('due_at', models.DateTimeField(blank=True, db_index=True, null=True)),
                ('activation', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='duties', to='continuity.activationrow')),
            ],
            options={
                'ordering': ('activation_id', 'place'),
                'constraints': [models.UniqueConstraint(fields=('activation', 'place'), name='one_duty_per_place')],
            },
        ),
    ]
