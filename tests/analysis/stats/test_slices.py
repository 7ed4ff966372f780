"""Slices of a network's landscape, against the network itself."""

import cases
import numpy as np
import pytest
from networks import minima, strangers

from analysis.stats import slices
from gdlab.measure.geometry import plane_through, straight_line


@pytest.fixture(autouse=True)
def coarse(monkeypatch):
    """Few points on a slice."""
    monkeypatch.setattr(slices, "FINE", 9)
    monkeypatch.setattr(slices, "COARSE", 5)


@pytest.fixture
def three():
    return minima(strangers(3))


def test_the_plane_holds_three_minima_at_their_distances(three):
    points = slices.through_minima(three).points
    expected = np.linalg.norm(np.diff(three.ends[[0, 1, 2, 0]], axis=0), axis=1)
    assert np.linalg.norm(np.diff(points[[0, 1, 2, 0]], axis=0), axis=1) == pytest.approx(expected)


def test_the_cost_is_the_training_cost_on_the_plane(three):
    surface = slices.through_minima(three)
    table, plane = surface.table(), plane_through(*three.ends[:3])
    theta = plane.origin + table[["x", "y"]].to_numpy() @ plane.axes
    assert len(table) == 81
    assert table["cost"].to_numpy() == pytest.approx(three.network.evaluate(theta, three.network.train)[0], rel=1e-12)


def test_the_grid_reaches_beyond_the_minima_and_their_paths(three):
    surface = slices.through_minima(three)
    for points in (surface.points, *surface.paths):
        for axis, coordinates in zip((surface.x, surface.y), points.T, strict=True):
            assert axis[0] < coordinates.min() and coordinates.max() < axis[-1]


def test_paths_lead_to_the_minima(three):
    surface = slices.through_minima(three)
    # One product projects three ends, another a path of four: kernels may round these differently.
    assert np.array([path[-1] for path in surface.paths]) == pytest.approx(surface.points, rel=1e-12)
    assert {len(path) for path in surface.paths} == {4}


def test_there_are_no_paths_unless_all_three_have_one(three):
    del three.thetas[0]["path"]
    assert len(slices.through_minima(three).paths) == 0


def test_three_minima_on_a_line_span_no_plane():
    first, second = strangers(2)
    with pytest.raises(ValueError, match="line"):
        slices.through_minima(minima([first, (first + second) / 2, second]))


def test_the_middle_of_the_random_plane_is_the_point():
    network, (point,) = cases.network(), strangers(1)
    surface = slices.around(network, point)
    assert surface.x[2] == surface.y[2] == 0
    assert surface.cost[2, 2] == network.evaluate(point[None], network.train)[0][0]


def test_a_straight_path_spans_no_plane_and_a_bent_one_is_explained_by_two_axes():
    network, (first, second, third) = cases.network(), strangers(3)
    straight = straight_line(first, second, 5)
    with pytest.raises(ValueError, match="line"):
        slices.along_path(network, straight)
    surface, shares = slices.along_path(network, np.concatenate([straight, straight_line(second, third, 5)]))
    assert shares.sum() == pytest.approx(1) and shares[0] >= shares[1] > 0
    assert (surface.points == surface.paths[0][-1]).all()
