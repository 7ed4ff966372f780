r"""A fully connected network on a data set: its cost over stacks of theta, and the gradient by backpropagation.

With a⁰ the features and layers l = 1 … L, for each example:

.. math::

    z^l = W^l a^{l-1} + b^l, \qquad a^l = f(z^l), \qquad
    \delta^L = \frac{\partial C}{\partial z^L}, \qquad
    \delta^{l-1} = \left( W^{l\top} \delta^l \right) \odot f'(z^{l-1}), \qquad
    \frac{\partial C}{\partial W^l} = \sum_\text{examples} \delta^l a^{l-1\top}, \qquad
    \frac{\partial C}{\partial b^l} = \sum_\text{examples} \delta^l

(Nielsen 2015, chapter 2, BP1-BP4). A row of theta is W¹ (outputs, features), b¹, W², b², … of one run, flattened.
Every product below is one `matmul` over the runs axis, so each run's arithmetic is the same whatever the others are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from jaxtyping import Float

from gdlab.activations import ACTIVATIONS
from gdlab.arrays import Costs, Features, Indices, Labels, Point, Theta, aligned, norm, stack_like
from gdlab.batches import Batches, Shuffled, WholeSet
from gdlab.checks import choice, whole
from gdlab.costs import COSTS, HEADS, OUTPUTS
from gdlab.data import Data
from gdlab.initializers import INITIALIZERS

Targets = Float[np.ndarray, "examples outputs"]
Outputs = Float[np.ndarray, "runs examples outputs"]
LayerViews = list[tuple[Float[np.ndarray, "runs _ _"], Float[np.ndarray, "runs _"]]]

CHUNK = 64  # examples walked at a time: OpenBLAS is fastest while outputs * features * examples stays below 10^6


@dataclass(frozen=True, kw_only=True)
class Network:
    """A network and the data it learns.

    `hidden` lists the sizes of the hidden layers; `batch_size` None is the whole training set; `examples` is how many
    of the training examples, the first ones, `measure` looks at, None for all. Fields of type Any come from
    configurations and are checked here, in the user's words.
    """

    data: Data
    hidden: Any
    activation: str
    output: str
    cost: str
    initializer: str
    batch_size: Any
    dtype: Any = "float32"
    examples: Any = None

    def __post_init__(self) -> None:
        if isinstance(self.hidden, str) or not isinstance(self.hidden, Sequence):
            raise ValueError(f"hidden must be a list of whole numbers like [16, 16], got {self.hidden!r}")
        for size in self.hidden:
            whole("hidden", size, 1)
        choice("activation", self.activation, ACTIVATIONS)
        choice("output", self.output, OUTPUTS)
        choice("cost", self.cost, COSTS)
        choice("initializer", self.initializer, INITIALIZERS)
        choice("dtype", str(self.dtype), ("float32", "float64"))
        if (self.cost, self.output) not in HEADS:
            raise ValueError(f"cost={self.cost} needs outputs between 0 and 1, got output={self.output}")
        if self.batch_size is not None:
            count = len(self.data.train_labels)
            whole("batch_size", self.batch_size, 1, count, f" (the training set of {self.data.name})")
        if self.examples is not None:
            whole("examples", self.examples, 1)
        object.__setattr__(self, "hidden", tuple(self.hidden))
        object.__setattr__(self, "dtype", np.dtype(self.dtype))

    @property
    def sizes(self) -> tuple[int, ...]:
        return (self.data.train_features.shape[1], *self.hidden, self.data.classes)

    @property
    def parameters(self) -> int:
        return sum(fan_out * (fan_in + 1) for fan_in, fan_out in pairwise(self.sizes))

    @property
    def mini_batches(self) -> bool:
        return self.batch_size is not None

    @property
    def steps_per_epoch(self) -> int:
        return 1 if self.batch_size is None else len(self.data.train_labels) // self.batch_size

    @property
    def idle_cost(self) -> float:
        """The training cost of the best network that ignores its input: for ten even classes, the shrug's 0.90."""
        shares = np.bincount(self.data.train_labels, minlength=self.data.classes) / len(self.data.train_labels)
        if self.cost == "quadratic":
            return float((shares * (1 - shares)).sum())
        shares = shares[shares > 0]
        entropy = -(shares * np.log(shares)).sum()
        if self.output == "sigmoid":
            rest = 1 - shares[shares < 1]
            entropy -= (rest * np.log(rest)).sum()
        return float(entropy)

    @cached_property
    def train_targets(self) -> Targets:
        return one_hot(self.data.train_labels, self.data.classes, self.dtype)

    @cached_property
    def test_targets(self) -> Targets:
        return one_hot(self.data.test_labels, self.data.classes, self.dtype)

    def initial(self, rng: np.random.Generator) -> Point:
        """The starting point of a run."""
        draw = INITIALIZERS[self.initializer]
        layers = [draw(rng, fan_in, fan_out) for fan_in, fan_out in pairwise(self.sizes)]
        return np.concatenate([part.ravel() for layer in layers for part in layer]).astype(self.dtype)

    def layers(self, theta: Theta) -> LayerViews:
        """Views (runs, outputs, features) and (runs, outputs) of every layer's weights and biases."""
        views, start = [], 0
        for fan_in, fan_out in pairwise(self.sizes):
            middle, end = start + fan_out * fan_in, start + fan_out * (fan_in + 1)
            weights = theta[:, start:middle].reshape(-1, fan_out, fan_in)
            views.append((weights, theta[:, middle:end]))
            start = end
        return views

    def batches(self, seeds: Sequence[int]) -> Batches:
        if self.batch_size is None:
            return WholeSet()
        return Shuffled(len(self.data.train_labels), self.batch_size, seeds)

    def oracle(self, theta: Theta, gradient: Theta, batches: Batches) -> MiniBatchOracle:
        return MiniBatchOracle(self, theta, gradient, batches)

    def outputs(self, theta: Theta, features: Features) -> Outputs:
        """What each run's network answers to each example."""
        answers = np.empty((len(theta), len(features), self.data.classes), self.dtype)
        targets = np.zeros((len(features), self.data.classes), self.dtype)
        for part, walk in walks(self, theta, len(features)):
            walk.load(features[part], targets[part])
            walk.forward()
            answers[:, part] = walk.answers
        return answers

    def evaluate(
        self, theta: Theta, features: Features, targets: Targets, labels: Labels, gradient: Theta | None = None
    ) -> tuple[Costs, Costs]:
        """Cost and accuracy of each run over a set of examples; writes the cost's gradient to `gradient` if given."""
        cost, right = np.zeros(len(theta)), np.zeros(len(theta), np.intp)
        if gradient is not None:
            gradient[...] = 0
            part_gradient = stack_like(theta)
            views = self.layers(part_gradient)
        for part, walk in walks(self, theta, len(features)):
            walk.load(features[part], targets[part])
            walk.forward()
            cost += walk.loss.sum(axis=1)
            right += (walk.answers.argmax(axis=2) == labels[part]).sum(axis=1)
            if gradient is not None:
                walk.backward(views)
                gradient += part_gradient
        return cost / len(labels), right / len(labels)

    def measure(self, theta: Theta) -> dict[str, Costs]:
        """Cost, accuracy (a fraction) and gradient norm on the training set or its first `examples`; cost and
        accuracy on the whole test set.
        """
        data, seen = self.data, slice(self.examples)
        gradient = stack_like(theta)
        cost, accuracy = self.evaluate(
            theta, data.train_features[seen], self.train_targets[seen], data.train_labels[seen], gradient
        )
        test_cost, test_accuracy = self.evaluate(theta, data.test_features, self.test_targets, data.test_labels)
        return {
            "cost": cost,
            "gradient_norm": norm(gradient),
            "train_accuracy": accuracy,
            "test_cost": test_cost,
            "test_accuracy": test_accuracy,
        }


@dataclass(slots=True)
class Layer:
    """Views and buffers of one layer, (runs, …) each; `flat_` means the same memory with several examples in a row."""

    inputs: np.ndarray
    W: np.ndarray
    W_transposed: np.ndarray
    b: np.ndarray
    a: np.ndarray
    flat_a: np.ndarray
    tile: np.ndarray
    flat_tile: np.ndarray
    error: np.ndarray
    error_transposed: np.ndarray
    spare: np.ndarray


class Walk:
    """One walk forward and back through the network, for a fixed number of examples; all memory is made here.

    The examples are the same for all runs, or, with `own`, each run's own.
    """

    def __init__(self, network: Network, theta: Theta, examples: int, total: int, own: bool = False) -> None:
        runs, dtype, sizes = len(theta), network.dtype, network.sizes
        self.apply, self.chain = ACTIVATIONS[network.activation]
        self.head, slope = HEADS[network.cost, network.output]
        self.weight = np.array(slope / total, dtype)
        self.scale = np.array(network.data.scale, dtype)
        self.ones = np.ones(examples, dtype)

        which = (runs, examples) if own else (examples,)
        self.bytes = np.empty((*which, sizes[0]), np.uint8)
        self.features = aligned(self.bytes.shape, dtype)
        self.targets = aligned((*which, sizes[-1]), dtype)

        self.layers: list[Layer] = []
        inputs = self.features
        # A sum that repeats every 16 numbers is slow to broadcast, so a bias is laid out for several examples at once.
        together = max(n for n in range(1, 9) if examples % n == 0)
        for W, b in network.layers(theta):
            size = W.shape[1]
            a, error, spare = (aligned((runs, examples, size), dtype) for _ in range(3))
            tile = aligned((runs, together, size), dtype)
            self.layers.append(
                Layer(
                    inputs=inputs,
                    W=W,
                    W_transposed=W.swapaxes(1, 2),
                    b=b[:, None],
                    a=a,
                    flat_a=a.reshape(runs, examples // together, together * size),
                    tile=tile,
                    flat_tile=tile.reshape(runs, 1, together * size),
                    error=error,
                    error_transposed=error.swapaxes(1, 2),
                    spare=spare,
                )
            )
            inputs = a
        self.first, self.last = self.layers[0], self.layers[-1]
        self.answers = self.last.a
        self.losses = aligned(self.answers.shape, dtype)
        self.loss = self.losses.reshape(runs, -1)

    def load(self, features: Features, targets: Targets) -> None:
        """Take these examples."""
        np.copyto(self.features, features)
        np.copyto(self.targets, targets)

    def gather(self, features: Features, targets: Targets, indices: Indices) -> None:
        """Take the examples at `indices`: bytes are gathered and then cast, a quarter of the traffic."""
        features.take(indices, 0, self.bytes, "clip")
        targets.take(indices, 0, self.targets, "clip")
        np.copyto(self.features, self.bytes)

    def forward(self) -> None:
        """Compute the answers, the loss (runs, examples * outputs) and the last layer's error."""
        first, last = self.first, self.last
        for layer in self.layers:
            a, flat_a = layer.a, layer.flat_a
            np.matmul(layer.inputs, layer.W_transposed, a)
            if layer is first:
                np.multiply(a, self.scale, a)
            np.copyto(layer.tile, layer.b)
            np.add(flat_a, layer.flat_tile, flat_a)
            if layer is not last:
                self.apply(a)
        self.head(a, self.targets, last.error, self.losses, last.spare, self.weight)

    def backward(self, gradient: LayerViews) -> None:
        """Write the gradient of the cost, layer by layer, from the last to the first."""
        for i in range(len(self.layers) - 1, 0, -1):
            layer, below = self.layers[i], self.layers[i - 1]
            W_gradient, b_gradient = gradient[i]
            np.matmul(self.ones, layer.error, b_gradient)
            np.matmul(layer.error_transposed, layer.inputs, W_gradient)
            np.matmul(layer.error, layer.W, below.error)
            self.chain(below.error, below.a, below.spare)
        W_gradient, b_gradient = gradient[0]
        np.matmul(self.ones, self.first.error, b_gradient)
        np.multiply(self.first.error, self.scale, self.first.error)
        np.matmul(self.first.error_transposed, self.features, W_gradient)


def walks(network: Network, theta: Theta, total: int, own: bool = False) -> list[tuple[slice, Walk]]:
    """The chunks of `total` examples, in order, each with the walk it takes."""
    chunks = [slice(start, min(start + CHUNK, total)) for start in range(0, total, CHUNK)]
    by_size = {n: Walk(network, theta, n, total, own) for n in {chunk.stop - chunk.start for chunk in chunks}}
    return [(chunk, by_size[chunk.stop - chunk.start]) for chunk in chunks]


class MiniBatchOracle:
    """The cost of the next mini-batch at theta, with its gradient written beside it.

    Whether runs share an order of mini-batches or have their own, each is computed alike, to the last bit.
    """

    def __init__(self, network: Network, theta: Theta, gradient: Theta, batches: Batches) -> None:
        self.features, self.targets, self.batches = network.data.train_features, network.train_targets, batches
        total = network.batch_size or len(network.data.train_labels)
        self.walks = walks(network, theta, total, batches.own)
        self.gradient, self.views = gradient, network.layers(gradient)
        self.part = stack_like(theta) if len(self.walks) > 1 else gradient
        self.part_views = network.layers(self.part)
        self.part_cost = np.empty(len(theta), network.dtype)
        self.per_example = np.array(1 / total, network.dtype)

    def __call__(self, out: Costs) -> None:
        batch = next(self.batches)
        for part, walk in self.walks:
            if batch is None:
                walk.load(self.features[part], self.targets[part])
            else:
                walk.gather(self.features, self.targets, batch[..., part])
            walk.forward()
            if part.start == 0:
                np.add.reduce(walk.loss, axis=1, out=out)
                walk.backward(self.views)
            else:
                np.add.reduce(walk.loss, axis=1, out=self.part_cost)
                np.add(out, self.part_cost, out)
                walk.backward(self.part_views)
                np.add(self.gradient, self.part, self.gradient)
        np.multiply(out, self.per_example, out)


def one_hot(labels: Labels, classes: int, dtype: Any) -> Targets:
    """1 in the place of the label, 0 elsewhere."""
    return np.eye(classes, dtype=dtype)[labels]
