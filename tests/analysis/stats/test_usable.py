"""Usable learning rates, of valleys whose width is known."""

import numpy as np
import pytest
from studies import made_up, valley

from analysis.stats.usable import USABLE, usable

KEY, BEST = "optimizer.name", 0.3


@pytest.mark.parametrize("steep", [0.5, 1.0, 3.0])
def test_the_width_of_the_usable_range_of_a_valley(steep):
    (row,) = usable(valley(steep), KEY).to_dict("records")
    reach = np.log10(USABLE) / steep
    assert row["best"] == BEST and row["cost"] == pytest.approx(0.01, rel=1e-12)
    assert np.log10(row["to"] / BEST) == pytest.approx(reach, rel=1e-9)
    assert np.log10(BEST / row["from"]) == pytest.approx(reach, rel=1e-9)
    assert row["decades"] == pytest.approx(2 * reach, rel=1e-9)
    assert np.isnan(row["low"]) and np.isnan(row["high"])  # one seed


def test_the_width_has_an_interval_over_seeds():
    same = usable(valley(1.0, spread=[1.0] * 4), KEY).iloc[0]
    assert same["low"] == same["high"] == pytest.approx(same["decades"], rel=1e-12)
    other = usable(valley(1.0, spread=[0.8, 0.9, 1.1, 1.2]), KEY).iloc[0]
    assert other["low"] < other["decades"] < other["high"]
    assert usable(valley(1.0, spread=[0.8, 0.9, 1.1, 1.2]), KEY).iloc[0].equals(other)


def test_a_range_ends_where_the_learning_rates_do_or_runs_are_lost():
    (row,) = usable(valley(0.5, rates=[0.2, 3.0]), KEY).to_dict("records")
    assert row["from"] == 0.2 and row["to"] < 3.0
    lost, _ = made_up({0.1: [np.nan], 0.2: [0.2], 0.4: [0.3], 0.8: [np.inf]})
    (row,) = usable(lost, KEY).to_dict("records")
    assert (row["from"], row["to"]) == (0.2, 0.4)
    nothing, _ = made_up({0.1: [np.inf], 0.2: [np.nan]})
    assert usable(nothing, KEY)["decades"].tolist() == [0]
