"""What is kept of a run: its recorded steps, its two ends, how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gdlab.arrays import Point, Theta
from gdlab.descent import Snapshot
from gdlab.stopping import RUNNING


@dataclass
class Trajectory:
    """One run as it was recorded; `columns` holds `step`, `epoch` and every measured value, a list over the steps."""

    start: Point
    end: Point
    columns: dict[str, list[Any]] = field(default_factory=dict)
    outcome: str = RUNNING
    diverged_at: int | None = None

    @property
    def steps(self) -> int:
        return self.columns["step"][-1]

    @property
    def final(self) -> dict[str, float]:
        """The metrics that sum a run up. Accuracies are on the test set, and the best is over the recorded steps."""
        summary = {"final_cost": self.columns["cost"][-1], "steps": float(self.steps)}
        if "test_accuracy" in self.columns:
            accuracy = self.columns["test_accuracy"]
            summary |= {"final_accuracy": accuracy[-1], "best_accuracy": max(accuracy)}
        if self.diverged_at is not None:
            summary["diverged_at"] = float(self.diverged_at)
        return summary


class Recorder:
    """Takes a stack's snapshots apart into its runs' trajectories."""

    def __init__(self, theta: Theta) -> None:
        self.trajectories = [Trajectory(start=row.copy(), end=row.copy()) for row in theta]

    def add(self, snapshot: Snapshot) -> list[int]:
        """Record a snapshot; returns the rows that have ended with it."""
        ended = []
        for i, row in enumerate(snapshot.rows.tolist()):
            trajectory = self.trajectories[row]
            for name, value in point(snapshot, i).items():
                trajectory.columns.setdefault(name, []).append(value)
            if snapshot.outcomes[i] != RUNNING:
                trajectory.end = snapshot.theta[i].copy()
                trajectory.outcome = str(snapshot.outcomes[i])
                trajectory.diverged_at = int(snapshot.diverged_at[i]) if snapshot.diverged_at[i] >= 0 else None
                ended.append(row)
        return ended


def point(snapshot: Snapshot, i: int) -> Mapping[str, float | int]:
    """One line of a trajectory, from the i-th run of a snapshot."""
    values = {name: float(column[i]) for name, column in snapshot.values.items()}
    return {"step": snapshot.step, "epoch": snapshot.epoch, **values}
