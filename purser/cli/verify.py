"""`purser verify`: every invariant, tenant by tenant, in the tenant's own seat."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from django.db import connection

from purser.access import checks as access_checks
from purser.audit import chain, paper
from purser.billing.buying import checks as buying_checks
from purser.billing.paying import checks as paying_checks
from purser.billing.usage import checks as usage_checks
from purser.kernel.problem import Problem
from purser.ledger import checks as ledger_checks
from purser.links import checks as links_checks
from purser.postgres import checks as wall_checks
from purser.postgres import tenancy
from purser.tenants import organisations


def problems(*, now: datetime, only: UUID | None = None) -> list[tuple[str, Problem]]:
    """All that is wrong, each with the organisation's name ("" for the database as a whole)."""
    found = [("", p) for p in wall_checks.check(connection)]
    with tenancy.listing_all():
        everyone = organisations.everyone()
    for organisation in everyone:
        if only is not None and organisation.pk != only:
            continue
        with tenancy.acting_in(organisation.pk):
            for check in (
                ledger_checks.check(now=now),
                links_checks.check(now=now),
                usage_checks.check(now=now),
                paying_checks.check(now=now),
                buying_checks.check(now=now),
                access_checks.check(kind=organisation.kind),
                chain.check(now=now),
            ):
                found += [(organisation.name, p) for p in check]
    return found


def verify(only: UUID | None) -> int:
    """Print what is broken; 0 when nothing is, 2 when there is no such organisation."""
    if only is not None and only not in organisations.ids_of_all():
        print(f"There is no organisation {only}; nothing was checked.", file=sys.stderr)
        return 2
    found = problems(now=datetime.now(UTC), only=only)
    for name, problem in found:
        print(f"{problem.code:18} {name or 'database'}: {problem.of}: {problem.text}")
    print(f"{len(found)} problems found." if found else "Nothing found: all invariants hold.")
    return 1 if found else 0


def verify_acts(file: Path, anchors: Path | None) -> int:
    """Check an exported record of acts alone, without the database; 0 when it holds."""
    try:
        with file.open(encoding="utf-8") as text:
            if anchors is None:
                verdict = paper.verify(text)
            else:
                with anchors.open(encoding="utf-8") as known:
                    verdict = paper.verify(text, known)
    except (OSError, UnicodeDecodeError) as wrong:
        print(f"The file cannot be read: {wrong}", file=sys.stderr)
        return 2
    if verdict.problem:
        print(f"{verdict.acts} acts hold. {verdict.problem}")
        return 1
    print(f"All {verdict.acts} acts of {verdict.tenant} hold, {verdict.on_behalf} of them on behalf of it.")
    return 0
