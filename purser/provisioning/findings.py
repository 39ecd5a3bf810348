"""What somebody changed at the vendor, in the seat of the account's organisation. Source: issue of vendors' tenants, 4.

A difference is told once; accepted it is told again only when the vendor shows something else.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from purser.access import permit
from purser.access.actors import Actor
from purser.kernel.errors import Missing, Refused
from purser.postgres import ids, tenancy
from purser.provisioning import desk, places
from purser.provisioning.models import Account, Finding, FindingState

Pair = tuple[str, str]  # what we hold, and what the vendor has
GONE, MOVED, MORE = "gone", "parent", "more"
LABELS = {GONE: "Deleted", MOVED: "Moved", MORE: "Switched on in addition"}
# What is left to a person, and what to do: nothing is made anew or moved, and nothing taken away that may be in use.
BY_HAND = {
    GONE: "Adopt another tenant, or remove the account.",
    MOVED: "Move it back in the vendor's portal, or accept it.",
    MORE: "Sell it, switch it off in the vendor's portal, or accept it.",
}
NOT_HEALED = frozenset(BY_HAND)


def see(account: Account, differences: Mapping[str, Pair], *, looked_at: frozenset[str], now: datetime) -> list[str]:
    """Keep what a comparison showed of the things it `looked_at`; those that are open now, and were not accepted."""
    left = []
    accepted = accepted_of(account.pk)
    for what, pair in differences.items():
        ours, theirs = (text[:1000] for text in pair)
        if accepted.get(what) == (ours, theirs):
            continue
        left.append(what)
        row = Finding.objects.filter(account=account, what=what, state=FindingState.OPEN).first()
        if row is not None and (row.ours, row.theirs) == (ours, theirs):
            continue
        if row is not None:
            _end(row, FindingState.GONE, "", "The vendor shows something else now.", now)
        Finding(
            id=ids.new(), account=account, partner_id=account.partner_id, distributor_id=account.distributor_id, what=what,
            ours=ours, theirs=theirs, seen_at=now,
        ).save(force_insert=True)  # fmt: skip
    in_step(account.pk, looked_at - differences.keys(), now=now)
    return left


def in_step(account: UUID, whats: frozenset[str], *, now: datetime, healed_by: str = "") -> None:
    """These are as we hold them again; put right by us where somebody is named."""
    state = FindingState.HEALED if healed_by else FindingState.GONE
    for row in Finding.objects.filter(account_id=account, what__in=whats, state=FindingState.OPEN):
        _end(row, state, healed_by, "", now)


def accepted_of(account: UUID) -> dict[str, Pair]:
    """By thing, the difference that a person accepted last."""
    rows = Finding.objects.filter(account_id=account, state=FindingState.ACCEPTED).order_by("ended_at", "id")
    return {row.what: (row.ours, row.theirs) for row in rows}


def left_so(account: UUID) -> frozenset[str]:
    """The things that stay as somebody changed them: accepted, and nothing else was seen of them since."""
    open_ = Finding.objects.filter(account_id=account, state=FindingState.OPEN).values_list("what", flat=True)
    return frozenset(accepted_of(account).keys() - set(open_))


def find(actor: Actor, organisation: UUID, id: UUID) -> tuple[desk.Case, Finding]:
    """Raises Missing for one that is not open, or of an account that is not below the actor's organisation."""
    places.below(actor, organisation)  # first: another's finding and none are the same answer, in the same time
    with tenancy.acting_in(organisation):
        row = Finding.objects.select_related("account").filter(pk=id, state=FindingState.OPEN).first()
    if row is None:
        raise Missing("There is no such finding.")
    return desk.case(actor, organisation, row.account.instance), row


def accept(actor: Actor, organisation: UUID, id: UUID, *, why: str, now: datetime) -> Finding:
    """It stays at the vendor as somebody changed it. Takes its seats itself. Raises Missing, Refused without a reason."""
    permit.check(actor, desk.DECIDE)
    found, row = find(actor, organisation, id)
    words = " ".join(why.split())[:500]
    if not words:
        raise Refused("Say why it may stay so.", code="reason")
    with desk.noted(actor, found, desk.DECIDE, f"Accepted at the vendor: {row.theirs}"[:300], after={"why": words}, now=now):
        held = Finding.objects.select_for_update().get(pk=id)
        if held.state != FindingState.OPEN:
            raise Refused("Somebody saw to it meanwhile.", code="state", hint="Read it again.")
        _end(held, FindingState.ACCEPTED, actor.name, words, now)
    return held


def heal(actor: Actor, organisation: UUID, id: UUID, *, now: datetime) -> Finding:
    """Have the account put right at the vendor as we hold it, this and what else differs there. Takes its seats itself.

    Raises Missing, Refused for what is left to a person.
    """
    permit.check(actor, desk.DECIDE)
    found, row = find(actor, organisation, id)
    if row.what in NOT_HEALED:
        raise Refused(f"{row.theirs} That is not put right by itself.", code="by_hand", hint=BY_HAND[row.what])
    with desk.noted(actor, found, desk.DECIDE, f"Put right at the vendor: {row.ours}"[:300], now=now) as account:
        desk.later(found.tenant, account.pk, heal=True)
    return row


def _end(row: Finding, state: str, by: str, why: str, now: datetime) -> None:
    row.state, row.ended_at, row.ended_by_name, row.why = state, now, by[:254], why
    row.save(update_fields=["state", "ended_at", "ended_by_name", "why"])
