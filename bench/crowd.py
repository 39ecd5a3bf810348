"""Tenants with books of any size, laid into the tables in sets by the database's owner.

Everything is derived from a row's number: resource `n` belongs to subscription `n / 4` and customer `n / 40`, and so on.
"""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.db import connections, models

from purser.links import models as links
from purser.links.models import Sync

PER_SUBSCRIPTION = 4
PER_CUSTOMER = 40


def lay(sync: Sync, *, rows: int) -> None:
    """`rows` resources of the pair's tenant, all linked, each with a posting that was done."""
    tenant = sync.tenant_id
    mirrored = {"connection_id": text(sync.source_id), "external_id": "n::text", "seen_at": "now()"}
    target = {**mirrored, "connection_id": text(sync.target_id)}
    relation = {"sync_id": text(sync.pk), "made_at": "now() - n * interval '1 minute'"}
    customer, subscription = f"n / {PER_CUSTOMER}", f"n / {PER_SUBSCRIPTION}"
    of_subscription = f"n / {PER_CUSTOMER // PER_SUBSCRIPTION}"

    def id(kind: str, number: str = "n") -> str:
        return f"md5('{tenant}/{kind}/' || ({number}))::uuid"

    def fill(model: type[models.Model], kind: str, rows: int, /, **columns: str) -> None:
        fill_table(model, rows, {"id": id(kind), "tenant_id": text(tenant), **columns})

    customers, subscriptions = rows // PER_CUSTOMER, rows // PER_SUBSCRIPTION
    fill(links.SourceCustomer, "customer", customers, **mirrored, name="'Customer ' || n", status="'active'")
    fill(
        links.SourceSubscription,
        "subscription",
        subscriptions,
        **mirrored,
        customer_id=id("customer", of_subscription),
        name="'Subscription ' || n",
        status="CASE WHEN n % 20 = 0 THEN 'terminated' ELSE 'active' END",
    )
    fill(
        links.SourceResource,
        "resource",
        rows,
        **mirrored,
        customer_id=id("customer", customer),
        subscription_id=id("subscription", subscription),
        resource_id="'R' || n",
        mpn="'MPN' || n % 90",
        name="'Product ' || n % 90",
        count="n % 50",
        unit_price="4.5",
        currency="'USD'",
    )
    fill(links.TargetAccount, "account", customers, **target, name="'Customer ' || n")
    fill(
        links.TargetAgreement,
        "agreement",
        customers,
        **target,
        account_id=id("account"),
        name="'Cloud Services ' || n",
    )
    fill(
        links.TargetService,
        "service",
        rows,
        **target,
        agreement_id=id("agreement", customer),
        service_id="'service:' || n",
        name="'Product ' || n % 90",
        kind="'service'",
        units="n % 50",
        final_units="n % 50",
    )
    fill(links.CompanyLink, "company", customers, **relation, customer_id=id("customer"), account_id=id("account"))
    fill(
        links.SubscriptionLink,
        "upper",
        subscriptions,
        **relation,
        company_link_id=id("company", of_subscription),
        subscription_id=id("subscription"),
        agreement_id=id("agreement", of_subscription),
    )
    fill(
        links.Link,
        "link",
        rows,
        **relation,
        subscription_link_id=id("upper", subscription),
        resource_id=id("resource"),
        service_id=id("service"),
        state="'in_step'",
        expected_units="n % 50",
    )
    fill(
        links.Receipt,
        "receipt",
        rows,
        link_id=id("link"),
        state="'done'",
        effective_on="current_date",
        units_before="1",
        units_after="3",
        amount="2",
        company=f"'Customer ' || {customer}",
        subscription=f"'Subscription ' || {subscription}",
        resource="'Product ' || n % 90",
        customer=f"'Customer ' || {customer}",
        agreement=f"'Cloud Services ' || {customer}",
        product="'Product ' || n % 90",
        intended_at="now() - n * interval '1 minute'",
    )


def analyze() -> None:
    """What autovacuum does in its own time."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def fill_table(model: type[models.Model], count: int, columns: dict[str, str]) -> None:
    """Insert `count` rows, `n` counting from 0; columns that are not given take the model's default."""
    given = dict(columns)
    for field in model._meta.concrete_fields:
        if field.column not in given and not field.null:
            given[str(field.column)] = _default(field)
    names = ", ".join(f'"{name}"' for name in given)
    with connections["owner"].cursor() as cursor:
        # without triggers: the history of these rows is not what is measured
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(
            f"INSERT INTO {model._meta.db_table} ({names}) "
            f"SELECT {', '.join(given.values())} FROM generate_series(0, {count - 1}) n"
        )
        cursor.execute("SET session_replication_role = DEFAULT")


def _default(field: models.Field[Any, Any]) -> str:
    value = field.get_default()
    return text(json.dumps(value) if isinstance(value, dict | list) else value)


def text(value: UUID | object) -> str:
    return "'" + str(value).replace("'", "''") + "'"
