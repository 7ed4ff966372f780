"""The claim of adaptive optimizers."""

import pytest
from evidence import Case, Frames, runs

from analysis.claims import FAILS, HOLDS, LIMITED, UNDECIDED
from analysis.claims.adaptive import forgiving
from analysis.claims.claim import NotRunError

RATES = (0.001, 0.01, 0.1, 1.0, 10.0)
# Between two learning rates the logarithm of the cost is interpolated: twice the best is log10(2) = 0.30 decades away.
NARROW, WIDE, WIDE_AND_BAD = (1.0, 1.0, 0.1, 1.0, 1.0), (1.0, 0.1, 0.1, 0.1, 1.0), (9.0, 3.0, 3.0, 3.0, 9.0)
EIGHT = (0.97, 0.98, 0.99, 1.0, 1.0, 1.01, 1.02, 1.03)


def sweep(seeds=EIGHT, **costs):
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
        "rmsprop against gradient descent, usable range within 2 times its own best: gain in decades 2.00",
        sweep(gradient_descent=NARROW, rmsprop=WIDE, adam=WIDE, momentum=NARROW),
    ),
    Case(
        forgiving,
        LIMITED,
        "the best of all: gain in decades 0.00 [0.00, 0.00], not decided (n = 8 seeds)",
        sweep(gradient_descent=NARROW, rmsprop=WIDE, adam=NARROW),
    ),
    Case(
        forgiving,
        UNDECIDED,
        "(n = 3 seeds)",
        sweep(gradient_descent=NARROW, rmsprop=WIDE, adam=WIDE, seeds=(0.99, 1.0, 1.01)),
    ),
    Case(
        forgiving,
        UNDECIDED,
        "0.00 [0.00, 0.00], not decided",
        sweep(gradient_descent=NARROW, rmsprop=NARROW, adam=NARROW),
    ),
    Case(
        forgiving,
        FAILS,
        "within 2 times its own best: gain in decades -2.00",
        sweep(gradient_descent=WIDE, rmsprop=NARROW, adam=NARROW),
    ),
    Case(
        forgiving,
        FAILS,
        "within 2 times the best of all: gain in decades -0.60",  # wide about a bad best
        sweep(gradient_descent=NARROW, momentum=WIDE, adam=WIDE_AND_BAD),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_verdict(case):
    case.check()


@pytest.mark.parametrize("name", ["gradient_descent", "adam"])
def test_one_optimizer_is_no_comparison(name):
    with pytest.raises(NotRunError, match="lr_optimizers"):
        forgiving.check(sweep(**{name: WIDE}))
