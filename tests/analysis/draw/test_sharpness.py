"""The picture of cost and sharpness along descent."""

import cases
import numpy as np
import pytest
from studies import DIGITS, RATE, descended, lines, over, texts

from analysis.draw.sharpness import sharpness

RATES, SEEDS = [0.05, 0.2, 30.0], [0, 1]


@pytest.fixture(scope="module")
def frames():
    """Small networks on their whole training set, of which those at the largest rate explode."""
    config = cases.config("experiment=edge_of_stability", *DIGITS, "stop.max_steps=24", "record.points=13")
    return descended(*over(config, RATES, SEEDS))


def test_every_run_is_drawn_above_and_below(frames):
    runs, steps = frames
    top, bottom = sharpness(runs, steps).axes
    assert len(lines(top)) == len(runs) == 6
    for line, (_, run) in zip(lines(top), steps.groupby([RATE, "seed"]), strict=True):
        assert list(line.get_xdata()) == run["step"].tolist()
        within = run["cost"].between(*top.get_ylim()).to_numpy()
        assert np.array(line.get_ydata())[within].tolist() == run["cost"][within].tolist()
    bounds = bottom.get_ylim()
    for line, (_, run) in zip(lines(bottom), steps.groupby([RATE, "seed"]), strict=False):
        seen = run[run["sharpness"].between(*bounds)]
        assert list(line.get_xdata()) == seen["step"].tolist()
        assert list(line.get_ydata()) == seen["sharpness"].tolist()


def test_colours_labels_and_borders(frames):
    runs, steps = frames
    top, bottom = sharpness(runs, steps).axes
    assert len({line.get_color() for line in lines(top)}) == 3
    assert top.get_ylabel() == "training cost" and bottom.get_ylabel() == "sharpness λ"
    assert bottom.get_xlabel() == "step" and {top.get_yscale(), bottom.get_yscale()} == {"log"}
    low, high = bottom.get_ylim()
    within = [rate for rate in RATES if low < 2 / rate < high]
    assert texts(bottom) == [f"2/η = {2 / rate:g}" for rate in within] and within
    dashed = [line.get_ydata()[0] for line in bottom.get_lines() if list(line.get_xdata()) == [0, 1]]
    assert dashed == [2 / rate for rate in within]
    legend = top.get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["η = 0.05", "η = 0.2", "η = 30 (2 of 2 diverged)"]
    assert "3 learning rates × 2 seeds = 6 runs" in legend.get_title().get_text()
