"""Points: drawn under assumptions, on both sides of kinks, and where formulas have a value."""
