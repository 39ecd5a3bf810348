"""What these pages share: a form as a page, and a refusal shown in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from purser.access.actors import Actor
from purser.kernel.errors import Refused


def form_page(
    request: HttpRequest,
    actor: Actor,
    form: forms.Form,
    *,
    title: str,
    submit: str,
    back: str,
    crumbs: Sequence[tuple[str, str]],
    lead: str = "",
    template: str = "partners/form.html",
    more: Mapping[str, Any] | None = None,
) -> HttpResponse:
    """One form with its title; `back` is where Cancel leads, `crumbs` what comes before the title."""
    context = {
        "form": form,
        "errors_shown": bool(form.errors),
        "title": title,
        "lead": lead,
        "submit": submit,
        "back": back,
        "crumbs": [*crumbs, (title, "")],
        **(more or {}),
    }
    return TemplateResponse(request, template, context, status=422 if form.errors else 200)


def refuse(form: forms.Form, refusal: Refused, field: str | None = None) -> None:
    """Say in the form why it was not done."""
    form.add_error(field, " ".join(filter(None, [refusal.text, refusal.hint])))


def sent(request: HttpRequest, name: str, *, most: int = 500) -> str:
    """One field of a posted form, trimmed. Raises Refused for what no text is or is too long."""
    try:
        return str(forms.CharField(required=False, max_length=most).clean(request.POST.get(name, "")))
    except ValidationError as wrong:
        raise Refused(" ".join(wrong.messages), code="text") from None


def to(name: str, actor: Actor, **more: Any) -> str:
    return reverse(name, kwargs={"tenant": actor.tenant, **more})
