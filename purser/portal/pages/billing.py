"""The mapping page: companies, their subscriptions and resources, and what each is linked to at the PSA.

Source: acceptance ID-11 to ID-17, ID-53, ID-54, ID-68.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from purser.access.actors import Actor
from purser.flows import ports
from purser.flows.marketplace_to_contracts import reading
from purser.kernel.errors import Refused
from purser.links.desk import mapping as desk
from purser.links.models import SourceResource, Sync
from purser.links.queries import connections as connection_queries
from purser.links.queries import mapping, pairs, proposals
from purser.links.queries.mapping import Filters
from purser.portal import context, failures, preferences, requests
from purser.portal.doors import page
from purser.postgres import tenancy
from purser.tenants import organisations

SCREEN = "mapping"
AT_ONCE = 500  # exact matches that are accepted in one go


def pair_of(request: HttpRequest) -> Sync:
    """The pair a request speaks of. Raises Refused where none stands yet."""
    pair = pairs.main(context.chosen(request))
    if pair is None:
        raise Refused(
            "There is nothing to map yet: the marketplace and a PSA must both be connected.",
            code="setup",
            hint="Open Configuration and follow the set-up steps.",
        )
    return pair


def frame(pair: Sync) -> dict[str, Any]:
    """What every page about a pair tells its template: the pair, the PSA's name, and the tail of its links."""
    kind = pair.target.kind
    contexts = [
        {"label": label, "href": f"?context={value}", "here": value == kind} for value, label in context.CONTEXTS.items()
    ]
    return {"pair": pair, "psa": pair.target.name, "context": kind, "contexts": contexts, "tail": f"?context={kind}"}


def start(request: HttpRequest, actor: Actor, title: str) -> HttpResponse:
    """In place of a page about a pair while there is none: which step of the set-up is next."""
    steps = connection_queries.setup(context.chosen(request))
    return TemplateResponse(
        request,
        "configuration/start.html",
        {"title": title, "steps": steps, "next": connection_queries.next_step(steps)},
    )


def filters_of(actor: Actor) -> Filters:
    return Filters.of(preferences.read(actor, SCREEN))


@page("links.read")
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    pair = pairs.main(context.chosen(request))
    if pair is None:
        return start(request, actor, "Mapping")
    filters, search = filters_of(actor), request.GET.get("q", "").strip()[:300]
    number = int(asked) if (asked := request.GET.get("page", "1")[:6]).isdecimal() and asked != "0" else 1
    shown = mapping.companies(pair, filters, search=search, number=number)
    return TemplateResponse(
        request,
        "billing/index.html",
        {
            **frame(pair),
            "page": shown,
            "search": search,
            "filters": asdict(filters),
            "switches": [(name, label, getattr(filters, name)) for name, label in mapping.SWITCHES],
            "previous_href": _page_href(pair, search, number - 1) if number > 1 else "",
            "next_href": _page_href(pair, search, number + 1) if shown.more else "",
            "anything": bool(shown.rows or search or filters.hide_completed),
        },
    )


def _page_href(pair: Sync, search: str, number: int) -> str:
    return "?" + urlencode({"context": pair.target.kind, **({"q": search} if search else {}), "page": number})


@require_POST
@page("links.read")
def keep_filters(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Keep the switches for this person; they are part of the mapping page's own address again on return."""
    kept = {name: request.POST.get(name) == "1" for name, _ in mapping.SWITCHES}
    preferences.write(actor, SCREEN, {**preferences.read(actor, SCREEN), **kept})
    return HttpResponseRedirect(failures.own_path(request, request.POST.get("next", "/")))


@page("links.read")
def coverage(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The part of the page that counts everything; loaded after it, so that the list need not wait."""
    pair = pair_of(request)
    made = {**frame(pair), "coverage": mapping.coverage(pair), "renewals": len(proposals.renewals(pair))}
    return TemplateResponse(request, "billing/coverage.html", made)


@page("links.read")
def accounts(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Options of the account drop-down for what was typed."""
    found = mapping.find_accounts(pair_of(request), request.GET.get("q", "").strip()[:300])
    return JsonResponse([{"value": str(a.pk), "text": a.name} for a in found], safe=False)


@page("links.read")
def company(request: HttpRequest, actor: Actor, customer: UUID) -> HttpResponse:
    """One company opened: a part of the list for htmx, a page of its own otherwise."""
    pair = pair_of(request)
    if request.GET.get("closed"):
        row = mapping.company(pair, filters_of(actor), customer)
        return TemplateResponse(request, "billing/company.html", {**frame(pair), "row": row, "actor": actor})
    return _opened(request, actor, pair, customer)


def _opened(request: HttpRequest, actor: Actor, pair: Sync, customer: UUID, *, said: str = "") -> HttpResponse:
    filters = filters_of(actor)
    today = timezone.now().astimezone(ZoneInfo(organisations.zone())).date()
    card = mapping.card(pair, filters, customer, today=today)
    made = {
        **frame(pair),
        "row": card.company,
        "card": card,
        "filters": asdict(filters),
        "today": today,
        "said": said,
    }
    if requests.is_partial(request, f"company-{customer}"):
        return TemplateResponse(request, "billing/company.html", made)
    back = reverse("mapping", kwargs={"tenant": actor.tenant}) + f"?context={pair.target.kind}"
    crumbs = [("Mapping", back), (card.company.customer.name, "")]
    return TemplateResponse(request, "billing/one.html", {**made, "crumbs": crumbs})


def _after(request: HttpRequest, actor: Actor, pair: Sync, customer: UUID, said: str) -> HttpResponse:
    """After a change: the company's card anew for htmx, its page otherwise."""
    if requests.is_partial(request, f"company-{customer}"):
        return _opened(request, actor, pair, customer, said=said)
    messages.success(request, said)
    there = reverse("mapping_company", kwargs={"tenant": actor.tenant, "customer": customer})
    return HttpResponseRedirect(there + f"?context={pair.target.kind}")


def chosen(post: Mapping[str, str], name: str, what: str) -> UUID:
    """An id from a drop-down. Raises Refused where nothing was chosen."""
    try:
        return UUID(post.get(name, ""))
    except ValueError:
        raise Refused(f"Nothing was chosen: select {what} first.", code="choice") from None


@require_POST
@page("links.write")
def set_company(request: HttpRequest, actor: Actor, customer: UUID) -> HttpResponse:
    pair = pair_of(request)
    account = chosen(request.POST, "account", "a company/account")
    made = desk.set_company(actor, sync=pair, customer_id=customer, account_id=account, now=timezone.now())
    return _after(request, actor, pair, customer, f"Mapped to {made.account.name}.")


@require_POST
@page("links.write")
def unset_company(request: HttpRequest, actor: Actor, relation: UUID) -> HttpResponse:
    gone = desk.unset_company(actor, relation_id=relation, now=timezone.now())
    return _after(request, actor, pairs.find(gone.sync_id), gone.customer_id, "The company is no longer mapped.")


@require_POST
@page("links.write")
def set_subscription(request: HttpRequest, actor: Actor, subscription: UUID) -> HttpResponse:
    pair = pair_of(request)
    contract = chosen(request.POST, "agreement", "a contract")
    made = desk.set_subscription(actor, sync=pair, subscription_id=subscription, agreement_id=contract, now=timezone.now())
    return _after(request, actor, pair, made.subscription.customer_id, f"Mapped to {made.agreement.name}.")


@require_POST
@page("links.write")
def unset_subscription(request: HttpRequest, actor: Actor, relation: UUID) -> HttpResponse:
    gone = desk.unset_subscription(actor, relation_id=relation, now=timezone.now())
    pair = pairs.find(gone.sync_id)
    return _after(request, actor, pair, gone.subscription.customer_id, "The subscription is no longer mapped.")


@require_POST
@page("links.write")
def set_resource(request: HttpRequest, actor: Actor, resource: UUID) -> HttpResponse:
    """Set Relation."""
    pair = pair_of(request)
    link = desk.set_resource(
        actor,
        sync=pair,
        resource_id=resource,
        service_id=chosen(request.POST, "service", "a service"),
        usage_divisor=amount(request.POST.get("usage_divisor", ""), "How much use makes one unit"),
        now=timezone.now(),
    )
    said = f"{link.resource.name} is linked to {link.service.name}; the next pass posts the difference once."
    return _after(request, actor, pair, link.resource.customer_id, said)


@require_POST
@page("links.write")
def unset_resource(request: HttpRequest, actor: Actor, link: UUID) -> HttpResponse:
    """Unset Relation."""
    gone = desk.unset_resource(actor, link_id=link, now=timezone.now())
    row: SourceResource = gone.resource
    said = f"{row.name} is no longer linked; {gone.sync.target.name} keeps its quantity."
    return _after(request, actor, pairs.find(gone.sync_id), row.customer_id, said)


def amount(text: str, what: str) -> Decimal | None:
    """A decimal as typed, None for nothing. Raises Refused."""
    text = text.strip()
    if not text:
        return None
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        raise Refused(f"{what}: {text[:40]!r} is no number; write it like 4.25.", code="number")
    return value


@require_POST
@page("links.write", seat=False)
def read_contract(request: HttpRequest, actor: Actor, agreement: UUID) -> HttpResponse:
    """Read the services of one contract from the PSA now, because it was never read or just changed there."""
    customer = chosen(request.POST, "customer", "a company")
    with tenancy.acting_in(actor.tenant):
        pair = pair_of(request)
    count = reading.contract(
        tenant=actor.tenant, sync_id=pair.pk, agreement_id=agreement, ports=ports.current(), clock=timezone.now
    )
    with tenancy.acting_in(actor.tenant):
        said = "The contract was read: " + ("1 service." if count == 1 else f"{count} services.")
        answer = _after(request, actor, pair, customer, said)
        return answer.render() if isinstance(answer, TemplateResponse) else answer


@page("links.write")
def exact(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Accept all exact matches: the list first, then all that stay ticked. Source: ux 27."""
    pair = pair_of(request)
    every = mapping.exact_companies(pair)
    found = every[:AT_ONCE]
    if request.method == "POST":
        wanted = set(request.POST.getlist("customer"))
        # Only what the list still says: a match may have gone, or become ambiguous, since it was shown.
        some = [(ours.pk, theirs.pk) for ours, theirs in found if f"{ours.pk}:{theirs.pk}" in wanted]
        refused = desk.map_companies(actor, sync=pair, pairs=some, now=timezone.now())
        mapped, left = len(some) - len(refused), len(wanted) - len(some) + len(refused)
        messages.success(request, "1 company is mapped." if mapped == 1 else f"{mapped} companies are mapped.")
        if left:
            words = "1 was left: it" if left == 1 else f"{left} were left: they"
            messages.warning(request, f"{words} changed since the list was shown.")
        return HttpResponseRedirect(reverse("mapping", kwargs={"tenant": actor.tenant}) + f"?context={pair.target.kind}")
    back = reverse("mapping", kwargs={"tenant": actor.tenant}) + f"?context={pair.target.kind}"
    crumbs = [("Mapping", back), ("Exact matches", "")]
    return TemplateResponse(
        request,
        "billing/exact.html",
        {**frame(pair), "found": found, "every": len(every), "crumbs": crumbs, "back": back},
    )
