"""Settings. All come from the environment; the defaults fit a try-out on one machine."""

from __future__ import annotations

import hashlib
import hmac
import os
from pathlib import Path
from typing import Any

import dj_database_url
from environs import Env

from purser.postgres.server import as_app

env = Env()
ROOT = Path(__file__).resolve().parents[2]
HOME = Path(env.str("PURSER_HOME", str(ROOT / ".purser")))
PACKAGE = ROOT / "purser"


def _key() -> str:
    """The installation's key: given, or made once and kept with mode 0400 in the data folder."""
    given = env.str("PURSER_SECRET_KEY", "")
    if given:
        return given
    kept = HOME / "secret.key"
    if not kept.exists():
        HOME.mkdir(parents=True, exist_ok=True)
        scratch = kept.with_name(f"secret.{os.getpid()}")
        scratch.touch(mode=0o600)
        scratch.write_text(os.urandom(48).hex(), encoding="ascii")
        scratch.chmod(0o400)
        try:
            os.link(scratch, kept)  # the first of several processes wins
        except FileExistsError:
            pass
        scratch.unlink()
    return kept.read_text(encoding="ascii").strip()


def _derived(purpose: str) -> bytes:
    return hmac.new(SECRET_KEY.encode(), purpose.encode(), hashlib.sha256).digest()


SECRET_KEY = _key()
# One key, one purpose: signing, sealing and the database's password never share bytes.
_BEFORE: list[str] = env.list("PURSER_SEALING_KEYS_BEFORE", [])
SEALING_KEYS_BEFORE: tuple[bytes, ...] = tuple(bytes.fromhex(k) for k in _BEFORE)
SEALING_KEY = bytes.fromhex(env.str("PURSER_SEALING_KEY", "")) or _derived("sealing")
DEBUG = False
ALLOWED_HOSTS = env.list("PURSER_HOSTS", ["127.0.0.1", "localhost", "[::1]", "testserver"])
SITE_URL = env.str("PURSER_URL", "http://127.0.0.1:8000").rstrip("/")
CSRF_TRUSTED_ORIGINS = [SITE_URL]
CSRF_FAILURE_VIEW = "purser.portal.failures.forged"

# PostgreSQL: the application signs in as purser_app, with the password that `migrate` gave it; the owner migrates and
# verifies, and the processes that serve requests need not know it.
OWNER_URL = env.str("DATABASE_URL", "") or "postgresql://postgres@localhost/purser"
APP_PASSWORD = None if "host=/" in OWNER_URL or "host=%2F" in OWNER_URL else _derived("database").hex()
APP_URL = as_app(env.str("PURSER_APP_DATABASE_URL", "") or OWNER_URL, role="purser_app", password=APP_PASSWORD)


# A request or a step that takes a minute is lost anyway. JIT compiles our short queries for longer than they run. A policy
# compares each joined table with the same setting, so every order of joins looks possible to the planner: with seven
# tables it planned for 30 ms what runs in 1; within groups of three it keeps the order of the query.
APP_OPTIONS = "-c statement_timeout=60s -c idle_in_transaction_session_timeout=120s -c jit=off -c join_collapse_limit=3"


def _database(url: str, options: str = "") -> dict[str, Any]:
    config: dict[str, Any] = dict(dj_database_url.parse(url))
    config["OPTIONS"] = {**config.get("OPTIONS", {}), "application_name": "purser", "options": options}
    config["CONN_MAX_AGE"] = 60
    config["CONN_HEALTH_CHECKS"] = True
    return config


DATABASES = {"default": _database(APP_URL, APP_OPTIONS), "owner": _database(OWNER_URL)}
DATABASE_ROUTERS: list[str] = []
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_htmx",
    "template_partials",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "ninja",
    "procrastinate.contrib.django",
    "purser.tenants",
    "purser.access",
    "purser.notices",
    "purser.partners",
    "purser.audit",
    "purser.ledger",
    "purser.links",
    "purser.catalog",
    "purser.directory",
    "purser.provisioning",
    "purser.subscriptions",
    "purser.billing",
    "purser.portal",
    "purser.api",
    "purser.jobs",
    "purser.postgres",  # last: it lays the walls when all tables are there
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "purser.portal.middleware.Headers",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "purser.access.sessions.Limits",
    "purser.portal.middleware.Failures",
    "purser.access.second_factor.Required",  # innermost: it answers the sign-in library's own refusals
]

ROOT_URLCONF = "purser.config.urls"
WSGI_APPLICATION = "purser.config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [PACKAGE / "portal" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "purser.portal.context.shell",
            ],
        },
    }
]

# Static files: built from portal/assets into portal/static, served with hashed names.
STATIC_URL = "/static/"
STATIC_ROOT = HOME / "static"
WHITENOISE_USE_FINDERS = env.bool("PURSER_STATIC_FINDERS", True)
WHITENOISE_MAX_AGE = 3600

# People and sessions
AUTH_USER_MODEL = "access.Person"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["purser.access.hashing.Argon2"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "/sign-in/"
LOGIN_REDIRECT_URL = "/"
SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SECURE = SITE_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.bool("PURSER_BEHIND_PROXY", False) else None
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
PASSWORD_RESET_TIMEOUT = 60 * 60

ACCOUNT_ADAPTER = "purser.access.adapters.AccountAdapter"
ACCOUNT_FORMS = {"reset_password_from_key": "purser.access.reset.OnceForm"}
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"  # an address is proven by the invitation sent to it
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = "Purser: "
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
ACCOUNT_RATE_LIMITS = {
    "login": "20/m/ip",
    "login_failed": "20/m/ip,5/m/key",
    "reset_password": "20/m/ip,3/h/key",
}
MFA_ADAPTER = "purser.access.adapters.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_PASSKEY_SIGNUP_ENABLED = False
MFA_TOTP_ISSUER = "Purser"
MFA_TOTP_TOLERANCE = 1  # a code read just before its half minute is over still counts. Source: RFC 6238, 5.2
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not SECURE
USERSESSIONS_TRACK_ACTIVITY = True
REQUIRE_SECOND_FACTOR = env.bool("PURSER_REQUIRE_SECOND_FACTOR", True)
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if env.bool("PURSER_BEHIND_PROXY", False) else 0
# The installation's own application at Microsoft Entra, by which a company that is not here yet proves who administers it.
# Without its id nobody comes that way. Source: acceptance CS-8
ENTRA_ISSUER = env.str("PURSER_ENTRA_ISSUER", "https://login.microsoftonline.com/{tenantid}/v2.0")
ENTRA_CLIENT_ID = env.str("PURSER_ENTRA_CLIENT_ID", "")
ENTRA_CLIENT_SECRET = env.str("PURSER_ENTRA_CLIENT_SECRET", "")
ON_ACTIVATE = "purser.portal.pages.configuration.activate"

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "purser_cache",
        # counters of rate limits and marks of used codes: a flood must not push them out
        "OPTIONS": {"MAX_ENTRIES": 1_000_000},
    },
}

# Heads of the chains of acts, written each hour: a folder that another machine collects.
ANCHORS = Path(env.str("PURSER_ANCHORS", str(HOME / "anchors")))

# Mail
EMAIL_BACKEND = env.str("PURSER_EMAIL_BACKEND", "django.core.mail.backends.filebased.EmailBackend")
EMAIL_FILE_PATH = HOME / "mail"
EMAIL_HOST = env.str("PURSER_SMTP_HOST", "localhost")
EMAIL_PORT = env.int("PURSER_SMTP_PORT", 25)
EMAIL_HOST_USER = env.str("PURSER_SMTP_USER", "")
EMAIL_HOST_PASSWORD = env.str("PURSER_SMTP_PASSWORD", "")
EMAIL_USE_TLS = env.bool("PURSER_SMTP_TLS", False)
EMAIL_TIMEOUT = 10  # seconds: else a mail server that never answers holds a request or a worker for ever
DEFAULT_FROM_EMAIL = env.str("PURSER_MAIL_FROM", "purser@localhost")

# Vendors. Sandboxes are the only http and loopback addresses a connector may ever call.
SANDBOX_HOSTS: frozenset[str] = frozenset(env.list("PURSER_SANDBOX_HOSTS", []))
MARKETPLACE_HOSTS: tuple[str, ...] = tuple(env.list("PURSER_MARKETPLACE_HOSTS", []))

LANGUAGE_CODE = "en"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request": {"()": "purser.portal.requests.RequestIds"}},
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain", "filters": ["request"]}},
    "root": {"handlers": ["console"], "level": env.str("PURSER_LOG_LEVEL", "WARNING")},
    "loggers": {"purser": {"level": env.str("PURSER_LOG_LEVEL", "INFO")}},
}
TEST_RUNNER = "django.test.runner.DiscoverRunner"
PROCRASTINATE_ON_APP_READY = "purser.config.start.ready"
