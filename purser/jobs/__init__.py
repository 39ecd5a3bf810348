"""Entry points of jobs: load, one call. Periodic work is in periodic.py."""
