"""Which thing here is which thing there; runs, plans, receipts, schedule."""
