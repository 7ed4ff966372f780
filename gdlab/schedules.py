r"""Learning-rate schedules: by what factor the base rate is multiplied at a step.

A schedule is a frozen dataclass whose `factor(step, steps)` gives a column (runs, 1); `steps` is the budget of the run,
so that the same shape fits a short run and a long one. The rate of the update from step to step + 1 is
:math:`\eta \cdot` `factor(step, steps)`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from gdlab.arrays import Column, PerRun
from gdlab.checks import columns_in

SHAPES = ("Constant", "Step", "Exponential", "Cosine", "WarmupCosine")


@runtime_checkable
class Schedule(Protocol):
    varies: bool

    def factor(self, step: int, steps: int) -> Column: ...


@dataclass(frozen=True, kw_only=True)
class Constant:
    """The base rate throughout."""

    varies = False

    def factor(self, step: int, steps: int) -> Column:
        return np.ones((1, 1))


@dataclass(frozen=True, kw_only=True)
class Step:
    r""":math:`d^{\lfloor s / (f S) \rfloor}`: times the drop d each time a fraction f of the budget S is spent."""

    drop: PerRun
    every: PerRun

    varies = True

    def __post_init__(self) -> None:
        columns_in(self, drop="(0, 1]", every="(0, 1]")

    def factor(self, step: int, steps: int) -> Column:
        return self.drop ** np.floor(step / (self.every * steps))


@dataclass(frozen=True, kw_only=True)
class Exponential:
    r""":math:`e^{s / S}`: falls by equal ratios to the end e of the base rate."""

    end: PerRun

    varies = True

    def __post_init__(self) -> None:
        columns_in(self, end="(0, 1]")

    def factor(self, step: int, steps: int) -> Column:
        return self.end ** (step / steps)


@dataclass(frozen=True, kw_only=True)
class Cosine:
    r""":math:`e + (1 - e)(1 + \cos(\pi s / S)) / 2`: half a cosine from 1 to the end e.

    Loshchilov and Hutter 2017, equation 5, without restarts.
    """

    end: PerRun

    varies = True

    def __post_init__(self) -> None:
        columns_in(self, end="[0, 1]")

    def factor(self, step: int, steps: int) -> Column:
        return half_cosine(self.end, step / steps)


@dataclass(frozen=True, kw_only=True)
class WarmupCosine:
    """Rises in a straight line over the first `warmup` of the budget, then falls as `Cosine` does.

    The rise is that of Goyal et al. 2017, section 2.2.
    """

    end: PerRun
    warmup: PerRun

    varies = True

    def __post_init__(self) -> None:
        columns_in(self, end="[0, 1]", warmup="(0, 1)")

    def factor(self, step: int, steps: int) -> Column:
        first = self.warmup * steps
        rising = (step + 1) / (first + 1)
        falling = half_cosine(self.end, (step - first) / (steps - first))
        return np.where(step < first, rising, falling)


def half_cosine(end: Column, progress: Column | float) -> Column:
    """From 1 at progress 0 to `end` at progress 1."""
    return end + (1 - end) * (1 + np.cos(np.pi * progress)) / 2
