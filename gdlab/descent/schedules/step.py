"""A learning rate that drops in steps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gdlab.arrays import Column, PerRun
from gdlab.checks import columns_in
from gdlab.defaults import defaults
from gdlab.descent.schedules import SCHEDULES

DEFAULTS = defaults("schedule", "step")


@SCHEDULES.register("step")
@dataclass(frozen=True, kw_only=True)
class Step:
    r""":math:`d^{\lfloor s / (f S) \rfloor}`: step decay by the factor d after every fraction f of the budget S."""

    drop: PerRun = DEFAULTS["drop"]
    every: PerRun = DEFAULTS["every"]

    varies = True

    def __post_init__(self) -> None:
        columns_in(self, drop="(0, 1]", every="(0, 1]")

    def factor(self, step: int, steps: int) -> Column:
        return self.drop ** np.floor(step / (self.every * steps))
