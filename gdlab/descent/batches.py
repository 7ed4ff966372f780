"""The order in which examples are seen; see `gdlab.problems.problem.Batches`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Int

from gdlab.arrays import Indices
from gdlab.problems.problem import Batches, Problem
from gdlab.seeds import BATCHES_STREAM, stream


class Fork(NamedTuple):
    """A change of the order of mini-batches: from `step` on it is that of another seed, at the same position."""

    step: int
    seed: int


NEVER = 2**62  # a step that no run reaches
Forks = Sequence[Fork | None]  # one for each run; None: its order does not change


def batches(problem: Problem, seeds: Sequence[int], forks: Forks | None = None) -> Batches:
    """The order of a problem's examples, for runs with one seed each, and perhaps a fork."""
    if problem.batch_size is None:
        return WholeSet()
    return Shuffled(problem.training_examples, problem.batch_size, seeds, forks)


class WholeSet:
    """The whole training set at every step: true gradient descent."""

    own = False

    def __next__(self) -> None:
        return None

    def take(self, rows: Int[np.ndarray, " kept"]) -> WholeSet:
        return self


class Shuffled:
    """Mini-batches from a fresh permutation of the examples in every epoch.

    Examples that do not fill a last mini-batch are left out of that epoch. A run's order depends on its own seed and
    its fork alone; runs with equal seeds share an order, and when all runs do, the indices have no `runs` axis. A run
    with a fork sees at each step the mini-batch that its first seed has there, and from the fork's step on the one that
    its second seed has: before the fork it is bit for bit the run without one.
    """

    def __init__(self, examples: int, batch_size: int, seeds: Sequence[int], forks: Forks | None = None) -> None:
        self.batch_size = batch_size
        self.per_epoch = examples // batch_size
        known = [fork or Fork(NEVER, seed) for fork, seed in zip(forks or [None] * len(seeds), seeds, strict=True)]
        both = np.array([seeds, [fork.seed for fork in known]], object)
        kinds, order_of = np.unique(both, return_inverse=True)
        self._order_of = order_of.reshape(both.shape)  # (before or after the fork, runs)
        self._fork = np.array([fork.step for fork in known])
        self._first_fork = self._fork.min(initial=NEVER)
        self._generators = [stream(int(seed), BATCHES_STREAM) for seed in kinds]
        self._orders = np.empty((len(kinds), examples), np.intp)
        self._step = 0
        self.own = len(kinds) > 1
        self._mini_batches = self._from_here()

    def __next__(self) -> Indices:
        return next(self._mini_batches)

    def _from_here(self) -> Iterator[Indices]:
        """The mini-batches from this step on. A step evicts Python's code from the caches, so that every line of it
        costs; a generator needs the fewest.
        """
        before, after = self._order_of
        while True:
            done = self._step % self.per_epoch
            if not done:
                for order, generator in zip(self._orders, self._generators, strict=True):
                    order[:] = generator.permutation(order.size)
            used = self._orders[:, : self.per_epoch * self.batch_size]
            epoch = used.reshape(-1, self.per_epoch, self.batch_size)[:, done:]
            if not self.own:
                for batch in epoch[0]:
                    self._step += 1
                    yield batch
                continue
            for batch in epoch.swapaxes(0, 1):
                forked = self._step >= self._first_fork
                order_of = np.where(self._step < self._fork, before, after) if forked else before
                self._step += 1
                yield batch[order_of]

    def take(self, rows: Int[np.ndarray, " kept"]) -> Shuffled:
        """The same orders for the runs in `rows`. Do not use the original afterwards: both draw from one stream."""
        kinds, order_of = np.unique(self._order_of[:, rows], return_inverse=True)
        kept = object.__new__(Shuffled)
        kept.batch_size, kept.per_epoch, kept._step = self.batch_size, self.per_epoch, self._step
        kept._generators = [self._generators[kind] for kind in kinds]
        kept._orders = self._orders[kinds]
        kept._order_of = order_of.reshape((2, len(rows)))
        kept._fork = self._fork[rows]
        kept._first_fork = kept._fork.min(initial=NEVER)
        kept.own = len(kinds) > 1
        kept._mini_batches = kept._from_here()
        return kept
