"""Claims of stale gradients and mini-batches."""

import numpy as np
import pandas as pd
import pytest
from evidence import Case, Frames, runs

from analysis.claims import FAILS, HOLDS
from analysis.claims.mini_batches import estimates, examples_seen, fitted_exponent, fresh

SIZES = (1, 2, 4, 8, 16, 32)


def stale(costs):
    return Frames(
        runs=runs(
            *(
                {"optimizer.every": float(every), "final_cost": cost * factor}
                for every, cost in costs.items()
                for factor in (0.9, 1.0, 1.1)
            )
        )
    )


def errors(power, scale=0.8, spread=0.3):
    """Sixty draws a size, whose error has a true exponent."""
    rng = np.random.default_rng(1)
    table = pd.DataFrame({"size": np.repeat(SIZES, 60)})
    table["error"] = scale * table["size"] ** power * np.exp(spread * rng.standard_normal(len(table)))
    return Frames(runs=runs({"error_1": scale}), tables=table)


def seen(single, small, full):
    costs = {1.0: single, 32.0: small, np.nan: full}
    return Frames(
        runs=runs(
            *(
                {"problem.batch_size": size, "final_cost": cost}
                for size, values in costs.items()
                for cost in np.atleast_1d(values)
            )
        )
    )


CASES = [
    Case(fresh, HOLDS, "0.1 for 1, 0.2 for 5, 0.4 for 20 (n = 3 seeds each)", stale({1: 0.1, 20: 0.4, 5: 0.2})),
    Case(fresh, FAILS, "0.1 for 1, 0.05 for 5, 0.4 for 20", stale({1: 0.1, 5: 0.05, 20: 0.4})),
    Case(estimates, HOLDS, "from 80% of the gradient at n = 1", errors(-0.5)),
    Case(estimates, HOLDS, "to the power -0.490 [-0.490, -0.490]", errors(-0.49, spread=0)),
    Case(estimates, FAILS, "to the power -0.25", errors(-0.25)),
    Case(
        examples_seen,
        HOLDS,
        "0.2 one example at a time, 0.4 in batches of 32, 0.9 with full batches (n = 1 seeds each)",
        seen([0.1, 0.2, 0.3], 0.4, 0.9),
    ),
    Case(examples_seen, FAILS, "0.9 in batches of 32", seen(0.2, 0.9, 0.4)),
    Case(examples_seen, FAILS, "0.9 one example", seen(0.9, 0.2, 0.4)),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_verdict(case):
    case.check()


@pytest.mark.parametrize("power", [-1.0, -0.5, 0.25])
def test_the_fitted_exponent_and_its_interval_contain_the_true_one(power):
    exponent, low, high = fitted_exponent(errors(power).tables)
    assert low < power < high and low < exponent < high
    assert high - low < 0.1
