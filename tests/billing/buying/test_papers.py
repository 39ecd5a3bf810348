"""Papers: drawn once, kept as bytes, with the invoice as data inside, mailed once. Source: acceptance CS-59, CS-62, CS-63."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree

import facturx
import pypdf
import pytest
from django.core import mail
from hypothesis import given, settings
from hypothesis import strategies as st

from purser.access import letters
from purser.billing.buying import papers, profile, quotes, sending, sheet
from purser.billing.buying.sheet import Party, Row, Sheet
from purser.billing.models import Card, Document, Purchase, PurchaseState, Refund, RefundState, Sending, Series
from purser.jobs import papers as jobs
from purser.kernel.errors import Missing, Refused
from purser.postgres import ids, tenancy
from tests.access import kit
from tests.billing.buying.kit import BILLED, NOW, SELLER, Buyer, buyer

RAM = "{urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100}"


@pytest.fixture
def made() -> Buyer:
    found = buyer()
    with tenancy.acting_in(found.operator.pk):
        profile.store(found.desk, SELLER, now=NOW)
    return found


def bought(made: Buyer, state: str = PurchaseState.PAID, **counts: int) -> Purchase:
    with tenancy.acting_in(made.partner.pk):
        wanted = {code.replace("_", "-"): count for code, count in counts.items()} or {"CPP-DSU-1": 1}
        quote = quotes.issue(wanted, made_by_name="Olive", now=NOW)
        card = Card.objects.filter(removed_at=None).first() or Card.objects.create(
            payer="c", token="t", brand="visa", last_four="4242", expiry_month=1, expiry_year=2031, stored_at=NOW,
            stored_by_name="Olive",
        )  # fmt: skip
        row: Purchase = Purchase.objects.create(
            number=f"P-{ids.new().hex[-6:]}", key=ids.new(), quote=quote, cause="hand", on=NOW.date(), state=state,
            currency="USD", total=quote.total, units=quote.units, card=card, made_at=NOW, made_by_name="Olive",
            **({"paid_at": NOW, "payment": "pi_1"} if state == PurchaseState.PAID else {}),
        )  # fmt: skip
        return row


def refunded(made: Buyer, row: Purchase, state: str = RefundState.DONE, *, number: str = "F-1") -> Refund:
    with tenancy.acting_in(made.partner.pk):
        found: Refund = Refund.objects.create(
            number=number, purchase=row, key=ids.new(), once=ids.new().hex, money=Decimal("4.30"), units=100,
            reason="Bought too many", state=state, made_at=NOW, made_by_name="Desk", settled_at=NOW,
        )  # fmt: skip
        return found


def words(file: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(file)).pages).split())


def xml_of(file: bytes) -> ElementTree.Element:
    name, text = facturx.get_facturx_xml_from_pdf(file, check_xsd=True, check_schematron=False)
    assert name == "factur-x.xml"
    return ElementTree.fromstring(text)


def told(xml: ElementTree.Element, *path: str) -> list[str]:
    return [str(one.text) for one in xml.iterfind(".//" + "/".join(RAM + step for step in path))]


def test_a_receipt_names_both_sides_the_lines_the_total_and_the_card(made: Buyer) -> None:
    row = papers.receipt(made.partner.pk, bought(made, CPP_DSU_1=1, CPP_DSU_10=2).pk, now=NOW)
    text = words(bytes(row.file))
    for part in (
        "Receipt", row.number, "Northern Cloud GmbH", "Harbour IT Ltd", "1 Quay Street", "T12 X4Y2 Cork", "IE1234567T",
        "CPP-DSU-1", "1,000 daily units at 0.043 USD", "CPP-DSU-10", "800.00", "843.00 USD", "Visa ending in 4242",
        "Page 1 of 1",
    ):  # fmt: skip
        assert part in text, (part, text)
    assert row.number == f"R-{made.partner.partner_number}-2026-0001"


def test_a_receipt_bears_its_data_valid_by_schema(made: Buyer) -> None:
    row = papers.receipt(made.partner.pk, bought(made, CPP_DSU_1=1, CPP_DSU_10=2).pk, now=NOW)
    xml = xml_of(bytes(row.file))
    assert told(xml, "TypeCode")[0] == "380"
    assert told(xml, "InvoiceCurrencyCode") == ["USD"]
    assert told(xml, "LineTotalAmount") == ["43.00", "800.00", "843.00"]
    assert told(xml, "GrandTotalAmount") == ["843.00"]
    assert told(xml, "DuePayableAmount") == ["0.00"]
    assert told(xml, "SellerTradeParty", "Name") == ["Northern Cloud GmbH"]
    assert told(xml, "BuyerTradeParty", "PostalTradeAddress", "CountryID") == ["IE"]
    assert told(xml, "ApplicableTradeSettlementFinancialCard", "ID") == ["4242"]


def test_it_is_an_archive_file_with_an_attachment(made: Buyer) -> None:
    file = bytes(papers.receipt(made.partner.pk, bought(made).pk, now=NOW).file)
    pdf = pypdf.PdfReader(io.BytesIO(file))
    xmp = pdf.trailer["/Root"]["/Metadata"].get_data().decode()
    assert "<pdfaid:part>3</pdfaid:part>" in xmp
    assert "urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#" in xmp
    assert list(pdf.attachments) == ["factur-x.xml"]
    assert pdf.trailer["/Root"]["/OutputIntents"]
    assert pdf.metadata
    assert pdf.metadata.title
    assert pdf.metadata.title.startswith("Receipt R-")


def test_a_credit_note_is_of_its_receipt(made: Buyer) -> None:
    purchase = bought(made)
    row = papers.credit(made.partner.pk, refunded(made, purchase).pk, now=NOW)
    xml, text = xml_of(bytes(row.file)), words(bytes(row.file))
    assert told(xml, "TypeCode")[0] == "381"
    assert told(xml, "GrandTotalAmount") == ["4.30"]
    receipt = f"R-{made.partner.partner_number}-2026-0001"
    assert told(xml, "InvoiceReferencedDocument", "IssuerAssignedID") == [receipt]
    assert "Credit note" in text
    assert receipt in text
    assert "Bought too many" in text
    assert "4.30 USD" in text


def test_a_debit_note_takes_back_the_credit_note_of_a_refund_that_failed_after_all(made: Buyer) -> None:
    refund = refunded(made, bought(made))
    with pytest.raises(Refused, match="no credit note to take back"):
        papers.debit(made.partner.pk, refund.pk, now=NOW)
    first = papers.credit(made.partner.pk, refund.pk, now=NOW)
    with pytest.raises(Refused, match="no credit note to take back"):
        papers.debit(made.partner.pk, refund.pk, now=NOW)
    with tenancy.acting_in(made.partner.pk):
        Refund.objects.update(state=RefundState.FAILED)
    mine = [one for one in papers.missing(NOW) if one[0] == made.partner.pk]
    assert mine == [(made.partner.pk, "undone", refund.pk)]
    row = papers.issue(*mine[0], now=NOW)
    assert papers.issue(*mine[0], now=NOW).pk == row.pk
    assert row.number == f"D-{made.partner.partner_number}-2026-0001"
    assert [one for one in papers.missing(NOW) if one[0] == made.partner.pk] == []
    xml, text = xml_of(bytes(row.file)), words(bytes(row.file))
    assert told(xml, "TypeCode")[0] == "383"
    assert (told(xml, "GrandTotalAmount"), told(xml, "DuePayableAmount")) == (["4.30"], ["0.00"])
    assert told(xml, "InvoiceReferencedDocument", "IssuerAssignedID") == [first.number]
    for part in ("Debit note", first.number, "it is of no effect", "Nothing is due"):
        assert part in text


def test_a_quote_is_paper_without_invoice_data(made: Buyer) -> None:
    with tenancy.acting_in(made.partner.pk):
        id = quotes.issue({"CPP-DSU-1": 1}, made_by_name="Olive", now=NOW).pk
    row = papers.quote(made.partner.pk, id, now=NOW)
    assert "Quote Q-2026-0001" in words(bytes(row.file))
    assert "10 August 2026, 12:00 (UTC)" in words(bytes(row.file))
    assert not pypdf.PdfReader(io.BytesIO(bytes(row.file))).attachments
    with tenancy.acting_in(made.partner.pk):
        assert not Sending.objects.exists()


def test_a_paper_is_the_same_bytes_however_often_and_from_wherever(made: Buyer) -> None:
    id = bought(made).pk
    rows = kit.at_once(*[lambda: papers.receipt(made.partner.pk, id, now=NOW)] * 4)
    with tenancy.acting_in(made.partner.pk):
        (kept,) = Document.objects.all()
        assert Series.objects.get(name=f"R-{made.partner.partner_number}-2026").last == 1
        assert Sending.objects.count() == 1
    assert {bytes(row.file) for row in rows} == {bytes(kept.file)}
    with tenancy.acting_in(made.partner.pk):  # what changes later changes no paper
        profile.store(made.actor, {**BILLED, "company": "Other Ltd"}, now=NOW)
    assert papers.receipt(made.partner.pk, id, now=NOW + timedelta(days=9)).digest == kept.digest


def test_there_is_none_of_what_is_not_paid_or_not_there(made: Buyer) -> None:
    with pytest.raises(Refused, match="not paid"):
        papers.receipt(made.partner.pk, bought(made, PurchaseState.DECLINED).pk, now=NOW)
    with pytest.raises(Missing):
        papers.receipt(made.partner.pk, ids.new(), now=NOW)
    paid = bought(made)
    with pytest.raises(Refused, match="not done"):
        papers.credit(made.partner.pk, refunded(made, paid, RefundState.PENDING).pk, now=NOW)
    with tenancy.acting_in(made.partner.pk):
        assert [row.kind for row in Document.objects.all()] == ["receipt"]


def test_without_a_seller_there_is_a_receipt_without_data() -> None:
    made = buyer()
    row = papers.receipt(made.partner.pk, bought(made).pk, now=NOW)
    assert made.operator.name in words(bytes(row.file))
    assert not pypdf.PdfReader(io.BytesIO(bytes(row.file))).attachments


def test_the_job_draws_and_the_contact_gets_one_mail_though_it_repeats(made: Buyer) -> None:
    id = bought(made).pk
    for _ in range(3):
        jobs.issue(str(made.partner.pk), "purchase", str(id))
    with tenancy.acting_in(made.partner.pk):
        (row,), (paper,) = Sending.objects.all(), Document.objects.all()
    before = len(mail.outbox)
    assert [sending.send(made.partner.pk, row.pk, now=NOW) for _ in range(3)] == [True, False, False]
    (letter,) = mail.outbox[before:]
    assert letter.to == [BILLED["contact_email"]]
    assert paper.number in letter.subject
    ((name, file, kind),) = letter.attachments
    assert (name, file, kind) == (f"{paper.number}.pdf", bytes(paper.file), "application/pdf")


def test_a_mail_that_the_server_did_not_take_is_tried_again(made: Buyer, monkeypatch: pytest.MonkeyPatch) -> None:
    papers.receipt(made.partner.pk, bought(made).pk, now=NOW)
    with tenancy.acting_in(made.partner.pk):
        (row,) = Sending.objects.all()
    with monkeypatch.context() as broken:
        broken.setattr(letters, "paper", lambda **_: (_ for _ in ()).throw(ConnectionRefusedError()))
        assert not sending.send(made.partner.pk, row.pk, now=NOW)
    assert sending.send(made.partner.pk, row.pk, now=NOW + timedelta(minutes=10))


def test_what_a_dead_worker_left_is_found(made: Buyer) -> None:
    paid = bought(made)
    refund = refunded(made, paid)
    mine = [one for one in papers.missing(NOW) if one[0] == made.partner.pk]
    assert mine == [(made.partner.pk, "purchase", paid.pk), (made.partner.pk, "refund", refund.pk)]
    papers.credit(made.partner.pk, refund.pk, now=NOW)
    assert not [one for one in papers.missing(NOW) if one[0] == made.partner.pk]


# Pure.

SIDE = Party("Harbour IT Ltd", "P1", "1 Quay Street", "Cork", "Munster", "T12", "IE", "", "Bea", "bea@harbour.example")
WHOLE = Sheet(
    "receipt", "R-1", datetime(2026, 7, 11, tzinfo=UTC), date(2026, 7, 11), SIDE, SIDE,
    [Row("CPP-DSU-1", "1,000 daily units", 1, Decimal(43), Decimal(43))], "USD", [("Date", "11 July 2026")], ["Paid."],
)  # fmt: skip


TYPED = ["#panic()", '"; #let x = 1', "*bold* _x_ $1+1$", "<b>&amp;", "\\", "名前 عربى 🚢 Ünïcödé", "a" * 200]


@pytest.mark.parametrize("text", TYPED)
def test_nothing_that_is_typed_becomes_part_of_the_template_or_the_markup(text: str) -> None:
    file = sheet.pdf(replace(WHOLE, buyer=replace(SIDE, name=text)))
    assert told(xml_of(file), "BuyerTradeParty", "Name") == [text]
    if text.isascii() and len(text) < 60:
        assert text in words(file)
    if "Ü" in text:
        assert "Ünïcödé" in words(file)


def test_a_long_one_has_numbered_pages() -> None:
    file = sheet.pdf(replace(WHOLE, rows=[replace(WHOLE.rows[0], name=f"CPP-{n}") for n in range(60)]))
    text = words(file)
    assert "Page 1 of 4" in text
    assert "Page 4 of 4" in text
    assert "CPP-59" in text
    assert text.count("Item Count") == 4
    assert "2,580.00 USD" in text


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 10_000), st.decimals("0.01", "33000", places=2)), min_size=1, max_size=10))
def test_the_data_adds_up(lines: list[tuple[int, Decimal]]) -> None:
    rows = [Row(f"P{n}", "", count, each, count * each) for n, (count, each) in enumerate(lines)]
    xml = ElementTree.fromstring(sheet.invoice(replace(WHOLE, rows=rows)))
    *parts, whole = [Decimal(one) for one in told(xml, "LineTotalAmount")]
    assert sum(parts) == whole == Decimal(told(xml, "GrandTotalAmount")[0]) == sum(row.price for row in rows)


def test_yen_have_no_cents() -> None:
    row = Row("A", "", 1, Decimal(43), Decimal(43))
    made: Any = replace(WHOLE, currency="JPY", rows=[row])
    assert told(ElementTree.fromstring(sheet.invoice(made)), "GrandTotalAmount") == ["43"]
    assert "43 JPY" in words(sheet.pdf(made))
