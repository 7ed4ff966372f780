"""Stopping rules, and the outcomes of runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Shaped

from gdlab.arrays import Costs
from gdlab.checks import scalars_in, whole

RUNNING, CONVERGED, BUDGET, DIVERGED, SATURATED = "running", "converged", "budget", "diverged", "saturated"
Outcomes = Shaped[np.ndarray, " runs"]
LONGEST = {"max_steps": 10**15, "max_epochs": 10**9}  # float64 holds every whole number up to these, in steps
SETTLED_GRADIENT = 0.1  # of the norm at the start: a cost that is flat because theta bounces keeps a larger gradient


@dataclass(frozen=True, kw_only=True)
class Stopping:
    r"""The budget and the other stopping rules; the first rule that applies gives the outcome.

    - diverged: the cost is not finite, or exceeds `diverged_above` times its size at the start (times 1, if that is
      larger); checked at every step, on the mini-batch if there is one.
    - saturated: the norm of the gradient is at most `gradient_tolerance` times that at the start, and the cost is no
      lower than that of the best constant predictor: the units saturate and learning stops.
    - converged: the same, at a lower cost.
    - converged, too: over the last doubling of the steps the cost fell by less than the fraction `cost_tolerance`, and
      the gradient has shrunk to a tenth. None disables this rule.
    - budget: `max_steps` steps or `max_epochs` epochs are spent.

    All but the first are checked at the recorded steps.
    """

    max_epochs: Any
    max_steps: Any
    diverged_above: Any
    gradient_tolerance: Any
    cost_tolerance: Any

    def __post_init__(self) -> None:
        if self.max_epochs is None and self.max_steps is None:
            raise ValueError("max_epochs or max_steps must be given, got null for both")
        for name in ("max_epochs", "max_steps"):
            if getattr(self, name) is not None:
                whole(name, getattr(self, name), 1, LONGEST[name])
        scalars_in(self, diverged_above="(1, inf)", gradient_tolerance="[0, 1)")
        if self.cost_tolerance is not None:
            scalars_in(self, cost_tolerance="(0, 1)")

    def steps(self, steps_per_epoch: int) -> int:
        """The budget in steps."""
        limits = [self.max_steps, self.max_epochs and self.max_epochs * steps_per_epoch]
        return min(limit for limit in limits if limit is not None)

    def ceiling(self, start_cost: Costs) -> Costs:
        """The absolute cost above which a run has diverged."""
        with np.errstate(over="ignore"):
            return self.diverged_above * np.maximum(np.abs(start_cost), 1)

    def outcomes(
        self,
        now: Mapping[str, Costs],
        start: Mapping[str, Costs],
        halfway_cost: Costs,
        constant_predictor_cost: float | None,
    ) -> Outcomes:
        """Each run's outcome, or RUNNING, from its metrics, those at the start and the cost half as many steps ago."""
        cost, slope = now["cost"], now["gradient_norm"]
        still = slope <= self.gradient_tolerance * start["gradient_norm"]
        saturated = still & (cost >= (np.inf if constant_predictor_cost is None else constant_predictor_cost))
        return np.select(
            [out_of_bounds(cost, self.ceiling(start["cost"])), saturated, still | self._flat(now, start, halfway_cost)],
            [DIVERGED, SATURATED, CONVERGED],
            RUNNING,
        )

    def _flat(
        self, now: Mapping[str, Costs], start: Mapping[str, Costs], halfway_cost: Costs
    ) -> Bool[np.ndarray, " runs"]:
        if self.cost_tolerance is None:
            return np.zeros(len(halfway_cost), bool)
        little = np.abs(halfway_cost - now["cost"]) < self.cost_tolerance * np.abs(halfway_cost)
        return little & (now["gradient_norm"] <= SETTLED_GRADIENT * start["gradient_norm"])


def out_of_bounds(cost: Shaped[np.ndarray, "*steps runs"], ceiling: Costs) -> Bool[np.ndarray, "*steps runs"]:
    """True for each cost out of bounds, NaN and infinity included."""
    return ~(np.abs(cost) <= ceiling) | np.isinf(cost)
