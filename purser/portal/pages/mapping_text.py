"""Mapping as text: take all relations out, compare a text with what stands, bring it in in one go."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from purser.access.actors import Actor
from purser.kernel.errors import Refused
from purser.links.desk import text as desk
from purser.links.models import Sync
from purser.links.queries import pairs
from purser.links.rewriting import NotApplied
from purser.portal import context
from purser.portal.doors import page
from purser.portal.pages import billing

SHOWN = 500  # lines of each kind on the review page; all are applied


class TextForm(forms.Form):
    """A text, as a file or typed; a file wins."""

    file = forms.FileField(label="File", required=False, max_length=200)
    text = forms.CharField(
        label="Or the text itself",
        required=False,
        widget=forms.Textarea(attrs={"rows": 14, "spellcheck": "false", "class": "mono"}),
        strip=False,
    )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        file = cleaned.get("file")
        if file is not None:
            if file.size > desk.LONGEST * 4:
                raise forms.ValidationError(f"The file has {file.size} bytes; at most {desk.LONGEST} characters are read.")
            try:
                cleaned["text"] = file.read().decode("utf-8")
            except UnicodeDecodeError as wrong:
                raise forms.ValidationError(f"The file is not UTF-8 text (byte {wrong.start + 1}).") from None
        if not cleaned.get("text", "").strip():
            raise forms.ValidationError("Choose a file, or paste the text.")
        return cleaned


@page("mapping.export")
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    pair = pairs.main(context.chosen(request))
    if pair is None:
        return billing.start(request, actor, "Mapping as text")
    return TemplateResponse(request, "billing/text.html", _words(request, actor, pair, TextForm()))


def _words(request: HttpRequest, actor: Actor, pair: Sync, form: TextForm) -> dict[str, Any]:
    back = reverse("mapping", kwargs={"tenant": actor.tenant}) + f"?context={pair.target.kind}"
    return {
        **billing.frame(pair),
        "form": form,
        "errors_shown": bool(form.errors),
        "crumbs": [("Mapping", back), ("Mapping as text", "")],
    }


@page("mapping.export")
def export(request: HttpRequest, actor: Actor) -> HttpResponse:
    pair = billing.pair_of(request)
    response = HttpResponse(desk.export(actor, sync=pair), content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="relations-{pair.target.kind}.txt"'
    return response


@require_POST
@page("mapping.import")
def compare(request: HttpRequest, actor: Actor) -> HttpResponse:
    """What the text would change: the review page."""
    pair = billing.pair_of(request)
    form = TextForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            return _review(request, actor, pair, form.cleaned_data["text"])
        except Refused as refusal:
            form.add_error(None, f"{refusal.text} {refusal.hint}".strip())
    return TemplateResponse(request, "billing/text.html", _words(request, actor, pair, form), status=422)


def _review(request: HttpRequest, actor: Actor, pair: Sync, text: str, *, refused: NotApplied | None = None) -> HttpResponse:
    comparison = desk.compare(actor, sync=pair, text=text)
    back = reverse("mapping_text", kwargs={"tenant": actor.tenant}) + f"?context={pair.target.kind}"
    faults = refused.faults if refused else comparison.faults
    groups = [
        (words, sign, tone, len(changes), changes[:SHOWN])
        for words, sign, tone, changes in (
            ("Added", "plus", "good", comparison.of("added")),
            ("Changed", "pencil", "note", comparison.of("changed")),
            ("Not in the text", "x", "warn", comparison.of("removed")),
        )
        if changes
    ]
    made = {
        **billing.frame(pair),
        "comparison": comparison,
        "groups": groups,
        "faults": faults[:SHOWN],
        "count": len(faults),
        "refused": refused,
        "removable": len(comparison.of("removed")),
        "placed": len(comparison.changes) - len(comparison.of("removed")),
        "text": text,
        "back": back,
        "crumbs": [("Mapping as text", back), ("Review", "")],
    }
    return TemplateResponse(request, "billing/review.html", made, status=422 if faults else 200)


@require_POST
@page("mapping.import")
def apply(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Bring in the text that was reviewed, all of it or nothing."""
    pair = billing.pair_of(request)
    text = request.POST.get("text", "")
    try:
        done = desk.bring_in(
            actor,
            sync=pair,
            text=text,
            expect=request.POST.get("expect", ""),
            remove=request.POST.get("remove") == "1",
            now=timezone.now(),
        )
    except NotApplied as refusal:
        return _review(request, actor, pair, text, refused=refusal)
    except Refused as refusal:
        messages.warning(request, f"{refusal.text} {refusal.hint}".strip())
        return _review(request, actor, pair, text)
    messages.success(request, f"{done} relations changed; the next pass reconciles the new ones.")
    there = reverse("mapping", kwargs={"tenant": actor.tenant})
    return HttpResponseRedirect(there + f"?context={pair.target.kind}")
