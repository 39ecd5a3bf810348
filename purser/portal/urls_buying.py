"""Addresses of buying: packages, quotes, papers, billing info, the operator's prices; and support. At the root of the site."""

from __future__ import annotations

from django.urls import path

from purser.portal.pages import support
from purser.portal.pages.buying import basket, billed, documents, prices, quotes

T = "t/<uuid:tenant>/"
QUOTE = f"{T}quotes/<uuid:quote>/"

urlpatterns = [
    path(f"{T}support/", support.home, name="support"),
    path(f"{T}support/security/", support.security, name="support_security"),
    path(f"{T}support/privacy/", support.privacy, name="support_privacy"),
    path(f"{T}packages/", basket.index, name="packages"),
    path(f"{T}packages/change/", basket.change, name="packages_change"),
    path(f"{T}packages/quote/", basket.quote, name="packages_quote"),
    path(f"{T}quotes/", quotes.index, name="quotes"),
    path(f"{T}quotes/export/", quotes.export, name="quotes_export"),
    path(QUOTE, quotes.one, name="quote"),
    path(f"{QUOTE}pdf/", quotes.pdf, name="quote_pdf"),
    path(f"{QUOTE}mail/", quotes.mail, name="quote_mail"),
    path(f"{QUOTE}again/", quotes.again, name="quote_again"),
    path(f"{QUOTE}buy/", quotes.buy, name="quote_buy"),
    path(f"{T}documents/", documents.index, name="documents"),
    path(f"{T}documents/export/", documents.export, name="documents_export"),
    path(f"{T}documents/<uuid:document>/", documents.one, name="document"),
    path(f"{T}settings/billing/", billed.info, name="settings_billing"),
    path(f"{T}settings/billing/edit/", billed.edit, name="settings_billing_edit"),
    path(f"{T}settings/package/", billed.package, name="settings_package"),
    path(f"{T}settings/package/choose/", billed.choose, name="settings_package_choose"),
    path(f"{T}prices/", prices.index, name="prices"),
    path(f"{T}prices/export/", prices.export, name="prices_export"),
    path(f"{T}prices/publish/", prices.publish, name="prices_publish"),
    path(f"{T}prices/seller/", billed.seller, name="prices_seller"),
    path(f"{T}prices/<uuid:price_list>/", prices.one, name="price_list"),
    path(f"{T}prices/<uuid:price_list>/file/", prices.file, name="price_list_file"),
]
