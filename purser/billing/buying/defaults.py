"""The default package: what an exhausted balance buys. In the partner's seat. Source: acceptance CS-57."""

from __future__ import annotations

from datetime import datetime

from purser.access import acts
from purser.access.actors import Actor
from purser.billing.buying import packages
from purser.billing.models import Package, Programme
from purser.kernel.errors import Refused

FIRST = "CPP-DSU-2"


def code() -> str:
    """The one chosen, or CPP-DSU-2 where nobody has chosen yet."""
    programme = Programme.objects.first()
    return (programme.default_package if programme else "") or FIRST


def package(now: datetime) -> Package:
    """The one that would be bought now. Raises Refused(code="package") where the price list no longer has it."""
    return packages.package(code(), now)


def choose(actor: Actor, code: str, *, now: datetime) -> None:
    """Make another the default. Raises Refused for a code that is not in the list, or outside of the programme."""
    found = packages.package(code, now)
    programme = Programme.objects.select_for_update().first()
    if programme is None:
        raise Refused("You are not in the programme of daily units.", code="programme", hint="The operator admits partners.")
    if programme.default_package == found.code:
        return
    before, after = {"default_package": programme.default_package or FIRST}, {"default_package": found.code}
    summary = f"Default package {found.code}: {found.units} units for {found.price:f}"
    acts.record(
        actor, "billing.configure", summary=summary, of=("programme", programme.pk), before=before, after=after, now=now
    )
    programme.default_package = found.code
    programme.version += 1
    programme.save(update_fields=["default_package", "version"])
