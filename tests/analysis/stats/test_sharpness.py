"""Sharpness along descent, against the sharpness at which the learning rate is the stability limit."""

import cases
import numpy as np
import pytest
from studies import DIGITS, RATE, descended, over

from analysis.stats.sharpness import late_sharpness

RATES, SEEDS = [0.05, 0.2, 30.0], [0, 1]


def test_the_table_against_plain_pandas():
    config = cases.config("experiment=edge_of_stability", *DIGITS, "stop.max_steps=24", "record.points=13")
    _, steps = descended(*over(config, RATES, SEEDS))
    table = late_sharpness(steps)
    assert len(table) == 6
    for (_, row), ((rate, seed), run) in zip(table.iterrows(), steps.groupby([RATE, "seed"]), strict=True):
        ratio = run["sharpness"] * rate / 2
        late = ratio[run["step"] >= 12] if run["step"].max() == 24 else ratio[:0]
        assert (row["η"], row["seed"], row["critical"]) == (rate, seed, 2 / rate)
        assert row["at the start"] == run["sharpness"].iloc[0]
        assert row["rises"] == sum(b > a for a, b in zip(run["cost"], run["cost"].iloc[1:], strict=False))
        if len(late):
            found = row[["lowest ratio", "highest ratio", "median ratio"]].astype(float)
            assert found.tolist() == pytest.approx([late.min(), late.max(), np.median(late)])
            assert row["settled"] == (abs(np.median(late) - 1) <= 0.05)
            reached = run.loc[ratio >= 0.95, "step"]
            assert row["reached"] == reached.iloc[0] if len(reached) else np.isnan(row["reached"])
        else:
            assert np.isnan(row["median ratio"]) and not row["settled"]
    assert table["median ratio"].isna().tolist() == [False] * 4 + [True] * 2


def test_a_quadratic_stays_where_it_is():
    """Its sharpness is 2, whatever is done: at η = 1 it is exactly 2/η."""
    config = cases.config("experiment=lr_parabola", "record.sharpness=always")
    _, steps = descended(*over(config, [0.5, 1.0]))
    table = late_sharpness(steps).set_index("η")
    assert table.loc[1.0, ["critical", "median ratio", "settled"]].tolist() == [2, 1, True]
    assert table.loc[0.5, "reached"] != 0 and not table.loc[0.5, "settled"]


def test_the_critical_sharpness_is_that_of_the_rule():
    """2(1 + β)/η with momentum β, 38/η for Adam, and its ratio is that of the preconditioned sharpness."""
    config = cases.config("experiment=lr_parabola", "record.sharpness=always", "stop.max_steps=4")
    momentum = {**config, "optimizer": cases.config("optimizer=momentum", "optimizer.momentum=0.5")["optimizer"]}
    adam = {**config, "optimizer": cases.config("optimizer=adam")["optimizer"]}
    _, steps = descended(*over(momentum, [0.1]), *over(adam, [0.2]))
    table = late_sharpness(steps).set_index("η")
    assert table.loc[0.1, "critical"] == pytest.approx(30)
    assert table.loc[0.2, "critical"] == pytest.approx(38 / 0.2)
    scaled = steps.loc[steps[RATE] == 0.2, "preconditioned_sharpness"]
    assert np.isnan(scaled.iloc[0]) and table.loc[0.2, "at the start"] == scaled.iloc[1] != 2
