"""What verify says of payment: nothing of what the engine leaves, and a word on each corruption. Source: P1, P42.

Corruptions are made past every wall, as whoever owns the database could.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from django.db import connections

from purser.billing.models import Purchase, PurchaseState, Refund, RefundState
from purser.billing.paying import checks, states
from purser.kernel.errors import Refused
from purser.postgres import ids, tenancy
from tests.billing.paying import kit
from tests.billing.paying.kit import Shop


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    """A purchase of each kind: paid, paid and partly given back, a refund that failed, declined."""
    with kit.shop() as made:
        made.card()
        made.bought()
        row = made.bought({"CPP-DSU-2": 1})
        for units in (300, 200):
            made.carry_refund(made.refund(row, units))
        failed = made.refund(row, 100)
        made.carry_refund(failed)
        made.tell("fail_refund", refund=made.again(failed).provider_id)
        made.carry_refund(failed)
        made.card(kit.LATER_DECLINED)
        made.pay(made.place())
        yield made


def found(shop: Shop) -> set[str]:
    with tenancy.acting_in(shop.tenant):
        return {one.code for one in checks.check(now=shop.at)}


PAID = "(SELECT id FROM billing_purchase WHERE tenant_id = %(t)s AND number = 'P-2026-0001')"
GIVEN = "(SELECT id FROM billing_refund WHERE tenant_id = %(t)s AND number = 'F-2026-0001')"
CORRUPTIONS = [
    ("payment_entry", f"UPDATE ledger_entry SET source = 'purchase:x' WHERE source = 'purchase:' || {PAID}"),
    ("payment_entry", f"UPDATE ledger_entry SET source = 'paid:x' WHERE source = 'paid:' || {PAID}"),
    ("payment_entry", f"UPDATE ledger_posting SET amount = amount * 2 WHERE entry_id = (SELECT id FROM ledger_entry"
                      f" WHERE source = 'purchase:' || {PAID})"),
    ("payment_entry", f"UPDATE billing_purchase SET state = 'cancelled' WHERE id = {PAID}"),
    ("payment_entry", "UPDATE billing_purchase SET state = 'paid', payment = 'pi_x', paid_at = now()"
                      " WHERE tenant_id = %(t)s AND state = 'declined'"),
    ("payment_entry", f"UPDATE billing_refund SET state = 'failed' WHERE id = {GIVEN}"),
    ("payment_entry", f"UPDATE billing_refund SET state = 'pending' WHERE id = {GIVEN}"),
    ("payment_entry", f"DELETE FROM billing_refund WHERE id = {GIVEN}"),
    ("purchase_quote", f"UPDATE billing_purchase SET total = 1 WHERE id = {PAID}"),
    ("quote_total", "UPDATE billing_quoteline SET count = 9 WHERE tenant_id = %(t)s"),
    ("refund_over", f"UPDATE billing_refund SET money = 9000 WHERE id = {GIVEN}"),
    ("attempts", "DELETE FROM billing_attempt WHERE tenant_id = %(t)s"),
    ("attempt_paid", f"UPDATE billing_attempt SET payment = 'pi_other' WHERE purchase_id = {PAID}"),
    ("attempt_open", f"UPDATE billing_attempt SET settled_at = NULL WHERE purchase_id = {PAID}"),
    ("payment_twice", "UPDATE billing_purchase SET payment = 'pi_one' WHERE tenant_id = %(t)s"),
    ("payment_open", "UPDATE billing_purchase SET state = 'unsure', made_at = made_at - interval '9 days'"
                     " WHERE tenant_id = %(t)s AND state = 'declined'"),
    ("refund_open", f"UPDATE billing_refund SET state = 'unsure', made_at = made_at - interval '9 days' WHERE id = {GIVEN}"),
    ("refund_unpaid", "UPDATE billing_purchase SET state = 'cancelled' WHERE tenant_id = %(t)s AND number = 'P-2026-0002'"),
]  # fmt: skip


def test_it_says_nothing_of_what_the_engine_left(shop: Shop) -> None:
    assert found(shop) == set()


@pytest.mark.parametrize(("code", "sql"), CORRUPTIONS)
def test_it_names_each_corruption(shop: Shop, code: str, sql: str) -> None:
    """Put right again afterwards: the owner's rows of this partner are kept and laid back."""
    tables = ("billing_purchase", "billing_refund", "billing_attempt", "billing_quoteline", "ledger_entry", "ledger_posting")
    with connections["owner"].cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        try:
            for table in tables:
                cursor.execute(f"CREATE TEMP TABLE kept_{table} AS SELECT * FROM {table} WHERE tenant_id = %s", [shop.tenant])
            cursor.execute(sql, {"t": shop.tenant})
            assert cursor.rowcount > 0
            assert code in found(shop)
        finally:
            for table in tables:
                cursor.execute(f"DELETE FROM {table} WHERE tenant_id = %s", [shop.tenant])
                cursor.execute(f"INSERT INTO {table} SELECT * FROM kept_{table}")
                cursor.execute(f"DROP TABLE kept_{table}")
            cursor.execute("SET session_replication_role = DEFAULT")
    assert found(shop) == set()


# The tables of states


def test_every_pair_of_states_goes_or_is_refused_as_the_table_says(shop: Shop) -> None:
    (row, *_), (made, *_) = shop.every(Purchase), shop.every(Refund)
    pairs = [(row, a, b) for a, b in itertools.product(PurchaseState, repeat=2)]
    pairs += [(made, a, b) for a, b in itertools.product(RefundState, repeat=2)]
    for one, before, after in pairs:
        table = states.PURCHASE if isinstance(one, Purchase) else states.REFUND
        kept = type(one)(**{field.attname: getattr(one, field.attname) for field in one._meta.concrete_fields})
        kept.state, kept.save = before.value, lambda **_: None
        if after in table[before]:
            states.step(kept, after)
            assert kept.state == after.value
        else:
            with pytest.raises(Refused) as e:
                states.step(kept, after)
            assert (e.value.code, kept.state) == ("state", before.value)


def test_what_is_paid_given_up_or_failed_stays_so() -> None:
    assert states.PURCHASE[PurchaseState.PAID] == states.PURCHASE[PurchaseState.CANCELLED] == frozenset()
    assert states.REFUND[RefundState.FAILED] == frozenset()
    assert set(states.PURCHASE) == set(PurchaseState)
    assert set(states.SIGNS) == set(PurchaseState.values)
    assert set(states.REFUND_SIGNS) == set(RefundState.values)


def test_the_database_knows_the_states_and_one_open_purchase(shop: Shop) -> None:
    declined = shop.every(Purchase, state="declined")[0]
    declined.pk, declined.key, declined.number = ids.new(), ids.new(), "P-x"
    with tenancy.acting_in(shop.tenant), pytest.raises(Exception, match="purchase_one_open"):
        declined.save(force_insert=True)
    with tenancy.acting_in(shop.tenant), pytest.raises(Exception, match="purchase_state_known"):
        Purchase.objects.update(state="magic")
