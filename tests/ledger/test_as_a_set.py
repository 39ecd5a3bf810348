"""Entries written with their postings in one statement are checked by it as a set, whoever writes them.

Source: reliability P2. Past the ledger's own verbs, as the application's role in its seat and as the owner of the tables.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError, connection, connections, transaction

from purser.kernel.errors import Refused
from purser.ledger import checks, entries
from purser.ledger.chart import DSU
from purser.ledger.models import Account, Entry, Posting
from purser.postgres import ids, tenancy
from tests import make
from tests.ledger.books import ON, charge, draft, held, post

WRITE = (
    "WITH made AS (INSERT INTO ledger_entry SELECT * FROM jsonb_populate_recordset(NULL::ledger_entry, %s)) "
    "INSERT INTO ledger_posting SELECT * FROM jsonb_populate_recordset(NULL::ledger_posting, %s)"
)
PAIR = (("balance", "1"), ("used", "-1"))
BOTH = pytest.mark.parametrize("owner", [False, True], ids=["application", "owner"])


class Book:
    """Rows of one tenant, to be written by one statement."""

    def __init__(self, tenant: UUID, accounts: dict[str, UUID]) -> None:
        self.tenant, self.accounts = tenant, accounts
        self.entries: list[dict[str, Any]] = []
        self.postings: list[dict[str, Any]] = []

    def entry(self, *legs: tuple[str, str], on: date = ON, posted_on: date | None = None, **said: Any) -> Book:
        """Legs are (account, amount); `said` are columns of the entry."""
        values = {"kind": "test", "made_at": make.NOON, "digest": "", "text": "", "lines": len(legs), "at_once": True}
        id = ids.new()
        self.entries.append({"id": id, "tenant_id": self.tenant, "on": on, "source": f"raw:{id}", **values, **said})
        for name, amount in legs:
            self.posting(id, name, amount, on=posted_on or on)
        return self

    def posting(self, entry: UUID, name: str, amount: str, *, on: date = ON) -> Book:
        unit = "USD" if name in ("paid", "revenue") else DSU
        told = {"entry_id": entry, "account_id": self.accounts[name], "on": on, "unit": unit, "amount": amount}
        self.postings.append({"id": ids.new(), "tenant_id": self.tenant, **told})
        return self

    def write(self, *, owner: bool) -> None:
        with seat(self.tenant, owner=owner) as cursor:
            cursor.execute(WRITE, [json.dumps(self.entries, default=str), json.dumps(self.postings, default=str)])


@contextmanager
def seat(tenant: UUID, *, owner: bool) -> Iterator[Any]:
    if owner:
        with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
            yield cursor
    else:
        with tenancy.acting_in(tenant), connection.cursor() as cursor:
            yield cursor


@pytest.fixture
def book() -> Book:
    """A tenant with one charge of 7 and a payment of a dollar."""
    tenant = make.reseller().pk
    with tenancy.acting_in(tenant):
        charge(7)
        post("money", ("paid", "USD", "1"), ("revenue", "USD", "-1"))
        return Book(tenant, {account.name: account.pk for account in Account.objects.all()})


@BOTH
def test_what_balances_is_taken(book: Book, owner: bool) -> None:
    book.entry(*PAIR).entry(*PAIR, ("paid", "3"), ("revenue", "-3")).entry(*PAIR, *PAIR).write(owner=owner)
    with tenancy.acting_in(book.tenant):
        assert held() == -7 + 4
        assert {problem.code for problem in checks.check()} == {"seal"}  # by hand, without a digest


def off(book: Book) -> Book:
    return book.entry(("balance", "2"), ("used", "-1"))


BREACHES = {
    "no postings": lambda book: book.entry(lines=2),
    "no postings, and says so": lambda book: book.entry(lines=0),
    "off by": off,
    "off by, one unit against the other": lambda book: book.entry(("balance", "1"), ("paid", "-1")),
    "says 3 postings and has 2": lambda book: book.entry(*PAIR, lines=3),
    "complete with 2 postings": lambda book: book.entry(*PAIR, *PAIR, lines=2),
    "cannot stand in entry": lambda book: book.entry(*PAIR, posted_on=ON + timedelta(days=1)),
}


@BOTH
@pytest.mark.parametrize("told", BREACHES)
def test_one_that_is_wrong_is_refused_with_all_beside_it(book: Book, told: str, owner: bool) -> None:
    for _ in range(3):
        book.entry(*PAIR)
    BREACHES[told](book)
    with pytest.raises(DatabaseError, match=told.split(",")[0]):
        book.entry(*PAIR).write(owner=owner)
    with tenancy.acting_in(book.tenant):
        assert held() == -7


@BOTH
def test_a_whole_entry_takes_no_posting_later_not_even_in_its_own_transaction(book: Book, owner: bool) -> None:
    book.entry(*PAIR)
    id = book.entries[0]["id"]
    later = Book(book.tenant, book.accounts).posting(id, "balance", "1").posting(id, "used", "-1")
    with pytest.raises(DatabaseError, match="complete with 2"), seat(book.tenant, owner=owner):  # noqa: PT012
        book.write(owner=owner)
        later.write(owner=owner)
    book.write(owner=owner)
    with pytest.raises(DatabaseError, match="complete with 2"):
        later.write(owner=owner)
    with tenancy.acting_in(book.tenant):
        assert held() == -7 + 1


@BOTH
def test_who_says_at_once_and_writes_twice_is_refused_and_who_does_not_is_checked_at_commit(book: Book, owner: bool) -> None:
    def halves(*, at_once: bool, amount: str = "-1") -> list[Book]:
        first = Book(book.tenant, book.accounts).entry(lines=2, at_once=at_once)
        id = first.entries[0]["id"]
        return [first, Book(book.tenant, book.accounts).posting(id, "balance", "1").posting(id, "used", amount)]

    first, _ = halves(at_once=True)
    with pytest.raises(DatabaseError, match="no postings"):
        first.write(owner=owner)
    for written, told in ((halves(at_once=False)[:1], "no postings"), (halves(at_once=False, amount="-2"), "off by")):
        said = []
        with pytest.raises(DatabaseError, match=told), seat(book.tenant, owner=owner):  # noqa: PT012
            for part in written:
                part.write(owner=owner)
            said.append("until its commit it may be so")
        assert said
    with seat(book.tenant, owner=owner):
        for part in halves(at_once=False):
            part.write(owner=owner)
    with tenancy.acting_in(book.tenant):
        assert held() == -7 + 1


@BOTH
def test_a_reversal_mirrors_its_entry_however_it_is_written(book: Book, owner: bool) -> None:
    with tenancy.acting_in(book.tenant):
        of = Entry.objects.get(source="charge").pk
    said = {"kind": "reversal", "reverses_id": of, "text": "why"}
    for legs, on, told in (
        ((("balance", "6"), ("used", "-6")), ON, "does not mirror"),
        ((("balance", "7"), ("used", "-7")), ON - timedelta(days=1), "later day"),
    ):
        with pytest.raises(DatabaseError, match=told):
            Book(book.tenant, book.accounts).entry(*legs, on=on, **said).write(owner=owner)
    book.entry(("balance", "7"), ("used", "-7"), **said).write(owner=owner)
    with tenancy.acting_in(book.tenant):
        assert held() == 0


def test_an_entry_of_no_organisation_has_no_account_to_stand_on(book: Book) -> None:
    """It has no key of its own to the organisation: its postings' accounts have one. Nor can it borrow another's."""
    nobody = ids.new()
    with pytest.raises(DatabaseError, match="ledger_posting_account_id_tenant_fk"):
        Book(nobody, book.accounts).entry(*PAIR).write(owner=True)
    own = {name: ids.new() for name, _ in PAIR}
    with pytest.raises(DatabaseError, match=r"ledger_account.*tenants_org"), seat(nobody, owner=True) as cursor:  # noqa: PT012
        for name, id in own.items():
            cursor.execute(
                "INSERT INTO ledger_account (id, tenant_id, name, unit) VALUES (%s, %s, %s, %s)", [id, nobody, name, DSU]
            )
        Book(nobody, own).entry(*PAIR).write(owner=True)


# The guards have been seen to fail: without one, what it refuses goes through.
GUARDS = {
    "purser_whole ON ledger_entry": lambda book: book.entry(lines=2),
    "purser_balanced ON ledger_posting": off,
    "purser_balanced ON ledger_entry": lambda book: book.entry(lines=2, at_once=False),
}


@pytest.mark.parametrize("guard", GUARDS)
def test_each_guard_is_what_refuses(book: Book, guard: str) -> None:
    trigger, _, table = guard.partition(" ON ")
    GUARDS[guard](book)
    for guarded in (True, False):
        went_through = False
        try:
            with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
                if not guarded:
                    cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {trigger}")
                book.write(owner=True)
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
                went_through = True
                raise InterruptedError
        except (DatabaseError, InterruptedError):
            pass
        assert went_through is not guarded


# The verbs write so, in batches.


def test_batches_know_what_is_there_and_write_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entries, "BATCH", 2)
    tenant = make.reseller().pk
    drafts = [draft(f"d:{n}", ("balance", DSU, str(n)), ("used", DSU, str(-n))) for n in range(1, 10)]
    with tenancy.acting_in(tenant):
        some = entries.post_all(drafts[2:9:3], now=make.NOON)
        found = entries.post_all(drafts[::-1], now=make.NOON)[::-1]
        assert found[2:9:3] == some
        assert [Entry.objects.get(pk=id).source for id in found] == [one.source for one in drafts]
        assert (held(), Posting.objects.count()) == (45, 18)
        with pytest.raises(Refused, match="'d:9' was posted before"):
            entries.post_all([*drafts[:8], draft("e", *PAIRS), replace(drafts[8], text="other")], now=make.NOON)
        assert Entry.objects.count() == 9
        assert entries.post_all([], now=make.NOON) == []
        assert not list(checks.check())


PAIRS = ("balance", DSU, "1"), ("used", DSU, "-1")


@pytest.mark.parametrize(
    "said", ['a "quoted" \\ text', "{a,b}", "NULL", "  two\nlines\t", "\\", '"', "%s %(now)s", "Käse 'n' 紙"]
)
def test_words_come_back_as_they_were_said(said: str) -> None:
    tenant = make.reseller().pk
    with tenancy.acting_in(tenant):
        one, other = (replace(draft(source, *PAIRS), kind=said[:30], text=said) for source in (said, "other"))
        entries.post_all([one, other], now=make.NOON)
        found = Entry.objects.get(source=said)
        assert (found.kind, found.text, found.at_once) == (said, said, True)
        assert not list(checks.check())
