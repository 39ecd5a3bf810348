"""The check list before invoicing: four steps whose counts must be nought, or accepted with a reason for the month.

An acceptance holds for the count that was accepted: when more turns up, the item is open again.
Source: acceptance ID-44, ID-59.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType

from django.db.models import Exists, OuterRef, Q

from purser.links.models import Acceptance, CompanyLink, Link, SourceCustomer, StoredPlan, Sync
from purser.links.models.relations import LinkState
from purser.links.models.runs import PlanState
from purser.links.queries import drift, home, logs, reports

# item: its words, what to do, the URL name of the page where, and the query that shows just these
ITEMS: Mapping[str, tuple[str, str, str, str]] = MappingProxyType(
    {
        "unlinked": (
            "Resources that are bought and not linked",
            "Link them, or they are not invoiced.",
            "unlinked",
            "count.not=0",
        ),
        "unmapped": (
            "Customers with no account in the PSA",
            "Create the company in the PSA and map it.",
            "mapping",
            "",
        ),
        "missing": (
            "Relations whose agreement or service is gone in the PSA",
            "Renew the agreement, or move the relation to its successor.",
            "linked",
            "",
        ),
        "pending": (
            "New relations that were not reconciled yet",
            "Refresh: the next pass reconciles them once.",
            "linked",
            "state.is=pending",
        ),
        "plans": ("Plans that wait for a person", "Read and decide them.", "plans", "state.is=waiting"),
        "drift": ("Hand edits in the PSA that nobody decided", "Say which side is right.", "drift", "waits.is=yes"),
        "stale": (
            "Sides whose last reading is old or not whole",
            "Refresh, and mend the connection if it stays.",
            "schedule",
            "",
        ),
        "failures": ("Postings that failed", "See the failure log for the cause.", "failure_log", ""),
        "behind": (
            "Relations that are not in step",
            "Refresh: the next pass posts the difference.",
            "linked",
            "state.in=behind&state.in=failed&state.in=unsure&state.in=waiting",
        ),
    }
)
# What another PSA of the organisation bills is not missing from its invoices: these are counted over all pairs.
EVERYWHERE = frozenset({"unlinked", "unmapped"})
STEPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Review unmatched", ("unlinked",)),
    ("Add customer or subscription to the PSA", ("unmapped", "missing")),
    ("Link, and decide what waits", ("pending", "plans", "drift")),
    ("Refresh, and confirm in Linked and both logs", ("stale", "failures", "behind")),
)


@dataclass(frozen=True)
class Item:
    """`acceptance` is this month's, also where it no longer covers the count."""

    name: str
    words: str
    todo: str
    page: str
    query: str
    count: int
    acceptance: Acceptance | None

    def asked(self, context: str) -> str:
        """What to ask of the list `page` to see what is counted for this PSA, as it stands in an address."""
        everywhere = self.name in EVERYWHERE and self.page != "mapping"  # mapping is always of one pair
        return "&".join(filter(None, (self.query, "" if everywhere else f"context={context}")))

    @property
    def accepted(self) -> bool:
        return self.count > 0 and self.acceptance is not None and self.count <= self.acceptance.count

    @property
    def settled(self) -> bool:
        return self.count == 0 or self.accepted


@dataclass(frozen=True)
class Step:
    number: int
    title: str
    items: tuple[Item, ...]

    @property
    def settled(self) -> bool:
        return all(item.settled for item in self.items)


@dataclass(frozen=True)
class CheckList:
    pair: Sync
    month: date
    steps: tuple[Step, ...]

    @property
    def items(self) -> tuple[Item, ...]:
        return tuple(item for step in self.steps for item in step.items)

    @property
    def missing(self) -> tuple[Item, ...]:
        return tuple(item for item in self.items if not item.settled)

    @property
    def ready(self) -> bool:
        return not self.missing


def of(pair: Sync, *, today: date, now: datetime) -> CheckList:
    """The list of the month that holds `today`."""
    month = today.replace(day=1)
    accepted = {a.item: a for a in Acceptance.objects.filter(sync=pair, month=month).select_related("accepted_by")}
    found = counts(pair, today=today, now=now)
    return CheckList(
        pair,
        month,
        tuple(
            Step(
                number,
                title,
                tuple(Item(name, *ITEMS[name], found[name], accepted.get(name)) for name in names),
            )
            for number, (title, names) in enumerate(STEPS, start=1)
        ),
    )


def counts(pair: Sync, *, today: date, now: datetime) -> dict[str, int]:
    """How many there are of each item of ITEMS."""
    context = pair.target.kind
    links = Link.objects.filter(sync=pair, cleared_at=None)
    gone = (
        Q(service__gone_at__isnull=False)
        | Q(service__agreement__gone_at__isnull=False)
        | Q(service__agreement__active=False)
        | Q(service__agreement__ends_on__lt=today)
    )
    mapped = CompanyLink.objects.filter(customer=OuterRef("pk"), cleared_at=None)
    bought = reports.unlinked().exclude(subscription__status__in=reports.ENDED).exclude(count=0)
    return {
        "unlinked": bought.count(),
        "unmapped": SourceCustomer.objects.filter(
            ~Exists(mapped), Exists(bought.filter(customer=OuterRef("pk"))), gone_at=None
        ).count(),
        "missing": links.exclude(state=LinkState.ENDED).filter(gone).count(),
        "pending": links.filter(state=LinkState.PENDING).count(),
        "plans": StoredPlan.objects.filter(sync=pair, state=PlanState.WAITING).count(),
        "drift": drift.undecided(context).count(),
        "stale": sum(1 for side in home.health(pair, now=now) if not side.trusted),
        "failures": logs.open_failures(context),
        "behind": links.filter(state__in=(LinkState.BEHIND, LinkState.FAILED, LinkState.UNSURE, LinkState.WAITING)).count(),
    }
