"""The claim of minima that are not the lowest."""

import pytest
from evidence import Case, Frames, runs

from analysis.claims import FAILS, HOLDS
from analysis.claims.claim import NotRunError
from analysis.claims.local_minima import local


def maps(*rows):
    """Basin maps: landscape, learning rate, the shares of starts in the lowest minimum, in others, in none."""
    names = (
        "problem.name",
        "optimizer.learning_rate",
        "fraction_global",
        "fraction_local",
        "fraction_unsettled",
    )
    return Frames(runs=runs(*(dict(zip(names, row, strict=True)) for row in rows), starts=2001.0))


WELL, RASTRIGIN = ("double_well", 0.01, 0.52, 0.477, 0.003), ("rastrigin", 0.001, 0.008, 0.992, 0.0)
CASES = [
    Case(
        local,
        HOLDS,
        "double well: 52.0% of 2,001 starts reach the lowest minimum, 47.7% another; rastrigin: 0.8%",
        maps(WELL, RASTRIGIN, ("double_well", 0.1, 1.0, 0.0, 0.0), ("double_well", 0.001, 0.1, 0.1, 0.8)),
    ),
    Case(local, FAILS, "double well: 96.0%", maps(("double_well", 0.01, 0.96, 0.04, 0.0), RASTRIGIN)),
    Case(local, FAILS, "rastrigin: 100.0%", maps(WELL, ("rastrigin", 0.01, 1.0, 0.0, 0.0))),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_verdict(case):
    case.check()


@pytest.mark.parametrize("rows", [[WELL], [RASTRIGIN], [WELL, ("rastrigin", 0.001, 0.5, 0.4, 0.1)]])
def test_a_landscape_without_settled_runs_is_not_run_yet(rows):
    with pytest.raises(NotRunError, match="basins"):
        local.check(maps(*rows))
