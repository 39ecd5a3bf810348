"""Tasks at vendors that have no interface: the list, one with what is to be done, confirmed or declined. Row AC-36."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from purser.access import acts
from purser.access.actors import Actor
from purser.kernel.errors import Refused
from purser.portal import exports, lists
from purser.portal.doors import page
from purser.portal.pages.partners.shown import refuse, sent, to
from purser.portal.tables.model import Empty, dressed
from purser.postgres import tenancy
from purser.provisioning import confirming, lists_tasks, tasks
from purser.provisioning.models import Task, TaskState
from purser.tenants import organisations

TASKS = dressed(
    lists_tasks.TASKS,
    empty=Empty(
        "Nothing is to be done",
        "Where a vendor has no interface, what Purser would change there becomes a task for people, with a day it is due.",
    ),
    export="vendor_tasks_export",
    href={"title": lambda row: reverse("vendor_task", kwargs={"tenant": row.tenant_id, "task": row.pk})},
)


@page(tasks.READ)
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    zone = organisations.zone()
    late = len(tasks.overdue(today=timezone.now().astimezone(ZoneInfo(zone)).date()))
    return lists.show(request, actor, TASKS, "tasks/list.html", more={"late": late}, zone=zone)


export = exports.door(TASKS, tasks.READ)


class ConfirmForm(forms.Form):
    """What the vendor gave, and a note."""

    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, row: Task, data: QueryDict | None = None) -> None:
        super().__init__(data, initial={"version": row.version})
        self.names = [name for name, _ in tasks.asked(row)]
        for name, words in tasks.asked(row):
            self.fields[f"answer_{name}"] = forms.CharField(
                label=words, max_length=tasks.LONGEST, widget=forms.TextInput(attrs={"autocomplete": "off"})
            )
        self.fields["note"] = forms.CharField(label="Note", required=False, max_length=tasks.LONGEST_NOTE)

    def answers(self) -> dict[str, str]:
        return {name: self.cleaned_data[f"answer_{name}"] for name in self.names}


@page(tasks.READ)
def one(request: HttpRequest, actor: Actor, task: UUID) -> HttpResponse:
    row = tasks.find(task)
    return _shown(request, actor, row, ConfirmForm(row))


def _shown(request: HttpRequest, actor: Actor, row: Task, form: forms.Form) -> HttpResponse:
    zone = organisations.zone()
    context = {
        "task": row,
        "title": row.title,
        "sign": lists_tasks.STATES[row.state],
        "late": row.state == TaskState.OPEN and row.due_on < timezone.now().astimezone(ZoneInfo(zone)).date(),
        "facts": tasks.facts(row),
        "answers": [(words, row.answer[name]) for name, words in tasks.asked(row) if row.answer[name]],
        "form": form,
        "errors_shown": bool(form.errors),
        "acts": acts.of_object("task", row.pk),
        "zone": zone,
        "crumbs": [("Tasks at vendors", to("vendor_tasks", actor)), (row.title, "")],
    }
    return TemplateResponse(request, "tasks/one.html", context, status=422 if form.errors else 200)


@require_POST
@page(tasks.VERB, seat=False)
def confirm(request: HttpRequest, actor: Actor, task: UUID) -> HttpResponse:
    with tenancy.acting_in(actor.tenant):
        row = tasks.find(task)
    form = ConfirmForm(row, request.POST)
    if form.is_valid():
        given = {"answers": form.answers(), "note": form.cleaned_data["note"], "version": form.cleaned_data["version"]}
        try:
            confirming.confirm(actor, task, now=timezone.now(), **given)
        except Refused as refusal:
            refuse(form, refusal)
        else:
            messages.success(request, f"{row.title}: confirmed. What waits for it goes on.")
            return HttpResponseRedirect(to("vendor_tasks", actor))
    with tenancy.acting_in(actor.tenant):
        return _shown(request, actor, row, form).render()  # type: ignore[attr-defined, no-any-return]


@require_POST
@page(tasks.VERB, seat=False)
def decline(request: HttpRequest, actor: Actor, task: UUID) -> HttpResponse:
    return _turned(request, actor, task, confirming.decline, "cannot be done", note=sent(request, "note"))


@require_POST
@page(tasks.VERB, seat=False)
def reopen(request: HttpRequest, actor: Actor, task: UUID) -> HttpResponse:
    return _turned(request, actor, task, confirming.reopen, "open again")


def _turned(
    request: HttpRequest, actor: Actor, task: UUID, turn: Callable[..., Task], words: str, **more: str
) -> HttpResponse:
    now: datetime = timezone.now()
    version = sent(request, "version", most=10)
    if not version.isdigit():
        raise Refused("The form was not whole.", code="version", hint="Open the task again.")
    row = turn(actor, task, version=int(version), now=now, **more)
    messages.success(request, f"{row.title}: {words}.")
    return HttpResponseRedirect(to("vendor_task", actor, task=task))
