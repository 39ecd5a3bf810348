"""How long the list of 100,000 subscriptions takes, filtered and sorted, for the reseller, its distributor and the operator.

Seeded in sets by the database's owner: a reseller with 1,000 customers, and others beside it under the same distributor.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from django.test import Client
from django.urls import reverse

from bench import crowd
from bench.figures import Figure, percentile, seconds
from purser.access import verbs
from purser.subscriptions.models import Subscription
from purser.tenants.models import Kind, Organisation
from tests.access import kit

ROWS = 100_000
PER_CUSTOMER = 100
OTHERS, THEIRS = 4, 10_000  # resellers beside it, with so many each
# The list as it opens, further on, sorted by what an index walks and by what none does, and filtered.
ASKED = (
    "",
    "?page=20&size=50",
    "?sort=renewal",
    "?sort=-renewal,name&state.is=active",
    "?sort=name",
    "?sort=-price,customer",
    "?sort=-quantity&price.min=9&price.max=12",
    "?state.in=suspended&state.in=cancelled",
    "?customer.is=Customer 7&sort=name",
    "?name.is=Offer 7&sort=-ordered_at",
    "?renewal.min=2027-03-01&renewal.max=2027-03-31&sort=customer",
)
ROUNDS = 6


def figures() -> Iterator[Figure]:
    operator = kit.operator()
    distributor = kit.distributor(under=operator)
    reseller = kit.reseller("Harbour IT", under=distributor)
    lay(reseller, ROWS)
    for number in range(OTHERS):
        lay(kit.reseller(f"Neighbour {number}", under=distributor), THEIRS)
    crowd.analyze()
    times = [
        one
        for organisation, role in ((reseller, verbs.READER), (distributor, verbs.READER), (operator, verbs.OWNER))
        for one in _times(kit.sign_in(kit.member(organisation, role=role)), organisation)
    ]
    yield Figure("subscriptions_p95_ms", percentile(times, 0.95) * 1000, 200)


def lay(reseller: Organisation, rows: int) -> None:
    """Customers of a reseller and their subscriptions; `n` belongs to customer `n / 100`."""

    def id(kind: str, number: str = "n") -> str:
        return f"md5('{reseller.pk}/{kind}/' || ({number}))::uuid"

    chain = {"distributor_id": crowd.text(reseller.parent_id), "tenant_id": id("customer", f"n / {PER_CUSTOMER}")}
    crowd.fill_table(
        Organisation,
        rows // PER_CUSTOMER,
        {
            "id": id("customer"),
            "kind": "'customer'",
            "name": "'Customer ' || n",
            "parent_id": crowd.text(reseller.pk),
            "distributor_id": crowd.text(reseller.parent_id),
            "number": f"substr(abs(hashtextextended('{reseller.pk}' || n, 0))::text, 1, 12)",
            "created_at": "now()",
            "zone": "'UTC'",
        },
    )
    crowd.fill_table(
        Subscription,
        rows,
        {
            **chain,
            "id": id("subscription"),
            "partner_id": crowd.text(reseller.pk),
            "customer_name": f"'Customer ' || n / {PER_CUSTOMER}",
            "number": "'S-' || n",
            "provider": crowd.text(reseller.parent_id),
            "instance": crowd.text(reseller.parent_id),
            "offer": id("offer", "n % 60"),
            "offer_code": "'OFFER-' || n % 60",
            "offer_name": "'Offer ' || n % 60",
            "product": id("product", "n % 20"),
            "product_name": "'Product ' || n % 20",
            "vendor_name": "'Vendor ' || n % 3",
            "cycle": "'monthly'",
            "term_months": "12",
            "unit": "'licence'",
            "state": "(ARRAY['active','active','active','active','active','suspended','cancelled','ended'])[1 + n % 8]",
            "quantity": "1 + n % 90",
            "price": "1 + (n % 2000) / 100.0",
            "currency": "'EUR'",
            "ordered_at": "now() - n * interval '1 minute'",
            "started_on": "date '2026-01-01' + n % 300",
            "term_ends_on": "date '2027-01-01' + n % 300",
            "ends_on": "date '2027-01-01' + n % 300",
            "due_on": "date '2027-01-01' + n % 300",
        },
    )


def _times(client: Client, organisation: Organisation) -> list[float]:
    addresses = [reverse("held_list", kwargs={"tenant": organisation.pk}) + query for query in ASKED]
    through = organisation.kind != Kind.RESELLER  # its sellers' prices are not its own to read, so none is between two
    get = partial(_get, client, through=through)
    for address in addresses:  # templates are read once in a process
        get(address)
    return [seconds(partial(get, address)) for address in addresses * ROUNDS]


def _get(client: Client, address: str, *, through: bool) -> None:
    answer = client.get(address)
    empty = through and "price.min" in address
    if answer.status_code != 200 or (b"<td" not in answer.content) is not empty:
        raise RuntimeError(f"{address} answered {answer.status_code} without rows")
