"""What customers have and want: orders with their approval, subscriptions, quantities, prices from a date on, history."""
