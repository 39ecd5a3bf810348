"""The price list, the basket, the quote, and the papers."""
