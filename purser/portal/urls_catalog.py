"""Addresses of the catalog: what is bought from vendors and sold on, and for how much. Included at the root of the site."""

from __future__ import annotations

from django.urls import path

from purser.portal.pages.catalog import offers, price_lists, products, simulate, why

C = "t/<uuid:tenant>/catalog/"
OFFER = f"{C}offers/<uuid:offer>/"
LIST = f"{C}prices/<uuid:selling_list>/"

urlpatterns = [
    path(C, offers.index, name="catalog"),
    path(f"{C}export/", offers.export, name="catalog_export"),
    path(f"{C}on-sale/", offers.on_sale, name="catalog_on_sale"),
    path(f"{C}why/", why.price, name="catalog_why"),
    path(f"{C}vendors/", products.vendors, name="catalog_vendors"),
    path(f"{C}vendors/make/", products.make_vendor, name="catalog_vendor_make"),
    path(f"{C}vendors/<uuid:vendor>/", products.rename_vendor, name="catalog_vendor"),
    path(f"{C}products/", products.index, name="catalog_products"),
    path(f"{C}products/export/", products.export, name="catalog_products_export"),
    path(f"{C}products/make/", products.make, name="catalog_product_make"),
    path(f"{C}products/<uuid:product>/", products.change, name="catalog_product"),
    path(f"{C}offers/make/", offers.make, name="catalog_offer_make"),
    path(f"{C}offers/file/", offers.bring, name="catalog_offers_file"),
    path(f"{C}offers/sheet/", offers.sheet, name="catalog_offers_sheet"),
    path(OFFER, offers.one, name="catalog_offer"),
    path(f"{OFFER}change/", offers.change, name="catalog_offer_change"),
    path(f"{OFFER}withdraw/", offers.withdraw, name="catalog_offer_withdraw"),
    path(f"{OFFER}restore/", offers.restore, name="catalog_offer_restore"),
    path(f"{C}prices/", price_lists.index, name="selling_lists"),
    path(f"{C}prices/export/", price_lists.export, name="selling_lists_export"),
    path(f"{C}prices/make/", price_lists.make, name="selling_list_make"),
    path(LIST, price_lists.one, name="selling_list"),
    path(f"{LIST}change/", price_lists.change, name="selling_list_change"),
    path(f"{LIST}publish/", price_lists.publish, name="selling_list_publish"),
    path(f"{LIST}simulate/", simulate.show, name="selling_list_simulate"),
    path(f"{LIST}simulate/file/", simulate.file, name="selling_list_simulate_file"),
    path(f"{LIST}file/", price_lists.file, name="selling_list_file"),
    path(f"{LIST}versions/<uuid:price_version>/", price_lists.version, name="selling_list_version"),
]
