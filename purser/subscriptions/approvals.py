"""Which orders of its customers a seller approves: a default, and what holds for one of them instead.

Source: acceptance CM-42 to CM-44.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from purser.access import acts
from purser.access.actors import Actor
from purser.kernel.errors import Missing, Refused
from purser.postgres import tenancy
from purser.subscriptions import buyers
from purser.subscriptions.models import ApprovalRule, LineKind, SubscriptionState, Trigger
from purser.subscriptions.wanted import NEW, Checked
from purser.tenants import organisations
from purser.tenants.models import Organisation

VERB = "orders.configure"
LARGEST = Decimal("999999999999.99")


@dataclass(frozen=True)
class Rule:
    """What waits for approval. `customer` None: of everybody who has no rule of their own. `over`: see ApprovalRule."""

    on: bool = False
    triggers: frozenset[str] = frozenset()
    over: Decimal = Decimal(0)
    customer: UUID | None = None
    version: int = 0


NOTHING = Rule()  # a seller that never said anything approves nothing


def trigger_of(line: Checked) -> Trigger | None:
    """What of a customer's order this line is: to take a cancellation back is to have it renew. A suspension and its lifting
    never wait. Source: acceptance CM-43.
    """
    kind, row = line.asked.kind, line.subscription
    addon = kind == LineKind.ADDON or (row is not None and row.base_id is not None)
    taken_back = kind == LineKind.RESUME and row is not None and row.state == SubscriptionState.CANCELLED
    if kind == LineKind.RENEWAL or taken_back:
        return Trigger.RENEWAL
    if kind == LineKind.CANCEL or (kind == LineKind.QUANTITY and line.after == 0):
        return Trigger.ADDON if addon else Trigger.ENDING
    if kind == LineKind.QUANTITY:
        return Trigger.ADDON_QUANTITY if addon else Trigger.QUANTITY
    if kind in NEW:
        trial = line.offer is not None and line.offer.trial
        return Trigger.ADDON if addon else Trigger.TRIAL if trial else Trigger.PAID
    return None


def stopped_by(rule: Rule, lines: Sequence[Checked]) -> list[str]:
    """The triggers that these lines meet, in the order of the table; none: nothing waits.

    Those of the rule, from its threshold on: of a metered line nobody knows what it will cost, so it is always over. And with
    any rule or none what is below the seller's floor, or brings back what the seller suspended: only the seller confirms that.
    Source: acceptance CM-43, CM-64, AC-34.
    """
    chosen = rule.triggers if rule.on else frozenset()
    met = {trigger_of(line) for line in lines if line.metered or line.at_stake >= rule.over} & chosen
    met |= {trigger_of(line) for line in lines if line.below or line.guarded}
    return [one.value for one in Trigger if one in met]


def rule_for(seller: UUID, customer: UUID) -> Rule:
    """What holds for a customer. Takes the seller's seat."""
    with tenancy.acting_in(seller):
        rows = {row.customer: row for row in ApprovalRule.objects.filter(customer__in=[customer])}
        row = rows.get(customer) or ApprovalRule.objects.filter(customer=None).first()
    return _rule(row) if row else NOTHING


def all_of(seller: UUID) -> list[Rule]:
    """In the seller's seat: the default first, then what holds for one customer."""
    rows = [_rule(row) for row in ApprovalRule.objects.order_by("id")]
    default = next((row for row in rows if row.customer is None), NOTHING)
    return [default, *(row for row in rows if row.customer is not None)]


def keep(
    actor: Actor,
    wanted: Rule,
    customers: Collection[UUID],
    *,
    seen: Mapping[UUID | None, int],
    everywhere: bool = False,
    now: datetime,
) -> list[Rule]:
    """Keep a rule as the default (no customers), or for each of these customers instead. `everywhere`: the default, and what
    holds for some instead is dropped. `seen`: the version of each rule as it was read, by customer (None: the default); absent
    where there was none. Takes its seats itself.

    Raises Refused for a trigger there is not, an amount that does not fit, customers chosen `everywhere`, and code "version"
    where somebody changed one of them meanwhile; Missing for somebody who is no customer.
    """
    if everywhere and customers:
        raise Refused("A rule is for everybody or for some customers, not both.", code="everywhere", hint="Choose one.")
    unknown = sorted(set(wanted.triggers) - set(Trigger.values))
    if unknown:
        raise Refused(f"There is no trigger {unknown[0]!r}.", code="trigger", hint=f"Known: {', '.join(Trigger.values)}.")
    if not 0 <= wanted.over <= LARGEST or wanted.over != wanted.over.quantize(Decimal("0.01")):
        raise Refused(f"{wanted.over} is no threshold: 0.00 to {LARGEST:,}, with two decimals.", code="over")
    names = _names(actor, customers)
    whom: list[UUID | None] = [*dict.fromkeys(customers)] or [None]
    with tenancy.acting_in(actor.tenant):
        Organisation.objects.select_for_update(no_key=True).get()  # also where there is no rule yet to be held
        for row in ApprovalRule.objects.exclude(customer=None).order_by("id") if everywhere else []:
            _check_seen(row.version, seen.get(row.customer, 0), "the rule of another customer")
            _drop(actor, row, now)
        return [_keep(actor, wanted, one, names.get(one, "") if one else "", seen.get(one, 0), now) for one in whom]


def drop(actor: Actor, customer: UUID, *, now: datetime) -> None:
    """From now on the default holds for this customer. In the seller's seat. Raises Missing where it has no rule."""
    row = ApprovalRule.objects.select_for_update().filter(customer=customer).first()
    if row is None:
        raise Missing("There is no rule for this customer.")
    _drop(actor, row, now)


def _drop(actor: Actor, row: ApprovalRule, now: datetime) -> None:
    acts.record(
        actor, VERB, summary="The default of approval holds for a customer again", of=("organisation", row.customer),
        before=_told(_rule(row)), now=now,
    )  # fmt: skip
    row.delete()


def _names(actor: Actor, customers: Collection[UUID]) -> dict[UUID, str]:
    if not customers:
        return {}
    with tenancy.listing_customers_of(actor.tenant):
        found = {row.pk: row.name for row in organisations.under(actor.tenant)}
    if set(customers) - found.keys():
        raise Missing(buyers.NO_BUYER)
    return found


def _check_seen(version: int, seen: int, whose: str) -> None:
    if version != seen:
        raise Refused(f"Somebody changed {whose} meanwhile.", code="version", hint="Look at it as it is now, then save.")


def _keep(actor: Actor, wanted: Rule, customer: UUID | None, name: str, seen: int, now: datetime) -> Rule:
    row = ApprovalRule.objects.select_for_update().filter(customer=customer).first()
    _check_seen(row.version if row else 0, seen, f"the rule for {name}" if customer else "the default")
    after = Rule(wanted.on, wanted.triggers, wanted.over, customer)
    acts.record(
        actor, VERB, summary=f"Which orders of {name or 'customers'} need approval",
        of=("organisation", customer or actor.tenant), before=_told(_rule(row)) if row else None, after=_told(after), now=now,
    )  # fmt: skip
    row = row or ApprovalRule(customer=customer, version=0)
    row.on, row.triggers, row.over, row.changed_at = wanted.on, sorted(wanted.triggers), wanted.over, now
    row.version += 1
    row.save()
    return _rule(row)


def _rule(row: ApprovalRule) -> Rule:
    return Rule(row.on, frozenset(row.triggers), row.over, row.customer, row.version)


def _told(rule: Rule) -> dict[str, object]:
    return {"on": rule.on, "triggers": sorted(rule.triggers), "over": str(rule.over)}
