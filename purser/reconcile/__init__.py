"""Keep one side in step with the other: observe both, plan the difference, let doubts stop it, drive it.

Pure: no Django, no database, no network, no clock. See docs/life-of/a-sync-step.md.
"""
