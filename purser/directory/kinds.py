"""What a source of users of each kind is configured with."""

from __future__ import annotations

from purser.access.vendor_settings import Handed

_handed = Handed("source")
use, current = _handed.use, _handed.current
