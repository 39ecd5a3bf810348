"""The window "Auto-License Users", with its settings and collections, and RUN. Source: acceptance CS-25, CS-26."""

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
from purser.directory import auto, collections, licensing_runs
from purser.kernel.errors import Refused
from purser.portal.doors import page
from purser.tenants import organisations

TABS = {"settings": "Settings", "collections": "Collections"}


class AutoForm(forms.Form):
    on = forms.BooleanField(label="Run every day by itself", required=False)
    hour = forms.TypedChoiceField(
        label="At", coerce=int, choices=[(hour, f"{hour:02}:00") for hour in range(24)], help_text="In the tenant's time zone."
    )
    take_back = forms.BooleanField(
        label="Remove the licence of whoever has left every chosen collection",
        required=False,
        help_text="At the next run. A licence given by hand stays.",
    )
    clear_synced = forms.BooleanField(
        label="Remove synced data from the mailboxes of the unlicensed",
        required=False,
        help_text="Only entries that Purser wrote. Kept for contact sync, which is not part of this version.",
    )
    limit_percent = forms.IntegerField(
        label="A run waits for a person when it would give or take back more than this percentage of the licences compared",
        min_value=0,
        max_value=100,
        help_text="Compared are the users who are licensed or are to be. What somebody gives by RUN does not count.",
    )
    limit_least = forms.IntegerField(label="and at least this many users", min_value=1, max_value=100_000)
    version = forms.IntegerField(widget=forms.HiddenInput)
    collection: forms.ModelMultipleChoiceField[Any] = forms.ModelMultipleChoiceField(
        label="Collections", queryset=None, required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["collection"].queryset = collections.listed().order_by("name", "id")  # type: ignore[attr-defined]


@page("auto_licence.write")
def window(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Two tabs of one form: a tab's button shows the other with what was typed, SAVE keeps both."""
    row = auto.settings()
    begins = {**vars(auto.rules_of(row)), "version": row.version, "collection": [one.pk for one in auto.chosen()]}
    form = AutoForm(request.POST or None, initial=begins)
    tab = request.POST.get("go", request.POST.get("tab", request.GET.get("tab", "")))
    if request.method == "POST" and "go" not in request.POST and form.is_valid():
        values = dict(form.cleaned_data)
        version, chosen = values.pop("version"), values.pop("collection")
        try:
            auto.save(actor, auto.Rules(**values), [one.pk for one in chosen], version=version, now=timezone.now())
        except Refused as refusal:
            form.add_error(None, " ".join(filter(None, [refusal.text, refusal.hint])))
        else:
            messages.success(request, "Saved: licences follow what is chosen from the next run on.")
            return HttpResponseRedirect(_overview(actor))
    wrong = form.errors if "go" not in request.POST else {}
    context = {
        "form": form,
        "errors_shown": wrong,
        "tab": tab if tab in TABS else "settings",
        "tabs": TABS.items(),
        "settings": [form[name] for name in form.fields if name not in ("collection", "version")],
        "picked": set(form["collection"].value() or ()) | {str(id) for id in form["collection"].value() or ()},
        "collections": list(collections.listed().order_by("name", "id")),
        "back": _overview(actor),
        "zone": organisations.zone(),
        "crumbs": [("Overview", _overview(actor)), ("Auto-License Users", "")],
    }
    return TemplateResponse(request, "licensing/auto.html", context, status=422 if wrong else 200)


@require_POST
@page("tasks.auto_licence")
def run(request: HttpRequest, actor: Actor) -> HttpResponse:
    """RUN, or with `dry` a preview; goes to the page that shows what comes of it."""
    row, new = licensing_runs.ask(actor, dry="dry" in request.POST, now=timezone.now())
    if not new:
        messages.info(request, "One is under way already: here it is.")
    return HttpResponseRedirect(reverse("licensing_run", kwargs={"tenant": actor.tenant, "licensing_run": row.pk}))


def _overview(actor: Actor) -> str:
    return reverse("overview", kwargs={"tenant": actor.tenant})
