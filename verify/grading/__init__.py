"""Grading: submissions proofread against a key, points by rules that the key states."""

from verify.grading.grade import Grading, grade
from verify.grading.key import Key, read_key
from verify.grading.marks import Graded, Mark

__all__ = ["Graded", "Grading", "Key", "Mark", "grade", "read_key"]
