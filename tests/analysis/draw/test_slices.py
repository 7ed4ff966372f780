"""The plane through three minima, drawn."""

import numpy as np
import pytest
from networks import minima, strangers

from analysis.draw.slices import three_minima
from analysis.stats import slices


@pytest.fixture
def surface(monkeypatch):
    monkeypatch.setattr(slices, "FINE", 9)
    return slices.through_minima(minima(strangers(3)))


def marked(ax, marker):
    return [line.get_xydata() for line in ax.get_lines() if line.get_marker() == marker]


def test_three_minima_are_named_and_joined_to_their_paths(surface):
    ax, bar = three_minima(surface, [1, 2, 3]).axes
    assert ax.get_xlabel() == "along the line from the first minimum to the second"
    assert ax.get_ylabel() == "across it, towards the third" and bar.get_ylabel() == "training cost"
    assert np.concatenate(marked(ax, "*")).tolist() == surface.points.tolist()
    assert [text.get_text() for text in ax.texts] == ["seed 1", "seed 2", "seed 3"]
    assert [path.tolist() for path in marked(ax, "o")] == [path.tolist() for path in surface.paths]
