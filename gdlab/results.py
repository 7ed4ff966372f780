"""What a job leaves, run or measurement: the one shape that sweeps, tracking and the console handle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np

Line = Mapping[str, float | int]  # one recorded step: `step`, `epoch`, and every measured value

MEASURED = "measured"  # the outcome of a measurement


@runtime_checkable
class Result(Protocol):
    """A trajectory or a measurement.

    `final` are the metrics that sum it up, `columns` its table and `table` that table's name, `timed_lines` the
    recorded steps with their times, `thetas` the points it keeps by name, and `began` when it began; times are in
    milliseconds since 1970.
    """

    outcome: str
    table: str
    columns: dict[str, Any]

    @property
    def final(self) -> dict[str, float]: ...

    @property
    def steps(self) -> int: ...

    @property
    def began(self) -> int: ...

    @property
    def timed_lines(self) -> Sequence[tuple[int, Line]]: ...

    @property
    def thetas(self) -> Mapping[str, np.ndarray]: ...
