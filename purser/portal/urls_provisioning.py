"""Addresses of instances of vendors, Sync Options and accounts at vendors. Included at the root of the site."""

from __future__ import annotations

from django.urls import path

from purser.portal.pages.provisioning import account, doing, found, instances, strangers, sync

V = "t/<uuid:tenant>/instances/"
ONE = f"{V}<uuid:instance>/"
A = "t/<uuid:tenant>/vendor-accounts/"
OF = f"{A}of/<uuid:organisation>/"
AT = f"{OF}<uuid:instance>/"
F = "t/<uuid:tenant>/vendor-findings/"
S = "t/<uuid:tenant>/vendor-strangers/"
STRANGER = f"{S}<uuid:stranger>/"
FOUND = f"{F}<uuid:organisation>/<uuid:finding>/"

urlpatterns = [
    path(V, instances.index, name="instances"),
    path(f"{V}export/", instances.export, name="instances_export"),
    path(f"{V}add/", instances.choose, name="instance_choose"),
    path(f"{V}add/<slug:vendor_kind>/", instances.make, name="instance_make"),
    path(ONE, instances.one, name="instance"),
    path(f"{ONE}change/", instances.change, name="instance_change"),
    path(f"{ONE}test/", instances.test, name="instance_test"),
    path(f"{ONE}compare/", doing.look, name="instance_compare"),
    path(f"{ONE}push/", doing.push, name="instance_push"),
    path(f"{ONE}pause/", instances.pause, name="instance_pause"),
    path(A, sync.index, name="vendor_accounts"),
    path(f"{A}export/", sync.export, name="vendor_accounts_export"),
    path(f"{A}to-sync/", sync.to_sync, name="to_sync"),
    path(f"{A}to-sync/export/", sync.to_sync_export, name="to_sync_export"),
    path(OF, sync.status, name="sync_status"),
    path(AT, account.one, name="vendor_account"),
    path(f"{AT}progress/", account.progress, name="vendor_account_progress"),
    path(f"{AT}preview/", account.preview, name="vendor_account_preview"),
    path(f"{AT}retry/", doing.retry, name="vendor_account_retry"),
    path(f"{AT}decide/", doing.decide, name="vendor_account_decide"),
    path(f"{AT}adopt/", doing.adopt, name="vendor_account_adopt"),
    path(f"{AT}take-back/", doing.take_back, name="vendor_account_take_back"),
    path(f"{AT}give-up/", doing.give_up, name="vendor_account_give_up"),
    path(f"{AT}mail/", doing.mail, name="vendor_account_mail"),
    path(f"{AT}remove/", doing.remove, name="vendor_account_remove"),
    path(f"{AT}options/", sync.options, name="sync_options"),
    path(f"{A}half-done/", found.desk, name="vendor_desk"),
    path(f"{A}half-done/export/", found.desk_export, name="vendor_desk_export"),
    path(F, found.index, name="vendor_findings"),
    path(f"{F}export/", found.export, name="vendor_findings_export"),
    path(S, strangers.index, name="vendor_strangers"),
    path(f"{S}export/", strangers.export, name="vendor_strangers_export"),
    path(STRANGER, strangers.one, name="vendor_stranger"),
    path(f"{STRANGER}adopt/", strangers.adopt, name="vendor_stranger_adopt"),
    path(f"{STRANGER}ignore/", strangers.ignore, name="vendor_stranger_ignore"),
    path(FOUND, found.one, name="vendor_finding"),
    path(f"{FOUND}heal/", found.heal, name="vendor_finding_heal"),
    path(f"{FOUND}accept/", found.accept, name="vendor_finding_accept"),
]
