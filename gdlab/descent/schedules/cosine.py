"""A learning rate that falls along half a cosine."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gdlab.arrays import Column, PerRun
from gdlab.checks import columns_in
from gdlab.defaults import defaults
from gdlab.descent.schedules import SCHEDULES

DEFAULTS = defaults("schedule", "cosine")


@SCHEDULES.register("cosine")
@dataclass(frozen=True, kw_only=True)
class Cosine:
    r""":math:`e + (1 - e)(1 + \cos(\pi s / S)) / 2`: cosine decay to a fraction e over the budget S.

    Loshchilov and Hutter 2017, equation 5, without restarts.
    """

    end: PerRun = DEFAULTS["end"]

    varies = True

    def __post_init__(self) -> None:
        columns_in(self, end="[0, 1]")

    def factor(self, step: int, steps: int) -> Column:
        return half_cosine(self.end, step / steps)


def half_cosine(end: Column, progress: Column | float) -> Column:
    """Half a cosine, from 1 at progress 0 to `end` at progress 1."""
    return end + (1 - end) * (1 + np.cos(np.pi * progress)) / 2
