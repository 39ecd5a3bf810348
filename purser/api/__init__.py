"""The API: parse, ask permission, one call into a topic, answer. What the portal can do, it can do."""
