r"""Curvature: products with the Hessian H of the cost, and its largest eigenvalues. The largest is the sharpness λ.

Plain descent on a quadratic is stable for η < 2 / λ: the sharpness bounds the locally stable learning rates.

A product H v is exact, not a finite difference: with :math:`\mathcal R\{f\} = \frac{d}{dr} f(\theta + r v)` at
r = 0, H v is :math:`\mathcal R` of the gradient, and every line of backpropagation is differentiated in turn
(Pearlmutter 1994). For each example, with V^l and c^l the components of v for W^l and b^l:

.. math::

    \mathcal R\{z^l\} = V^l a^{l-1} + W^l \mathcal R\{a^{l-1}\} + c^l, \qquad
    \mathcal R\{a^l\} = f'(z^l) \odot \mathcal R\{z^l\}, \qquad
    \mathcal R\{\delta^L\} = \frac{\partial^2 C}{\partial z^L \partial z^L} \mathcal R\{z^L\}

.. math::

    e^l = W^{l+1\top} \delta^{l+1}, \qquad
    \mathcal R\{e^l\} = V^{l+1\top} \delta^{l+1} + W^{l+1\top} \mathcal R\{\delta^{l+1}\}, \qquad
    \mathcal R\{\delta^l\} = \mathcal R\{e^l\} \odot f'(z^l) + e^l \odot f''(z^l) \odot \mathcal R\{z^l\}

.. math::

    (H v)_{W^l} = \sum_\text{examples} \mathcal R\{\delta^l\} a^{l-1\top} + \delta^l \mathcal R\{a^{l-1}\}^\top, \qquad
    (H v)_{b^l} = \sum_\text{examples} \mathcal R\{\delta^l\}

What does not depend on v is computed once, so a product costs about as much as a gradient. Products are computed in the
network's own precision, everything else in float64.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from gdlab.arrays import Costs, Theta, distinct, stack_like, stacked
from gdlab.problems.calls import replay
from gdlab.problems.landscapes import Landscape
from gdlab.problems.network import Network
from gdlab.problems.passes import Examples, LayerViews, Targets, chunked_passes

Eigenvalues = Float[np.ndarray, "runs count"]
Inputs = list[Float[np.ndarray, "*_runs examples _"]]
Layers = list[Float[np.ndarray, "runs examples _"]]
Basis = Float[np.ndarray, "runs iterations parameters"]
Product = Callable[[Theta], Theta]
Products = Callable[[Theta], Product]

TOLERANCE = 1e-3
MOST_ITERATIONS = 300
FIRST_ROOM = 32
START_SEED = 0
CHUNK = 500  # examples a product takes at a time
BYTES = 2**28  # for what is kept of a stack's examples and of its Krylov basis: larger stacks are taken in parts


def products(network: Network, examples: Examples) -> Products:
    """A function from theta to its Hessian-vector product, v to H v, for the cost over these examples."""
    return lambda theta: _NetworkProduct(network, stacked(theta, network.dtype), examples)


def sharpness(problem: Network | Landscape, theta: Theta, tolerance: float = TOLERANCE) -> Costs:
    """The largest eigenvalue of the Hessian at each run's point; NaN where theta is not finite.

    A network's cost is taken over the training examples that `measure` evaluates.
    """
    return top_eigenvalues(problem, theta, 1, tolerance)[:, 0]


def preconditioned_sharpness(
    problem: Network | Landscape, theta: Theta, preconditioner: Theta, tolerance: float = TOLERANCE
) -> Costs:
    r"""The largest eigenvalue of P⁻¹H at each run's point, with P diagonal; NaN where P is not positive.

    That of the symmetric :math:`P^{-1/2} H P^{-1/2}`, which is similar to it (Cohen et al. 2022, section 2).
    """
    with np.errstate(all="ignore"):
        scale = preconditioner.astype(np.float64) ** -0.5
    points = np.where(np.isfinite(scale).all(axis=1, keepdims=True), theta, np.nan)
    return _eigenvalues(problem, stacked(points, np.float64), 1, tolerance, scale)[:, 0]


def top_eigenvalues(
    problem: Network | Landscape, theta: Theta, count: int, tolerance: float = TOLERANCE
) -> Eigenvalues:
    """The `count` largest eigenvalues of the Hessian at each run's point, in descending order; see `lanczos`.

    Raises
    ------
    ValueError
        If there are fewer parameters than that.

    """
    if not 1 <= count <= problem.parameters:
        raise ValueError(f"count must be from 1 to the {problem.parameters} parameters, got {count}")
    some, which = distinct(theta)
    return _eigenvalues(problem, stacked(some, np.float64), count, tolerance)[which]


def _eigenvalues(
    problem: Network | Landscape, points: Theta, count: int, tolerance: float, scale: Theta | None = None
) -> Eigenvalues:
    """The largest eigenvalues of S H S at each point, with S the diagonal `scale`, by default 1; NaN where theta is not
    finite.
    """
    values = np.full((len(points), count), np.nan)
    sound = np.flatnonzero(np.isfinite(points).all(axis=1))
    if isinstance(problem, Landscape):
        with np.errstate(all="ignore"):
            hessians = problem.hessian(points)
        if scale is not None:
            hessians *= scale[:, :, None] * scale[:, None]
        sound = sound[np.isfinite(hessians[sound]).all(axis=(1, 2))]
        values[sound] = np.linalg.eigvalsh(hessians[sound])[:, : -count - 1 : -1]
        return values
    examples = problem.measured[0]
    at = products(problem, examples)
    row_bytes = 8 * (FIRST_ROOM * problem.parameters + 8 * len(examples.labels) * sum(problem.sizes[1:]))
    rows = max(1, BYTES // row_bytes)
    for part in (sound[i : i + rows] for i in range(0, len(sound), rows)):
        product = at(points[part]) if scale is None else _scaled(at(points[part]), scale[part])
        values[part] = lanczos(product, problem.parameters, len(part), count, tolerance)
    return values


def _scaled(product: Product, scale: Theta) -> Product:
    """The product with S H S, from that with H."""
    return lambda v: scale * product(scale * v)


def lanczos(
    product: Product,
    parameters: int,
    runs: int,
    count: int = 1,
    tolerance: float = TOLERANCE,
    most_iterations: int = MOST_ITERATIONS,
) -> Eigenvalues:
    """The largest eigenvalues of a symmetric matrix for each run, from its products with vectors.

    The Lanczos iteration with full reorthogonalisation (Golub and Van Loan 2013, section 10.3). A run is done when the
    residuals of its `count` largest Ritz pairs are at most `tolerance` times the largest of their values; an eigenvalue
    lies within that distance of each. After `most_iterations` a run keeps its current values; one whose products are
    not finite has NaN.
    """
    most = min(most_iterations, parameters)
    values = np.full((runs, count), np.nan)
    going = np.ones(runs, bool)
    basis = np.zeros((runs, min(most, FIRST_ROOM), parameters))
    v = _unit(_random(runs, parameters, 0))
    diagonal, beside = np.zeros((runs, most)), np.zeros((runs, most))
    for m in range(most):
        if m == basis.shape[1]:
            basis = np.concatenate([basis, np.zeros((runs, min(m, most - m), parameters))], axis=1)
        basis[:, m] = v
        w = product(v)
        known = basis[:, : m + 1]
        diagonal[:, m] = np.matmul(w[:, None], v[:, :, None])[:, 0, 0]
        w = _orthogonal(_orthogonal(w, known), known)
        beside[:, m] = np.sqrt(np.matmul(w[:, None], w[:, :, None])[:, 0, 0])
        scale = np.abs(diagonal[:, : m + 1]).max(axis=1) + beside[:, : m + 1].max(axis=1)
        closed = beside[:, m] <= 1e-14 * scale  # the Krylov space is exhausted: continue from another direction
        beside[closed, m] = 0
        going &= np.isfinite(scale)
        for row in np.flatnonzero(going) if m + 1 >= count else ():
            ritz = _ritz(diagonal[row, : m + 1], beside[row, :m], count)
            values[row] = ritz.values
            settled = (beside[row, m] * ritz.ends <= tolerance * np.abs(ritz.values).max()).all()
            going[row] = not ((settled and (not closed[row] or count == 1)) or m + 1 == parameters)
        if not going.any():
            break
        v = _unit(w)
        if closed.any():
            v[closed] = _unit(_orthogonal(_random(int(closed.sum()), parameters, m + 1), known[closed]))
    return values


class _Ritz(NamedTuple):
    """The largest eigenvalues of a tridiagonal matrix, in descending order, and the absolute last entries of their
    eigenvectors.
    """

    values: Float[np.ndarray, " count"]
    ends: Float[np.ndarray, " count"]


def _ritz(diagonal: Float[np.ndarray, " m"], beside: Float[np.ndarray, " n"], count: int) -> _Ritz:
    values, vectors = np.linalg.eigh(np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1))
    return _Ritz(values[::-1][:count], np.abs(vectors[-1, ::-1][:count]))


def _orthogonal(w: Theta, known: Basis) -> Theta:
    """The component of w orthogonal to the orthonormal rows of `known`."""
    return w - np.matmul(np.matmul(known, w[:, :, None]).swapaxes(1, 2), known)[:, 0]


def _random(runs: int, parameters: int, m: int) -> Theta:
    """The same random direction for every run: a run's result must not depend on the others."""
    direction = np.random.default_rng([START_SEED, m]).standard_normal(parameters)
    return np.broadcast_to(direction, (runs, parameters)).copy()


def _unit(w: Theta) -> Theta:
    with np.errstate(all="ignore"):
        return w / np.sqrt(np.matmul(w[:, None], w[:, :, None])[:, 0])


@dataclasses.dataclass(frozen=True)
class _Part:
    """Some of the examples, and the parts of backpropagation over them that do not depend on the direction."""

    examples: slice
    targets: Targets
    units: Layers
    errors: Layers
    slopes: Layers
    bends: Layers


class _NetworkProduct:
    """Hessian-vector products of a network at one stack of points."""

    def __init__(self, network: Network, theta: Theta, examples: Examples) -> None:
        self.network, self.theta, self.features = network, theta, examples.features
        self.layers = network.layers(theta)
        self.head = network.architecture.head
        self.scale, self.per_example = np.array([network.data.scale, 1 / len(examples.labels)], network.dtype)
        self.parts = []
        activation, scratch = network.architecture.activation, stack_like(theta)
        for chunk, passes in chunked_passes(network.architecture, theta, len(examples.labels), size=CHUNK):
            passes.load(examples.features[chunk], examples.targets[chunk])
            replay(passes.forward())
            replay(passes.backward(scratch))
            units, errors = [a.copy() for a in passes.units], [error.copy() for error in passes.errors]
            hidden = units[:-1]
            bends = [
                np.matmul(error, W) * activation.second_derivative(a)
                for error, (W, _), a in zip(errors[1:], self.layers[1:], hidden, strict=True)
            ]
            slopes = [activation.derivative(a) for a in hidden]
            self.parts.append(_Part(chunk, examples.targets[chunk], units, errors, slopes, bends))

    def __call__(self, v: Theta) -> Theta:
        out, direction = stack_like(self.theta), self.network.layers(stacked(v, self.network.dtype))
        result = self.network.layers(out)
        for part in self.parts:
            inputs = [self.features[part.examples] * self.scale, *part.units[:-1]]
            z_moves, input_moves = self._forward(direction, part, inputs)
            self._backward(direction, part, inputs, z_moves, input_moves, result)
        return out.astype(np.float64)

    def _forward(self, direction: LayerViews, part: _Part, inputs: Inputs) -> tuple[Layers, Layers]:
        """R{z} of every layer, and R{a} of every hidden one."""
        z_moves: Layers = []
        moves: Layers = []
        for i, ((W, _), (V, c)) in enumerate(zip(self.layers, direction, strict=True)):
            z_move = np.matmul(inputs[i], V.swapaxes(1, 2)) + c[:, None]
            if i > 0:
                moves.append(part.slopes[i - 1] * z_moves[i - 1])
                z_move += np.matmul(moves[i - 1], W.swapaxes(1, 2))
            z_moves.append(z_move)
        return z_moves, moves

    def _backward(
        self,
        direction: LayerViews,
        part: _Part,
        inputs: Inputs,
        z_moves: Layers,
        moves: Layers,
        result: LayerViews,
    ) -> None:
        """Add this part's examples to H v, layer by layer, from the last to the first."""
        last = len(self.layers) - 1
        ones = np.ones(z_moves[0].shape[1], self.network.dtype)
        error_move = self.head.second_derivative(part.units[last], part.targets, z_moves[last]) * self.per_example
        for i in range(last, -1, -1):
            W_result, b_result = result[i]
            W_result += np.matmul(error_move.swapaxes(1, 2), inputs[i])
            b_result += np.matmul(ones, error_move)
            if i > 0:
                error, W, V = part.errors[i], self.layers[i][0], direction[i][0]
                W_result += np.matmul(error.swapaxes(1, 2), moves[i - 1])
                below = np.matmul(error, V) + np.matmul(error_move, W)
                error_move = below * part.slopes[i - 1] + part.bends[i - 1] * z_moves[i - 1]
