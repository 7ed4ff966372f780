"""Claims of stale gradients and mini-batches."""

import numpy as np
import pandas as pd
import pytest
from evidence import Case, Frames, runs

from analysis.claims import FAILS, HOLDS, UNDECIDED
from analysis.claims.claim import NotRunError
from analysis.claims.mini_batches import errors_of_start, estimates, examples_seen, fresh

SIZES, EXAMPLES = (1, 4, 16, 64), 4000
RATE = "optimizer.learning_rate"


def sweep(column, arms, seeds=12, spread=0.01):
    """Final costs by arm and learning rate: arms with one rate and with two, of which the second is worse."""
    rng = np.random.default_rng(0)
    rows = [
        {column: value, RATE: rate, "seed": seed, "final_cost": cost * factor + spread * rng.standard_normal()}
        for value, cost in arms.items()
        for rate, factor in ((1.0, 1), (2.0, 2))
        for seed in range(seeds)
    ]
    return Frames(runs=runs(*rows))


def stale(first, second, third, **options):
    return sweep("optimizer.every", {np.nan: first, 5.0: second, 20.0: third}, **options)


def sizes(small, full, **options):
    return sweep("problem.batch_size", {32.0: small, np.nan: full}, **options)


def drawn(power=-0.5, level=1.0, along=1.0, starts=8, draws=64):
    """Draws of each size, whose error has a true exponent about what theory predicts."""
    rng, tables = np.random.default_rng(1), []
    for start in range(starts):
        table = pd.DataFrame({"size": np.repeat(SIZES, draws), "run_id": f"run {start}"})
        table["predicted"] = np.sqrt((1 - table["size"] / EXAMPLES) / table["size"])
        table["error"] = level * table["predicted"] * table["size"] ** (power + 0.5)
        table["error"] *= 1 + 0.1 * rng.standard_normal(len(table))
        table["along"] = along + 0.1 * table["predicted"] * rng.standard_normal(len(table))
        tables.append(table)
    return Frames(runs=runs(*({} for _ in range(starts))), tables=pd.concat(tables, ignore_index=True))


CASES = [
    Case(fresh, HOLDS, "(η = 1); gain of each over the next, more than 0 expected: 0.", stale(0.1, 0.2, 0.4)),
    Case(fresh, FAILS, "does not hold", stale(0.1, 0.05, 0.4)),
    Case(fresh, UNDECIDED, "not decided", stale(0.1, 0.1, 0.4)),
    Case(fresh, UNDECIDED, "(n = 6 test seeds)", stale(0.1, 0.2, 0.4, seeds=9)),
    Case(estimates, HOLDS, "0.98 to 1.02 expected: 1.0", drawn()),
    Case(estimates, FAILS, "-0.55 to -0.45 expected: -0.25", drawn(power=-0.25)),
    Case(estimates, FAILS, "0.9 to 1.1 expected: 1.3", drawn(level=1.3)),
    Case(estimates, FAILS, "along it, 0.98 to 1.02 expected: 0.9", drawn(along=0.9)),
    Case(estimates, UNDECIDED, "(n = 7 starts)", drawn(starts=7)),
    Case(examples_seen, HOLDS, "(n = 8 test seeds)", sizes(0.1, 0.9)),
    Case(examples_seen, FAILS, "does not hold", sizes(0.9, 0.1)),
    Case(examples_seen, UNDECIDED, "not decided", sizes(0.5, 0.5)),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_verdict(case):
    case.check()


def test_one_arm_is_no_comparison():
    with pytest.raises(NotRunError, match="lessons"):
        examples_seen.check(sweep("problem.batch_size", {32.0: 0.1}))


def test_what_is_estimated_of_a_start():
    power, level, along = errors_of_start(drawn(power=-0.4, along=1.1, starts=1, draws=400).tables)
    assert power == pytest.approx(-0.4, abs=0.01)
    assert level == pytest.approx(np.mean(np.array(SIZES) ** 0.1), abs=0.02)
    assert along == pytest.approx(1.1, abs=0.01)


@pytest.mark.parametrize(
    ("claim", "frame"), [(fresh, stale(1, 1, 1)), (examples_seen, sizes(1, 1))], ids=["fresh", "examples"]
)
def test_identical_arms_hold_in_at_most_5_percent(claim, frame):
    """And are told apart, one way or the other, in 5% of 200 studies, of which the standard error is 1.5%."""
    rng, found = np.random.default_rng(0), []
    for _ in range(200):
        frame.runs["final_cost"] = rng.lognormal(0, 0.1, len(frame.runs))
        found.append(claim.check(frame).verdict)
    assert found.count(HOLDS) <= 10
    assert 200 - found.count(UNDECIDED) <= 10 + 2 * 3.1


def test_estimates_off_by_the_most_that_is_allowed_hold_in_at_most_5_percent():
    rng, found = np.random.default_rng(0), 0
    for _ in range(40):
        frame = drawn(along=1.0)
        frame.tables["along"] = 1.02 + 0.5 * frame.tables["predicted"] * rng.standard_normal(len(frame.tables))
        found += estimates.check(frame).verdict == HOLDS
    assert found <= 2
