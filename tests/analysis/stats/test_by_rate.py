"""The table of learning rates, against SciPy."""

import numpy as np
from scipy.stats import trim_mean
from studies import COSTS, RATE, made_up

from analysis.stats.by_rate import by_rate


def test_averages_and_regimes_against_scipy():
    runs, _ = made_up({**COSTS, 1.0: [0.2, np.inf, 0.4, 0.3]})
    table = by_rate(runs).set_index("learning rate η")
    for column in ("final_cost", "final_accuracy"):
        expected = runs.groupby(RATE)[column].agg(lambda values: trim_mean(values, 0.25))
        assert np.allclose(table[column.replace("_", " ")], expected, rtol=1e-15)
    assert table.loc[1.0, ["runs", "little learnt", "converging", "dead", "exploding"]].tolist() == [4, 0, 3, 0, 1]
    assert "bouncing" not in table


def test_a_cost_that_is_not_a_number_is_no_reason_to_look_better():
    runs, _ = made_up({1.0: [0.2, np.nan, np.nan]})
    assert by_rate(runs)["final cost"].tolist() == [np.inf]


def test_no_accuracy_no_column():
    runs, _ = made_up(COSTS)
    assert "final accuracy" in by_rate(runs)
    assert "final accuracy" not in by_rate(runs.drop(columns="final_accuracy"))
