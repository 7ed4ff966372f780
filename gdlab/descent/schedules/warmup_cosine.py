"""A learning rate that warms up, then falls along half a cosine."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gdlab.arrays import Column, PerRun
from gdlab.checks import columns_in
from gdlab.defaults import defaults
from gdlab.descent.schedules import SCHEDULES
from gdlab.descent.schedules.cosine import half_cosine

DEFAULTS = defaults("schedule", "warmup_cosine")


@SCHEDULES.register("warmup_cosine")
@dataclass(frozen=True, kw_only=True)
class WarmupCosine:
    """Linear warm-up over the first fraction `warmup` of the budget, then cosine decay, as in `Cosine`.

    The warm-up is that of Goyal et al. 2017, section 2.2.
    """

    end: PerRun = DEFAULTS["end"]
    warmup: PerRun = DEFAULTS["warmup"]

    varies = True

    def __post_init__(self) -> None:
        columns_in(self, end="[0, 1]", warmup="(0, 1)")

    def factor(self, step: int, steps: int) -> Column:
        first = self.warmup * steps
        rising = (step + 1) / (first + 1)
        falling = half_cosine(self.end, (step - first) / (steps - first))
        return np.where(step < first, rising, falling)
