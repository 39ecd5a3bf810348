"""Whatever happens to a consent, its people and its organisations, in whatever order: who gets in is what a few lines say.

The lines are `Model.open`. After each event every verb is asked for, and a job that the partner's person asked for long before
is about to be done. Source: reliability P17.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from purser.access import errands, permit, verbs
from purser.access.models import Membership
from purser.kernel.errors import Missing, Refused
from purser.partners import consent
from purser.postgres import tenancy
from purser.tenants import grants, tree
from purser.tenants.models import Organisation
from tests.access import kit
from tests.partners.kit import ALL, PAID, Chain, chain, enters

SECOND = timedelta(seconds=1)


@dataclass
class Model:
    """What is known of the world; `ends` and `scopes` of the consent that was given last, `lapses` of the open question."""

    made: Chain
    other: Organisation
    now: datetime
    scopes: tuple[str, ...] = ()
    ends: datetime | None = None
    lapses: datetime | None = None
    administers: bool = True
    paid: bool = True
    suspended: set[str] = field(default_factory=set)
    away: bool = False

    @property
    def live(self) -> bool:
        return self.ends is not None and self.now < self.ends

    @property
    def asked(self) -> bool:
        return self.lapses is not None and self.now < self.lapses

    @property
    def open(self) -> bool:
        return self.live and self.administers and self.paid and not self.suspended and not self.away


def refused(call: Callable[[], object]) -> bool:
    try:
        call()
    except (Refused, Missing):
        return True
    return False


def ask(m: Model) -> None:
    if refused(lambda: m.made.ask(m.now)):
        assert m.asked or m.away or m.suspended
    else:
        assert not m.asked
        assert not m.away
        m.lapses = m.now + grants.LAPSES


def withdraw(m: Model) -> None:
    if refused(lambda: consent.withdraw(m.made.as_agent(), m.made.customer.pk, now=m.now)):
        assert not m.asked or m.suspended
    else:
        assert m.asked
        m.lapses = None


def refuse(m: Model) -> None:
    def call() -> None:
        with tenancy.acting_in(m.made.customer.pk):
            request = grants.open_requests(m.now).first()
            if request is None:
                raise Missing("No question waits.")
            consent.refuse(m.made.as_admin(), request.pk, why="No", now=m.now)

    assert refused(call) != m.asked
    m.lapses = None


def give(days: int, scopes: tuple[str, ...]) -> Callable[[Model], None]:
    def event(m: Model) -> None:
        if not m.away and not refused(lambda: m.made.give(m.now, days=days, scopes=scopes)):
            m.scopes, m.ends, m.lapses = scopes, m.now + timedelta(days=days), None

    return event


def give_oneself(m: Model) -> None:
    """The one who asks, and everybody else of the partner, even as an administrator of the tenant."""
    for who in (m.made.agent, m.made.owner):
        actor = m.made.as_admin(who)
        assert refused(lambda actor=actor: consent.give(actor, scopes=ALL, days=9, reason="ours", now=m.now)) or m.away
        if m.away:
            with tenancy.acting_in(m.made.customer.pk):
                grants.close(grants.live(m.now), as_="ended", by="test", why="", now=m.now)


def revoke(m: Model) -> None:
    def call() -> None:
        with tenancy.acting_in(m.made.customer.pk):
            consent.end(m.made.as_admin(), why="We parted", now=m.now)

    assert refused(call) != m.live
    m.ends = None


def pass_by(by: timedelta) -> Callable[[Model], None]:
    """Time passes up to the end of the consent, less, or more, a second."""

    def event(m: Model) -> None:
        if m.ends is not None and m.ends + by > m.now:
            m.now = m.ends + by

    return event


def forget_question(m: Model) -> None:
    if m.lapses is not None:
        m.now = max(m.now, m.lapses)


def toggle(name: str) -> Callable[[Model], None]:
    def event(m: Model) -> None:
        setattr(m, name, not getattr(m, name))
        with tenancy.acting_in(m.made.reseller.pk):
            row = Membership.objects.filter(person=m.made.agent)
            row.update(partner_administrator=m.administers, package=PAID if m.paid else "UnifyFree")

    return event


def suspend(what: str) -> Callable[[Model], None]:
    """Suspended, and the next time let go on."""

    def event(m: Model) -> None:
        on = what not in m.suspended
        m.suspended ^= {what}
        place = m.made.customer if what == "customer" else m.made.reseller
        with tenancy.acting_in(place.pk):
            if what == "person":
                Membership.objects.filter(person=m.made.agent).update(suspended_at=m.now if on else None)
            elif on:
                tree.suspend(now=m.now)
            else:
                tree.resume()

    return event


def move(m: Model) -> None:
    """To another partner, and the next time back; nothing that was given or asked comes back with it."""
    with tenancy.acting_in(m.made.customer.pk):
        tree.move(m.made.reseller if m.away else m.other, by="desk", now=m.now)
    m.away, m.ends, m.lapses = not m.away, None, None


EVENTS: dict[str, Callable[[Model], None]] = {
    "ask": ask,
    "withdraw": withdraw,
    "refuse": refuse,
    "give": give(30, ALL),
    "give for less": give(10, ("telephony", "users")),
    "extend": give(700, ALL),
    "give oneself": give_oneself,
    "revoke": revoke,
    "a second before the end": pass_by(-SECOND),
    "the end": pass_by(timedelta(0)),
    "a second after the end": pass_by(SECOND),
    "the question lapses": forget_question,
    "administrator or not": toggle("administers"),
    "paid or not": toggle("paid"),
    "person suspended": suspend("person"),
    "partner suspended": suspend("partner"),
    "customer suspended": suspend("customer"),
    "customer moves": move,
}


def as_modelled(m: Model) -> None:
    """Who gets in, with which verbs, and what a job that was asked for before does."""
    job = {"tenant": m.made.customer.pk, "verb": "tasks.sync_tenant", "now": m.now}
    within = {verb.name for verb in verbs.VERBS.values() if verbs.PARTNER in verb.customer and verb.area in ("", *m.scopes)}
    if not m.open:
        with pytest.raises(Missing):
            enters(m.made.agent, m.made.customer, m.now)
        with pytest.raises(Missing):
            errands.check(str(m.made.agent.pk), **job)
        return
    actor = enters(m.made.agent, m.made.customer, m.now)
    assert {name for name in verbs.VERBS if permit.allows(actor, name)} == within
    if job["verb"] in within:
        errands.check(str(m.made.agent.pk), **job)
    else:
        with pytest.raises(permit.Denied):
            errands.check(str(m.made.agent.pk), **job)


@settings(max_examples=5, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
@given(st.lists(st.sampled_from(sorted(EVENTS)), min_size=4, max_size=12))
def test_who_gets_in_is_what_happened(events: list[str]) -> None:
    made = chain()
    model = Model(made, kit.reseller("Tide IT", under=made.operator), kit.now())
    as_modelled(model)
    give(30, ALL)(model)
    as_modelled(model)
    for name in events:
        EVENTS[name](model)
        as_modelled(model)


@pytest.mark.parametrize("event", sorted(EVENTS))
def test_it_counts_from_the_next_request_after_each_event_alone(event: str) -> None:
    made = chain()
    model = Model(made, kit.reseller("Tide IT", under=made.operator), kit.now())
    made.ask(model.now)
    model.lapses = model.now + grants.LAPSES
    give(30, ALL)(model)
    assert model.open
    for _ in range(2):
        EVENTS[event](model)
        as_modelled(model)
