"""Sensitivity to the learning rate."""

import numpy as np
import pytest
from scipy.stats import trim_mean
from studies import RATE, lines, points, texts, two_optimizers

from analysis.draw.sensitivity import sensitivity
from analysis.stats.usable import usable

KEY = "optimizer.name"
NAMES = {"gradient_descent": "gradient descent", "rmsprop": "rmsprop"}


def test_sensitivity_shows_every_run_and_every_range():
    runs = two_optimizers()
    top, bottom = sensitivity(runs, KEY, NAMES).axes
    assert sorted(y for _, y, _ in points(top)) == pytest.approx(sorted(runs["final_cost"]), rel=1e-12)
    assert [line.get_label() for line in lines(top)] == ["gradient descent", "rmsprop"]
    for line, (_, group) in zip(lines(top), runs.groupby(KEY), strict=True):
        expected = group.groupby(RATE)["final_cost"].agg(lambda values: trim_mean(values, 0.25))
        assert np.allclose(line.get_ydata(), expected, rtol=1e-12)
    table = usable(runs, KEY)
    bars = [list(line.get_xdata()) for line in bottom.get_lines() if len(line.get_xdata()) == 2]
    assert bars == table[["from", "to"]].to_numpy().tolist()
    assert texts(bottom) == [f"{row.decades:.2f} [{row.low:.2f}, {row.high:.2f}]" for row in table.itertuples()]
    assert [tick.get_text() for tick in bottom.get_yticklabels()] == ["gradient descent", "rmsprop"]
    assert bottom.get_xlabel() == "learning rate η" and top.get_ylabel() == "final training cost"
    count = "40 runs of 2 optimizers × 11 learning rates × 2 seeds, not one for each combination"
    assert count in top.get_legend().get_title().get_text()
