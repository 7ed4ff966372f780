r"""The geometry of minima: distances, relabelling and alignment of hidden units, straight lines, planes.

**Relabelling.** A network computes the same function after its hidden units are permuted, and after one of them
changes sign if the activation is odd up to a constant: tanh(-z) = -tanh z, and σ(-z) = 1 - σ(z), where the next
layer's bias absorbs the 1. In the coordinates of `centered`, with

.. math:: \tilde b^{l+1} = b^{l+1} + c \sum_j W^{l+1}_j, \qquad c = 1/2 \text{ for } \sigma, \; 0 \text{ for } \tanh,

a change of sign only negates the unit's incoming and outgoing weights, so every relabelling is an isometry. Distances
between networks are measured in these coordinates; for tanh and relu units they are the distances between thetas.
relu units have no sign symmetry; their scaling symmetry is not a relabelling, and is left out.

**Alignment** seeks the relabelling of one network that brings it nearest to another. It is solved exactly for one
hidden layer at a time, as a linear assignment of units to units, until nothing changes: coordinate descent, after
Ainsworth, Hayase and Srinivasa 2023, "Git Re-Basin", algorithm 1, with signs.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from gdlab.arrays import Costs, Point, Theta
from gdlab.problems.network import Network

Distances = Float[np.ndarray, "runs others"]
Axis = Float[np.ndarray, " _"]
Weights = list[Float[np.ndarray, "_ _"]]  # a layer each

ONE_LINE = 1e-9  # of an extent: how far from a line points may be and count as on it
MOST_ROUNDS = 100


class Relabelling(NamedTuple):
    """A permutation of the units of each hidden layer, the unit that takes each place, and their signs, 1 or -1."""

    places: list[Int[np.ndarray, " units"]]
    signs: list[Float[np.ndarray, " units"]]


class Plane(NamedTuple):
    """A plane in parameter space: origin + x * axes[0] + y * axes[1], the axes orthonormal."""

    origin: Point
    axes: Float[np.ndarray, "2 parameters"]

    def coordinates(self, theta: Theta) -> Float[np.ndarray, "runs 2"]:
        """The coordinates of the projections of points onto the plane."""
        return (theta - self.origin) @ self.axes.T

    def points(self, x: Axis, y: Axis) -> Theta:
        """The points of a grid, row by row: y varies slowest."""
        across, up = np.meshgrid(x, y)
        return self.origin + np.column_stack([across.ravel(), up.ravel()]) @ self.axes


def centered(network: Network, theta: Theta) -> Theta:
    """Theta in the coordinates in which every relabelling is an isometry; a linear map."""
    moved = theta.astype(np.float64)
    for weights, bias in network.layers(moved)[1:]:
        bias += (network.architecture.activation.center or 0.0) * weights.sum(axis=2)
    return moved


def uncentered(network: Network, theta: Theta) -> Theta:
    """Theta from the coordinates of `centered`."""
    moved = theta.astype(np.float64)
    for weights, bias in network.layers(moved)[1:]:
        bias -= (network.architecture.activation.center or 0.0) * weights.sum(axis=2)
    return moved


def distances(
    network: Network, theta: Theta, others: Float[np.ndarray, "others parameters"] | None = None
) -> Distances:
    """Euclidean distances between networks, in the coordinates of `centered`; without others, between all pairs."""
    first = centered(network, theta)
    second = first if others is None else centered(network, others)
    return np.sqrt(np.stack([((second - point) ** 2).sum(axis=1) for point in first]))


def relabelled(network: Network, point: Point, relabelling: Relabelling) -> Point:
    """The same function with its hidden units relabelled."""
    return uncentered(network, _rows(_apply(_layers(network, point), relabelling))[None])[0]


def random_relabelling(network: Network, rng: np.random.Generator) -> Relabelling:
    """A relabelling drawn uniformly at random."""
    places = [rng.permutation(units) for units in network.hidden]
    odd = network.architecture.activation.center is not None
    signs = [rng.choice([-1.0, 1.0], units) if odd else np.ones(units) for units in network.hidden]
    return Relabelling(places, signs)


def aligned(network: Network, point: Point, reference: Point) -> Point:
    """`point` relabelled to lie near `reference`, by `alignment`."""
    return relabelled(network, point, alignment(network, point, reference))


def alignment(network: Network, point: Point, reference: Point) -> Relabelling:
    """A relabelling that brings `point` near `reference`; a local optimum, which no change of one layer improves.

    The search runs from two initial relabellings, and the better result is kept: one matches units by their incoming
    weights alone, layer by layer, since the next layer is not aligned yet; the other is the identity, so that the
    point never moves farther away.
    """
    target, source = _layers(network, reference), _layers(network, point)
    as_it_is = Relabelling([np.arange(units) for units in network.hidden], [np.ones(units) for units in network.hidden])
    by_incoming = _round(network, target, source, as_it_is, outgoing=False)
    found = [_settled(network, target, source, beginning) for beginning in (by_incoming, as_it_is)]
    return min(found, key=lambda relabelling: np.linalg.norm(_rows(_apply(source, relabelling)) - _rows(target)))


def _settled(network: Network, target: Weights, source: Weights, found: Relabelling) -> Relabelling:
    """The fixed point of rounds from an initial relabelling."""
    for _ in range(MOST_ROUNDS):
        before, found = found, _round(network, target, source, found, outgoing=True)
        if all(map(np.array_equal, before.places + before.signs, found.places + found.signs)):
            break
    return found


def _round(network: Network, target: Weights, source: Weights, found: Relabelling, outgoing: bool) -> Relabelling:
    """The best assignment of the units of each layer in turn, with the other layers fixed."""
    from scipy.optimize import linear_sum_assignment  # takes as long to import as all the rest

    found = Relabelling(list(found.places), list(found.signs))
    for layer in range(len(network.hidden)):
        likeness = _likeness(target, source, found, layer, outgoing)
        odd = network.architecture.activation.center is not None
        rows, columns = linear_sum_assignment(np.abs(likeness) if odd else likeness, maximize=True)
        found.places[layer] = columns
        if odd:
            found.signs[layer] = np.where(likeness[rows, columns] < 0, -1.0, 1.0)
    return found


def _likeness(
    target: Weights, source: Weights, found: Relabelling, layer: int, outgoing: bool
) -> Float[np.ndarray, "units units"]:
    """The inner products of each target unit with each source unit, with the other layers fixed."""
    incoming = source[layer].copy()
    if layer > 0:
        incoming[:, :-1] = incoming[:, found.places[layer - 1]] * found.signs[layer - 1]
    product = target[layer] @ incoming.T
    if outgoing:
        above = source[layer + 1][:, :-1]
        if layer + 1 < len(found.places):
            above = found.signs[layer + 1][:, None] * above[found.places[layer + 1]]
        product = product + target[layer + 1][:, :-1].T @ above
    return product


def _layers(network: Network, point: Point) -> Weights:
    """Each layer's weights with the bias as the last column, centered."""
    views = network.layers(centered(network, np.asarray(point)[None]))
    return [np.column_stack([weights[0], bias[0]]) for weights, bias in views]


def _apply(layers: Weights, relabelling: Relabelling) -> Weights:
    moved = [layer.copy() for layer in layers]
    for i, (places, signs) in enumerate(zip(relabelling.places, relabelling.signs, strict=True)):
        moved[i] = signs[:, None] * moved[i][places]
        moved[i + 1][:, :-1] = moved[i + 1][:, places] * signs
    return moved


def _rows(layers: Weights) -> Point:
    return np.concatenate([part.ravel() for layer in layers for part in (layer[:, :-1], layer[:, -1])])


def straight_line(start: Point, end: Point, count: int) -> Theta:
    """`count` evenly spaced points from start to end, both included."""
    share = np.linspace(0, 1, count)[:, None]
    return (1 - share) * start + share * end


def barrier(costs: Costs) -> float:
    """The largest rise of the cost along a straight line above the linear interpolation of the costs at its ends.

    max over t of C(θ_t) - ((1 - t) C(θ_0) + t C(θ_1)), at evenly spaced t (Frankle, Dziugaite, Roy and Carbin 2020).
    """
    share = np.linspace(0, 1, len(costs))
    return float((costs - ((1 - share) * costs[0] + share * costs[-1])).max())


def plane_through(first: Point, second: Point, third: Point) -> Plane:
    """The plane through three points; the first is the origin, the second lies on the first axis.

    Raises
    ------
    ValueError
        If the three lie on one line.

    """
    across, up = np.asarray(second - first, np.float64), np.asarray(third - first, np.float64)
    x = across / (np.linalg.norm(across) or 1)
    rest = up - (up @ x) * x
    if not np.linalg.norm(across) or np.linalg.norm(rest) <= ONE_LINE * np.linalg.norm(up):
        raise ValueError("three points on one line span no plane")
    return Plane(np.asarray(first, np.float64), np.stack([x, rest / np.linalg.norm(rest)]))


def principal_plane(path: Theta) -> tuple[Plane, Float[np.ndarray, 2]]:
    """The plane through the last point in which a path varies most, and each axis's share of its variance.

    The principal components of the path's differences to its end (Li, Xu, Taylor, Studer and Goldstein 2018, sec. 7).

    Raises
    ------
    ValueError
        If the points lie on one line, or on one point.

    """
    _, sizes, axes = np.linalg.svd(np.asarray(path[:-1] - path[-1], np.float64), full_matrices=False)
    if len(sizes) < 2 or sizes[1] <= ONE_LINE * max(sizes[0], np.linalg.norm(path[-1])):
        raise ValueError("a path on one line spans no plane")
    return Plane(np.asarray(path[-1], np.float64), axes[:2]), (sizes**2 / (sizes**2).sum())[:2]


def filter_normalized(network: Network, point: Point, rng: np.random.Generator) -> Plane:
    """Two random directions about a point, orthogonal unit by unit, each unit's part as long as the unit's weights.

    Li, Xu, Taylor, Studer and Goldstein 2018, section 4; a unit's bias counts among its weights. The axes have the
    length of theta, not 1: a step of 1 changes every unit by its own norm.
    """
    first, second = rng.standard_normal((2, len(point)))
    views = [network.layers(theta[None]) for theta in (first, second, np.asarray(point, np.float64))]
    for layer in zip(*views, strict=True):
        across, up, own = (np.concatenate([weights[0], bias[0, :, None]], axis=1) for weights, bias in layer)
        up -= (up * across).sum(axis=1, keepdims=True) / (across**2).sum(axis=1, keepdims=True) * across
        for (weights, bias), units in zip(layer, (across, up), strict=False):
            units *= np.linalg.norm(own, axis=1, keepdims=True) / np.linalg.norm(units, axis=1, keepdims=True)
            weights[0], bias[0] = units[:, :-1], units[:, -1]
    return Plane(np.asarray(point, np.float64), np.stack([first, second]))


def distinct_units(network: Network, theta: Theta, tolerance: float = 1e-6) -> Int[np.ndarray, " runs"]:
    """The number of distinct hidden units of each run.

    Two units of a layer are the same if all their incoming and outgoing weights and biases differ by at most
    `tolerance` times the run's largest parameter.
    """
    counts = np.zeros(len(theta), int)
    for row, point in enumerate(theta):
        views = network.layers(np.asarray(point, np.float64)[None])
        scale = tolerance * np.abs(point).max()
        for (weights, bias), (above, _) in pairwise(views):
            units = np.column_stack([weights[0], bias[0], above[0].T])
            kinds: list[Point] = []
            for unit in units:
                if not any(np.abs(unit - kind).max() <= scale for kind in kinds):
                    kinds.append(unit)
            counts[row] += len(kinds)
    return counts


def nearest(points: Theta, minima: Float[np.ndarray, "minima parameters"], within: float) -> Int[np.ndarray, " runs"]:
    """The index of the nearest minimum to each point, if it lies within that distance; else -1."""
    apart = np.sqrt(((points[:, None] - minima) ** 2).sum(axis=2))
    which = apart.argmin(axis=1)
    return np.where(apart.min(axis=1) <= within, which, -1)


def disjoint_pairs(count: int) -> Sequence[tuple[int, int]]:
    """Disjoint pairs of `count` items, so that what is measured on the pairs is independent."""
    return [(i, i + 1) for i in range(0, count - 1, 2)]
