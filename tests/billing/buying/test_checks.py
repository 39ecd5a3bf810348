"""`purser verify` finds nothing in sound price lists, quotes and papers, and each planted corruption. Source: P42."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connections

from purser.billing.buying import papers, profile
from purser.billing.models import PurchaseState, Refund, RefundState
from purser.cli import verify
from purser.postgres import tenancy
from tests.billing.buying.kit import NOW, SELLER, Buyer, buyer
from tests.billing.buying.test_papers import bought, refunded

# What is done behind every wall, and what must be found.
CORRUPTIONS = {
    "a quote's total changed": ("UPDATE billing_quote SET total = total + 1 WHERE tenant_id = %(t)s", "quote_total"),
    "a quote's line deleted": ("DELETE FROM billing_quoteline WHERE tenant_id = %(t)s", "quote_total"),
    "a quoted price changed": (
        "WITH one AS (UPDATE billing_quoteline SET price = price + 1 WHERE tenant_id = %(t)s RETURNING quote_id, count) "
        "UPDATE billing_quote q SET total = total + one.count FROM one WHERE q.id = one.quote_id",
        "quote_prices",
    ),
    "a quote of no list": ("UPDATE billing_quote SET price_list = 99 WHERE tenant_id = %(t)s", "quote_prices"),
    "a package's size changed": (
        "UPDATE billing_package SET units = 5000, price = 5000 * unit_price WHERE tenant_id = %(t)s AND code = 'CPP-DSU-1'",
        "price_list",
    ),
    "a list without packages": ("DELETE FROM billing_package WHERE tenant_id = %(t)s", "price_list"),
    "a quote deleted": ("DELETE FROM billing_quote WHERE tenant_id = %(t)s", "number"),
    "a number forged": (
        "UPDATE billing_quote SET number = 'Q-2026-0099' WHERE tenant_id = %(t)s AND number LIKE '%%-0001'",
        "number",
    ),
    "a receipt's file changed": (
        "UPDATE billing_document SET file = '\\x00' WHERE tenant_id = %(t)s AND kind = 'receipt'",
        "document",
    ),
    "a receipt of nothing": (
        "UPDATE billing_document SET of = gen_random_uuid() WHERE tenant_id = %(t)s AND kind = 'receipt'",
        "document_of",
    ),
    "a receipt deleted": ("DELETE FROM billing_document WHERE tenant_id = %(t)s AND kind = 'receipt'", "no_receipt"),
    "a debit note deleted": ("DELETE FROM billing_document WHERE tenant_id = %(t)s AND kind = 'debit'", "no_debit"),
    "a debit note of nothing": (
        "UPDATE billing_document SET of = gen_random_uuid() WHERE tenant_id = %(t)s AND kind = 'debit'",
        "document_of",
    ),
    "a credit note deleted": ("DELETE FROM billing_document WHERE tenant_id = %(t)s AND kind = 'credit'", "no_credit"),
}


@pytest.fixture
def made() -> Buyer:
    found = buyer()
    with tenancy.acting_in(found.operator.pk):
        profile.store(found.desk, SELLER, now=NOW)
    papers.credit(found.partner.pk, refunded(found, bought(found)).pk, now=NOW)
    failed = refunded(found, bought(found), number="F-2")
    papers.credit(found.partner.pk, failed.pk, now=NOW)
    with tenancy.acting_in(found.partner.pk):
        Refund.objects.filter(pk=failed.pk).update(state=RefundState.FAILED)
    papers.debit(found.partner.pk, failed.pk, now=NOW)
    bought(found, PurchaseState.DECLINED)
    return found


def found(made: Buyer) -> set[str]:
    """The codes of what concerns buying: of the purchases planted here without their books others have their say."""
    names = {code for _, code in CORRUPTIONS.values()}
    return {p.code for _, p in verify.problems(now=NOW + timedelta(days=2), only=made.partner.pk) if p.code in names}


def test_it_finds_nothing_where_all_is_well(made: Buyer) -> None:
    assert found(made) == set()


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_it_finds(made: Buyer, name: str) -> None:
    statement, code = CORRUPTIONS[name]
    values: dict[str, Any] = {"t": made.partner.pk}
    with connections["owner"].cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(statement, values)
        assert cursor.rowcount > 0
        cursor.execute("RESET session_replication_role")
    assert code in found(made)


def test_the_walls_refuse_to_change_what_was_issued(made: Buyer) -> None:
    """The same by the application's own role, whose rights they are."""
    for table in ("billing_pricelist", "billing_package", "billing_quote", "billing_quoteline", "billing_document"):
        for statement in (f'UPDATE "{table}" SET id = id', f'DELETE FROM "{table}"'):
            with pytest.raises(Exception, match="permission denied"), tenancy.acting_in(made.partner.pk):
                connections["default"].cursor().execute(statement)
