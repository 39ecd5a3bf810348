"""The provider, the card on file, purchases with their attempts, refunds, and the provider's events.

The provider and its events are the operator's rows, who is the merchant; all else is the partner's.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from purser.billing.models.buying import Quote
from purser.postgres.models import TenantModel, Walls, tenant_key


class Provider(TenantModel):
    """The operator's account at the payment provider; its key and the keys of its webhooks are in the vault."""

    walls: ClassVar[Walls] = Walls(history=True, unkept=("tested_at",))

    url = models.CharField(max_length=300)
    cards_only = models.BooleanField(default=True)
    tested_at = models.DateTimeField(null=True)
    tested_text = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField()
    version = models.IntegerField(default=1)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant"], name="provider_once"),
        ]


class Card(TenantModel):
    """The card on file: what we may know of it, and no more (decision S-1). At most one is not removed.

    `payer` and `token` are the provider's ids. The operator reads it, whose provider tells of cards by their tokens.
    """

    walls: ClassVar[Walls] = Walls(history=True, operator_reads=True)

    payer = models.CharField(max_length=100)
    token = models.CharField(max_length=100)
    brand = models.CharField(max_length=20)
    last_four = models.CharField(max_length=4)
    expiry_month = models.IntegerField()
    expiry_year = models.IntegerField()
    stored_at = models.DateTimeField()
    stored_by_name = models.CharField(max_length=254)
    removed_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant"], condition=Q(removed_at=None), name="card_one_on_file"),
            models.CheckConstraint(condition=Q(last_four__regex=r"^[0-9]{4}$"), name="card_last_four"),
            models.CheckConstraint(condition=Q(expiry_month__gte=1, expiry_month__lte=12), name="card_month"),
        ]


class PurchaseState(models.TextChoices):
    BEGUN = "begun", "Begun"
    CHARGING = "charging", "Asked of the card"
    UNSURE = "unsure", "Answer lost"
    WAITS = "waits", "Waits for the card's holder"
    DECLINED = "declined", "Declined"
    PAID = "paid", "Paid"
    CANCELLED = "cancelled", "Cancelled"


OPEN = (PurchaseState.BEGUN, PurchaseState.CHARGING, PurchaseState.UNSURE, PurchaseState.WAITS, PurchaseState.DECLINED)


class Purchase(TenantModel):
    """Packages of a quote, paid once or not at all. While one is open nothing else is charged (acceptance CS-66).

    `key` is the form's, so that pressing twice is one purchase; `on` the partner's date, for the daily cap. An automatic one
    that was declined is tried again at `next_at`. `text` is what the issuer or a person said last.
    Source: acceptance CS-62, CS-64, CS-66; reliability P1, P7.
    """

    walls: ClassVar[Walls] = Walls(history=True, operator_reads=True)

    number = models.CharField(max_length=30)
    key = models.UUIDField()
    quote = tenant_key(Quote, related_name="purchases")
    cause = models.CharField(max_length=4, choices=[("hand", "By hand"), ("auto", "Automatic")])
    on = models.DateField()
    state = models.CharField(max_length=9, choices=PurchaseState.choices, default=PurchaseState.BEGUN)
    currency = models.CharField(max_length=3)
    total = models.DecimalField(max_digits=14, decimal_places=2)
    units = models.BigIntegerField()
    card = tenant_key(Card, null=True, related_name="+")
    payment = models.CharField(max_length=100, blank=True)
    tries = models.IntegerField(default=0)
    next_at = models.DateTimeField(null=True)
    code = models.CharField(max_length=60, blank=True)
    text = models.CharField(max_length=500, blank=True)
    made_at = models.DateTimeField()
    made_by_name = models.CharField(max_length=254)
    paid_at = models.DateTimeField(null=True)
    version = models.IntegerField(default=1)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "number"], name="purchase_number_once"),
            models.UniqueConstraint(fields=["tenant", "key"], name="purchase_key_once"),
            models.UniqueConstraint(
                fields=["tenant"], condition=Q(state__in=[s.value for s in OPEN]), name="purchase_one_open"
            ),
            models.CheckConstraint(condition=Q(state__in=PurchaseState.values), name="purchase_state_known"),
            models.CheckConstraint(condition=Q(total__gt=0, units__gte=1), name="purchase_above_nought"),
            models.CheckConstraint(
                condition=~Q(state=PurchaseState.PAID) | (Q(paid_at__isnull=False) & ~Q(payment="")), name="purchase_paid_by"
            ),
        ]
        indexes = [models.Index(fields=["tenant", "made_at", "id"], name="purchase_by_time")]


class AttemptState(models.TextChoices):
    INTENDED = "intended", "Intended"
    PAID = "paid", "Paid"
    PENDING = "pending", "Under way"
    DECLINED = "declined", "Declined"
    REFUSED = "refused", "Refused"
    UNSURE = "unsure", "Answer lost"


class Attempt(TenantModel):
    """The receipt of one charge of a card: kept before the provider is called, settled after. `once` is the provider's key."""

    walls: ClassVar[Walls] = Walls(history=True)

    purchase = tenant_key(Purchase, related_name="attempts")
    number = models.IntegerField()
    once = models.CharField(max_length=100)
    state = models.CharField(max_length=8, choices=AttemptState.choices, default=AttemptState.INTENDED)
    payment = models.CharField(max_length=100, blank=True)
    code = models.CharField(max_length=60, blank=True)
    text = models.CharField(max_length=500, blank=True)
    intended_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "purchase", "number"], name="attempt_number_once"),
            models.UniqueConstraint(fields=["tenant", "once"], name="attempt_key_once"),
            models.CheckConstraint(condition=Q(state__in=AttemptState.values), name="attempt_state_known"),
        ]


class RefundState(models.TextChoices):
    INTENDED = "intended", "Intended"
    PENDING = "pending", "Under way"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"
    UNSURE = "unsure", "Answer lost"


class Refund(TenantModel):
    """Money given back for units taken back. The row is kept before the provider is called."""

    walls: ClassVar[Walls] = Walls(history=True, operator_reads=True)

    number = models.CharField(max_length=30)
    purchase = tenant_key(Purchase, related_name="refunds")
    key = models.UUIDField()
    once = models.CharField(max_length=100)
    money = models.DecimalField(max_digits=14, decimal_places=2)
    units = models.BigIntegerField()
    reason = models.CharField(max_length=300)
    state = models.CharField(max_length=8, choices=RefundState.choices, default=RefundState.INTENDED)
    provider_id = models.CharField(max_length=100, blank=True)
    text = models.CharField(max_length=500, blank=True)
    made_at = models.DateTimeField()
    made_by_name = models.CharField(max_length=254)
    settled_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "number"], name="refund_number_once"),
            models.UniqueConstraint(fields=["tenant", "key"], name="refund_key_once"),
            models.UniqueConstraint(fields=["tenant", "once"], name="refund_once"),
            models.CheckConstraint(condition=Q(state__in=RefundState.values), name="refund_state_known"),
            models.CheckConstraint(condition=Q(money__gt=0, units__gte=0), name="refund_above_nought"),
        ]


class VisitState(models.TextChoices):
    OPEN = "open", "Open"
    DONE = "done", "Done"
    EXPIRED = "expired", "Expired"


class Visit(TenantModel):
    """A page of the provider's that somebody was sent to: to store a card, or to pay a purchase in person.

    The page's address opens it for whoever has it, so it is kept nowhere.
    """

    walls: ClassVar[Walls] = Walls(history=True)

    page = models.CharField(max_length=200)
    purchase = tenant_key(Purchase, null=True, related_name="visits")
    state = models.CharField(max_length=7, choices=VisitState.choices, default=VisitState.OPEN)
    opened_at = models.DateTimeField()
    opened_by_name = models.CharField(max_length=254)
    closed_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "page"], name="visit_page_once"),
            models.CheckConstraint(condition=Q(state__in=VisitState.values), name="visit_state_known"),
        ]


class Event(TenantModel):
    """A webhook of the provider's, kept once however often it is told; a hint to look. The row is the operator's.

    Source: reliability P39, section 4.
    """

    event = models.CharField(max_length=200)
    topic = models.CharField(max_length=10)
    about = models.CharField(max_length=200, blank=True)
    name = models.CharField(max_length=100)
    made_at = models.DateTimeField()
    received_at = models.DateTimeField()
    handled_at = models.DateTimeField(null=True)
    text = models.CharField(max_length=500, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "event"], name="payment_event_once"),
        ]
        indexes = [models.Index(fields=["tenant", "received_at"], name="payment_event_by_time")]
