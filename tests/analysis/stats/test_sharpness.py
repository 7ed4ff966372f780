"""Sharpness along descent, against the sharpness at which the learning rate is the stability limit."""

import cases
import numpy as np
import pytest
from studies import DIGITS, RATE, descended, over

from analysis.stats.sharpness import late_sharpness

RATES, SEEDS = [0.05, 0.2, 30.0], [0, 1]


@pytest.fixture(scope="module")
def frames():
    """Small networks on their whole training set, of which those at the largest rate explode."""
    config = cases.config("experiment=edge_of_stability", *DIGITS, "stop.max_steps=24", "record.points=13")
    return descended(*over(config, RATES, SEEDS))


def test_the_table_against_plain_pandas(frames):
    _, steps = frames
    table = late_sharpness(steps)
    assert len(table) == 6
    for (_, row), ((rate, seed), run) in zip(table.iterrows(), steps.groupby([RATE, "seed"]), strict=True):
        late = run.loc[run["step"] >= 4, "sharpness"]  # a sixth of 24 steps
        assert (row["η"], row["seed"], row["critical"]) == (rate, seed, 2 / rate)
        assert row["at the start"] == run["sharpness"].iloc[0]
        assert row["final cost"] == run["cost"].iloc[-1] or np.isnan(row["final cost"])
        assert row["rises"] == sum(b > a for a, b in zip(run["cost"], run["cost"].iloc[1:], strict=False))
        if len(late):
            assert [row["lowest later"], row["highest later"]] == [late.min(), late.max()]
            assert row["median later"] == np.median(late)
            assert row["close"] == np.mean(np.abs(late * rate / 2 - 1) <= 0.03)
        else:
            assert np.isnan(row[["median later", "close"]].astype(float)).all()


def test_a_quadratic_stays_where_it_is():
    """Its sharpness is 2, whatever is done: at η = 1 it is exactly 2/η."""
    config = cases.config("experiment=lr_parabola", "record.sharpness=always")
    _, steps = descended(*over(config, [0.5, 1.0]))
    table = late_sharpness(steps).set_index("η")
    assert table.loc[1.0, ["critical", "median later", "close"]].tolist() == [2, 2, 1]
    assert table.loc[0.5, "close"] == 0 or np.isnan(table.loc[0.5, "close"])


def test_the_critical_sharpness_is_that_of_the_rule():
    """2(1 + β)/η with momentum β, and unknown for Adam."""
    config = cases.config("experiment=lr_parabola", "record.sharpness=always", "stop.max_steps=4")
    momentum = {**config, "optimizer": cases.config("optimizer=momentum", "optimizer.momentum=0.5")["optimizer"]}
    adam = {**config, "optimizer": cases.config("optimizer=adam")["optimizer"]}
    _, steps = descended(*over(momentum, [0.1]), *over(adam, [0.2]))
    table = late_sharpness(steps).set_index("η")
    assert table.loc[0.1, "critical"] == pytest.approx(30) and np.isnan(table.loc[0.2, "critical"])
    assert np.isnan(table.loc[0.2, "close"])
