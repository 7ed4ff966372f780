"""Claims of single weights."""

import pandas as pd
import pytest
from evidence import Case, Frames, runs

from analysis.claims import FAILS, HOLDS
from analysis.claims.weights import sign_and_size, some_matter


def slopes(**changes):
    metrics = {
        "agreeing_signs": 0.995,
        "correlation": 0.9999,
        "top_1_percent": 0.9,
        "top_10_percent": 0.99,
        "dark_weights": 1952.0,
        "dark_pixels": 122.0,
        "dark_largest_slope": 0.0,
    }
    return Frames(runs=runs({**metrics, **changes}), tables=pd.DataFrame({"slope": range(200)}))


CASES = [
    Case(sign_and_size, HOLDS, "of 200 weights nudged one at a time, 99.5% change", slopes()),
    Case(sign_and_size, FAILS, "99.0% change", slopes(agreeing_signs=0.99)),
    Case(sign_and_size, FAILS, "correlate at 0.950000", slopes(correlation=0.95)),
    Case(
        some_matter,
        HOLDS,
        "1% of the weights carry 90.0% of the squared gradient, 10% carry 99.0%; the 1,952 weights of the 122 pixels",
        slopes(),
    ),
    Case(some_matter, FAILS, "10% carry 10.0%", slopes(top_10_percent=0.1)),
    Case(some_matter, FAILS, "magnitude 0.001 at most", slopes(dark_largest_slope=0.001)),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_verdict(case):
    case.check()
