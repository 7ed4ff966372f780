"""The cache of parsed and downloaded data sets."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """$GDLAB_CACHE, else `gdlab` in the user's cache folder."""
    if "GDLAB_CACHE" in os.environ:
        return Path(os.environ["GDLAB_CACHE"])
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gdlab"
