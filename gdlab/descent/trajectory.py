"""The record of a run: its recorded steps, its start and end, and its outcome."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gdlab.arrays import Point, Theta
from gdlab.descent.loop import Snapshot
from gdlab.descent.stopping import RUNNING
from gdlab.results import Line


@dataclass
class Trajectory:
    """One run as it was recorded.

    `columns` holds `step`, `epoch` and every measured value, a list over the recorded steps; `milliseconds` their times
    since 1970; `ends` the metrics measured once, at the end; `path` theta at each recorded step, if requested.
    """

    start: Point
    end: Point
    columns: dict[str, list[Any]] = field(default_factory=dict)
    milliseconds: list[int] = field(default_factory=list)
    ends: dict[str, float] = field(default_factory=dict)
    path: list[Point] = field(default_factory=list)
    outcome: str = RUNNING
    diverged_at: int | None = None

    table = "trajectory"

    @property
    def steps(self) -> int:
        return self.columns["step"][-1]

    @property
    def lines(self) -> list[Line]:
        """The recorded steps, one by one."""
        return [dict(zip(self.columns, values, strict=True)) for values in zip(*self.columns.values(), strict=True)]

    @property
    def began(self) -> int:
        return self.milliseconds[0]

    @property
    def timed_lines(self) -> list[tuple[int, Line]]:
        return list(zip(self.milliseconds, self.lines, strict=True))

    @property
    def thetas(self) -> dict[str, np.ndarray]:
        """The `start`, the `end`, and the `path` (points, parameters) where it was recorded."""
        path = {"path": np.array(self.path)} if self.path else {}
        return {"start": self.start, "end": self.end, **path}

    @property
    def final(self) -> dict[str, float]:
        """The summary metrics; the best accuracy is over the recorded steps, on the test examples evaluated there."""
        summary = {"final_cost": self.columns["cost"][-1], "steps": float(self.steps), **self.ends}
        if "test_accuracy" in self.columns:
            summary["best_accuracy"] = max(self.columns["test_accuracy"])
        if self.diverged_at is not None:
            summary["diverged_at"] = float(self.diverged_at)
        return summary


class Recorder:
    """Sorts a stack's snapshots into its runs' trajectories."""

    def __init__(self, theta: Theta, path: bool = False) -> None:
        self.path = path
        self.trajectories = [Trajectory(start=row.copy(), end=row.copy()) for row in theta]

    def add(self, snapshot: Snapshot) -> None:
        """Record a snapshot."""
        now = time.time_ns() // 1_000_000
        for i, row in enumerate(snapshot.rows.tolist()):
            trajectory = self.trajectories[row]
            trajectory.milliseconds.append(now)
            if self.path:
                trajectory.path.append(snapshot.theta[i].copy())
            for name, value in line(snapshot, i).items():
                trajectory.columns.setdefault(name, []).append(value)
            if snapshot.outcomes[i] != RUNNING:
                trajectory.end = snapshot.theta[i].copy()
                trajectory.ends = {name: float(values[i]) for name, values in snapshot.ends.items()}
                trajectory.outcome = str(snapshot.outcomes[i])
                trajectory.diverged_at = int(snapshot.diverged_at[i]) if snapshot.diverged_at[i] >= 0 else None


def recorded(snapshots: Iterable[Snapshot], theta: Theta, path: bool = False) -> list[Trajectory]:
    """The trajectories of a descent that began at `theta`, a run each."""
    recorder = Recorder(theta, path)
    for snapshot in snapshots:
        recorder.add(snapshot)
    return recorder.trajectories


def line(snapshot: Snapshot, i: int) -> Line:
    """One line of a trajectory, from the i-th run of a snapshot."""
    values = {name: float(column[i]) for name, column in snapshot.values.items()}
    return {"step": snapshot.step, "epoch": snapshot.epoch, **values}
