"""The card on file, purchases by hand and by themselves, refunds, and what the provider tells."""
