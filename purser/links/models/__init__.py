"""The tables of links, by what they hold: connections, the mirror of both sides, relations, runs."""

from purser.links.models.connections import Alarm, Connection, Sync
from purser.links.models.mirror import (
    SourceCustomer,
    SourceResource,
    SourceSubscription,
    TargetAccount,
    TargetAgreement,
    TargetService,
)
from purser.links.models.relations import CompanyLink, Link, SubscriptionLink
from purser.links.models.runs import Acceptance, Drift, Movement, Receipt, Run, StoredPlan

__all__ = [
    "Acceptance",
    "Alarm",
    "CompanyLink",
    "Connection",
    "Drift",
    "Link",
    "Movement",
    "Receipt",
    "Run",
    "SourceCustomer",
    "SourceResource",
    "SourceSubscription",
    "StoredPlan",
    "SubscriptionLink",
    "Sync",
    "TargetAccount",
    "TargetAgreement",
    "TargetService",
]
