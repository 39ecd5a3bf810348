"""What must hold between links, receipts, plans and the ledger of one tenant. Run in its seat."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Count, F, Q, Sum

from purser.kernel import digest
from purser.kernel.problem import Problem
from purser.ledger.entries import UNIT
from purser.ledger.models import Entry, Posting
from purser.links.models import CompanyLink, Drift, Link, Receipt, StoredPlan, SubscriptionLink
from purser.links.models.runs import OPEN_RECEIPTS, DriftState, ReceiptState

# An intention without an outcome is normal for the length of a call, and never for this long.
STUCK = timedelta(hours=1)


def check(*, now: datetime) -> Iterator[Problem]:
    yield from _counts()
    yield from _receipts(now)
    yield from _levels()
    yield from _plans()
    yield from _drift()


def _counts() -> Iterator[Problem]:
    """Our count of a link is what the ledger adds up to: opening + confirmed adjustments + acknowledged hand edits."""
    sums = dict(
        Posting.objects.filter(account__name="psa", unit=UNIT)
        .values_list("account__of")
        .annotate(total=Sum("amount"))
        .values_list("account__of", "total")
    )
    for link in Link.objects.exclude(expected_units=None).order_by("pk"):
        total = sums.get(link.pk, Decimal(0))
        if link.expected_units is not None and total != link.expected_units:
            yield Problem(
                "count",
                f"link {link.pk}",
                f"We expect {digest.units(link.expected_units)} units; the ledger adds up to {digest.units(total)}.",
            )


def _receipts(now: datetime) -> Iterator[Problem]:
    entered = dict(
        Posting.objects.filter(entry__kind="adjustment", account__name="psa").values_list("entry__source", "amount")
    )
    done = Receipt.objects.filter(state=ReceiptState.DONE).order_by("pk")
    seen = set()
    for receipt in done:
        source = f"receipt:{receipt.pk}"
        seen.add(source)
        if entered.get(source, Decimal(0)) != receipt.amount:
            yield Problem(
                "receipt_entry",
                f"receipt {receipt.pk}",
                f"Posted {digest.units(receipt.amount)}, in the ledger {digest.units(entered.get(source, Decimal(0)))}.",
            )
    for source in Entry.objects.filter(kind="adjustment").order_by("source").values_list("source", flat=True):
        if source not in seen:
            yield Problem("entry_receipt", source, "The ledger has an adjustment that no posting explains.")
    for receipt in Receipt.objects.exclude(amount=F("units_after") - F("units_before")).order_by("pk"):
        yield Problem("receipt_amount", f"receipt {receipt.pk}", "The amount is not the difference of its units.")
    open_twice = Receipt.objects.filter(state__in=OPEN_RECEIPTS).values("link").annotate(n=Count("pk")).filter(n__gt=1)
    for row in open_twice.order_by("link"):
        yield Problem("receipt_open", f"link {row['link']}", f"{row['n']} postings are open; a link has at most one.")
    for receipt in Receipt.objects.filter(state=ReceiptState.INTENDED, intended_at__lt=now - STUCK).order_by("pk"):
        yield Problem("receipt_stuck", f"receipt {receipt.pk}", f"Sent at {receipt.intended_at:%F %T}, no outcome since.")
    for receipt in Receipt.objects.filter(state=ReceiptState.DONE, confirmed_at=None).order_by("pk"):
        yield Problem("receipt_confirmed", f"receipt {receipt.pk}", "Done, but nothing says when it was confirmed.")


def _levels() -> Iterator[Problem]:
    """A live lower level stands on a live upper one, and on the same things."""
    live = Link.objects.filter(cleared_at=None)
    wrong = live.filter(
        ~Q(subscription_link__cleared_at=None)
        | ~Q(resource__subscription=F("subscription_link__subscription"))
        | ~Q(service__agreement=F("subscription_link__agreement"))
    )
    for link in wrong.order_by("pk"):
        yield Problem("level", f"link {link.pk}", "The relation does not stand on the subscription's relation.")
    middle = SubscriptionLink.objects.filter(cleared_at=None).filter(
        ~Q(company_link__cleared_at=None)
        | ~Q(subscription__customer=F("company_link__customer"))
        | ~Q(agreement__account=F("company_link__account"))
    )
    for relation in middle.order_by("pk"):
        yield Problem("level", f"subscription link {relation.pk}", "The relation does not stand on the company's relation.")
    twice = CompanyLink.objects.filter(cleared_at=None).values("sync", "customer").annotate(n=Count("pk")).filter(n__gt=1)
    for row in twice.order_by("customer"):
        yield Problem("level", f"customer {row['customer']}", f"{row['n']} live relations; a customer has at most one.")
    for link in live.filter(state="in_step", expected_units=None).order_by("pk"):
        yield Problem("in_step", f"link {link.pk}", "Said to be in step, but the PSA's units were never read.")


def _plans() -> Iterator[Problem]:
    for plan in StoredPlan.objects.order_by("pk").iterator():
        if digest.of([row.get("digested") for row in plan.changes]) != plan.digest:
            yield Problem("plan", f"plan {plan.pk}", "The rows are not the ones its digest was made of.")


def _drift() -> Iterator[Problem]:
    for found in Drift.objects.filter(state=DriftState.HEALED, receipt=None).order_by("pk"):
        yield Problem("drift", f"drift {found.pk}", "Said to be healed, but no posting healed it.")
    for found in Drift.objects.exclude(state=DriftState.OPEN).filter(closed_at=None).order_by("pk"):
        yield Problem("drift", f"drift {found.pk}", "Closed, but nothing says when.")
