r"""The forward pass and the backward pass through a network, and the oracle that evaluates mini-batches with them.

With x the features of an example, s their scale and layers l = 1 … L:

.. math::

    a^0 = s x, \qquad
    z^l = W^l a^{l-1} + b^l, \qquad a^l = f(z^l), \qquad
    \delta^L = \frac{\eta}{m} \frac{\partial C_x}{\partial z^L}, \qquad
    \delta^{l-1} = \left( W^{l\top} \delta^l \right) \odot f'(z^{l-1}), \qquad
    \eta \frac{\partial C}{\partial W^l} = \sum_x \delta^l a^{l-1\top}, \qquad
    \eta \frac{\partial C}{\partial b^l} = \sum_x \delta^l

(Nielsen 2015, chapter 2, BP1-BP4), where the cost C is the mean of the costs C_x of m examples, and the cost's head
computes the last a and δ. All of the gradient is linear in the last δ, so a factor η of each run costs no pass over its
parameters: it is 1, or the learning rate.

In the arrays an example is a row: z is :math:`a W^\top + b`, and the gradient of W is :math:`\delta^\top a`. The scale
multiplies the products, not the features: :math:`z^1 = s (x W^{1\top}) + b^1`, and sδ¹ takes the place of δ¹ for W¹.
A row of theta is W¹ (outputs, features), b¹, W², b², … of one run, flattened. A `matmul` broadcast over the runs makes
a product of its own for each, so a run's arithmetic does not depend on the other runs. Plain descent is
:math:`W \leftarrow W - \delta^\top a`, which for large W is one product of BLAS for each run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, partial
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from gdlab.arrays import Column, Costs, Features, Indices, Labels, Theta, aligned, stack_like
from gdlab.problems.activations import Activation
from gdlab.problems.calls import Calls, Units, replay
from gdlab.problems.costs import Head, OutputLayer
from gdlab.problems.problem import Batches
from gdlab.problems.products import product, subtract_product, subtracts_at_once

Targets = Float[np.ndarray, "examples outputs"]
LayerViews = list[tuple[Float[np.ndarray, "runs _ _"], Float[np.ndarray, "runs _"]]]

CHUNK = 128  # examples taken at a time: with more, their units and those of the other runs leave the cache
MANY = 64  # examples from which a copy of the biases pays


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """The layers of a network: `sizes` starts with the features, which are multiplied by `scale`."""

    sizes: tuple[int, ...]
    activation: Activation
    head: Head
    scale: float
    dtype: Any

    @property
    def parameters(self) -> int:
        return sum(fan_out * (fan_in + 1) for fan_in, fan_out in pairwise(self.sizes))

    @property
    def places(self) -> list[tuple[slice, slice]]:
        """Where each layer's weights and its biases are in a row of theta."""
        places, start = [], 0
        for fan_in, fan_out in pairwise(self.sizes):
            middle, end = start + fan_out * fan_in, start + fan_out * (fan_in + 1)
            places.append((slice(start, middle), slice(middle, end)))
            start = end
        return places

    def without_weights(self, layers: Sequence[int]) -> list[slice]:
        """All places in a row of theta but those of these layers' weights, in as few slices as possible."""
        weights = [self.places[i][0] for i in layers]
        starts, ends = [0, *(place.stop for place in weights)], [*(place.start for place in weights), self.parameters]
        return [slice(start, end) for start, end in zip(starts, ends, strict=True) if start < end]

    def layers(self, theta: Theta) -> LayerViews:
        """Views (runs, outputs, features) and (runs, outputs) of every layer's weights and biases."""
        return [
            (theta[:, weights].reshape(-1, fan_out, fan_in), theta[:, biases])
            for (fan_in, fan_out), (weights, biases) in zip(pairwise(self.sizes), self.places, strict=True)
        ]


class Examples(NamedTuple):
    """Examples, their labels, and the labels as one-hot targets."""

    features: Features
    targets: Targets
    labels: Labels

    @classmethod
    def of(cls, features: Features, labels: Labels, classes: int, dtype: Any) -> Examples:
        """Examples with targets of this precision."""
        return cls(features, one_hot(labels, classes, dtype), labels)

    def spaced(self, count: int | None) -> Examples:
        """`count` evenly spaced examples; all, if there are no more or `count` is None."""
        total = len(self.labels)
        if count is None or count >= total:
            return self
        return self.at(np.arange(count) * total // count)

    def at(self, indices: Indices) -> Examples:
        """The examples at these indices."""
        return Examples(self.features[indices], self.targets[indices], self.labels[indices])


def one_hot(labels: Labels, classes: int, dtype: Any) -> Targets:
    """Targets that are 1 for the label's class and 0 elsewhere."""
    return np.eye(classes, dtype=dtype)[labels]


class Passes:
    """The forward and the backward pass for a fixed number of examples; all memory is allocated here.

    The examples are the same for all runs, or, with `own`, each run's own; `total` is how many the cost is averaged
    over. `gather` records the calls that load examples, `forward` and `backward` those of the passes over them.
    `backward` writes the gradient times `factors`, which may change between two replays; by default they are 1.
    """

    def __init__(
        self,
        architecture: Architecture,
        theta: Theta,
        examples: int,
        total: int,
        own: bool = False,
        factors: Column | None = None,
    ) -> None:
        runs, dtype, sizes = len(theta), architecture.dtype, architecture.sizes
        self.architecture, self.theta, self.layers = architecture, theta, architecture.layers(theta)
        self.per_example = 1 / total
        self.factors = np.ones((runs, 1), dtype) if factors is None else factors
        which = (runs, examples) if own else (examples,)
        self.bytes = np.empty((*which, sizes[0]), np.uint8)
        self.features = aligned(self.bytes.shape, dtype)
        self.targets = aligned((*which, sizes[-1]), dtype)
        shapes = [(runs, examples, size) for size in sizes[1:]]
        self.units, self.errors, self.spares = ([aligned(shape, dtype) for shape in shapes] for _ in range(3))
        self.inputs, self.outputs = [self.features, *self.units[:-1]], self.units[-1]
        self.losses = aligned(shapes[-1], dtype)
        self.loss = self.losses.reshape(runs, -1)
        self.ones = np.ones(self.loss.shape[1], dtype)
        self.scale = np.array(architecture.scale, dtype)

    def load(self, features: Features, targets: Targets) -> None:
        """Load these examples."""
        np.copyto(self.features, features)
        np.copyto(self.targets, targets)

    def gather(self, features: Features, targets: Targets, indices: Indices) -> Calls:
        """Load the examples at `indices`. Features are gathered as bytes, which moves less memory, and then converted;
        with "clip", `take` writes to its output without a buffer.
        """
        yield partial(features.take, indices, 0, self.bytes, "clip")
        yield partial(targets.take, indices, 0, self.targets, "clip")
        yield partial(np.copyto, self.features, self.bytes)

    def forward(self) -> Calls:
        """The forward pass: the outputs, the loss (runs, examples * outputs), and the last layer's error."""
        last = len(self.layers) - 1
        for i, ((W, b), a) in enumerate(zip(self.layers, self.units, strict=True)):
            yield from product(self.inputs[i], W.swapaxes(1, 2), a)
            if i == 0:
                yield partial(np.multiply, a, self.scale, a)
            yield from _add_bias(a, b)
            if i < last:
                yield from self.architecture.activation.apply(a)
        head = self.architecture.head
        weight = np.empty((len(self.factors), 1, 1), self.architecture.dtype)
        yield partial(np.multiply, self.factors[:, None], weight.dtype.type(head.slope * self.per_example), weight)
        yield from head.apply(OutputLayer(a, self.targets, self.errors[last], self.losses, self.spares[last], weight))

    def sum_losses(self, out: Costs) -> Calls:
        """The sum of each run's losses, as a dot product: NumPy is slower to add up a few hundred numbers."""
        yield partial(np.vecdot, self.loss, self.ones, out)

    def backward(self, gradient: Theta, without: Sequence[int] = ()) -> Calls:
        """The backward pass: the gradient of the cost, layer by layer, from the last to the first; not that of the
        weights of the layers `without`.
        """
        views = self.architecture.layers(gradient)
        ones = self.ones[: self.units[0].shape[1]]
        for i in range(len(self.layers) - 1, -1, -1):  # sums over examples are products with ones, the quickest
            error, (W, _), (W_gradient, b_gradient) = self.errors[i], self.layers[i], views[i]
            yield partial(np.matmul, ones, error, b_gradient)
            if i == 0:
                yield partial(np.multiply, error, self.scale, error)
            if i not in without:
                yield from product(error.swapaxes(1, 2), self.inputs[i], W_gradient)
            if i > 0:
                below = self.errors[i - 1]
                yield from product(error, W, below)
                yield from self.architecture.activation.chain(below, self.units[i - 1], self.spares[i - 1])

    @property
    def subtracted_at_once(self) -> list[int]:
        """The layers whose weights are best updated by the very product that is their gradient."""
        examples = self.units[0].shape[1]
        return [
            i
            for i, (fan_in, fan_out) in enumerate(pairwise(self.architecture.sizes))
            if subtracts_at_once(fan_out, examples, fan_in)
        ]

    def descend(self, gradient: Theta) -> Calls:
        r"""Plain descent, after a backward pass without the weights of the layers `subtracted_at_once`: for these it is
        :math:`W \leftarrow W - \sum_x \delta a^\top` in one product, for all other parameters a subtraction.
        """
        for i in self.subtracted_at_once:
            W, _ = self.layers[i]
            yield from subtract_product(W, self.errors[i].swapaxes(1, 2), self.inputs[i])
        for place in self.architecture.without_weights(self.subtracted_at_once):
            theta = self.theta[:, place]
            yield partial(np.subtract, theta, gradient[:, place], theta)


def _add_bias(a: Units, b: Float[np.ndarray, "runs units"]) -> Calls:
    """Add each run's bias to its examples; where there are many, to as many as 8 of them at once, since NumPy is slow
    to broadcast short rows.
    """
    runs, examples, size = a.shape
    together = max(n for n in range(1, 9) if examples % n == 0)
    if examples < MANY or together == 1:
        yield partial(np.add, a, b[:, None], a)
        return
    tile = aligned((runs, together, size), a.dtype)
    rows, row = a.reshape(runs, examples // together, together * size), tile.reshape(runs, 1, together * size)
    yield partial(np.copyto, tile, b[:, None])
    yield partial(np.add, rows, row, rows)


def chunked_passes(
    architecture: Architecture,
    theta: Theta,
    total: int,
    own: bool = False,
    factors: Column | None = None,
    size: int = CHUNK,
) -> list[tuple[slice, Passes]]:
    """The chunks of `total` examples, in order, each with its passes."""
    chunks = [slice(start, min(start + size, total)) for start in range(0, total, size)]
    sizes = {chunk.stop - chunk.start for chunk in chunks}
    by_size = {n: Passes(architecture, theta, n, total, own, factors) for n in sizes}
    return [(chunk, by_size[chunk.stop - chunk.start]) for chunk in chunks]


class RecordedPasses(NamedTuple):
    """A chunk of the examples, and the calls of both passes over it; no backward pass where there is no gradient."""

    chunk: slice
    passes: Passes
    forward: list[partial[Any]]
    backward: list[partial[Any]]


def recorded_passes(
    architecture: Architecture, theta: Theta, total: int, gradient: Theta | None = None
) -> list[RecordedPasses]:
    """The chunks of `total` examples with their calls, recorded once for all chunks of a size."""
    chunks = chunked_passes(architecture, theta, total)
    forward = {passes: list(passes.forward()) for passes in {passes for _, passes in chunks}}
    backward = {passes: [] if gradient is None else list(passes.backward(gradient)) for passes in forward}
    return [RecordedPasses(chunk, passes, forward[passes], backward[passes]) for chunk, passes in chunks]


class MiniBatchOracle:
    """A call writes the mean cost of each run's next mini-batch, and to `gradient` its gradient times `factors`; after
    `descent`, only the part of it that the update reads.

    A run's result is the same to the last bit whether runs share an order of mini-batches or not.
    """

    def __init__(
        self,
        architecture: Architecture,
        examples: Examples,
        batch_size: int | None,
        theta: Theta,
        gradient: Theta,
        batches: Batches,
    ) -> None:
        self.examples, self.batch_size, self.batches = examples, batch_size, batches
        self.theta, self.gradient = theta, gradient
        total = batch_size or len(examples.labels)
        self.factors = np.ones((len(theta), 1), architecture.dtype)
        self.cost = np.empty(len(theta), architecture.dtype)
        self.per_example = np.array(1 / total, architecture.dtype)
        self.indices = np.empty((len(theta), total) if batches.own else total, np.intp)
        self.chunks = chunked_passes(architecture, theta, total, batches.own, self.factors)

    @cached_property
    def calls(self) -> list[partial[Any]]:
        """The calls of a step, recorded when they are first needed."""
        return list(self._recorded())

    def __call__(self, out: Costs) -> None:
        batch = next(self.batches)
        if batch is not None:
            np.copyto(self.indices, batch)
        replay(self.calls)
        np.multiply(self.cost, self.per_example, out)

    def descent(self) -> Callable[[], None] | None:
        """The update of plain gradient descent; see `gdlab.problems.problem.Descending`. With several chunks there is
        none: theta must not change before the last has read it.
        """
        _, passes = self.chunks[0]
        if len(self.chunks) > 1 or not passes.subtracted_at_once:
            return None
        self.calls = list(self._recorded(without=passes.subtracted_at_once))
        return partial(replay, list(passes.descend(self.gradient)))

    def _recorded(self, without: Sequence[int] = ()) -> Calls:
        """The calls of a step, chunk by chunk; not the gradient of the weights of the layers `without`."""
        chunk_cost = np.empty_like(self.cost)
        chunk_gradient = stack_like(self.theta) if len(self.chunks) > 1 else self.gradient

        @cache
        def added(passes: Passes) -> list[partial[Any]]:
            """The calls of a chunk after the first, whose cost and gradient are added."""
            return [
                *passes.forward(),
                *passes.sum_losses(chunk_cost),
                partial(np.add, self.cost, chunk_cost, self.cost),
                *passes.backward(chunk_gradient),
                partial(np.add, self.gradient, chunk_gradient, self.gradient),
            ]

        features, targets, _ = self.examples
        for chunk, passes in self.chunks:
            if self.batch_size is None:
                yield partial(passes.load, features[chunk], targets[chunk])
            else:
                yield from passes.gather(features, targets, self.indices[..., chunk])
            if chunk.start == 0:
                yield from passes.forward()
                yield from passes.sum_losses(self.cost)
                yield from passes.backward(self.gradient, without)
            else:
                yield from added(passes)
