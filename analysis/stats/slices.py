"""Slices of a network's landscape: the training cost on planes in parameter space."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float

from analysis.stats.minima import Minima, costs
from gdlab.arrays import Point, Theta
from gdlab.measure.geometry import Plane, filter_normalized, plane_through, principal_plane
from gdlab.problems.network import Network

FINE, COARSE = 51, 41  # points along each axis of the plane through three minima, and of the other slices
MINIMA_MARGIN, PATH_MARGIN = 0.25, 0.3  # of the extent of three minima and of a path, around them
SEED = 0  # of the random directions

Axis = Float[np.ndarray, " points"]
Points = Float[np.ndarray, "points 2"]


@dataclass(frozen=True, kw_only=True)
class Slice:
    """The training cost on a grid of a plane, and points and paths projected onto the plane."""

    x: Axis
    y: Axis
    cost: Float[np.ndarray, "y x"]
    points: Points
    paths: Sequence[Points] = ()

    def table(self) -> pd.DataFrame:
        """The points of the grid, a row each."""
        across, up = np.meshgrid(self.x, self.y)
        return pd.DataFrame({"x": across.ravel(), "y": up.ravel(), "cost": self.cost.ravel()})


def through_minima(minima: Minima) -> Slice:
    """The plane through the first three minima, with the paths that led there if all three were recorded.

    Raises
    ------
    ValueError
        If the three lie on one line.

    """
    plane = plane_through(*np.asarray(minima.ends[:3], np.float64))
    points = plane.coordinates(minima.ends[:3])
    thetas = minima.thetas[:3]
    paths = [plane.coordinates(theta["path"]) for theta in thetas] if all("path" in theta for theta in thetas) else []
    margin = MINIMA_MARGIN * np.ptp(points, axis=0)
    x, y = _grid(np.concatenate([points, *paths]), margin, FINE)
    return Slice(x=x, y=y, cost=_costs(minima.network, plane, x, y), points=points, paths=paths)


def around(network: Network, point: Point) -> Slice:
    """The plane of two random filter-normalized directions about a point, which lies at (0, 0)."""
    plane = filter_normalized(network, point, np.random.default_rng(SEED))
    axis = np.linspace(-1, 1, COARSE)
    return Slice(x=axis, y=axis, cost=_costs(network, plane, axis, axis), points=np.zeros((1, 2)))


def along_path(network: Network, path: Theta) -> tuple[Slice, Float[np.ndarray, 2]]:
    """The plane in which a path varies most, and each axis's share of the path's variance.

    Raises
    ------
    ValueError
        If the path lies on one line.

    """
    plane, shares = principal_plane(path)
    points = plane.coordinates(path)
    x, y = _grid(points, PATH_MARGIN * np.ptp(points, axis=0), COARSE)
    return Slice(x=x, y=y, cost=_costs(network, plane, x, y), points=points[-1:], paths=[points]), shares


def _grid(points: Points, margin: Float[np.ndarray, 2], count: int) -> tuple[Axis, Axis]:
    """The two axes of a grid over these points and a margin around them."""
    low, high = points.min(axis=0) - margin, points.max(axis=0) + margin
    return np.linspace(low[0], high[0], count), np.linspace(low[1], high[1], count)


def _costs(network: Network, plane: Plane, x: Axis, y: Axis) -> Float[np.ndarray, "y x"]:
    return costs(network, plane.points(x, y)).reshape(len(y), len(x))
