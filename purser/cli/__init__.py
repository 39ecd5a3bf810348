"""The purser command."""
