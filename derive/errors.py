"""The errors that a person can cause and mend, and what a person may want to mend."""

from __future__ import annotations


class InputError(ValueError):
    """Bad input: one line that says the place, what was expected, and the mend."""


class InputWarning(UserWarning):
    """Input that is read, but that is probably not what was meant: one line with the mend."""


class InternalError(RuntimeError):
    """A fault of gradproof itself: an answer failed its own check and is withheld."""
