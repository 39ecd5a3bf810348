"""Keys of secrets at rest: `purser secrets rotate` and `purser secrets rewrap`."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import typer

from purser.cli import start

app = typer.Typer(no_args_is_help=True, help=__doc__)


@app.command()
def rotate(tenant: str = typer.Option("", help="One organisation's id; all of them without it.")) -> None:
    """Give each organisation a new data key and seal its secrets with it. Safe while the portal runs."""
    start.django()
    from purser.access import vault

    for id in _tenants(tenant):
        count = vault.rotate_tenant_key(id, now=datetime.now(UTC))
        typer.echo(f"{id}: {count} secrets sealed with a new key")


@app.command()
def rewrap() -> None:
    """After PURSER_SEALING_KEY changed (the former one in PURSER_SEALING_KEYS_BEFORE): wrap all keys with
    the new one.
    """
    start.django()
    from purser.access import factors, vault

    for id in _tenants(""):
        typer.echo(f"{id}: {vault.rewrap(id)} keys wrapped anew")
    typer.echo(f"{factors.seal_again()} second factors sealed anew")


def _tenants(one: str) -> list[UUID]:
    from purser.tenants import organisations

    return [UUID(one)] if one else organisations.ids_of_all()
