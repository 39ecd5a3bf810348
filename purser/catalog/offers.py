"""Offers, of the provider acted in: made, changed, withdrawn and put back on sale. Source: acceptance CM-10, CM-11, CM-18."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from purser.access import acts
from purser.access.actors import Actor
from purser.catalog import texts
from purser.catalog.models import Cycle, Offer, Product
from purser.catalog.products import VERB, once, seen
from purser.kernel import digest
from purser.kernel.errors import Missing, Refused

LARGEST = 1_000_000_000  # units of a subscription
LONGEST_TERM = 120  # months


@dataclass(frozen=True)
class Terms:
    """What can be bought: Offer says what each means. `provides` names services and the mode at the vendor."""

    code: str
    name: str
    cycle: str
    term_months: int = 0
    cancel_days: int = 0
    unit: str = "licence"
    minimum: int = 1
    maximum: int | None = None
    addon_of: UUID | None = None
    trial: bool = False
    metered: bool = False
    meter: str = ""
    services: tuple[str, ...] = ()
    mode: str = ""
    further: Mapping[str, Any] = field(default_factory=dict)  # of `provides`, which a form does not know and leaves alone

    @property
    def provides(self) -> dict[str, Any]:
        known = {"services": list(self.services)} if self.services else {}
        return {**self.further, **known, **({"mode": self.mode} if self.mode else {})}

    def checked(self, where: str = "") -> Terms:
        """The terms as they are kept. Raises Refused that begins with `where` and has the numbers."""
        if self.cycle not in Cycle.values:
            raise Refused(f"{where}“{self.cycle[:40]}” is no billing cycle: {' or '.join(Cycle.values)}.", code="cycle")
        _between(self.term_months, 0, LONGEST_TERM, f"{where}The term in months")
        _between(self.cancel_days, 0, 366, f"{where}The days in which it can be cancelled")
        _between(self.minimum, 1, LARGEST, f"{where}The minimum")
        if self.maximum is not None:
            _between(self.maximum, self.minimum, LARGEST, f"{where}The maximum")
        if self.cycle == Cycle.YEARLY and self.term_months % 12:
            raise Refused(f"{where}A yearly cycle has a term of whole years, not {self.term_months} months.", code="term")
        if self.metered and not self.meter.strip():
            raise Refused(f"{where}What is metered names the vendor's usage that is counted.", code="meter")
        if self.metered and self.cycle != Cycle.MONTHLY:
            raise Refused(
                f"{where}What is billed by usage is billed by the month: vendors count from the first of each month, and tell "
                "nothing of a year.",
                code="cycle",
                hint="Choose the monthly cycle; its term can be longer.",
            )
        return Terms(
            **{
                **asdict(self),
                "code": texts.line(self.code, "The item code", most=60, where=where),
                "name": texts.line(self.name, "The name", most=200, where=where),
                "unit": texts.line(self.unit, "The unit", most=40, where=where),
                "meter": texts.line(self.meter, "The usage", most=120, where=where, empty=True) if self.metered else "",
                "services": tuple(_service(one, where) for one in self.services),
                "mode": texts.line(self.mode, "The mode", most=60, where=where, empty=True),
                "maximum": 1 if self.metered else self.maximum,
                "minimum": 1 if self.metered else self.minimum,
            }
        )


def _service(name: str, where: str) -> str:
    if "," in name:
        raise Refused(f"{where}The service “{name[:40]}” has a comma, which parts services.", code="text")
    return texts.line(name, "A service", most=100, where=where)


def _between(value: int, least: int, most: int, what: str) -> None:
    if not least <= value <= most:
        raise Refused(f"{what}: {value} does not fit; it can be {least:,} to {most:,}.", code="number")


def of_row(row: Offer) -> Terms:
    provides = dict(row.provides)
    services, mode = provides.pop("services", []), provides.pop("mode", "")
    return Terms(
        row.code, row.name, row.cycle, row.term_months, row.cancel_days, row.unit, row.minimum, row.maximum,
        row.addon_of_id, row.trial, row.metered, row.meter, tuple(services), str(mode), provides,
    )  # fmt: skip


def told(terms: Terms) -> dict[str, Any]:
    """The terms as columns of the row, and as an act keeps them."""
    kept = asdict(terms)
    for name in ("services", "mode", "further", "addon_of"):
        kept.pop(name)
    return {**kept, "provides": terms.provides, "addon_of_id": terms.addon_of}


def one(id: UUID) -> Offer:
    """With product, vendor and what it adds to. Raises Missing."""
    row = Offer.objects.select_related("product__vendor", "addon_of").filter(pk=id).first()
    if row is None:
        raise Missing("There is no such offer.")
    return row


def make(actor: Actor, product: UUID, terms: Terms, *, now: datetime) -> Offer:
    """Raises Missing for no such product; Refused for terms that do not hold, or an item code that is taken."""
    said = terms.checked()
    of = _product(product)
    _adds_to(of, said)
    row = Offer(product=of, created_at=now, **told(said))
    with once(f"There is an offer with the item code {said.code} already."):
        acts.record(
            actor, VERB, summary=f"Added the offer {said.name} ({said.code})", of=("offer", row.pk), after=_act(said), now=now
        )
        row.save(force_insert=True)
    return row


def change(actor: Actor, id: UUID, terms: Terms, *, version: int, now: datetime) -> Offer:
    """What runs already keeps the terms it was bought under. Raises as `make` does, and Refused(code="changed")."""
    said = terms.checked()
    with once(f"There is an offer with the item code {said.code} already."):
        row = seen(_locked(id), version)
        _adds_to(row.product, said)
        before = of_row(row)
        acts.record(
            actor, VERB, summary=f"Changed the offer {said.name} ({said.code})", of=("offer", id), before=_act(before),
            after=_act(said), now=now,
        )  # fmt: skip
        for name, value in told(said).items():
            setattr(row, name, value)
        row.version += 1
        row.save(update_fields=[*(name.removesuffix("_id") for name in told(said)), "version"])
    return row


def withdraw(actor: Actor, id: UUID, *, version: int, now: datetime) -> Offer:
    """Take it off sale; what runs goes on. Raises Missing, Refused: code "changed", or withdrawn already."""
    return _sold(actor, id, version, now, on=False)


def restore(actor: Actor, id: UUID, *, version: int, now: datetime) -> Offer:
    """Put it back on sale. Raises as `withdraw` does."""
    return _sold(actor, id, version, now, on=True)


def _sold(actor: Actor, id: UUID, version: int, now: datetime, *, on: bool) -> Offer:
    row = seen(_locked(id), version)
    if on == (row.withdrawn_at is None):
        raise Refused(f"{row.name} is {'on sale' if on else 'withdrawn'} already.", code="withdrawn")
    words = f"Put {row.name} ({row.code}) back on sale" if on else f"Withdrew {row.name} ({row.code})"
    acts.record(actor, VERB, summary=words, of=("offer", id), before={"on_sale": not on}, after={"on_sale": on}, now=now)
    row.withdrawn_at, row.version = None if on else now, row.version + 1
    row.save(update_fields=["withdrawn_at", "version"])
    return row


def _locked(id: UUID) -> Offer:
    row = Offer.objects.select_for_update().filter(pk=id).first()
    if row is None:
        raise Missing("There is no such offer.")
    return row


def _product(id: UUID) -> Product:
    row = Product.objects.filter(pk=id).first()
    if row is None:
        raise Missing("There is no such product.")
    return row


def _adds_to(of: Product, terms: Terms) -> None:
    """An add-on adds to a product of the same vendor. Source: acceptance CM-18."""
    if terms.addon_of is None:
        return
    base = _product(terms.addon_of)
    if base.vendor_id != of.vendor_id:
        raise Refused(f"{base.name} is of another vendor; an add-on is for one of its own vendor's.", code="addon")


def _act(terms: Terms) -> dict[str, Any]:
    plain: dict[str, Any] = digest.plain(told(terms))
    return plain


def on_sale() -> list[Offer]:
    """Own offers that are not withdrawn, in the order of the shop."""
    rows = Offer.objects.filter(withdrawn_at=None).select_related("product__vendor", "addon_of")
    return list(rows.order_by("product__category", "product__group", "name", "code"))


def of_codes(codes: Sequence[str]) -> dict[str, Offer]:
    """Own offers by their item code."""
    return {row.code: row for row in Offer.objects.filter(code__in=codes).select_related("product__vendor")}
