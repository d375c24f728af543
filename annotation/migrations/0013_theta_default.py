"""Studies begin with the share of opinion that three looks ask for (docs/adr/0015); those that exist keep theirs."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("annotation", "0012_signed_cases")]

    operations = [
        migrations.AlterField(model_name="study", name="accept_theta", field=models.FloatField(default=0.73)),
    ]
