"""The payment provider's webhooks. No verb guards this door: the signature over the raw body does.

Nothing of the body is read before its signature held; a forged one, an old one, and one for an organisation that is no
operator with a provider get answers that tell nothing. Source: reliability P39, section 4.
"""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.request import UnreadablePostError
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from purser.api import failures
from purser.billing.paying import events, provider
from purser.connectors.ports.payment import WEBHOOK_MOST_BYTES
from purser.flows import ports
from purser.kernel.errors import Missing, Refused

SIGNATURE = "Stripe-Signature"


@csrf_exempt  # no cookie opens it: only the signature does
@require_POST
def payments(request: HttpRequest, operator: UUID) -> HttpResponse:
    """Keep the event and answer at once; a job looks at what it is about."""
    try:
        body = request.read(WEBHOOK_MOST_BYTES + 1)
    except UnreadablePostError:
        return failures.answer(400, "unreadable", "The body ended early.")
    if len(body) > WEBHOOK_MOST_BYTES:
        return failures.answer(413, "too_large", f"A webhook has at most {WEBHOOK_MOST_BYTES:,} bytes.")
    try:
        row = provider.of_operator(operator)
        if row is None:
            raise Missing("There is nothing here.")
        taken = events.take(operator, ports.payments(row), body, request.headers.get(SIGNATURE, ""), now=timezone.now())
    except Missing:
        return failures.nothing_here(request)
    except Refused as refusal:
        return failures.answer(400, refusal.code, refusal.text)
    return HttpResponse("kept" if taken.new else "known", content_type="text/plain")


payments.before_second_factor = True  # type: ignore[attr-defined]  # nobody is signed in here
