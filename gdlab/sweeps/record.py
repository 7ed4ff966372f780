"""What is recorded of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gdlab.arrays import Costs, Theta
from gdlab.checks import choice, whole
from gdlab.descent.loop import SPACINGS, ExtraMetrics
from gdlab.measure import curvature
from gdlab.problems.landscapes import Landscape
from gdlab.problems.network import Network
from gdlab.problems.problem import Problem

MOST_POINTS = 1_000_000  # recorded steps of a run, all in memory
NEVER, *_ = SHARPNESS = ("never", "start", "ends", "always")
HasSharpness = Network | Landscape  # the problems whose Hessian is known


@dataclass(frozen=True, kw_only=True)
class Record:
    """What is recorded of a run.

    `points` steps, spaced as `spacing` says, a key of `SPACINGS`; the `sharpness` at none of them (`never`), the first
    (`start`), the first and where the run ends (`ends`) or all (`always`); with `path`, theta itself at all of them.
    """

    points: Any
    spacing: Any
    sharpness: Any
    path: Any

    def __post_init__(self) -> None:
        whole("points", self.points, 2, MOST_POINTS)
        choice("spacing", self.spacing, SPACINGS)
        choice("sharpness", self.sharpness, SHARPNESS)
        if not isinstance(self.path, bool):
            raise ValueError(f"path must be true or false, got {self.path!r}")

    def extra_metrics(self, problem: Problem) -> ExtraMetrics | None:
        """The metrics recorded in addition to the problem's."""
        if self.sharpness == NEVER:
            return None
        assert isinstance(problem, HasSharpness)
        return Sharpness(problem, self.sharpness)


@dataclass(frozen=True)
class Sharpness:
    """The sharpness as an extra metric, `when` as in `Record`.

    With `always`, a rule with a preconditioner has the `preconditioned_sharpness`, too: the largest eigenvalue of P⁻¹H,
    NaN before the first step. With `ends`, the sharpness at the end is `final_sharpness`, measured once.
    """

    problem: HasSharpness
    when: str

    def at_step(self, step: int, theta: Theta, preconditioner: Theta | None) -> Mapping[str, Costs]:
        """The sharpness; NaN at the steps at which it is not measured."""
        if self.when != "always" and step > 0:
            return {"sharpness": np.full(len(theta), np.nan)}
        values = {"sharpness": curvature.sharpness(self.problem, theta)}
        if self.when == "always" and preconditioner is not None:
            values["preconditioned_sharpness"] = curvature.preconditioned_sharpness(self.problem, theta, preconditioner)
        return values

    def at_end(self, theta: Theta, preconditioner: Theta | None) -> Mapping[str, Costs]:
        """The final sharpness, if it is not among the recorded steps."""
        return {"final_sharpness": curvature.sharpness(self.problem, theta)} if self.when == "ends" else {}
