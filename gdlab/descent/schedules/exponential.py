"""A learning rate that falls exponentially."""

from __future__ import annotations

from dataclasses import dataclass

from gdlab.arrays import Column, PerRun
from gdlab.checks import columns_in
from gdlab.defaults import defaults
from gdlab.descent.schedules import SCHEDULES

DEFAULTS = defaults("schedule", "exponential")


@SCHEDULES.register("exponential")
@dataclass(frozen=True, kw_only=True)
class Exponential:
    r""":math:`e^{s / S}`: exponential decay to the fraction e of the base rate at the end of the budget S."""

    end: PerRun = DEFAULTS["end"]

    varies = True

    def __post_init__(self) -> None:
        columns_in(self, end="(0, 1]")

    def factor(self, step: int, steps: int) -> Column:
        return self.end ** (step / steps)
