r"""Learning-rate schedules, one file each: the factor on the base learning rate at each step.

A schedule is a frozen dataclass whose `factor(step, steps)` gives a column (runs, 1); `steps` is the budget of the run,
so that one schedule fits short and long runs. The rate of the update from step to step + 1 is
:math:`\eta \cdot` `factor(step, steps)`.
"""

from __future__ import annotations

from typing import Any

from gdlab.descent.schedules.schedule import Schedule
from gdlab.registry import Registry

SCHEDULES: Registry[type[Any]] = Registry("schedule", __name__)

__all__ = ["SCHEDULES", "Schedule"]

__getattr__ = SCHEDULES.class_named
