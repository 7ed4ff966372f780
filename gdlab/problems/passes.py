r"""The forward pass and the backward pass through a network, and the oracle that evaluates mini-batches with them.

With a⁰ the features and layers l = 1 … L, for each example:

.. math::

    z^l = W^l a^{l-1} + b^l, \qquad a^l = f(z^l), \qquad
    \delta^L = \frac{\partial C}{\partial z^L}, \qquad
    \delta^{l-1} = \left( W^{l\top} \delta^l \right) \odot f'(z^{l-1}), \qquad
    \frac{\partial C}{\partial W^l} = \sum_\text{examples} \delta^l a^{l-1\top}, \qquad
    \frac{\partial C}{\partial b^l} = \sum_\text{examples} \delta^l

(Nielsen 2015, chapter 2, BP1-BP4). A row of theta is W¹ (outputs, features), b¹, W², b², … of one run, flattened.
Every product below is one `matmul` over the runs axis, so a run's arithmetic does not depend on the other runs.
Errors and gradients are proportional to the last error: times a run's learning rate it makes them times that rate, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from gdlab.arrays import Column, Costs, Features, Indices, Labels, Theta, aligned, stack_like
from gdlab.problems.activations import Activation
from gdlab.problems.calls import Calls, Units, replay
from gdlab.problems.costs import Head, OutputLayer
from gdlab.problems.problem import Batches
from gdlab.problems.products import product

Targets = Float[np.ndarray, "examples outputs"]
LayerViews = list[tuple[Float[np.ndarray, "runs _ _"], Float[np.ndarray, "runs _"]]]

CHUNK = 128  # examples taken at a time: with more, their units and those of the other runs leave the cache


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

    def layers(self, theta: Theta) -> LayerViews:
        """Views (runs, outputs, features) and (runs, outputs) of every layer's weights and biases."""
        views, start = [], 0
        for fan_in, fan_out in pairwise(self.sizes):
            middle, end = start + fan_out * fan_in, start + fan_out * (fan_in + 1)
            weights = theta[:, start:middle].reshape(-1, fan_out, fan_in)
            views.append((weights, theta[:, middle:end]))
            start = end
        return views


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
    over. The error of the last layer, and so the whole gradient, is that of the cost times each run's `factors`.
    `forward` and `backward` record the calls to make once examples are loaded.
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
        self.architecture, self.layers = architecture, architecture.layers(theta)
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
        self.scale = np.array(architecture.scale, dtype)

    def load(self, features: Features, targets: Targets) -> None:
        """Load these examples."""
        np.copyto(self.features, features)
        np.copyto(self.targets, targets)

    def gather(self, features: Features, targets: Targets, indices: Indices) -> None:
        """Load the examples at `indices`: gathering bytes and casting them moves a quarter of the memory."""
        features.take(indices, 0, self.bytes, "clip")
        targets.take(indices, 0, self.targets, "clip")
        np.copyto(self.features, self.bytes)

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
        slope = np.array(head.slope * self.per_example, self.architecture.dtype)
        weight = np.empty((len(self.factors), 1, 1), self.architecture.dtype)
        yield partial(np.multiply, self.factors[:, None], slope, weight)
        yield from head.apply(OutputLayer(a, self.targets, self.errors[last], self.losses, self.spares[last], weight))

    def backward(self, gradient: Theta) -> Calls:
        """The backward pass: the gradient of the cost, layer by layer, from the last to the first."""
        views = self.architecture.layers(gradient)
        ones = np.ones(self.units[0].shape[1], self.architecture.dtype)
        for i in range(len(self.layers) - 1, -1, -1):
            error, (W, _), (W_gradient, b_gradient) = self.errors[i], self.layers[i], views[i]
            yield partial(np.matmul, ones, error, b_gradient)
            if i == 0:
                yield partial(np.multiply, error, self.scale, error)
            yield from product(error.swapaxes(1, 2), self.inputs[i], W_gradient)
            if i > 0:
                below = self.errors[i - 1]
                yield from product(error, W, below)
                yield from self.architecture.activation.chain(below, self.units[i - 1], self.spares[i - 1])


def _add_bias(a: Units, b: Float[np.ndarray, "runs units"]) -> Calls:
    """Add each run's bias to its examples, to several at once, since broadcasting short rows is slow."""
    runs, examples, size = a.shape
    together = max(n for n in range(1, 9) if examples % n == 0)
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
    """The cost of the next mini-batch at theta; it writes the gradient times `factors`, too.

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
        self.features, self.targets, _ = examples
        self.batches = batches
        total = batch_size or len(examples.labels)
        self.factors = np.ones((len(theta), 1), architecture.dtype)
        self.cost = np.empty(len(theta), architecture.dtype)
        self.per_example = np.array(1 / total, architecture.dtype)
        chunk_cost, chunk_gradient = np.empty_like(self.cost), None
        self.chunks: list[tuple[slice, Passes, list[partial[Any]]]] = []
        for chunk, passes in chunked_passes(architecture, theta, total, batches.own, self.factors):
            if chunk.start == 0:
                calls = [
                    *passes.forward(),
                    partial(np.add.reduce, passes.loss, axis=1, out=self.cost),
                    *passes.backward(gradient),
                ]
            else:
                chunk_gradient = stack_like(theta) if chunk_gradient is None else chunk_gradient
                calls = [
                    *passes.forward(),
                    partial(np.add.reduce, passes.loss, axis=1, out=chunk_cost),
                    partial(np.add, self.cost, chunk_cost, self.cost),
                    *passes.backward(chunk_gradient),
                    partial(np.add, gradient, chunk_gradient, gradient),
                ]
            self.chunks.append((chunk, passes, calls))

    def __call__(self, out: Costs) -> None:
        batch = next(self.batches)
        for chunk, passes, calls in self.chunks:
            if batch is None:
                passes.load(self.features[chunk], self.targets[chunk])
            else:
                passes.gather(self.features, self.targets, batch[..., chunk])
            replay(calls)
        np.multiply(self.cost, self.per_example, out)
