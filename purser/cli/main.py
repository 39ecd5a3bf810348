"""The `purser` command: one verb family a file."""

from __future__ import annotations

import os
from pathlib import Path

import typer

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False, help=__doc__)


def django() -> None:
    """Load the application: call before anything that touches settings or models.

    Without a DATABASE_URL the embedded server is started (or joined) first.
    """
    import django as framework

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "purser.config.settings")
    if not os.environ.get("DATABASE_URL") and not os.environ.get("PURSER_APP_DATABASE_URL"):
        from purser.postgres import server

        os.environ["DATABASE_URL"] = server.start(home() / "pg")
    framework.setup()


def home() -> Path:
    """The data folder: PURSER_HOME, or .purser beside the package."""
    return Path(os.environ.get("PURSER_HOME") or Path(__file__).resolve().parents[2] / ".purser").resolve()


@app.callback()
def main() -> None:
    """Purser keeps what you sell, provision and bill in step."""


@app.command()
def migrate() -> None:
    """Bring the database up to date: roles, tables, walls. Signs in as the owner (DATABASE_URL)."""
    django()
    from purser.cli import database

    database.migrate()


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
