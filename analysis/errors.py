"""Errors that a person can put right; scripts print them in one line."""

from __future__ import annotations


class StudyError(ValueError):
    """Runs that a study cannot use, or a folder that cannot be written; the message says what is missing."""
