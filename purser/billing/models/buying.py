"""The price list, what a partner is billed as, the basket, the quote and the papers. Every row is the partner's.

The operator keeps its own price list in its own rows; publishing copies it to each partner (buying/packages.py).
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from purser.access.models import Person
from purser.postgres.models import TenantModel, Walls, tenant_key


class PriceList(TenantModel):
    """The packages on offer from `from_at` on, the latest that has come into force. `number` counts from 1."""

    walls: ClassVar[Walls] = Walls(append_only=True, operator_reads=True)

    number = models.IntegerField()
    currency = models.CharField(max_length=3)
    from_at = models.DateTimeField()
    made_at = models.DateTimeField()
    made_by_name = models.CharField(max_length=254)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "number"], name="price_list_number_once"),
        ]


class Package(TenantModel):
    """`units` at `unit_price` each for `price`; it multiplies out, or is refused (decision F-1)."""

    walls: ClassVar[Walls] = Walls(append_only=True, operator_reads=True)

    price_list = tenant_key(PriceList, related_name="packages")
    code = models.CharField(max_length=40)
    units = models.IntegerField()
    unit_price = models.DecimalField(max_digits=12, decimal_places=6)
    price = models.DecimalField(max_digits=14, decimal_places=2)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "price_list", "code"], name="package_code_once"),
            models.CheckConstraint(condition=Q(units__gte=1, unit_price__gt=0, price__gt=0), name="package_above_nought"),
            models.CheckConstraint(
                condition=Q(price=models.F("units") * models.F("unit_price")), name="package_multiplies_out"
            ),
        ]


class Profile(TenantModel):
    """As whom the partner is billed, and who receives its papers; one row. Source: acceptance CS-61, CS-63."""

    walls: ClassVar[Walls] = Walls(history=True, operator_reads=True)

    company = models.CharField(max_length=200)
    street = models.CharField(max_length=200)
    city = models.CharField(max_length=100)
    state = models.CharField(max_length=100)
    postal_code = models.CharField(max_length=20)
    country = models.CharField(max_length=2)
    tax_number = models.CharField(max_length=40, blank=True)
    contact_name = models.CharField(max_length=200)
    contact_email = models.EmailField(max_length=254)
    version = models.IntegerField(default=1)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant"], name="profile_once"),
        ]


class Basket(TenantModel):
    """What one person has put together and not bought yet: `counts` of packages by code, each from 1 on."""

    person = models.ForeignKey(Person, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+")
    counts = models.JSONField(default=dict)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "person"], name="basket_once"),
        ]


class Series(TenantModel):
    """The last number given of a series ("Q-2026"): numbers follow each other without a gap, so the row is locked."""

    name = models.CharField(max_length=20)
    last = models.IntegerField(default=0)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "name"], name="series_once"),
        ]


class Quote(TenantModel):
    """A price that holds until `expires_at`, as whom it was given to then in `billed_to`. `cause`: by hand, or automatic.

    `price_list` is the number of the list it was made from. Source: acceptance CS-59; reliability P8.
    """

    walls: ClassVar[Walls] = Walls(append_only=True, operator_reads=True)

    number = models.CharField(max_length=30)
    cause = models.CharField(max_length=4, choices=[("hand", "By hand"), ("auto", "Automatic")], default="hand")
    price_list = models.IntegerField()
    currency = models.CharField(max_length=3)
    total = models.DecimalField(max_digits=14, decimal_places=2)
    units = models.BigIntegerField()
    billed_to = models.JSONField(default=dict)
    made_at = models.DateTimeField()
    made_by_name = models.CharField(max_length=254)
    expires_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "number"], name="quote_number_once"),
            models.CheckConstraint(condition=Q(total__gt=0, units__gte=1), name="quote_above_nought"),
        ]
        indexes = [models.Index(fields=["tenant", "made_at", "id"], name="quote_by_time")]


class QuoteLine(TenantModel):
    """`count` packages of a kind, as they were offered."""

    walls: ClassVar[Walls] = Walls(append_only=True, operator_reads=True)

    quote = tenant_key(Quote, related_name="lines")
    place = models.IntegerField()
    code = models.CharField(max_length=40)
    count = models.IntegerField()
    units = models.IntegerField()
    unit_price = models.DecimalField(max_digits=12, decimal_places=6)
    price = models.DecimalField(max_digits=14, decimal_places=2)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "quote", "place"], name="quote_line_once"),
            models.CheckConstraint(condition=Q(count__gte=1, units__gte=1, price__gt=0), name="quote_line_above_nought"),
        ]


class DocumentKind(models.TextChoices):
    QUOTE = "quote", "Quote"
    RECEIPT = "receipt", "Receipt"
    CREDIT = "credit", "Credit note"
    DEBIT = "debit", "Debit note"


class Document(TenantModel):
    """A paper as it was issued, once for what it is `of` (a quote, a purchase, a refund). `digest` is the file's SHA-256.

    A debit note takes back the credit note of a refund that failed after all.
    """

    walls: ClassVar[Walls] = Walls(append_only=True)

    kind = models.CharField(max_length=7, choices=DocumentKind.choices)
    number = models.CharField(max_length=30)
    of = models.UUIDField()
    made_at = models.DateTimeField()
    file = models.BinaryField()
    digest = models.CharField(max_length=64)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "kind", "of"], name="document_once"),
            models.UniqueConstraint(fields=["tenant", "kind", "number"], name="document_number_once"),
            models.CheckConstraint(condition=Q(kind__in=DocumentKind.values), name="document_kind_known"),
        ]


class Sending(TenantModel):
    """A paper on its way to an address by mail; `sent_at` is set before it is sent, so that no crash sends it twice.

    Each paper goes to the billing point of contact once by itself (`asked_by_name` is empty then), and to whom a person says.
    """

    document = tenant_key(Document, related_name="sendings")
    email = models.EmailField(max_length=254)
    asked_at = models.DateTimeField()
    asked_by_name = models.CharField(max_length=254, blank=True)
    sent_at = models.DateTimeField(null=True)
    tries = models.IntegerField(default=0)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["tenant", "document"], condition=Q(asked_by_name=""), name="sending_by_itself_once"
            ),
        ]
