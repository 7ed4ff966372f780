"""Recorded calls: in a network this small, Python's overhead counts, so the calls of a step are recorded once, with
their arrays, and replayed at every step.

A function that records yields its calls instead of making them. Every call writes to an array allocated beforehand: the
last positional argument of a ufunc, of `matmul` and of `vecdot`, the first of `copyto`, the third of `take`, `out` of a
reduction, `c` of BLAS's product.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

import numpy as np
from jaxtyping import Float

Calls = Iterator[partial[Any]]
Units = Float[np.ndarray, "runs examples units"]

ONE = np.ones((), np.float32)  # in float32 it leaves the precision of a float64 stack alone, and is quicker than 1.0
ZERO = np.zeros((), np.float32)


def replay(calls: Iterable[partial[Any]]) -> None:
    """Make these calls."""
    for call in calls:
        call()
