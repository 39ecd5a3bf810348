from purser.subscriptions.models.feeds import CalendarFeed
from purser.subscriptions.models.metering import Counts, CycleCharge, MeterReading
from purser.subscriptions.models.orders import ORDER_STEPS, ApprovalRule, LineKind, Order, OrderLine, OrderState, Trigger
from purser.subscriptions.models.subscriptions import (
    LIVE,
    SUBSCRIPTION_STEPS,
    Event,
    PlannedChange,
    PlannedState,
    Source,
    Subscription,
    SubscriptionPrice,
    SubscriptionState,
    TierPrice,
)

__all__ = [
    "LIVE",
    "ORDER_STEPS",
    "SUBSCRIPTION_STEPS",
    "ApprovalRule",
    "CalendarFeed",
    "Counts",
    "CycleCharge",
    "Event",
    "LineKind",
    "MeterReading",
    "Order",
    "OrderLine",
    "OrderState",
    "PlannedChange",
    "PlannedState",
    "Source",
    "Subscription",
    "SubscriptionPrice",
    "SubscriptionState",
    "TierPrice",
    "Trigger",
]
