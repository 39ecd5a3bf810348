"""Notices: what happened, told to those whom it concerns and may know it, in the portal and by mail."""
