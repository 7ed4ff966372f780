"""The result of a job, run or measurement: the one interface that sweeps, tracking and the console use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np

Line = Mapping[str, float | int]  # one recorded step: `step`, `epoch`, and every measured value

MEASURED = "measured"  # the outcome of a measurement


@runtime_checkable
class Result(Protocol):
    """A trajectory or a measurement.

    `final` are the summary metrics, `columns` its table and `table` that table's name, `timed_lines` the
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
