"""A customer's domain: its packages, who sells to it, what is written of it, and what its own administrators may do.

Source: acceptance CS-12, CS-17, UC-4, UC-17.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Value

from purser.access import acts, verbs
from purser.access.actors import Actor
from purser.access.models import Membership
from purser.kernel import zones
from purser.kernel.errors import Missing, Refused
from purser.tenants import organisations, packages
from purser.tenants.models import Kind, Organisation, PackageStock
from purser.tenants.organisations import Card


@dataclass(frozen=True)
class Stock:
    """Licences of a package in a tenant: ordered, and given to people."""

    package: str
    total: int
    used: int

    @property
    def available(self) -> int:
        return max(0, self.total - self.used)


@dataclass(frozen=True)
class Chain:
    """Who sells to a customer; `distributor` is None where the partner buys from nobody between it and the operator."""

    partner: Card | None
    distributor: Card | None


def counted() -> tuple[int, list[Stock]]:
    """How many people the tenant acted in has, and every package there is with its counts; in one statement."""
    held = Membership.objects.values("package").annotate(what=Value("held"), n=Count("id")).values_list("what", "package", "n")
    ordered = PackageStock.objects.annotate(what=Value("ordered")).values_list("what", "package", "total")
    counts = {(what, package): n for what, package, n in held.union(ordered, all=True)}
    people = sum(n for (what, _), n in counts.items() if what == "held")
    return people, [Stock(name, counts.get(("ordered", name), 0), counts.get(("held", name), 0)) for name in packages.PACKAGES]


def stocks() -> list[Stock]:
    """Every package there is, with the counts of the tenant acted in."""
    return counted()[1]


def chain(customer: Organisation) -> Chain:
    """Read outside of any seat: each organisation is read in its own."""
    partner = _card(customer.parent_id)
    distributor = _card(customer.distributor_id) if customer.distributor_id != customer.parent_id else None
    return Chain(partner, distributor)


def change(actor: Actor, *, contact_name: str, contact_email: str, zone: str, now: datetime) -> Organisation:
    """Change the main contact and the time zone of the tenant acted in. Raises Refused for what is none."""
    row = _locked()
    email = organisations.email_of(contact_email)
    if zone not in zones.names():
        raise Refused(f"{zone!r} is no time zone.", code="zone", hint="Choose one like Europe/Berlin.")
    wanted = {"contact_name": " ".join(contact_name.split())[:200], "contact_email": email, "zone": zone}
    before = {name: getattr(row, name) for name in wanted}
    if before == wanted:
        return row
    acts.record(
        actor, "domain.write", summary="Changed the settings of the domain", of=("organisation", row.pk),
        before=before, after=wanted, now=now,
    )  # fmt: skip
    return _saved(row, wanted)


def permit(actor: Actor, groups: Iterable[str], *, now: datetime) -> Organisation:
    """Say which of the groups a to d the tenant's own administrators keep; it counts from their next request.

    The partner itself is not bound by them, and runs that are set up go on. Raises Refused for an unknown group.
    Source: acceptance CS-12, CS-17.
    """
    asked = set(groups)
    if unknown := sorted(asked - verbs.GROUPS.keys()):
        raise Refused(f"There is no tenant permission {unknown[0]!r}.", code="group", hint="They are a, b, c and d.")
    row = _locked()
    if row.kind != Kind.CUSTOMER:
        raise Refused(f"{row.name} is no customer's tenant.", code="kind")
    kept = "".join(name for name in verbs.GROUPS if name in asked)
    if kept == row.permissions:
        return row
    acts.record(
        actor, "tenant.permit", summary=f"Left the tenant's administrators {_words(kept)}", of=("organisation", row.pk),
        before={"groups": list(row.permissions)}, after={"groups": list(kept)}, now=now,
    )  # fmt: skip
    return _saved(row, {"permissions": kept})


def _words(groups: str) -> str:
    return f"the permissions {', '.join(groups)}" if groups else "none of the permissions a to d"


def _locked() -> Organisation:
    row = Organisation.objects.select_for_update().first()
    if row is None:
        raise Missing("There is no such organisation.")
    return row


def _saved(row: Organisation, values: dict[str, Any]) -> Organisation:
    for name, value in values.items():
        setattr(row, name, value)
    row.save(update_fields=list(values))
    return row


def _card(id: Any) -> Card | None:
    try:
        return organisations.card(id) if id is not None else None
    except Missing:
        return None
