"""Relations as text, from the command line: `purser mapping export`, `diff` and `import`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from purser.cli import start

if TYPE_CHECKING:
    from purser.access.actors import Actor
    from purser.links.models import Sync
    from purser.links.rewriting import Comparison
    from purser.links.written import Fault

app = typer.Typer(no_args_is_help=True, help=__doc__)

Tenant = Annotated[UUID, typer.Option(help="The organisation's id.")]
Psa = Annotated[str, typer.Option(help="autotask or connectwise.")]
File = Annotated[Path, typer.Argument(help="The text.", exists=True, dir_okay=False)]


@app.command()
def export(tenant: Tenant, psa: Psa = "autotask") -> None:
    """Write all relations of a pair to the standard output."""
    start.django()
    from purser.links.desk import text

    with _pair(tenant, psa) as (actor, sync):
        typer.echo(text.export(actor, sync=sync), nl=False)


@app.command()
def diff(file: File, tenant: Tenant, psa: Psa = "autotask") -> None:
    """Say what a text would change, and change nothing. Ends with 1 where something differs, with 2 where it has faults."""
    start.django()
    from purser.links.desk import text

    with _pair(tenant, psa) as (actor, sync):
        comparison = text.compare(actor, sync=sync, text=_words(file))
    _show(comparison)
    if comparison.faults:
        raise typer.Exit(2)
    if comparison.changes:
        raise typer.Exit(1)


@app.command("import")
def bring_in(
    file: File,
    tenant: Tenant,
    psa: Psa = "autotask",
    remove: Annotated[bool, typer.Option(help="Also clear the relations that the text does not name.")] = False,
) -> None:
    """Bring the relations of a text in, all or none. Ends with 2 where a line cannot be applied."""
    start.django()
    from purser.links.desk import text

    words = _words(file)
    with _pair(tenant, psa) as (actor, sync):
        comparison = text.compare(actor, sync=sync, text=words)
        done = text.bring_in(actor, sync=sync, text=words, expect=comparison.digest, remove=remove, now=datetime.now(UTC))
    typer.echo(f"{done} relations changed.")


def _words(file: Path) -> str:
    try:
        return file.read_text("utf-8-sig")  # some editors begin a text with a byte order mark
    except UnicodeDecodeError as broken:
        typer.echo(f"{file.name} is no UTF-8 text: byte {broken.start + 1} cannot be read. Save it as UTF-8.", err=True)
        raise typer.Exit(2) from None


@contextmanager
def _pair(tenant: UUID, psa: str) -> Iterator[tuple[Actor, Sync]]:
    """The seat of the organisation, its pair, and whoever sits at this machine: they hold the database already.

    What is refused meanwhile is told, line by line where it has lines, and ends the command with 2.
    """
    from purser.access import verbs
    from purser.access.actors import Actor
    from purser.kernel.errors import Failure, Missing
    from purser.links.queries import pairs
    from purser.links.rewriting import NotApplied
    from purser.postgres import tenancy
    from purser.tenants import organisations

    try:
        with tenancy.acting_in(tenant):
            own = organisations.own()
            sync = pairs.main(psa)
            if sync is None:
                raise Missing(f"{own.name} has no pair with {psa}.")
            yield Actor(tenant, own.name, None, "command line", verbs.OWNER, "", "", None, own.kind), sync
    except Failure as failure:
        if isinstance(failure, NotApplied):
            _faults(failure.faults)
        typer.echo(f"{failure.text} {failure.hint}".strip(), err=True)
        raise typer.Exit(2) from None


def _show(comparison: Comparison) -> None:
    signs = {"added": "+", "changed": "~", "removed": "-"}
    for change in comparison.changes:
        words = " -> ".join(filter(None, [change.before, change.after]))
        where = f"line {change.line}: " if change.line else ""
        typer.echo(f"{signs[change.kind]} {where}{change.level} {change.ours}: {words}")
    _faults(comparison.faults)
    typer.echo(f"{len(comparison.changes)} differ, {comparison.same} are the same, {len(comparison.faults)} faults.")


def _faults(faults: tuple[Fault, ...]) -> None:
    for fault in faults:
        typer.echo(f"line {fault.line}: {fault.text}" if fault.line else fault.text, err=True)
