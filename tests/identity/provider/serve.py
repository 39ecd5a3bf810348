"""An OpenID Connect provider of its own: a process with a database, keys and people, that can be told to misbehave.

    python serve.py FOLDER     prints the port it serves on, then serves until it is ended

`POST /_act/set` takes JSON: `claims` that overwrite those of the next tokens (null takes one away), `issuer` in the published
configuration, `key` "other" to sign with a key that is not published. `POST /_act/person` makes one; `POST /_act/client`
registers an application; `GET /_act/enter?name=` signs the browser in. It knows nothing of what signs on with it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import django
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import settings


def pem() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    plain = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain).decode()


OTHER = pem()
settings.configure(
    SECRET_KEY="of the provider, for tests",
    ALLOWED_HOSTS=["127.0.0.1"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(Path(sys.argv[1]) / "provider.sqlite3")}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    ROOT_URLCONF=__name__,
    USE_TZ=True,
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.messages",
        "allauth",
        "allauth.account",
        "allauth.idp.oidc",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "allauth.account.middleware.AccountMiddleware",
    ],
    AUTHENTICATION_BACKENDS=["django.contrib.auth.backends.ModelBackend"],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
        }
    ],
    SESSION_COOKIE_NAME="provider",
    IDP_OIDC_ADAPTER=f"{__name__}.Adapter",
    IDP_OIDC_PRIVATE_KEY=pem(),
    IDP_OIDC_RATE_LIMITS=False,
)
django.setup()

from allauth.account.models import EmailAddress  # noqa: E402
from allauth.idp.oidc.adapter import DefaultOIDCAdapter  # noqa: E402
from allauth.idp.oidc.models import Client, PrivateKey  # noqa: E402
from allauth.idp.oidc.views import configuration  # noqa: E402
from django.contrib.auth import login  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse  # noqa: E402
from django.urls import include, path  # noqa: E402

told: dict[str, Any] = {}


class Adapter(DefaultOIDCAdapter):  # type: ignore[misc]  # the library is untyped
    def get_issuer(self) -> str:
        return str(told.get("issuer") or super().get_issuer())

    def populate_id_token(self, id_token: dict[str, Any], client: Any, scopes: Any, **more: Any) -> None:
        id_token["iss"] = super().get_issuer()
        for name, value in told.get("claims", {}).items():
            if value is None:
                id_token.pop(name, None)
            else:
                id_token[name] = value

    def get_signing_key(self) -> PrivateKey:
        return PrivateKey(pem=OTHER) if told.get("key") == "other" else super().get_signing_key()


def act(request: HttpRequest, what: str) -> HttpResponse:
    given = json.loads(request.body or b"{}")
    if what == "set":
        told.clear()
        told.update(given)
    elif what == "person":
        person = User.objects.create_user(given["name"], email=given["email"])
        EmailAddress.objects.create(user=person, email=given["email"], verified=given.get("verified", True), primary=True)
        return JsonResponse({"sub": str(person.pk)})
    elif what == "client":
        client = Client(id=given["id"], name="Purser", scopes="openid\nemail\nprofile", skip_consent=True)
        client.set_secret(given["secret"])
        client.set_redirect_uris(given["redirects"])
        client.save()
    elif what == "enter":
        login(request, User.objects.get(username=request.GET["name"]))
    return JsonResponse({})


def again(request: HttpRequest) -> HttpResponse:
    """The page that asks who one is once more, answered at once."""
    return HttpResponseRedirect(request.GET["next"])


urlpatterns = [
    path("_act/<slug:what>", act),
    path("_again", again, name="account_reauthenticate"),
    path("organizations/v2.0/.well-known/openid-configuration", configuration),  # where one of many directories says it
    path("", include("allauth.idp.urls")),
]


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Silent(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


if __name__ == "__main__":
    sys.modules["serve"] = sys.modules["__main__"]
    call_command("migrate", verbosity=0)
    server = make_server("127.0.0.1", 0, get_wsgi_application(), Server, Silent)
    print(server.server_port, flush=True)  # noqa: T201  (whoever started it reads it)
    server.serve_forever()
