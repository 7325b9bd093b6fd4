"""Proofreading: a derivation as people write it, judged line by line; the first wrong line named."""
