"""What is recorded of a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from gdlab.arrays import Costs, Theta
from gdlab.checks import choice, whole
from gdlab.descent.loop import SPACINGS, ExtraMetrics
from gdlab.measure import curvature
from gdlab.problems.landscapes import Landscape
from gdlab.problems.network import Network
from gdlab.problems.problem import Problem

MOST_POINTS = 1_000_000  # recorded steps of a run, all in memory


@dataclass(frozen=True, kw_only=True)
class Record:
    """What is recorded of a run.

    `points` steps, spaced as `spacing` says, a key of `SPACINGS`; the `sharpness` at none of them (`never`), the first
    (`start`) or all (`always`); with `path`, theta itself at all of them.
    """

    points: Any
    spacing: Any
    sharpness: Any
    path: Any

    def __post_init__(self) -> None:
        whole("points", self.points, 2, MOST_POINTS)
        choice("spacing", self.spacing, SPACINGS)
        choice("sharpness", self.sharpness, ("never", "start", "always"))
        if not isinstance(self.path, bool):
            raise ValueError(f"path must be true or false, got {self.path!r}")

    def extra_metrics(self, problem: Problem) -> ExtraMetrics | None:
        """The metrics recorded in addition to the problem's."""
        if self.sharpness == "never":
            return None
        known = cast(Network | Landscape, problem)

        def sharpness(step: int, theta: Theta) -> dict[str, Costs]:
            if self.sharpness == "start" and step > 0:
                return {"sharpness": np.full(len(theta), np.nan)}
            return {"sharpness": curvature.sharpness(known, theta)}

        return sharpness
