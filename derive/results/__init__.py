"""The catalogue of results: one file a result."""
