"""One pass over a pair: read, settle, see drift, plan, doubt, drive. Every step commits for itself; a pass may be killed at
any instruction and the next one goes on. Rhythm and locks: jobs/. Source: acceptance ID-18 to ID-32; reliability P9, P10."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from purser.connectors.ports.marketplace import Marketplace, Product
from purser.connectors.ports.psa import Psa, final_units, service_key
from purser.flows.marketplace_to_contracts import refresh, settling, standings
from purser.flows.marketplace_to_contracts.target import Contracts
from purser.kernel.errors import Failure, Refused
from purser.links import connections, drift, plans, receipts
from purser.links.models import Connection, Drift, Link, Receipt, Run, SourceResource, Sync
from purser.links.models.connections import ConnectionState, Policy
from purser.links.models.relations import LinkState
from purser.links.models.runs import DriftState, RunState
from purser.links.receipts import Journal
from purser.links.standing import Standing, describe, link_of, mark
from purser.postgres import tenancy
from purser.reconcile import guard
from purser.reconcile.drive import drive
from purser.reconcile.model import Done, Plan
from purser.reconcile.plan import plan as difference
from purser.tenants import organisations

Clock = Callable[[], datetime]

# A paused connection is tried again now and then, so that a vendor's own slip heals without a click: with a pass every two
# minutes, within five (acceptance ID-41).
PROBE = timedelta(minutes=3)


@dataclass(frozen=True)
class Ports:
    """How a connection becomes a vendor's port; config.wiring names the vendors."""

    marketplace: Callable[[Connection], Marketplace]
    psa: Callable[[Connection], Psa]


@dataclass
class Result:
    """What a pass did; the numbers of the Run row."""

    compared: int = 0
    changes: int = 0
    posted: int = 0
    failed: int = 0
    aside: int = 0
    healed: int = 0
    waiting: int = 0
    text: str = ""
    numbers: dict[str, Any] = field(default_factory=dict)

    @property
    def state(self) -> str:
        if self.waiting:
            return RunState.WAITING
        return RunState.PARTLY if self.failed else RunState.DONE


def run(
    *,
    tenant: UUID,
    sync_id: UUID,
    ports: Ports,
    clock: Clock,
    cause: str = "monitor",
    approved: UUID | None = None,
    dry: bool = False,
) -> Result:
    """Make one pass. `approved` is a stored plan a person has approved: it is posted if its digest still holds, else it is
    outdated and the new plan waits in its place. `dry` plans and stores a preview, and posts nothing.

    Raises Busy when another pass is at it. Failures of a connection end the pass with an alarm, not with an exception.
    """
    with plans.alone(sync_id):
        with tenancy.acting_in(tenant):
            sync = plans.sync(sync_id)
            zone = ZoneInfo(organisations.zone())
            record = plans.begin(sync, cause=cause, now=clock())
        result = Result()
        at = sync.source
        try:
            _probe(tenant, sync.source, lambda: ports.marketplace(sync.source).test(), clock)
            at = sync.target
            _probe(tenant, sync.target, lambda: ports.psa(sync.target).test(), clock)
            at = sync.source
            source = refresh.marketplace(
                tenant,
                sync.source,
                ports.marketplace(sync.source),
                clock=clock,
                products=_known(tenant, sync.source),
            )
            at = sync.target
            _pass(tenant, sync, record, source, ports.psa(sync.target), result, zone, clock, approved, dry)
            state = result.state
        except Failure as failure:
            state, result.text = RunState.FAILED, failure.text
            with tenancy.acting_in(tenant):
                connections.met(at.pk, failure, now=clock())
        with tenancy.acting_in(tenant):
            plans.finish(record.pk, state=state, text=result.text, numbers=_numbers(result), now=clock())
            plans.schedule(sync, now=clock())
        return result


def _probe(tenant: UUID, connection: Connection, test: Callable[[], Any], clock: Clock) -> None:
    """Nothing is called on a paused connection but, now and then, its test."""
    if connection.state != ConnectionState.PAUSED:
        return
    last = max(t for t in (connection.tested_at, connection.paused_at, connection.created_at) if t is not None)
    if clock() - last < PROBE:
        raise Refused(f"{connection.name} is paused: {connection.paused_text}", code=connection.paused_code)
    answer = test()
    with tenancy.acting_in(tenant):
        connections.tested(connection.pk, answer, now=clock())
    if not answer.ok:
        raise Refused(f"{connection.name} is paused: {answer.text}", code=answer.code or connection.paused_code)


def _known(tenant: UUID, source: Connection) -> dict[str, Product]:
    """Products we have names for already, so that the catalogue is read only for new ones."""
    with tenancy.acting_in(tenant):
        rows = SourceResource.objects.filter(connection=source).values_list("mpn", "name", "usage_based", "unit")
        return {mpn: Product(mpn, name, name, usage, unit) for mpn, name, usage, unit in rows.distinct()}


def _pass(
    tenant: UUID,
    sync: Sync,
    record: Run,
    source: refresh.SourceRead,
    psa: Psa,
    result: Result,
    zone: ZoneInfo,
    clock: Clock,
    approved: UUID | None,
    dry: bool,
) -> None:
    today = clock().astimezone(zone).date()
    with tenancy.acting_in(tenant):
        links = standings.linked(sync)
        open_receipts = receipts.open_by_link(sync.pk)
    oldest = min((r.effective_on for r in open_receipts.values()), default=today)
    target = refresh.psa(
        tenant,
        sync.target,
        psa,
        today=today,
        clock=clock,
        agreement_ids=sorted({k.service.agreement.external_id for k in links}),
        since=min(today, oldest) - timedelta(days=1),
    )
    journal = Journal(tenant=tenant, run=record, facts={}, clock=clock)
    settled = settling.Settled()
    if not dry:
        settled = settling.settle(
            tenant=tenant,
            links={k.pk: k for k in links},
            open_receipts=open_receipts,
            services=target.services,
            psa=psa,
            journal=journal,
            read_at=target.at,
            clock=clock,
        )
        result.posted += settled.sent
    with tenancy.acting_in(tenant):
        links = standings.linked(sync)
        open_receipts = receipts.open_by_link(sync.pk)
        healing = _see_drift(sync, links, open_receipts, settled.newer, target, today, clock) if not dry else set()
        found = standings.build(
            sync=sync,
            links=links,
            source=source,
            target=target,
            psa=psa,
            open_receipts=open_receipts,
            newer=settled.newer,
            taken=receipts.dates_taken(sync.pk, since=today),
            waiting_drift=drift.open_links(sync.pk) - healing,
            healing=healing,
            today=today,
            now=clock(),
        )
        wanted, held = found.readings(at=target.at, held=target.services)
        planned: Plan[Standing] = difference(wanted=wanted, held=held, asides=found.asides, describe=describe, lane=link_of)
        limits = guard.Limits(sync.limit_percent, sync.limit_least, Decimal(sync.limit_down))
        doubts = guard.doubts(
            planned,
            wanted=wanted,
            held=held,
            limits=limits,
            size=lambda s: s.units,
            expected=found.expected,
            posted_before=plans.posted_lately(sync.pk, now=clock()),
            mark=mark,
            lane=link_of,
        )
        if not dry:
            _in_step(found, open_receipts, clock())
            plans.keep_asides(links, planned, psa_whole=target.services.whole)
        stored = plans.store(
            sync=sync,
            run=record,
            plan=planned,
            found=found,
            doubts=doubts,
            approved=approved,
            dry=dry,
            now=clock(),
            today=today,
        )
        if stored.waits:
            held_back = Link.objects.filter(pk__in={link_of(c.key) for c in planned.changes})
            held_back.exclude(state=LinkState.PENDING).update(state=LinkState.WAITING)
    result.compared, result.changes, result.aside = (
        planned.compared,
        len(planned.changes),
        len(planned.asides),
    )
    result.waiting = int(stored.waits)
    if dry:
        return
    plan_id = None if stored.waits else stored.id
    journal = Journal(tenant=tenant, run=record, facts=found.facts, clock=clock, plan_id=plan_id)
    for change, refusal in found.refused:
        journal.unread(change, refusal)
        result.failed += 1
    if stored.waits or not planned:
        return
    names = {str(k.pk): k.resource.name for k in links}
    contracts = Contracts(psa, found.addresses, text_of=lambda s: names.get(str(s.link), ""))
    _drive(tenant, planned, contracts, journal, sync, result, clock)


def _drive(
    tenant: UUID,
    planned: Plan[Standing],
    contracts: Contracts,
    journal: Journal,
    sync: Sync,
    result: Result,
    clock: Clock,
) -> None:
    touched: set[str] = set()
    for step in drive(planned.changes, target=contracts, journal=journal, lane=link_of):
        touched.add(link_of(step.change.key))
        if isinstance(step.outcome, Done):
            result.posted += 1
        elif step.outcome is not None:
            result.failed += 1
            if step.outcome.code in connections.PAUSING:
                with tenancy.acting_in(tenant):
                    failure = Refused(step.outcome.text, code=step.outcome.code, hint=step.outcome.hint)
                    connections.met(sync.target.pk, failure, now=clock())
    with tenancy.acting_in(tenant):
        result.healed = _after(touched, clock())


def _after(touched: set[str], now: datetime) -> int:
    """The state of each link that was touched, and the hand edits that its confirmed posting healed."""
    healed = 0
    links = Link.objects.filter(pk__in=touched).select_related("resource__subscription", "resource__customer", "sync")
    for link in links:
        last = Receipt.objects.filter(link=link).order_by("-intended_at", "-pk").first()
        if last is None or last.state != "done":
            continue
        healed += Drift.objects.filter(receipt=last, state=DriftState.HEALED).count()
        wanted = standings.wanted_count(link, link.sync)
        if link.expected_units == (wanted or Decimal(0)):
            _settle_links([link], now=now)
        else:
            Link.objects.filter(pk=link.pk).update(state=LinkState.BEHIND)
    return healed


def _settle_links(links: Iterable[Link], *, now: datetime) -> None:
    """The PSA was read and shows what it must: in step, or ended with its subscription."""
    over: dict[bool, list[UUID]] = {False: [], True: []}
    for link in links:
        over[standings.is_over(link) and not link.expected_units].append(link.pk)
    Link.objects.filter(pk__in=over[False]).update(state=LinkState.IN_STEP, confirmed_at=now, ended_at=None)
    Link.objects.filter(pk__in=over[True]).update(state=LinkState.ENDED, confirmed_at=now, ended_at=now)


def _in_step(found: standings.Standings, open_receipts: dict[UUID, Receipt], now: datetime) -> None:
    """Links without a difference: confirmed, and what had failed for them is needed no more."""
    receipts.drop([k for k in found.in_step if k in open_receipts], now=now)
    _settle_links([found.links[k] for k in found.in_step], now=now)
    receipts.net_out(found.in_step)


def _see_drift(
    sync: Sync,
    links: list[Link],
    open_receipts: dict[UUID, Receipt],
    newer: set[UUID],
    target: refresh.TargetRead,
    today: date,
    clock: Clock,
) -> set[UUID]:
    """Compare what the PSA shows with what we posted; returns the links whose next posting heals a hand edit."""
    healing: set[UUID] = set()
    already = drift.open_links(sync.pk)
    for link in links:
        receipt = open_receipts.get(link.pk)
        if link.pk in newer or (receipt is not None and receipt.state in settling.UNSETTLED):
            continue
        service = target.services.items.get(service_key(link.service.agreement.external_id, link.service.service_id))
        agreement = target.agreements.items.get(link.service.agreement.external_id)
        if service is None or agreement is None or standings.has_ended(agreement, today):
            continue  # an agreement that is over shows no units, and nobody took them away
        shown = final_units(service.segments, ends_on=agreement.ends_on)
        if link.expected_units is None:
            drift.begin(link, psa_units=shown, now=clock(), on=today)
            continue
        if shown == link.expected_units and link.pk not in already:
            continue
        try:
            wanted = standings.wanted_count(link, sync)
        except Refused:
            continue
        seen = drift.see(
            link,
            marketplace_units=wanted or Decimal(0),
            psa_units=shown,
            policy=link.drift_policy or sync.drift_policy,
            now=clock(),
            on=today,
        )
        if seen.state == "open" and (seen.decision or seen.policy) == Policy.MARKETPLACE:
            healing.add(link.pk)
    return healing


def _numbers(result: Result) -> dict[str, Any]:
    return {
        "compared": result.compared,
        "changes": result.changes,
        "posted": result.posted,
        "failed": result.failed,
        "aside": result.aside,
        "healed": result.healed,
        **result.numbers,
    }
