r"""Regression on random data: a network with one hidden layer and no biases, the cost of each step on the whole set.

With n features and as many hidden units, for each example x with target y:

.. math::

    a = f\left(\frac{g\, W x}{\sqrt n}\right), \qquad
    \hat y = \frac{w^\top a}{n}, \qquad
    C = \frac 1N \sum_\text{examples} (\hat y - y)^2

The features, the targets and the weights at the start are drawn from N(0, 1). The gain g is √2 for tanh and relu, 1 for
the identity (Sohl-Dickstein 2024, "The boundary of neural network trainability is fractal", section 2 and its code).
A row of theta is W (hidden, features), then w, of one run, flattened.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from gdlab.arrays import Costs, Point, Theta, aligned, norm, stack_like
from gdlab.checks import choice, whole
from gdlab.defaults import defaults
from gdlab.problems import PROBLEMS
from gdlab.problems.activations import Activation
from gdlab.problems.activations.relu import RELU
from gdlab.problems.activations.tanh import TANH
from gdlab.problems.calls import Calls, Units, replay
from gdlab.problems.problem import Batches

DEFAULTS = defaults("problem", "random_regression")

Inputs = Float[np.ndarray, "*runs examples features"]
Targets = Float[np.ndarray, "*runs examples"]


def no_calls(*arrays: Units) -> Iterator[partial[Any]]:
    """Nothing to do."""
    yield from ()


class Unit(NamedTuple):
    """A kind of hidden unit: its gain g and its activation f."""

    gain: float
    activation: Activation


IDENTITY = Activation(no_calls, no_calls, np.ones_like, np.zeros_like, 0.0)
UNITS = {"tanh": Unit(2**0.5, TANH), "relu": Unit(2**0.5, RELU), "identity": Unit(1.0, IDENTITY)}


class Passes:
    """The forward and the backward pass over a number of examples; all memory is allocated here.

    The units are rows and the examples columns, so that what belongs to an example is broadcast along whole rows. The
    examples are the same for all runs, or each run's own.
    """

    def __init__(self, problem: RandomRegression, theta: Theta, inputs: Inputs, targets: Targets) -> None:
        runs, n, dtype = len(theta), problem.features, theta.dtype
        self.unit, self.inputs, self.n = UNITS[problem.activation], inputs, n
        self.examples = inputs.shape[-2]
        self.targets = targets[..., None, :]
        self.W, self.w = views(theta, n)
        self.scaled = aligned((runs, n, n), dtype)
        self.a, self.error, self.spare = (aligned((runs, n, self.examples), dtype) for _ in range(3))
        self.residual, self.square = (aligned((runs, 1, self.examples), dtype) for _ in range(2))
        self.first_scale = np.array(self.unit.gain / n**0.5, dtype)
        self.output_scale = np.array(1 / n, dtype)
        self.slope = np.array(2 / (self.examples * n), dtype)  # of the cost, and of the outputs in wᵀa

    def forward(self, cost: Costs) -> Calls:
        """The forward pass: the residuals ŷ - y, and the sum of their squares."""
        yield partial(np.multiply, self.W, self.first_scale, self.scaled)
        yield partial(np.matmul, self.scaled, self.inputs.swapaxes(-1, -2), self.a)
        yield from self.unit.activation.apply(self.a)
        yield partial(np.matmul, self.w, self.a, self.residual)
        yield partial(np.multiply, self.residual, self.output_scale, self.residual)
        yield partial(np.subtract, self.residual, self.targets, self.residual)
        yield partial(np.multiply, self.residual, self.residual, self.square)
        yield partial(np.add.reduce, self.square[:, 0], axis=1, out=cost)

    def backward(self, gradient: Theta) -> Calls:
        """The backward pass, from the residuals to the gradient."""
        W_gradient, w_gradient = views(gradient, self.n)
        yield partial(np.multiply, self.residual, self.slope, self.residual)
        yield partial(np.matmul, self.residual, self.a.swapaxes(1, 2), w_gradient)
        yield partial(np.copyto, self.error, self.residual)
        yield from self.unit.activation.chain(self.error, self.a, self.spare)
        yield partial(np.matmul, self.error, self.inputs, W_gradient)
        yield partial(np.multiply, W_gradient, self.w.swapaxes(1, 2), W_gradient)
        yield partial(np.multiply, W_gradient, self.first_scale, W_gradient)


def views(theta: Theta, n: int) -> tuple[Float[np.ndarray, "runs n n"], Float[np.ndarray, "runs 1 n"]]:
    """Views of the weights of the hidden layer and of the output."""
    return theta[:, : n * n].reshape(-1, n, n), theta[:, n * n :].reshape(-1, 1, n)


class RegressionOracle:
    """The cost over all examples at theta; it writes the gradient over the next mini-batch, or over all examples."""

    def __init__(self, problem: RandomRegression, theta: Theta, gradient: Theta, batches: Batches) -> None:
        self.batches, self.inputs, self.targets = batches, problem.inputs, problem.targets
        self.per_example = np.array(1 / len(self.targets), theta.dtype)
        self.cost = np.empty(len(theta), theta.dtype)
        whole_set = Passes(problem, theta, self.inputs, self.targets)
        self.calls = list(whole_set.forward(self.cost))
        if problem.batch_size is None:
            self.calls += whole_set.backward(gradient)
            return
        own = (len(theta), problem.batch_size) if batches.own else (problem.batch_size,)
        self.batch_inputs = aligned((*own, problem.features), theta.dtype)
        self.batch_targets = aligned(own, theta.dtype)
        batch = Passes(problem, theta, self.batch_inputs, self.batch_targets)
        self.calls += [*batch.forward(np.empty_like(self.cost)), *batch.backward(gradient)]

    def __call__(self, out: Costs) -> None:
        batch = next(self.batches)
        if batch is not None:
            self.inputs.take(batch, 0, self.batch_inputs, "clip")
            self.targets.take(batch, 0, self.batch_targets, "clip")
        replay(self.calls)
        np.multiply(self.cost, self.per_example, out)


@PROBLEMS.register("random_regression")
@dataclass(frozen=True, kw_only=True)
class RandomRegression:
    """A network of `features` inputs and as many hidden units, on `training_examples` random examples.

    `data_seed` decides the examples, a run's seed its weights. `batch_size` None is descent on all examples; with
    mini-batches a step's cost is still that of all examples, so that it can be compared from step to step.
    """

    features: Any = DEFAULTS["features"]
    training_examples: Any = DEFAULTS["training_examples"]
    activation: str = DEFAULTS["activation"]
    batch_size: Any = DEFAULTS["batch_size"]
    data_seed: Any = DEFAULTS["data_seed"]
    dtype: Any = DEFAULTS["dtype"]

    constant_predictor_cost = None

    def __post_init__(self) -> None:
        whole("features", self.features, 1)
        whole("training_examples", self.training_examples, 1)
        choice("activation", self.activation, UNITS)
        if self.batch_size is not None:
            whole("batch_size", self.batch_size, 1, self.training_examples, " (the training examples)")
        whole("data_seed", self.data_seed, 0)
        choice("dtype", str(self.dtype), ("float32", "float64"))
        object.__setattr__(self, "dtype", np.dtype(self.dtype))

    @property
    def layer_parameters(self) -> tuple[int, int]:
        """The number of parameters of each layer."""
        return self.features**2, self.features

    @property
    def parameters(self) -> int:
        return sum(self.layer_parameters)

    @cached_property
    def examples(self) -> tuple[Inputs, Targets]:
        """The inputs and the targets."""
        rng = np.random.default_rng(self.data_seed)
        inputs = aligned((self.training_examples, self.features), self.dtype)
        targets = aligned((self.training_examples,), self.dtype)
        inputs[...] = rng.standard_normal(inputs.shape)
        targets[...] = rng.standard_normal(targets.shape)
        return inputs, targets

    @property
    def inputs(self) -> Inputs:
        return self.examples[0]

    @property
    def targets(self) -> Targets:
        return self.examples[1]

    def initial(self, rng: np.random.Generator) -> Point:
        """The starting point of a run: weights from N(0, 1)."""
        return rng.standard_normal(self.parameters).astype(self.dtype)

    def oracle(self, theta: Theta, gradient: Theta, batches: Batches) -> RegressionOracle:
        return RegressionOracle(self, theta, gradient, batches)

    def measure(self, theta: Theta) -> dict[str, Costs]:
        """Cost and gradient norm over all examples."""
        cost, gradient = np.empty(len(theta), theta.dtype), stack_like(theta)
        passes = Passes(self, theta, self.inputs, self.targets)
        replay([*passes.forward(cost), *passes.backward(gradient)])
        return {"cost": cost.astype(np.float64) / self.training_examples, "gradient_norm": norm(gradient)}

    def measure_end(self, theta: Theta) -> dict[str, Costs]:
        """Nothing further."""
        return {}
