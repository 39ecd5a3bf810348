"""Stripe as far as one account's cards go: customers, Checkout pages, charges with nobody present, refunds, webhooks.

A seed is one object; every key may be left out:

    {"customers": [{"id": "cus_...", "name": "...", "email": "...", "metadata": {}}],
     "cards": [{"id": "pm_...", "customer": "cus_...", "number": "<a test number>", "exp_month": 12, "exp_year": 2031}],
     "webhooks": [{"url": "http://127.0.0.1:8000/...", "secret": "whsec_...", "events": ["*"]}],
     "settings": {"key": "sk_test_sandbox", "livemode": false, "page_hours": 24, "key_hours": 24, "search_lag": 60,
                  "advice": true, "events": "after|first|held", "event_delay": 0.2}}

`events` says when webhooks are sent: after the answer (`event_delay` seconds later), first (before the answer is), or held
until the control verb `deliver`. A page of Checkout is what a browser opens; it takes Stripe's published test numbers, and
keeps no number. Control verbs: see `controls`.
"""

from sandboxes.stripe.app import Stripe

App = Stripe

__all__ = ["App", "Stripe"]
