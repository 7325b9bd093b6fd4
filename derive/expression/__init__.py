"""Expressions: their heads, what is known of them, how they are built and walked."""
