"""The configuration pages: the marketplace on file, the two PSAs, the rules of a pair, and the dictionary.

Source: acceptance ID-1 to ID-5; reliability P25, P27; ux 28, 29.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from purser.access.actors import Actor
from purser.access.vendor_settings import Setting
from purser.connectors.ports.tested import Tested
from purser.flows import ports
from purser.kernel.errors import Failure, Refused
from purser.links import connections, kinds
from purser.links.desk import connections as desk
from purser.links.models import Connection, Sync
from purser.links.models.connections import PSA_KINDS, ConnectionKind, Decrease, Policy
from purser.links.queries import connections as queries
from purser.links.queries import pairs
from purser.portal import context, requests
from purser.portal.doors import page
from purser.portal.pages import billing
from purser.postgres import tenancy
from purser.tenants import organisations

PRICES = [("cost", "What we pay"), ("sales", "What our customer pays")]


def activate(payload: Mapping[str, str], actor: Actor) -> Connection:
    """What a licence link does when it is confirmed: settings.ON_ACTIVATE names this. Source: acceptance ID-2."""
    return desk.activate(payload, actor, timezone.now())


@page("connections.read")
def index(request: HttpRequest, actor: Actor, kind: str) -> HttpResponse:
    """One connection: its settings with secrets as dots, its health, and what to do next."""
    connection = connections.by_kind(kind)
    label = ConnectionKind(kind).label
    steps = queries.setup(kind if kind in PSA_KINDS else "")
    made = {
        "kind": kind,
        "title": label,
        "editable": kind in PSA_KINDS,
        "connection": connection,
        "settings": queries.settings(kind, connection),
        "health": queries.health(connection) if connection else None,
        "prices": PRICES,
        "steps": steps,
        "next": queries.next_step(steps),
        "zone": organisations.zone(),
    }
    return TemplateResponse(request, "configuration/index.html", made)


class PsaForm(forms.Form):
    """The fields of a kind of PSA. Secrets are never shown; left empty, they stay as they are."""

    def __init__(self, settings: list[Setting], version: int, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["version"] = forms.IntegerField(widget=forms.HiddenInput, initial=version)
        for one in settings:
            field, hints = one.field, [one.field.help]
            if field.secret and one.kept:
                hints.append("Leave it empty to keep what is there.")
            if field.address and any(s.kept for s in settings if s.field.secret):
                hints.append("Changing it forgets the passwords: they belong to the old address.")
            widget = forms.PasswordInput(attrs={"autocomplete": "new-password"}) if field.secret else forms.TextInput()
            self.fields[field.name] = forms.CharField(
                label=field.label,
                max_length=desk.LONGEST,
                required=field.required and not field.default and not (field.secret and one.kept),
                initial=one.value,
                help_text=" ".join(filter(None, hints)),
                widget=widget,
            )


@page("connections.write")
def edit(request: HttpRequest, actor: Actor, kind: str) -> HttpResponse:
    connection, label = connections.by_kind(kind), ConnectionKind(kind).label
    version = connection.version if connection else 0
    form = PsaForm(queries.settings(kind, connection), version, request.POST or None)
    there = reverse(kind, kwargs={"tenant": actor.tenant})
    if request.method == "POST" and form.is_valid():
        values = dict(form.cleaned_data)
        try:
            saved = desk.save(actor, kind=kind, values=values, version=values.pop("version"), now=timezone.now())
        except Refused as refusal:
            form.add_error(None, f"{refusal.text} {refusal.hint}".strip())
        else:
            _say(request, label, saved)
            return HttpResponseRedirect(there)
    made = {
        "form": form,
        "title": label,
        "errors_shown": bool(form.errors),
        "back": there,
        "crumbs": [(label, there), ("Change" if connection else "Set up", "")],
    }
    return TemplateResponse(request, "configuration/edit.html", made, status=422 if form.errors else 200)


def _say(request: HttpRequest, label: str, saved: desk.Saved) -> None:
    messages.success(request, f"The connection to {label} is kept. Test it now.")
    if saved.wiped:
        words = ", ".join(saved.wiped)
        messages.warning(request, f"The address changed, so these were forgotten: {words}. Type them again.")
    elif saved.lacking:
        messages.warning(request, f"Still missing: {', '.join(saved.lacking)}.")


@require_POST
@page("connections.reveal")
def reveal(request: HttpRequest, actor: Actor, connection: UUID, field: str) -> HttpResponse:
    """A secret in clear for half a minute. The act is kept with the answer."""
    value = desk.reveal(actor, connection_id=connection, field=field, now=timezone.now())
    made = {"connection_id": connection, "name": field, "value": value, "kept": True}
    return _secret(request, actor, made)


@page("connections.read")
def hide(request: HttpRequest, actor: Actor, connection: UUID, field: str) -> HttpResponse:
    """Back to dots."""
    return _secret(request, actor, {"connection_id": connections.find(connection).pk, "name": field, "kept": True})


def _secret(request: HttpRequest, actor: Actor, made: dict[str, Any]) -> HttpResponse:
    if requests.is_partial(request, f"secret-{made['name']}"):
        return TemplateResponse(request, "configuration/secret.html", {**made, "actor": actor})
    kind = connections.find(made["connection_id"]).kind
    back = reverse(kind, kwargs={"tenant": actor.tenant})
    label = next((f.label for f in kinds.current().fields[kind] if f.name == made["name"]), made["name"])
    return TemplateResponse(request, "configuration/revealed.html", {**made, "label": label, "back": back})


@require_POST
@page("connections.test", seat=False)
def test(request: HttpRequest, actor: Actor, connection: UUID) -> HttpResponse:
    """Test Credentials: calls the vendor, and shows its own words. Ten an hour for each connection."""
    with tenancy.acting_in(actor.tenant):
        held = desk.to_test(actor, connection_id=connection, now=timezone.now())
    result = _tested(held)
    with tenancy.acting_in(actor.tenant):
        desk.keep_test(actor, connection_id=connection, result=result, now=timezone.now())
    if result.ok:
        messages.success(request, f"{held.name} accepts the credentials: {result.text}")
    else:
        messages.error(request, f"The test failed. {result.text}")
    return HttpResponseRedirect(reverse(held.kind, kwargs={"tenant": actor.tenant}))


def _tested(connection: Connection) -> Tested:
    current = ports.current()
    try:
        if connection.kind == ConnectionKind.MARKETPLACE:
            return current.marketplace(connection).test()
        return current.psa(connection).test()
    except Failure as failure:
        return Tested(False, f"{failure.text} {failure.hint}".strip(), failure.code)


@require_POST
@page("connections.write")
def price_is(request: HttpRequest, actor: Actor, connection: UUID) -> HttpResponse:
    version = request.POST.get("version", "")
    changed = desk.set_price_is(
        actor,
        connection_id=connection,
        price_is=request.POST.get("price_is", ""),
        version=int(version) if version.isdecimal() else 0,
        now=timezone.now(),
    )
    messages.success(request, f"The marketplace's unit price is {dict(PRICES)[changed.price_is].lower()}.")
    return HttpResponseRedirect(reverse(changed.kind, kwargs={"tenant": actor.tenant}))


@require_POST
@page("sync.run")
def read_now(request: HttpRequest, actor: Actor, sync: UUID) -> HttpResponse:
    """Ask for a reading of all of both sides."""
    pair = pairs.find(sync)
    if desk.read_now(actor, sync=pair, now=timezone.now()):
        messages.success(request, "Both sides will be read now; new companies and contracts appear when it is done.")
    else:
        messages.info(request, "A reading waits already.")
    return HttpResponseRedirect(reverse(pair.target.kind, kwargs={"tenant": actor.tenant}))


class RulesForm(forms.Form):
    """Rhythm and rules of a pair."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    on = forms.BooleanField(label="Keep both sides in step", required=False)
    every_seconds = forms.IntegerField(label="Seconds between two passes", help_text="From 10 seconds to a day.")
    drift_policy = forms.ChoiceField(label="When somebody edits the units in the PSA", choices=Policy.choices)
    decrease = forms.ChoiceField(
        label="Decreases take effect",
        choices=Decrease.choices,
        help_text="Increases take effect today; one first cancels a decrease that is still to come.",
    )
    end_to_zero = forms.BooleanField(label="Bring the count to 0 when a subscription ends at the marketplace", required=False)
    limit_percent = forms.IntegerField(label="Ask a person when a pass would change more than this share of the links (%)")
    limit_least = forms.IntegerField(label="But not below this many links")
    limit_down = forms.IntegerField(label="Ask a person when a pass would take away more than this many units")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, (least, most) in desk.BOUNDS.items():
            field = self.fields[name]
            assert isinstance(field, forms.IntegerField)
            field.widget.attrs |= {"min": least, "max": most}


@page("sync.read")
def schedule(request: HttpRequest, actor: Actor) -> HttpResponse:
    """How often, and by which rules; a form for those who may change it."""
    pair = pairs.main(context.chosen(request))
    if pair is None:
        return billing.start(request, actor, "Schedule")
    return _schedule(request, pair, RulesForm(initial=_rules(pair)))


def _rules(pair: Sync) -> dict[str, Any]:
    return {name: getattr(pair, name) for name in RulesForm.base_fields}


def _schedule(request: HttpRequest, pair: Sync, form: RulesForm) -> HttpResponse:
    made = {
        **billing.frame(pair),
        "form": form,
        "facts": [(form.fields[name].label, _shown(form, name, getattr(pair, name))) for name in RulesForm.base_fields
                  if name != "version"],
        "errors_shown": bool(form.errors),
    }  # fmt: skip
    return TemplateResponse(request, "configuration/schedule.html", made, status=422 if form.errors else 200)


def _shown(form: RulesForm, name: str, value: Any) -> Any:
    if isinstance(value, bool):
        return "Yes" if value else "No"
    return dict(getattr(form.fields[name], "choices", ())).get(value, value)


@require_POST
@page("sync.configure")
def keep_schedule(request: HttpRequest, actor: Actor, sync: UUID) -> HttpResponse:
    pair = pairs.find(sync)
    form = RulesForm(request.POST)
    if form.is_valid():
        rules = dict(form.cleaned_data)
        try:
            desk.configure(actor, sync_id=sync, version=rules.pop("version"), rules=rules, now=timezone.now())
        except Refused as refusal:
            form.add_error(None, f"{refusal.text} {refusal.hint}".strip())
        else:
            messages.success(request, "The rules are kept and hold from the next pass on.")
            there = reverse("schedule", kwargs={"tenant": actor.tenant})
            return HttpResponseRedirect(there + f"?context={pair.target.kind}")
    return _schedule(request, pair, form)


# Our word, the marketplace's, Autotask's, ConnectWise's, and what it means. Source: ux 28.
DICTIONARY = (
    ("Company", "Account (ODIN account)", "Company or account", "Company", "A customer of yours."),
    ("Subscription", "Subscription", "Contract", "Agreement", "What a customer has bought, and what bills it."),
    ("Resource", "Resource (line of a subscription)", "Contract service or bundle", "Addition", "What is counted."),
    ("Count", "Count or quantity", "Units", "Quantity", "How many of it."),
    ("Adjustment", "", "Service adjustment", "Addition with its own effective date", "A dated change of units."),
    ("Relation", "", "", "", "A resource and the service that bills it: from then on Purser keeps the count."),
    ("In step", "", "", "", "A reading has confirmed that both sides show the same."),
    ("Drift", "", "", "", "Somebody changed units in the PSA by hand."),
)


@page("organisation.read")
def dictionary(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Our word, and what each of the other systems calls it."""
    return TemplateResponse(request, "configuration/dictionary.html", {"rows": DICTIONARY})
