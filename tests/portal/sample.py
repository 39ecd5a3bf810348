"""A list over real rows for the tests of the toolkit: acts whose `after` holds a count, a price and a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.db.models import DateField, DecimalField, F, IntegerField, QuerySet
from django.db.models.fields.json import KT
from django.db.models.functions import Cast
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.test import Client
from django.urls import include, path

from purser.access import verbs
from purser.access.actors import Actor
from purser.access.models import Act, Person
from purser.kernel.errors import Busy, Missing, Refused
from purser.portal import charts, exports, lists
from purser.portal.doors import page
from purser.portal.tables import listing
from purser.portal.tables.model import Bulk, Column, Empty, Preset, Sign, Table
from purser.postgres import tenancy
from purser.tenants.models import Organisation
from tests.access import kit

NOW = datetime(2026, 7, 11, 12, 0, tzinfo=UTC)

SAMPLE = Table(
    name="sample",
    title="Adjustments",
    columns=(
        Column("company", "Company", field="summary"),
        Column("count", "Units", kind="number", expression=Cast(KT("after__count"), IntegerField())),
        Column(
            "price",
            "Price",
            kind="money",
            expression=Cast(KT("after__price"), DecimalField(max_digits=14, decimal_places=2)),
            currency="of_kind",
        ),
        Column("adjusted_on", "Adjusted", kind="date", expression=Cast(KT("after__on"), DateField())),
        Column("at", "Written", kind="datetime"),
        Column("outcome", "State", kind="badge", signs={"done": Sign("Posted", "good"), "refused": Sign("Refused", "bad")}),
        Column("id", "Id", shown=False),
        Column("loud", "Loud", read=lambda act: act.summary.upper(), shown=False),
    ),
    rows=lambda actor, params: Act.objects.filter(verb="sample"),
    order=("-adjusted_on", "company"),
    presets=(Preset("Last 30 days", "adjusted_on.last=30"),),
    empty=Empty("No adjustments yet", "They appear once a sync has run.", step="people", step_words="See people"),
    bulk=(Bulk("Try again", "sample_bulk", "receipts.retry"),),
    export="sample_export",
)


@dataclass(frozen=True)
class Signed:
    organisation: Organisation
    person: Person
    client: Client

    def url(self, path: str) -> str:
        return f"/t/{self.organisation.pk}/{path}"


def sign_in(role: str = verbs.OWNER, organisation: Organisation | None = None) -> Signed:
    """A member of a reseller, signed in with both factors."""
    organisation = organisation or kit.reseller("Harbour IT")
    person = kit.member(organisation, role)
    return Signed(organisation, person, kit.sign_in(person))


def fill(organisation: Organisation, rows: list[dict[str, Any]]) -> None:
    """Rows with company, count, price, on, at, outcome; what is left out has a plain value."""
    with tenancy.acting_in(organisation.pk):
        Act.objects.bulk_create(
            Act(
                at=row.get("at", NOW),
                actor="test",
                verb="sample",
                summary=row.get("company", "Acme"),
                of_kind=row.get("currency", "USD"),
                outcome=row.get("outcome", "done"),
                after={
                    "count": row.get("count", 1),
                    "price": str(row.get("price", Decimal("1.50"))),
                    "on": str(row.get("on", date(2026, 7, 1))),
                },
            )
            for row in rows
        )


def many(organisation: Organisation, count: int) -> None:
    names = ["Hall Bros. Transportation", "Alder Dental", "Repair and Wear", "Sámi Fjärd AB", "Gold Star Towing"]
    fill(
        organisation,
        [
            {
                "company": names[n % len(names)],
                "count": n - 3,
                "price": Decimal(n - 3) * Decimal("3.20"),
                "on": date(2026, 7, 11) - timedelta(days=n),
                "outcome": "refused" if n % 7 == 0 else "done",
            }
            for n in range(count)
        ],
    )


def per_company(rows: QuerySet[Act]) -> dict[str, charts.Chart]:
    units: dict[str, int] = {}
    for act in rows.annotate(units=F("col_count")):
        units[act.summary] = units.get(act.summary, 0) + max(act.units, 0)
    return {"chart": charts.chart("per-company", "Units per company", list(units.items()), unit="units")}


@page("reports.read")
def sample(request: HttpRequest, actor: Actor) -> HttpResponse:
    return lists.show(request, actor, SAMPLE, "sample.html", follow=per_company, below="parts/chart.html")


class Example(forms.Form):
    name = forms.CharField(label="Name", max_length=5, help_text="Up to 5 characters.")
    zone = forms.ChoiceField(label="Time zone", choices=[(f"z{n}", f"Zone {n}") for n in range(30)])
    note = forms.CharField(label="Note", required=False, widget=forms.Textarea(attrs={"rows": 2}))
    sure = forms.BooleanField(label="I am sure")


@page("organisation.read")
def gallery(request: HttpRequest, actor: Actor) -> HttpResponse:
    form = Example(request.POST) if request.method == "POST" else Example()
    parts = [("Alder Dental", 215), ("Hall Bros. Transportation Co, Inc.", 140), ("Repair and Wear", 319)]
    context = {
        "form": form,
        "errors_shown": form.errors if form.is_bound else {},
        "figures": [("Linked", "1,204", "#linked"), ("Unlinked", "12", ""), ("Failures open", "3", "")],
        "facts": [("Account number", "100-22"), ("Gateway user", "gateway"), ("Note", None)],
        "affected": ["Contract 2026 Cloud Services", "Contract Alder Cloud"],
        "choices": [f"Contract {n}" for n in range(300)],
        "now": NOW,
        "price": Decimal("-1234.50"),
        "donut": charts.chart("donut", "Licenses per customer", parts, unit="licenses"),
        "bar": charts.chart("bar", "All companies", parts, unit="licenses", kind="bar"),
    }
    return TemplateResponse(request, "gallery.html", context, status=422 if form.errors else 200)


@page("receipts.retry")
def bulk(request: HttpRequest, actor: Actor) -> HttpResponse:
    return HttpResponse(f"{listing.chosen(SAMPLE, actor, request.POST, now=NOW).count()} rows")


@page("reports.read")
def fail(request: HttpRequest, actor: Actor, how: str) -> HttpResponse:
    with_number = Act.objects.filter(verb="left")
    Act.objects.create(at=NOW, actor="test", verb="left", summary="must not stay")
    if how == "bug":
        raise ZeroDivisionError("a secret-looking detail")
    raise {
        "refused": Refused("3 of 9 rows do not fit.", hint="Mend rows 2, 5 and 7."),
        "missing": Missing("No such thing."),
        "busy": Busy("The vendor asks for patience.", retry_after=timedelta(seconds=42)),
    }.get(how, Missing(f"{with_number.count()}"))


@page("connections.test", seat=False)
def vendor(request: HttpRequest, actor: Actor) -> HttpResponseBase:
    return HttpResponse("seat" if tenancy.seat() else "no seat")


@page("connections.reveal")
def reveal(request: HttpRequest, actor: Actor) -> HttpResponse:
    return HttpResponse("the secret")


# As the root of all addresses has them.
handler400 = "purser.portal.failures.bad"
handler403 = "purser.portal.failures.denied"
handler404 = "purser.portal.failures.missing"
handler500 = "purser.portal.failures.broken"

urlpatterns = [
    path("", include("purser.config.urls")),
    path("t/<uuid:tenant>/sample/", sample, name="sample"),
    path("t/<uuid:tenant>/gallery/", gallery, name="gallery"),
    path("t/<uuid:tenant>/sample/bulk/", bulk, name="sample_bulk"),
    path("t/<uuid:tenant>/sample/export/", exports.door(SAMPLE, "reports.export"), name="sample_export"),
    path("t/<uuid:tenant>/fail/<slug:how>/", fail, name="fail"),
    path("t/<uuid:tenant>/vendor/", vendor, name="vendor"),
    path("t/<uuid:tenant>/reveal/", reveal, name="reveal"),
]
