"""Claims of the cost of outputs."""

import pandas as pd
import pytest
from evidence import Case, Frames, runs

from analysis.claims import FAILS, HOLDS
from analysis.claims.cost import COSTLIEST_FIRST, one_number, ranking


def scores(shrug, confident):
    return Frames(runs=runs({"cost_shrug": shrug, "cost_confident": confident}))


def costs(*values):
    return Frames(
        runs=runs({}), tables=pd.DataFrame({"name": COSTLIEST_FIRST, "cost": values}).sample(frac=1, random_state=0)
    )


CASES = [
    Case(one_number, HOLDS, "0.1 cost 0.9000, a confident correct prediction 0.0129", scores(0.9, 0.0129)),
    Case(one_number, FAILS, "0.1 cost 0.4500", scores(0.45, 0.0129)),
    Case(one_number, FAILS, "prediction 0.0650", scores(0.9, 0.065)),
    Case(
        ranking,
        HOLDS,
        "1.900 (sure of 9) > 0.900 (shrug) > 0.500 (torn between 4 and 9) > 0.010 (sure of 4)",
        costs(1.9, 0.9, 0.5, 0.01),
    ),
    Case(ranking, FAILS, "0.400 (shrug) > 0.500 (torn", costs(1.9, 0.4, 0.5, 0.01)),
    Case(ranking, FAILS, "0.900 (sure of 9) > 0.900 (shrug)", costs(0.9, 0.9, 0.5, 0.01)),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_verdict(case):
    case.check()
