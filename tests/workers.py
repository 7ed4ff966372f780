"""What workers do in tests instead of training: importable, so that another process can be told to."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import numpy as np

from gdlab.descent.trajectory import Trajectory
from gdlab.sweeps import configuration


def count(configs):
    """A trajectory for each, whose cost is its number and whose outcome is the worker."""
    return [
        Trajectory(
            start=np.zeros(1),
            end=np.zeros(1),
            columns={"step": [0], "cost": [float(config["number"])]},
            milliseconds=[0],
            outcome=str(os.getpid()),
        )
        for config in configs
    ]


def imported(names):
    """Which of these packages the worker has imported."""
    return sorted(set(names) & sys.modules.keys())


def problems_loaded():
    """The number of problems that the worker has in memory."""
    return len(configuration._problems)


def count_or_raise(configs):
    for config in configs:
        if config.get("bad"):
            raise ArithmeticError(f"number {config['number']} does not add up")
    return count(configs)


def count_or_die(configs):
    for config in configs:
        if config.get("bad"):
            os.kill(os.getpid(), signal.SIGKILL)
    return count(configs)


def die_once(configs):
    """Be killed the first time, as if by accident."""
    marker = Path(configs[0]["marker"])
    if not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return count(configs)
