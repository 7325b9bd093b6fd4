"""The catalogue, every result by every method that applies to it."""
