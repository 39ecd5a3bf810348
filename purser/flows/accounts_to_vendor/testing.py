"""A person tests an instance of a vendor. Source: acceptance AC-1; reliability P27."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from purser.access.actors import Actor
from purser.connectors.ports.accounts import Accounts
from purser.connectors.ports.tested import Tested
from purser.kernel.errors import Failure
from purser.postgres import tenancy
from purser.provisioning import instances
from purser.provisioning.models import Instance


def test(actor: Actor, id: UUID, *, port_of: Callable[[Instance], Accounts], now: datetime) -> Tested:
    """Ask the vendor once, and keep its answer: what only a person can mend pauses the instance, success lets it go on.

    Open no transaction around it: it calls the vendor. Raises what instances.to_test and instances.keep_test raise.
    """
    with tenancy.acting_in(actor.tenant):
        instance = instances.to_test(actor, id, now=now)
    try:
        tested = port_of(instance).test()
    except Failure as failure:
        tested = Tested(False, f"{failure.text} {failure.hint}".strip(), failure.code)
    with tenancy.acting_in(actor.tenant):
        instances.keep_test(actor, id, result=tested, version=instance.version, now=now)
    return tested
