"""How people sign in to an organisation: its policy, its domains, its own provider."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from purser.access import actors, domains, once, policy, sign_on
from purser.access.actors import Actor
from purser.access.directory import placing
from purser.access.identity import Domain, SecondFactor
from purser.kernel.errors import Refused
from purser.portal.doors import page
from purser.portal.pages.sso import back_to
from purser.portal.quiet import quiet
from purser.postgres import tenancy
from purser.tenants import organisations


class SignOnForm(forms.Form):
    name = forms.CharField(label="Name", max_length=60, initial="Single sign-on", help_text="What your people call it.")
    issuer = forms.CharField(
        label="Issuer",
        max_length=500,
        help_text="The provider's address, letter by letter. For Microsoft Entra the Directory (tenant) ID will do.",
    )
    client_id = forms.CharField(label="Client ID", max_length=200, help_text="For Microsoft Entra: Application (client) ID.")
    secret = forms.CharField(
        label="Client secret",
        max_length=500,
        required=False,
        strip=True,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text="It is sealed and never shown again. Leave it empty to keep the one there is.",
    )
    require_mfa = forms.BooleanField(
        label="Only with a second factor at the provider",
        required=False,
        initial=True,
        help_text="The provider must say so, in the claim amr or acr. Without it, people are asked for a factor here.",
    )
    on = forms.BooleanField(label="People can sign in with it", required=False)
    version = forms.IntegerField(widget=forms.HiddenInput, initial=0)


class PolicyForm(forms.Form):
    second_factor = forms.ChoiceField(label="Who needs a second factor", choices=SecondFactor.choices)
    idle_minutes = forms.IntegerField(label="Sign out after so many minutes without a click")
    version = forms.IntegerField(widget=forms.HiddenInput, initial=0)

    def __init__(self, kind: str, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        most = int(policy.longest(kind).total_seconds()) // 60
        self.fields["idle_minutes"].help_text = f"5 to {most}. It counts from each person's next sign-in."
        self.fields["idle_minutes"].widget.attrs |= {"min": 5, "max": most}


class DomainForm(forms.Form):
    name = forms.CharField(label="Domain", max_length=253, help_text="Like example.com. We write to its postmaster.")


def _home(actor: Actor) -> str:
    return reverse("sign_on", kwargs={"tenant": actor.tenant})


def _crumbs(actor: Actor, words: str) -> list[tuple[str, str]]:
    return [("Sign-on", _home(actor)), (words, "")]


@page("sign_on.configure")
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    now, row = timezone.now(), sign_on.own()
    context = {
        "row": row,
        "rule": policy.own(actor.kind),
        "domains": [(one, one.proven_at is None and one.expires_at <= now) for one in domains.every()],
        "bound": sign_on.bound(),
        "start": f"{settings.SITE_URL}{reverse('sso', kwargs={'tenant': actor.tenant})}",
        "back": back_to(actor.tenant),
        "zone": organisations.zone(),
    }
    return TemplateResponse(request, "sign_on/index.html", context)


@page("sign_on.configure")
def edit(request: HttpRequest, actor: Actor) -> HttpResponse:
    row = sign_on.own()
    fields = ("name", "issuer", "client_id", "require_mfa", "on", "version")
    initial = {field: getattr(row, field) for field in fields} if row is not None else {}
    form = SignOnForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            sign_on.save(actor, **form.cleaned_data, sandbox=settings.SANDBOX_HOSTS, now=timezone.now())
        except Refused as refusal:
            form.add_error(None, " ".join(filter(None, [refusal.text, refusal.hint])))
        else:
            words = "People can sign in with it now." if form.cleaned_data["on"] else "It is kept, and switched off."
            messages.success(request, words)
            return HttpResponseRedirect(_home(actor))
    context = {"form": form, "errors_shown": bool(form.errors), "back": back_to(actor.tenant)}
    context["crumbs"] = _crumbs(actor, "Provider")
    return TemplateResponse(request, "sign_on/edit.html", context, status=422 if form.errors else 200)


@page("sign_on.configure")
def change_policy(request: HttpRequest, actor: Actor) -> HttpResponse:
    rule = policy.own(actor.kind)
    initial = {"second_factor": rule.second_factor, "idle_minutes": rule.minutes, "version": rule.version}
    form = PolicyForm(actor.kind, request.POST or None, initial=initial)
    if not rule.decides:
        form.fields["second_factor"].widget = forms.HiddenInput()
    if request.method == "POST" and form.is_valid():
        try:
            policy.save(actor, **form.cleaned_data, now=timezone.now())
        except Refused as refusal:
            form.add_error(None, " ".join(filter(None, [refusal.text, refusal.hint])))
        else:
            messages.success(request, "The policy is kept.")
            return HttpResponseRedirect(_home(actor))
    context = {"form": form, "errors_shown": bool(form.errors), "rule": rule, "crumbs": _crumbs(actor, "Policy")}
    return TemplateResponse(request, "sign_on/policy.html", context, status=422 if form.errors else 200)


@page("sign_on.configure", seat=False)
def add_domain(request: HttpRequest, actor: Actor) -> HttpResponse:
    form = DomainForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            ask(request, actor, form.cleaned_data["name"])
        except Refused as refusal:
            form.add_error("name", " ".join(filter(None, [refusal.text, refusal.hint])))
        else:
            return HttpResponseRedirect(_home(actor))
    context = {"form": form, "errors_shown": bool(form.errors), "crumbs": _crumbs(actor, "Add a domain")}
    return TemplateResponse(request, "sign_on/domain.html", context, status=422 if form.errors else 200)


def ask(request: HttpRequest, actor: Actor, name: str) -> None:
    """Write to the postmaster of a domain, once the question is committed. Raises Refused."""
    with tenancy.acting_in(actor.tenant):
        asked = domains.ask(actor, name, now=timezone.now())
    domains.send(asked, tenant=actor.tenant)
    messages.success(request, f"A letter is on its way to {asked.letter_to}. The domain counts once its link was opened.")


@require_POST
@page("sign_on.configure", seat=False)
def ask_again(request: HttpRequest, actor: Actor, domain: UUID) -> HttpResponse:
    with tenancy.acting_in(actor.tenant):
        name = domains.one(domain).name
    ask(request, actor, name)
    return HttpResponseRedirect(_home(actor))


@require_POST
@page("sign_on.configure")
def remove_domain(request: HttpRequest, actor: Actor, domain: UUID) -> HttpResponse:
    domains.remove(actor, domain, now=timezone.now())
    messages.success(request, "The domain is removed. Who came in by it stays; nobody new does.")
    return HttpResponseRedirect(_home(actor))


@require_POST
@page("sign_on.configure")
def forget(request: HttpRequest, actor: Actor) -> HttpResponse:
    count = sign_on.forget(actor, now=timezone.now())
    messages.success(request, f"{count} forgotten. Everyone is recognised anew at their next sign-on.")
    return HttpResponseRedirect(_home(actor))


@never_cache
def prove(request: HttpRequest, tenant: UUID, token: str) -> HttpResponse:
    """The page behind the letter to a postmaster. Opening it changes nothing; only sending the form does."""
    now = timezone.now()
    try:
        with tenancy.acting_in(tenant):
            domain: Domain = domains.look(token, now=now)
            named = organisations.own().name
            if request.method == "POST":
                who = domains.postmaster(
                    domain, request_id=str(getattr(request, "request_id", "")), address=actors.address(request)
                )
                domains.prove(token, actor=who, now=now)
                placing.place_waiting(who, now=now)
        context = {"domain": domain, "organisation": named, "done": request.method == "POST"}
        response = render(request, "sign_on/prove.html", context)
    except once.Spent as spent:
        response = render(request, "people/link_spent.html", {"refusal": spent}, status=404)
    return quiet(response)


prove.before_second_factor = True  # type: ignore[attr-defined]
