"""Security headers on every answer, and a page for every failure.

`Headers` stands early, so that answers of other middleware get the headers too; `Failures` stands last, so that it
sees what a view raises before anything else does. Source: reliability section 4; ux 47, 48.
"""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from purser.portal import failures, requests

Next = Callable[[HttpRequest], HttpResponse]

# Nothing of ours needs any of these; only names that browsers know, for they report the others.
FEATURES = (
    *("accelerometer", "autoplay", "camera", "display-capture", "geolocation", "gyroscope", "hid", "idle-detection"),
    *("magnetometer", "microphone", "midi", "payment", "screen-wake-lock", "serial", "usb"),
)
PERMISSIONS = ", ".join(f"{feature}=()" for feature in FEATURES)


def policy(nonce: str = "") -> str:
    """The content policy: our own host and nothing else; inline scripts only with this answer's nonce."""
    scripts = f"'self' 'nonce-{nonce}'" if nonce else "'self'"
    rules = {
        "default-src": "'none'",
        "script-src": scripts,
        "style-src": "'self'",
        "img-src": "'self' data:",
        "font-src": "'self'",
        "connect-src": "'self'",
        "manifest-src": "'self'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


class Headers:
    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        id = requests.open_one(request)
        response = self.get_response(request)
        response["X-Request-ID"] = id
        # A page with needs of its own (the API's documentation) may bring its policy along.
        response.setdefault("Content-Security-Policy", policy(getattr(request, "csp_nonce", "")))
        response.setdefault("Permissions-Policy", PERMISSIONS)
        response.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        if not request.path.startswith(settings.STATIC_URL):
            # Pages hold a tenant's data: no shared cache and no back button after sign-out may show them.
            response.setdefault("Cache-Control", "no-store")
            response["Vary"] = ", ".join(filter(None, [response.get("Vary"), "HX-Request"]))
        return response


class Failures:
    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """The page for this failure; None leaves it to Django (its own 404, bad request and the like)."""
        return failures.answer(request, error)
