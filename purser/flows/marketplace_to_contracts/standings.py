"""What is wanted and what is held, per linked resource, as dated standings. Reads the mirror's links, calls nobody."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import ROUND_UP, Decimal
from typing import Any
from uuid import UUID

from purser.connectors.ports.psa import Agreement, Psa, Service, final_units, service_key
from purser.flows.marketplace_to_contracts import steps
from purser.flows.marketplace_to_contracts.refresh import SourceRead, TargetRead
from purser.kernel import digest
from purser.kernel.errors import Refused
from purser.links.models import Link, Receipt, SourceResource, Sync
from purser.links.models.relations import LinkState, PriceSource
from purser.links.models.runs import ReceiptState
from purser.links.receipts import Facts
from purser.links.standing import Standing, key
from purser.reconcile.model import Aside, Change, Key, Reading, Refusal


@dataclass
class Standings:
    """Both sides of the plan. `addresses` tells where each key is looked up, `expected` the keys a person just asked for,
    `refused` what is due but cannot be posted, with the reason: it goes to the failure log without a call."""

    wanted: dict[Key, Standing] = field(default_factory=dict)
    held: dict[Key, Standing] = field(default_factory=dict)
    asides: dict[Key, Aside] = field(default_factory=dict)
    addresses: dict[Key, Standing] = field(default_factory=dict)
    facts: dict[str, Facts] = field(default_factory=dict)
    expected: set[Key] = field(default_factory=set)
    refused: list[tuple[Change[Standing], Refusal]] = field(default_factory=list)
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
    """The live links of a pair with everything a pass needs. One that ended is back when its resource is.

    One query a table: a join over all of them was planned for one row, where a tenant's first links were not in the
    database's statistics yet, and took minutes for a thousand.
    """
    rows = Link.objects.filter(sync=sync, cleared_at=None).order_by("pk")
    found = rows.prefetch_related("resource__subscription", "resource__customer", "service__agreement__account")
    return [k for k in found if k.state != LinkState.ENDED or _is_alive(k)]


def _is_alive(link: Link) -> bool:
    return not _is_gone(link.resource) and link.resource.subscription.status in ("active", "hold")


def wanted_count(link: Link, sync: Sync) -> Decimal | None:
    """What the marketplace says the PSA must bill; None when the resource is gone from the marketplace.

    A terminated subscription counts nought when the pair's rule says so (acceptance ID-61). A usage-based resource needs a
    rule (ID-62): units = usage / divisor, rounded up.
    """
    resource: SourceResource = link.resource
    if _is_gone(resource):
        return None
    if sync.end_to_zero and is_over(link):
        return Decimal(0)
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


def is_over(link: Link) -> bool:
    """Whether the marketplace sells this resource no more."""
    return _is_gone(link.resource) or link.resource.subscription.status in ("terminated", "removed")


def _is_gone(resource: SourceResource) -> bool:
    return any((resource.gone_at, resource.subscription.gone_at, resource.customer.gone_at))


def has_ended(agreement: Agreement, today: date) -> bool:
    """Whether the agreement's last day is past: then it shows no units, whatever was posted."""
    return agreement.ends_on is not None and agreement.ends_on < today


def build(
    *,
    sync: Sync,
    links: list[Link],
    source: SourceRead,
    target: TargetRead,
    psa: Psa,
    open_receipts: Mapping[UUID, Receipt],
    newer: Collection[UUID],
    taken: Mapping[UUID, set[date]],
    waiting_drift: set[UUID],
    healing: set[UUID],
    today: date,
    now: datetime,
) -> Standings:
    """Every live link ends in exactly one place: in step, in the plan, refused, or aside with the reason. `newer` are
    those whose last posting was settled after the reading of the target."""
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
        elif link.pk in newer:
            found.set_aside(link, "unsettled", "The last posting was settled after this reading; the next one compares.")
        elif receipt is not None and receipt.retry_at is not None and receipt.retry_at > now:
            found.set_aside(link, "later", f"The last posting failed; it is tried again at {receipt.retry_at:%H:%M:%S}.")
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
                taken.get(link.service_id, set()),
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
    price, cost = prices(link, service, marketplace_is=sync.source.price_is)
    address = Standing(link.pk, service.agreement_id, service.id, today, Decimal(0), price, cost)
    terms = steps.Terms(
        decrease=link.decrease or sync.decrease,
        one_change_a_day=psa.traits.one_change_a_day,
        whole_units=psa.traits.whole_units,
        largest=psa.traits.largest,
    )
    try:
        wanted = wanted_count(link, sync)
    except Refused as refusal:
        found.set_aside(link, refusal.code, f"{refusal.text} {refusal.hint}".strip())
        return
    if wanted is None and not found.source_whole:
        found.set_aside(link, "source_cut", f"The source was not read as a whole: {found.source_cut}")
        return
    found.facts[str(link.pk)] = facts(link, service, currency=currency or foreign, healing=healing, wanted=wanted)
    try:
        _admit(currency, foreign)
        if has_ended(agreement, today):
            _outlived(found, link, agreement, wanted or Decimal(0))
            return
        dated = steps.decide(
            wanted=wanted or Decimal(0),
            segments=service.segments,
            agreement=agreement,
            terms=terms,
            today=today,
            taken=taken,
        )
    except Refused as refusal:
        _refuse(found, link, address, wanted or Decimal(0), refusal)
        return
    if not dated:
        units = final_units(service.segments, ends_on=agreement.ends_on)
        if units and wanted is not None:
            at = Standing(link.pk, service.agreement_id, service.id, today, units)
            found.wanted[key(link.pk)] = found.held[key(link.pk)] = at
        found.in_step.append(link.pk)
        return
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
        if step.after:
            found.wanted[at_key] = Standing(
                at.link, at.agreement_id, at.service_id, at.effective_on, step.after, price, cost, step.note
            )
        if link.state == LinkState.PENDING:
            found.expected.add(at_key)


def _admit(currency: str, foreign: str) -> None:
    if currency and foreign and currency != foreign:
        raise Refused(
            f"The marketplace counts in {currency}, the agreement in {foreign}.",
            code="currency",
            hint="Link the resource to an agreement in the same currency.",
        )


def _outlived(found: Standings, link: Link, agreement: Agreement, wanted: Decimal) -> None:
    """Nothing can be posted on an agreement that is over; that is a failure only when something is due."""
    dates = f"The agreement ran from {agreement.starts_on} to {agreement.ends_on}"
    if wanted != link.expected_units:
        raise Refused(
            f"{dates}: a change effective today lies outside of it.",
            code="date_outside_agreement",
            hint="Extend the agreement's end date in the PSA, or link the resource to its successor.",
        )
    found.set_aside(link, "agreement_over", f"{dates}; nothing is due on it.")


def _refuse(found: Standings, link: Link, address: Standing, wanted: Decimal, refusal: Refused) -> None:
    """Into the failure log, where there is a difference; tried again like any other failure."""
    held = link.expected_units or Decimal(0)
    found.set_aside(link, refusal.code, f"{refusal.text} {refusal.hint}".strip())
    if wanted != held:
        before = replace(address, units=held) if held else None
        after = replace(address, units=wanted) if wanted else None
        change = Change(key(link.pk, address.effective_on), before, after)
        found.refused.append((change, Refusal(refusal.text, refusal.code, refusal.hint)))


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
    if cost is not None and resource.usage_based and link.usage_divisor is not None:
        cost *= link.usage_divisor  # one unit in the PSA is that much use
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
