"""Relations as text: taken out, compared, and brought in, in one go. Source: acceptance, mapping as text."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.db import transaction

from purser.access import acts, permit
from purser.access.actors import Actor
from purser.kernel.errors import Refused
from purser.links import rewriting, written
from purser.links.desk import mapping, runs
from purser.links.models import Sync
from purser.links.rewriting import Comparison
from purser.links.written import Fault, Written

LONGEST = 2_000_000  # characters: about 20,000 relations


def export(actor: Actor, *, sync: Sync) -> str:
    """All relations of a pair, readable and in a stable order."""
    permit.check(actor, "mapping.export")
    return rewriting.export(sync)


def compare(actor: Actor, *, sync: Sync, text: str) -> Comparison:
    """What the text would change; changes nothing."""
    permit.check(actor, "mapping.import")
    return rewriting.compare(sync, _read(text))


@transaction.atomic  # an act that tells of it and the change stand or fall together
def bring_in(actor: Actor, *, sync: Sync, text: str, expect: str, remove: bool, now: datetime) -> int:
    """Apply a text that was reviewed; how many relations changed. All of it, or nothing.

    `expect` is the digest of the comparison that was shown: when relations changed meanwhile, it is shown anew instead.
    `remove`: also clear the relations that the text does not name. Raises rewriting.NotApplied with a fault for each line.
    """
    permit.check(actor, "mapping.import")
    comparison = rewriting.compare(sync, _read(text))
    if comparison.digest != expect:
        raise Refused(
            "Relations changed since this text was compared.", code="moved", hint="Look at the changes again, then apply."
        )
    count = len(comparison.changes) - (0 if remove else len(comparison.of("removed")))
    acts.record(
        actor,
        "mapping.import",
        summary=f"Brought in {count} relations from a text",
        of=("sync", sync.pk),
        after={kind: len(comparison.of(kind)) for kind in ("added", "changed", "removed")} | {"remove": remove},
        now=now,
    )
    done = rewriting.apply(sync, comparison, remove=remove, by=actor.person, now=now)
    if done:
        runs.ask(sync, tenant=actor.tenant, cause="link")
    return done


def _read(text: str) -> Written:
    if len(text) > LONGEST:
        raise Refused(
            f"The text has {len(text)} characters; at most {LONGEST} are read.",
            code="long",
            hint="Bring it in in parts, without removing what a part does not name.",
        )
    read = written.parse(text)
    faults = [*read.faults]
    for entry in read.entries:
        terms = entry.terms
        try:
            mapping.check_terms(
                decrease=terms.decrease,
                drift_policy=terms.drift_policy,
                price_source=terms.price_source,
                custom_price=Decimal(terms.custom_price) if terms.custom_price else None,
                usage_divisor=Decimal(terms.usage_divisor) if terms.usage_divisor else None,
            )
        except Refused as refusal:
            faults.append(Fault(entry.line, refusal.text))
    return Written(read.psa, read.entries, tuple(faults))
