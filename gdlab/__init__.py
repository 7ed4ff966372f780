"""What does gradient descent actually do? A NumPy trainer in which rows are runs."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gdlab.api import Trajectories, config, run
    from gdlab.sweeps.launch import sweep
    from gdlab.tracking import runs, thetas, trajectories

__version__ = "0.2.0"

__all__ = ["Trajectories", "config", "run", "runs", "sweep", "thetas", "trajectories"]

_HOMES = {
    "Trajectories": "gdlab.api",
    "config": "gdlab.api",
    "run": "gdlab.api",
    "sweep": "gdlab.sweeps.launch",
    "runs": "gdlab.tracking",
    "thetas": "gdlab.tracking",
    "trajectories": "gdlab.tracking",
}


def __getattr__(name: str) -> Any:
    """Import a name on first use: a worker process needs only part of the library, and no MLflow."""
    if name not in _HOMES:
        raise AttributeError(f"module 'gdlab' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
