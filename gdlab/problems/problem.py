"""The interface of a problem: what the training loop uses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Int

from gdlab.arrays import Column, Costs, Indices, Point, Theta


@runtime_checkable
class Batches(Protocol):
    """An endless iterator of example indices: (batch,) where all runs of a stack share one order, (runs, batch) where
    each has its own, None where every step sees the whole training set.
    """

    own: bool
    """True if each run has its own order."""

    def __next__(self) -> Indices | None: ...

    def take(self, rows: Int[np.ndarray, " kept"]) -> Batches:
        """The same orders, from here on, for the runs in `rows` only."""
        ...


@runtime_checkable
class Oracle(Protocol):
    """First-order oracle: writes the cost at a fixed theta to `out`, and the gradient to a fixed array."""

    def __call__(self, out: Costs) -> None: ...


@runtime_checkable
class Scaling(Oracle, Protocol):
    """An oracle that writes the gradient times a factor for each run, in its own precision.

    The factors are 1 at first, and may be overwritten between calls. All of the gradient is proportional to the last
    layer's error, so that a factor of that error scales the whole gradient at almost no cost.
    """

    factors: Column


@runtime_checkable
class Descending(Scaling, Protocol):
    """An oracle that can take over the update of plain gradient descent."""

    def descent(self) -> Callable[[], None] | None:
        """The update θ ← θ - factors ⊙ ∇C, to be made once after each call; None where a subtraction of the gradient is
        as quick. From then on calls leave part of the gradient unwritten.
        """
        ...


@runtime_checkable
class Problem(Protocol):
    """A cost function on parameter space.

    An epoch goes through `training_examples` examples in mini-batches of `batch_size`; None is the whole set at once.
    `constant_predictor_cost` is the baseline, the lowest cost of a predictor that ignores its input; None without one.
    """

    @property
    def dtype(self) -> Any: ...

    @property
    def parameters(self) -> int: ...

    @property
    def training_examples(self) -> int: ...

    @property
    def batch_size(self) -> int | None: ...

    @property
    def constant_predictor_cost(self) -> float | None: ...

    def initial(self, rng: np.random.Generator) -> Point:
        """The starting point of a run."""
        ...

    def oracle(self, theta: Theta, gradient: Theta, batches: Batches) -> Oracle:
        """An oracle for `theta` that uses the next of `batches` at every call, and writes to `gradient`."""
        ...

    def measure(self, theta: Theta) -> dict[str, Costs]:
        """The metrics of each point: `cost`, `gradient_norm`, and others by problem."""
        ...

    def measure_end(self, theta: Theta) -> dict[str, Costs]:
        """Further metrics, measured once, where a run ends."""
        ...


def steps_per_epoch(problem: Problem) -> int:
    """Steps in one pass through the training set; examples that do not fill a mini-batch are left out."""
    return 1 if problem.batch_size is None else problem.training_examples // problem.batch_size
