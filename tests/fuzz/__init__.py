"""Random losses, claims, pairs and texts against an evaluator that uses nothing of derive or verify.

`python -m tests.fuzz KIND --count N --seed S` runs many; the tests run a few of each kind.
"""
