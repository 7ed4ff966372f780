"""The claim of the number of parameters."""

import pytest
from evidence import Case, Frames, runs

from analysis.claims import FAILS, HOLDS
from analysis.claims.network_size import parameters

CASES = [
    Case(parameters, HOLDS, "13,002 parameters", Frames(runs=runs({"parameters": 13002.0}))),
    Case(parameters, FAILS, "7,850 parameters", Frames(runs=runs({"parameters": 7850.0}))),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_verdict(case):
    case.check()
