"""How connections stand: filled in, tested, read, in trouble; and which step of the set-up is next."""

from __future__ import annotations

from dataclasses import dataclass

from purser.access import vendor_settings
from purser.access.vendor_settings import Setting
from purser.links import kinds
from purser.links.connections import OF_TABLE
from purser.links.models import Alarm, Connection, Link, Run, Sync
from purser.links.models.connections import ConnectionKind
from purser.links.queries import pairs


def settings(kind: str, connection: Connection | None) -> list[Setting]:
    """All settings of a kind in the order of the page."""
    return vendor_settings.settings(kinds.current().fields[kind], OF_TABLE, connection)


@dataclass(frozen=True)
class Health:
    """`alarms` are the open ones, the newest first; `runs` the pairs of the connection with their latest pass."""

    connection: Connection
    alarms: tuple[Alarm, ...]
    runs: tuple[tuple[Sync, Run | None], ...]


def health(connection: Connection) -> Health:
    alarms = Alarm.objects.filter(connection=connection, cleared_at=None).order_by("-raised_at", "id")
    own = [pair for pair in pairs.of() if connection.pk in (pair.source_id, pair.target_id)]
    runs = [(pair, Run.objects.filter(sync=pair).order_by("-started_at", "id").first()) for pair in own]
    return Health(connection, tuple(alarms), tuple(runs))


@dataclass(frozen=True)
class Step:
    """A step of the set-up. `page` is the URL name where it is done, `context` its PSA."""

    title: str
    text: str
    done: bool
    page: str
    context: str = ""


def setup(context: str = "") -> list[Step]:
    """The way from nothing to the first relation, for one PSA (the one that stands, Autotask where none does)."""
    every = {connection.kind: connection for connection in Connection.objects.all()}
    source = every.get(ConnectionKind.MARKETPLACE)
    psa = context or next((k.value for k in (ConnectionKind.AUTOTASK, ConnectionKind.CONNECTWISE) if k in every), "autotask")
    target, name = every.get(psa), ConnectionKind(psa).label
    pair = pairs.main(psa)
    read = bool(source and target and source.read_at and target.read_at)
    return [
        Step("Activate the licence", "The link in the licence mail fills the marketplace page.", source is not None,
             "marketplace"),
        Step("Test the marketplace", "See that the gateway answers.", bool(source and _works(source)), "marketplace"),
        Step(f"Connect {name}", f"Type the user of your {name}.", target is not None, psa),
        Step(f"Test {name}", "See that the credentials are right.", bool(target and _works(target)), psa),
        Step("Read both sides", "Companies, subscriptions, contracts and services are read once.", read, psa),
        Step(
            "Set the first relation",
            "Map a company, a subscription and a resource.",
            bool(pair and Link.objects.filter(sync=pair, cleared_at=None).exists()),
            "mapping",
            psa,
        ),
    ]  # fmt: skip


def _works(connection: Connection) -> bool:
    return connection.state == "ready" or connection.read_at is not None


def next_step(steps: list[Step]) -> Step | None:
    """The first that is not done; the steps before it unlock it."""
    return next((step for step in steps if not step.done), None)
