"""Addresses of payment: a partner's card and purchases, the operator's provider and refunds. Included at the site's root."""

from __future__ import annotations

from django.urls import path

from purser.portal.pages.paying import automatic, card, operator, provider, purchases

T = "t/<uuid:tenant>/"
ONE = f"{T}purchases/<uuid:purchase>/"
THEIRS = f"{T}payments/<uuid:partner>/<uuid:purchase>/"

urlpatterns = [
    path(f"{T}card/", card.index, name="card"),
    path(f"{T}card/store/", card.store, name="card_store"),
    path(f"{T}card/remove/", card.remove, name="card_remove"),
    path(f"{T}card/visits/<uuid:visit>/", card.back, name="card_back"),
    path(f"{T}automatic-purchase/", automatic.index, name="automatic"),
    path(f"{T}purchases/", purchases.index, name="purchases"),
    path(f"{T}purchases/export/", purchases.export, name="purchases_export"),
    path(f"{T}purchases/place/", purchases.place, name="purchase_place"),
    path(ONE, purchases.one, name="purchase"),
    path(f"{ONE}progress/", purchases.progress, name="purchase_progress"),
    path(f"{ONE}retry/", purchases.retry, name="purchase_retry"),
    path(f"{ONE}cancel/", purchases.cancel, name="purchase_cancel"),
    path(f"{ONE}pay/", purchases.pay, name="purchase_pay"),
    path(f"{T}payment-provider/", provider.index, name="payment_provider"),
    path(f"{T}payment-provider/test/", provider.test, name="payment_provider_test"),
    path(f"{T}payments/", operator.index, name="payments"),
    path(f"{T}payments/export/", operator.export, name="payments_export"),
    path(THEIRS, operator.one, name="payment"),
    path(f"{THEIRS}refund/", operator.refund, name="payment_refund"),
]
