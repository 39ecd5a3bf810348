"""Addresses of mapping, relations and configuration. Included at the root of the site."""

from __future__ import annotations

from typing import Any

from django.urls import path

from purser.portal.pages import billing, configuration, mapping_text, relations, renewals

B, C = "t/<uuid:tenant>/billing/", "t/<uuid:tenant>/configuration/"


def _psa(kind: str) -> list[Any]:
    more = {"kind": kind}
    return [
        path(f"{C}{kind}/", configuration.index, more, name=kind),
        path(f"{C}{kind}/change/", configuration.edit, more, name=f"{kind}_edit"),
    ]


urlpatterns = [
    path(B, billing.index, name="mapping"),
    path(f"{B}filters/", billing.keep_filters, name="mapping_filters"),
    path(f"{B}coverage/", billing.coverage, name="mapping_coverage"),
    path(f"{B}accounts/", billing.accounts, name="mapping_accounts"),
    path(f"{B}exact/", billing.exact, name="mapping_exact"),
    path(f"{B}companies/<uuid:customer>/", billing.company, name="mapping_company"),
    path(f"{B}companies/<uuid:customer>/account/", billing.set_company, name="mapping_set_company"),
    path(f"{B}company-relations/<uuid:relation>/unset/", billing.unset_company, name="mapping_unset_company"),
    path(f"{B}subscriptions/<uuid:subscription>/contract/", billing.set_subscription, name="mapping_set_subscription"),
    path(
        f"{B}subscription-relations/<uuid:relation>/unset/",
        billing.unset_subscription,
        name="mapping_unset_subscription",
    ),
    path(f"{B}resources/<uuid:resource>/service/", billing.set_resource, name="mapping_set_resource"),
    path(f"{B}links/<uuid:link>/unset/", billing.unset_resource, name="mapping_unset_resource"),
    path(f"{B}links/<uuid:link>/terms/", relations.terms, name="mapping_terms"),
    path(f"{B}contracts/<uuid:agreement>/read/", billing.read_contract, name="mapping_read_contract"),
    path(f"{B}renewals/", renewals.index, name="mapping_renewals"),
    path(f"{B}renewals/<uuid:relation>/accept/", renewals.accept, name="mapping_renewal_accept"),
    path(f"{B}text/", mapping_text.index, name="mapping_text"),
    path(f"{B}text/export/", mapping_text.export, name="mapping_text_export"),
    path(f"{B}text/compare/", mapping_text.compare, name="mapping_text_compare"),
    path(f"{B}text/apply/", mapping_text.apply, name="mapping_text_apply"),
    path(f"{B}relations/", relations.index, name="relations"),
    path(f"{B}relations/set/", relations.set_many, name="relations_set"),
    path(f"{B}relations/clear/", relations.clear_many, name="relations_clear"),
    path(f"{C}marketplace/", configuration.index, {"kind": "marketplace"}, name="marketplace"),
    *_psa("autotask"),
    *_psa("connectwise"),
    path(f"{C}connections/<uuid:connection>/test/", configuration.test, name="connection_test"),
    path(f"{C}connections/<uuid:connection>/price/", configuration.price_is, name="connection_price_is"),
    path(f"{C}connections/<uuid:connection>/secrets/<slug:field>/reveal/", configuration.reveal, name="connection_reveal"),
    path(f"{C}connections/<uuid:connection>/secrets/<slug:field>/", configuration.hide, name="connection_hide"),
    path(f"{C}pairs/<uuid:sync>/read/", configuration.read_now, name="pair_read"),
    path(f"{C}schedule/", configuration.schedule, name="schedule"),
    path(f"{C}pairs/<uuid:sync>/rules/", configuration.keep_schedule, name="schedule_keep"),
    path(f"{C}dictionary/", configuration.dictionary, name="dictionary"),
]
