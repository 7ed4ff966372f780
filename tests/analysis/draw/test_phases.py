"""The phase diagram."""

import numpy as np
import pytest
from matplotlib.colors import to_rgba
from studies import RATE, phase_runs

from analysis.columns import BATCH_SIZE
from analysis.draw import style
from analysis.draw.phases import phases
from analysis.stats.cells import cells


@pytest.fixture
def runs():
    return phase_runs()


def test_every_cell_is_drawn(runs):
    table = cells(runs)
    left, right, _ = phases(runs, table).axes
    squares = {(patch.get_x() + 0.5, patch.get_y() + 0.5): patch.get_facecolor() for patch in left.patches}
    order = [(x, y) for y in range(2) for x in range(3)]
    assert squares == {
        at: to_rgba(style.REGIMES[regime].color) for at, regime in zip(order, table["regime"], strict=True)
    }
    dots = [(line.get_xdata()[0], line.get_ydata()[0]) for line in left.get_lines()]
    assert dots == [at for at, agree in zip(order, table["agree"], strict=True) if not agree] == [(0, 0), (2, 0)]
    (image,) = right.images
    shown = np.asarray(image.get_array()).ravel()
    finite = np.isfinite(table["iqm"])
    assert shown[finite].tolist() == table["iqm"][finite].tolist()
    assert (shown[~finite] > image.norm.vmax).all()  # in the colour of what is over the scale


def test_a_pair_that_was_not_run_is_left_empty(runs):
    table = cells(runs[~((runs[RATE] == 1.0) & runs[BATCH_SIZE].isna())])
    left, right, _ = phases(runs, table).axes
    assert len(left.patches) == 5
    assert right.images[0].get_array().mask.tolist() == [[False] * 3, [False, True, False]]


def test_labels_and_counts(runs):
    table = cells(runs)
    figure = phases(runs, table)
    left, right, bar = figure.axes
    assert left.get_xlabel() == right.get_xlabel() == "learning rate η"
    assert left.get_ylabel() == "batch size"
    assert [tick.get_text() for tick in left.get_yticklabels()] == ["8", "whole set"]
    assert [tick.get_text() for tick in left.get_xticklabels()] == ["0.1", "1", "10"]
    assert right.get_title("left") == "final training cost"
    assert bar.get_yscale() == "log"
    size = "2 batch sizes × 3 learning rates × 2 seeds = 12 runs"
    assert figure.legends[0].get_title().get_text() == size
