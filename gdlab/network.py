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
from functools import cached_property, partial
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from gdlab.activations import ACTIVATIONS, Calls, Units, play
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
    examples of the training set and of the test set `measure` looks at, evenly spaced ones, None for all. Fields of
    type Any come from configurations and are checked here, in the user's words.
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
    def gathered_bytes(self) -> int:
        """Memory of the examples that are walked at a time, as they are gathered and as they are computed with."""
        examples = min(self.batch_size or CHUNK, CHUNK)
        return examples * self.sizes[0] * (1 + self.dtype.itemsize)

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
    def train(self) -> Examples:
        return Examples.of(self.data.train_features, self.data.train_labels, self)

    @cached_property
    def test(self) -> Examples:
        return Examples.of(self.data.test_features, self.data.test_labels, self)

    @cached_property
    def measured(self) -> tuple[Examples, Examples]:
        """Of the training set and of the test set, what `measure` looks at."""
        return self.train.spaced(self.examples), self.test.spaced(self.examples)

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
            play(walk.forward())
            answers[:, part] = walk.answers
        return answers

    def evaluate(self, theta: Theta, examples: Examples, gradient: Theta | None = None) -> tuple[Costs, Costs]:
        """Cost and accuracy of each run over these examples; writes the cost's gradient to `gradient` if given."""
        cost, right = np.zeros(len(theta)), np.zeros(len(theta), np.intp)
        if gradient is not None:
            gradient[...] = 0
            part_gradient = stack_like(theta)
        for part, walk in walks(self, theta, len(examples.labels)):
            walk.load(examples.features[part], examples.targets[part])
            play(walk.forward())
            cost += walk.loss.sum(axis=1)
            right += (walk.answers.argmax(axis=2) == examples.labels[part]).sum(axis=1)
            if gradient is not None:
                play(walk.backward(part_gradient))
                gradient += part_gradient
        return cost / len(examples.labels), right / len(examples.labels)

    def measure(self, theta: Theta) -> dict[str, Costs]:
        """Cost, accuracy (a fraction) and gradient norm on the training set, cost and accuracy on the test set; of
        both, on `examples` of them.
        """
        train, test = self.measured
        gradient = stack_like(theta)
        cost, accuracy = self.evaluate(theta, train, gradient)
        test_cost, test_accuracy = self.evaluate(theta, test)
        return {
            "cost": cost,
            "gradient_norm": norm(gradient),
            "train_accuracy": accuracy,
            "test_cost": test_cost,
            "test_accuracy": test_accuracy,
        }

    def measure_end(self, theta: Theta) -> dict[str, Costs]:
        """Accuracy on the whole test set."""
        return {"final_accuracy": self.evaluate(theta, self.test)[1]}


class Examples(NamedTuple):
    features: Features
    targets: Targets
    labels: Labels

    @classmethod
    def of(cls, features: Features, labels: Labels, network: Network) -> Examples:
        return cls(features, one_hot(labels, network.data.classes, network.dtype), labels)

    def spaced(self, count: int | None) -> Examples:
        """So many of them, evenly spaced: all, if there are no more or `count` is None."""
        total = len(self.labels)
        if count is None or count >= total:
            return self
        which = np.arange(count) * total // count
        return Examples(*(part[which] for part in self))


class Walk:
    """One walk forward and back through the network, for a fixed number of examples; all memory is made here.

    The examples are the same for all runs, or, with `own`, each run's own. `forward` and `backward` yield the calls to
    make once examples are loaded.
    """

    def __init__(self, network: Network, theta: Theta, examples: int, total: int, own: bool = False) -> None:
        runs, dtype, sizes = len(theta), network.dtype, network.sizes
        self.network, self.layers = network, network.layers(theta)
        self.per_example = 1 / total
        which = (runs, examples) if own else (examples,)
        self.bytes = np.empty((*which, sizes[0]), np.uint8)
        self.features = aligned(self.bytes.shape, dtype)
        self.targets = aligned((*which, sizes[-1]), dtype)
        shapes = [(runs, examples, size) for size in sizes[1:]]
        self.units, self.errors, self.spares = ([aligned(shape, dtype) for shape in shapes] for _ in range(3))
        self.inputs, self.answers = [self.features, *self.units[:-1]], self.units[-1]
        self.losses = aligned(shapes[-1], dtype)
        self.loss = self.losses.reshape(runs, -1)
        self.scale = np.array(network.data.scale, dtype)

    def load(self, features: Features, targets: Targets) -> None:
        """Take these examples."""
        np.copyto(self.features, features)
        np.copyto(self.targets, targets)

    def gather(self, features: Features, targets: Targets, indices: Indices) -> None:
        """Take the examples at `indices`: bytes are gathered and then cast, a quarter of the traffic."""
        features.take(indices, 0, self.bytes, "clip")
        targets.take(indices, 0, self.targets, "clip")
        np.copyto(self.features, self.bytes)

    def forward(self) -> Calls:
        """The answers, the loss (runs, examples * outputs), and the last layer's error."""
        last = len(self.layers) - 1
        for i, ((W, b), a) in enumerate(zip(self.layers, self.units, strict=True)):
            yield partial(np.matmul, self.inputs[i], W.swapaxes(1, 2), a)
            if i == 0:
                yield partial(np.multiply, a, self.scale, a)
            yield from _add_bias(a, b)
            if i < last:
                yield from ACTIVATIONS[self.network.activation].apply(a)
        head = HEADS[self.network.cost, self.network.output]
        weight = np.array(head.slope * self.per_example, self.network.dtype)
        yield from head.apply(a, self.targets, self.errors[last], self.losses, self.spares[last], weight)

    def backward(self, gradient: Theta) -> Calls:
        """The gradient of the cost, layer by layer, from the last to the first."""
        views = self.network.layers(gradient)
        ones = np.ones(self.units[0].shape[1], self.network.dtype)
        for i in range(len(self.layers) - 1, -1, -1):
            error, (W, _), (W_gradient, b_gradient) = self.errors[i], self.layers[i], views[i]
            yield partial(np.matmul, ones, error, b_gradient)
            if i == 0:
                yield partial(np.multiply, error, self.scale, error)
            yield partial(np.matmul, error.swapaxes(1, 2), self.inputs[i], W_gradient)
            if i > 0:
                below = self.errors[i - 1]
                yield partial(np.matmul, error, W, below)
                yield from ACTIVATIONS[self.network.activation].chain(below, self.units[i - 1], self.spares[i - 1])


def _add_bias(a: Units, b: Float[np.ndarray, "runs units"]) -> Calls:
    """Add each run's bias to all its examples; several examples at once, since short rows are slow to broadcast."""
    runs, examples, size = a.shape
    together = max(n for n in range(1, 9) if examples % n == 0)
    tile = aligned((runs, together, size), a.dtype)
    rows, row = a.reshape(runs, examples // together, together * size), tile.reshape(runs, 1, together * size)
    yield partial(np.copyto, tile, b[:, None])
    yield partial(np.add, rows, row, rows)


def walks(
    network: Network, theta: Theta, total: int, own: bool = False, chunk: int = CHUNK
) -> list[tuple[slice, Walk]]:
    """The chunks of `total` examples, in order, each with the walk it takes."""
    chunks = [slice(start, min(start + chunk, total)) for start in range(0, total, chunk)]
    by_size = {n: Walk(network, theta, n, total, own) for n in {part.stop - part.start for part in chunks}}
    return [(part, by_size[part.stop - part.start]) for part in chunks]


class MiniBatchOracle:
    """The cost of the next mini-batch at theta, with its gradient written beside it.

    Whether runs share an order of mini-batches or have their own, each is computed alike, to the last bit.
    """

    def __init__(self, network: Network, theta: Theta, gradient: Theta, batches: Batches) -> None:
        self.features, self.targets, _ = network.train
        self.batches = batches
        total = network.batch_size or len(network.data.train_labels)
        self.cost = np.empty(len(theta), network.dtype)
        self.per_example = np.array(1 / total, network.dtype)
        part_cost, part_gradient = np.empty_like(self.cost), None
        self.walks: list[tuple[slice, Walk, list[partial[Any]]]] = []
        for part, walk in walks(network, theta, total, batches.own):
            if part.start == 0:
                calls = [
                    *walk.forward(),
                    partial(np.add.reduce, walk.loss, axis=1, out=self.cost),
                    *walk.backward(gradient),
                ]
            else:
                part_gradient = stack_like(theta) if part_gradient is None else part_gradient
                calls = [
                    *walk.forward(),
                    partial(np.add.reduce, walk.loss, axis=1, out=part_cost),
                    partial(np.add, self.cost, part_cost, self.cost),
                    *walk.backward(part_gradient),
                    partial(np.add, gradient, part_gradient, gradient),
                ]
            self.walks.append((part, walk, calls))

    def __call__(self, out: Costs) -> None:
        batch = next(self.batches)
        for part, walk, calls in self.walks:
            if batch is None:
                walk.load(self.features[part], self.targets[part])
            else:
                walk.gather(self.features, self.targets, batch[..., part])
            play(calls)
        np.multiply(self.cost, self.per_example, out)


def one_hot(labels: Labels, classes: int, dtype: Any) -> Targets:
    """1 in the place of the label, 0 elsewhere."""
    return np.eye(classes, dtype=dtype)[labels]
