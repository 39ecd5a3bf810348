"""Offers and prices in files: what the portal writes it takes back unchanged, and what it is given it shows first.

Source: acceptance CM-13; reliability section 4, Imports.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from purser.catalog.models import Offer, PriceList, PriceVersion
from purser.connectors.ports import rows
from purser.postgres import tenancy
from tests.access import kit
from tests.catalog.kit import Shop, shop, stocked
from tests.catalog.test_catalog import FILE
from tests.portal.test_catalog import owner, posted
from tests.portal.test_catalog import sold as sold


def test_prices_come_from_a_file_and_go_back_into_one(sold: tuple[Shop, Offer]) -> None:
    made, _ = sold
    own, client = made.reseller, owner(made.reseller)
    with tenancy.acting_in(own.pk):
        listed = PriceList.objects.get()
    csv = SimpleUploadedFile("p.csv", b"Item code;Price\nP-100;13,75\n")
    read = posted(client, own, f"catalog/prices/{listed.pk}/publish/", status=200, do="read", file=csv, after=1)
    assert 'value="13.75"' in read.content.decode()
    with tenancy.acting_in(own.pk):
        assert PriceVersion.objects.count() == 1
    wrong = SimpleUploadedFile("p.csv", b"Item code;Price\nP-999;13,75\n")
    answer = posted(client, own, f"catalog/prices/{listed.pk}/publish/", status=422, do="read", file=wrong, after=1)
    assert "Row 2: there is no offer with the item code “P-999”." in answer.content.decode()
    for kind in ("csv", "xlsx"):
        file = client.get(kit.url(own, f"catalog/prices/{listed.pk}/file/?format={kind}"))
        content = b"".join(file.streaming_content)
        again = SimpleUploadedFile(f"p.{kind}", content)
        back = posted(client, own, f"catalog/prices/{listed.pk}/publish/", status=200, do="read", file=again, after=1)
        assert 'value="12"' in back.content.decode()


@pytest.mark.parametrize(("kind", "style"), [("csv", "comma"), ("csv", "semicolon"), ("xlsx", "comma")])
@pytest.mark.parametrize("price", ["1.125", "0.125", "0.00001", "1234.5", "12345678.123456"])
def test_a_price_goes_into_a_file_and_comes_back_the_same(kind: str, style: str, price: str) -> None:
    made, offer = stocked(kit.now())
    made.publish(made.reseller, {offer.pk: price})
    own, client = made.reseller, owner(made.reseller)
    with tenancy.acting_in(own.pk):
        listed = PriceList.objects.get()
    posted(client, own, "csv-format/", style=style)
    file = client.get(kit.url(own, f"catalog/prices/{listed.pk}/file/?format={kind}"))
    again = SimpleUploadedFile(f"p.{kind}", b"".join(file.streaming_content))  # type: ignore[attr-defined]
    back = posted(client, own, f"catalog/prices/{listed.pk}/publish/", status=200, do="read", file=again, after=2)
    assert f'value="{price}"' in back.content.decode()


def test_a_file_is_as_large_as_any_other_may_be(sold: tuple[Shop, Offer], monkeypatch: pytest.MonkeyPatch) -> None:
    made, _ = sold
    monkeypatch.setattr(rows, "MOST_BYTES", 10)
    content = SimpleUploadedFile("o.csv", FILE.encode())
    text = posted(owner(made.distributor), made.distributor, "catalog/offers/file/", status=422, file=content).content.decode()
    assert f"The file has {len(FILE)} bytes; at most 10 are read." in text


def test_offers_are_loaded_from_a_file_after_a_look(sold: tuple[Shop, Offer]) -> None:
    made, _ = sold
    own, client = made.distributor, owner(made.distributor)
    file = SimpleUploadedFile("o.csv", FILE.encode())
    answer = posted(client, own, "catalog/offers/file/", status=200, file=file)
    found = answer.context["found"]
    assert (found.new, found.changed) == (2, 1)
    posted(client, own, "catalog/offers/file/", do="apply", table=answer.context["table"], digest=found.digest)
    with tenancy.acting_in(own.pk):
        assert set(Offer.objects.values_list("code", flat=True)) == {"P-100", "P-101", "S-1"}
    broken = SimpleUploadedFile("o.csv", FILE.replace(",1,500,", ",0,500,").encode())
    assert "Row 2: The minimum: 0" in posted(client, own, "catalog/offers/file/", status=422, file=broken).content.decode()


def test_a_file_with_lines_that_hold_nothing_is_loaded_as_it_was_shown(sold: tuple[Shop, Offer]) -> None:
    made, _ = sold
    own, client = made.distributor, owner(made.distributor)
    content = "sep=,\n\n" + FILE.replace("P-101", "\n\nP-101", 0)
    found = posted(client, own, "catalog/offers/file/", status=200, file=SimpleUploadedFile("o.csv", content.encode())).context
    posted(client, own, "catalog/offers/file/", do="apply", table=found["table"], digest=found["found"].digest)
    with tenancy.acting_in(own.pk):
        assert Offer.objects.count() == 3


def odd(made: Shop) -> int:
    """Offers whose words a file could mistake; how many there are."""
    base = made.product("Cyber Protect; “Pro”, large", category="Ä, Ö", group="+ Extras")
    told: dict[str, dict[str, Any]] = {
        "=SUM(A1)": {"name": 'Protect, monthly; "cheap"', "maximum": 500, "minimum": 5, "unit": "Gerät"},
        "-0012": {
            "cycle": "yearly",
            "term_months": 36,
            "cancel_days": 7,
            "services": ("backup", "anti virus"),
            "mode": "per_gb",
        },
        "'quoted": {"trial": True},
        "1,125": {"metered": True, "meter": "storage: GB", "unit": "GB"},
        "00012": {"addon_of": base.pk, "product": "Storage"},
    }
    for code, terms in told.items():
        made.offer(code, **{"product": base.name, **terms})
    gone = made.offer("GONE")
    with tenancy.acting_in(made.distributor.pk):
        Offer.objects.filter(pk=gone.pk).update(withdrawn_at=made.now)
    return len(told)


@pytest.mark.parametrize(("kind", "style"), [("csv", "comma"), ("csv", "semicolon"), ("xlsx", "comma")])
def test_the_offers_on_sale_are_a_file_that_is_taken_back_and_changes_nothing(kind: str, style: str) -> None:
    made, other = shop(kit.now()), shop(kit.now())
    count, own, client = odd(made), made.distributor, owner(made.distributor)
    there = "catalog/offers/sheet/?format="
    assert f'{there}{kind}"' in client.get(kit.url(own, "catalog/offers/file/")).content.decode()
    posted(client, own, "csv-format/", style=style)
    content = b"".join(client.get(kit.url(own, there + kind)).streaming_content)  # type: ignore[attr-defined]
    file = SimpleUploadedFile(f"o.{kind}", content)
    found = posted(client, own, "catalog/offers/file/", status=200, file=file).context["found"]
    assert (found.same, found.changed, found.new, found.new_products) == (count, 0, 0, ())
    other.vendor()
    theirs, theirs_is = owner(other.distributor), other.distributor
    posted(theirs, theirs_is, "csv-format/", style=style)
    file = SimpleUploadedFile(f"o.{kind}", content)
    shown_ = posted(theirs, theirs_is, "catalog/offers/file/", status=200, file=file).context
    posted(theirs, theirs_is, "catalog/offers/file/", do="apply", table=shown_["table"], digest=shown_["found"].digest)
    again = b"".join(theirs.get(kit.url(theirs_is, there + "csv")).streaming_content)  # type: ignore[attr-defined]
    ours = b"".join(client.get(kit.url(own, there + "csv")).streaming_content)  # type: ignore[attr-defined]
    assert again == ours
