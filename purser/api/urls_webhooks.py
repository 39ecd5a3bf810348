"""Addresses that vendors tell us things at. Included at the root of the site."""

from __future__ import annotations

from django.urls import path

from purser.api.routes import webhooks

urlpatterns = [
    path("webhooks/payments/<uuid:operator>/", webhooks.payments, name="payment_webhook"),
]
