"""What runs each hour over all tenants: seal, then write the new heads to the anchors."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from purser.audit import chain, paper
from purser.postgres import tenancy
from purser.tenants import organisations


def every_tenant(folder: Path, *, now: datetime) -> int:
    """Seal and anchor; how many chains grew. Takes each tenant's seat in turn."""
    grown = 0
    for tenant in organisations.ids_of_all():
        with tenancy.acting_in(tenant):
            if not chain.seal(now=now):
                continue
            number, digest = chain.head()
        paper.anchor(folder, tenant, number, digest, now=now)
        grown += 1
    return grown
