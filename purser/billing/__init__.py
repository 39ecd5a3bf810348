"""Usage that is closed each day and charged, packages that are quoted, bought and paid, and the papers of it.

`usage/` counts, charges and explains; `buying/` is the price list, the quote and its paper; `paying/` the card, the purchase
and the provider. All rows are the partner's own, but for the operator's price list, provider and its events.
"""
