"""What is wanted and what is held, per linked resource, as dated standings. Reads the mirror's links, calls nobody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import ROUND_UP, Decimal
from typing import Any
from uuid import UUID

from purser.connectors.ports.psa import Agreement, Psa, Service, service_key
from purser.flows.marketplace_to_contracts import steps
from purser.flows.marketplace_to_contracts.refresh import SourceRead, TargetRead
from purser.kernel import digest
from purser.kernel.errors import Refused
from purser.links.models import Link, Receipt, SourceResource, Sync
from purser.links.models.relations import LinkState, PriceSource
from purser.links.models.runs import ReceiptState
from purser.links.receipts import Facts
from purser.links.standing import Standing, key
from purser.reconcile.model import Aside, Key, Reading


@dataclass
class Standings:
    """Both sides of the plan. `addresses` tells where each key is looked up, `expected` the keys a person just asked for."""

    wanted: dict[Key, Standing] = field(default_factory=dict)
    held: dict[Key, Standing] = field(default_factory=dict)
    asides: dict[Key, Aside] = field(default_factory=dict)
    addresses: dict[Key, Standing] = field(default_factory=dict)
    facts: dict[str, Facts] = field(default_factory=dict)
    expected: set[Key] = field(default_factory=set)
    in_step: list[UUID] = field(default_factory=list)
    links: dict[UUID, Link] = field(default_factory=dict)
    source_whole: bool = True
    source_cut: str = ""

    def readings(self, *, at: datetime, held: Reading[Any]) -> tuple[Reading[Standing], Reading[Standing]]:
        return (
            Reading(self.wanted, at, self.source_whole, self.source_cut),
            Reading(self.held, at, held.whole, held.cut),
        )

    def set_aside(self, link: Link, code: str, reason: str) -> None:
        self.asides[key(link.pk)] = Aside(key(link.pk), reason, code)


def linked(sync: Sync) -> list[Link]:
    """The live links of a pair with everything a pass needs, in one query."""
    return list(
        Link.objects.filter(sync=sync, cleared_at=None)
        .exclude(state=LinkState.ENDED)
        .select_related("resource__subscription", "resource__customer", "service__agreement__account")
        .order_by("pk")
    )


def wanted_count(link: Link, sync: Sync) -> Decimal | None:
    """What the marketplace says the PSA must bill; None when the resource is gone from the marketplace.

    A terminated subscription counts nought when the pair's rule says so (acceptance ID-61). A usage-based resource needs a
    rule (ID-62): units = usage / divisor, rounded up.
    """
    resource: SourceResource = link.resource
    if resource.gone_at or resource.subscription.gone_at or resource.customer.gone_at:
        return None
    if resource.subscription.status in ("terminated", "removed"):
        return Decimal(0) if sync.end_to_zero else resource.count
    count = resource.count
    if resource.usage_based:
        if link.usage_divisor is None:
            raise Refused(
                f"{resource.name} is billed by use; {digest.units(count)} is no number of units.",
                code="usage_rule",
                hint="Set a rule on the link: how much use makes one unit.",
            )
        count = (count / link.usage_divisor).to_integral_value(rounding=ROUND_UP)
    return count + link.offset


def build(
    *,
    sync: Sync,
    links: list[Link],
    source: SourceRead,
    target: TargetRead,
    psa: Psa,
    open_receipts: Mapping[UUID, Receipt],
    taken: Mapping[UUID, set[date]],
    waiting_drift: set[UUID],
    healing: set[UUID],
    today: date,
    now: datetime,
) -> Standings:
    """Every live link ends in exactly one place: in step, in the plan, or aside with the reason."""
    found = Standings(source_whole=source.whole, source_cut=source.cut)
    for link in links:
        found.links[link.pk] = link
        service = target.services.items.get(service_key(link.service.agreement.external_id, link.service.service_id))
        agreement = target.agreements.items.get(link.service.agreement.external_id)
        receipt = open_receipts.get(link.pk)
        if link.pk in waiting_drift:
            found.set_aside(link, "drift", "The PSA was changed by hand; a person decides.")
        elif receipt is not None and receipt.state in (
            ReceiptState.INTENDED,
            ReceiptState.ACCEPTED,
            ReceiptState.UNSURE,
        ):
            found.set_aside(link, "unsettled", f"The last posting is {receipt.get_state_display().lower()}.")
        elif receipt is not None and receipt.retry_at is not None and receipt.retry_at > now:
            found.set_aside(
                link, "later", f"The last posting failed; it is tried again at {receipt.retry_at:%H:%M:%S}."
            )
        elif link.resource.subscription.status == "pending":
            found.set_aside(link, "pending", "The subscription is not active at the marketplace yet.")
        elif service is None or agreement is None:
            found.set_aside(
                link,
                "target_missing",
                f"{link.service.name} is not on the agreement any more, or was not read.",
            )
        else:
            _place(
                found,
                sync,
                link,
                service,
                agreement,
                psa,
                taken.get(link.pk, set()),
                link.pk in healing,
                today,
            )
    return found


def _place(
    found: Standings,
    sync: Sync,
    link: Link,
    service: Service,
    agreement: Agreement,
    psa: Psa,
    taken: set[date],
    healing: bool,
    today: date,
) -> None:
    currency, foreign = link.resource.currency, agreement.currency or link.service.agreement.account.currency
    if currency and foreign and currency != foreign:
        found.set_aside(link, "currency", f"The marketplace counts in {currency}, the agreement in {foreign}.")
        return
    terms = steps.Terms(
        decrease=link.decrease or sync.decrease,
        one_change_a_day=psa.traits.one_change_a_day,
        whole_units=psa.traits.whole_units,
        largest=psa.traits.largest,
    )
    try:
        wanted = wanted_count(link, sync)
        dated = steps.decide(
            wanted=Decimal(0) if wanted is None else wanted,
            segments=service.segments,
            agreement=agreement,
            terms=terms,
            today=today,
            taken=taken,
        )
    except Refused as refusal:
        found.set_aside(link, refusal.code, f"{refusal.text} {refusal.hint}".strip())
        return
    price, cost = prices(link, service, marketplace_is=sync.source.price_is)
    address = Standing(link.pk, service.agreement_id, service.id, today, Decimal(0), price, cost)
    if not dated:
        units = steps.final_units(service.segments)
        if units and wanted is not None:
            at = Standing(link.pk, service.agreement_id, service.id, today, units)
            found.wanted[key(link.pk)] = found.held[key(link.pk)] = at
        found.in_step.append(link.pk)
        return
    found.facts[str(link.pk)] = facts(link, service, currency=currency or foreign, healing=healing, wanted=wanted)
    for step in dated:
        at_key = key(link.pk, step.effective_on)
        at = Standing(
            address.link,
            address.agreement_id,
            address.service_id,
            step.effective_on,
            step.before,
            price,
            cost,
            step.note,
        )
        found.addresses[at_key] = at
        if step.before:
            found.held[at_key] = at
        if step.after and wanted is not None:
            found.wanted[at_key] = Standing(
                at.link, at.agreement_id, at.service_id, at.effective_on, step.after, price, cost, step.note
            )
        if link.state == LinkState.PENDING:
            found.expected.add(at_key)


def prices(link: Link, service: Service, *, marketplace_is: str) -> tuple[Decimal | None, Decimal | None]:
    """Price and cost per unit to post; None leaves what the PSA has. Source: acceptance ID-24, ID-63.

    The cost is the marketplace's where it gives one (21.x) or where the connection says that its unit price is the cost.
    """
    price = {
        PriceSource.CATALOG: service.catalog_price,
        PriceSource.AGREEMENT: service.unit_price,
        PriceSource.CUSTOM: link.custom_price,
    }[PriceSource(link.price_source)]
    resource = link.resource
    cost = resource.unit_cost
    if cost is None and marketplace_is == "cost":
        cost = resource.unit_price
    return price, cost


def facts(link: Link, service: Service, *, currency: str, healing: bool, wanted: Decimal | None) -> Facts:
    """The names of the moment and the readings behind the number, for the log and for "why this number?"."""
    resource = link.resource
    return Facts(
        company=resource.customer.name,
        subscription=resource.subscription.name,
        resource=resource.name,
        customer=link.service.agreement.account.name,
        agreement=link.service.agreement.name,
        product=service.name,
        currency=currency,
        healing=healing,
        seen={
            "marketplace": {
                "count": digest.units(resource.count),
                "read_at": resource.seen_at.isoformat(),
                "subscription": resource.subscription.external_id,
                "resource": resource.resource_id,
                "status": resource.subscription.status,
            },
            "link": {
                "wanted": None if wanted is None else digest.units(wanted),
                "offset": digest.units(link.offset),
                "expected": None if link.expected_units is None else digest.units(link.expected_units),
            },
            "psa": {
                "agreement": service.agreement_id,
                "service": service.id,
                "segments": [digest.plain(s) for s in service.segments[-12:]],
            },
        },
    )
