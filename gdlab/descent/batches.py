"""The order in which examples are seen; see `gdlab.problems.problem.Batches`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Int

from gdlab.arrays import Indices
from gdlab.problems.problem import Batches, Problem
from gdlab.seeds import BATCHES_STREAM, stream


def batches(problem: Problem, seeds: Sequence[int]) -> Batches:
    """The order of a problem's examples, for runs with one seed each."""
    if problem.batch_size is None:
        return WholeSet()
    return Shuffled(problem.training_examples, problem.batch_size, seeds)


class WholeSet:
    """The whole training set at every step: true gradient descent."""

    own = False

    def __next__(self) -> None:
        return None

    def take(self, rows: Int[np.ndarray, " kept"]) -> WholeSet:
        return self


class Shuffled:
    """Mini-batches from a fresh permutation of the examples in every epoch.

    Examples that do not fill a last mini-batch are left out of that epoch. A run's order depends on its own seed alone;
    runs with equal seeds share an order, and when all runs do, the indices have no `runs` axis.
    """

    def __init__(self, examples: int, batch_size: int, seeds: Sequence[int]) -> None:
        self.batch_size = batch_size
        self.per_epoch = examples // batch_size
        kinds, self._order_of = np.unique(np.asarray(seeds, object), return_inverse=True)
        self._generators = [stream(int(seed), BATCHES_STREAM) for seed in kinds]
        self._orders = np.empty((len(kinds), examples), np.intp)
        self._done = self.per_epoch
        self.own = len(kinds) > 1

    def __next__(self) -> Indices:
        if self._done == self.per_epoch:
            for order, generator in zip(self._orders, self._generators, strict=True):
                order[:] = generator.permutation(order.size)
            self._done = 0
        start = self._done * self.batch_size
        self._done += 1
        batch = self._orders[:, start : start + self.batch_size]
        return batch[self._order_of] if self.own else batch[0]

    def take(self, rows: Int[np.ndarray, " kept"]) -> Shuffled:
        kinds, order_of = np.unique(self._order_of[rows], return_inverse=True)
        kept = object.__new__(Shuffled)
        kept.batch_size, kept.per_epoch, kept._done = self.batch_size, self.per_epoch, self._done
        kept._generators = [self._generators[kind] for kind in kinds]
        kept._orders = self._orders[kinds]
        kept._order_of = order_of
        kept.own = len(kinds) > 1
        return kept
