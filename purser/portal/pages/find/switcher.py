"""The tenant switcher, and links to a tenant by its id or Tenant ID: `/go/tenant/123456789012/people/`.

A link may also name a company by the id that the marketplace or the PSA knows it by: `/go/tenant/175/`, or where vendors'
ids are alike `/go/tenant/autotask:175/`. It survives sign-in and second factor, and says "There is nothing here" alike for
what is somebody else's and for nothing.
Source: ux 1 to 4.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import Resolver404, resolve, reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from purser.access import actors, permit, second_factor
from purser.access.models import Person
from purser.finding import places
from purser.finding.places import Home, Place
from purser.kernel.errors import Missing
from purser.links.queries import find as links
from purser.portal import failures, navigation
from purser.portal.pages.find import kept
from purser.postgres import tenancy
from purser.tenants.models import Kind

GROUPS = (("stars", "Favourites"), ("recent", "Recent"), ("all", "All"))


def homes_of(request: HttpRequest) -> list[Home]:
    """The organisations this session may speak for: with a second factor where one is needed, and only that of the
    provider that signed it on. Takes its seats itself.
    """
    assert isinstance(request.user, Person)
    found = places.homes(request.user, request, only=actors.via(request), now=timezone.now())
    return [home for home in found if not second_factor.missing(request, home.actor.tenant)]


@login_required
def index(request: HttpRequest) -> HttpResponse:
    """The organisations to go to, in groups; with `part` only the list, for the header."""
    text = request.GET.get("q", "")[:200]
    homes, now = homes_of(request), timezone.now()
    stars, recent = ([id for home in homes for id in kept.ids(home.actor, name)] for name in ("stars", "recent"))
    shown = places.found(homes, text, now)
    if not text:
        shown = list(dict.fromkeys([*places.these(homes, [*stars, *recent], now), *shown]))
    here = request.GET.get("at", "")
    context = {"groups": _groups(shown, stars, recent), "text": text, "here": here, "stars": stars, "back": _back(request)}
    return render(request, "find/groups.html" if "part" in request.GET else "find/tenants.html", context)


def _groups(shown: list[Place], stars: list[UUID], recent: list[UUID]) -> list[tuple[str, list[Place]]]:
    """Each place once: pinned, else recent, else in All."""
    of = {place.id: "stars" if place.id in stars else "recent" if place.id in recent else "all" for place in shown}
    groups = {name: [place for place in shown if of[place.id] == name] for name, _ in GROUPS}
    groups["recent"].sort(key=lambda place: recent.index(place.id))
    return [(words, groups[name]) for name, words in GROUPS if groups[name]]


def _back(request: HttpRequest) -> str:
    """The page the switcher was opened on."""
    return failures.own_path(request, request.headers.get("Referer", "")) if "part" in request.GET else request.path


@login_required
@require_POST
def star(request: HttpRequest) -> HttpResponse:
    """Pin a tenant, or no longer. Raises Missing for one that is not theirs to go to."""
    homes = homes_of(request)
    place = places.named(homes, request.POST.get("place", ""), timezone.now())
    if place is None:
        raise Missing("There is no such organisation.")
    kept.star(_home(homes, place.home), place.id, on=request.POST.get("on") == "1")
    return HttpResponseRedirect(failures.own_path(request, request.POST.get("next", "/")))


@login_required
def go(request: HttpRequest, key: str, rest: str = "") -> HttpResponse:
    """To a page of the tenant; to what the partner knows of it where it does not let this person in; to a company, or a
    choice of them, that a vendor knows by this id.
    """
    homes = homes_of(request)
    place = places.named(homes, key, timezone.now())
    if place is None and not homes:
        return _prove_first(request)
    if place is None and not rest and (companies := _companies(homes, key)):
        if len(companies) == 1:
            return HttpResponseRedirect(companies[0].href)
        return render(request, "find/choose.html", {"companies": companies, "key": key})
    if place is not None and not place.opens:
        messages.warning(request, f"{place.name} cannot be opened. {place.note}.")
        return HttpResponseRedirect(_known(place))
    address = _address(key if place is None else str(place.id), place, rest)
    if place is not None:
        kept.opened(_home(homes, place.home), place.id)
    query = request.META.get("QUERY_STRING", "")
    return HttpResponseRedirect(address + (f"?{query}" if query else ""))


@dataclass(frozen=True)
class Company:
    """What a vendor knows by an id, in the organisation that keeps it."""

    name: str
    keeper: str
    vendor: str
    number: str
    href: str


def _companies(homes: list[Home], key: str) -> list[Company]:
    """Takes the seats of the organisations one belongs to, and no others: what others link is not looked at."""
    found = []
    for actor in (home.actor for home in homes):
        if permit.allows(actor, "links.read"):
            with tenancy.acting_in(actor.tenant):
                for row in links.companies_of_vendor(key[:130]):
                    href = reverse("mapping_company", kwargs={"tenant": actor.tenant, "customer": row.pk})
                    vendor = str(row.connection.get_kind_display())
                    found.append(Company(row.name, actor.organisation, vendor, row.external_id, href))
    return found


def _known(place: Place) -> str:
    """What its partner, or the distributor above that, knows of a customer."""
    if place.seller:
        return f"{reverse('tenants_below', kwargs={'tenant': place.home})}?number.is={place.number}"
    return reverse("tenant", kwargs={"tenant": place.home, "organisation": place.id})


def _address(tenant: str, place: Place | None, rest: str) -> str:
    """A page below the tenant. Raises Missing for a Tenant ID of nobody's, and for an address that leads nowhere."""
    try:
        id = UUID(tenant)
        if not rest and place is not None and place.kind == Kind.CUSTOMER:
            return navigation.page_of("overview", id)
        address = f"/t/{id}/{rest}"
        resolve(address)
    except (ValueError, Resolver404):
        raise Missing("There is no such organisation or page.") from None
    return address


def _prove_first(request: HttpRequest) -> HttpResponse:
    """Nothing is theirs, or nothing before a second factor is set up: that page leads on to here."""
    assert isinstance(request.user, Person)
    if second_factor.has_one(request.user):
        raise Missing("There is no such organisation.")
    return failures.go(request, f"{reverse('second_factor')}?next={request.get_full_path()}", title="Set up a second factor")


def _home(homes: list[Home], tenant: UUID) -> actors.Actor:
    return next(home.actor for home in homes if home.actor.tenant == tenant)
