"""The lists that the portal shows too: where the API has each, and the rights that it and its file need."""

from __future__ import annotations

from dataclasses import dataclass

from purser.links.lists import bought, drift, logs, passes
from purser.lists import acts
from purser.lists.model import Table
from purser.notices import lists as notices
from purser.partners import lists as partners


@dataclass(frozen=True)
class Shared:
    path: str
    verb: str
    table: Table
    export: str = "reports.export"


SHARED = (
    Shared("/reports/subscriptions", "reports.read", bought.SUBSCRIPTIONS),
    Shared("/reports/linked", "reports.read", bought.LINKED),
    Shared("/reports/unlinked", "reports.read", bought.UNLINKED),
    Shared("/reports/success-log", "reports.read", logs.SUCCESS),
    Shared("/reports/failure-log", "reports.read", logs.FAILURES),
    Shared("/reports/movements", "reports.read", logs.MOVEMENTS),
    Shared("/hand-edits", "links.read", drift.DRIFT),
    Shared("/plans", "plans.read", passes.PLANS),
    Shared("/runs", "sync.read", passes.RUNS),
    Shared("/acts", "acts.read", acts.ACTS, export="acts.read"),
    Shared("/notices", "notices.read", notices.NOTICES, export="notices.read"),
    Shared("/consent/acts", "consent.read", acts.ON_BEHALF, export="consent.export"),
    Shared("/tenants", "tenants.read", partners.TENANTS, export="tenants.read"),
    Shared("/tenants/below", "tenants.read", partners.BELOW, export="tenants.read"),
    Shared("/organisations", "operator.organisations.read", partners.ORGANISATIONS, export="operator.organisations.read"),
)
TABLES = {one.table.name: one.table for one in SHARED}
