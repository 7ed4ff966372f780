"""Intervals of verdicts, drawn."""

import numpy as np
import pytest
from studies import lines, points

from analysis.draw.verdicts import MARKS, forest
from analysis.stats.verdicts import FAILS, HOLDS, UNDECIDED, Verdict


def verdict(arm, value, observed=(), half=1.0):
    ends = {"low": value - half, "high": value + half}
    return Verdict(arm=arm, hypothesis="h", statistic="s", value=value, n=8, observed=observed, **ends)


def test_every_verdict_has_its_interval_its_colour_and_its_seeds():
    found = [verdict("better", 2.0, [1.5, 2.5]), verdict("worse", -2.0, [np.nan, -2.0]), verdict("alike", 0.5)]
    figure = forest({"gain": found})
    (ax,) = figure.axes
    bars = [line for line in lines(ax) if len(line.get_xdata()) == 2]
    assert [list(line.get_xdata()) for line in bars] == [[1, 3], [-3, -1], [-0.5, 1.5]]
    assert [line.get_color() for line in bars] == [MARKS[name].color for name in (HOLDS, FAILS, UNDECIDED)]
    assert [x for x, _, _ in points(ax)] == [1.5, 2.5, -2.0]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [HOLDS, UNDECIDED, FAILS, "one seed"]
    assert ax.get_xlabel() == "gain"


@pytest.mark.parametrize("value", [np.nan, 1.0])
def test_what_has_no_interval_is_drawn_without(value):
    (ax,) = forest({"gain": [verdict("one", value, half=np.nan)]}).axes
    assert not [line for line in lines(ax) if len(line.get_xdata()) == 2 and line.get_linewidth() == 2]
