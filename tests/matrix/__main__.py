"""Write docs/reference/permissions.md anew: `python -m tests.matrix`."""

from __future__ import annotations

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "purser.config.settings")

import django

django.setup()

from tests.matrix import page  # noqa: E402 - it needs the models

page.write()
