r"""Learning-rate schedules, one file each: by what factor the base rate is multiplied at a step.

A schedule is a frozen dataclass whose `factor(step, steps)` gives a column (runs, 1); `steps` is the budget of the run,
so that the same shape fits a short run and a long one. The rate of the update from step to step + 1 is
:math:`\eta \cdot` `factor(step, steps)`.
"""

from __future__ import annotations

from typing import Any

from gdlab.descent.schedules.schedule import Schedule
from gdlab.registry import Registry

SCHEDULES: Registry[type[Any]] = Registry("schedule", __name__)

__all__ = ["SCHEDULES", "Schedule"]

__getattr__ = SCHEDULES.class_named
