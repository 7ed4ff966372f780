"""Array types, and the memory layout of stacks of runs.

A stack is an array whose first axis is `runs`: each row is one run. Axis names mean the same in every module:
`runs`, `parameters`, `examples`, `features`, `outputs`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from functools import cache
from typing import Annotated, Any, TypeVar, get_type_hints

import numpy as np
from jaxtyping import Float, Int, Shaped, UInt8

Theta = Float[np.ndarray, "runs parameters"]
Point = Float[np.ndarray, " parameters"]
Column = Float[np.ndarray, "runs 1"]
Rates = Float[np.ndarray, "runs #parameters"]
"""A column, or a learning rate for each parameter of each run."""
PerRun = Annotated[Any, "a column (runs, 1); on the way in also a number, or one number per run"]
Costs = Float[np.ndarray, " runs"]
Hessians = Float[np.ndarray, "runs parameters parameters"]
Features = UInt8[np.ndarray, "examples features"]
Labels = UInt8[np.ndarray, " examples"]
Indices = Int[np.ndarray, "*runs batch"]

Record = TypeVar("Record")

CACHE_LINE = 64  # bytes; also the width of an AVX-512 register


def aligned(shape: tuple[int, ...], dtype: Any) -> Shaped[np.ndarray, ...]:
    """Contiguous zeros that start on a cache line.

    Loads that straddle two lines nearly halve the speed of the matrix products, and NumPy aligns to 16 bytes only.
    """
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    memory = np.zeros(size + CACHE_LINE, np.uint8)
    start = -memory.ctypes.data % CACHE_LINE
    return memory[start : start + size].view(dtype).reshape(shape)


def stack(runs: int, parameters: int, dtype: Any) -> Theta:
    """Zeros (runs, parameters) in which every row starts on a cache line, with padding between rows."""
    per_line = CACHE_LINE // np.dtype(dtype).itemsize
    return aligned((runs, -(-parameters // per_line) * per_line), dtype)[:, :parameters]


def stacked(rows: Sequence[Point] | Theta, dtype: Any) -> Theta:
    """A stack made of one point per run."""
    theta = stack(len(rows), len(rows[0]), dtype)
    theta[...] = rows
    return theta


def stack_like(theta: Theta) -> Theta:
    """Zeros with the shape and precision of another stack."""
    return stack(theta.shape[0], theta.shape[1], theta.dtype)


def distinct(theta: Theta) -> tuple[Float[np.ndarray, "distinct parameters"], Int[np.ndarray, " runs"]]:
    """The distinct points of a stack, and each run's place among them: runs often share a starting point."""
    places: dict[bytes, int] = {}
    which = [places.setdefault(row.tobytes(), len(places)) for row in theta]
    first = [which.index(place) for place in range(len(places))]
    return stacked(theta[first], theta.dtype), np.array(which)


def norm(theta: Theta) -> Costs:
    """Euclidean length of each row, accumulated in the rows' own precision, in the same order for every run."""
    return np.sqrt((theta * theta).sum(axis=1)).astype(np.float64)


def columns(record: Any) -> tuple[str, ...]:
    """Names of the fields of a dataclass that may differ from run to run (annotated `PerRun`)."""
    return _columns(record if isinstance(record, type) else type(record))


@cache
def _columns(kind: type[Any]) -> tuple[str, ...]:
    hints = get_type_hints(kind, include_extras=True)
    return tuple(field.name for field in dataclasses.fields(kind) if hints[field.name] == PerRun)


def spread(record: Record, runs: int, dtype: Any) -> Record:
    """The same hyperparameters with every `PerRun` field as a (runs, 1) column of `dtype`; a learning rate that has a
    value for each parameter keeps them.
    """
    wide = {}
    for name in columns(record):
        value = np.asarray(getattr(record, name))
        width = value.shape[1] if value.ndim == 2 else 1
        wide[name] = np.ascontiguousarray(np.broadcast_to(value, (runs, width)), dtype)
    return dataclasses.replace(record, **wide)  # type: ignore[type-var]


def take(record: Record, rows: Int[np.ndarray, " kept"]) -> Record:
    """The same dataclass for the runs in `rows` only; fields that are not arrays are unchanged."""
    kept = {}
    for field in dataclasses.fields(record):  # type: ignore[arg-type]
        value = getattr(record, field.name)
        if isinstance(value, np.ndarray):
            kept[field.name] = stacked(value[rows], value.dtype)
    return dataclasses.replace(record, **kept)  # type: ignore[type-var]
