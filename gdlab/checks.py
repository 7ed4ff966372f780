"""Checks of values where they enter; a message names the key, the rule and the value."""

from __future__ import annotations

import difflib
import numbers
from collections.abc import Collection, Iterable
from typing import Any

import numpy as np

from gdlab.arrays import Rates

FLOAT64 = 8  # bytes
NEVER_TOO_MUCH = 10**8  # bytes for which the available memory need not be looked up


def columns_in(record: Any, **intervals: str) -> None:
    """Make the named fields of a frozen dataclass columns (runs, 1) and check that all lie in their intervals.

    An interval is written as in mathematics, `[0, 1)` or `(0, inf)`.

    Raises
    ------
    ValueError
        Naming the field and its first value that is not a finite number or lies outside.

    """
    for name, interval in intervals.items():
        column = per_run(name, getattr(record, name))
        between(name, column, interval)
        object.__setattr__(record, name, column)


def per_run(name: str, value: Any) -> Rates:
    """A hyperparameter as a column (runs, 1), from one number, a sequence of numbers, or a column; an array with a
    value for each parameter, (runs, parameters), stays as it is.
    """
    if isinstance(value, np.ndarray) and value.ndim == 2:
        return value
    values = list(value) if isinstance(value, Iterable) and not isinstance(value, str) else [value]
    for v in values:
        if isinstance(v, bool) or not isinstance(v, numbers.Real) or not np.isfinite(float(v)):
            raise ValueError(f"{name} must be a finite number, got {v!r}")
    return np.array(values, np.float64).reshape(-1, 1)


def between(name: str, value: Any, interval: str) -> None:
    """Check that all numbers in `value` lie in `interval`."""
    low, high = (float(end) for end in interval[1:-1].split(","))
    checked = np.asarray(value, np.float64).ravel()
    above = checked >= low if interval[0] == "[" else checked > low
    below = checked <= high if interval[-1] == "]" else checked < high
    outside = checked[~(above & below)]
    if outside.size:
        rule = f"lie in {interval}"
        if high == np.inf:
            rule = f"be at least {low:g}" if interval[0] == "[" else f"be greater than {low:g}"
        raise ValueError(f"{name} must {rule}, got {outside[0]:g}")


def scalars_in(record: Any, **intervals: str) -> None:
    """Make the named fields floats and check that each lies in its interval: one number for all runs."""
    for name, interval in intervals.items():
        object.__setattr__(record, name, one_number(name, getattr(record, name), interval))


def one_number(name: str, value: Any, interval: str) -> float:
    """A value as a float; raises ValueError if it is not one finite number in its interval."""
    column = per_run(name, value)
    if column.size != 1:
        raise ValueError(f"{name} must be one number, got {value!r}")
    between(name, column, interval)
    return float(column[0, 0])


def whole(name: str, value: Any, low: int, high: int | None = None, why: str = "") -> None:
    """Check that `value` is a whole number from `low` to `high`; `why` explains the upper limit.

    One without a reason is beyond any use, and named only where a value exceeds it.
    """
    is_number = isinstance(value, int | np.integer) and not isinstance(value, bool)
    above = high is not None and is_number and value > high
    if not is_number or value < low or above:
        limit = f"from {low} to {high}" if why or above else f"of at least {low}"
        raise ValueError(f"{name} must be a whole number {limit}{why}, got {value if is_number else repr(value)}")


def fits_memory(name: str, parameters: int, itemsize: int) -> None:
    """Check that this machine has the memory for a run with so many parameters of so many bytes each.

    Theta is drawn in float64; then there are its start, its end, its gradient and that of a part of the examples.
    """
    needed = parameters * max(2 * FLOAT64, 4 * itemsize)
    if needed < NEVER_TOO_MUCH:
        return
    import psutil

    available = psutil.virtual_memory().available
    if needed > available:
        raise ValueError(
            f"{name} makes {parameters:,} parameters: a run needs {needed / 1e9:,.1f} GB of memory or more, and "
            f"{available / 1e9:,.1f} GB are available"
        )


def choice(name: str, value: Any, known: Collection[str]) -> None:
    """Check that `value` is one of the `known` names."""
    if value not in list(known):
        raise ValueError(f"{name} must be one of {', '.join(known)}, got {value!r}{hint(value, known)}")


def hint(word: object, known: Collection[str]) -> str:
    """The end of a message about an unknown word: `; did you mean X?` where a known one is near, else nothing."""
    near = difflib.get_close_matches(str(word), list(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""
