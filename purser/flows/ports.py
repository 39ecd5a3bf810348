"""Where flows and pages get vendors' ports from, without knowing a vendor: config hands them over at start."""

from __future__ import annotations

from purser.flows.marketplace_to_contracts.run import Ports

_held: Ports | None = None


def use(ports: Ports) -> None:
    global _held
    _held = ports


def current() -> Ports:
    """Raises RuntimeError before `use`."""
    if _held is None:
        raise RuntimeError("No ports yet: config.wiring hands them over when the application starts.")
    return _held
