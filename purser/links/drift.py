"""Hand edits in the PSA: three counts, who wins, and the record. Source: acceptance ID-30; architecture."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from purser.kernel import digest
from purser.kernel.errors import Missing, Refused
from purser.ledger import entries
from purser.links.models import Drift, Link
from purser.links.models.connections import Policy
from purser.links.models.relations import LinkState
from purser.links.models.runs import DriftState
from purser.notices import outbox
from purser.postgres import tenancy


def begin(link: Link, *, psa_units: Decimal, now: datetime, on: date) -> None:
    """The first reading of a new link: from here on we know what the PSA must show."""
    link.baseline_units = link.expected_units = psa_units
    link.save(update_fields=["baseline_units", "expected_units"])
    _enter(link, "opening", psa_units, on=on, now=now, source=f"baseline:{link.pk}")


def see(link: Link, *, marketplace_units: Decimal, psa_units: Decimal, policy: str, now: datetime, on: date) -> Drift:
    """The PSA does not show what we posted. Records it once, and acts on the policy; never changes the PSA itself.

    Marketplace wins: the record stays open until a posting has healed it. PSA wins: the difference is accepted and kept as
    the link's offset. Ask: nothing is posted until a person decides. An edit that already equals the marketplace is adopted.
    """
    found = Drift.objects.filter(link=link, state=DriftState.OPEN).first()
    if found is not None and found.psa_units != psa_units:
        # edited again before it was decided or healed: the first record closes, and a new one opens if there is drift
        back = psa_units == link.expected_units
        _close(found, DriftState.ADOPTED, "taken back" if back else "edited again", now=now, by=None)
        if back:
            return found
        found = None
    new = found is None
    if found is None:
        found = Drift.objects.create(
            link=link,
            seen_at=now,
            marketplace_units=marketplace_units,
            expected_units=link.expected_units or Decimal(0),
            psa_units=psa_units,
            policy=policy,
        )
    if psa_units == marketplace_units:
        _close(found, DriftState.ADOPTED, "equal", now=now, by=None)
        _acknowledge(link, found, now=now, on=on)
    elif found.decision == Policy.MARKETPLACE or (not found.decision and policy == Policy.MARKETPLACE):
        _acknowledge(link, found, now=now, on=on)
    elif found.decision == Policy.PSA or (not found.decision and policy == Policy.PSA):
        _accept(link, found, now=now, on=on, by=None)
    else:
        if new:
            _tell_waits(link, found, now)
        Link.objects.filter(pk=link.pk).update(state=LinkState.WAITING)
    return found


def _tell_waits(link: Link, found: Drift, now: datetime) -> None:
    """Of the first hand edit that waits in a pair: while one does, the next hundred are no further news."""
    undecided = Drift.objects.filter(link__sync_id=link.sync_id, state=DriftState.OPEN, policy=Policy.ASK, decision="")
    if undecided.exclude(pk=found.pk).exists():
        return
    name = link.resource.name
    outbox.post(
        "hand_edit_waits",
        audience=tenancy.tenant(),
        subject=f"Somebody changed {name} by hand",
        lines=[
            f"We posted {digest.units(found.expected_units)}, the PSA shows {digest.units(found.psa_units)}, "
            f"the marketplace {digest.units(found.marketplace_units)}.",
            "Nothing is posted for it before somebody decides which side is right.",
        ],
        page="drift",
        about=[("sync", link.sync_id)],
        by_job=True,
        now=now,
    )


def decide(drift_id: UUID, *, decision: str, by: UUID, now: datetime, on: date) -> Drift:
    """A person says who wins. Raises Missing, or Refused when it was closed meanwhile."""
    found = Drift.objects.select_for_update().filter(pk=drift_id).select_related("link__resource").first()
    if found is None:
        raise Missing("There is no such hand edit.")
    if found.state != DriftState.OPEN:
        raise Refused(f"This hand edit is {found.get_state_display().lower()} already.", code="state")
    if decision == Policy.PSA:
        _accept(found.link, found, now=now, on=on, by=by)
    elif decision == Policy.MARKETPLACE:
        found.decision, found.closed_by_id = decision, by
        found.save()
        Link.objects.filter(pk=found.link_id, state=LinkState.WAITING).update(state=LinkState.BEHIND)
    else:
        raise Refused(f"{decision!r} is no decision: choose marketplace or psa.", code="decision")
    return found


def healed(link_id: UUID, *, receipt_id: UUID, now: datetime) -> int:
    """A posting brought the PSA back: the open record of the link is closed with it."""
    return Drift.objects.filter(link_id=link_id, state=DriftState.OPEN).update(
        state=DriftState.HEALED, closed_at=now, receipt_id=receipt_id
    )


def open_links(sync_id: UUID) -> set[UUID]:
    return set(Drift.objects.filter(link__sync_id=sync_id, state=DriftState.OPEN).values_list("link_id", flat=True))


def _acknowledge(link: Link, found: Drift, *, now: datetime, on: date) -> None:
    """What we expect is now what the PSA shows; the edit is in the ledger, so the sums still prove themselves."""
    before = link.expected_units or Decimal(0)
    if before == found.psa_units:
        return
    link.expected_units = found.psa_units
    link.save(update_fields=["expected_units"])
    _enter(link, "hand", found.psa_units - before, on=on, now=now, source=f"drift:{found.pk}:{now.isoformat()}")


def _accept(link: Link, found: Drift, *, now: datetime, on: date, by: UUID | None) -> None:
    link.offset = link.offset + found.psa_units - found.marketplace_units
    link.save(update_fields=["offset"])
    _close(found, DriftState.ACCEPTED, Policy.PSA, now=now, by=by)
    _acknowledge(link, found, now=now, on=on)


def _close(found: Drift, state: str, decision: str, *, now: datetime, by: UUID | None) -> None:
    found.state, found.decision, found.closed_at, found.closed_by_id = state, decision, now, by
    found.save()


def _enter(link: Link, other: str, units: Decimal, *, on: date, now: datetime, source: str) -> None:
    if units:
        legs = [
            entries.Leg("psa", link.pk, entries.UNIT, units),
            entries.Leg(other, link.pk, entries.UNIT, -units),
        ]
        entries.post(kind=other, on=on, source=source, legs=legs, now=now)
