"""All addresses: each topic's pages, the sign-in, the API."""

from __future__ import annotations

from django.urls import include, path

from purser.portal.pages.health import health

urlpatterns = [
    path("health", health, name="health"),
    path("", include("purser.portal.urls_identity")),  # before urls_access, whose sign-in library has sessions, too
    path("", include("purser.portal.urls_access")),
    path("", include("purser.portal.urls_partners")),
    path("", include("purser.portal.urls")),
    path("", include("purser.portal.urls_directory")),
    path("", include("purser.portal.urls_licensing")),
    path("", include("purser.portal.urls_customer")),
    path("", include("purser.portal.urls_find")),
    path("", include("purser.portal.urls_notices")),
    path("", include("purser.portal.urls_billing")),
    path("", include("purser.portal.urls_reports")),
    path("", include("purser.portal.urls_buying")),
    path("", include("purser.portal.urls_paying")),
    path("", include("purser.portal.urls_usage")),
    path("", include("purser.portal.urls_usage_operator")),
    path("", include("purser.portal.urls_provisioning")),
    path("", include("purser.portal.urls_tasks")),
    path("", include("purser.portal.urls_catalog")),
    path("", include("purser.portal.urls_orders")),
    path("", include("purser.portal.urls_subscriptions")),
    path("api/v1/", include("purser.api.urls")),
    path("", include("purser.api.urls_scim")),
    path("", include("purser.api.urls_webhooks")),
]

handler400 = "purser.portal.failures.bad"
handler403 = "purser.portal.failures.denied"
handler404 = "purser.portal.failures.missing"
handler500 = "purser.portal.failures.broken"
