"""One's own notices: the list, one of them, how they come, and what one follows. Source: ux 37."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_POST

from purser.access.actors import Actor
from purser.kernel.errors import Missing, Refused
from purser.notices import choices, following, kinds, reading
from purser.notices.lists import NOTICES
from purser.notices.models import Mail
from purser.portal import exports, failures, lists, requests
from purser.portal.doors import page
from purser.portal.pages.partners.shown import to
from purser.portal.tables import listing
from purser.portal.tables.model import Bulk, Empty, dressed
from purser.postgres import tenancy
from purser.tenants import organisations

TABLE = dressed(
    NOTICES,
    href={"subject": lambda row: reverse("notice", kwargs={"tenant": row.tenant_id, "notice": row.pk})},
    bulk=(Bulk("Mark as read", "notices_read", "notices.read"),),
    qualifies=lambda row: row.read_at is None,
    empty=Empty(
        "No notices yet",
        "What concerns you in this organisation, or what you follow, is told here.",
        step="notice_settings",
        step_words="Choose how they reach you",
    ),
    export="notices_export",
)


@page("notices.read")
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    more = {"seen_at": timezone.now().isoformat(), "any_unread": reading.unread(actor) > 0}
    return lists.show(request, actor, TABLE, "notices/index.html", more, zone=organisations.zone())


export = exports.door(TABLE, "notices.read")


@page("notices.read")
def one(request: HttpRequest, actor: Actor, notice: UUID) -> HttpResponse:
    """Seen by a person it is read: the page says so by itself with a call of its own, for to look at an address changes
    nothing. Without script there is the button.
    """
    row = reading.one(actor, notice)
    context = {
        "notice": row,
        "kind": kinds.KINDS[row.kind].words,
        "lines": row.text.splitlines(),
        "zone": organisations.zone(),
        "crumbs": [("Notices", to("notices", actor)), (row.subject, "")],
    }
    return TemplateResponse(request, "notices/one.html", context)


@require_POST
@page("notices.read")
def read(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Those that are ticked or match, from the list; or the one that was just shown, which answers with the bell."""
    now = timezone.now()
    chosen = listing.chosen(TABLE, actor, request.POST, now=now, zone=organisations.zone())
    ids = list(chosen.filter(read_at=None).values_list("pk", flat=True))
    count = reading.read(actor, ids, now=now)
    if requests.is_partial(request, "bell"):
        return TemplateResponse(request, "frame/bell.html", {"unread": max(0, reading.unread(actor) - count)})
    messages.success(request, f"Marked as read: {count}.")
    return HttpResponseRedirect(to("notices", actor))


@require_POST
@page("notices.read")
def read_all(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Everything up to the moment at which the list was shown."""
    now = timezone.now()
    count = reading.read_all(actor, until=_moment(request.POST.get("until", "")) or now, now=now)
    messages.success(request, f"Marked as read: {count}.")
    return HttpResponseRedirect(to("notices", actor))


def _moment(text: str) -> datetime | None:
    try:
        found = parse_datetime(text)
    except ValueError:
        return None
    return found if found is not None and timezone.is_aware(found) else None


class ChoiceForm(forms.Form):
    """One kind of notice; the fields bear its name, for the page has them all in one form."""

    mail = forms.ChoiceField(label="By mail", choices=Mail.choices)
    silent_until = forms.DateField(label="Silent until", required=False, widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, chosen: choices.Chosen, sent: object = None) -> None:
        initial = {"mail": chosen.mail, "silent_until": chosen.silent_until}
        super().__init__(sent, prefix=chosen.kind.name, initial=initial)  # type: ignore[arg-type]  # a QueryDict or None
        self.chosen = chosen
        if chosen.kind.always:
            for field in self.fields.values():
                field.disabled = True


@page("notices.choose")
def settings(request: HttpRequest, actor: Actor) -> HttpResponse:
    now = timezone.now()
    sent = request.POST if request.method == "POST" else None
    shown = [ChoiceForm(one, sent) for one in choices.of(actor, now=now)]
    with transaction.atomic():  # all choices or none
        wrong = [form for form in shown if sent is not None and not _kept(actor, form, now)]
        transaction.set_rollback(bool(wrong))
    if sent is not None and not wrong:
        messages.success(request, "Kept. It counts for every notice from now on.")
        return HttpResponseRedirect(to("notice_settings", actor))
    context = {
        "title": "How notices reach you",
        "choices": shown,
        "errors_shown": bool(wrong),
        "followed": [(row, following.words(row.what)) for row in following.of(actor)],
        "crumbs": [("Notices", to("notices", actor)), ("Settings", "")],
        "zone": organisations.zone(),
    }
    return TemplateResponse(request, "notices/settings.html", context, status=422 if wrong else 200)


def _kept(actor: Actor, form: ChoiceForm, now: datetime) -> bool:
    if not form.is_valid():
        return False
    if form.chosen.kind.always or not form.has_changed():
        return True
    until: date | None = form.cleaned_data["silent_until"]
    try:
        choices.choose(actor, form.chosen.kind.name, mail=form.cleaned_data["mail"], silent_until=until, now=now)
    except Refused as refusal:
        form.add_error("silent_until" if refusal.code == "silent_until" else None, refusal.text)
        return False
    return True


@page("notices.choose", seat=False)
def follow(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Follow a thing, or not; asked by GET it says whether the actor does. Pages of things load it as a part."""
    sent = request.POST if request.method == "POST" else request.GET
    what, about = sent.get("what", ""), _id(sent.get("about", ""))
    name = following.named(actor, what, about)
    if request.method == "POST":
        row = following.follow(actor, what, about, now=timezone.now())
        messages.success(request, f"You follow {row.name}: its notices come to you.")
        return HttpResponseRedirect(_back(request, actor))
    with tenancy.acting_in(actor.tenant):
        held = following.found(actor, what, about)
    context = {
        "title": name,
        "what": what,
        "about": about,
        "name": name,
        "held": held,
        "next": request.GET.get("next", ""),
        "crumbs": [("Notices", to("notices", actor)), ("Follow", "")],
    }
    part = requests.is_partial(request, "follow")
    return TemplateResponse(request, "notices/follow_part.html" if part else "notices/follow.html", context)


@require_POST
@page("notices.choose")
def unfollow(request: HttpRequest, actor: Actor, follow: UUID) -> HttpResponse:
    row = following.unfollow(actor, follow)
    messages.success(request, f"You no longer follow {row.name}.")
    return HttpResponseRedirect(_back(request, actor))


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Missing("There is no such thing to follow.") from None


def _back(request: HttpRequest, actor: Actor) -> str:
    """The page that the button stood on; else the settings."""
    return failures.own_path(request, request.POST.get("next") or to("notice_settings", actor))
