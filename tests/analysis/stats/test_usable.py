"""Usable learning rates, of valleys whose width is known."""

import numpy as np
import pandas as pd
import pytest
from studies import RATE, made_up, valley

from analysis.stats.usable import LEVELS, USABLE, usable, wider
from analysis.stats.verdicts import FAILS, HOLDS, UNDECIDED

KEY, BEST = "optimizer.name", 0.3
NAMES = ("gradient_descent", "momentum", "nesterov", "rmsprop", "adam")


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
    same = usable(valley(1.0, spread=np.geomspace(0.5, 2, 8)), KEY).iloc[0]  # seeds that differ in nothing but a factor
    assert same["low"] == pytest.approx(same["decades"]) == same["high"]
    other = usable(noisy(8), KEY).iloc[0]
    assert other["low"] < other["decades"] < other["high"]
    assert usable(noisy(8), KEY).iloc[0].equals(other)


def test_the_width_of_few_seeds_has_the_range_of_theirs():
    runs = noisy(3)
    row = usable(runs, KEY).iloc[0]
    alone = [usable(runs[runs["seed"] == seed], KEY)["decades"].iloc[0] for seed in range(3)]
    assert (row["low"], row["high"]) == pytest.approx((min(alone), max(alone)), rel=1e-12)


def noisy(seeds):
    """A valley whose costs vary from seed to seed, at each learning rate on its own."""
    runs = valley(1.0, spread=[1.0] * seeds)
    return runs.assign(final_cost=runs["final_cost"] * np.random.default_rng(seeds).lognormal(0, 0.3, len(runs)))


def test_the_common_level_gives_no_credit_for_a_bad_best():
    bad = valley(0.5, **{KEY: "adam"})
    runs = pd.concat([valley(1.0, **{KEY: "gradient_descent"}), bad.assign(final_cost=3 * bad["final_cost"])])
    plain, adam = usable(runs, KEY).to_dict("records")
    assert adam["decades"] > plain["decades"] == pytest.approx(plain["common"], rel=1e-12)
    assert adam["common"] == 0


def test_a_wider_range_is_found_and_a_narrower_one():
    steep = noisy(8).assign(**{KEY: "gradient_descent"})
    flat = valley(0.5, spread=np.geomspace(0.95, 1.05, 8), **{KEY: "rmsprop"})
    names = {"gradient_descent": "plain", "rmsprop": "other"}
    for baseline, other, verdict in (("gradient_descent", "rmsprop", HOLDS), ("rmsprop", "gradient_descent", FAILS)):
        own, common = wider(pd.concat([steep, flat]), KEY, baseline, names).values()
        assert (own.verdict, own.n, len(own.observed)) == (verdict, 8, 8)
        assert own.hypothesis.startswith(f"the usable range of {names[other]} is wider than that of {names[baseline]}")
        assert "its own best" in own.statistic and "the best of all" in common.statistic
    assert wider(steep, KEY, "gradient_descent", names) == {}


def test_identical_arms_have_ranges_of_one_width(monkeypatch):
    """In at most 5% of studies of five identical arms may any verdict decide; the standard error of 100 is 2.2%."""
    monkeypatch.setattr("analysis.stats.usable.RESAMPLES", 300)  # fast; the error of the error is 4%
    rng, rates = np.random.default_rng(4), np.geomspace(1e-3, 100, 9)
    shape = np.minimum(0.05 * 10 ** (0.8 * abs(np.log10(rates / 0.3))), 1.0)
    decided = dict.fromkeys(LEVELS, 0)
    for _ in range(100):
        seeds = rng.lognormal(0, 0.2, (8, 1))
        arms = {name: shape * seeds * rng.lognormal(0, 0.2, (8, len(rates))) for name in NAMES}
        found = verdicts_on(arms, rates)
        for level in LEVELS:
            decided[level] += any(item.verdict != UNDECIDED for (own, _), item in found.items() if own == level)
    assert max(decided.values()) <= 5 + 2 * 2.2


def verdicts_on(arms, rates):
    """The verdicts of `wider` on final costs by arm, (seeds, rates)."""
    seeds, columns = (places.ravel() for places in np.indices(next(iter(arms.values())).shape))
    frames = [
        pd.DataFrame({KEY: name, RATE: rates[columns], "seed": seeds, "final_cost": costs.ravel()})
        for name, costs in arms.items()
    ]
    return wider(pd.concat(frames, ignore_index=True), KEY, next(iter(arms)), {name: name for name in arms})


def test_a_range_ends_where_the_learning_rates_do_or_runs_are_lost():
    (row,) = usable(valley(0.5, rates=[0.2, 3.0]), KEY).to_dict("records")
    assert row["from"] == 0.2 and row["to"] < 3.0
    lost, _ = made_up({0.1: [np.nan], 0.2: [0.2], 0.4: [0.3], 0.8: [np.inf]})
    (row,) = usable(lost, KEY).to_dict("records")
    assert (row["from"], row["to"]) == (0.2, 0.4)
    nothing, _ = made_up({0.1: [np.inf], 0.2: [np.nan]})
    assert usable(nothing, KEY)["decades"].tolist() == [0]
