"""The cost and its gradient at many points, in float64, for any problem."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import cast

import numpy as np

from gdlab.arrays import Costs, Theta, stack_like
from gdlab.problems.landscapes import Landscape
from gdlab.problems.network import Network
from gdlab.problems.problem import Problem


def cost_and_gradient(problem: Problem) -> tuple[Callable[[Theta], Costs], Callable[[Theta], Theta]]:
    """The cost function and its gradient in float64; a network's over the examples that `measure` evaluates."""
    known = cast(Network | Landscape, problem)
    if isinstance(known, Landscape):
        landscape = known

        def slope(theta: Theta) -> Theta:
            out = np.empty_like(theta)
            landscape.gradient(theta, out)
            return out

        return landscape.cost, slope
    exact = replace(known, dtype="float64")
    examples = exact.measured[0]

    def gradient(theta: Theta) -> Theta:
        out = stack_like(theta)
        exact.evaluate(theta, examples, out)
        return out

    return lambda theta: exact.evaluate(theta, examples)[0], gradient
