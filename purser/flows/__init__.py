"""One file per promise we make: what is wanted, what is held, limits, rhythm."""
