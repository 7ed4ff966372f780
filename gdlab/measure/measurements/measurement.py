"""The interface of a measurement: its setting, its requirement, its result."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple, Protocol, runtime_checkable

import numpy as np

from gdlab.arrays import Theta
from gdlab.descent.schedules import Schedule
from gdlab.descent.stopping import Stopping
from gdlab.optimizers import Optimizer
from gdlab.problems.landscapes import Landscape
from gdlab.problems.layers import Layered
from gdlab.problems.network import Network
from gdlab.problems.problem import Problem
from gdlab.results import MEASURED, Line


@dataclass(frozen=True, kw_only=True)
class Setting:
    """The objects that a configuration builds, for a measurement; `theta` is a single point, a stack of one."""

    problem: Problem
    theta: Theta
    optimizer: Optimizer
    schedule: Schedule
    stopping: Stopping
    seed: int


@dataclass
class MeasurementResult:
    """A measurement's summary metrics and its table."""

    final: dict[str, float]
    columns: dict[str, Any]
    began: int = field(default_factory=lambda: time.time_ns() // 1_000_000)

    outcome = MEASURED
    table = "measurement"
    steps = 0
    timed_lines: ClassVar[Sequence[tuple[int, Line]]] = ()
    thetas: ClassVar[Mapping[str, np.ndarray]] = {}


class Requirement(NamedTuple):
    """A condition on a measurement's problem: its description, and a test of it."""

    description: str
    is_met: Callable[[object], bool]


ANY_PROBLEM = Requirement("any problem", lambda problem: True)
LAYERED = Requirement("a problem with layers", lambda problem: isinstance(problem, Layered))
NETWORK = Requirement("a network", lambda problem: isinstance(problem, Network))
LANDSCAPE_WITH_MINIMA = Requirement(
    "a landscape that has minima", lambda problem: isinstance(problem, Landscape) and len(problem.minima) > 0
)


@runtime_checkable
class Measurement(Protocol):
    """A function of a setting whose problem meets the requirement."""

    requires: ClassVar[Requirement]

    def __call__(self, setting: Setting) -> MeasurementResult: ...
