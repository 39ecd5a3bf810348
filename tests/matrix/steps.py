"""Every door that changes something, with what is sent; in an order in which each takes effect. See walk.py.

(who walks, the door, what is sent): the door without its tenant, a page by its address alone, a call of the API with its
method before it. A new door that changes something needs a step in the file of its topic.
"""

from __future__ import annotations

from tests.matrix import (
    buying_steps,
    catalog_steps,
    consent_steps,
    directory_steps,
    licensing_steps,
    links_steps,
    operator_steps,
    orders_steps,
    people_steps,
    provisioning_steps,
    sign_on_steps,
    subscriptions_steps,
    tasks_steps,
    tenants_steps,
    units_steps,
    usage_steps,
)
from tests.matrix.walk import Step

STEPS: list[Step] = [
    *licensing_steps.STEPS,
    *directory_steps.STEPS,
    *people_steps.STEPS,
    *consent_steps.STEPS,
    *sign_on_steps.STEPS,
    *tenants_steps.STEPS,
    *links_steps.STEPS,
    *operator_steps.STEPS,
]
STEPS += buying_steps.STEPS
STEPS += units_steps.STEPS
# No act, and why: they change nothing but what one person sees, or nothing at all.
QUIET = {
    "lists/<screen>/columns/": "one's own columns",
    "lists/<screen>/forget/": "one's own columns",
    "csv-format/": "one's own format of files",
    "billing/filters/": "one's own switches",
    "notices/read/": "one's own notices",
    "notices/read-all/": "one's own notices",
    "notices/settings/": "how one's own notices come",
    "notices/follow/": "what one follows oneself",
    "notices/followed/<follow>/drop/": "what one follows oneself",
    "POST notices/read": "one's own notices",
    "POST notices/read-all": "one's own notices",
    "PUT notices/choices": "how one's own notices come",
    "POST notices/followed": "what one follows oneself",
    "DELETE notices/followed/<follow>": "what one follows oneself",
    "roles/preview/": "a question",
    "billing/text/compare/": "a question",
    "POST pairs/<pair>/text/compare": "a question",
    "billing/contracts/<agreement>/read/": "a reading, which a card asks for by itself when it opens",
    "POST pairs/<pair>/agreements/<agreement>/readings": "a reading, as the page's",
}
QUIET |= buying_steps.QUIET
QUIET |= directory_steps.QUIET
STEPS += usage_steps.STEPS
QUIET |= usage_steps.QUIET
STEPS += provisioning_steps.STEPS
STEPS += catalog_steps.STEPS
QUIET |= provisioning_steps.QUIET
QUIET |= catalog_steps.QUIET
STEPS += subscriptions_steps.STEPS
QUIET |= subscriptions_steps.QUIET
STEPS += orders_steps.STEPS
QUIET |= orders_steps.QUIET
STEPS += tasks_steps.STEPS
