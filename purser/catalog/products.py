"""Vendors and their products, of the provider acted in. Source: acceptance CM-10."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from purser.access import acts
from purser.access.actors import Actor
from purser.catalog import texts
from purser.catalog.models import Offer, PriceList, Product, Vendor
from purser.kernel.errors import Missing, Refused

VERB = "catalog.write"
Row = TypeVar("Row", Vendor, Product, Offer, PriceList)
_KIND = re.compile(r"[a-z0-9_]{1,20}")


@dataclass(frozen=True)
class Described:
    """What a product says of itself. `category` and `group` are how people find it."""

    name: str
    category: str
    group: str
    description: str = ""

    def checked(self) -> Described:
        """Raises Refused."""
        return Described(
            texts.line(self.name, "The name", most=200),
            texts.line(self.category, "The category", most=100),
            texts.line(self.group, "The product group", most=100),
            texts.lines(self.description, "The description", most=4000),
        )


def vendors() -> QuerySet[Vendor]:
    return Vendor.objects.order_by("name", "id")


def vendor(id: UUID) -> Vendor:
    """Raises Missing."""
    return _found(Vendor.objects.filter(pk=id).first(), "vendor")


def products() -> QuerySet[Product]:
    return Product.objects.select_related("vendor").order_by("vendor__name", "category", "group", "name", "id")


def product(id: UUID) -> Product:
    """Raises Missing."""
    return _found(Product.objects.select_related("vendor").filter(pk=id).first(), "product")


def make_vendor(actor: Actor, *, name: str, kind: str, now: datetime) -> Vendor:
    """`kind` is that of the instances by which it is provisioned. Raises Refused: no kind, or a name that is taken."""
    name = texts.line(name, "The name", most=100)
    if not _KIND.fullmatch(kind):
        raise Refused(f"“{kind[:40]}” is no kind of vendor.", code="kind", hint="Small letters, digits and _.")
    row = Vendor(name=name, kind=kind, created_at=now)
    with once(f"There is a vendor {name} already."):
        acts.record(
            actor, VERB, summary=f"Added the vendor {name}", of=("vendor", row.pk), after={"name": name, "kind": kind}, now=now
        )
        row.save(force_insert=True)
    return row


def rename_vendor(actor: Actor, id: UUID, *, name: str, version: int, now: datetime) -> Vendor:
    """Raises Missing, Refused: the name is taken, or code "changed" where `version` is not the one that was seen."""
    name = texts.line(name, "The name", most=100)
    with once(f"There is a vendor {name} already."):
        row = seen(_found(Vendor.objects.select_for_update().filter(pk=id).first(), "vendor"), version)
        acts.record(
            actor, VERB, summary=f"Renamed the vendor {row.name} to {name}", of=("vendor", id), before={"name": row.name},
            after={"name": name}, now=now,
        )  # fmt: skip
        row.name, row.version = name, row.version + 1
        row.save(update_fields=["name", "version"])
    return row


def make_product(actor: Actor, vendor_id: UUID, described: Described, *, now: datetime) -> Product:
    """Raises Missing for no such vendor; Refused for a text that does not fit or a name the vendor has already."""
    said, of = described.checked(), vendor(vendor_id)
    row = Product(vendor=of, created_at=now, **asdict(said))
    with once(f"{of.name} has a product {said.name} already."):
        acts.record(
            actor, VERB, summary=f"Added the product {said.name}", of=("product", row.pk),
            after={"vendor": of.name, **asdict(said)}, now=now,
        )  # fmt: skip
        row.save(force_insert=True)
    return row


def change_product(actor: Actor, id: UUID, described: Described, *, version: int, now: datetime) -> Product:
    """Raises as `make_product` does, and Refused(code="changed")."""
    said = described.checked()
    with once(f"There is a product {said.name} already."):
        row = seen(_found(Product.objects.select_for_update().filter(pk=id).first(), "product"), version)
        before = {name: getattr(row, name) for name in asdict(said)}
        acts.record(
            actor, VERB, summary=f"Changed the product {said.name}", of=("product", id), before=before, after=asdict(said),
            now=now,
        )  # fmt: skip
        for name, value in asdict(said).items():
            setattr(row, name, value)
        row.version += 1
        row.save(update_fields=[*asdict(said), "version"])
    return row


def seen(row: Row, version: int) -> Row:
    """The row, if it is as the actor saw it. Raises Refused(code="changed")."""
    if row.version != version:
        raise Refused("Somebody changed it meanwhile.", code="changed", hint="Look at it again, then change it.")
    return row


def _found(row: Row | None, what: str) -> Row:
    if row is None:
        raise Missing(f"There is no such {what}.")
    return row


@contextmanager
def once(taken: str) -> Iterator[None]:
    """A transaction in which a second row of the same name or code is refused in these words."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as fault:
        if "_once" not in str(fault):
            raise
        raise Refused(taken, code="taken") from None
