"""Proofreading: a derivation as people write it, judged line by line; the first wrong line named."""

from verify.proofread.proofread import proofread
from verify.proofread.result import Proofreading, Statement

__all__ = ["Proofreading", "Statement", "proofread"]
