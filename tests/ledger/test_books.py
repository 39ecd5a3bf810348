"""Random books, read back: every entry and the whole come to nought, and every balance is what was posted. Source: P2."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from uuid import UUID

from django.db.models import Sum
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from purser.ledger import assertions, balances, checks, entries
from purser.ledger.entries import Draft, Leg
from purser.ledger.models import Entry, Posting
from purser.postgres import tenancy
from tests import make
from tests.ledger.books import ON, draft

ACCOUNTS = ("opening", "adjustments", "suspense")
FINEST = {"UNIT": 6, "USD": 2, "JPY": 0}
LAST = ON + timedelta(days=40)


class Books(RuleBasedStateMachine):
    """Posting, posting again, in bulk and in many units, reversing, asserting over 3 accounts, 3 units and 40 days."""

    def __init__(self) -> None:
        super().__init__()
        self.tenant = make.reseller().pk
        self.drafts: dict[UUID, Draft] = {}
        self.moved: dict[tuple[str, str], dict[date, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
        self.reversed: set[UUID] = set()
        self.closed: date | None = None

    accounts = st.permutations(ACCOUNTS)
    units = st.sampled_from(sorted(FINEST))
    numbers = st.integers(1, 10**12)
    days = st.dates(ON, LAST)

    @rule(accounts=accounts, units=st.lists(units, min_size=1, max_size=3, unique=True), numbers=numbers, on=days)
    def post(self, accounts: list[str], units: list[str], numbers: int, on: date) -> None:
        self._post([self._draft(accounts, units, numbers, on)])

    @rule(accounts=accounts, unit=units, many=st.lists(numbers, min_size=2, max_size=8), on=days)
    def post_in_bulk(self, accounts: list[str], unit: str, many: list[int], on: date) -> None:
        self._post([self._draft(accounts, [unit], number, on, row) for row, number in enumerate(many)])

    @rule(data=st.data())
    def post_again(self, data: st.DataObject) -> None:
        if self.drafts:
            id = data.draw(st.sampled_from(list(self.drafts)))
            with tenancy.acting_in(self.tenant):
                assert entries.post_all([self.drafts[id]], now=make.NOON) == [id]

    @rule(data=st.data(), reason=st.text("abc", min_size=1))
    def reverse(self, data: st.DataObject, reason: str) -> None:
        if not self.drafts:
            return
        id = data.draw(st.sampled_from(list(self.drafts)))
        on = max(LAST, self.drafts[id].on)
        with tenancy.acting_in(self.tenant):
            entries.reverse(entry_id=id, reason=reason, now=make.NOON, on=on)
        if id not in self.reversed:
            self.reversed.add(id)
            self._note([Leg(leg.account, leg.of, leg.unit, -leg.amount) for leg in self.drafts[id].legs], on)

    @rule(name=st.sampled_from(ACCOUNTS), unit=units)
    def state(self, name: str, unit: str) -> None:
        with tenancy.acting_in(self.tenant):
            amount = self._held(name, unit, ON - timedelta(days=1))
            assertions.state(account=name, of=None, unit=unit, on=ON - timedelta(days=1), amount=amount, now=make.NOON)

    def _draft(self, accounts: list[str], units: list[str], number: int, on: date, row: int = 0) -> Draft:
        legs = []
        for unit in units:
            amount = str(Decimal(number).scaleb(-FINEST[unit]))
            legs += [(accounts[0], unit, amount), (accounts[1], unit, f"-{amount}")]
        return draft(f"{len(self.drafts)}.{row}", *legs, on=on)

    def _post(self, drafts: list[Draft]) -> None:
        with tenancy.acting_in(self.tenant):
            ids = entries.post_all(drafts, now=make.NOON)
        self.drafts |= dict(zip(ids, drafts, strict=True))
        for one in drafts:
            self._note(one.legs, one.on)

    def _note(self, legs: object, on: date) -> None:
        for leg in legs:  # type: ignore[attr-defined]
            self.moved[leg.account, leg.unit][on] += leg.amount

    def _held(self, name: str, unit: str, as_of: date) -> Decimal:
        return sum((amount for on, amount in self.moved[name, unit].items() if on <= as_of), Decimal(0))

    @invariant()
    def it_adds_up(self) -> None:
        with tenancy.acting_in(self.tenant):
            assert not Posting.objects.values("entry", "unit").annotate(total=Sum("amount")).exclude(total=0).exists()
            assert not Posting.objects.values("unit").annotate(total=Sum("amount")).exclude(total=0).exists()
            assert Entry.objects.count() == len(self.drafts) + len(self.reversed)
            assert not [p for p in checks.check(now=make.NOON) if p.code != "clearing"]
            for name, unit in list(self.moved):
                for as_of in (ON, ON + timedelta(days=20), LAST):
                    found = balances.balance(account=name, of=None, unit=unit, as_of=as_of)
                    assert found == self._held(name, unit, as_of)

    @invariant()
    def its_statements_run(self) -> None:
        with tenancy.acting_in(self.tenant):
            for name, unit in list(self.moved):
                start, end = ON + timedelta(days=10), LAST + timedelta(days=1)
                whole = balances.statement(account=name, of=None, unit=unit, start=start, end=end)
                assert whole.opening == self._held(name, unit, start - timedelta(days=1))
                assert whole.closing == self._held(name, unit, LAST)
                assert all(one.on <= other.on for one, other in pairwise(whole.lines))
                paged = []
                for _ in range(len(whole.lines) + 1):
                    page = balances.statement(
                        account=name, of=None, unit=unit, start=start, end=end, most=2,
                        after=paged[-1] if paged else None,
                    )  # fmt: skip
                    paged += page.lines
                    if not page.more:
                        break
                assert tuple(paged) == whole.lines


Books.TestCase.settings = settings(max_examples=12, stateful_step_count=10, deadline=None)
TestBooks = Books.TestCase
