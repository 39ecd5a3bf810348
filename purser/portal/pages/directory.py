"""An organisation's directory: its tokens, what its groups give, whom it let in and whom not."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from purser.access.actors import Actor
from purser.access.directory import keys, placing
from purser.access.identity import DirectoryGroup, DirectoryUser
from purser.kernel.errors import Refused
from purser.portal.doors import page
from purser.tenants import organisations

SHOWN = 200  # of the entries that let nobody in


class KeyForm(forms.Form):
    name = forms.CharField(label="Which directory will use it", max_length=100, help_text="Like “Microsoft Entra”.")
    days = forms.TypedChoiceField(
        label="Good for",
        coerce=int,
        initial=180,
        choices=[(30, "30 days"), (90, "90 days"), (180, "180 days"), (365, "1 year")],
    )


def _home(actor: Actor) -> str:
    return reverse("directory", kwargs={"tenant": actor.tenant})


@page("directory.configure")
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    now, tokens = timezone.now(), keys.every()
    waiting = DirectoryUser.objects.filter(person=None).order_by("user_name")
    context = {
        "address": f"{settings.SITE_URL}{reverse('scim', kwargs={'tenant': actor.tenant})}",
        "tokens": [(row, row.revoked_at is None and row.expires_at > now) for row in tokens],
        "groups": DirectoryGroup.objects.order_by("name", "id"),
        "choices": placing.choices(actor.kind),
        "weakest": placing.weakest(actor.kind),
        "users": DirectoryUser.objects.count(),
        "waiting": [(row, placing.address_of(row.values, row.user_name)) for row in waiting[:SHOWN]],
        "zone": organisations.zone(),
    }
    return TemplateResponse(request, "directory/index.html", context)


@page("directory.configure")
def make_token(request: HttpRequest, actor: Actor) -> HttpResponse:
    form = KeyForm(request.POST or None)
    crumbs = [("Directory", _home(actor)), ("Make a token", "")]
    if request.method == "POST" and form.is_valid():
        now = timezone.now()
        ends = now + timedelta(days=form.cleaned_data["days"])
        try:
            made = keys.make(actor, name=form.cleaned_data["name"], expires_at=ends, now=now)
        except Refused as refusal:
            form.add_error("name", refusal.text)
        else:
            # No redirect: the value exists only in this answer.
            return TemplateResponse(request, "directory/made.html", {"made": made, "crumbs": crumbs})
    context = {"form": form, "errors_shown": bool(form.errors), "crumbs": crumbs}
    return TemplateResponse(request, "directory/make.html", context, status=422 if form.errors else 200)


@require_POST
@page("directory.configure")
def revoke_token(request: HttpRequest, actor: Actor, bearer: UUID) -> HttpResponse:
    keys.revoke(actor, bearer, now=timezone.now())
    messages.success(request, "The token is revoked; the directory's next call with it fails.")
    return HttpResponseRedirect(_home(actor))


@require_POST
@page("directory.configure")
def give_role(request: HttpRequest, actor: Actor, group: UUID) -> HttpResponse:
    row = placing.give(actor, group, request.POST.get("role", ""), now=timezone.now())
    messages.success(request, f"What {row.name} gives is changed; it counts from each member's next click.")
    return HttpResponseRedirect(_home(actor))
