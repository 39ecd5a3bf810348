"""Sign-in, roles, permit (an unknown verb raises), acts (who did what, on whose behalf)."""
