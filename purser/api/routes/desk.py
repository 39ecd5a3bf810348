"""The desk: plans to decide, postings that failed, hand edits, and the check list before invoicing."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from purser.access.actors import Actor
from purser.api.doors import Routes
from purser.api.schemas import desk as sent
from purser.api.schemas import drift as edits
from purser.api.schemas import reports, runs
from purser.api.schemas.common import Answer, Asked, Some
from purser.links.desk import checklist as checklist_desk
from purser.links.desk import drift as drift_desk
from purser.links.desk import plans as plans_desk
from purser.links.desk import receipts as receipts_desk
from purser.links.queries import checklist, logs, pairs, plans, why
from purser.links.queries import drift as hand_edits
from purser.tenants import organisations

routes = Routes("Desk")


@routes.get("/plans/{uuid:plan}", "plans.read", answers=runs.Plan)
def plan(actor: Actor, now: datetime, plan: UUID) -> runs.Plan:
    """One plan: each change with its money, what is set aside and why, totals per currency, and how far its posting is"""
    return runs.plan(plans.one(plan))


@routes.post("/pairs/{uuid:pair}/previews", "sync.run", answers=Asked)
def preview(actor: Actor, now: datetime, pair: UUID) -> Asked:
    """Ask for a plan from fresh readings that posts nothing

    It appears among the plans in the state preview, unless nothing differs.
    """
    plans_desk.preview(actor, sync_id=pair, now=now)
    return Asked(added=True)


@routes.post("/plans/{uuid:plan}/approve", "plans.approve", answers=runs.Plan)
def approve(actor: Actor, now: datetime, plan: UUID, body: runs.Approval) -> runs.Plan:
    """Approve exactly the plan that was read, and ask for the pass that posts it"""
    plans_desk.approve(actor, plan_id=plan, digest=body.digest, now=now)
    return runs.plan(plans.one(plan))


@routes.post("/plans/{uuid:plan}/reject", "plans.approve", answers=runs.Plan)
def reject(actor: Actor, now: datetime, plan: UUID, body: runs.Rejection) -> runs.Plan:
    """Post nothing of it, and do not ask about the same plan again"""
    plans_desk.reject(actor, plan_id=plan, reason=body.reason, now=now)
    return runs.plan(plans.one(plan))


@routes.get("/postings/{uuid:posting}", "receipts.read", answers=runs.Posting)
def posting(actor: Actor, now: datetime, posting: UUID) -> runs.Posting:
    """One posting and its outcome"""
    return runs.posting(logs.receipt(posting))


@routes.post("/postings/retry", "receipts.retry", answers=Some[Answer])
def retry(actor: Actor, now: datetime, body: runs.Ids) -> Some[Answer]:
    """Try failed postings again with the next pass, each alone

    Always 200: read in `rows` what became of each.
    """
    answers = receipts_desk.retry(actor, receipt_ids=body.ids, now=now)
    return Some(rows=[Answer(id=one.receipt_id, ok=one.ok, text=one.text) for one in answers])


@routes.post("/postings/{uuid:posting}/decide", "receipts.retry", answers=runs.Posting)
def decide_posting(actor: Actor, now: datetime, posting: UUID, body: runs.Finding) -> runs.Posting:
    """Say what became of a posting whose answer was lost, after a look into the PSA"""
    return runs.posting(receipts_desk.decide(actor, receipt_id=posting, applied=body.applied, now=now))


@routes.get("/hand-edits/{uuid:drift}", "links.read", answers=edits.HandEdit)
def hand_edit(actor: Actor, now: datetime, drift: UUID) -> edits.HandEdit:
    """One hand edit: three counts, what was decided, and who changed what on its relation"""
    found = hand_edits.one(drift)
    return edits.hand_edit(found, why.history(found.link_id))


@routes.post("/hand-edits/decide", "drift.decide", answers=Some[Answer])
def decide_hand_edits(actor: Actor, now: datetime, body: runs.Decision) -> Some[Answer]:
    """Say which side is right, each alone

    Always 200: read in `rows` what became of each.
    """
    answers = drift_desk.decide(actor, drift_ids=body.ids, decision=body.decision, now=now)
    return Some(rows=[Answer(id=one.drift_id, ok=one.ok, text=one.text) for one in answers])


@routes.get("/pairs/{uuid:pair}/checklist", "reports.read", answers=reports.CheckList)
def check_list(actor: Actor, now: datetime, pair: UUID) -> reports.CheckList:
    """The check list before invoicing, for the month of today"""
    today = organisations.today(organisation=organisations.own(), now=now)
    return reports.checklist(checklist.of(pairs.find(pair), today=today, now=now))


@routes.post("/pairs/{uuid:pair}/checklist", "checklist.accept", answers=reports.CheckList)
def accept(actor: Actor, now: datetime, pair: UUID, body: sent.Acceptance) -> reports.CheckList:
    """Accept an item as it is, for the month of today"""
    checklist_desk.accept(actor, sync_id=pair, item=body.item, count=body.count, reason=body.reason, now=now)
    return check_list(actor, now, pair)
