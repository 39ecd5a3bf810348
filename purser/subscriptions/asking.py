"""What is asked for, looked at before anything is ordered: is it on sale, for how much, and what speaks against it.

The same look is taken when an order is put together, placed and approved. Source: acceptance CM-10 to CM-19, CM-45, CM-64,
AC-25, AC-35.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from purser.access.actors import Actor
from purser.catalog import selling
from purser.catalog.selling import UNSEEN, Seen, Sellable
from purser.kernel.errors import Refused
from purser.postgres import tenancy
from purser.provisioning import accounts
from purser.provisioning.accounts import NotSynced
from purser.provisioning.models import Account, Instance
from purser.subscriptions import bounds, counted, dates, tiers, waking
from purser.subscriptions.buyers import Buyer
from purser.subscriptions.models import LineKind, Subscription, SubscriptionState
from purser.subscriptions.wanted import NEW, Asked, Checked, other_terms

MOST = 100  # lines of an order
LARGEST = 1_000_000  # units of a line
BASES = ("ordered", "waiting", "provisioning", "active")  # what an add-on can be added to


def check(actor: Actor, buyer: Buyer, lines: Sequence[Asked]) -> list[Checked]:
    """Look at each line, with as many queries for a hundred as for one. Takes its seats itself.

    Raises Refused(code="lines") for none or more than 100; what stands against a line is in its `wrong`.
    """
    if not 1 <= len(lines) <= MOST:
        raise Refused(f"An order has 1 to {MOST} lines; this one has {len(lines)}.", code="lines")
    named = {id for line in lines for id in (line.subscription, line.base) if id}
    with tenancy.acting_in(buyer.id):
        held = {row.pk: row for row in Subscription.objects.select_related("base").filter(pk__in=named)}
        synced = {row.instance: row for row in accounts.every() if accounts.synced(row)}
        bases = _bases() if any(line.kind in NEW for line in lines) else []
    wanted = {line.offer for line in lines if line.offer}
    offers = selling.resolve(buyer=buyer.id, offers=wanted, on=buyer.today)
    instances = _instances({one.provider for one in offers.values()}, {one.vendor_kind for one in offers.values()})
    above = _above(buyer, instances)
    seen = tiers.seen(actor, held.values(), buyer.today)
    ground = _Ground(actor, buyer, held, seen, bases, synced, offers, instances, above)
    looked = [ground.new(line) if line.kind in NEW else ground.change(line) for line in lines]
    return waking.look(buyer, counted.once(buyer, looked))


def _bases() -> list[Subscription]:
    return list(Subscription.objects.filter(state__in=BASES, base=None).order_by("ordered_at", "id"))


def _instances(providers: set[UUID], kinds: set[str]) -> list[Instance]:
    found: list[Instance] = []
    for provider in sorted(providers):
        with tenancy.acting_in(provider):
            found += Instance.objects.filter(kind__in=kinds).order_by("name", "id")
    return found


def _above(buyer: Buyer, instances: Sequence[Instance]) -> set[UUID]:
    """The instances that whoever sells to the buyer is synced with, where it is not itself who buys from the vendor."""
    if all(one.tenant_id == buyer.seller for one in instances):
        return {one.pk for one in instances}
    with tenancy.acting_in(buyer.seller):
        rows = [row for row in Account.objects.filter(instance__in=[one.pk for one in instances]) if accounts.synced(row)]
    return {row.instance for row in rows} | {one.pk for one in instances if one.tenant_id == buyer.seller}


@dataclass(frozen=True)
class _Ground:
    actor: Actor
    buyer: Buyer
    held: Mapping[UUID, Subscription]
    seen: Mapping[UUID, Seen]
    bases: Sequence[Subscription]
    synced: Mapping[UUID, Account]
    offers: Mapping[UUID, Sellable]
    instances: Sequence[Instance]
    above: set[UUID]

    def new(self, line: Asked) -> Checked:
        offer = self.offers.get(line.offer) if line.offer else None
        if offer is None:
            text = f"{line.name or f'The offer {line.offer}'} is not on sale to {self.buyer.name} any more."
            gone = Refused(text, code="withdrawn", hint="Take it out, or choose another.")
            return Checked(line, name=line.name, after=max(line.quantity, 0), wrong=gone)
        line = replace(line, kind=LineKind.ADDON if offer.addon_of else LineKind.CREATE)
        base, wrong = self._base(line, offer)
        choices = {one.pk: one.name for one in self.instances if self._fits(one, offer)}
        instance, unsynced = self._instance(line, offer, base, choices)
        seen = offer.seen_by(self.actor.tenant)
        account = self.synced.get(instance) if instance else None
        return Checked(
            line,
            name=offer.name,
            code=offer.code,
            cycle=offer.cycle,
            terms=offer.terms,
            unit=offer.unit,
            listed=offer.listed,
            currency=offer.currency,
            price=offer.price,
            after=max(line.quantity, 0),
            offer=offer,
            base=base,
            account=account.pk if account else None,
            instance=instance,
            instance_name=choices.get(instance, "") if instance else "",
            choices=choices,
            bases={one.pk: f"{one.offer_name}, {one.number}" for one in self.bases if one.product == offer.addon_of},
            seen=seen,
            below=self.buyer.own and offer.tiers[-1].low,
            wrong=_out_of_bounds(line, offer.name, offer.minimum, offer.maximum, offer.metered) or wrong or unsynced,
            moved=_moved(line, offer.name, seen, offer.unit, offer.terms),
        )

    def _fits(self, one: Instance, offer: Sellable) -> bool:
        return one.tenant_id == offer.provider and one.kind == offer.vendor_kind

    def _base(self, line: Asked, offer: Sellable) -> tuple[Subscription | None, Refused | None]:
        if offer.addon_of is None:
            return None, None
        fitting = [one for one in self.bases if one.product == offer.addon_of]
        if line.base is not None:
            found = self.held.get(line.base)
            fitting = [found] if found and found.product == offer.addon_of and found.state in BASES else []
        if not fitting:
            text = f"{offer.name} is an add-on, and {self.buyer.name} has no live subscription that it could be added to."
            return None, Refused(text, code="no_base", hint="Order the product that it belongs to first.")
        if len(fitting) > 1:
            known = ", ".join(f"{one.number} ({one.offer_name})" for one in fitting[:5])
            return None, Refused(f"{offer.name} could be added to several: {known}.", code="which_base", hint="Choose one.")
        return fitting[0], None

    def _instance(
        self, line: Asked, offer: Sellable, base: Subscription | None, choices: Mapping[UUID, str]
    ) -> tuple[UUID | None, Refused | None]:
        """The instance by which it is provisioned, and what stands against it. Source: acceptance AC-2, AC-25."""
        if not choices:
            return None, Refused(f"{offer.vendor_name} is not set up here yet.", code="no_instance", hint="Ask who sells it.")
        mine = [one for one in choices if one in self.synced]
        if base is not None:
            chosen: UUID | None = base.instance
        elif line.instance is not None:
            chosen = line.instance if line.instance in choices else None
        else:
            few = mine or list(choices)
            chosen = few[0] if len(few) == 1 else None
        if chosen is None:
            known = ", ".join(choices[one] for one in mine or choices)
            return None, Refused(f"{offer.name} can be provisioned by {known}.", code="which_instance", hint="Choose one.")
        if chosen not in self.above:
            return chosen, _not_synced(self.buyer.seller_name, choices.get(chosen, ""), self.buyer.seller, chosen)
        if chosen not in self.synced:
            return chosen, _not_synced(self.buyer.name, choices.get(chosen, ""), self.buyer.id, chosen)
        return chosen, None

    def change(self, line: Asked) -> Checked:
        row = self.held.get(line.subscription) if line.subscription else None
        if row is None:
            return Checked(line, wrong=Refused("There is no such subscription.", code="subscription", hint="Reload the list."))
        seen, terms = self.seen.get(row.pk, UNSEEN), selling.terms_of(row)
        after = {LineKind.QUANTITY: line.wants, LineKind.CANCEL: 0, LineKind.RENEWAL: line.wants}.get(line.kind, row.quantity)
        return Checked(
            line,
            name=row.offer_name,
            code=row.offer_code,
            cycle=row.cycle,
            terms=terms,
            unit=row.unit,
            currency=row.currency,
            price=row.price,
            seen=seen,
            before=int(row.renews) if line.kind == LineKind.RENEWAL else row.quantity,
            after=after,
            subscription=row,
            account=row.account_id,
            instance=row.instance,
            wrong=_against(line, row, self.buyer.today),
            moved=_moved(line, row.offer_name, seen, row.unit, terms),
        )


def _not_synced(who: str, instance: str, organisation: UUID, at: UUID) -> NotSynced:
    return NotSynced(f"{who} is not synced with {instance}.", organisation=organisation, instance=at)


def _moved(line: Asked, name: str, seen: Seen, unit: str, terms: str) -> Refused | None:
    """What the actor sees now against what it was shown; with the price of nobody else, which the numbers would tell.

    Source: acceptance CM-45; decision 0010.
    """
    said: dict[str, str] = {}
    shown = line.currency or seen.currency
    if line.price is not None and seen.price is not None and (line.price, shown) != (seen.price, seen.currency):
        was, is_ = f"{line.price.normalize():f} {shown}", f"{seen.price.normalize():f} {seen.currency}"
        said["price_moved"] = f"{name}: the price of a {unit} was {was} and is now {is_}."
    if line.terms and line.terms != terms:
        said["terms_moved"] = other_terms(name, line.terms, terms)
    if not said:
        return None
    return Refused(" ".join(said.values()), code=next(iter(said)), hint="Confirm what it is now, or leave it.")


def check_bounds(name: str, wanted: int, least: int, most: int | None, *, metered: bool) -> None:
    """Raises Refused for a quantity out of the offer's bounds, or more than an order takes."""
    if wanted > LARGEST:
        raise Refused(f"{wanted:,} of {name} is more than an order takes, {LARGEST:,}.", code="quantity")
    bounds.check_quantity(name, wanted, least, most, metered=metered)


def _out_of_bounds(line: Asked, name: str, least: int, most: int | None, metered: bool) -> Refused | None:
    try:
        check_bounds(name, line.quantity, least, most, metered=metered)
    except Refused as refusal:
        return refusal
    return None


ALLOWED_FROM: Mapping[LineKind, tuple[str, ...]] = {
    LineKind.QUANTITY: ("ordered", "waiting", "provisioning", "active", "suspended"),
    LineKind.CANCEL: ("ordered", "waiting", "provisioning", "active", "suspended"),
    LineKind.SUSPEND: ("active", "cancelled"),
    LineKind.RESUME: ("suspended", "cancelled"),
    LineKind.RENEWAL: ("ordered", "waiting", "provisioning", "active", "suspended"),
}


def _against(line: Asked, row: Subscription, today: date) -> Refused | None:
    """What stands against a change now; lifecycle has the last word when it is carried out."""
    if row.state not in ALLOWED_FROM[line.kind]:
        words = f"{row.offer_name} is {SubscriptionState(row.state).label.lower()}"
        return Refused(f"{words}; {line.kind.label.lower()} is not possible.", code="state", hint="Read it again.")
    if row.ends_on is not None and line.kind not in (LineKind.SUSPEND, LineKind.RESUME):
        words = f"{row.offer_name} is {SubscriptionState(row.state).label.lower()} and ends on {row.ends_on}"
        return Refused(f"{words}; {line.kind.label.lower()} is not possible.", code="state", hint="Read it again.")
    if line.kind == LineKind.QUANTITY and line.quantity == row.quantity:
        return Refused(f"{row.offer_name} has {row.quantity} already.", code="same")
    if line.kind == LineKind.QUANTITY and line.quantity != 0:
        wrong = _out_of_bounds(line, row.offer_name, row.minimum, row.maximum, row.metered)
        if wrong is None and row.consumed is not None and line.quantity < row.consumed:
            text = f"{row.consumed} of {row.quantity} are in use; {line.quantity} would be too few."
            return Refused(text, code="consumed", hint="Release what is not needed first.")
        if wrong is None and line.quantity < row.quantity and dates.is_bound(row, today):
            return bounds.bound(row, line.quantity)
        return wrong
    if line.kind == LineKind.RENEWAL and line.quantity == int(row.renews):
        return Refused(f"{row.offer_name} {'renews' if row.renews else 'does not renew'} already.", code="same")
    return None
