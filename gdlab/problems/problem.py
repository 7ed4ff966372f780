"""What the descent asks of a problem."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Int

from gdlab.arrays import Costs, Indices, Point, Theta


@runtime_checkable
class Batches(Protocol):
    """An endless iterator of example indices: (batch,) where all runs of a stack share one order, (runs, batch) where
    each has its own, None where every step sees the whole training set.
    """

    own: bool
    """Whether each run has its own order."""

    def __next__(self) -> Indices | None: ...

    def take(self, rows: Int[np.ndarray, " kept"]) -> Batches:
        """The same orders, from here on, for the runs in `rows` only."""
        ...


@runtime_checkable
class Oracle(Protocol):
    """First-order oracle: the cost at a theta it was given once, which it writes to `out`, its gradient elsewhere."""

    def __call__(self, out: Costs) -> None: ...


@runtime_checkable
class Problem(Protocol):
    """A cost, from points in parameter space to numbers.

    `training_examples` is how many examples an epoch goes through, in mini-batches of `batch_size`; None is the whole
    set at once. `constant_predictor_cost` is the lowest cost that is reached without looking at the input; None where
    there is no input.
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
        """The cost at `theta`, with its gradient written to `gradient`, on the next of `batches` at every call."""
        ...

    def measure(self, theta: Theta) -> dict[str, Costs]:
        """What is recorded of a point: `cost`, `gradient_norm`, and what else the problem knows."""
        ...

    def measure_end(self, theta: Theta) -> dict[str, Costs]:
        """What is measured besides where a run ends."""
        ...


def steps_per_epoch(problem: Problem) -> int:
    """How many steps go once through the training set; examples that fill no mini-batch sit the epoch out."""
    return 1 if problem.batch_size is None else problem.training_examples // problem.batch_size
