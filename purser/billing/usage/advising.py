"""The true-up adviser: who seems not to need a licence, what it saves to take it back before the month's last midnight, and
taking it back as a plan that can be undone.

People are their tenant's. A plan keeps ids and reasons; names are read in the tenant by whoever may look there, and of
tenants that did not agree nothing but a number is known here. Source: issue 4, section 6; acceptance CS-47, CS-48, UC-13.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from uuid import UUID

from django.db.models import QuerySet

from purser.access import acts
from purser.access.actors import Actor
from purser.access.permit import Denied
from purser.billing.models import AdvicePlan, AdviceStep, Reason
from purser.billing.usage import inside, named, outlook
from purser.billing.usage.named import Named
from purser.billing.usage.outlook import Standing
from purser.directory import auto, collections
from purser.directory.models import Licence, User
from purser.kernel.errors import Missing, Refused
from purser.postgres import tenancy
from purser.rating import advice, spending
from purser.rating.advice import OPENS, Advice, Candidate

VERB = "usage.advise"
MOST = 2_000  # people of one plan


@dataclass(frozen=True)
class Idle:
    """Somebody of the tenant acted in whose licence seems not to be needed."""

    user: UUID
    licence: UUID
    reason: Reason


@dataclass(frozen=True)
class Row:
    """A step as this reader may see it: `name` and `account` only where they may look into the tenant now."""

    step: AdviceStep
    tenant: Named
    name: str
    account: str

    @property
    def why(self) -> str:
        return str(self.step.get_reason_display())


@dataclass(frozen=True)
class Plan:
    """`others`: customers that did not agree, and how many licences there seem not to be needed."""

    plan: AdvicePlan
    rows: Sequence[Row]
    others: Sequence[tuple[Named, int]]

    def count(self, *states: str) -> int:
        return sum(row.step.state in states for row in self.rows)


Found = list[tuple[UUID, Idle]]  # by customer


def idle() -> list[Idle]:
    """In a customer's seat: open licences of whom nothing speaks for needing one, each with the strongest reason.

    That somebody has no mailbox means something only where mailboxes are known at all, and that somebody is in no chosen
    collection only where collections are chosen and all who are in them are known.
    """
    rows = list(Licence.objects.filter(until=None).select_related("user").order_by("user__display_name", "user_id"))
    mailboxes = User.objects.exclude(mailbox="").exists()
    chosen = auto.chosen()
    within = collections.inside(row.pk for row in chosen) if chosen else None
    found = []
    for row in rows:
        user = row.user
        reason = None
        if user.gone_at is not None:
            reason = Reason.GONE
        elif not user.enabled:
            reason = Reason.DISABLED
        elif mailboxes and not user.mailbox:
            reason = Reason.NO_MAILBOX
        elif within is not None and not within.cut and user.pk not in within.users:
            reason = Reason.OUTSIDE
        if reason is not None:
            found.append(Idle(user.pk, row.pk, reason))
    return found


def plans() -> QuerySet[AdvicePlan]:
    """In the partner's seat, the newest first."""
    rows: QuerySet[AdvicePlan] = AdvicePlan.objects.order_by("-made_at", "-id")
    return rows


def look(actor: Actor, *, now: datetime) -> AdvicePlan:
    """Go through the actor's customers and keep what was found as a plan. Outside any seat; nobody is unlicensed by it.

    Refused: before the 20th ("early"), and where nothing would be saved ("nothing").
    """
    standing = outlook.of(actor.tenant, now=now)
    if not standing.advises or standing.ended:
        raise Refused(
            f"Advice opens on day {OPENS} of the month; today is {standing.today} ({standing.zone.key}).",
            code="early", hint="Who seems idle earlier may well come back.",
        )  # fmt: skip
    mine: Found = []
    others: Counter[str] = Counter()
    for customer in named.customers(actor.tenant, now=now):
        if not standing.users.get(str(customer.id)):
            continue
        found, seen = _of_customer(actor, customer, now)
        if seen:
            mine += [(customer.id, one) for one in found]
        elif found:
            others[str(customer.id)] = len(found)
    mine = _counted(mine, standing)[:MOST]
    saving = _advice(mine, standing, now)
    if saving is None and not others:
        raise Refused("Nobody was found whose licence costs anything and seems not to be needed.", code="nothing")
    return _keep(actor, standing, mine, others, saving, now)


def _of_customer(actor: Actor, customer: Named, now: datetime) -> tuple[list[Idle], bool]:
    """Who is idle there, and whether this actor may know them."""
    if customer.open:
        try:
            with inside.entering(actor, customer=customer.id, verb="licences.read", now=now):
                return idle(), True
        except (Missing, Denied):
            pass  # the consent is not this person's to use: a number, as for the others
    with tenancy.acting_in(customer.id):
        return idle(), False


def _counted(mine: Found, standing: Standing) -> Found:
    """No more people of a tenant than were counted: somebody may have been licensed since."""
    left = Counter(standing.users)
    kept = []
    for customer, one in mine:
        if left[str(customer)] > 0:
            left[str(customer)] -= 1
            kept.append((customer, one))
    return kept


def _advice(mine: Found, standing: Standing, now: datetime) -> Advice | None:
    candidates = [Candidate(str(customer), str(one.user), str(one.reason)) for customer, one in mine]
    return advice.advise(
        candidates, users=standing.users, peaks=standing.peaks, now=now, zone=standing.zone, policy=standing.policy
    )  # fmt: skip


def _keep(
    actor: Actor, standing: Standing, mine: Found, others: Counter[str], saving: Advice | None, now: datetime
) -> AdvicePlan:
    units = saving.units if saving else 0
    carry = outlook.ahead(standing).carry
    money = spending.cost(units, package=standing.package)
    with tenancy.acting_in(actor.tenant):
        told = {"people": len(mine), "units": units, "others": sum(others.values())}
        summary = f"Looked for licences to take back: {len(mine)} people, {units:,} units"
        acts.record(actor, VERB, summary=summary, of=("advice", ""), after=told, now=now)
        plan: AdvicePlan = AdvicePlan.objects.create(
            on=standing.today,
            before=standing.ends,
            units=units,
            late=saving.late if saving else 0,
            carry=saving.carry if saving else carry,
            carry_then=saving.carry_then if saving else carry,
            money=money.amount,
            currency=money.currency,
            package=standing.package.code,
            others=dict(others),
            made_at=now,
            made_by_name=actor.name,
        )
        AdviceStep.objects.bulk_create(
            AdviceStep(plan=plan, customer=customer, user=one.user, licence=one.licence, reason=one.reason)
            for customer, one in mine
        )
    return plan


def one(actor: Actor, plan: UUID, *, now: datetime) -> Plan:
    """A plan with the names that this actor may see now. Outside any seat. Raises Missing."""
    with tenancy.acting_in(actor.tenant):
        row, steps = find(plan), list(AdviceStep.objects.filter(plan_id=plan).order_by("customer", "id"))
    tenants = named.of(actor.tenant, {*(str(step.customer) for step in steps), *row.others}, now=now)
    rows = []
    for customer, found in groupby(steps, key=lambda step: step.customer):
        there, tenant = list(found), tenants[str(customer)]
        people = _names(actor, tenant, [step.user for step in there], now)
        rows += [Row(step, tenant, *people.get(step.user, ("", ""))) for step in there]
    rows.sort(key=lambda row: (row.tenant.name, row.tenant.id, row.name, row.step.pk))
    others = [(tenants[id], count) for id, count in row.others.items()]
    return Plan(row, rows, sorted(others, key=lambda other: (-other[1], other[0].name)))


def _names(actor: Actor, tenant: Named, users: Sequence[UUID], now: datetime) -> dict[UUID, tuple[str, str]]:
    if not tenant.open:
        return {}
    try:
        with inside.entering(actor, customer=tenant.id, verb="licences.read", now=now):
            rows = User.objects.filter(pk__in=users).values_list("pk", "display_name", "principal_name")
            return {id: (name, account) for id, name, account in rows}
    except (Missing, Denied):
        return {}


def find(plan: UUID) -> AdvicePlan:
    """In the partner's seat. Raises Missing."""
    row: AdvicePlan | None = AdvicePlan.objects.filter(pk=plan).first()
    if row is None:
        raise Missing("There is no such plan.")
    return row
