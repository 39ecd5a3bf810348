"""How long the simulator takes over 13 months of a partner with 1,000 tenants, and the shares of one. Source: issue 4, 6."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from bench.figures import Figure, seconds
from purser.billing.usage import comparing, sharing
from purser.billing.usage.comparing import Choice
from purser.postgres import ids
from purser.rating.policy import DSU, Scope, Terms
from tests.billing.reading import kit

TENANTS = 1_000
FIRST, END = date(2025, 9, 1), date(2026, 10, 1)
NOW = datetime(2026, 10, 1, 12, tzinfo=UTC)
APART = Terms(25, ratchet=True, true_up=True, carry_over=True, scope=Scope.TENANT)
ROUNDS = 3


def figures() -> Iterator[Figure]:
    """The least of several rounds: others use the machine too."""
    desk = kit.desk()
    desk.begin(FIRST)
    tenants = [ids.new() for _ in range(TENANTS)]
    counts = [{tenant: 1 + (n * 7 + day) % 23 for n, tenant in enumerate(tenants)} for day in range((END - FIRST).days)]
    desk.closed(FIRST, counts, post=False)
    choices = Choice(DSU.on(FIRST)), Choice(APART)
    simulated = [seconds(lambda: comparing.compare(desk.partner, choices, now=NOW)) for _ in range(ROUNDS)]
    yield Figure("simulate_13_months_s", min(simulated), 3)
    month = END - timedelta(days=30)
    shared = [seconds(lambda: sharing.of_month(desk.partner, month, now=NOW)) for _ in range(ROUNDS)]
    yield Figure("shares_of_1000_tenants_s", min(shared), 3)
