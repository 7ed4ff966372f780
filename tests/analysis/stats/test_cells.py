"""Cells of the phase diagram, against plain pandas."""

import numpy as np
import pytest
from scipy.stats import trim_mean
from studies import RATE, phase_runs

from analysis.columns import BATCH_SIZE
from analysis.stats.cells import cells


@pytest.fixture
def runs():
    return phase_runs()


def test_cells_against_plain_pandas(runs):
    table = cells(runs)
    assert table["label"].tolist() == ["8"] * 3 + ["whole set"] * 3
    groups = runs.fillna({BATCH_SIZE: np.inf}).groupby([BATCH_SIZE, RATE])
    assert table["n"].tolist() == groups.size().tolist()
    with np.errstate(invalid="ignore"):
        assert np.allclose(table["iqm"], groups["final_cost"].agg(lambda values: trim_mean(values, 0.25)))
    assert table["agree"].tolist() == (groups["regime"].nunique() == 1).tolist()


def test_a_cell_has_the_regime_of_most_of_its_runs_the_worse_on_a_tie(runs):
    assert cells(runs)["regime"].tolist() == [
        "converging",  # and little learnt
        "converging",
        "exploding",  # and converging
        "little learnt",
        "little learnt",
        "dead",
    ]
