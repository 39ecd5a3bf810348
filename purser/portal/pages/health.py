"""Whether this process can serve: for supervisors and load balancers. Says nothing about anybody's data."""

from __future__ import annotations

from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe


@require_safe
def health(request: HttpRequest) -> JsonResponse:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return JsonResponse({"ok": False, "text": "The database does not answer."}, status=503)
    return JsonResponse({"ok": True})
