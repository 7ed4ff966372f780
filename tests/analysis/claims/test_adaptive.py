"""The claim of adaptive optimizers."""

import pytest
from evidence import Case, Frames, runs

from analysis.claims import FAILS, HOLDS, LIMITED
from analysis.claims.adaptive import forgiving
from analysis.claims.claim import NotRunError

RATES = (0.001, 0.01, 0.1, 1.0, 10.0)
# Between two learning rates the logarithm of the cost is interpolated: twice the best is log10(2) = 0.30 decades away.
NARROW, WIDE = (1.0, 1.0, 0.1, 1.0, 1.0), (1.0, 0.1, 0.1, 0.1, 1.0)


def sweep(seeds=(0.99, 1.0, 1.01), **costs):
    """Final costs by optimizer, one for each learning rate, times a factor for each seed."""
    return Frames(
        runs=runs(
            *(
                {"optimizer.name": name, "optimizer.learning_rate": rate, "final_cost": cost * factor, "seed": seed}
                for name, values in costs.items()
                for rate, cost in zip(RATES, values, strict=True)
                for seed, factor in enumerate(seeds)
            )
        )
    )


CASES = [
    Case(
        forgiving,
        HOLDS,
        "gradient descent 0.60 [0.60, 0.61], rmsprop 2.60",
        sweep(gradient_descent=NARROW, rmsprop=WIDE, adam=WIDE, momentum=NARROW),
    ),
    Case(
        forgiving,
        LIMITED,
        "rmsprop 2.60 [2.59, 2.60], adam 0.60 [0.60, 0.61] (n = 3 seeds each)",
        sweep(gradient_descent=NARROW, rmsprop=WIDE, adam=NARROW),
    ),
    Case(
        forgiving,
        FAILS,
        "gradient descent 2.60",
        sweep(gradient_descent=WIDE, rmsprop=NARROW, adam=NARROW),
    ),
    Case(
        forgiving,
        FAILS,
        "gradient descent 0.60 [0.60, 0.61], adam 0.60",
        sweep(gradient_descent=NARROW, momentum=WIDE, adam=NARROW),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_verdict(case):
    case.check()


@pytest.mark.parametrize("name", ["gradient_descent", "adam"])
def test_one_optimizer_is_no_comparison(name):
    with pytest.raises(NotRunError, match="lr_optimizers"):
        forgiving.check(sweep(**{name: WIDE}))
