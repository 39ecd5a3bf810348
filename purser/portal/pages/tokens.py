"""API tokens of an organisation: made, cut to a part of what the person may, shown once, revoked."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from purser.access import tokens, verbs
from purser.access.actors import Actor
from purser.kernel.errors import Refused
from purser.portal.doors import page
from purser.tenants import organisations


class TokenForm(forms.Form):
    """Built for the person, as a token can do no more than they may."""

    name = forms.CharField(label="What will use it", max_length=100, help_text="Like “month-end export”.")
    days = forms.TypedChoiceField(
        label="Good for",
        coerce=int,
        initial=90,
        choices=[(7, "7 days"), (30, "30 days"), (90, "90 days"), (365, "1 year")],
    )
    only = forms.MultipleChoiceField(
        label="Only these",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Choose none, and it can do all of them, as your role changes too.",
    )

    def __init__(self, actor: Actor, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        field = self.fields["only"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [(verb.name, verb.sentence.capitalize()) for verb in tokens.offered(actor)]


@page("tokens.read")
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    now = timezone.now()
    rows = [
        (row, _state(row.revoked_at is not None, row.expires_at <= now), [_sentence(name) for name in row.verbs])
        for row in tokens.own()
    ]
    return TemplateResponse(request, "tokens/index.html", {"rows": rows, "zone": organisations.zone()})


@page("tokens.make")
def make(request: HttpRequest, actor: Actor) -> HttpResponse:
    form = TokenForm(actor, request.POST or None)
    crumbs = [("API tokens", reverse("tokens", kwargs={"tenant": actor.tenant})), ("Make a token", "")]
    if request.method == "POST" and form.is_valid():
        now, given = timezone.now(), form.cleaned_data
        ends = now + timedelta(days=given["days"])
        try:
            made = tokens.make(actor, name=given["name"], expires_at=ends, only=given["only"], now=now)
        except Refused as refusal:
            form.add_error(None, " ".join(filter(None, [refusal.text, refusal.hint])))
        else:
            # No redirect: the value exists only in this answer.
            allowed = [_sentence(name) for name in made.row.verbs]
            return TemplateResponse(request, "tokens/made.html", {"made": made, "allowed": allowed, "crumbs": crumbs})
    context = {"form": form, "errors_shown": bool(form.errors), "crumbs": crumbs}
    return TemplateResponse(request, "tokens/make.html", context, status=422 if form.errors else 200)


@require_POST
@page("tokens.revoke")
def revoke(request: HttpRequest, actor: Actor, token: UUID) -> HttpResponse:
    tokens.revoke(actor, token, now=timezone.now())
    messages.success(request, "The token is revoked; its next call fails.")
    return HttpResponseRedirect(reverse("tokens", kwargs={"tenant": actor.tenant}))


def _sentence(name: str) -> str:
    """What a verb allows; its name where the table does not have it any more."""
    found = verbs.VERBS.get(name)
    return found.sentence if found is not None else name


def _state(revoked: bool, expired: bool) -> tuple[str, str]:
    """Tone and words of a token's badge."""
    if revoked:
        return "plain", "Revoked"
    return ("warn", "Expired") if expired else ("good", "In use")
