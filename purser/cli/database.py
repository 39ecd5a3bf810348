"""The database's part of the command."""

from __future__ import annotations

from django.conf import settings
from django.core.management import call_command
from django.db import connections

from purser.postgres import roles


def migrate() -> None:
    roles.lay(connections["owner"], password=settings.APP_PASSWORD)
    call_command("migrate", database="owner", interactive=False, verbosity=0)
    call_command("createcachetable", database="owner", verbosity=0)
    from purser.postgres import walls

    walls.lay("owner")
