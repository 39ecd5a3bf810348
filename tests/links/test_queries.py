"""The numbers behind the screens, over rows of any shape. Source: acceptance ID-45 to ID-53, ID-59; ux 26, 43."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from purser.kernel.money import Money
from purser.links.models import (
    CompanyLink,
    Connection,
    Link,
    SourceCustomer,
    SourceResource,
    SourceSubscription,
    SubscriptionLink,
    Sync,
    TargetAccount,
    TargetAgreement,
    TargetService,
)
from purser.links.queries import checklist, home, plans, reports
from purser.postgres import tenancy
from tests import make

NOW = datetime(2026, 7, 11, 12, 0, tzinfo=UTC)
GONE = [None, NOW]

resources = st.fixed_dictionaries(
    {
        "count": st.integers(0, 50),
        "gone": st.sampled_from(GONE),
        "subscription_gone": st.sampled_from(GONE),
        "customer_gone": st.sampled_from(GONE),
        "status": st.sampled_from(["active", "hold", "pending", "terminated", "removed"]),
        # in which pairs it is linked, and whether that relation was cleared since
        "autotask": st.sampled_from(["", "open", "cleared"]),
        "connectwise": st.sampled_from(["", "open", "cleared"]),
        "price": st.none() | st.decimals(0, 90, places=2),
        "currency": st.sampled_from(["USD", "EUR"]),
        "billed": st.sampled_from(["", "month", "3 months", "year"]),
    }
)


class Shelf:
    """An organisation with a marketplace and both PSAs, and rows put there directly."""

    def __init__(self) -> None:
        self.tenant: UUID = make.reseller().pk
        with tenancy.acting_in(self.tenant):
            made = {
                kind: Connection.objects.create(kind=kind, name=kind, created_at=NOW, read_at=NOW, whole=True)
                for kind in ("marketplace", "autotask", "connectwise")
            }
            self.shop = made.pop("marketplace")
            self.pairs = {
                kind: Sync.objects.create(source=self.shop, target=psa, created_at=NOW) for kind, psa in made.items()
            }

    def put(self, number: int, row: dict[str, object]) -> SourceResource:
        near = {"connection": self.shop, "seen_at": NOW}
        customer = SourceCustomer.objects.create(
            **near, external_id=f"C{number}", name=f"Customer {number}", status="active", gone_at=row["customer_gone"]
        )
        subscription = SourceSubscription.objects.create(
            **near,
            external_id=f"S{number}",
            customer=customer,
            name="Mail",
            status=row["status"],
            gone_at=row["subscription_gone"],
            billing_period=row["billed"],
        )
        resource: SourceResource = SourceResource.objects.create(
            **near,
            external_id=f"S{number}/M",
            customer=customer,
            subscription=subscription,
            resource_id="M",
            mpn="M",
            name="Mailbox",
            count=row["count"],
            unit_price=row["price"],
            currency=row["currency"],
            gone_at=row["gone"],
        )
        for kind, pair in self.pairs.items():
            if row[kind]:
                self.link(number, pair, resource, cleared=row[kind] == "cleared")
        return resource

    def link(self, number: int, pair: Sync, resource: SourceResource, *, cleared: bool) -> Link:
        far = {"connection_id": pair.target_id, "seen_at": NOW}
        account = TargetAccount.objects.create(**far, external_id=f"A{number}", name=f"Account {number}")
        agreement = TargetAgreement.objects.create(**far, external_id=f"G{number}", account=account, name="Cloud")
        service = TargetService.objects.create(
            **far,
            external_id=f"G{number}/M",
            agreement=agreement,
            service_id="M",
            name="Mailbox",
            kind="service",
            units=0,
            final_units=0,
        )
        terms = {"sync": pair, "made_at": NOW, "cleared_at": NOW if cleared else None}
        company = CompanyLink.objects.create(**terms, customer=resource.customer, account=account)
        middle = SubscriptionLink.objects.create(
            **terms, company_link=company, subscription=resource.subscription, agreement=agreement
        )
        made: Link = Link.objects.create(**terms, subscription_link=middle, resource=resource, service=service)
        return made


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(resources, max_size=6))
def test_linked_and_unlinked_part_the_subscription_report(rows: list[dict[str, object]]) -> None:
    shelf = Shelf()
    with tenancy.acting_in(shelf.tenant):
        for number, row in enumerate(rows):
            shelf.put(number, row)
        for context in ("", "autotask", "connectwise"):
            every = {r.pk for r in reports.subscriptions(context)}
            linked = {k.resource_id for k in reports.linked(context)}
            unlinked = {r.pk for r in reports.unlinked(context)}
            assert linked | unlinked == every
            assert not linked & unlinked
        # whatever the marketplace has now is on the report of either PSA
        live = {r.pk for r in SourceResource.objects.filter(reports.live())}
        assert live <= {r.pk for r in reports.subscriptions("autotask")}


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(resources, max_size=6))
def test_the_value_at_stake_is_that_of_the_unlinked_report(rows: list[dict[str, object]]) -> None:
    shelf = Shelf()
    with tenancy.acting_in(shelf.tenant):
        for number, row in enumerate(rows):
            shelf.put(number, row)
        worth: dict[str, Decimal] = {}
        shown = reports.unlinked().annotate(shown=reports.count())
        for resource in shown:
            value = resource.shown * (resource.unit_price or 0) / home.months(resource.subscription.billing_period)
            worth[resource.currency] = worth.get(resource.currency, Decimal(0)) + value
        found, count = home.at_stake()
        assert count == len(shown)
        assert list(found) == [Money(v, code).rounded() for code, v in sorted(worth.items()) if v]


def test_what_has_ended_counts_for_nothing() -> None:
    shelf = Shelf()
    plain = {
        "count": 8,
        "gone": None,
        "subscription_gone": None,
        "customer_gone": None,
        "status": "active",
        "autotask": "",
        "connectwise": "",
        "price": Decimal("2.50"),
        "currency": "USD",
        "billed": "month",
    }
    with tenancy.acting_in(shelf.tenant):
        for number, change in enumerate(
            [{}, {"status": "terminated"}, {"gone": NOW, "autotask": "open"}, {"count": Decimal("0.125")}]
        ):
            shelf.put(number, {**plain, **change})
        shown = reports.subscriptions().annotate(shown=reports.count()).order_by("external_id")
        assert [str(r.shown) for r in shown] == ["8", "0", "0", "0.125"]
        assert home.at_stake()[0] == (Money(Decimal("20.31"), "USD"),)  # 8.125 at 2.50, half up
        counts = checklist.counts(shelf.pairs["autotask"], today=date(2026, 7, 11), now=NOW)
        # of the unlinked, the terminated one needs nobody's attention
        assert (counts["unlinked"], counts["unmapped"]) == (2, 2)


def test_what_another_psa_bills_is_not_missing_from_the_invoices_of_this_one() -> None:
    row = {
        "count": 8,
        "gone": None,
        "subscription_gone": None,
        "customer_gone": None,
        "status": "active",
        "price": Decimal("2.50"),
        "currency": "USD",
        "billed": "month",
    }
    shelf = Shelf()
    with tenancy.acting_in(shelf.tenant):
        shelf.put(0, {**row, "autotask": "", "connectwise": "open"})
        shelf.put(1, {**row, "autotask": "", "connectwise": "cleared"})
        for pair in shelf.pairs.values():
            counts = checklist.counts(pair, today=date(2026, 7, 11), now=NOW)
            assert (counts["unlinked"], counts["unmapped"]) == (1, 1)


@pytest.mark.parametrize(
    ("billed", "months"), [("", 1), ("month", 1), ("3 months", 3), ("year", 12), ("2 years", 24), ("day", 1)]
)
def test_it_reads_a_marketplaces_billing_period(billed: str, months: int) -> None:
    assert home.months(billed) == months


def test_it_never_adds_up_two_currencies() -> None:
    def row(currency: str, amount: str, per_period: str | None, prorated: str | None) -> dict[str, str | None]:
        return {"currency": currency, "amount": amount, "per_period": per_period, "prorated": prorated}

    totals = plans.totals(
        [
            row("USD", "7", "28.00", "18.97"),
            row("EUR", "-2", "-8.00", None),
            row("USD", "-1", "-4.00", "-2.71"),
            row("", "3", None, None),
        ]
    )
    assert [(t.currency, t.rows, t.up, t.down, t.unpriced) for t in totals] == [
        ("", 1, 3, 0, 1),
        ("EUR", 1, 0, -2, 0),
        ("USD", 2, 7, -1, 0),
    ]
    assert [t.per_period for t in totals] == [None, Money(Decimal("-8.00"), "EUR"), Money(Decimal("24.00"), "USD")]
    assert [t.prorated for t in totals] == [None, None, Money(Decimal("16.26"), "USD")]


@pytest.mark.parametrize(
    ("accepted", "count", "settled"), [(None, 0, True), (None, 1, False), (2, 2, True), (2, 1, True), (2, 3, False)]
)
def test_an_acceptance_covers_what_was_accepted_and_no_more(accepted: int | None, count: int, settled: bool) -> None:
    from purser.links.models import Acceptance

    held = None if accepted is None else Acceptance(count=accepted)
    item = checklist.Item("unlinked", "", "", "", "", count, held)
    assert item.settled is settled


def test_every_item_of_the_check_list_is_counted_and_stands_in_one_step() -> None:
    shelf = Shelf()
    with tenancy.acting_in(shelf.tenant):
        counts = checklist.counts(shelf.pairs["autotask"], today=date(2026, 7, 11), now=NOW)
        placed = [name for _, names in checklist.STEPS for name in names]
        assert sorted(placed) == sorted(checklist.ITEMS) == sorted(counts)
        assert checklist.of(shelf.pairs["autotask"], today=date(2026, 7, 11), now=NOW).ready
