"""Messages, asserted whole."""

from __future__ import annotations

import re


def exactly(text: str) -> str:
    """The pattern, for `match=`, of a message with this text and no other."""
    return rf"\A{re.escape(text)}\Z"
