"""Measured borders, from made-up runs whose borders are known."""

import numpy as np
import pandas as pd
import pytest
from studies import RATE, border_case, three_borders

from analysis.errors import StudyError
from analysis.stats.borders import measured_borders


def test_the_table_has_the_brackets_that_are_known():
    table = measured_borders(three_borders())
    assert table["holds"].tolist() == [0.999, 3.79, 0.3]
    assert table["diverges"].tolist() == [1.008, 3.81, 0.31]
    assert table["predicted"].tolist() == [1.0, 3.8, 0.5]  # 2 (1 + β) / λ
    assert np.allclose(table["measured"], np.sqrt(table["holds"] * table["diverges"]), rtol=1e-15)
    assert np.allclose(table["measured / predicted"], table["measured"] / table["predicted"], rtol=1e-15)
    assert table["runs"].tolist() == [5, 4, 4]
    assert table["case"].tolist() == ["parabola", "parabola, momentum", "network, tanh / identity"]


def test_the_border_is_the_lowest_rate_that_diverged():
    runs = border_case([0.1, 0.5, 1.5, 2.0, 3.0], 1.0, 2.0)
    runs.loc[runs[RATE] == 2.0, "outcome"] = "budget"  # an island beyond the border
    (row,) = measured_borders(runs).to_dict("records")
    assert (row["holds"], row["diverges"]) == (0.5, 1.5)


def test_cases_that_differ_in_anything_are_separate():
    parts = [
        border_case([0.9, 1.1], 1.0, 2.0, rise=100.0),
        border_case([0.9, 1.1], 1.0, 2.0, rise=1.001),
        border_case([0.45, 0.55], 0.5, 4.0, **{"problem.curvature": 4.0}),
    ]
    table = measured_borders(pd.concat(parts, ignore_index=True))
    assert table["rise"].tolist() == [100, 1.001, 100] and table["λ"].tolist() == [2, 2, 4]


def test_seeds_of_a_case_are_one_case():
    (row,) = measured_borders(border_case([0.9, 1.1], 1.0, 2.0, seeds=range(3))).to_dict("records")
    assert row["runs"] == 6


def test_a_rule_without_a_stability_limit_has_a_measured_border_and_no_prediction():
    (row,) = measured_borders(border_case([0.9, 1.1], 1.0, 2.0, **{"optimizer.name": "adam"})).to_dict("records")
    assert row["measured"] == pytest.approx(0.99**0.5) and np.isnan(row["predicted"])


def test_no_border_is_said():
    for border in (0.001, 1e3):
        with pytest.raises(StudyError, match="no case has a run that diverged and one below it that did not"):
            measured_borders(border_case([0.5, 2.0], border, 2.0))
