"""Kill real work at random and at aimed moments, and hold what is left, and what the next call makes of it, to its word."""
