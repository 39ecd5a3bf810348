"""An organisation with a row in every tenant table, each text cell of which tells whose it is.

`plant("CANARY-B")` writes `CANARY-B-<table>-<column>` wherever a text fits. A canary seen by another organisation names the
cell that leaked. A table that this file cannot fill fails loudly: nothing is left out in silence.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connections, models

from purser.access import invitations, once, vault, verbs
from purser.access.models import Person
from purser.links.models import Connection
from purser.postgres import ids, tenancy, walls
from purser.tenants.models import Organisation
from tests.access import kit
from tests.tenancy.cells import MEANT

LEAST = 16  # letters below which a column cannot tell whose it is

# Filled by the code that owns them, not row by row.
ELSEWHERE = {
    "tenants_organisation",
    "access_membership",
    "access_invitation",
    "access_onetimelink",
    "access_history",
    "access_sealed",
    "access_tenantkey",
    "ledger_account",
    "ledger_entry",
    "ledger_posting",
    "links_connection",
}


@dataclass
class Planted:
    """`ids` by table; `tokens` are an invitation's and a licence link's, as the mails would bear them."""

    mark: str
    organisation: Organisation
    person: Person
    ids: dict[str, list[UUID]] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)

    @property
    def tenant(self) -> UUID:
        return self.organisation.pk

    def one(self, table: str) -> UUID:
        return self.ids[table][0]

    def every_id(self) -> list[str]:
        return [str(id) for found in self.ids.values() for id in found]


def plant(mark: str, organisation: Organisation | None = None) -> Planted:
    """Fill an organisation, or found one under an operator of its own and fill it."""
    organisation = organisation or kit.reseller(f"{mark}-tenants_organisation-name")
    person = kit.member(organisation, verbs.HEAD[organisation.kind], email=f"{mark.lower()}.{ids.new().hex}@example.com")
    made = Planted(mark, organisation, person)
    with tenancy.acting_in(made.tenant):
        _people(made)
        _connections(made)
        _ledger(made)
        for model, _ in walls.guarded():
            if model._meta.db_table not in ELSEWHERE:
                _row(made, model)
        _row(made, _model("links_receipt"), state="done")
    for model, declared in walls.guarded():
        table = model._meta.db_table
        made.ids[table] = list(_ids(table, declared.tenant_column, made.tenant))
        assert made.ids[table], f"{table} has no row: teach tests/tenancy/planting.py to plant one."
    return made


def another(made: Planted, table: str, **given: Any) -> Any:
    """One more row of a table, with these values."""
    with tenancy.acting_in(made.tenant):
        return _row(made, _model(table), **given)


def _people(made: Planted) -> None:
    actor, now = kit.actor(made.organisation, made.person), kit.now()
    email = f"{made.mark.lower()}-access_invitation-email@example.com"
    made.tokens["join"] = invitations.invite(actor, email=email, role="reader", kind=made.organisation.kind, now=now).token
    made.tokens["activate"] = once.issue("licence", {"note": made.mark}, made_by=actor, now=now).token


def _connections(made: Planted) -> None:
    for kind in ("marketplace", "autotask"):
        row = Connection.objects.create(
            kind=kind,
            name=f"{made.mark}-links_connection-name",
            settings={"user": f"{made.mark}-links_connection-settings", "gateway_user": f"{made.mark}-user"},
            tested_text=f"{made.mark}-links_connection-tested_text",
            cut=f"{made.mark}-links_connection-cut",
            created_at=kit.now(),
        )
        made.ids.setdefault("links_connection", []).append(row.pk)
        for secret in ("password", "gateway_password"):
            vault.keep("links_connection", row.pk, secret, f"{made.mark}-access_sealed-value", kit.now())


def _ledger(made: Planted) -> None:
    accounts = [_row(made, _model("ledger_account"), name=f"{made.mark}-account-{n}", unit="unit") for n in (1, 2)]
    entry = _row(made, _model("ledger_entry"), kind="opening", lines=2, at_once=False)
    for account, amount in zip(accounts, (3, -3), strict=True):
        _row(made, _model("ledger_posting"), account_id=account.pk, entry_id=entry.pk, unit="unit", amount=amount)


def _row(made: Planted, model: type[models.Model], **given: Any) -> Any:
    table = model._meta.db_table
    values: dict[str, Any] = {}
    for column in model._meta.concrete_fields:
        if column.name not in ("id", "tenant") and column.attname not in given and column.name not in given:
            values[column.attname] = _value(made, table, column)
    row = model._default_manager.create(**values, **given)
    made.ids.setdefault(table, []).append(row.pk)
    return row


def _value(made: Planted, table: str, column: Any) -> Any:
    place = f"{table}.{column.name}"
    if place in MEANT or column.name in MEANT:
        return MEANT.get(place, MEANT.get(column.name))
    if place == "links_storedplan.changes":
        return [_change(made)]
    if place == "links_storedplan.doubts":
        return [{"code": "limit", "text": f"{made.mark}-links_storedplan-doubts"}]
    if place == "links_storedplan.asides":
        return []
    if place == "billing_close.tenants":
        return [made.tenant]
    if isinstance(column, models.ForeignKey):
        return _reference(made, table, column)
    if column.choices:
        return column.choices[0][0]
    return _plain(made, table, column)


def _reference(made: Planted, table: str, column: Any) -> UUID | None:
    target = column.related_model._meta.db_table
    if target == "tenants_organisation":  # whom the row is about; itself will do
        return made.tenant
    if target == "access_person":
        return made.person.pk
    if target == "links_connection":  # the marketplace is first, the PSA second
        return made.ids[target][1 if "target" in (table + column.name) else 0]
    return made.ids.get(target, [None])[0]


def _plain(made: Planted, table: str, column: Any) -> Any:
    text = f"{made.mark}-{table}-{column.name}"
    kind = column.get_internal_type()
    if kind == "SlugField":
        return text.lower().replace("_", "-")[: column.max_length]
    if kind in ("CharField", "TextField", "EmailField"):
        return text[: column.max_length] if (column.max_length or 1000) >= LEAST else "x"[: column.max_length]
    known = {
        "JSONField": {"note": text},
        "DecimalField": Decimal(3),
        "IntegerField": 3,
        "BigIntegerField": 3,
        "BinaryField": text.encode(),
        "BooleanField": True,
        "UUIDField": made.tenant,
        "DateField": date(2026, 7, 1),
        "DateTimeField": None if column.null else kit.now() + timedelta(days="expires" in column.name),
    }
    if kind == "DateField" and column.null:
        return None
    return known[kind]


def _change(made: Planted) -> dict[str, Any]:
    named = ("company", "subscription", "resource", "customer", "agreement", "product", "note", "digested")
    return {name: f"{made.mark}-links_storedplan-{name}" for name in named} | {
        "key": str(ids.new()),
        "link": str(made.ids["links_link"][0]),
        "effective_on": "2026-07-01",
        "before": "0",
        "after": "3",
        "amount": "3",
        "healing": False,
        "currency": "USD",
        "per_period": "9.00",
        "prorated": "4.50",
        "price": "3",
    }


def _model(table: str) -> type[models.Model]:
    return next(model for model, _ in walls.guarded() if model._meta.db_table == table)


def _ids(table: str, column: str, tenant: UUID) -> Iterator[UUID]:
    with connections["owner"].cursor() as cursor:
        cursor.execute(f'SELECT id FROM "{table}" WHERE {column} = %s ORDER BY id', [tenant])
        yield from (row[0] for row in cursor.fetchall())


def fingerprint(tenant: UUID) -> dict[str, str]:
    """A digest of all rows of a tenant, by table, read by the owner."""
    parts = [
        f"SELECT '{model._meta.db_table}', md5(coalesce(string_agg(t::text, '|' ORDER BY t.id), '')) "
        f'FROM "{model._meta.db_table}" t WHERE {declared.tenant_column} = %(tenant)s'
        for model, declared in walls.guarded()
    ]
    with connections["owner"].cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts), {"tenant": tenant})
        return dict(cursor.fetchall())
