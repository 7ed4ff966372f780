"""Boundaries: lattices of tiles, box counts of shapes whose dimension is known, and the verdict on smooth curves."""

import numpy as np
import pandas as pd
import pytest

from analysis.stats import boundaries
from analysis.stats.boundaries import Picture, box_counts, dimension, edges, equalized, over_windows, picture
from gdlab.measure.measurements.trainability import tile_offset


def lattice(side, tiles, stride):
    """The pixels of the first tiles of a window."""
    rows = []
    for tile in range(tiles):
        row, column = tile_offset(tile, stride)
        rows += [(r, c) for r in range(row, side, stride) for c in range(column, side, stride)]
    frame = pd.DataFrame(rows, columns=["row", "column"])
    return frame.assign(x=frame["column"] / 10, y=frame["row"] / 5, value=frame["row"] * 100.0 + frame["column"])


def shown(value):
    side = np.arange(len(value)) / len(value)
    return Picture(side, side, value)


@pytest.mark.parametrize(("tiles", "step"), [(1, 4), (3, 4), (4, 2), (15, 2), (16, 1)])
def test_a_picture_is_the_finest_complete_lattice(tiles, step):
    found = picture(lattice(16, tiles, 4).sample(frac=1, random_state=0))
    expected = np.add.outer(np.arange(0, 16, step) * 100.0, np.arange(0, 16, step))
    assert np.array_equal(found.value, expected)
    assert found.x.tolist() == pytest.approx(np.arange(0, 16, step) / 10)
    assert found.edges == pytest.approx((-step / 20, 1.6 - step / 20, -step / 10, 3.2 - step / 10))


def test_an_edge_is_a_square_with_both_verdicts():
    value = np.array([[-1.0, -1, -1], [-1, 2, -1], [-1, -1, -1], [-1, -1, -1]])
    assert edges(value).tolist() == [[True, True], [True, True], [False, False]]


def test_boxes_of_a_straight_line_a_plane_and_a_triangle():
    line, plane = np.zeros((64, 64), bool), np.ones((64, 64), bool)
    line[:, 20] = True
    assert box_counts(line)["count"].tolist() == [64, 32, 16, 8] and box_counts(line)["size"].tolist() == [1, 2, 4, 8]
    assert box_counts(plane)["count"].tolist() == [4**6, 4**5, 4**4, 4**3]
    place = np.arange(64)
    sierpinski = (place[:, None] & place) == 0
    assert box_counts(sierpinski)["count"].tolist() == [3**6, 3**5, 3**4, 3**3]


def test_the_dimension_of_a_straight_boundary_and_of_noise():
    row = np.arange(64)
    assert dimension(shown(np.where(np.add.outer(row, row) < 64, -1.0, 1.0))) == pytest.approx(1, abs=0.05)
    noise = np.random.default_rng(0).choice([-1.0, 1.0], (64, 64))
    assert dimension(shown(noise)) == pytest.approx(2, abs=0.1)  # an eighth of the squares have one verdict


def test_a_boundary_that_is_too_short_has_no_dimension():
    value = np.full((64, 64), -1.0)
    value[3, 3:6] = 1
    assert np.isnan(dimension(shown(value)))
    assert np.isnan(dimension(shown(np.random.default_rng(0).choice([-1.0, 1.0], (16, 16)))))  # two sizes of boxes


def smooth_windows(rng, side):
    """The dimensions of eight windows, each half as wide as the last, on a random smooth curve through their centre."""
    slopes, angle = rng.normal(size=5), rng.uniform(0, 2 * np.pi)
    found = []
    for zoom in range(8):
        along = ((np.arange(side) + 0.5) / side - 0.5) / 2**zoom
        x, y = np.meshgrid(along, along)
        terms = [x * x, x * y, y * y, x**3, y**3]
        height = np.cos(angle) * x + np.sin(angle) * y + sum(a * term for a, term in zip(slopes, terms, strict=True))
        found.append(dimension(shown(np.where(height < 0, -1.0, 1.0))))
    return np.array(found)


def test_smooth_curves_are_called_fractal_in_at_most_5_percent():
    rng = np.random.default_rng(0)
    verdicts = [over_windows(smooth_windows(rng, 64)).verdict for _ in range(40)]
    assert verdicts.count("fractal") <= 2
    assert verdicts.count("not told from smooth") >= 20


@pytest.mark.parametrize(
    ("dimensions", "verdict"),
    [
        ([1.5] * 8, "fractal"),
        ([1.0] * 8, "not told from smooth"),
        ([1.0] * 4 + [1.6] * 4, "fractal"),  # wide windows may look smooth
        ([1.6] * 4 + [1.0] * 4, "not told from smooth"),
        ([1.6] * 7 + [1.0], "not decided"),
        ([1.6] * 8 + [np.nan], "not decided"),
        ([1.5] * 7, "not decided"),  # too few
        ([1.5] * 7 + [np.nan], "not decided"),
        ([np.nan], "not decided"),
    ],
)
def test_the_verdict_needs_eight_windows_and_agreement_of_the_deeper_half(dimensions, verdict):
    assert over_windows(np.array(dimensions)).verdict == verdict


def test_few_windows_have_a_range_and_many_an_interval_of_the_median():
    few = over_windows(np.array([1.2, 1.0, 1.7]))
    assert few == (1.2, 1.0, 1.7, 3, (1.0, 1.7)) and not few.is_interval
    values = np.random.default_rng(1).normal(1.5, 0.1, 40)
    many = over_windows(values)
    assert many.is_interval and values.min() < many.low < many.value < many.high < values.max()


def test_shades_are_even_on_either_side_and_keep_the_order():
    value = np.array([[-500.0, -3.0], [1e-9, 7.0]])
    assert equalized(value).tolist() == [[-1.0, -0.25], [0.25, 1.0]]
    assert boundaries.SMOOTH > 1
