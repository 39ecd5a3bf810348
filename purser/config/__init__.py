"""Settings, addresses, and the one place that names vendors."""
