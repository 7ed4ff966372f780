"""Paths of runs on one landscape."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float

from gdlab.arrays import Theta
from gdlab.problems import PROBLEMS
from gdlab.problems.landscapes import Landscape


@dataclass(frozen=True)
class Paths:
    """The runs on one landscape, and their recorded steps."""

    landscape: Landscape
    runs: pd.DataFrame
    steps: pd.DataFrame

    @property
    def name(self) -> str:
        """The landscape's name."""
        return PROBLEMS.name_of(self.landscape)

    def path(self, run: pd.Series) -> Theta:
        """The recorded points of a run, (steps, parameters)."""
        steps = self.steps[self.steps["run_id"] == run["run_id"]].sort_values("step")
        return steps[[f"w{i + 1}" for i in range(self.landscape.parameters)]].to_numpy()

    def inside(self, path: Theta) -> Theta:
        """A path until it leaves the landscape's box."""
        low, high = np.transpose(self.landscape.box)
        outside = np.flatnonzero(~((path >= low) & (path <= high)).all(axis=1))
        return path[: max(outside[0], 1)] if len(outside) else path

    def heights(self, count: int) -> tuple[Float[np.ndarray, " x"], Float[np.ndarray, " y"], Float[np.ndarray, "y x"]]:
        """A grid over the box of a landscape of two parameters, and the cost on it."""
        x, y = (np.linspace(low, high, count) for low, high in self.landscape.box)
        across, up = np.meshgrid(x, y)
        cost = self.landscape.cost(np.column_stack([across.ravel(), up.ravel()])).reshape(count, count)
        return x, y, cost
