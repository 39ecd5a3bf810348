from django.apps import AppConfig
from django.db.models.signals import post_migrate


class PostgresConfig(AppConfig):
    name = "purser.postgres"
    label = "postgres"

    def ready(self) -> None:
        from purser.postgres import walls

        post_migrate.connect(walls.after_migrate, sender=self)
