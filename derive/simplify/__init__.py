"""A result made short: laws, common factors, fractions, names, and the measure of length."""
