"""Payment: the provider, the card on file, purchases with their attempts, automatic purchase, refunds, webhooks."""
