"""The rooms of a tenant's administration. What is built shows itself; what is not says what will be here and who may do it.

Source: acceptance UC-15, CS-20.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from purser.access import permit, verbs
from purser.access.actors import Actor
from purser.portal.doors import View, page
from purser.tenants import organisations


@dataclass(frozen=True)
class Room:
    """`name` is the URL's name and the last part of its address; `prefix` that of the verbs that guard it."""

    name: str
    title: str
    prefix: str
    sentence: str
    more: tuple[str, ...] = ()

    @property
    def verb(self) -> str:
        return f"{self.prefix}.read"

    def guards(self) -> list[verbs.Verb]:
        own = f"{self.prefix}."
        return [verb for verb in verbs.of_kind("customer") if verb.name.startswith(own) or verb.name in self.more]


ROOMS = (
    Room("meeting-rooms", "Meeting Rooms", "rooms", "The meeting rooms of the domain, with their devices and numbers."),
    Room("telephony", "Telephony", "telephony", "Sites, phone numbers, phones, call permissions and caller IDs."),
    Room("conferences", "Conferences", "conferences", "Who may hold conferences, with which dial-in numbers and limits."),
    Room("integrations", "Integrations", "integrations", "Calendars, directories and other services joined to the domain."),
    Room("apps", "Apps and Plug-ins", "apps", "Apps for desktop and phone, and plug-ins for mail and browser."),
    Room(
        "tunnels",
        "Sync Tunnels",
        "tunnels",
        "Sync tunnels between collections and mailboxes, with their tasks, schedule, reporting and service account.",
        (
            *("tasks.sync_tenant", "tasks.sync_mailbox", "tasks.purge", "tasks.restore", "tasks.cleanup"),
            *("contact_fields.write", "schedule.write", "reporting.write", "service_account.write"),
        ),
    ),
)


def _view(room: Room) -> View:
    @page(room.verb)
    def show(request: HttpRequest, actor: Actor) -> HttpResponse:
        kept = organisations.own().permissions
        guards = [(verb, permit.allows(actor, verb.name), _why(actor, verb, kept)) for verb in room.guards()]
        return TemplateResponse(request, "customer/room.html", {"room": room, "guards": guards})

    return show


def _why(actor: Actor, verb: verbs.Verb, kept: str) -> str:
    """Why this actor may not; "" where they may."""
    if permit.allows(actor, verb.name):
        return ""
    if actor.on_behalf:
        return "not within the consent"
    if verb.group and verb.group not in kept:
        return f"tenant permission {verb.group} is kept by the partner"
    return f"not for the role {actor.role}"


urlpatterns: list[URLPattern] = [path(f"t/<uuid:tenant>/{room.name}/", _view(room), name=room.name) for room in ROOMS]
