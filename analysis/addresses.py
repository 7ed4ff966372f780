"""Addresses that hold what they lead to: pictures inside the page."""

from __future__ import annotations

import base64


def of_image(kind: str, data: bytes) -> str:
    """The address of an image, of the kind png or gif."""
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
