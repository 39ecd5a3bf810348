"""The `purser` command: one verb family a file."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from purser.cli import ledger, mapping, rate, secrets
from purser.cli.start import django, home

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    help="Purser keeps what you sell, provision and bill in step.",
)


@app.command()
def migrate() -> None:
    """Bring the database up to date: roles, tables, walls. Signs in as the owner (DATABASE_URL)."""
    django()
    from purser.cli import database

    database.migrate()


@app.command()
def operator(
    email: Annotated[str, typer.Argument(help="Who will own it.")],
    name: Annotated[str, typer.Option(help="The operator's name; needed the first time.")] = "",
    zone: Annotated[str, typer.Option(help="Its time zone, like Europe/Berlin.")] = "UTC",
) -> None:
    """Found the operator of this installation and invite its first owner; later, invite one more (say, when the others
    lost their second factor).
    """
    django()
    from django.conf import settings

    from purser.cli import operator as it

    raise typer.Exit(it.invite(email, name=name, zone=zone, site=settings.SITE_URL))


@app.command()
def web(host: str = "127.0.0.1", port: int = 8000, workers: int = 1) -> None:
    """Serve the portal and the API."""
    django()
    from purser.cli import serve

    serve.web(host=host, port=port, workers=workers)


@app.command()
def worker(concurrency: int = 6) -> None:
    """Do the jobs: passes over pairs, previews, readings."""
    django()
    from purser.cli import serve

    serve.worker(concurrency=concurrency)


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []},
    add_help_option=False,
)
def sandbox(context: typer.Context) -> None:
    """Run a vendor's sandbox: marketplace, autotask, connectwise, graph, stripe, acronis or bucketry, with --port N
    [--seed FILE] [--state FILE].
    """
    os.execv(sys.executable, [sys.executable, "-m", "sandboxes", *context.args])


@app.command()
def demo(
    once: Annotated[bool, typer.Option("--once", help="Do the whole job without a person, print the result, exit.")] = False,
    port: int = 8000,
) -> None:
    """A running Purser with a demo reseller; --once does the main job and tells how it went as JSON."""
    from purser.cli import demo as it

    it.once(home() / "once") if once else it.serve(home(), port=port)


@app.command()
def verify(
    tenant: Annotated[UUID | None, typer.Option(help="Only this organisation's id.")] = None,
) -> None:
    """Check every invariant of the database; prints what is broken. Ends with 1 if anything is, with 2 where there is no
    such organisation.
    """
    django()
    from purser.cli import verify as it

    raise typer.Exit(it.verify(tenant))


@app.command("verify-audit")
def verify_audit(
    file: Annotated[Path, typer.Argument(help="A record of acts as a customer exports it.")],
    anchors: Annotated[Path | None, typer.Option(help="A file of anchors, to find a record that was cut.")] = None,
) -> None:
    """Check an exported record of acts alone; names the first act that does not hold and exits 1."""
    django()
    from purser.cli import verify as it

    raise typer.Exit(it.verify_acts(file, anchors))


app.add_typer(ledger.app, name="ledger", help="The books: every entry as a line of JSON.")
app.add_typer(mapping.app, name="mapping", help="Relations as text: export, diff, import.")
app.add_typer(rate.app, name="rate", help="What a month of counts costs, without a database.")
app.add_typer(secrets.app, name="secrets", help="Keys that seal secrets: rotate and rewrap.")


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True}, hidden=True)
def manage(context: typer.Context) -> None:
    """Run a management command of the framework (for developers)."""
    django()
    from django.core.management import execute_from_command_line

    execute_from_command_line(["purser manage", *context.args])


def run() -> None:
    app()


if __name__ == "__main__":
    run()
