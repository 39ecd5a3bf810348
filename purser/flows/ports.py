"""Where flows and pages get vendors' ports from, without knowing a vendor: config hands them over at start."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from purser.billing.models import Provider
from purser.connectors.ports.accounts import Accounts
from purser.connectors.ports.directory import Directory, Loaded
from purser.connectors.ports.payment import Payments
from purser.connectors.ports.rows import Rows
from purser.directory.models import Source
from purser.flows.marketplace_to_contracts.run import Ports
from purser.provisioning.models import Instance


@dataclass(frozen=True)
class Vendors:
    """From a row to its port; called in the seat of the row's tenant, or outside any."""

    pairs: Ports
    directory: Callable[[Source], Directory]
    payments: Callable[[Provider], Payments]
    table: Callable[[bytes, datetime], Loaded]
    accounts: Callable[[Instance], Accounts]
    rows: Callable[[bytes], Rows]


_held: Vendors | None = None


def use(vendors: Vendors) -> None:
    global _held
    _held = vendors


def vendors() -> Vendors:
    """Raises RuntimeError before `use`."""
    if _held is None:
        raise RuntimeError("No ports yet: config.wiring hands them over when the application starts.")
    return _held


def current() -> Ports:
    """Of pairs kept in step."""
    return vendors().pairs


def directory(source: Source) -> Directory:
    return vendors().directory(source)


def table(content: bytes, at: datetime) -> Loaded:
    """A directory that came as a file. Raises Refused(code="table") for one that cannot be read as a whole."""
    return vendors().table(content, at)


def rows(content: bytes) -> Rows:
    """A file of rows, CSV or XLSX. Raises Refused(code="table") for one that cannot be read as a whole."""
    return vendors().rows(content)


def payments(provider: Provider) -> Payments:
    return vendors().payments(provider)


def accounts(instance: Instance) -> Accounts:
    return vendors().accounts(instance)
