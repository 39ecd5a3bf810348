"""Shapes of the catalog, price lists and what is on sale."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from purser.api.schemas.common import Number, Out, Sent
from purser.catalog import offers, selling, sheets
from purser.catalog.models import Offer as OfferRow
from purser.catalog.models import Product as ProductRow
from purser.catalog.models import Vendor as VendorRow
from purser.catalog.products import Described

Short = Annotated[str, Field(min_length=1, max_length=200)]
Text = Annotated[str, Field(max_length=4000)]
Seen = Annotated[int, Field(ge=0, le=999_999_999)]
CycleName = Literal["monthly", "yearly"]
Many = Annotated[int, Field(ge=0, le=offers.LARGEST)]


class CatalogVendor(Out):
    id: UUID
    name: str
    kind: str
    version: int


class VendorMake(Sent):
    """`kind` is that of the instances by which it is provisioned."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    kind: Annotated[str, Field(pattern="^[a-z0-9_]{1,20}$")]


class VendorRename(Sent):
    name: Annotated[str, Field(min_length=1, max_length=100)]
    version: Seen


class CatalogProduct(Out):
    id: UUID
    vendor: UUID
    vendor_name: str
    name: str
    category: str
    group: str
    description: str
    version: int


class ProductPut(Sent):
    name: Short
    category: Annotated[str, Field(min_length=1, max_length=100)]
    group: Annotated[str, Field(min_length=1, max_length=100)]
    description: Text = ""

    def described(self) -> Described:
        return Described(self.name, self.category, self.group, self.description)


class ProductMake(ProductPut):
    vendor: UUID


class ProductChange(ProductPut):
    version: Seen


class CatalogOffer(Out):
    """`code` is the item code, `term_months` the subscription period (0: no longer than the cycle). `maximum` null: no limit.
    `addon_of` is the product it can be added to; `services` and `mode` are what the vendor switches on for it.
    """

    id: UUID
    product: UUID
    product_name: str
    vendor_name: str
    category: str
    group: str
    description: str
    code: str
    name: str
    cycle: str
    term_months: int
    cancel_days: int
    unit: str
    minimum: int
    maximum: int | None
    addon_of: UUID | None
    trial: bool
    metered: bool
    meter: str
    services: list[str]
    mode: str
    on_sale: bool
    version: int


class OfferPut(Sent):
    """Of what is billed by usage, `meter` is the vendor's name of what is counted; its quantity is 1."""

    code: Annotated[str, Field(min_length=1, max_length=60)]
    name: Short
    cycle: CycleName
    term_months: Annotated[int, Field(ge=0, le=offers.LONGEST_TERM)] = 0
    cancel_days: Annotated[int, Field(ge=0, le=366)] = 0
    unit: Annotated[str, Field(min_length=1, max_length=40)] = "licence"
    minimum: Annotated[int, Field(ge=1, le=offers.LARGEST)] = 1
    maximum: Annotated[int, Field(ge=1, le=offers.LARGEST)] | None = None
    addon_of: UUID | None = None
    trial: bool = False
    meter: Annotated[str, Field(max_length=120)] = ""
    services: Annotated[list[Annotated[str, Field(min_length=1, max_length=100)]], Field(max_length=50)] = []
    mode: Annotated[str, Field(max_length=60)] = ""

    def terms(self, before: offers.Terms | None = None) -> offers.Terms:
        return offers.Terms(
            self.code, self.name, self.cycle, self.term_months, self.cancel_days, self.unit, self.minimum, self.maximum,
            self.addon_of, self.trial, bool(self.meter), self.meter, tuple(self.services), self.mode,
            before.further if before else {},
        )  # fmt: skip


class OfferMake(OfferPut):
    product: UUID


class OfferChange(OfferPut):
    version: Seen


class OfferSeen(Sent):
    """`version` is the one you saw."""

    version: Seen


class OffersFile(Sent):
    """`table` is CSV with the columns of the file that a GET answers, in any order. Without `digest` it is only looked
    through; with that of the answer, what was shown is written.
    """

    table: Annotated[str, Field(min_length=1, max_length=900_000)]
    digest: Annotated[str, Field(max_length=64)] = ""


class OffersTable(Out):
    """`table` is CSV of the offers on sale, which a POST takes back and finds nothing to change."""

    table: str
    offers: int


class OfferDifference(Out):
    field: str
    before: str
    after: str


class OfferRead(Out):
    row: int
    code: str
    what: str
    differences: list[OfferDifference]


class OffersRead(Out):
    """What a file of offers changes; `applied` when it was written."""

    new: int
    changed: int
    same: int
    new_products: list[str]
    rows: list[OfferRead]
    digest: str
    applied: bool


class OnSale(Out):
    """An offer as it is on sale to you: `price` is what one unit costs you for a cycle."""

    offer: UUID
    product: UUID
    code: str
    name: str
    product_name: str
    vendor_name: str
    category: str
    group: str
    description: str
    cycle: str
    term_months: int
    cancel_days: int
    minimum: int
    maximum: int | None
    unit: str
    trial: bool
    metered: bool
    addon_of: UUID | None
    price: Number
    currency: str
    listed: str


def vendor(row: VendorRow) -> CatalogVendor:
    return CatalogVendor(id=row.pk, name=row.name, kind=row.kind, version=row.version)


def product(row: ProductRow) -> CatalogProduct:
    return CatalogProduct(
        id=row.pk, vendor=row.vendor_id, vendor_name=row.vendor.name, name=row.name, category=row.category, group=row.group,
        description=row.description, version=row.version,
    )  # fmt: skip


def offer(row: OfferRow) -> CatalogOffer:
    of, terms = row.product, offers.of_row(row)
    return CatalogOffer(
        id=row.pk, product=of.pk, product_name=of.name, vendor_name=of.vendor.name, category=of.category, group=of.group,
        description=of.description, code=row.code, name=row.name, cycle=row.cycle, term_months=row.term_months,
        cancel_days=row.cancel_days, unit=row.unit, minimum=row.minimum, maximum=row.maximum, addon_of=row.addon_of_id,
        trial=row.trial, metered=row.metered, meter=row.meter, services=list(terms.services), mode=terms.mode,
        on_sale=row.withdrawn_at is None, version=row.version,
    )  # fmt: skip


def read(shown: sheets.Preview, *, applied: bool) -> OffersRead:
    return OffersRead(
        new=shown.new, changed=shown.changed, same=shown.same, new_products=list(shown.new_products), digest=shown.digest,
        applied=applied,
        rows=[
            OfferRead(
                row=one.wanted.row, code=one.wanted.terms.code, what=one.what,
                differences=[OfferDifference(field=name, before=old, after=new) for name, old, new in one.differences],
            )
            for one in shown.changes
        ],
    )  # fmt: skip


def on_sale(one: selling.Sellable) -> OnSale:
    return OnSale(**{name: getattr(one, name) for name in OnSale.model_fields})
