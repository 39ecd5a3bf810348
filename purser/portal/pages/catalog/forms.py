"""The forms of the catalog."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms

from purser.catalog.models import Cycle, Offer, Product, Side
from purser.catalog.offers import Terms
from purser.catalog.products import Described


class VendorForm(forms.Form):
    name = forms.CharField(label="Name", max_length=100)
    kind = forms.ChoiceField(label="Provisioned as", help_text="The kind of the vendor's instances.")

    def __init__(self, *args: Any, kinds: list[tuple[str, str]], **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["kind"].choices = kinds  # type: ignore[attr-defined]


class RenameForm(forms.Form):
    name = forms.CharField(label="Name", max_length=100)
    version = forms.IntegerField(widget=forms.HiddenInput)


class ProductForm(forms.Form):
    vendor = forms.ChoiceField(label="Vendor")
    name = forms.CharField(label="Name", max_length=200)
    category = forms.CharField(label="Category", max_length=100, help_text="How people find it: first the category ...")
    group = forms.CharField(label="Product group", max_length=100, help_text="... then the billing cycle, then the group.")
    description = forms.CharField(
        label="Product information", max_length=4000, required=False, widget=forms.Textarea(attrs={"rows": 4})
    )
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, vendors: list[tuple[str, str]], **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["vendor"].choices = vendors  # type: ignore[attr-defined]

    def described(self) -> Described:
        said = self.cleaned_data
        return Described(said["name"], said["category"], said["group"], said["description"])


def product_initial(row: Product) -> dict[str, Any]:
    names = ("name", "category", "group", "description", "version")
    return {"vendor": str(row.vendor_id)} | {name: getattr(row, name) for name in names}


class OfferForm(forms.Form):
    product = forms.ChoiceField(label="Product")
    code = forms.CharField(label="Item code", max_length=60)
    name = forms.CharField(label="Name", max_length=200)
    cycle = forms.ChoiceField(label="Billing cycle", choices=Cycle.choices)
    term_months = forms.IntegerField(
        label="Subscription period in months", min_value=0, initial=0, help_text="0 binds for no longer than a cycle."
    )
    cancel_days = forms.IntegerField(
        label="Days in which it can be cancelled", min_value=0, initial=0, help_text="After the start or a renewal of a term."
    )
    unit = forms.CharField(label="Unit", max_length=40, initial="licence")
    minimum = forms.IntegerField(label="Least quantity", min_value=1, initial=1)
    maximum = forms.IntegerField(label="Largest quantity", min_value=1, required=False)
    addon_of = forms.ChoiceField(label="Add-on of", required=False)
    trial = forms.BooleanField(label="It is a trial", required=False)
    meter = forms.CharField(
        label="Billed by usage", max_length=120, required=False, help_text="The vendor's name of what is counted; else empty."
    )
    services = forms.CharField(
        label="Services", max_length=500, required=False, help_text="What the vendor switches on for it, parted by commas."
    )
    mode = forms.CharField(label="Mode at the vendor", max_length=60, required=False)
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, products: list[tuple[str, str]], **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["product"].choices = products  # type: ignore[attr-defined]
        self.fields["addon_of"].choices = [("", "Nothing: it stands alone"), *products]  # type: ignore[attr-defined]

    def terms(self, before: Terms | None = None) -> Terms:
        said = self.cleaned_data
        return Terms(
            code=said["code"],
            name=said["name"],
            cycle=said["cycle"],
            term_months=said["term_months"],
            cancel_days=said["cancel_days"],
            unit=said["unit"],
            minimum=said["minimum"],
            maximum=said["maximum"],
            addon_of=UUID(said["addon_of"]) if said["addon_of"] else None,
            trial=said["trial"],
            metered=bool(said["meter"]),
            meter=said["meter"],
            services=tuple(filter(None, (one.strip() for one in said["services"].split(",")))),
            mode=said["mode"],
            further=before.further if before else {},
        )


def offer_initial(row: Offer, terms: Terms) -> dict[str, Any]:
    names = ("code", "name", "cycle", "term_months", "cancel_days", "unit", "minimum", "maximum", "trial", "meter", "mode")
    return {
        **{name: getattr(terms, name) for name in names},
        "product": str(row.product_id),
        "addon_of": str(terms.addon_of or ""),
        "services": ", ".join(terms.services),
        "version": row.version,
    }


class FileForm(forms.Form):
    file = forms.FileField(label="File (CSV or XLSX)", help_text="The first row names the columns. At most 2 MB.")


class ListForm(forms.Form):
    name = forms.CharField(label="Name", max_length=100)
    side = forms.ChoiceField(label="It says", choices=Side.choices)
    buyer = forms.ChoiceField(label="For", required=False)
    currency = forms.CharField(label="Currency", max_length=3, help_text="Three letters, like EUR.")
    floor_percent = forms.DecimalField(
        label="Floor of the margin in percent", required=False, max_digits=4, decimal_places=2, min_value=0,
        help_text="A price below it is published only when you confirm it.",
    )  # fmt: skip

    def __init__(self, *args: Any, buyers: list[tuple[str, str]], **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["buyer"].choices = [("", "Everybody"), *buyers]  # type: ignore[attr-defined]


class ListChangeForm(forms.Form):
    name = forms.CharField(label="Name", max_length=100)
    floor_percent = forms.DecimalField(
        label="Floor of the margin in percent", required=False, max_digits=4, decimal_places=2, min_value=0,
        help_text="A price below it is published only when you confirm it.",
    )  # fmt: skip
    version = forms.IntegerField(widget=forms.HiddenInput)
