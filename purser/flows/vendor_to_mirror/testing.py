"""A person tests whether a tenant's directory can be read. Source: issue "Licences follow the directory", 1."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from purser.access.actors import Actor
from purser.connectors.ports.directory import Directory
from purser.connectors.ports.tested import Tested
from purser.directory import setting
from purser.directory.models import Source
from purser.kernel.errors import Failure
from purser.postgres import tenancy


def test(actor: Actor, *, port_of: Callable[[Source], Directory], now: datetime) -> Tested:
    """Ask the directory once, and keep its answer: what only a person can mend pauses the source, success lets it go on.

    Open no transaction around it: it calls the vendor. Raises what setting.to_test raises, and sources.Changed.
    """
    with tenancy.acting_in(actor.tenant):
        source = setting.to_test(actor, now=now)
    try:
        tested = port_of(source).test()
    except Failure as failure:
        tested = Tested(False, f"{failure.text} {failure.hint}".strip(), failure.code)
    with tenancy.acting_in(actor.tenant):
        setting.keep_test(actor, result=tested, version=source.version, now=now)
    return tested
