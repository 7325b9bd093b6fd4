"""Numbers of every kind that an expression is evaluated over."""
