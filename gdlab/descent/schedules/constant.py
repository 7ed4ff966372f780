"""A constant learning rate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gdlab.arrays import Column
from gdlab.descent.schedules import SCHEDULES


@SCHEDULES.register("constant")
@dataclass(frozen=True, kw_only=True)
class Constant:
    """The base learning rate at every step."""

    varies = False

    def factor(self, step: int, steps: int) -> Column:
        return np.ones((1, 1))
