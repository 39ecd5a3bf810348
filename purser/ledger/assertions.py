"""Balances asserted on a date: true when said, and closed up to then, so that they stay true. Source: reliability P4."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db import connection
from django.db.models import Max

from purser.kernel import digest
from purser.kernel.errors import Refused
from purser.ledger import chart, writing
from purser.ledger.balances import balance
from purser.ledger.models import Assertion, Entry
from purser.ledger.seal import Draft
from purser.postgres import tenancy


def state(
    *, account: str, of: UUID | None, unit: str, on: date, amount: Decimal, now: datetime, text: str = "",
) -> Assertion:  # fmt: skip
    """Say what an account held at the end of `on`; from then on nothing is posted on it up to that date.

    Refused, code "assertion", where it held something else. Do it in a transaction that has posted nothing: it waits for
    all who have, and they may be waiting for it. Saying the same again gives the first.
    """
    if (wrong := chart.wrong_unit(account=account, unit=unit)) is not None:
        raise Refused(wrong, code="unit")
    with connection.cursor() as cursor:
        cursor.execute("SELECT purser_books_lock(%s, true)", [tenancy.tenant()])
    held = balance(account=account, of=of, unit=unit, as_of=on)
    if held != amount:
        told = f"{digest.units(held)} {unit}, not {digest.units(amount)}"
        raise Refused(f"At the end of {on} the account {account!r} held {told}.", code="assertion")
    (id,) = writing.opened({(account, of, unit)}).values()
    assertion, _ = Assertion.objects.get_or_create(
        account_id=id, on=on, defaults={"amount": amount, "made_at": now, "text": text[:300]}
    )
    return assertion


def settle(*, account: str, of: UUID | None, unit: str, on: date, now: datetime, text: str = "") -> Assertion:
    """Say that a clearing account came to 0 on `on`. Refused, code "clearing", for one of another kind; else as `state`."""
    if not chart.kind(account).clearing:
        raise Refused(f"An account {account!r} is not on its way to anywhere: it need not come to 0.", code="clearing")
    return state(account=account, of=of, unit=unit, on=on, amount=Decimal(0), now=now, text=text)


def until(*, account: str, of: UUID | None, unit: str) -> date | None:
    """The last day that an assertion has closed this account up to; None where none has."""
    found = Assertion.objects.filter(account__name=account, account__of=of, account__unit=unit)
    day: date | None = found.aggregate(until=Max("on"))["until"]
    return day


def refuse_closed(drafts: Sequence[Draft]) -> None:
    """Refuse entries dated up to an assertion about one of their accounts, code "asserted", before anything is written.

    A repeat of what was posted before the assertion is none. An assertion made in this very moment is met by the
    database's own check (migrations/0005).
    """
    found = Assertion.objects.filter(on__gte=min(draft.on for draft in drafts))
    names = found.values_list("account__name", "account__of", "account__unit").annotate(until=Max("on")).order_by()
    closed = {(name, of, unit): until for name, of, unit, until in names}
    if not closed:
        return
    late = {
        draft.source: (draft.on, leg.account, until)
        for draft in drafts
        for leg in draft.legs
        if (until := closed.get((leg.account, leg.of, leg.unit))) is not None and draft.on <= until
    }
    there = set(Entry.objects.filter(source__in=late).values_list("source", flat=True)) if late else set()
    for source, (on, account, until) in late.items():
        if source not in there:
            raise Refused(
                f"{source!r} is of {on}, and the balance of {account!r} is asserted to the end of {until}.",
                code="asserted",
                hint="Date it after the assertion.",
            )
