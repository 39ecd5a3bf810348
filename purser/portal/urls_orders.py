"""Addresses of ordering and approval, for who sells and for customers themselves. Included at the root of the site."""

from __future__ import annotations

from django.urls import path

from purser.portal.pages.orders import change, listed, rules, services, shop

T = "t/<uuid:tenant>/"
ORDERS = f"{T}sales-orders/"
FOR = f"{ORDERS}for/<uuid:buyer>/"
ONE = f"{ORDERS}<uuid:placed>/"

urlpatterns = [
    path(f"{T}my-services/", services.index, name="my-services"),
    path(ORDERS, listed.index, name="order-list"),
    path(f"{ORDERS}export/", listed.export, name="order-list-export"),
    path(f"{ORDERS}waiting/", listed.desk, name="order-desk"),
    path(f"{ORDERS}waiting/export/", listed.desk_export, name="order-desk-export"),
    path(f"{ORDERS}waiting/approve/", listed.approve_many, name="order-approve-many"),
    path(f"{ORDERS}rules/", rules.index, name="order-rules"),
    path(f"{ORDERS}rules/<uuid:organisation>/drop/", rules.drop, name="order-rule-drop"),
    path(f"{ORDERS}new/", shop.new, name="order-new"),
    path(FOR, shop.index, name="order-shop"),
    path(f"{FOR}price/", shop.price, name="order-price"),
    path(f"{FOR}basket/", shop.put, name="order-basket"),
    path(f"{FOR}check/", shop.check, name="order-check"),
    path(f"{FOR}calls/", shop.calls, name="order-calls"),
    path(f"{FOR}place/", shop.place, name="order-place"),
    path(f"{ORDERS}change/<uuid:held>/calls/", change.calls, name="order-change-calls"),
    path(f"{ORDERS}change/<uuid:held>/", change.change, name="order-change"),
    path(ONE, listed.one, name="order"),
    path(f"{ONE}calls/", listed.calls, name="order-calls-of"),
    path(f"{ONE}approve/", listed.approve, name="order-approve"),
    path(f"{ONE}reject/", listed.reject, name="order-reject"),
    path(f"{ONE}cancel/", listed.cancel, name="order-cancel"),
]
