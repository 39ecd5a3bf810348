"""Vendors, products, offers, and offers from a file."""

from __future__ import annotations

import io
from typing import Any

import openpyxl
import pytest

from purser.catalog import offers, products, sheets
from purser.catalog.models import Offer, Product
from purser.catalog.offers import Terms
from purser.catalog.products import Described
from purser.flows import ports
from purser.kernel.errors import Missing, Refused
from purser.postgres import tenancy
from tests.access import kit
from tests.catalog.kit import NOW, Shop, shop

FILE = """Vendor,Product,Category,Product group,Item code,Offer,Billing cycle,Term in months,Minimum,Maximum,Add-on of,Services
Acronis,Cyber Protect,Backup,Workloads,P-100,Protect monthly,monthly,,1,500,,"backup, antivirus"
Acronis,Cyber Protect,Backup,Workloads,P-101,Protect yearly,Yearly,12,1,,,
Acronis,Storage,Backup,Storage,S-1,Storage,monthly,,1,,Cyber Protect,
"""


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ({"minimum": 0}, "The minimum: 0 does not fit"),
        ({"minimum": 5, "maximum": 4}, "The maximum: 4 does not fit; it can be 5 to"),
        ({"term_months": -1}, "The term in months: -1"),
        ({"term_months": 18, "cycle": "yearly"}, "whole years, not 18 months"),
        ({"cycle": "weekly"}, "“weekly” is no billing cycle"),
        ({"code": "  "}, "The item code is missing"),
        ({"metered": True}, "names the vendor's usage"),
        ({"metered": True, "meter": "storage", "cycle": "yearly"}, "billed by the month: vendors count from the first"),
    ],
)
def test_it_refuses_terms_that_do_not_hold_with_their_numbers(terms: dict[str, Any], words: str) -> None:
    made = shop()
    with pytest.raises(Refused) as refusal:
        made.offer(**terms) if "code" not in terms else made.offer(terms["code"])
    assert words in refusal.value.text


def test_an_offer_is_changed_by_who_saw_it_as_it_is() -> None:
    made = shop()
    row = made.offer("P-1", maximum=10)
    actor = made.actor(made.distributor)
    with tenancy.acting_in(made.distributor.pk):
        said = Terms("P-1", "Better name", "monthly", maximum=20)
        assert offers.change(actor, row.pk, said, version=1, now=NOW).version == 2
        with pytest.raises(Refused) as refusal:
            offers.change(actor, row.pk, said, version=1, now=NOW)
        assert refusal.value.code == "changed"
        assert (Offer.objects.get(pk=row.pk).name, Offer.objects.get(pk=row.pk).maximum) == ("Better name", 20)
    act = kit.acts_of(made.distributor, "catalog.write")[-1]
    assert (act.before["maximum"], act.after["maximum"]) == (10, 20)


def test_it_keeps_what_of_the_vendors_side_a_form_does_not_know() -> None:
    made = shop()
    row = made.offer("P-1", services=("backup",), mode="per_gigabyte", further={"items": {"storage": 5}})
    with tenancy.acting_in(made.distributor.pk):
        held = offers.of_row(Offer.objects.get(pk=row.pk))
        assert held.provides == {"services": ["backup"], "mode": "per_gigabyte", "items": {"storage": 5}}


def test_names_and_codes_are_there_once() -> None:
    made = shop()
    made.offer("P-1")
    with pytest.raises(Refused, match="item code P-1 already"):
        made.offer("P-1")
    actor = made.actor(made.distributor)
    with tenancy.acting_in(made.distributor.pk):
        with pytest.raises(Refused, match="a vendor Acronis already"):
            products.make_vendor(actor, name="Acronis", kind="acronis", now=NOW)
        vendor = products.vendors()[0].pk
        with pytest.raises(Refused, match="has a product Cyber Protect already"):
            products.make_product(actor, vendor, Described("Cyber Protect", "a", "b"), now=NOW)


def test_an_add_on_is_for_a_product_of_its_own_vendor() -> None:
    made = shop()
    base = made.product()
    assert made.offer("A-1", addon_of=base.pk).addon_of_id == base.pk
    actor = made.actor(made.distributor)
    with tenancy.acting_in(made.distributor.pk):
        other = products.make_vendor(actor, name="Other", kind="acronis", now=NOW)
        product = products.make_product(actor, other.pk, Described("Thing", "a", "b"), now=NOW)
        with pytest.raises(Refused, match="of another vendor"):
            offers.make(actor, product.pk, Terms("A-2", "x", "monthly", addon_of=base.pk), now=NOW)


def test_an_offer_of_another_provider_is_as_absent() -> None:
    made = shop()
    row = made.offer("P-1")
    with tenancy.acting_in(made.reseller.pk), pytest.raises(Missing):
        offers.withdraw(made.actor(made.reseller), row.pk, version=1, now=NOW)


def bring(made: Shop, text: str | bytes, *, digest: str | None = None) -> sheets.Preview:
    """Look through a file, and write it unless another digest is said."""
    made.vendor()
    wanted = sheets.read(ports.rows(text.encode() if isinstance(text, str) else text))
    with tenancy.acting_in(made.distributor.pk):
        shown = sheets.preview(wanted)
        return sheets.apply(made.actor(made.distributor), wanted, digest=digest or shown.digest, now=NOW)


def test_it_loads_offers_from_a_file_and_a_second_time_finds_nothing_to_change() -> None:
    made = shop()
    first = bring(made, FILE)
    assert (first.new, first.changed, first.new_products) == (3, 0, ("Acronis: Cyber Protect", "Acronis: Storage"))
    again = bring(made, FILE)
    assert (again.new, again.changed, again.same) == (0, 0, 3)
    with tenancy.acting_in(made.distributor.pk):
        addon = Offer.objects.select_related("addon_of").get(code="S-1")
        assert addon.addon_of is not None
        assert addon.addon_of.name == "Cyber Protect"
        assert Offer.objects.get(code="P-100").provides == {"services": ["backup", "antivirus"]}


def test_it_shows_what_changes_and_writes_only_that() -> None:
    made = shop()
    bring(made, FILE)
    found = bring(made, FILE.replace("P-100,Protect monthly,monthly,,1,500", "P-100,Protect monthly,monthly,,1,900"))
    assert [(one.what, one.differences) for one in found.changes] == [
        ("changed", (("Maximum", "500", "900"),)),
        ("same", ()),
        ("same", ()),
    ]
    with tenancy.acting_in(made.distributor.pk):
        assert [(row.code, row.version) for row in Offer.objects.order_by("code")] == [("P-100", 2), ("P-101", 1), ("S-1", 1)]


def test_what_was_not_shown_is_not_written() -> None:
    made = shop()
    with pytest.raises(Refused) as refusal:
        bring(made, FILE, digest="0" * 64)
    assert refusal.value.code == "changed"
    with tenancy.acting_in(made.distributor.pk):
        assert not Offer.objects.exists()
        assert not Product.objects.exists()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("P-101,Protect yearly,Yearly,12", "P-101,Protect yearly,Yearly,18", "Row 3: A yearly cycle"),
        ("P-101", "P-100", "P-100 stands in row 2 and in row 3"),
        (",1,500,", ",1,many,", "Row 2: Maximum: “many”"),
        ("Acronis,Storage", "Nobody,Storage", "Row 4: there is no vendor “Nobody”"),
        (",Cyber Protect,\n", ",Nothing,\n", "Row 4: Acronis has no product “Nothing”"),
        ("Item code,", "Code,", "no column Item code"),
        ("Protect monthly", "=1+1", "Row 2, Offer: the cell holds a formula"),
    ],
)
def test_it_names_the_row_that_cannot_be_loaded_and_loads_nothing(old: str, new: str, words: str) -> None:
    made = shop()
    with pytest.raises(Refused) as refusal:
        bring(made, FILE.replace(old, new))
    assert words in refusal.value.text
    with tenancy.acting_in(made.distributor.pk):
        assert not Offer.objects.exists()


def test_it_reads_a_workbook_as_it_reads_text() -> None:
    made = shop()
    book = openpyxl.Workbook()
    for row in ports.rows(FILE.encode()).heads, *(cells for _, cells in ports.rows(FILE.encode()).rows):
        book.active.append(list(row))
    out = io.BytesIO()
    book.save(out)
    assert bring(made, out.getvalue()).new == 3
    assert bring(made, FILE).same == 3
