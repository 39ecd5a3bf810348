"""The kinds of notices: whose people hear them, the verb one needs to hear them at all, and whom they concern."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from purser.access import permit, verbs
from purser.access.actors import Actor
from purser.access.models import Membership
from purser.kernel.errors import Refused

# A member, the kind of their organisation, and the verbs they may.
Concern = Callable[[Membership, str, frozenset[str]], bool]
CUSTOMER, OPERATOR, RESELLER = ("customer",), ("operator",), ("reseller",)
PARTNERS = ("distributor", "reseller")
BELOW = (*PARTNERS, *CUSTOMER)


def _heads(row: Membership, kind: str, may: frozenset[str]) -> bool:
    return row.role == verbs.HEAD[kind]


def _mainly(row: Membership, kind: str, may: frozenset[str]) -> bool:
    """The heads, and those who administer customers."""
    return row.partner_administrator or _heads(row, kind, may)


def _nobody(row: Membership, kind: str, may: frozenset[str]) -> bool:
    """Only those who are named."""
    return False


def _who_may(verb: str) -> Concern:
    verbs.find(verb)
    return lambda row, kind, may: verb in may


@dataclass(frozen=True)
class Kind:
    """`short` is its badge in the list, `words` say what it tells. `reads`: the verb without which nobody hears it, whoever
    they are and whatever they follow. `concerns`: who hears it without following anything. `always`: mailed at once,
    whatever a person chose.
    """

    name: str
    short: str
    words: str
    of: tuple[str, ...]
    reads: str
    concerns: Concern
    always: bool = False


_TABLE = (
    Kind("consent_asked", "Consent asked", "Your partner asks for consent", CUSTOMER, "consent.read", _mainly),
    Kind("consent_given", "Consent given", "A customer gave its consent", PARTNERS, "tenants.read", _mainly),
    Kind("consent_refused", "Consent refused", "A customer refused", PARTNERS, "tenants.read", _mainly),
    Kind("consent_ended", "Consent ended", "A customer ended its consent", PARTNERS, "tenants.read", _mainly),
    Kind("enabling_asked", "Enabling asked", "A partner asks to be enabled", OPERATOR, "operator.organisations.read", _heads),
    Kind("enabling_sent", "Request sent", "A copy of your request", PARTNERS, "tenants.read", _nobody),
    Kind("enabling_answered", "Enabling answered", "Operations answered", PARTNERS, "tenants.read", _heads),
    # The organisation hears at once that somebody looks in, and nobody there can switch that off. Source: reliability P20.
    Kind("look_in", "Look-in", "The operator looks in", BELOW, "acts.read", _heads, always=True),
    Kind("look_ended", "Look-in ended", "The operator no longer looks in", BELOW, "acts.read", _heads),
    Kind(
        "connection_paused", "Connection paused", "A connection is paused",
        RESELLER, "connections.read", _who_may("connections.write"),
    ),
    Kind(
        "directory_paused", "Users not read", "Users are not read any more",
        CUSTOMER, "users.read", _who_may("users.source"),
    ),
    Kind("plan_waits", "Plan waits", "A plan waits for a person", RESELLER, "plans.read", _who_may("plans.approve")),
    Kind(
        "licensing_waits", "Licensing waits", "Auto-License waits for a person",
        CUSTOMER, "licences.read", _who_may("tasks.auto_licence"),
    ),
    Kind(
        "tenant_licensing", "Tenant's licensing", "Auto-License of a tenant needs a person",
        PARTNERS, "tenants.read", _mainly,
    ),
    Kind(
        "licensing_failed", "Licensing failed", "Auto-License did not do everything",
        CUSTOMER, "licences.read", _who_may("tasks.auto_licence"),
    ),
    Kind(
        "hand_edit_waits", "Hand edit waits", "A hand edit waits for a decision",
        RESELLER, "links.read", _who_may("drift.decide"),
    ),
    Kind("purchase_paid", "Purchase paid", "Packages were bought", PARTNERS, "billing.read", _who_may("packages.quote")),
    Kind("purchase_declined", "Card declined", "The card on file was declined", PARTNERS, "billing.read", _heads),
    Kind("purchase_waits", "Payment waits", "The card's holder must confirm", PARTNERS, "billing.read", _heads),
    Kind("auto_capped", "Daily cap", "The daily cap kept packages from being bought", PARTNERS, "billing.read", _heads),
    Kind("card_expires", "Card expires", "The card on file expires", PARTNERS, "billing.read", _heads),
    Kind("card_gone", "Card gone", "The card on file is no longer there", PARTNERS, "billing.read", _heads),
    Kind("refund_made", "Refund", "Money was given back", PARTNERS, "billing.read", _who_may("packages.quote")),
    Kind("payment_odd", "Odd payment", "A payment needs a look", OPERATOR, "operator.prices.read", _heads),
    Kind("order_waits", "Order waits", "A customer's order waits", PARTNERS, "subscriptions.read", _who_may("orders.decide")),
    Kind("order_decided", "Order decided", "Your order was decided", CUSTOMER, "subscriptions.read", _nobody),
    Kind(
        "change_refused", "Change not done", "A planned change could not be done",
        (*PARTNERS, *CUSTOMER), "subscriptions.read", _who_may("orders.place"),
    ),
    Kind(
        "margin_low", "Below the floor", "A renewal left a margin below your floor",
        PARTNERS, "catalog.read", _who_may("subscriptions.price"),
    ),
    Kind(
        "task_overdue", "Task overdue", "Tasks at vendors are overdue",
        (*PARTNERS, *OPERATOR), "accounts.read", _who_may("tasks.confirm"),
    ),
    Kind(
        "instance_paused", "Instance paused", "An instance of a vendor is paused",
        (*PARTNERS, *OPERATOR), "instances.read", _who_may("instances.test"),
    ),
    Kind(
        "account_half_done", "Half done", "An account at a vendor needs a person",
        (*PARTNERS, *OPERATOR), "accounts.read", _who_may("accounts.decide"),
    ),
    Kind("job_failed", "Job failed", "Work in the background failed", OPERATOR, "operator.organisations.read", _heads),
)  # fmt: skip
KINDS: Mapping[str, Kind] = MappingProxyType({kind.name: kind for kind in _TABLE})


def find(name: str) -> Kind:
    """Raises Refused for one that a person made up; a notice of an unknown kind is never posted (LookupError there)."""
    if name not in KINDS:
        raise Refused(f"There is no kind of notice {name!r}.", code="kind", hint=f"Known: {', '.join(KINDS)}.")
    return KINDS[name]


def for_actor(actor: Actor) -> list[Kind]:
    """The kinds that can reach somebody with the actor's rights, in the order of the table."""
    return [kind for kind in _TABLE if actor.kind in kind.of and permit.allows(actor, kind.reads)]
