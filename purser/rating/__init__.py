"""What things cost: pure functions from facts and terms to charges."""
