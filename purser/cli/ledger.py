"""The books, from the command line: `purser ledger export`."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer

from purser.cli import start

app = typer.Typer(no_args_is_help=True, help=__doc__)


@app.callback()
def books() -> None:
    """The books of an organisation."""


@app.command()
def export(partner: Annotated[UUID, typer.Option(help="The partner's id.")]) -> None:
    """Print every entry as a line of JSON. Ends with 2 where there is no such partner, and prints nothing."""
    start.django()
    from purser.ledger import export as it
    from purser.postgres import tenancy
    from purser.tenants import organisations

    if partner not in organisations.ids_of_all():
        typer.echo(f"There is no organisation {partner}; nothing was exported.", err=True)
        raise typer.Exit(2)
    with tenancy.acting_in(partner):
        for line in it.lines():
            typer.echo(line)
