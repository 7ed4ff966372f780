"""A fully connected network on a data set: its cost over stacks of theta, and the gradient by backpropagation.

The forward pass and the backward pass are in `gdlab.problems.passes`, the formulas of the costs in
`gdlab.problems.costs`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from jaxtyping import Float

from gdlab.arrays import Costs, Features, Point, Theta, norm, stack_like
from gdlab.checks import choice, fits_memory, whole
from gdlab.defaults import defaults
from gdlab.problems import PROBLEMS
from gdlab.problems.activations import ACTIVATIONS
from gdlab.problems.calls import replay
from gdlab.problems.costs import COSTS
from gdlab.problems.data import Data
from gdlab.problems.initializers import INITIALIZERS
from gdlab.problems.passes import CHUNK, Architecture, Examples, LayerViews, MiniBatchOracle, recorded_passes
from gdlab.problems.problem import Batches
from gdlab.problems.starts import point, stored_start

Outputs = Float[np.ndarray, "runs examples outputs"]

DEFAULTS = defaults("problem", "network")


@PROBLEMS.register("network")
@dataclass(frozen=True, kw_only=True)
class Network:
    """A network and the data it learns.

    `hidden` lists the sizes of the hidden layers; `batch_size` None is the whole training set; `measure` evaluates
    `examples` evenly spaced examples of the training set and as many of the test set, None for all. `start` is a point
    of an earlier run, in place of one drawn by the `initializer`. Fields of type Any
    come from configurations and are checked here, so that messages name the configuration's keys.
    """

    data: Data
    hidden: Any = tuple(DEFAULTS["hidden"])
    activation: str = DEFAULTS["activation"]
    output: str = DEFAULTS["output"]
    cost: str = DEFAULTS["cost"]
    initializer: str = DEFAULTS["initializer"]
    batch_size: Any = DEFAULTS["batch_size"]
    dtype: Any = DEFAULTS["dtype"]
    examples: Any = DEFAULTS["examples"]
    start: Any = DEFAULTS["start"]

    def __post_init__(self) -> None:
        if isinstance(self.hidden, str) or not isinstance(self.hidden, Sequence):
            raise ValueError(f"hidden must be a list of whole numbers like [16, 16], got {self.hidden!r}")
        for size in self.hidden:
            whole("hidden", size, 1)
        choice("activation", self.activation, ACTIVATIONS)
        choice("cost", self.cost, COSTS)
        choice("output", self.output, sorted({output for cost in COSTS.values() for output in cost.heads}))
        choice("initializer", self.initializer, INITIALIZERS)
        choice("dtype", str(self.dtype), ("float32", "float64"))
        if self.output not in COSTS[self.cost].heads:
            raise ValueError(f"cost={self.cost} needs outputs between 0 and 1, got output={self.output}")
        if self.batch_size is not None:
            whole("batch_size", self.batch_size, 1, self.training_examples, f" (the training set of {self.data.name})")
        if self.examples is not None:
            whole("examples", self.examples, 1)
        object.__setattr__(self, "start", stored_start(self.start))
        object.__setattr__(self, "hidden", tuple(self.hidden))
        object.__setattr__(self, "dtype", np.dtype(self.dtype))
        fits_memory(f"hidden={list(self.hidden)}", self.parameters, self.dtype.itemsize)

    @cached_property
    def architecture(self) -> Architecture:
        """The layers, without the data."""
        return Architecture(
            sizes=(self.data.train_features.shape[1], *self.hidden, self.data.classes),
            activation=ACTIVATIONS[self.activation],
            head=COSTS[self.cost].heads[self.output],
            scale=self.data.scale,
            dtype=self.dtype,
        )

    @property
    def sizes(self) -> tuple[int, ...]:
        """The sizes of the layers, starting with the features."""
        return self.architecture.sizes

    @property
    def parameters(self) -> int:
        return self.architecture.parameters

    @property
    def layer_parameters(self) -> list[int]:
        """The number of parameters of each layer, weights and biases."""
        return [fan_out * (fan_in + 1) for fan_in, fan_out in pairwise(self.sizes)]

    @property
    def training_examples(self) -> int:
        return len(self.data.train_labels)

    @property
    def gathered_bytes(self) -> int:
        """Memory of a chunk of examples, as bytes and in the network's precision."""
        examples = min(self.batch_size or CHUNK, CHUNK)
        return examples * self.sizes[0] * (1 + self.dtype.itemsize)

    @property
    def constant_predictor_cost(self) -> float:
        """The baseline: the training cost of the best constant predictor, 0.90 for ten even classes."""
        shares = np.bincount(self.data.train_labels, minlength=self.data.classes) / len(self.data.train_labels)
        return COSTS[self.cost].of_constant_predictor(shares, self.output)

    @cached_property
    def train(self) -> Examples:
        return Examples.of(self.data.train_features, self.data.train_labels, self.data.classes, self.dtype)

    @cached_property
    def test(self) -> Examples:
        return Examples.of(self.data.test_features, self.data.test_labels, self.data.classes, self.dtype)

    @cached_property
    def measured(self) -> tuple[Examples, Examples]:
        """The examples of the training set and of the test set that `measure` evaluates."""
        return self.train.spaced(self.examples), self.test.spaced(self.examples)

    def initial(self, rng: np.random.Generator) -> Point:
        """The starting point of a run."""
        if self.start is not None:
            return point(self.start, self.parameters).astype(self.dtype)
        draw = INITIALIZERS[self.initializer]
        layers = [draw(rng, fan_in, fan_out) for fan_in, fan_out in pairwise(self.sizes)]
        return np.concatenate([part.ravel() for layer in layers for part in layer]).astype(self.dtype)

    def layers(self, theta: Theta) -> LayerViews:
        """Views (runs, outputs, features) and (runs, outputs) of every layer's weights and biases."""
        return self.architecture.layers(theta)

    def oracle(self, theta: Theta, gradient: Theta, batches: Batches) -> MiniBatchOracle:
        return MiniBatchOracle(self.architecture, self.train, self.batch_size, theta, gradient, batches)

    @np.errstate(over="ignore")  # the exponential of a sigmoid unit far below 0, which is then 0
    def outputs(self, theta: Theta, features: Features) -> Outputs:
        """The outputs of each run's network for each example: its predictions, before the argmax."""
        outputs = np.empty((len(theta), len(features), self.data.classes), self.dtype)
        targets = np.zeros((len(features), self.data.classes), self.dtype)
        for chunk, passes, forward, _ in recorded_passes(self.architecture, theta, len(features)):
            passes.load(features[chunk], targets[chunk])
            replay(forward)
            outputs[:, chunk] = passes.outputs
        return outputs

    @np.errstate(over="ignore")  # the exponential of a sigmoid unit far below 0, which is then 0
    def hidden_units(self, theta: Theta, features: Features) -> list[Outputs]:
        """The activations of each hidden layer for each example, (runs, examples, units) a layer."""
        units = [np.empty((len(theta), len(features), size), self.dtype) for size in self.hidden]
        targets = np.zeros((len(features), self.data.classes), self.dtype)
        for chunk, passes, forward, _ in recorded_passes(self.architecture, theta, len(features)):
            passes.load(features[chunk], targets[chunk])
            replay(forward)
            for layer, active in zip(units, passes.units, strict=False):
                layer[:, chunk] = active
        return units

    @np.errstate(over="ignore")  # the exponential of a sigmoid unit far below 0, which is then 0
    def evaluate(self, theta: Theta, examples: Examples, gradient: Theta | None = None) -> tuple[Costs, Costs]:
        """Cost and accuracy of each run over these examples; writes the cost's gradient to `gradient` if given."""
        cost, correct = np.zeros(len(theta)), np.zeros(len(theta), np.intp)
        if gradient is not None:
            gradient[...] = 0
        chunk_gradient = None if gradient is None else stack_like(theta)
        total = len(examples.labels)
        for chunk, passes, forward, backward in recorded_passes(self.architecture, theta, total, chunk_gradient):
            passes.load(examples.features[chunk], examples.targets[chunk])
            replay(forward)
            cost += passes.loss.sum(axis=1)
            correct += (passes.outputs.argmax(axis=2) == examples.labels[chunk]).sum(axis=1)
            if gradient is not None:
                replay(backward)
                gradient += chunk_gradient
        return cost / total, correct / total

    def measure(self, theta: Theta) -> dict[str, Costs]:
        """Cost, accuracy (a fraction) and gradient norm on the training set, cost and accuracy on the test set; each
        on `examples` of its examples.
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
